"""What the engine needs from the outside, as Protocols; the store, models and connectors implement them."""

from asyncio import Future
from collections.abc import Sequence
from typing import Protocol

from anlan.domain.decisions import Decision, Judged
from anlan.domain.facts import Fact


class Recollection(Protocol):
    """What deferred signals may ask of the recent past."""

    async def near_copy_senders(self, simhash: str, since: float, until: float) -> int:
        """How many accounts sent nearly the same text in [since, until] (event time); bits may differ in 3 places."""
        ...


class Committer(Protocol):
    """Makes judged events durable, in groups."""

    def submit(self, judged: Judged, snapshots: Sequence[tuple[str, bytes]] = ()) -> Future[int]:
        """Done when the event, its decision, its messages and `snapshots` are on disk; the result is its `seq`.

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
