"""Appeals as members file them and people decide them, for tests of what follows."""

from typing import Any

import msgspec
from sanctioned import DAY_S, NOW, judged_case
from sqlalchemy import select

from anlan.desk.appeals import QUEUE, Appeals, on_sanction_moved
from anlan.desk.reports import on_case_closed
from anlan.desk.review import Answered, Review, Reviewer
from anlan.desk.sanctions import NewSanction, Sanctions
from anlan.domain.attachments import media_type_of, safe_name
from anlan.store.appeals import Appeal, find_appeal
from anlan.store.attachments import NewFile
from anlan.store.database import Database
from anlan.store.queues import Queue, put_queue
from anlan.store.sanctions import Sanction, find_sanction
from anlan.store.tables import outbox

ANN, BOB = "account:ann", "account:bob"
WORDS = "that was my cousin's wedding money, ask him"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
PDF = b"%PDF-1.7 " + b"1" * 64
MAY = frozenset((kind, stage) for kind in ("appeal", "review") for stage in (1, 2, 3))


class AppealDesk:
    """Sanctions, appeals and review over one database, wired as the house wires them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.sanctions = Sanctions(database, (on_sanction_moved,))
        self.appeals = Appeals(database, self.sanctions)
        self.review = Review(database, (on_case_closed, self.appeals.on_case_closed))
        with database.write() as connection:
            put_queue(connection, Queue(name=QUEUE, second_share=0.0))

    def sanction(self, number: int = 1, target: str = ANN, now: float = NOW, **changes: Any) -> Sanction:
        """A ban of ann that li and wu judged and li ordered, or what `changes` say instead."""
        new = NewSanction(
            **{"target": target, "kind": "ban", "rule": "fraud.high", "category": "fraud", "severity": "critical",
               "strikes": 10, "strike_window_s": 365 * DAY_S, **changes}
        )
        case_id = judged_case(self.database, target, number=number)
        with self.database.write() as connection:
            return self.sanctions.order(connection, new, case_id, "staff:li", now)

    def file(self, sanction: Sanction, *files: NewFile, account: str = ANN, now: float = NOW) -> Appeal:
        """Appeal against it."""
        return self.appeal(self.appeals.file(account, sanction.id, WORDS, files, now))

    def appeal(self, appeal_id: str) -> Appeal:
        """As the store has it."""
        with self.database.read() as connection:
            found = find_appeal(connection, appeal_id)
        assert found is not None
        return found

    def decide(self, appeal: Appeal, answer: str, by: str = "staff:zhao", now: float = NOW + 60) -> Appeal:
        """Somebody takes the case and answers it."""
        person = Reviewer(actor=by, may=MAY)
        self.review.claim(person, appeal.case_id, now)
        self.review.judge(person, Answered(case_id=appeal.case_id, stage=1, answer=answer, reason="we looked"), now)
        return self.appeal(appeal.id)

    def now_stands(self, sanction: Sanction) -> Sanction:
        """The sanction as the store has it now."""
        with self.database.read() as connection:
            found = find_sanction(connection, sanction.id)
        assert found is not None
        return found

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """What the platform was sent of this kind, in order."""
        with self.database.read() as connection:
            rows = connection.execute(select(outbox.c.body).where(outbox.c.kind == kind).order_by(outbox.c.created_at))
            return [msgspec.json.decode(row.body)["data"] for row in rows]


def a_file(content: bytes = PNG, name: str = "proof.png") -> NewFile:
    """A file as the form's reader makes it."""
    media_type = media_type_of(content)
    assert media_type is not None
    return NewFile(safe_name(name, media_type), media_type, content)
