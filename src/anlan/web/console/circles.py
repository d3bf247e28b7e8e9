"""Circles as staff see them: figures of all of them, and safe mode for a member who calls; never anybody's circle."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan import clock
from anlan.center.circles import SafeAct
from anlan.errors import AnlanError, InvalidRequest
from anlan.store.circle_warnings import read_figures
from anlan.store.circles import SafeMode
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()


@router.get("/circles")
def show_circles(visit: Annotated[Visit, allowed("see_alerts")]) -> Response:
    return _draw(visit)


@router.post("/circles/safe-mode")
def set_safe_mode(
    visit: Annotated[Visit, allowed("assist_members")], account: Annotated[str, Form(max_length=128)],
    reason: Annotated[str, Form(max_length=2_000)], act: Annotated[SafeAct, Form()],
) -> Response:
    """Turn safe mode on or off for a member, or see whether it is on; who did it and why is in the audit log."""
    name = account.strip().removeprefix("account:")
    try:
        if not (name and name.isprintable() and reason.strip()):
            raise InvalidRequest(mark("Name the account, and say why."))
        mode = visit.rooms.circles.assist(f"account:{name}", act, reason.strip(), visit.actor, clock.now())
    except AnlanError as error:
        return _draw(visit, account=account, problem=visit.tell(error), answer=error.status)
    return _draw(visit, account=name, mode=mode, is_done=True)


def _draw(
    visit: Visit, *, account: str = "", mode: SafeMode | None = None, is_done: bool = False, problem: str = "",
    answer: int = 200,
) -> Response:
    with visit.rooms.database.read() as connection:
        figures = read_figures(connection, clock.now())
    return visit.page(
        "console/circles.html", answer=answer, figures=figures, account=account, mode=mode, is_done=is_done,
        problem=problem,
    )
