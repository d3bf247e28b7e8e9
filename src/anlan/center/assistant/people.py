"""Asks people to go on where the assistant ends, and says what they are told."""

import msgspec
from sqlalchemy import Connection

from anlan.domain.consultation_turns import Summary
from anlan.domain.consultations import Known
from anlan.domain.report_reasons import CARE_QUEUE
from anlan.store import consultations as kept
from anlan.store.audit import note
from anlan.store.cases import NewCase, open_case
from anlan.store.consultations import AssistanceRequest, Consultation
from anlan.store.vault import Vault

QUEUE = "assistance"
CRISIS_PRIORITY, LOSS_PRIORITY, USUAL_PRIORITY = 1, 2, 3
MAX_WAITING = 3
"""Of one member's calls; who begins talk after talk is heard by those who were called, and buries nobody else."""


class People:
    """Asks people to go on where the assistant ends."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def ask(
        self, connection: Connection, talk: Consultation, known: Known, now: float, *, is_urgent: bool = False
    ) -> Consultation:
        """Ask for a person in the caller's transaction, which holds the talk; returns the talk as it then stands.

        Args:
            is_urgent: the member sounds desperate. Who was called before is not called twice, but for this.
        """
        if any(request.is_urgent >= is_urgent for request in kept.requests_of(connection, self._vault, talk.id)):
            return talk
        if kept.count_waiting(connection, talk.account, is_urgent=is_urgent) >= MAX_WAITING:
            return talk
        case_id = open_case(connection, _case(talk, known, is_urgent=is_urgent), talk.account, now)
        request = AssistanceRequest(
            case_id=case_id, consultation_id=talk.id, account=talk.account, asked_at=now, is_urgent=is_urgent,
            shows_turns=0, summary=summary_of(known, is_urgent=is_urgent),
        )
        kept.add_request(connection, self._vault, request)
        note(connection, talk.account, "consultation.person", case_id, {"is_urgent": is_urgent})
        return msgspec.structs.replace(talk, state="with_person")


def _case(talk: Consultation, known: Known, *, is_urgent: bool) -> NewCase:
    if is_urgent:
        return NewCase(
            kind="assistance", queue=CARE_QUEUE, target=talk.account, priority=CRISIS_PRIORITY, category="self_harm"
        )
    is_lost = known.paid is True or known.is_code_given
    return NewCase(
        kind="assistance", queue=QUEUE, target=talk.account, priority=LOSS_PRIORITY if is_lost else USUAL_PRIORITY,
        category="fraud" if known.is_serious else "",
    )


def summary_of(known: Known, *, is_urgent: bool) -> Summary:
    """What a person is told of a situation: what was recognised and what the member answered, none of their words."""
    return Summary(
        scenario=known.scenario if known.sureness != "none" else known.alert_scenario, sureness=known.sureness,
        signs=tuple(point.sign for point in known.points), facts=known.facts, paid=known.paid,
        is_code_given=known.is_code_given, is_urgent=is_urgent,
    )
