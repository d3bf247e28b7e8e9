"""A center that shows care cards, for tests: whose age the platform told, what decisions order, what is shown."""

from typing import Any

import msgspec
from judged import NOON, decide
from judged import event as make_event
from sqlalchemy import select

from anlan.center.card_file import load_cards
from anlan.center.care_cards import CareCards
from anlan.domain.actions import Action
from anlan.domain.decisions import Judged
from anlan.domain.facts import Fact
from anlan.store.care_cards import Card
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.tables import care_cards, outbox
from anlan.store.vault import Codec

NOW = NOON + 5.0


def card_for(account: str, theme: str = "bullying", policy: str = "care.met_bullying") -> Action:
    """What a policy orders."""
    return Action(kind="care_card", target=f"account:{account}", policy=policy, parameters={"theme": theme})


class CareDesk:
    """Care cards over one store."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.codec = Codec(database.vault)
        self.journal = Journal(database, self.codec)
        self.cards = CareCards(database, self.codec, load_cards(), "https://safe.example")
        self._events = 0

    def order(self, *actions: Action, at: float = NOON, age_of: dict[str, str] | None = None, **data: Any) -> Judged:
        """An event that was judged, with these actions and facts."""
        self._events += 1
        said = data or {"sender": "sly", "recipient": "kim", "text": "没人喜欢你"}
        happened = msgspec.structs.replace(make_event(self._events, **said), time=at)
        facts = tuple(
            Fact(f"account:{account}", "age_band", at, band, privacy="sensitive")
            for account, band in (age_of or {}).items()
        )
        return Judged(happened, decide(happened, "warn", actions), at, facts=facts)

    def know(self, at: float = NOON - 86_400.0, **bands: str) -> None:
        """The platform told how old these accounts' owners are."""
        self.journal.commit([self.order(at=at, age_of=bands)])

    def show(self, *actions: Action, now: float = NOW, at: float | None = None) -> list[Card]:
        """Order, take in; returns the new cards, those that were held back too."""
        before = {one.id for one in self.all()}
        self.journal.commit([self.order(*actions, at=now - 1.0 if at is None else at)])
        self.cards.take_in(now)
        return [one for one in self.all() if one.id not in before]

    def all(self) -> list[Card]:
        """Every card, in order of events."""
        columns = [care_cards.c[name] for name in Card.__struct_fields__]
        with self.database.read() as connection:
            query = select(*columns).order_by(care_cards.c.event_seq, care_cards.c.account)
            return [Card(**row) for row in connection.execute(query).mappings()]

    def sent(self) -> list[dict[str, Any]]:
        """The bodies that wait in the outbox, in order."""
        query = select(outbox.c.body).where(outbox.c.kind == "care_card.shown").order_by(outbox.c.created_at)
        with self.database.read() as connection:
            return [msgspec.json.decode(body)["data"] for body in connection.execute(query).scalars()]
