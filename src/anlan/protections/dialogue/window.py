"""Decides how far a dialogue has gone towards fraud, from the moves and scores of its last messages, never their text.

Only messages that show something are remembered: a dialogue in which nobody tries anything leaves no trace here.
"""

import math
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from anlan.domain.event_data import MessageSent
from anlan.domain.events import Event
from anlan.domain.signals import Signal
from anlan.engine.generations import Generations
from anlan.protections.dialogue.moves import MoveBook, built_in_moves
from anlan.protections.dialogue.readings import Met, Reading, dialogue_signals
from anlan.protections.dialogue.signals import MovesSeen

OVER_S = 7 * 86_400.0
LATENESS_S = 86_400.0
"""How far behind the newest event of its key a message may come and still find what stood before it."""
MAX_MESSAGES = 50
TOP = 3
QUIET_BELOW = 0.2
"""A message without moves and with a lower fraud score is not remembered; in a mean of the highest, it counts as 0."""

PRIOR = -4.0
"""Log-odds of fraud for a dialogue in which nothing was shown."""
SCORE_EVIDENCE = 3.0
"""What a mean of the highest fraud scores of 1 adds to the log-odds."""
ASK_AGAIN_EVIDENCE = 0.7
MOST_ASKS_AGAIN = 2
"""What each further message that asks for something adds, and how many of them count."""

_OTHER_SIDE = ("sender", "viewer", "during_call_with")
_STAGES = {"trust": 1, "bait": 2, "ask": 3}
_PRESSURE = 4
_FORMAT = 2
SURE = 0.5
"""A dialogue is named a fraud from this probability on."""
SCORES_EVIDENCE = (2.5, 2.5, 2.0)
"""What the squares of the highest, second and third fraud score of messages add to the log-odds of a known fraud."""
NEW_SENDER_DAYS, NEW_TIE_DAYS, OLD_TIE_DAYS = 7.0, 7.0, 30.0
NEW_SENDER_EVIDENCE, NEW_TIE_EVIDENCE, OLD_TIE_EVIDENCE = 1.5, 0.7, -1.0
"""What it adds that the sender's account is new; else that there is no tie or a new one; that it is an old one."""


class Said(NamedTuple):
    """One remembered message.

    Attributes:
        time: event time.
        mask: its moves, a bit each.
        score: fraud score; None is unknown.
        to: the recipient's account; empty in a group.
        signs: numbers of the signs of frauds that its words show.
    """

    time: float
    mask: int
    score: float | None
    to: str
    signs: tuple[int, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Whether it shows nothing worth remembering."""
        return not self.mask and not self.score and not self.signs


Entry = TypeVar("Entry", Said, Met)


class Likely(Protocol):
    """What is asked of the most probable fraud."""

    @property
    def scenario(self) -> str: ...
    @property
    def log_odds(self) -> float: ...


class SignsSeen(Protocol):
    """What is asked of the reading that the fraud protection gives."""

    @property
    def numbers(self) -> Iterable[int]: ...


class SignWeigher(Protocol):
    """What knows which fraud signs point to.

    Attributes:
        ids: of every sign, by its number.
        names: of the scenarios.
    """

    @property
    def ids(self) -> tuple[str, ...]: ...
    @property
    def names(self) -> tuple[str, ...]: ...

    def numbers(self, names: str) -> Iterable[int]:
        """The numbers of signs from their names, as decisions keep them."""
        ...

    def likeliest(self, cued: Iterable[int], moves: Iterable[str]) -> Likely:
        """What the signs whose words were found, and the moves, most probably are."""
        ...


_CONTACT_SCORE = 1.0 / (1.0 + math.exp(-PRIOR))
_UNHEARD = {
    (True, True): Reading(0, 0, _CONTACT_SCORE, 0.0, scenario_score=0.0),
    (True, False): Reading(0, 0, _CONTACT_SCORE, scenario_score=0.0),
    (False, True): Reading(sender_top=0.0),
    (False, False): Reading(),
}
"""A quiet message of somebody of whom nothing is remembered, by (has one recipient, its score is known)."""


class Evidence:
    """What moves and scores say together, under one book of moves."""

    def __init__(self, book: MoveBook) -> None:
        self._moves = [(1 << place, move.evidence, move.stage) for place, move in enumerate(book.moves)]
        self.asking = sum(bit for bit, _, stage in self._moves if stage == "ask")

    def fraud_score(self, mask: int, asks: int, top: float) -> float:
        """Probability in [0, 1] after `asks` messages that ask; moves count as independent evidence."""
        odds = PRIOR + SCORE_EVIDENCE * top + sum(evidence for bit, evidence, _ in self._moves if mask & bit)
        odds += ASK_AGAIN_EVIDENCE * max(0, min(asks - 1, MOST_ASKS_AGAIN))
        return 1.0 / (1.0 + math.exp(-odds))

    def stage(self, mask: int) -> int:
        """0 contact, 1 trust, 2 bait, 3 ask, 4 an ask under pressure."""
        shown = {stage for bit, _, stage in self._moves if mask & bit}
        reached = max((_STAGES.get(stage, 0) for stage in shown), default=0)
        return _PRESSURE if "pressure" in shown and reached == _STAGES["ask"] else reached


class Dialogues:
    """The remembered messages of each dialogue (sender to recipient), each sender, and each recipient.

    Args:
        max_keys: how many of each are remembered at most.
    """

    name = "dialogue_window"

    def __init__(self, max_keys: int, book: MoveBook | None = None) -> None:
        book = book or built_in_moves()
        self._evidence = Evidence(book)
        self._moves = [(1 << place, move.name) for place, move in enumerate(book.moves)]
        self._pairs, self._senders, self._recipients = (Generations(OVER_S + LATENESS_S, max_keys) for _ in range(3))
        self._weigher: SignWeigher | None = None
        self._meaning = self._describe()

    def weigh_with(self, weigher: SignWeigher) -> None:
        """Tell by this which fraud a dialogue is; without it none is named."""
        self._weigher = weigher
        self._meaning = self._describe()

    def _describe(self) -> str:
        """What was remembered in another shape must be remembered anew, not misread."""
        signs = self._weigher.ids if self._weigher else ()
        shape = (_FORMAT, Said._fields, Met._fields, *(name for _, name in self._moves), *signs)
        return blake2b(repr(shape).encode(), digest_size=12).hexdigest()

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The readings and their parts."""
        return dialogue_signals(self.count, self.worst, self._weigher.names if self._weigher else ())

    def count(
        self, event: Event, seen: MovesSeen, score: float | None, signs: SignsSeen | None = None,
        sender_age_days: float | None = None, sender_contact_days: float | None = None,
    ) -> Reading:
        """Remember a message and read its dialogue as of its time, itself included.

        Args:
            sender_contact_days: since when the two are contacts; None when they are not.
        """
        said = _said(event, seen.mask, score, signs.numbers if signs else ())
        return self._count(event, said, _closeness(sender_age_days, sender_contact_days))

    def observe(self, event: Event, signals: Mapping[str, Any]) -> None:
        """Count a message of the journal; see `Accumulator`."""
        if isinstance(event.data, MessageSent) and "text_moves" in signals:
            mask = sum(bit for bit, name in self._moves if signals.get(f"move_{name}"))
            names = signals.get("text_scenario_signs")
            signs = self._weigher.numbers(names) if self._weigher and names else ()
            closeness = _closeness(signals.get("sender_age_days"), signals.get("sender_contact_days"))
            self._count(event, _said(event, mask, signals.get("text_fraud_score"), signs), closeness)

    def worst(self, event: Event, account: str) -> Met:
        """The dialogue that came closest to fraud of those in which somebody wrote to `account`.

        Where the event names the other side (who sent the link, sees the screen, is on the phone), only theirs counts;
        a payee is not the other side: money goes to whom the talker names.
        """
        other = next((getattr(event.data, name) for name in _OTHER_SIDE if getattr(event.data, name, None)), None)
        met = _within(self._recipients.get(account) or (), event.time)
        if other is not None:
            met = tuple(one for one in met if one.by == other)
        return max(met, key=lambda one: one.danger, default=Met(event.time, 0.0, 0))

    def _count(self, event: Event, said: Said, closeness: float) -> Reading:
        data: MessageSent = event.data  # type: ignore[assignment]
        if said.is_quiet and self._senders.get(data.sender) is None:
            return _UNHEARD[bool(said.to), said.score is not None]
        sent = _add(self._senders, data.sender, said)
        top, asked = _top_mean(sent), len({one.to for one in sent if one.to and one.mask & self._evidence.asking})
        if data.recipient is None:
            return Reading(sender_top=top, sender_asked=asked)
        messages = _add(self._pairs, f"{len(data.sender)}:{data.sender}{data.recipient}", said)
        reading = self._judge(messages, closeness)._replace(sender_top=top, sender_asked=asked)
        if not said.is_quiet:
            met = Met(
                said.time, reading.fraud_score or 0.0, reading.stage or 0, data.sender, reading.scenario,
                reading.scenario_score or 0.0,
            )
            _add(self._recipients, data.recipient, met)
        return reading

    def _judge(self, messages: Sequence[Said], closeness: float) -> Reading:
        mask = 0
        for said in messages:
            mask |= said.mask
        asks = sum(said.mask & self._evidence.asking != 0 for said in messages)
        scenario, likelihood = self._name(messages, mask, closeness)
        return Reading(
            mask.bit_count(), self._evidence.stage(mask),
            self._evidence.fraud_score(mask, asks, _top_mean(messages) or 0.0),
            scenario=scenario, scenario_score=likelihood,
        )

    def _name(self, messages: Sequence[Said], mask: int, closeness: float) -> tuple[str | None, float]:
        """The fraud that a dialogue is most like, None when that is not probable; and how probable any fraud is."""
        if self._weigher is None:
            return None, 0.0
        signs = {number for said in messages for number in said.signs}
        likely = self._weigher.likeliest(signs, [name for bit, name in self._moves if mask & bit])
        scores = sorted((said.score or 0.0 for said in messages), reverse=True)
        told = sum(weight * score * score for weight, score in zip(SCORES_EVIDENCE, scores, strict=False))
        probability = 1.0 / (1.0 + math.exp(-(likely.log_odds + told + closeness)))
        return likely.scenario if probability >= SURE else None, probability

    def __len__(self) -> int:
        """How many dialogues, senders and recipients are remembered."""
        return len(self._pairs) + len(self._senders) + len(self._recipients)

    def snapshot(self) -> bytes:
        """Everything that `restore` needs, as msgpack."""
        return msgspec.msgpack.encode((self._meaning, [states.dump() for states in self._states]))

    def restore(self, blob: bytes) -> bool:
        """Continue from a snapshot; False (and nothing changes) if it is of other moves or another format."""
        try:
            meaning, dumps = msgspec.msgpack.decode(blob)
        except (msgspec.DecodeError, ValueError, TypeError):
            return False
        if meaning != self._meaning:
            return False
        kinds: tuple[type[Said] | type[Met], ...] = (Said, Said, Met)
        for states, kind, dump in zip(self._states, kinds, dumps, strict=True):
            states.load(dump, partial(_revived, kind))
        return True

    def clear(self) -> None:
        """Forget everything."""
        for states in self._states:
            states.clear()

    @property
    def _states(self) -> tuple[Generations, ...]:
        return self._pairs, self._senders, self._recipients


def _said(event: Event, mask: int, score: float | None, signs: Iterable[int]) -> Said:
    data: MessageSent = event.data  # type: ignore[assignment]
    known = 0.0 if score is not None and score < QUIET_BELOW else score
    return Said(event.time, mask, known, data.recipient or "", tuple(sorted(signs)))


def _closeness(sender_age_days: float | None, sender_contact_days: float | None) -> float:
    """Log-odds of fraud from how well the two know each other; nothing is made of an unknown age."""
    if sender_age_days is not None and sender_age_days < NEW_SENDER_DAYS:
        return NEW_SENDER_EVIDENCE
    if sender_contact_days is None or sender_contact_days < NEW_TIE_DAYS:
        return NEW_TIE_EVIDENCE
    return OLD_TIE_EVIDENCE if sender_contact_days >= OLD_TIE_DAYS else 0.0


def _add(states: Generations, key: str, entry: Entry) -> tuple[Entry, ...]:
    """Remember an entry that shows something; returns the key's entries as of its time, the entry last."""
    kept: tuple[Entry, ...] = states.get(key) or ()
    before: tuple[Entry, ...] = _within(kept, entry.time) if kept else ()
    if not entry.is_quiet:
        states.put(key, _with(kept, entry), entry.time)
    return (*before, entry)  # type: ignore[arg-type]  # mypy loses the type variable


def _with(kept: tuple[Entry, ...], entry: Entry) -> tuple[Entry, ...]:
    """The newest entries, in order of time."""
    entries = list(kept)
    insort(entries, entry, key=lambda one: one.time)
    oldest = entries[-1].time - OVER_S - LATENESS_S
    return tuple(one for one in entries[-MAX_MESSAGES:] if one.time > oldest)


def _within(kept: tuple[Entry, ...], time: float) -> tuple[Entry, ...]:
    return tuple(entry for entry in kept if time - OVER_S < entry.time <= time)


def _top_mean(messages: Sequence[Said]) -> float | None:
    """Mean of the highest known scores, fewer than `TOP` filled up with 0; None if none is known."""
    scores = sorted((said.score for said in messages if said.score is not None), reverse=True)
    return sum(scores[:TOP]) / TOP if scores else None


def _revived(kind: type[Said] | type[Met], entries: Sequence[Any]) -> tuple[Said | Met, ...]:
    return tuple(kind(*map(_tupled, entry)) for entry in entries)


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
