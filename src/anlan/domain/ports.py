"""What the engine needs from the outside, as Protocols; the store, models and connectors implement them."""

from asyncio import Future
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from anlan.domain.decisions import Decision, Judged
from anlan.domain.facts import Fact
from anlan.domain.scenarios import Recognised, Speaker, Understood
from anlan.domain.signals import SignalType
from anlan.domain.terms import Term


class Recollection(Protocol):
    """What deferred signals may ask of the recent past."""

    async def near_copy_senders(self, text: str, since: float, until: float) -> int:
        """How many accounts sent nearly the same text in [since, until] (event time)."""
        ...

    async def flagged_senders(self, group: str, since: float, until: float) -> int:
        """How many accounts wrote to the group, in [since, until], what was not simply allowed."""
        ...


class Committer(Protocol):
    """Makes judged events durable, in groups."""

    def check_room(self) -> None:
        """Raises `Unavailable` when `submit` would refuse; asked before anything is counted."""
        ...

    def submit(self, judged: Judged) -> Future[int]:
        """Done when the event, its decision and its messages are on disk; the result is its `seq`.

        Raises (through the future): `DuplicateEvent` if the key is there already, `Unavailable` if the store failed.
        """
        ...


class Memory(Protocol):
    """What intake asks of the store before it judges."""

    async def find(self, key: str) -> Decision | None:
        """The latest decision stored for an event key."""
        ...

    async def load_facts(self, names: Sequence[str]) -> Sequence[Fact]:
        """Every stored version of every fact of these entities."""
        ...

    def may_have_facts(self, name: str) -> bool:
        """False only for an entity of which nothing is stored or expected; costs nothing."""
        ...

    def expect_facts(self, facts: Iterable[Fact]) -> None:
        """These are about to be stored."""
        ...


class JournalView(Protocol):
    """The journal as it was at one moment, open for questions in DuckDB's SQL.

    Every event and the latest decision on it is one row. Columns named as event fields and signals hold their values,
    NULL for unknown. Our own columns are `_seq`, `_key`, `_source`, `_id`, `_type`, `_time`, `_received_at`, `_actor`
    (`kind:id`; NULL when the id is personal), `_verdict`, `_category`, `_policy_set`, `_findings` and `_shadow` (lists
    of policy, version, verdict, is_unknown), and `_signal_versions` (JSON object of the versions above 1).

    Attributes:
        columns: what conditions may name, with its type; sensitive fields are not among them.
    """

    columns: Mapping[str, SignalType]

    def relation(self, start: float | None = None, end: float | None = None) -> str:
        """Something to select from: the events with start <= event time < end."""
        ...

    def run(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of one statement; temporary tables last as long as the view.

        Raises:
            TookTooLong: the time given to the view was used up.
        """
        ...


class AnalyticJournal(Protocol):
    """The whole journal, for backtests and investigations."""

    def view(self, within_s: float = 60.0) -> AbstractContextManager[JournalView]:
        """Everything up to the last commit.

        Raises:
            Damaged: a sealed file is missing or was altered; it is named.
        """
        ...


class ModelHolder(Protocol):
    """What people who lead text models need of whoever scores with them."""

    @property
    def version(self) -> str:
        """Of the model in force, as decisions name it."""
        ...

    def put(self, version: str, folder: Path) -> None:
        """Score with this candidate of `folder`; an empty version stands for the shipped model.

        Raises:
            Damaged: it cannot be read; the model in force stays.
        """
        ...

    def put_in_shadow(self, version: str, share: float, folder: Path) -> None:
        """Score this share of the texts with it too; an empty version ends that.

        Raises:
            Damaged: see `put`.
        """
        ...

    def score_with_both(self, texts: Sequence[str]) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
        """(model in force, model in shadow) for each of `texts`; nothing while one of them is missing."""
        ...


class TermSearch(Protocol):
    """What people who keep the lexicon need of whoever looks for its terms.

    Attributes:
        shipped: the terms that the lexicon begins with.
    """

    @property
    def shipped(self) -> Sequence[Term]: ...

    def key_of(self, text: str) -> str:
        """What spellings of one term share; empty for a text that nothing is left of."""
        ...

    def compare(self, before: Sequence[Term], after: Sequence[Term]) -> Callable[[str, float], "HitChange"]:
        """A function of a text and its event time: what hits it with the terms `after` instead of `before`."""
        ...


class HitChange(NamedTuple):
    """Folded texts of the terms that only now hit a text, that no longer do, and that still do."""

    gained: frozenset[str]
    lost: frozenset[str]
    kept: frozenset[str]


class Recogniser(Protocol):
    """Tells which fraud a talk is, from what was said; the center asks it, the engine uses the same evidence."""

    @property
    def knows_meaning(self) -> bool:
        """Whether it goes by what the words mean too; without the sentence encoder, by cues and moves alone."""
        ...

    def recognise(self, texts: Sequence[tuple[Speaker, str]]) -> list[Recognised]:
        """The scenarios that a talk may be, most probable first; nothing when nothing speaks for any.

        Pure CPU, under 20 ms for ten messages.
        """
        ...

    def understand(self, texts: Sequence[tuple[Speaker, str]], told: Sequence[str]) -> Understood:
        """The same for a member who tells of it.

        Args:
            told: what they said, turn by turn, as they said it; where there is none, what the others say.
        """
        ...


class ReadImage(Protocol):
    """Reads the words in a picture of a chat that a member shows."""

    def __call__(self, picture: bytes) -> list[tuple[Speaker, str]]:
        """What is said in it, in order; nothing when no words are found."""
        ...


class ChatModel(Protocol):
    """A language model that writes to instructions of ours about data of others."""

    def stream(self, instructions: str, data: Mapping[str, object]) -> AsyncGenerator[str, None]:
        """What it writes, piece by piece; `data` is fenced, so that nothing in it reads as an instruction.

        Raises:
            Unavailable: it is away, too slow, or its budget is spent.
        """
        ...
