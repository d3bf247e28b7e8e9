"""Policies as people lead them: read, written as drafts, tried in shadow, backtested, let live by a second person."""

from difflib import unified_diff
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan.domain.actions import KINDS
from anlan.domain.policies import Policy, State
from anlan.engine.columns import duckdb_sql, spark_sql
from anlan.engine.conditions import parse
from anlan.engine.policies import read_policies
from anlan.errors import AnlanError, InvalidPolicy, NotFound
from anlan.store import audit
from anlan.store.journal import Filters
from anlan.store.policies import NEXT, PolicyVersion
from anlan.web.console import charts, queries
from anlan.web.console.backtests import Run, StoredReport
from anlan.web.console.gate import allowed
from anlan.web.console.policy_drafts import DEFAULT_EVENT, DEFAULT_WHEN, skeleton
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()

Text = Annotated[str, Form(max_length=30_000)]
Version = Annotated[int, Form()]
_STEPS: tuple[State, ...] = ("draft", "shadow", "live", "retired")


@router.get("/policies")
def show_policies(visit: Annotated[Visit, allowed("see_policies")], find: str = "", state: str = "") -> Response:
    newest = visit.rooms.versions.newest()
    by_id = {one.id: one for one in newest} | {one.id: one for one in visit.rooms.versions.in_force()}
    wanted = [one for one in by_id.values() if (one.state == state if state else one.state != "retired")]
    shown = [_line(visit, one) for one in wanted]
    words = find.lower().split()
    return visit.page(
        "console/policies.html",
        policies=[line for line in shown if all(word in line["searched"] for word in words)],
        offered=[one for one in newest if one.state in ("draft", "shadow")],
        chosen={"find": find, "state": state},
    )


def _line(visit: Visit, stored: PolicyVersion) -> dict[str, Any]:
    policy, hits = read(stored), visit.rooms.hits.of(stored.id)
    return {
        "id": stored.id, "state": stored.state, "category": policy.category, "on": policy.on, "verdict": policy.verdict,
        "actions": [visit.language.pick(KINDS[kind].title) for kind, _ in policy.actions],
        "hits": sum(hits.hourly), "hourly": hits.hourly,
        "searched": f"{stored.id} {policy.category} {policy.when}".lower(),
    }


def read(stored: PolicyVersion) -> Policy:
    """A stored version as data, unchecked: it may have been written against an older catalogue."""
    return msgspec.structs.replace(_parse(stored.body), state=stored.state, version=stored.version)


@lru_cache(maxsize=2_000)
def _parse(body: str) -> Policy:
    """Remembered, because YAML takes milliseconds and a stored version never changes."""
    (policy,) = read_policies(body, "policy")
    return policy


@router.get("/policies/new")
def write_new(
    visit: Annotated[Visit, allowed("write_policies")], when: str = DEFAULT_WHEN, on: str = DEFAULT_EVENT
) -> Response:
    rooms = visit.rooms
    try:
        return _draw_editor(visit, skeleton(rooms.analysis, rooms.scope, when, on))
    except InvalidPolicy as error:
        return _draw_editor(
            visit, skeleton(rooms.analysis, rooms.scope, DEFAULT_WHEN, DEFAULT_EVENT), visit.tell(error)
        )


@router.get("/policies/{policy_id}/edit")
def write_next(visit: Annotated[Visit, allowed("write_policies")], policy_id: str, version: int) -> Response:
    return _draw_editor(visit, visit.rooms.versions.get(policy_id, version).body)


def _draw_editor(visit: Visit, text: str, problem: str = "", answer: int = 200) -> Response:
    return visit.page(
        "console/policy_edit.html", answer=answer, text=text, problem=problem, signals=visit.rooms.usable_signals()
    )


@router.post("/policies")
def save_draft(visit: Annotated[Visit, allowed("write_policies")], text: Text) -> Response:
    body = text.replace("\r\n", "\n")
    try:
        policy_id, version = visit.rooms.life.draft(body, visit.actor)
    except InvalidPolicy as error:
        return _draw_editor(visit, body, visit.tell(error), 422)
    return visit.go(f"/policies/{policy_id}", version=version, done="draft")


@router.get("/policies/{policy_id}")
def show_policy(
    visit: Annotated[Visit, allowed("see_policies")], policy_id: str, version: int | None = None, done: str = ""
) -> Response:
    return _draw_policy(visit, policy_id, version, done=_DONE.get(done, ""))


_DONE = {
    "draft": mark("Saved as a draft. Put it into shadow to see what it would do."),
    "shadow": mark("In shadow: it writes down what it would do, and touches nothing."),
    "live": mark("Live: it acts from now on."),
    "retired": mark("Retired: it no longer acts. Its record stays."),
}


def _draw_policy(visit: Visit, policy_id: str, version: int | None, *, done: str = "", problem: str = "") -> Response:
    versions = visit.rooms.versions.versions(policy_id)
    stored = next((one for one in versions if version in (None, one.version)), None)
    if stored is None:
        raise NotFound(mark("There is no policy by this name and version."))
    policy = read(stored)
    earlier = next((one for one in versions if one.version < stored.version), None)
    latest = visit.rooms.journal.recent(8, filters=Filters(policy=policy_id))
    return visit.page(
        "console/policy.html",
        answer=409 if problem else 200,
        policy=policy, source=stored.body, versions=versions, life=stored, at_step=_STEPS.index(stored.state),
        done=visit.language.say(done), problem=problem,
        actions=[{"kind": kind, "title": visit.language.pick(KINDS[kind].title), "parameters": given}
                 for kind, given in policy.actions],
        member_reasons=[("zh-CN", policy.reason["zh"]), ("en", policy.reason["en"])],
        hits=visit.rooms.hits.of(policy_id), latest=queries.with_reasons(visit.rooms.database, latest),
        diff=_diff(earlier, stored) if earlier else [], diff_from=earlier.version if earlier else 0,
        moves=_moves(visit, stored), sql=_sql(visit, policy), **_backtest_of(visit, stored),
    )


def _sql(visit: Visit, policy: Policy) -> list[tuple[str, str]]:
    """(engine, condition) for the column engines; nothing when the condition no longer fits the catalogue."""
    try:
        condition = parse(policy.when, visit.rooms.engine.registry.types_on(policy.on), policy.id)
    except (InvalidPolicy, KeyError):
        return []
    return [("DuckDB", duckdb_sql(condition)), ("Spark SQL", spark_sql(condition))]


def _diff(earlier: PolicyVersion, stored: PolicyVersion) -> list[tuple[str, str]]:
    """(kind, line) with kind `gone`, `new`, `place` or empty."""
    kinds = {"-": "gone", "+": "new", "@": "place"}
    lines = list(unified_diff(earlier.body.splitlines(), stored.body.splitlines(), lineterm="", n=2))[2:]
    return [(kinds.get(line[:1], ""), line) for line in lines]


def _moves(visit: Visit, stored: PolicyVersion) -> dict[str, Any]:
    """What this reader may do with this version, and what stands in the way of going live."""
    say, following = visit.language.say, NEXT[stored.state]
    why_not: list[str] = []
    if "live" in following:
        if stored.author == visit.actor:
            why_not.append(say("You wrote this version, so somebody else must approve it."))
        elif not visit.can("approve_policies"):
            why_not.append(say("An analyst who did not write it can approve it."))
        if visit.rooms.backtests.stored(stored.id, stored.version) is None:
            why_not.append(say("It needs a backtest first."))
    return {
        "to_shadow": "shadow" in following and visit.can("write_policies"),
        "to_live": "live" in following and not why_not,
        "to_retired": "retired" in following and visit.can("retire_policies"),
        "why_not_live": why_not,
    }


@router.post("/policies/{policy_id}/shadow")
def put_into_shadow(visit: Annotated[Visit, allowed("write_policies")], policy_id: str, version: Version) -> Response:
    return _move(visit, policy_id, version, "shadow")


@router.post("/policies/{policy_id}/live")
def approve(visit: Annotated[Visit, allowed("approve_policies")], policy_id: str, version: Version) -> Response:
    report = visit.rooms.backtests.stored(policy_id, version)
    if report is None:
        problem = visit.language.say("It needs a backtest first.")
        return _draw_policy(visit, policy_id, version, problem=problem)
    return _move(visit, policy_id, version, "live", report)


@router.post("/policies/{policy_id}/retire")
def retire(visit: Annotated[Visit, allowed("retire_policies")], policy_id: str, version: Version) -> Response:
    return _move(visit, policy_id, version, "retired")


def _move(visit: Visit, policy_id: str, version: int, state: State, report: bytes | None = None) -> Response:
    try:
        visit.rooms.life.move(policy_id, version, state, visit.actor, report)
        visit.rooms.reload_policies()
    except AnlanError as error:
        return _draw_policy(visit, policy_id, version, problem=visit.tell(error))
    return visit.go(f"/policies/{policy_id}", version=version, done=state)


@router.post("/policies/{policy_id}/backtest")
def start_backtest(
    visit: Annotated[Visit, allowed("write_policies")],
    policy_id: str,
    version: Version,
    days: Annotated[int, Form()] = 7,
) -> Response:
    member = visit.rooms.life.checked(visit.rooms.versions.get(policy_id, version))
    visit.rooms.backtests.start(member, min(max(days, 1), 90), visit.rooms.scope)
    with visit.rooms.database.write() as connection:
        audit.note(connection, visit.actor, "policy.backtest", f"{policy_id} v{version}", {"days": days})
    return visit.go(f"/policies/{policy_id}", version=version)


@router.get("/policies/{policy_id}/backtest")
def show_backtest(visit: Annotated[Visit, allowed("see_policies")], policy_id: str, version: int) -> Response:
    """The part of the page that changes while a backtest runs."""
    stored = visit.rooms.versions.get(policy_id, version)
    return visit.page("console/backtest.html", policy=read(stored), **_backtest_of(visit, stored))


def _backtest_of(visit: Visit, stored: PolicyVersion) -> dict[str, Any]:
    """The run under way or done here, else the report that was stored with the approval."""
    run: Run | None = visit.rooms.backtests.latest(stored.id, stored.version)
    kept = msgspec.json.decode(stored.backtest, type=StoredReport) if stored.backtest else None
    report = run.report if run and run.report else kept.report if kept and not run else None
    return {
        "run": run,
        "run_problem": visit.tell(run.error) if run and run.error else "",
        "ran_at": run.ended_at if run else kept.ran_at if kept else 0.0,
        "report": report,
        "tested": report.policies[0] if report else None,
        "points": charts.filled(report.policies[0].series, report.bucket_s) if report else [],
    }
