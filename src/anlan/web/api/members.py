"""Links that let members in to their own pages, for the platform that knows who they are."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.domain.sign_ins import session_in, session_name
from anlan.store.audit import note
from anlan.store.members import LINK_S, OpenedLink, make_link
from anlan.web.api.calls import CallerDep, answer, body_of
from anlan.web.api.documented import documented

router = APIRouter(tags=["members"])


class LinkWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """For whom a link is wanted.

    Attributes:
        account: the account's id, as events name it.
        language: what the pages speak; null for what the browser asks for.
        path: the page that it opens.
        session: the platform's session that asks, as events name it: what the link opens ends with that session.
    """

    account: Annotated[str, Meta(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]
    language: Literal["zh", "en"] | None = None
    path: Annotated[str, Meta(max_length=256, pattern=r"^/me(/[A-Za-z0-9_%][A-Za-z0-9_.:%-]*)*$")] = "/me"
    session: Annotated[str, Meta(min_length=1, max_length=128)] | None = None


class LinkMade(msgspec.Struct, frozen=True, kw_only=True):
    """A link for one member; whoever has it is that member, so hand it to nobody else.

    Attributes:
        url: opens once.
        expires_at: seconds since the epoch.
    """

    url: str
    expires_at: float


@router.post("/v1/members:link", **documented("members:write", LinkMade, status=201, takes=LinkWanted))
def make_member_link(caller: CallerDep, wanted: Annotated[LinkWanted, body_of(LinkWanted)]) -> Response:
    """Make a link to a member's own pages: it opens once, within 15 minutes, a session of two hours."""
    now, account = clock.now(), f"account:{wanted.account}"
    session = wanted.session or session_in(wanted.path)
    link = OpenedLink(
        account=account, language=wanted.language or "", path=wanted.path,
        platform_session=session_name(account, session) if session else None,
    )
    with caller.house.database.write() as connection:
        token = make_link(connection, link, caller.actor, now)
        note(connection, caller.actor, "member.link", account, {"path": wanted.path})
    url = f"{caller.house.settings.address}/me/open?token={token}"
    return answer(LinkMade(url=url, expires_at=now + LINK_S), 201)
