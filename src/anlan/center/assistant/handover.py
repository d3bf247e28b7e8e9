"""What people do for members who asked for one: read what they were told, answer in the member's own talk, close."""

from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from anlan.center.assistant.talks import PAGE
from anlan.domain.cases import CaseKind
from anlan.domain.consultation_messages import answered_message
from anlan.domain.consultation_turns import Part, Turn
from anlan.domain.consultations import Known
from anlan.errors import Conflict, InvalidRequest, NotFound
from anlan.store import cases as case_rows
from anlan.store import consultations as kept
from anlan.store import outbox
from anlan.store.audit import note
from anlan.store.cases import Case
from anlan.store.consultations import AssistanceRequest, Consultation
from anlan.store.database import Database

KIND: CaseKind = "assistance"
MAX_ANSWER_CHARS = 2_000


class Handed(NamedTuple):
    """A case in which a member waits for a person; without a request nobody asked, but words gave cause."""

    case: Case
    request: AssistanceRequest | None


class Handover:
    """Works on cases of the kind `assistance`.

    Args:
        address: how browsers reach Anlan.
    """

    def __init__(self, database: Database, address: str) -> None:
        self._database, self._address = database, address

    def waiting(self, state: str, limit: int, offset: int = 0) -> list[Handed]:
        """Cases in this state, most pressing first."""
        with self._database.read() as connection:
            found = case_rows.list_cases(connection, state, limit=limit, offset=offset, kind=KIND)
            return [self._handed(connection, case) for case in found]

    def get(self, case_id: str) -> Handed:
        """One case.

        Raises:
            NotFound: there is no such case of this kind.
        """
        with self._database.read() as connection:
            return self._find(connection, case_id)

    def read_talk(self, case_id: str, by: str) -> tuple[Turn, ...]:
        """The turns that the member lets a person read; the look is in the audit log.

        Raises:
            NotFound: see `get`.
        """
        with self._database.write() as connection:
            request = self._find(connection, case_id).request
            if request is None or not request.shows_turns:
                return ()
            note(connection, by, "assistance.read", case_id, {"turns": request.shows_turns})
            shown = kept.turns_of(connection, self._database.vault, request.consultation_id, request.shows_turns)
            return tuple(shown)

    def answer(self, case_id: str, words: str, by: str, now: float) -> None:
        """Say something to the member: it stands in their talk, or in a new one if there is none, and they are told.

        Raises:
            InvalidRequest: no words, or too many.
            Conflict: the case is closed.
            NotFound: see `get`.
        """
        said = words.strip()
        if not 0 < len(said) <= MAX_ANSWER_CHARS:
            raise InvalidRequest(
                f"write between 1 and {MAX_ANSWER_CHARS} characters", zh=f"请写 1 到 {MAX_ANSWER_CHARS} 个字",
                en=f"Write between 1 and {MAX_ANSWER_CHARS} characters.",
            )
        with self._database.write() as connection:
            handed = self._find_open(connection, case_id)
            talk = self._talk_of(connection, handed, now)
            part = Part("text", "person", said)
            talk = kept.add_turn(connection, self._database.vault, talk, "person", (part,), now)
            kept.save_consultation(connection, self._database.vault, talk)
            link = f"{self._address}{PAGE}/{talk.id}"
            outbox.put(connection, [answered_message(talk.id, talk.turns, talk.account, link, now)], now)
            case_rows.write_history(connection, case_id, by, "assistance_answered", {}, now)
            note(connection, by, "assistance.answer", case_id, {"talk": talk.id})

    def close(self, case_id: str, by: str, now: float, *, has_helped: bool) -> None:
        """End the case; the talk is the member's and goes on.

        Raises:
            Conflict: it is closed already.
            NotFound: see `get`.
        """
        with self._database.write() as connection:
            handed = self._find_open(connection, case_id)
            case_rows.close_case(connection, case_id, "grant" if has_helped else "refuse", now)
            case_rows.write_history(connection, case_id, by, "assistance_closed", {"has_helped": has_helped}, now)
            note(connection, by, "assistance.close", case_id, {"has_helped": has_helped})
            if handed.request is not None:
                self._hand_back(connection, handed.request)

    def _hand_back(self, connection: Connection, request: AssistanceRequest) -> None:
        vault = self._database.vault
        talk = kept.hold_consultation(connection, vault, request.consultation_id, request.account)
        if talk is not None:
            kept.save_consultation(connection, vault, msgspec.structs.replace(talk, state="open"))

    def _talk_of(self, connection: Connection, handed: Handed, now: float) -> Consultation:
        vault, request = self._database.vault, handed.request
        known = request.consultation_id if request else ""
        held = kept.hold_consultation(connection, vault, known, handed.case.target) if known else None
        return held or kept.add_consultation(connection, vault, handed.case.target, "zh", Known(), now)

    def _find_open(self, connection: Connection, case_id: str) -> Handed:
        handed = self._find(connection, case_id, holds=True)
        if handed.case.state != "open":
            raise Conflict("this case is closed", zh="该案件已关闭。", en="This case is closed.")
        return handed

    def _find(self, connection: Connection, case_id: str, *, holds: bool = False) -> Handed:
        if holds:
            case_rows.hold_case(connection, case_id)
        case = case_rows.find_case(connection, case_id)
        if case is None or case.kind != KIND:
            raise NotFound("there is no such case of help", zh="没有这个求助案件。", en="There is no such case.")
        return self._handed(connection, case)

    def _handed(self, connection: Connection, case: Case) -> Handed:
        return Handed(case, kept.find_request(connection, self._database.vault, case.id))
