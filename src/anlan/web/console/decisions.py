"""The stream of decisions, and one decision explained."""

from collections.abc import Mapping
from string import hexdigits
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan.domain.actions import KINDS
from anlan.domain.decisions import Decision
from anlan.domain.policies import VERDICT_WORDS
from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.engine.condition_tree import Condition
from anlan.engine.conditions import parse
from anlan.engine.policies import read_policies
from anlan.errors import Forbidden, InvalidPolicy, NotFound
from anlan.store import audit
from anlan.store.journal import Explanation, Filters, StoredDecision
from anlan.web.console import queries
from anlan.web.console.explained import Level, Reader, show_finding
from anlan.web.console.gate import NOT_ALLOWED, allowed
from anlan.web.console.rooms import Rooms
from anlan.web.console.shell import Visit
from anlan.web.console.words import TITLES
from anlan.web.languages import mark

router = APIRouter()
PAGE_LINES = 50
NOTABLE = "notable"


@router.get("/decisions")
def show_stream(
    visit: Annotated[Visit, allowed("see_decisions")],
    verdict: str = "",
    type: str = "",
    category: str = "",
    who: str = "",
    before: int | None = None,
    after: int | None = None,
    paused: bool = False,
) -> Response:
    filters = Filters(
        is_notable=verdict == NOTABLE, verdict=verdict if verdict in VERDICT_WORDS else None, type=type or None,
        category=category or None, actor=who.strip() or None,
    )
    lines = visit.rooms.journal.recent(PAGE_LINES, before, filters)
    newest = lines[0].seq if lines else 0
    if visit.is_fragment and newest == after:
        return Response(status_code=204)
    return visit.page(
        "console/decision_rows.html" if visit.is_fragment else "console/decisions.html",
        rows=queries.with_reasons(visit.rooms.database, lines),
        newest=newest, after=after, before=before, is_paused=paused,
        older=lines[-1].seq if len(lines) == PAGE_LINES else None,
        chosen={"verdict": verdict, "type": type, "category": category, "who": who},
        verdict_choices=(NOTABLE, *VERDICT_WORDS),
        type_choices=[entry.name for entry in visit.rooms.engine.registry.catalogue],
        category_choices=sorted({member.policy.category for member in visit.rooms.engine.policies.members}),
    )


@router.get("/decisions/{key}")
def show_decision(visit: Annotated[Visit, allowed("see_decisions")], key: str) -> Response:
    return _page(visit, find_event(visit, key), "")


@router.post("/decisions/{key}")
def reveal(
    visit: Annotated[Visit, allowed("see_personal")],
    key: str,
    level: Annotated[Literal["personal", "sensitive"], Form()],
) -> Response:
    """Show personal data once, in the answer itself; every look writes its own audit row first."""
    if level == "sensitive" and not visit.can("see_sensitive"):
        raise Forbidden(NOT_ALLOWED)
    found = find_event(visit, key)
    with visit.rooms.database.write() as connection:
        audit.note(connection, visit.actor, f"decision.{level}", f"event:{key}", {})
    return _page(visit, found, level)


def find_event(visit: Visit, key: str) -> Explanation:
    """The event by this key with its decisions.

    Raises:
        NotFound: there is none.
    """
    is_key = len(key) == 32 and all(letter in hexdigits for letter in key)
    found = visit.rooms.journal.explain(key) if is_key else None
    if found is None:
        raise NotFound(mark("There is no event by this key. It may be older than the journal keeps."))
    return found


def _page(visit: Visit, found: Explanation, level: Level) -> Response:
    reader = Reader(visit.rooms.engine.registry, visit.language, level)
    decisions = [stored.decision for stored in found.decisions]
    registry = visit.rooms.engine.registry
    fields = reader.fields(found.event.data, registry.fields.get(found.event.type, {}))
    texts = registry.catalogue[found.event.type].text_fields if found.event.type in registry.catalogue else ()
    return visit.page(
        "console/decision.html",
        event=found.event,
        latest=decisions[-1],
        passes=_passes(visit.rooms, found, reader),
        readings=reader.readings(decisions),
        fields=fields,
        has_text=any(field.name in texts and not field.is_gone for field in fields),
        hidden_levels={field.privacy for field in fields if field.is_hidden},
        revealed=level,
        actions=_actions(visit, found),
        member_reasons=_member_reasons(decisions[-1]),
        **_judgements(visit, found.event.key),
    )


def _judgements(visit: Visit, key: str) -> dict[str, Any]:
    """What people said this text is; nothing for readers who may not."""
    said = visit.rooms.judgements.of(key) if visit.can("judge_texts") else []
    own = next((one.category for one in said if one.is_current and one.by == visit.actor), "normal")
    return {"judgements": said, "own_judgement": own, "text_categories": TEXT_CATEGORIES}


def _passes(rooms: Rooms, found: Explanation, reader: Reader) -> list[Mapping[str, Any]]:
    """Every pass, the latest first, with what it changed."""

    def condition_of(policy: str, version: int) -> Condition | None:
        return condition_at(rooms, policy, version)

    def show(stored: StoredDecision, earlier: Decision | None) -> Mapping[str, Any]:
        decision = stored.decision
        return {
            "number": decision.pass_number,
            "verdict": decision.verdict,
            "decided_at": stored.decided_at,
            "took_us": decision.took_us,
            "supersedes": earlier.verdict if earlier and earlier.verdict != decision.verdict else None,
            "findings": [show_finding(finding, reader, condition_of) for finding in decision.findings],
            "shadow": [show_finding(finding, reader, condition_of) for finding in decision.shadow],
            "pending": decision.pending,
            "failed": decision.failed,
        }

    before = [None, *(stored.decision for stored in found.decisions)]
    return [show(stored, earlier) for stored, earlier in zip(found.decisions, before, strict=False)][::-1]


def condition_at(rooms: Rooms, policy_id: str, version: int) -> Condition | None:
    """The condition of one version of a policy: from the set in force, else from the store if it still parses."""
    member = rooms.engine.policies.get(policy_id)
    if member and member.policy.version == version:
        return member.condition
    try:
        stored = rooms.versions.get(policy_id, version)
        (policy,) = read_policies(stored.body, policy_id)
        return parse(policy.when, rooms.engine.registry.types_on(policy.on), policy_id)
    except (NotFound, InvalidPolicy):
        return None


def _actions(visit: Visit, found: Explanation) -> list[Mapping[str, Any]]:
    """What was asked of the platform and how that fares, then the cases that were opened here."""
    say, pick = visit.language.say, visit.language.pick
    sent: list[Mapping[str, Any]] = [
        {"kind": order.kind, "title": pick(KINDS[order.kind].title), "target": order.target,
         "parameters": order.parameters, "places": order.outcomes, "state": say("nobody receives it yet")}
        for order in queries.orders_of(visit.rooms.database, found.event.key)
    ]
    opened = {
        (action.policy, action.parameters.get("queue", "")): action
        for stored in found.decisions for action in stored.decision.actions if action.kind == "case"
    }
    return sent + [
        {"kind": "case", "title": pick(KINDS["case"].title), "target": policy, "parameters": {},
         "places": (), "state": say("in the queue {queue}", queue=say(TITLES.get(queue, queue)))}
        for policy, queue in opened
    ]


def _member_reasons(decision: Decision) -> list[tuple[str, str]]:
    """(language tag, text) of what the member may be told: the reason of the finding that explains the verdict."""
    if decision.verdict == "allow" or not decision.findings:
        return []
    reason = decision.findings[0].reason
    return [(tag, reason[code]) for tag, code in (("zh-CN", "zh"), ("en", "en")) if reason.get(code)]
