"""What leaves for the platform and what was refused at the door: endpoints, dead letters, refusals."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan import clock
from anlan.delivery.registration import register_endpoint
from anlan.errors import InvalidRequest
from anlan.store import audit, outbox
from anlan.store.endpoints import all_endpoints, set_enabled
from anlan.web.console import queries
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit

router = APIRouter()

Text = Annotated[str, Form(max_length=2_000)]
_EMPTY = outbox.Backlog(0, 0, None)


@router.get("/deliveries")
def show_deliveries(visit: Annotated[Visit, allowed("see_deliveries")]) -> Response:
    return _draw(visit)


def _draw(visit: Visit, *, problem: str = "", new_secret: str = "", answer: int = 200) -> Response:
    database = visit.rooms.database
    with database.read() as connection:
        endpoints = all_endpoints(connection, database.vault)
        backlogs = outbox.backlogs(connection)
        dead = outbox.dead_letters(connection)
        refused = queries.latest_refused(connection)
    return visit.page(
        "console/deliveries.html", answer=answer, problem=problem, new_secret=new_secret, dead=dead, refused=refused,
        endpoints=[(endpoint, backlogs.get(endpoint.id, _EMPTY)) for endpoint in endpoints],
    )


@router.post("/deliveries/endpoints")
def add(visit: Annotated[Visit, allowed("write_endpoints")], url: Text, kinds: Text = "") -> Response:
    """Shows the signing secret once, in the answer itself; it is kept sealed and never shown again."""
    wanted = tuple(kind for kind in kinds.split(",") if kind.strip())
    try:
        made = register_endpoint(
            visit.rooms.database, url.strip(), wanted, clock.now(), allows_private=visit.rooms.allows_private_endpoints
        )
    except InvalidRequest as error:
        return _draw(visit, problem=visit.tell(error), answer=422)
    with visit.rooms.database.write() as connection:
        audit.note(connection, visit.actor, "endpoint.add", made.id, {"url": made.url, "kinds": list(made.kinds)})
    return _draw(visit, new_secret=made.secrets[0])


@router.post("/deliveries/endpoints/{endpoint_id}")
def switch(
    visit: Annotated[Visit, allowed("write_endpoints")], endpoint_id: str, enabled: Annotated[bool, Form()]
) -> Response:
    with visit.rooms.database.write() as connection:
        if set_enabled(connection, endpoint_id, is_enabled=enabled):
            audit.note(connection, visit.actor, "endpoint.enable" if enabled else "endpoint.disable", endpoint_id, {})
    return visit.go("/deliveries")


@router.post("/deliveries/replay")
def replay(
    visit: Annotated[Visit, allowed("replay_deliveries")], message: Text = "", endpoint: Text = ""
) -> Response:
    """One message, or all that were given up."""
    with visit.rooms.database.write() as connection:
        count = outbox.replay(connection, clock.now(), endpoint or None, message or None)
        audit.note(connection, visit.actor, "deliveries.replay", message or endpoint or "all", {"count": count})
    return visit.go("/deliveries")
