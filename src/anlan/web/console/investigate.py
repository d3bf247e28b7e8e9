"""Asking the journal in the language of policies: what fits a condition, when, and who is behind it."""

from typing import Annotated, Any, NamedTuple

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from anlan import clock
from anlan.engine.conditions import Condition, parse
from anlan.engine.investigate import Page, investigate
from anlan.engine.journal_reports import Found, Investigation, TopEntities
from anlan.errors import AnlanError
from anlan.store import audit
from anlan.web.console import charts
from anlan.web.console.explained import Reader, Reading
from anlan.web.console.gate import allowed
from anlan.web.console.policy_drafts import DEFAULT_EVENT
from anlan.web.console.shell import Visit

router = APIRouter()
ROWS = 50
WITHIN_S = 30.0
MAX_HOURS = 24 * 365

EXAMPLES: tuple[tuple[str, str], ...] = (
    ("text_fraud_score >= 0.7 AND sender_recipients_1h >= 5", "message.sent"),
    ("text_has_contact AND text_ad_score >= 0.6", "message.sent"),
    ("result = 'failure' AND ip_failed_logins_10m >= 5", "account.login"),
    ("amount_minor >= 100000", "payment.initiated"),
)


class Row(NamedTuple):
    """One matching event with the signals of the condition."""

    key: str
    time: float
    actor: str | None
    verdict: str
    readings: tuple[Reading, ...]


@router.get("/investigate")
def ask(
    visit: Annotated[Visit, allowed("investigate")],
    when: str = "",
    on: str = DEFAULT_EVENT,
    hours: int = 24,
    before: int | None = None,
) -> Response:
    values: dict[str, Any] = {"found": None, "problem": ""}
    if when.strip():
        try:
            values |= _answer(visit, when, on, min(max(hours, 1), MAX_HOURS), before)
        except AnlanError as error:
            values["problem"] = visit.tell(error)
    return visit.page(
        "console/investigate.html", answer=422 if values["problem"] else 200, when=when, on=on, hours=hours,
        type_choices=[entry.name for entry in visit.rooms.engine.registry.catalogue],
        signals=visit.rooms.usable_signals(), examples=_usable_examples(visit), **values,
    )


def _answer(visit: Visit, when: str, on: str, hours: int, before: int | None) -> dict[str, Any]:
    registry, now = visit.rooms.engine.registry, clock.now()
    types = [on] if on in registry.catalogue else []
    condition = parse(when, registry.types_on(types), "")
    began = clock.stopwatch()
    scope = msgspec.structs.replace(visit.rooms.scope, start=now - hours * 3_600.0, within_s=WITHIN_S)
    found = investigate(visit.rooms.analysis, condition, types, scope, Page(ROWS, before))
    rows = _rows(visit, condition, found)
    _note(visit, condition, on, hours)
    return {
        "found": found,
        "took_ms": (clock.stopwatch() - began) * 1_000,
        "names": condition.names,
        "rows": rows,
        "points": charts.filled(found.series, found.bucket_s),
        "top": _top(found),
    }


def _note(visit: Visit, condition: Condition, on: str, hours: int) -> None:
    """What was asked, and which personal data the answer shows beside the ids of those who appear most."""
    reader = Reader(visit.rooms.engine.registry, visit.language, "")
    personal = [name for name in condition.names if reader.privacy(name) != "internal"]
    act = "investigation.personal" if personal else "investigation"
    details = {"on": on, "hours": hours, "personal": personal}
    with visit.rooms.database.write() as connection:
        audit.note(connection, visit.actor, act, condition.text[:200], details)


def _rows(visit: Visit, condition: Condition, found: Investigation) -> list[Row]:
    reader = Reader(visit.rooms.engine.registry, visit.language, "personal" if visit.can("see_personal") else "")

    def show(event: Found) -> Row:
        readings = tuple(reader.reading(name, event.values.get(name)) for name in condition.names)
        return Row(event.key, event.time, event.actor, event.verdict or "allow", readings)

    return [show(event) for event in found.events]


def _top(found: Investigation) -> list[TopEntities]:
    """The roles in which somebody stands out; where everybody appears once, nobody does."""
    return [one for one in found.top if one.entities[0][1] > 1]


def _usable_examples(visit: Visit) -> list[tuple[str, str]]:
    """The examples whose signals this installation has."""
    usable = []
    for text, event_type in EXAMPLES:
        try:
            parse(text, visit.rooms.engine.registry.types_on([event_type]), "")
        except (AnlanError, KeyError):
            continue
        usable.append((text, event_type))
    return usable
