"""Checks with a known answer, made from closed cases, and tickets that come of judgements."""

import secrets

from anlan.domain.cases import ANSWERS_BY_KIND
from anlan.errors import Conflict, InvalidRequest, NotFound
from anlan.store import audit, review
from anlan.store.cases import find_case
from anlan.store.database import Database
from anlan.store.review import GoldenItem


class Checks:
    """Keeps checks and settles tickets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, case_id: str, answer: str, note: str, by: str, now: float) -> str:
        """Make a check of a closed case; returns its id.

        Raises:
            NotFound: there is no such case.
            Conflict: the case is not closed, or is itself the showing of a check.
            InvalidRequest: the answer does not fit the kind of case.
        """
        with self._database.write() as connection:
            case = find_case(connection, case_id)
            if case is None:
                raise NotFound("there is no case by this id", zh="没有这个案件")
            if case.state != "closed" or review.golden_of(connection, case_id):
                raise Conflict("only a closed case can become a check", zh="只有已结案的案件可以做成考核题")
            if answer not in ANSWERS_BY_KIND[case.kind]:
                raise InvalidRequest("choose one of the answers", zh="请选择一个结论")
            item = GoldenItem(
                id=secrets.token_hex(16), case_id=case_id, queue=case.queue, answer=answer, category=case.category,
                note=note.strip(), made_by=by, made_at=now, is_active=True,
            )
            review.add_golden(connection, item)
            audit.note(connection, by, "golden.make", item.id, {"case": case_id, "answer": answer})
        return item.id

    def retire(self, item_id: str, by: str) -> None:
        """Show a check to nobody any more.

        Raises:
            NotFound: there is none by this id.
        """
        with self._database.write() as connection:
            if not review.retire_golden(connection, item_id):
                raise NotFound("there is no check by this id", zh="没有这道考核题")
            audit.note(connection, by, "golden.retire", item_id, {})

    def settle(self, ticket_id: str, by: str, note: str, now: float) -> None:
        """Close a ticket with what was done.

        Raises:
            Conflict: somebody has closed it already, or there is none by this id.
        """
        with self._database.write() as connection:
            if not review.close_ticket(connection, ticket_id, by, note.strip(), now):
                raise Conflict("this ticket is closed already", zh="这张工单已经关闭")
            audit.note(connection, by, "ticket.settle", ticket_id, {"note": note.strip()})
