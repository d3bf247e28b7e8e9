"""Whether the house itself is well, and the notices that somebody must have seen."""

from resource import RUSAGE_SELF, getrusage
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan import clock
from anlan.domain.messages import NOTICE_TITLES
from anlan.store import audit, cases, outbox
from anlan.store.notices import latest_notices, mark_seen
from anlan.web.console import queries
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()


class Group(NamedTuple):
    """Facts about one part of the house; `is_well` None where there is nothing to judge."""

    title: str
    is_well: bool | None
    facts: list[tuple[str, str]]


class Notice(NamedTuple):
    """A notice in the reader's language."""

    id: str
    at: float
    title: str
    subject: str
    details: str


@router.get("/health")
def show_health(visit: Annotated[Visit, allowed("see_health")]) -> Response:
    with visit.rooms.database.read() as connection:
        unseen = latest_notices(connection, unseen_only=True)
    notices = [
        Notice(
            one.id, one.at, visit.language.pick(NOTICE_TITLES.get(one.kind, NOTICE_TITLES["other"])), one.subject,
            " · ".join(f"{name} {value}" for name, value in one.details.items()),
        )
        for one in unseen
    ]
    groups = [_process(visit), _store(visit), _work(visit), _models(visit), _counters(visit)]
    return visit.page(
        "console/health_now.html" if visit.is_fragment else "console/health.html", notices=notices, groups=groups,
        blown=sorted(visit.rooms.engine.fuses.blown(clock.now()).items()),
    )


@router.post("/health/notices")
def acknowledge(
    visit: Annotated[Visit, allowed("acknowledge_notices")], id: Annotated[str, Form(max_length=80)]
) -> Response:
    with visit.rooms.database.write() as connection:
        if mark_seen(connection, id, visit.name):
            audit.note(connection, visit.actor, "notice.seen", id, {})
    return visit.go("/health")


@router.post("/health/fuses")
def reset_fuse(
    visit: Annotated[Visit, allowed("reset_fuses")], policy: Annotated[str, Form(max_length=128)]
) -> Response:
    visit.rooms.engine.fuses.reset(policy)
    with visit.rooms.database.write() as connection:
        audit.note(connection, visit.actor, "fuse.reset", policy, {})
    return visit.go("/health")


def _process(visit: Visit) -> Group:
    lang, failures = visit.language, visit.rooms.engine.stats.failures
    return Group(
        mark("Process"),
        None,
        [
            (mark("Running for"), lang.length(clock.now() - visit.rooms.started_at)),
            (mark("Most memory used so far"), lang.size(getrusage(RUSAGE_SELF).ru_maxrss * 1_024)),
            (mark("Policies in force"), lang.number(len(visit.rooms.engine.policies.members))),
            (mark("Policy set"), visit.rooms.engine.policies.hash[:12]),
            (mark("Signal failures since start"), lang.number(sum(failures.values()))),
        ],
    )


def _store(visit: Visit) -> Group:
    lang, backlog = visit.language, visit.rooms.writer_backlog()
    database = visit.rooms.database
    return Group(
        mark("Store"),
        backlog < visit.rooms.max_backlog / 2,
        [
            (mark("Database"), database.name),
            (mark("Events in the journal"), lang.number(visit.rooms.journal.last_seq())),
            (mark("Events that wait for their commit"), lang.number(backlog)),
            (mark("Mean commit"), f"{lang.number(_mean_commit_ms(visit), 1)} ms"),
        ],
    )


def _mean_commit_ms(visit: Visit) -> float:
    """Since this process began; 0 before the first commit."""
    read = visit.rooms.metrics.registry.get_sample_value
    count = read("anlan_commit_seconds_count") or 0.0
    return (read("anlan_commit_seconds_sum") or 0.0) / count * 1_000 if count else 0.0


def _work(visit: Visit) -> Group:
    lang = visit.language
    with visit.rooms.database.read() as connection:
        unrouted, backlogs = outbox.count_unrouted(connection), outbox.backlogs(connection).values()
        waiting, queues = queries.count_deferred(connection), cases.count_open(connection)
    dead = sum(backlog.dead for backlog in backlogs)
    cases_by_queue = " · ".join(f"{queue} {lang.number(count)}" for queue, count in sorted(queues.items()))
    facts = [
        (mark("Messages that nobody has looked at"), lang.number(unrouted)),
        (mark("Deliveries waiting"), lang.number(sum(backlog.pending for backlog in backlogs))),
        (mark("Deliveries given up"), lang.number(dead)),
        (mark("Events that wait for their second look"), lang.number(waiting)),
        (mark("Open cases"), cases_by_queue or "0"),
    ]
    return Group(mark("Work"), dead == 0, facts)


def _models(visit: Visit) -> Group:
    models = visit.rooms.engine.models
    facts = [(name, version) for name, version in sorted(models.items())]
    return Group(mark("Models"), bool(models), facts or [(mark("Loaded"), visit.language.say("none"))])


def _counters(visit: Visit) -> Group:
    lang, counters = visit.language, visit.rooms.counters.by_name
    largest = sorted(counters.items(), key=lambda entry: -len(entry[1]))[:6]
    return Group(
        mark("Counters"),
        None,
        [
            (mark("Declared"), lang.number(len(counters))),
            (mark("Keys in memory"), lang.number(sum(len(counter) for counter in counters.values()))),
            *((lang.pick(counter.spec.title) or name, lang.number(len(counter))) for name, counter in largest),
        ],
    )
