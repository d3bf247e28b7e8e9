"""The console as one application: its rooms, what every answer carries, and what becomes of errors."""

from collections.abc import Awaitable, Callable

from fastapi import Depends, FastAPI, Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from anlan.web.console import (
    accounts,
    alerts,
    appeals,
    assistance,
    attacks,
    bulletins,
    campaigns,
    care_cards,
    case_acts,
    case_care,
    case_page,
    cases,
    circles,
    containments,
    decisions,
    deliveries,
    figures,
    funds,
    health,
    investigate,
    judging,
    keys,
    lexicon,
    lexicon_changes,
    lists,
    model_shadow,
    oversight,
    overview,
    policies,
    recoveries,
    reports,
    sanctioning,
    sanctions,
    security_events,
    sign_in,
    signals,
    staff,
    text_lab,
    text_model,
    transfers,
)
from anlan.web.console.gate import ElsewhereFirst, check_form, open_visit, stranger
from anlan.web.console.rooms import Rooms
from anlan.web.faults import Faults
from anlan.web.headers import STATIC, add_headers

MAX_FORM_BYTES = 256 * 1024
ROOMS = (
    sign_in, overview, decisions, judging, policies, investigate, signals, lexicon, lexicon_changes, lists, text_lab,
    text_model, model_shadow, campaigns, bulletins, figures, funds, deliveries, security_events, keys, health,
    oversight, staff, cases, appeals, recoveries, case_care, case_page, case_acts, reports, sanctions, sanctioning,
    accounts, containments, attacks, transfers, care_cards, circles, alerts, assistance,
)

def build_console(rooms: Rooms) -> FastAPI:
    """The staff web over `rooms`; mount it where staff should find it."""
    app = FastAPI(title="Anlan console", openapi_url=None, dependencies=[Depends(check_form)])
    app.state.rooms = rooms
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for room in ROOMS:
        app.include_router(room.router)
    app.middleware("http")(limit_forms)
    app.middleware("http")(add_headers)
    app.exception_handler(ElsewhereFirst)(go_elsewhere)
    Faults(open_visit, stranger, "console/problem.html").take_over(app)
    return app


async def limit_forms(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse a form that says no length, or a large one, before any of it is read."""
    length = request.headers.get("content-length", "")
    if request.method == "POST" and not (length.isdigit() and int(length) <= MAX_FORM_BYTES):
        return Response(status_code=413)
    return await answer(request)


def go_elsewhere(request: Request, error: Exception) -> Response:
    """Send the reader to what must be done first; a fragment sends the whole page there."""
    path = request.scope.get("root_path", "") + str(error)
    if request.headers.get("hx-request") == "true":
        return Response(headers={"HX-Redirect": path})
    return RedirectResponse(path, status_code=303)
