"""Members' reports as platforms file and follow them; a key with `reports:write` speaks for its members."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from anlan import clock
from anlan.desk.report_filing import ReportFiling, new_report, read_filing
from anlan.desk.reports import Filed
from anlan.domain.credibility import credibility
from anlan.domain.report_messages import PROGRESS, RECEIVED, THANKS, standing
from anlan.domain.report_reasons import REASONS, Reason
from anlan.errors import AnlanError, InvalidRequest, NotFound, TooLarge
from anlan.store.reporter_records import records_of, totals_of
from anlan.store.reports import Report, find_report, progress_of
from anlan.web.api.access import Gate
from anlan.web.api.bodies import read_body
from anlan.web.api.calls import Caller, CallerDep, HouseDep, answer, body_of
from anlan.web.api.documented import documented

MAX_BATCH_BYTES = 8 * 1024 * 1024
MAX_BATCH_REPORTS = 1_000

router = APIRouter(tags=["reports"])

ReportId = Annotated[str, Path(pattern=r"^rep_[0-9a-f]{24}$")]
Reporter = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[^\x00]*$", description="The account's id.")]


class ReportShown(msgspec.Struct, frozen=True, kw_only=True):
    """A report as its reporter may see it.

    Attributes:
        subject: `event:<key>`, `account:<id>` or `group:<id>`.
        progress: `waiting`, `in_review`, or the outcome.
        outcome: `violation`, `no_violation` or `unclear`; null while open.
        text: where it stands, in plain words by language; show it to the reporter only.
    """

    id: str
    reporter: str
    subject: str
    reason: str
    filed_at: float
    progress: str
    outcome: str | None
    answered_at: float | None
    text: dict[str, str]


class ReportAnswer(ReportShown, frozen=True, kw_only=True):
    """The answer to a filing; `is_new` is false when the same report was there already."""

    is_new: bool


class ReasonList(msgspec.Struct, kw_only=True):
    """Every reason, what cannot wait first."""

    items: tuple[Reason, ...]


class TopicStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How far a reporter is believed on one harm.

    Attributes:
        right, wrong: answered reports as they count today; old ones count less.
        credibility: the cautious belief that the next report is right, 0 to 1.
    """

    topic: str
    right: float
    wrong: float
    credibility: float


class ReporterStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one member's reports, and our thanks.

    Attributes:
        standing: `new`, `helpful` or `trusted`.
        thanks: by language; show it to the reporter only.
    """

    reporter: str
    filed: int
    open: int
    violation: int
    no_violation: int
    unclear: int
    first_at: float | None
    standing: str
    thanks: dict[str, str]
    topics: tuple[TopicStanding, ...]


@router.get("/v1/report-reasons", **documented("reports:write", ReasonList))
def list_reasons() -> Response:
    """Why members may report, in plain words, with the codes that others use for it."""
    return answer(ReasonList(items=REASONS))


@router.post("/v1/reports", **documented("reports:write", ReportAnswer, takes=ReportFiling, problems=(404, 422)))
def file_report(caller: CallerDep, filing: Annotated[ReportFiling, body_of(ReportFiling)]) -> Response:
    """File a report. The same member, thing and reason give the report that is there; what people have judged before
    is answered at once."""
    return answer(_file(caller, filing))


async def _lines(request: Request) -> list[bytes]:
    body = await read_body(request.receive, MAX_BATCH_BYTES)
    lines = [line for line in (line.strip() for line in body.split(b"\n")) if line]
    if not lines:
        raise InvalidRequest("the batch is empty; send one report in JSON a line")
    if len(lines) > MAX_BATCH_REPORTS:
        raise TooLarge(f"{len(lines):,} reports; a batch has at most {MAX_BATCH_REPORTS:,}")
    gate: Gate = request.app.state.gate
    await gate.admit(request.headers.get("authorization"), "reports:write", float(len(lines) - 1))
    return lines


_NDJSON = {"application/x-ndjson": {"schema": {"type": "string", "minLength": 1, "pattern": r"\S"}}}
_BATCH = documented("reports:write", None, problems=(413,), says="One line each.")
_BATCH["openapi_extra"]["requestBody"] = {"required": True, "content": _NDJSON}
_BATCH["responses"][200]["content"] = _NDJSON


@router.post("/v1/reports:batch", **_BATCH)
def file_reports(caller: CallerDep, lines: Annotated[list[bytes], Depends(_lines)]) -> Response:
    """File many reports, one a line, at most 1,000 and 8 MiB. The answer has one line for each, in order: a report, or
    a problem. A bad line stops nothing."""
    body = b"\n".join(_answer_line(caller, line) for line in lines) + b"\n"
    return Response(body, media_type="application/x-ndjson")


@router.get("/v1/reports/{report_id}", **documented("reports:write", ReportShown, problems=(404,)))
def get_report(house: HouseDep, report_id: ReportId) -> Response:
    """Where a report stands."""
    with house.database.read() as connection:
        report = find_report(connection, report_id)
        if report is None:
            raise NotFound(f"there is no report {report_id}")
        return answer(_shown(report, progress_of(connection, report)))


@router.get("/v1/reporters/{account:path}", **documented("reports:write", ReporterStanding))
def get_reporter(house: HouseDep, account: Reporter) -> Response:
    """What became of one member's reports; an account that never reported has none."""
    now, name = clock.now(), f"account:{account}"
    with house.database.read() as connection:
        totals, records = totals_of(connection, name), records_of(connection, name)
    level = standing(totals.violation, totals.no_violation)
    today = {topic: record.decayed(now) for topic, record in sorted(records.items())}
    return answer(ReporterStanding(
        reporter=account, **totals._asdict(), standing=level, thanks=THANKS[level],
        topics=tuple(
            TopicStanding(topic=topic, right=one.alpha, wrong=one.beta, credibility=credibility(one))
            for topic, one in today.items()
        ),
    ))


def _answer_line(caller: Caller, line: bytes) -> bytes:
    try:
        return msgspec.json.encode(_file(caller, read_filing(line)))
    except AnlanError as error:
        return msgspec.json.encode(error.problem())


def _file(caller: Caller, filing: ReportFiling) -> ReportAnswer:
    return _filed(caller.house.reports.file(new_report(filing), caller.actor))


def _filed(filed: Filed) -> ReportAnswer:
    report = filed.report
    shown = _shown(report, report.outcome or "waiting")
    text = RECEIVED if report.outcome is None else shown.text
    return ReportAnswer(**{**msgspec.structs.asdict(shown), "text": text}, is_new=filed.is_new)


def _shown(report: Report, progress: str) -> ReportShown:
    return ReportShown(
        id=report.id, reporter=report.reporter.removeprefix("account:"), subject=report.subject, reason=report.reason,
        filed_at=report.at, progress=progress, outcome=report.outcome, answered_at=report.answered_at,
        text=PROGRESS[progress],
    )
