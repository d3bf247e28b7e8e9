"""One member's account as staff see it: how it stands, what happened to it, from where, on which devices."""

from itertools import groupby
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.responses import Response

from anlan import clock
from anlan.domain.claims import CLAIM_STATES
from anlan.domain.sign_in_messages import country_name
from anlan.domain.user_agents import stored_client
from anlan.store import audit
from anlan.store.account_view import Happening, happenings, open_cases_of
from anlan.store.containments import containments_of
from anlan.store.recovery import claims_for
from anlan.store.reports import recent_on_target
from anlan.store.sanctions import sanctions_of
from anlan.store.sign_ins import devices_of, failures_of, sign_ins_of
from anlan.web.console.account_drawings import draw, find_sharers
from anlan.web.console.gate import allowed
from anlan.web.console.sanctions import words as sanction_words
from anlan.web.console.shell import Visit
from anlan.web.console.words import TITLES
from anlan.web.languages import mark

router = APIRouter()
PAGE_LINES = 50
SIGN_INS = 200

KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "sign_ins": (mark("Sign-ins"), ("account.login", "verification.completed", "session.changed")),
    "changes": (mark("Changes"), (
        "account.registered", "account.password_changed", "account.binding_changed", "profile.updated",
        "device.disowned", "device.owned",
    )),
    "deeds": (mark("Deeds"), ("message.sent", "payment.initiated", "group.changed", "friendship.changed")),
    "measures": (mark("Measures"), ()),
}
"""What the timeline can be narrowed to: types of events; measures are what Anlan and people did."""


CLOSED = {"lifted": mark("lifted"), "false_alarm": mark("false alarm")}


class Moment(NamedTuple):
    """One line of the timeline.

    Attributes:
        path: the page that explains it; empty for none.
        word, mark: what came of it, and how that is coloured.
        times, since: how often it happened in a row, and when that began; `at` is the last of them.
    """

    at: float
    what: str
    path: str = ""
    word: str = ""
    mark: str = ""
    by: str = ""
    times: int = 1
    since: float = 0.0


@router.get("/accounts")
def search(visit: Annotated[Visit, allowed("see_accounts")], who: str = "") -> Response:
    """An account's page by its id; the search itself lists nobody."""
    name = who.strip().removeprefix("account:")
    if name:
        return visit.go(f"/accounts/{name}") if "/" not in name else visit.go("/accounts", problem="1")
    return visit.page("console/accounts.html")


@router.get("/accounts/{name}")
def show_account(
    visit: Annotated[Visit, allowed("see_accounts")], name: str, kind: str = "",
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    return _draw(visit, name, kind=kind, before=before)


@router.post("/accounts/{name}")
def reveal(visit: Annotated[Visit, allowed("see_personal")], name: str) -> Response:
    """Show addresses and browsers once, in the answer itself; every look writes its own audit row first."""
    with visit.rooms.database.write() as connection:
        audit.note(connection, visit.actor, "account.personal", f"account:{name}", {})
    return _draw(visit, name, is_open=True)


def _draw(
    visit: Visit, name: str, *, kind: str = "", before: int | None = None, is_open: bool = False
) -> Response:
    account, database = f"account:{name}", visit.rooms.database
    chosen = kind if kind in KINDS else ""
    types = KINDS[chosen][1] if chosen else tuple(type_ for _, some in KINDS.values() for type_ in some)
    sharers = find_sharers(visit, name)
    with database.read() as connection:
        events = happenings(connection, account, types, before, PAGE_LINES) if types else []
        sign_ins = sign_ins_of(connection, database.vault, account, SIGN_INS)
        devices = devices_of(connection, database.vault, account)
        failures = sum(one.count for one in failures_of(connection, account))
        standing = _standing(connection, account)
        measures = _measures(visit, connection, account) if not chosen or chosen == "measures" else []
    return visit.page(
        "console/member_account.html", name=name, account=account, chosen=chosen, kinds=KINDS, is_open=is_open,
        moments=_folded(_merged([_moment(visit, one) for one in events], measures, is_first=before is None,
                                is_whole=len(events) < PAGE_LINES)),
        older=events[-1].seq if len(events) == PAGE_LINES else None,
        sign_ins=sign_ins[:20], failures=failures,
        client_of=lambda one: visit.language.pick(stored_client(one.client).title), country_of=country_name,
        **draw(visit, name, devices, sign_ins, sharers), **standing, **sanction_words(),
    )


def _standing(connection: Connection, account: str) -> dict[str, Any]:
    """What stands about the account now."""
    contained = containments_of(connection, account)
    return {
        "contained": next((one for one in contained if one.state == "standing"), None),
        "sanctions": [one for one in sanctions_of(connection, account) if one.state in ("ordered", "in_force")],
        "cases": open_cases_of(connection, account),
        "claims": claims_for(connection, account),
    }


def _moment(visit: Visit, one: Happening) -> Moment:
    say = visit.language.say
    word = one.verdict if one.verdict != "allow" else ""
    return Moment(one.time, say(TITLES[one.type]), f"/decisions/{one.key}", word, word, one.policy or "")


def _measures(visit: Visit, connection: Connection, account: str) -> list[Moment]:
    """What Anlan and people did about the account."""
    say, pick = visit.language.say, visit.language.pick
    found: list[Moment] = []
    for contained in containments_of(connection, account):
        path = f"/containments/{contained.id}"
        found.append(Moment(contained.opened_at, say("Contained"), path, by=contained.opened_by))
        if contained.closed_at is not None:
            word, by = CLOSED[contained.state], contained.closed_by or ""
            found.append(Moment(contained.closed_at, say("Containment ended"), path, word, by=by))
    for sanction in sanctions_of(connection, account):
        path, title = f"/sanctions/{sanction.id}", pick(sanction_words()["sanction_kinds"][sanction.kind].title)
        found.append(Moment(sanction.ordered_at, say("Sanction: {title}", title=title), path, by=sanction.ordered_by))
        if sanction.lifted_at is not None:
            found.append(Moment(sanction.lifted_at, say("Sanction taken back"), path, by=sanction.lifted_by or ""))
    for claim in claims_for(connection, account, CLAIM_STATES):
        found.append(Moment(claim.opened_at, say("Recovery asked for"), f"/recoveries/{claim.id}"))
    for report in recent_on_target(connection, account, 0.0, clock.now()):
        found.append(Moment(report.at, say("Reported"), f"/cases/{report.case_id}" if report.case_id else ""))
    return found


def _merged(events: list[Moment], measures: list[Moment], *, is_first: bool, is_whole: bool) -> list[Moment]:
    """One page, newest first: measures stand among the events of their time."""
    newest = float("inf") if is_first or not events else events[0].at
    oldest = float("-inf") if is_whole else events[-1].at
    return sorted(
        [*events, *(one for one in measures if oldest <= one.at <= newest)], key=lambda one: one.at, reverse=True
    )


def _folded(moments: list[Moment]) -> list[Moment]:
    """What happened again and again in a row as one line, which leads to the last of it."""
    found = []
    for _, alike in groupby(moments, key=lambda one: (one.what, one.word, one.by)):
        newest, *rest = alike
        found.append(newest._replace(times=1 + len(rest), since=rest[-1].at if rest else newest.at))
    return found
