"""What every page for members shares: whose it is, and the frame it is drawn in."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from starlette.responses import HTMLResponse

from anlan.web.languages import mark
from anlan.web.pages.rooms import MemberRooms
from anlan.web.visits import PageVisit, open_frame

_FRAME = open_frame()


class Place(NamedTuple):
    """Where a member can go from every page."""

    path: str
    title: str
    icon: str


PLACES: tuple[Place, ...] = (
    Place("/me", mark("Home"), "home"),
    Place("/me/alerts", mark("Warnings"), "alert"),
    Place("/me/assistant", mark("Ask us"), "question"),
    Place("/me/circles", mark("Circle"), "people"),
    Place("/me/security", mark("Account"), "lock"),
)
"""The bar: at the bottom of a phone, under the head of a larger screen; five at most."""


class Card(NamedTuple):
    """One card of a member's first page: where it leads and how things stand there.

    Attributes:
        says: how things stand, in the reader's language.
        open_count: what is open there; 0 for nothing.
        is_pressing: whether something waits for the member.
    """

    path: str
    title: str
    icon: str
    says: str
    open_count: int = 0
    is_pressing: bool = False


@dataclass(frozen=True, kw_only=True)
class MemberVisit(PageVisit):
    """One request by one reader.

    Attributes:
        account: `account:<id>`; empty for somebody who came in without a link.
        came_for: the page that their link led to, for which the platform vouched.
        session_name: SHA-256 of the session's token; by it a hurried exit out of a frame ends the session, whose cookie
            the browser keeps inside that frame.
        platform_session: `session_<digest>` of the platform's session that this one came from and ends with; None for
            unknown.
    """

    rooms: MemberRooms
    account: str = ""
    came_for: str = ""
    session_name: str = ""
    platform_session: str | None = None

    @property
    def name(self) -> str:
        """The account's id on the platform; empty for nobody."""
        return self.account.removeprefix("account:")

    def page(self, template: str, /, *, answer: int = 200, **values: Any) -> HTMLResponse:
        """`template` drawn for this reader."""
        shared = {"account": self.account, "name": self.name, "places": PLACES if self.account else (),
                  "embed_origins": self.rooms.embed_origins if self.is_framed else (),
                  "leaving": self.session_name if self.is_framed else "",
                  "has_entrance": self.rooms.entrance is not None}
        return self.draw(_FRAME, template, {**shared, **values}, answer)
