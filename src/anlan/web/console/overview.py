"""The first page: how today goes, what was stopped, and what waits for the person who looks."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends
from starlette.responses import Response

from anlan import clock
from anlan.domain.policies import VERDICT_WORDS
from anlan.errors import Forbidden
from anlan.store import cases
from anlan.store.journal import Filters
from anlan.web.console import queries
from anlan.web.console.access import Act
from anlan.web.console.gate import signed_in
from anlan.web.console.pulse import Figures
from anlan.web.console.shell import NAVIGATION, Visit
from anlan.web.languages import mark

router = APIRouter()
URGENT_CASES = 5


class Task(NamedTuple):
    """One thing to do next; `title` is a message with {n} in it."""

    path: str
    icon: str
    title: str
    n: int


class Today(NamedTuple):
    """Decisions since midnight in the console's zone; `mix` is (verdict, count), mildest first."""

    total: int
    stopped: int
    mix: tuple[tuple[str, int], ...]


@router.get("/")
def show_overview(visit: Annotated[Visit, Depends(signed_in)]) -> Response:
    if not visit.can("see_decisions"):
        return visit.go(_first_room(visit))
    now = clock.now()
    figures = visit.rooms.pulse.read(visit.language.midnight(now), now)
    waiting = queries.count_waiting(visit.rooms.database)
    with visit.rooms.database.read() as connection:
        urgent = cases.list_cases(connection, limit=URGENT_CASES)
    members = visit.rooms.engine.policies.members
    live_count = sum(member.is_live for member in members)
    latest = visit.rooms.journal.recent(8, filters=Filters(is_notable=True))
    return visit.page(
        "console/overview_now.html" if visit.is_fragment else "console/overview.html",
        now=now, today=_today(figures), minutes=figures.minutes, last_minute=figures.minutes[-1][1],
        waiting_now=waiting, live_count=live_count, shadow_count=len(members) - live_count,
        tasks=_tasks(visit, waiting), urgent=urgent, top_policies=figures.policies,
        latest=queries.with_reasons(visit.rooms.database, latest),
    )


def _first_room(visit: Visit) -> str:
    """Where somebody begins who may not see decisions."""
    for _, links in NAVIGATION:
        for link in links:
            if visit.can(link.act):
                return link.path
    raise Forbidden(mark("Your account has no role yet. An administrator can give you one."))


def _today(figures: Figures) -> Today:
    counts = figures.verdicts
    mix = tuple((word, counts.get(word, 0)) for word in VERDICT_WORDS)
    return Today(sum(counts.values()), counts.get("hold", 0) + counts.get("block", 0), mix)


def _tasks(visit: Visit, waiting: queries.Waiting) -> list[Task]:
    known: tuple[tuple[Act, Task], ...] = (
        ("acknowledge_notices", Task("/health", "alert", mark("Look at alarms: {n}"), waiting.notices)),
        ("approve_policies", Task("/policies", "policy", mark("Judge policies in shadow: {n}"), waiting.shadow)),
        (
            "approve_lexicon",
            Task("/lexicon/changes", "book", mark("Review changes of the lexicon: {n}"), waiting.lexicon_changes),
        ),
        ("write_policies", Task("/policies", "policy", mark("Finish drafts: {n}"), waiting.drafts)),
        (
            "replay_deliveries",
            Task("/deliveries", "send", mark("Send again what was given up: {n}"), waiting.dead_letters),
        ),
    )
    return [task for act, task in known if task.n and visit.can(act)]


