"""What every page shares, for staff and for members: addresses, language, looks, and the frame it is drawn in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, RedirectResponse, Response

from anlan import clock
from anlan.errors import AnlanError, NotFound
from anlan.web.headers import ASSETS
from anlan.web.languages import Language, language, negotiate

LANGUAGE_COOKIE = "anlan_language"
THEME_COOKIE = "anlan_theme"
TYPE_COOKIE = "anlan_type"
_TEMPLATES = Path(__file__).parent / "templates"
_COOKIE_AGE_S = 365 * 86_400


@dataclass(frozen=True, kw_only=True)
class PageVisit:
    """One request by one reader.

    Attributes:
        csrf: the token of their forms.
        is_framed: another site shows the page in a frame of its own.
    """

    request: Request
    language: Language
    csrf: str = ""
    is_framed: bool = False

    def at(self, path: str, **query: object) -> str:
        """The address of a page, wherever Anlan is mounted; empty query values are left out."""
        kept = {name: value for name, value in query.items() if value not in (None, "")}
        root = self.request.scope.get("root_path", "")
        return f"{root}{path}" + (f"?{urlencode(kept)}" if kept else "")

    def tell(self, error: AnlanError) -> str:
        """What an error says, in this reader's language where it speaks it."""
        translated = error.details.get(self.language.code)
        return self.language.address(str(translated)) if translated else self.language.say(error.message)

    def go(self, path: str, **query: object) -> Response:
        """Send the reader on after an act; a reload then repeats nothing."""
        return RedirectResponse(self.at(path, **query), status_code=303)

    def try_to(self, act: Callable[[], object], then: str, refused: Callable[[str, int], Response]) -> Response:
        """Do it and go on to the page `then`; what is not possible is drawn by `refused`, from its words and status.

        Raises:
            NotFound: there is nothing that could be drawn.
        """
        try:
            act()
        except NotFound:
            raise
        except AnlanError as error:
            return refused(self.tell(error), error.status)
        return self.go(then)

    def leave_for(self, url: str) -> Response:
        """Send the reader to another site, which must be one that the operator chose."""
        return RedirectResponse(url, status_code=303)

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

    @property
    def type(self) -> str:
        """`large`, or empty for the usual size of type."""
        return "large" if self.request.cookies.get(TYPE_COOKIE) == "large" else ""

    def draw(self, frame: Environment, template: str, values: Mapping[str, Any], answer: int) -> HTMLResponse:
        """`template` of `frame` for this reader, with status `answer`."""
        shared: Mapping[str, Any] = {
            "_": self.language.say, "_n": self.language.count, "lang": self.language, "at": self.at,
            "csrf": self.csrf, "theme": self.theme, "type": self.type, "path": self.path, "iso": clock.to_rfc3339,
        }
        body = frame.get_template(template).render({**shared, **values})
        return HTMLResponse(body, status_code=answer, headers={"Cache-Control": "no-store"})


def open_frame(**known: Any) -> Environment:
    """Templates that escape whatever they are given; all of them know the names in `known`."""
    frame = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=select_autoescape(default=True), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )
    frame.globals.update(assets=ASSETS, **known)
    return frame


def choose_language(request: Request, zone: str, own: str = "") -> Language:
    """The reader's `own`, then what the switch left in the cookie, then what the browser asks for."""
    chosen = own or request.cookies.get(LANGUAGE_COOKIE, "")
    code = chosen if chosen in ("zh", "en") else negotiate(request.headers.get("accept-language", ""))
    return language(code, zone)


def remember(response: Response, name: str, value: str, visit: PageVisit) -> None:
    """Keep a choice of looks (language, theme) on this device; it identifies nobody."""
    set_cookie(response, visit, name, value, _COOKIE_AGE_S)


def set_cookie(response: Response, visit: PageVisit, name: str, value: str, age_s: int, path: str = "/") -> None:
    """Give the browser something to keep; in a frame it is kept apart for the site around it, and sent only there."""
    response.set_cookie(
        name, value, max_age=age_s, httponly=True, samesite="none" if visit.is_framed else "lax",
        secure=visit.is_secure or visit.is_framed, path=path,
    )
    if visit.is_framed:  # Starlette writes this word only from Python 3.14 on
        name_bytes, written = response.raw_headers[-1]
        response.raw_headers[-1] = (name_bytes, written + b"; Partitioned")
