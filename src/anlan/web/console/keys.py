"""The keys with which platforms send events and ask about them."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan.store import audit
from anlan.web.api.access import SCOPES
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit

router = APIRouter()


@router.get("/keys")
def show_keys(visit: Annotated[Visit, allowed("write_keys")]) -> Response:
    return _draw(visit)


def _draw(visit: Visit, *, problem: str = "", new_secret: str = "") -> Response:
    keys = sorted(visit.rooms.keys.all(), key=lambda key: (key.revoked_at is not None, -key.created_at))
    return visit.page(
        "console/keys.html", answer=422 if problem else 200, keys=keys, scopes=SCOPES, problem=problem,
        new_secret=new_secret,
    )


@router.post("/keys")
def make_key(
    visit: Annotated[Visit, allowed("write_keys")],
    name: Annotated[str, Form(max_length=100)],
    rate: Annotated[float, Form(gt=0, le=1_000_000)],
    scopes: Annotated[tuple[str, ...], Form()] = (),
) -> Response:
    """Shows the secret once, in the answer itself."""
    wanted = [scope for scope in SCOPES if scope in scopes]
    if not name.strip() or not wanted:
        return _draw(visit, problem=visit.language.say("Give the key a name and at least one thing that it may do."))
    key, secret = visit.rooms.keys.create(name.strip(), wanted, rate)
    with visit.rooms.database.write() as connection:
        details = {"name": key.name, "scopes": list(key.scopes), "rate_per_s": rate}
        audit.note(connection, visit.actor, "key.create", f"key:{key.id}", details)
    return _draw(visit, new_secret=secret)


@router.post("/keys/{key_id}/revoke")
def revoke(visit: Annotated[Visit, allowed("write_keys")], key_id: str) -> Response:
    if visit.rooms.keys.revoke(key_id):
        with visit.rooms.database.write() as connection:
            audit.note(connection, visit.actor, "key.revoke", f"key:{key_id}", {})
    return visit.go("/keys")
