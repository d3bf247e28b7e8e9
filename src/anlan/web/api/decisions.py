"""Decisions as platforms read them back: the recent ones, and one in full."""

from functools import partial

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from anlan.app import House
from anlan.domain.keys import event_key
from anlan.engine.conditions import Condition
from anlan.errors import InvalidPolicy, NotFound
from anlan.store.journal import Filters, Line
from anlan.web.api.calls import Caller, CallerDep, answer
from anlan.web.api.documented import Before, EventKey, Limit, Text, Word, documented
from anlan.web.api.explanations import EventExplained, explain_event
from anlan.web.api.sight import Sight

LOOK_BACK = 200_000
"""Events that one page searches at most; the next page goes on from there."""

router = APIRouter(tags=["decisions"])


class DecisionLine(msgspec.Struct, kw_only=True):
    """The latest decision on one event; times are seconds since the epoch (UTC)."""

    seq: int
    key: str
    source: str
    id: str
    type: str
    time: float
    received_at: float
    actor: str | None
    pass_number: int
    verdict: str
    category: str | None
    policy: str | None
    decided_at: float


class DecisionPage(msgspec.Struct, kw_only=True):
    """Decisions, newest first; `next_before_seq` continues, null on the last page."""

    items: tuple[DecisionLine, ...]
    next_before_seq: int | None


@router.get("/v1/decisions", **documented("decisions:read", DecisionPage))
def list_decisions(
    caller: CallerDep, limit: Limit = 50, before_seq: Before = None, verdict: Word = None, category: Word = None,
    policy: Word = None, type: Word = None, actor: Word = None, *, notable: bool = False,
) -> Response:
    """Recent decisions, newest first. A page may hold fewer than `limit` and still name a next one."""
    filters = Filters(
        is_notable=notable, verdict=verdict, category=category, policy=policy, type=type, actor=actor
    )
    journal = caller.house.journal
    end = before_seq if before_seq is not None else journal.last_seq() + 1
    lines = journal.recent(limit, end, filters, LOOK_BACK)
    searched = lines[-1].seq if len(lines) == limit else end - LOOK_BACK
    sight = Sight(caller.house.registry, caller.reads_personal)
    return answer(
        DecisionPage(
            items=tuple(_line(line, sight) for line in lines), next_before_seq=searched if searched > 1 else None
        )
    )


@router.get("/v1/decisions/by-event", **documented("decisions:read", EventExplained, problems=(404,)))
def explain_by_event(caller: CallerDep, source: Text, id: Text) -> Response:
    """One event by the source and id that the platform gave it, with everything that was decided about it."""
    return _explained(caller, event_key(source, id))


@router.get("/v1/decisions/{key}", **documented("decisions:read", EventExplained, problems=(404,)))
def explain_decision(caller: CallerDep, key: EventKey) -> Response:
    """One event with everything that was decided about it: findings, values, conditions, policy and model versions.

    What members wrote and their addresses are shown to keys with the scope `personal:read`; each such look is in the
    audit log. Sensitive fields (phone numbers, e-mail addresses) are never shown here.
    """
    return _explained(caller, key[:32])


def _line(line: Line, sight: Sight) -> DecisionLine:
    shown = DecisionLine(**msgspec.structs.asdict(line))
    shown.actor = sight.actor(line.type, line.actor)
    return shown


def _explained(caller: Caller, key: str) -> Response:
    found = caller.house.journal.explain(key)
    if found is None:
        raise NotFound(f"no event has the key {key}; keys are in the answers to POST /v1/events")
    if caller.reads_personal:
        caller.note("decision.personal", f"event:{key}")
    sight = Sight(caller.house.registry, caller.reads_personal)
    return answer(explain_event(found, sight, partial(_condition_of, caller.house)))


def _condition_of(house: House, policy_id: str, version: int) -> Condition | None:
    if (member := house.policy_set.get(policy_id, version)) is not None:
        return member.condition
    try:
        return house.life.checked(house.policies.get(policy_id, version)).condition
    except (NotFound, InvalidPolicy):
        return None
