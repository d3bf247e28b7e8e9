"""Whom Anlan tells of stolen accounts and whom it hears of them: streams, partners, and what partners sent."""

from typing import Annotated, Any

from fastapi import APIRouter, Form
from sqlalchemy import Connection
from starlette.responses import Response

from anlan import clock
from anlan.delivery.security_events.registration import (
    StreamWanted,
    TransmitterWanted,
    check_status,
    new_stream,
    new_transmitter,
)
from anlan.domain.security_events import REACTIONS, SENT, SUBJECT_FORMATS, SubjectFormat
from anlan.errors import Conflict, InvalidRequest
from anlan.store import audit
from anlan.store import security_events as stored
from anlan.store.outbox import Backlog
from anlan.store.transmitters import add_transmitter, all_transmitters, delete_transmitter, latest_received
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()

Short = Annotated[str, Form(max_length=512)]
Long = Annotated[str, Form(max_length=100_000)]
_EMPTY = Backlog(0, 0, None)

FORMAT_TITLES: dict[SubjectFormat, str] = {
    "iss_sub": mark("our address and the account's id"), "opaque": mark("the account's id alone"),
    "account": mark("acct: and our host"),
}
EFFECT_TITLES = {
    "contain": mark("account contained"), "pass_on": mark("platform told"), "keep": mark("kept"),
    "unknown_subject": mark("not one of our accounts"),
}


@router.get("/security-events")
def show(visit: Annotated[Visit, allowed("see_deliveries")]) -> Response:
    return _draw(visit)


def _draw(visit: Visit, *, problem: str = "", new_token: str = "", answer: int = 200) -> Response:
    database = visit.rooms.database
    with database.read() as connection:
        backlogs = stored.backlogs(connection)
        streams = stored.all_streams(connection, database.vault)
        partners = all_transmitters(connection, database.vault)
        received = latest_received(connection)
    return visit.page(
        "console/security_events.html", answer=answer, problem=problem, new_token=new_token, partners=partners,
        streams=[(one, backlogs.get(one.id, _EMPTY)) for one in streams], received=received, sent=SENT,
        reactions=REACTIONS, formats=FORMAT_TITLES, effects=EFFECT_TITLES,
    )


@router.post("/security-events/streams")
def add_stream(
    visit: Annotated[Visit, allowed("write_endpoints")], audience: Short, url: Short = "",
    authorization: Annotated[str, Form(max_length=4_096)] = "", types: Annotated[tuple[str, ...], Form()] = (),
    subject_format: Short = "iss_sub",
) -> Response:
    """Pushed to an address, or polled where none is given."""
    wanted = StreamWanted(
        audience=audience.strip(), delivery="push" if url.strip() else "poll", url=url.strip(), types=types,
        authorization=authorization.strip(),
        subject_format=next((one for one in SUBJECT_FORMATS if one == subject_format), "iss_sub"),
    )
    try:
        made = new_stream(wanted, clock.now(), allows_private=visit.rooms.allows_private_endpoints)
    except InvalidRequest as error:
        return _draw(visit, problem=visit.tell(error), answer=422)
    with visit.rooms.database.write() as connection:
        stored.add_stream(connection, visit.rooms.database.vault, made)
        _note(connection, visit, "stream.add", made.id, aud=made.audience, url=made.url)
    return visit.go("/security-events")


@router.post("/security-events/streams/{stream_id}")
def change_stream(visit: Annotated[Visit, allowed("write_endpoints")], stream_id: str, act: Short) -> Response:
    """Enable, pause or disable it, send it a test token, send again what was given up, or remove it."""
    database, now = visit.rooms.database, clock.now()
    with database.write() as connection:
        stream = stored.get_stream(connection, database.vault, stream_id)
        if act == "remove":
            stored.delete_stream(connection, stream_id)
        elif act == "replay":
            stored.revive(connection, stream_id, now)
        elif act == "verify":
            visit.rooms.security_events.verify_stream(connection, stream_id, "", now)
        else:
            stored.change_stream(connection, stream_id, {"status": check_status(act), "reason": ""})
        _note(connection, visit, f"stream.{act}", stream_id, aud=stream.audience)
    return visit.go("/security-events")


@router.post("/security-events/partners")
def add_partner(
    visit: Annotated[Visit, allowed("write_endpoints")], issuer: Short, audience: Short, keys: Long = "",
    keys_url: Short = "",
) -> Response:
    """Shows the token that the partner pushes with once, in the answer itself."""
    wanted = TransmitterWanted(
        issuer=issuer.strip(), audience=audience.strip(), keys=keys.strip().encode(), keys_url=keys_url.strip()
    )
    private = visit.rooms.allows_private_endpoints
    try:
        made, token = new_transmitter(wanted, clock.now(), allows_private=private, pushes=True)
        with visit.rooms.database.write() as connection:
            add_transmitter(connection, visit.rooms.database.vault, made)
            _note(connection, visit, "transmitter.add", made.id, issuer=made.issuer)
    except (InvalidRequest, Conflict) as error:
        return _draw(visit, problem=visit.tell(error), answer=422)
    return _draw(visit, new_token=token)


@router.post("/security-events/partners/{transmitter_id}/remove")
def remove_partner(visit: Annotated[Visit, allowed("write_endpoints")], transmitter_id: str) -> Response:
    with visit.rooms.database.write() as connection:
        delete_transmitter(connection, transmitter_id)
        _note(connection, visit, "transmitter.delete", transmitter_id)
    return visit.go("/security-events")


def _note(connection: Connection, visit: Visit, act: str, subject: str, **details: Any) -> None:
    audit.note(connection, visit.actor, act, subject, details)
