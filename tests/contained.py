"""An account with an owner and a thief, for tests of what stops the thief: their acts in the journal, what is sent."""

from typing import Any

import msgspec
from judged import CATALOGUE, NOON, decide
from sqlalchemy import select

from anlan.center.containment import Containments
from anlan.center.containment_answers import ContainmentAnswers
from anlan.center.followers import ContainmentMoved
from anlan.domain.actions import Action
from anlan.domain.containment import Ground
from anlan.domain.decisions import Judged
from anlan.domain.events import Event
from anlan.domain.facts import Fact
from anlan.engine.profiles import Profiles, facts_of
from anlan.store.containments import Containment, Step, find_containment, standing_containment, steps_of
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.tables import outbox, own_events
from anlan.store.vault import Codec

ANN = "account:ann"
HOUR_S = 3_600.0
NOW = NOON + HOUR_S
OWN = {"device": "own-phone", "session": "s-own", "ip": "192.0.2.1"}
THIEF = {"device": "odd-phone", "session": "s-odd", "ip": "203.0.113.9"}
CONTAIN = Action(kind="contain", target=ANN, policy="p.spam")


class Theft:
    """Ann's account over one database, and what was done about it."""

    def __init__(self, database: Database) -> None:
        self.database, self.heard = database, list[ContainmentMoved]()
        self.codec = Codec(database.vault)
        self.containments = Containments(database, self.codec, [lambda _, moved: self.heard.append(moved)])
        self.answers = ContainmentAnswers(self.containments)
        self._number = 0

    def happen(self, type_name: str, at: float, **data: Any) -> Event:
        """Something that ann's account did, in the journal."""
        judged = self.judge(type_name, at, **data)
        self.commit(judged)
        return judged.event

    def judge(
        self, type_name: str, at: float, actions: tuple[Action, ...] = (), pending: tuple[str, ...] = (), **data: Any
    ) -> Judged:
        """The same, judged and not yet committed."""
        self._number += 1
        role = {"message.sent": "sender", "payment.initiated": "payer"}.get(type_name, "account")
        envelope = {"specversion": "1.0", "id": f"a{self._number}", "source": "im", "type": type_name,
                    "data": {role: "ann", **data}}
        event = CATALOGUE.decode(msgspec.json.encode(envelope), at)
        decision = decide(event, "block" if actions else "allow", actions, pending=pending)
        return Judged(event, decision, at, facts=self._facts(event))

    def commit(self, *judged: Judged) -> list[int]:
        """Write to the journal."""
        return Journal(self.database, self.codec).commit(judged)

    def _facts(self, event: Event) -> tuple[Fact, ...]:
        return facts_of(event, Profiles())

    def sign_in(self, at: float, who: dict[str, str]) -> None:
        """A successful sign-in."""
        self.happen("account.login", at, result="success", **who)

    def steal(self) -> None:
        """Ann has lived with her phone for a month; then somebody signs in and makes use of it."""
        self.sign_in(NOON - 30 * 86_400.0, OWN)
        self.happen("message.sent", NOON - 7_200.0, text="晚饭吃什么", recipient="bob", message_id="m-own", **OWN)
        self.sign_in(NOON - 600.0, THIEF)
        self.happen("message.sent", NOON - 500.0, text="借我两千", recipient="bob", message_id="m-1", **THIEF)
        self.happen("message.sent", NOON - 490.0, text="在吗，急用钱", recipient="bob", message_id="m-2", **THIEF)
        self.happen("message.sent", NOON - 480.0, text="转我一下", recipient="cat", message_id="m-3", **THIEF)
        self.happen("message.sent", NOON - 470.0, text="在开会", recipient="dad", message_id="m-mine", **OWN)
        self.happen("account.binding_changed", NOON - 400.0, binding="phone", change="replaced",
                    phone="+8613900000002", former_phone="+8613800000001", **THIEF)
        self.happen("group.changed", NOON - 390.0, group="g1", change="transferred", new_owner="eve", **THIEF)
        self.happen("friendship.changed", NOON - 380.0, other="mom", change="removed", **THIEF)
        self.happen("payment.initiated", NOON - 370.0, payee="card-9", amount_minor=200_000, **THIEF)

    def open(self, ground: Ground = "owner", by: str = ANN, now: float = NOW, **named: Any) -> str:
        """The alarm is given and committed."""
        named = named or {"device": THIEF["device"], "session": THIEF["session"]}
        with self.database.write() as connection:
            return self.containments.open(connection, ANN, ground, now, by=by, since=NOON - 600.0, **named)

    def lift(self, containment_id: str, now: float = NOW + 60, *, is_false_alarm: bool = False) -> Containment:
        """It ends and is committed."""
        with self.database.write() as connection:
            return self.containments.lift(
                connection, containment_id, "staff:li", "talked to ann", now, is_false_alarm=is_false_alarm
            )

    def confirm(self, containment_id: str, revision: int, steps: list[Step], now: float = NOW + 5) -> None:
        """The platform says that it did these steps."""
        with self.database.write() as connection:
            names = [step.id for step in steps]
            self.answers.confirm(connection, containment_id, revision, names, "key:p", now)

    def standing(self) -> Containment | None:
        """What contains ann."""
        with self.database.read() as connection:
            return standing_containment(connection, ANN)

    def state(self, containment_id: str) -> str:
        """As the store has it."""
        with self.database.read() as connection:
            found = find_containment(connection, containment_id)
        return found.state if found else "none"

    def steps(self, containment_id: str, *kinds: str) -> list[Step]:
        """The steps, of these kinds or all."""
        with self.database.read() as connection:
            found = steps_of(connection, self.database.vault, containment_id)
        return [step for step in found if not kinds or step.kind in kinds]

    def sent(self, kind: str) -> list[dict[str, object]]:
        """Messages of one kind, in order."""
        with self.database.read() as connection:
            query = select(outbox.c.body).where(outbox.c.kind == kind).order_by(outbox.c.created_at, outbox.c.id)
            return [msgspec.json.decode(body)["data"] for body in connection.execute(query).scalars()]

    def said(self) -> list[tuple[str, str]]:
        """(type, device) of Anlan's own events."""
        with self.database.read() as connection:
            query = select(own_events.c.body).order_by(own_events.c.made_at, own_events.c.id)
            events = [msgspec.json.decode(body) for body in connection.execute(query).scalars()]
        return [(event["type"], event["data"]["device"]) for event in events]
