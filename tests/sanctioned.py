"""Cases as people leave them, for tests of what follows: an event in the journal, a finding, judgements, an outcome."""

from typing import Any

import msgspec
from judged import NOON, judged
from sqlalchemy import insert, select, update

from anlan.desk.closures import Closures
from anlan.desk.followers import SanctionMoved
from anlan.desk.platform_answers import PlatformAnswers
from anlan.desk.sanction_clock import SanctionClock
from anlan.desk.sanctions import NewSanction, Sanctions
from anlan.store.cases import NewCase, open_case
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.sanctions import Sanction, find_sanction
from anlan.store.tables import case_judgements, cases, outbox
from anlan.store.vault import Codec

NOW = NOON + 3_600.0
DAY_S = 86_400.0
BY = "staff:li"


class Desk:
    """The desk over one database, with what its follower heard."""

    def __init__(self, database: Database) -> None:
        self.database, self.heard = database, list[SanctionMoved]()
        self.sanctions = Sanctions(database, [lambda _, moved: self.heard.append(moved)])
        self.answers, self.closures = PlatformAnswers(self.sanctions), Closures(self.sanctions)
        self.clock = SanctionClock(self.sanctions, self.answers)

    def order(self, new: NewSanction, case_id: str, now: float = NOW) -> Sanction:
        """Order and commit."""
        with self.database.write() as connection:
            return self.sanctions.order(connection, new, case_id, BY, now)

    def lift(self, sanction_id: str, now: float = NOW) -> Sanction:
        """Lift and commit."""
        with self.database.write() as connection:
            return self.sanctions.lift(connection, sanction_id, "staff:zhao", "not them", now)

    def answer(self, sanction: Sanction, revision: int, says: str = "confirm", now: float = NOW) -> Sanction:
        """The platform answers."""
        with self.database.write() as connection:
            if says == "confirm":
                return self.answers.confirm(connection, sanction.id, revision, "key:p", now)
            return self.answers.refuse(connection, sanction.id, revision, "not supported", "key:p", now)

    def state(self, sanction: Sanction) -> str:
        """As the store has it."""
        with self.database.read() as connection:
            found = find_sanction(connection, sanction.id)
        return found.state if found else "none"

    def sent(self) -> list[tuple[str, dict[str, Any]]]:
        """Messages about sanctions, in order: kind and data."""
        with self.database.read() as connection:
            rows = connection.execute(select(outbox.c.kind, outbox.c.body).order_by(outbox.c.created_at, outbox.c.id))
            return [(kind, msgspec.json.decode(body)["data"]) for kind, body in rows if kind.startswith("sanction.")]


def judged_case(
    database: Database, target: str = "account:ann", *, number: int = 1, category: str = "fraud",
    severity: str = "critical", judges: tuple[str, ...] = ("staff:li", "staff:wu"), answer: str = "violation",
    is_found: bool = True, is_closed: bool = True,
) -> str:
    """A case about `target` that opened with an event of ann's, judged by `judges` in order; its id."""
    [seq] = Journal(database, Codec(database.vault)).commit([judged(number, "hold" if is_found else "allow")])
    new = NewCase(kind="review", queue="fraud", target=target, category=category, policy="p.spam", event_seq=seq)
    with database.write() as connection:
        case_id = open_case(connection, new, "system", NOON)
        rows = [
            {"id": f"j{stage}{case_id[-24:]}", "case_id": case_id, "stage": stage, "by": by, "at": NOON,
             "answer": answer, "category": category, "severity": severity, "reason": "seen",
             "machine_answer": "violation", "saw_machine": False, "took_s": 9.0}
            for stage, by in enumerate(judges, 1)
        ]
        if rows:
            connection.execute(insert(case_judgements), rows)
        if is_closed:
            done = {"state": "closed", "outcome": answer, "closed_at": NOON}
            connection.execute(update(cases).where(cases.c.id == case_id).values(done))
    return case_id
