"""What every page for members shares: whose it is, in which language, and the frame it is drawn in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, RedirectResponse, Response

from anlan import clock
from anlan.errors import AnlanError
from anlan.web.headers import ASSETS
from anlan.web.languages import Language, language, negotiate
from anlan.web.pages.rooms import MemberRooms

TEMPLATES = Path(__file__).parent.parent / "templates"
LANGUAGE_COOKIE = "anlan_language"
THEME_COOKIE = "anlan_theme"
_COOKIE_AGE_S = 365 * 86_400

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(default=True), undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)
_ENVIRONMENT.globals.update(assets=ASSETS)


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
class MemberVisit:
    """One request by one reader.

    Attributes:
        account: `account:<id>`; empty for somebody who came in without a link.
        came_for: the page that their link led to, for which the platform vouched.
    """

    request: Request
    rooms: MemberRooms
    language: Language
    csrf: str = ""
    account: str = ""
    came_for: str = ""

    @property
    def name(self) -> str:
        """The account's id on the platform; empty for nobody."""
        return self.account.removeprefix("account:")

    def at(self, path: str, **query: object) -> str:
        """The address of a page, wherever Anlan is mounted; empty query values are left out."""
        kept = {name: value for name, value in query.items() if value not in (None, "")}
        root = self.request.scope.get("root_path", "")
        return f"{root}{path}" + (f"?{urlencode(kept)}" if kept else "")

    def tell(self, error: AnlanError) -> str:
        """What an error says, in this reader's language where it speaks it."""
        translated = error.details.get(self.language.code)
        return str(translated) if translated else self.language.say(error.message)

    @property
    def path(self) -> str:
        """The page that was asked for."""
        return self.request.url.path.removeprefix(self.request.scope.get("root_path", ""))

    @property
    def is_secure(self) -> bool:
        """Whether cookies may insist on HTTPS."""
        return self.request.url.scheme == "https"

    @property
    def theme(self) -> str:
        """`light`, `dark`, or empty for what the device prefers."""
        chosen = self.request.cookies.get(THEME_COOKIE, "")
        return chosen if chosen in ("light", "dark") else ""

    def page(self, template: str, /, *, answer: int = 200, **values: Any) -> HTMLResponse:
        """`template` drawn for this reader."""
        context: Mapping[str, Any] = {
            "_": self.language.say, "_n": self.language.count, "lang": self.language, "at": self.at,
            "csrf": self.csrf, "account": self.account, "name": self.name, "theme": self.theme, "path": self.path,
            "iso": clock.to_rfc3339,
        }
        body = _ENVIRONMENT.get_template(template).render({**context, **values})
        return HTMLResponse(body, status_code=answer, headers={"Cache-Control": "no-store"})

    def go(self, path: str, **query: object) -> Response:
        """Send the reader on after an act; a reload then repeats nothing."""
        return RedirectResponse(self.at(path, **query), status_code=303)


def choose_language(request: Request, zone: str) -> Language:
    """What the link or the switch left in the cookie, then what the browser asks for."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    code = chosen if chosen in ("zh", "en") else negotiate(request.headers.get("accept-language", ""))
    return language(code, zone)


def remember(response: Response, name: str, value: str, visit: MemberVisit) -> None:
    """Keep a choice of looks (language, theme) on this device; it identifies nobody."""
    response.set_cookie(name, value, max_age=_COOKIE_AGE_S, httponly=True, samesite="lax", secure=visit.is_secure)
