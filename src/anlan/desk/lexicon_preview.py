"""What a change of the lexicon would have done to the last week's messages: hits gained, hits lost, and examples."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from threading import Event

import msgspec

from anlan.clock import stopwatch
from anlan.domain.events import Catalogue
from anlan.domain.ports import AnalyticJournal, HitChange, JournalView
from anlan.domain.sql_text import literal, quoted

LOOK_BACK_S = 7 * 86_400.0
MAX_MESSAGES = 500_000
"""Where there are more, every n-th is read."""
SAMPLES = 20
SAMPLE_CHARS = 200
TOP_TERMS = 20
WITHIN_S = 600.0

_SLICES = 28
_PAUSE_EVERY, _PAUSE_S = 250, 0.001

Look = Callable[[str, float], HitChange]


class Sample(msgspec.Struct, frozen=True):
    """One message; `text` is what its author wrote, cut to `SAMPLE_CHARS`."""

    key: str
    time: float
    verdict: str
    terms: tuple[str, ...]
    text: str


class Reach(msgspec.Struct, frozen=True):
    """Messages on one side of a change.

    Attributes:
        last_day: those of the last 24 hours.
        senders: different accounts, as far as their ids may be kept.
        verdicts: what was decided about these messages when they came.
        terms: (folded text, messages), the commonest first, `TOP_TERMS` at most.
        samples: the newest.
    """

    messages: int = 0
    last_day: int = 0
    senders: int = 0
    verdicts: dict[str, int] = {}
    terms: tuple[tuple[str, int], ...] = ()
    samples: tuple[Sample, ...] = ()


class Preview(msgspec.Struct, frozen=True):
    """What a change would have done.

    Attributes:
        start, end: event times between which messages were read.
        read: messages that were read: every `every`-th of those with text.
        kept: messages that a changed term hits before and after.
        took_s: wall time.
    """

    start: float
    end: float
    read: int
    every: int
    gained: Reach
    lost: Reach
    kept: int
    took_s: float

    def without_texts(self) -> "Preview":
        """The same without members' words, fit to be kept for ever."""
        bare = (msgspec.structs.replace(reach, samples=()) for reach in (self.gained, self.lost))
        gained, lost = bare
        return msgspec.structs.replace(self, gained=gained, lost=lost)


class _Tally:
    def __init__(self, now: float) -> None:
        self._yesterday = now - 86_400.0
        self.messages = self.last_day = 0
        self.senders: set[str] = set()
        self.verdicts: Counter[str] = Counter()
        self.terms: Counter[str] = Counter()
        self.newest: list[Sample] = []

    def add(self, row: tuple[str, float, str, str | None, str], terms: frozenset[str]) -> None:
        key, time, verdict, actor, text = row
        self.messages += 1
        self.last_day += time >= self._yesterday
        self.verdicts[verdict] += 1
        self.terms.update(terms)
        if actor is not None:
            self.senders.add(actor)
        self.newest.append(Sample(key, time, verdict, tuple(sorted(terms)), text[:SAMPLE_CHARS]))
        if len(self.newest) > 50 * SAMPLES:
            self._cut()

    def _cut(self) -> None:
        self.newest = sorted(self.newest, key=lambda one: one.time, reverse=True)[:SAMPLES]

    def reach(self) -> Reach:
        self._cut()
        return Reach(
            self.messages, self.last_day, len(self.senders), dict(self.verdicts),
            tuple(self.terms.most_common(TOP_TERMS)), tuple(self.newest),
        )


def preview(
    journal: AnalyticJournal, catalogue: Catalogue, look: Look, now: float, tell: Callable[[float], None]
) -> Preview:
    """Look again at the messages of the week before `now` (event time).

    Args:
        look: from `TermSearch.compare`.
        tell: is told the share that is done, now and then.

    Raises:
        TookTooLong, Damaged: see `domain.ports`.
    """
    began, start = stopwatch(), now - LOOK_BACK_S
    gained, lost = _Tally(now), _Tally(now)
    read = kept = 0
    with journal.view(WITHIN_S) as view:
        every = _every(view, catalogue, start)
        for share, rows in _slices(view, catalogue, start, every):
            for row in rows:
                read += 1
                change = look(row[4], row[1])
                if change.gained:
                    gained.add(row, change.gained)
                if change.lost:
                    lost.add(row, change.lost)
                kept += bool(change.kept)
                if read % _PAUSE_EVERY == 0:
                    # Events are judged in this process meanwhile, by a thread that needs the interpreter too.
                    Event().wait(_PAUSE_S)
            tell(share)
    return Preview(start, now, read, every, gained.reach(), lost.reach(), kept, stopwatch() - began)


def _every(view: JournalView, catalogue: Catalogue, start: float) -> int:
    ((count,),) = view.run(f"SELECT count(*) FROM {view.relation(start)} WHERE {_has_text(catalogue)}")
    return max(1, -(-int(count) // MAX_MESSAGES))


def _slices(
    view: JournalView, catalogue: Catalogue, start: float, every: int
) -> Iterator[tuple[float, Sequence[tuple[str, float, str, str | None, str]]]]:
    """(share that is done then, rows) of one stretch of time after another."""
    names = dict.fromkeys(name for entry in catalogue for name in entry.text_fields if name in view.columns)
    text = f"concat_ws(chr(10), {', '.join(map(quoted, names))})"
    for number in range(_SLICES):
        first = start + number * LOOK_BACK_S / _SLICES
        after = start + (number + 1) * LOOK_BACK_S / _SLICES if number + 1 < _SLICES else None
        rows = view.run(
            f"SELECT _key, _time, coalesce(_verdict, 'none'), _actor, {text} FROM {view.relation(first, after)} "
            f"WHERE {_has_text(catalogue)} AND _seq % {every:d} = 0"
        )
        yield (number + 1) / _SLICES, [row for row in rows if row[4]]


def _has_text(catalogue: Catalogue) -> str:
    kinds = sorted({entry.name for entry in catalogue if entry.text_fields})
    return f"_type IN ({', '.join(map(literal, kinds))})"
