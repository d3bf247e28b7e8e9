"""Claims of people who lost their accounts: what speaks for them and what against, and the decision of one or two."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from anlan import clock
from anlan.center.recovery_desk import Judged
from anlan.domain.agreement import SENIOR
from anlan.domain.claim_judgements import ANSWER_TITLES, CLAIM_ANSWERS, REFUSE, answers_for, may_end_with
from anlan.domain.claims import (
    CHANNELS,
    KIND_TITLES,
    STATE_TITLES,
    UNDER_WAY,
    ClaimState,
)
from anlan.domain.masking import masked
from anlan.domain.places import Place
from anlan.domain.recovery import (
    FORGERY_COSTS,
    LIKELY_FORGED_SHARE,
    Assessment,
)
from anlan.domain.sign_in_messages import country_name
from anlan.domain.user_agents import client_of
from anlan.errors import InvalidRequest, NotFound
from anlan.store import recovery
from anlan.store.attachments import files_of_case, open_file
from anlan.store.cases import Case
from anlan.store.claim_judgements import ClaimJudgement, arbiters_of, judgements_of, stuck_claims
from anlan.store.recovery import Answered, Claim, Particulars
from anlan.store.recovery_facts import SETTLED_S
from anlan.store.sign_ins import devices_of, sign_ins_of
from anlan.web.console.account_drawings import Brought, draw, find_sharers
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import mark
from anlan.web.pages.uploads import hand_out

router = APIRouter()

PAGE_LINES = 50
SIGN_INS = 200
Words = Annotated[str, Form(max_length=2_000)]
Choice = Annotated[str, Form(max_length=16)]

GROUPS: dict[str, tuple[ClaimState, ...]] = {
    "review": ("review",), "cooling": ("cooling",), "open": ("open",), "granted": ("granted",),
    "refused": ("refused",), "stopped": ("stopped",), "over": ("withdrawn", "expired"),
}
"""Tabs of the list."""

OUTCOME_TITLES = {
    "right": mark("right"), "near": mark("half right"), "wrong": mark("wrong"), "unknown": mark("not known"),
    "moot": mark("nothing to compare with"),
}
FORGER_TITLES = {
    "stranger": mark("a stranger with leaked data"), "acquaintance": mark("an acquaintance who knows what is public"),
    "partner": mark("a former partner"), "household": mark("somebody of the same household"),
}
BAND_TITLES = {
    "likely": mark("Very likely the owner"), "unclear": mark("Unclear"),
    "unlikely": mark("Little speaks for the owner"),
}
VOUCH_TITLES = {
    "spoken": mark("It is them, by voice or in person"), "written": mark("It is them, in writing only"),
    "not_them": mark("It is not them"), "unsure": mark("Cannot say"),
}

_assessment = msgspec.json.Decoder(Assessment).decode


@router.get("/recoveries")
def list_recoveries(
    visit: Annotated[Visit, allowed("judge_recoveries")], state: str = "review",
    page: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    group = state if state in GROUPS else "review"
    with visit.rooms.database.read() as connection:
        rows = recovery.claims_in(connection, GROUPS[group], PAGE_LINES + 1, (page - 1) * PAGE_LINES)
        counts = recovery.count_by_state(connection)
        stuck = {one.id for one in stuck_claims(connection)}
    return visit.page(
        "console/recoveries.html", rows=rows[:PAGE_LINES], has_more=len(rows) > PAGE_LINES, group=group, page=page,
        counts=counts, groups={name: sum(counts.get(one, 0) for one in some) for name, some in GROUPS.items()},
        state_titles=STATE_TITLES, stuck=stuck,
    )


@router.get("/recoveries/{claim_id}")
def show_recovery(visit: Annotated[Visit, allowed("judge_recoveries")], claim_id: str) -> Response:
    return _draw(visit, claim_id)


def _draw(
    visit: Visit, claim_id: str, *, problem: str = "", answer: int = 200, seen: Particulars | None = None,
    filled: Mapping[str, str] | None = None,
) -> Response:
    vault = visit.rooms.database.vault
    with visit.rooms.database.read() as connection:
        claim = recovery.find_claim(connection, claim_id)
        if claim is None:
            raise NotFound("there is no such claim", zh="没有这份申请", en="There is no such claim.")
        told = recovery.read_particulars(connection, vault, claim_id)
        answers = recovery.answers_of(connection, vault, claim_id)
        vouches = recovery.vouches_of(connection, claim_id)
        rivals = [one for one in recovery.claims_for(connection, claim.account) if one.id != claim.id]
        said = judgements_of(connection, claim)
        files = files_of_case(connection, claim.case_id) if claim.case_id else []
        body = recovery.read_assessment(connection, claim_id)
        arbiters = arbiters_of(connection, claim)
    assessment = _assessment(body) if body else None
    return visit.page(
        "console/recovery.html", answer=answer, one=claim, vouches=vouches, rivals=rivals,
        answers=_said(visit, answers, is_open=seen is not None), files=files, assessment=assessment, seen=seen,
        problem=problem, filled=filled or {}, now=clock.now(),
        limit=LIKELY_FORGED_SHARE, arbiters=arbiters, is_last_senior=arbiters == [visit.name],
        **_drawings(visit, claim, told), **_standing(visit, claim, said), **_words(),
    )


def _drawings(visit: Visit, claim: Claim, told: Particulars | None) -> dict[str, Any]:
    """What the claimant brings beside what the account had before a thief could have taught it."""
    database, settled = visit.rooms.database, claim.opened_at - SETTLED_S
    device = told.device if told else None
    sharers = find_sharers(visit, claim.account.removeprefix("account:"), device)
    with database.read() as connection:
        sign_ins = sign_ins_of(connection, database.vault, claim.account, SIGN_INS)
        devices = devices_of(connection, database.vault, claim.account)
    place = (visit.rooms.places.place(told.ip) if told and told.ip else None) or Place(None, None)
    return draw(
        visit, claim.account.removeprefix("account:"),
        [one for one in devices if one.first_seen_at <= settled], [one for one in sign_ins if one.at <= settled],
        sharers, Brought(place, device, client_of(told.agent if told else None)),
    ) | {"country_of": country_name}


def _standing(visit: Visit, claim: Claim, said: list[ClaimJudgement]) -> dict[str, Any]:
    """Whose turn it is, and what this reader may see of the answers: nobody sees another's before their own counts."""
    mine = next((one for one in said if one.by == visit.actor), None)
    waits = claim.state == "review"
    arbitrates = waits and len(said) == SENIOR - 1 and mine is None and visit.can("judge_as_senior")
    return {
        "mine": mine, "arbitrates": arbitrates, "stage": len(said) + 1, "said": said if arbitrates or not waits else [],
        "may_answer": waits and mine is None and (len(said) < SENIOR - 1 or arbitrates),
        "choices": [
            one for one in answers_for(claim.way)
            if one != REFUSE and may_end_with(one, [given.answer for given in said])
        ],
    }


def _said(visit: Visit, answers: list[Answered], *, is_open: bool) -> dict[str, str]:
    """What was answered, for those who may see what members wrote; numbers and addresses whole only to a noted look."""
    if not visit.can("see_personal"):
        return {}
    return {
        one.kind: one.said if is_open or one.kind not in CHANNELS else masked(one.said, 4)
        for one in answers if one.said
    }


def _words() -> dict[str, Any]:
    return {
        "state_titles": STATE_TITLES, "kind_titles": KIND_TITLES, "outcome_titles": OUTCOME_TITLES,
        "forger_titles": FORGER_TITLES, "band_titles": BAND_TITLES, "vouch_titles": VOUCH_TITLES,
        "answer_titles": ANSWER_TITLES, "costs": FORGERY_COSTS, "under_way": UNDER_WAY,
    }


@router.post("/recoveries/{claim_id}/look")
def look(visit: Annotated[Visit, allowed("see_sensitive")], claim_id: str) -> Response:
    """Show how to reach the claimant once, in the answer itself; the look is in the audit log."""
    return _draw(visit, claim_id, seen=visit.rooms.recovery_desk.look(claim_id, visit.actor))


@router.get("/recoveries/{claim_id}/files/{file_id}")
def fetch_file(visit: Annotated[Visit, allowed("judge_recoveries")], claim_id: str, file_id: str) -> Response:
    database = visit.rooms.database
    visit.rooms.recovery_desk.look(claim_id, visit.actor)
    with database.read() as connection:
        claim = recovery.find_claim(connection, claim_id)
        file = open_file(connection, database.vault, claim.case_id, file_id) if claim and claim.case_id else None
    if file is None:
        raise NotFound(mark("There is no such file any more."))
    return hand_out(file)


@router.post("/recoveries/{claim_id}/judge")
def judge(
    visit: Annotated[Visit, allowed("judge_recoveries")], claim_id: str, answer: Choice = "", words: Words = "",
    second: Choice = "",
) -> Response:
    chosen = next((one for one in CLAIM_ANSWERS if one == answer), None)

    def act() -> None:
        if chosen is None:
            raise InvalidRequest("choose one of the answers", zh="请选择处理方式", en="Choose one of the answers.")
        judged = Judged(
            answer=chosen, words=words, asks_second=bool(second), is_senior=visit.can("judge_as_senior")
        )
        visit.rooms.recovery_desk.judge(claim_id, visit.actor, judged, clock.now())

    return _done(visit, claim_id, act, {"words": words, "answer": answer})


def _done(
    visit: Visit, claim_id: str, act: Callable[[], object], filled: Mapping[str, str] | None = None
) -> Response:
    """Back to the page; what is not possible stands on it, with what was filled in."""
    return visit.try_to(
        act, f"/recoveries/{claim_id}",
        lambda problem, answer: _draw(visit, claim_id, problem=problem, answer=answer, filled=filled),
    )


def case_panel(visit: Visit, case: Case) -> Mapping[str, Any]:
    """The claim that a case stands for, with the way to its own page."""
    with visit.rooms.database.read() as connection:
        return {"one": recovery.claim_of_case(connection, case.id), "state_titles": STATE_TITLES}
