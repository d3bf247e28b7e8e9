"""What every page of the console shares: who is looking, in which language, and the frame the page is drawn in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, RedirectResponse, Response

from anlan import clock
from anlan.errors import AnlanError, Unauthorized
from anlan.web.console import charts
from anlan.web.console.access import ROLE_NOTES, ROLE_TITLES, Act, acts_of
from anlan.web.console.people import Person
from anlan.web.console.queries import count_waiting
from anlan.web.console.rooms import Rooms
from anlan.web.console.words import ACTION_ICONS, EDIT_KINDS, TERM_COLUMNS, TERM_SEVERITIES, TITLES
from anlan.web.headers import ASSETS
from anlan.web.languages import Language, language, mark, negotiate

TEMPLATES = Path(__file__).parent.parent / "templates"

LANGUAGE_COOKIE = "anlan_language"
THEME_COOKIE = "anlan_theme"
_COOKIE_AGE_S = 365 * 86_400


class Link(NamedTuple):
    """One entry of the rail."""

    path: str
    title: str
    icon: str
    act: Act


NAVIGATION: tuple[tuple[str, tuple[Link, ...]], ...] = (
    (
        mark("Now"),
        (
            Link("/", mark("Overview"), "home", "see_decisions"),
            Link("/decisions", mark("Decisions"), "stream", "see_decisions"),
        ),
    ),
    (
        mark("The desk"),
        (
            Link("/cases", mark("Cases"), "case", "see_cases"),
            Link("/appeals", mark("Appeals"), "replay", "see_cases"),
            Link("/reports", mark("Reports"), "alert", "see_cases"),
            Link("/sanctions", mark("Sanctions"), "block", "see_sanctions"),
            Link("/funds", mark("Members' money"), "purse", "see_funds"),
        ),
    ),
    (
        mark("Judging"),
        (
            Link("/investigate", mark("Investigate"), "search", "investigate"),
            Link("/texts", mark("Text lab"), "lab", "see_signals"),
            Link("/policies", mark("Policies"), "policy", "see_policies"),
            Link("/signals", mark("Signals"), "signal", "see_signals"),
            Link("/lexicon", mark("Lexicon"), "book", "see_signals"),
            Link("/lists", mark("Lists"), "list", "see_signals"),
            Link("/model", mark("Text model"), "model", "see_signals"),
        ),
    ),
    (
        mark("Running"),
        (
            Link("/deliveries", mark("Deliveries"), "send", "see_deliveries"),
            Link("/keys", mark("API keys"), "key", "write_keys"),
            Link("/health", mark("Health"), "pulse", "see_health"),
        ),
    ),
    (
        mark("Oversight"),
        (
            Link("/figures", mark("Figures"), "gauge", "see_figures"),
            Link("/campaigns", mark("Campaigns"), "bolt", "see_figures"),
            Link("/audit", mark("Audit log"), "audit", "see_audit"),
            Link("/staff", mark("Staff"), "people", "manage_staff"),
        ),
    ),
)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        charts=charts, titles=TITLES, role_titles=ROLE_TITLES, role_notes=ROLE_NOTES, action_icons=ACTION_ICONS,
        term_columns=TERM_COLUMNS, term_severities=TERM_SEVERITIES, edit_kinds=EDIT_KINDS,
        assets=ASSETS,
    )
    return environment


_ENVIRONMENT = _environment()


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request by one reader; `person` is None before sign-in."""

    request: Request
    rooms: Rooms
    language: Language
    csrf: str
    person: Person | None = None

    def at(self, path: str, **query: object) -> str:
        """The address of a console path, wherever the console is mounted; empty query values are left out."""
        kept = {name: value for name, value in query.items() if value not in (None, "")}
        root = self.request.scope.get("root_path", "")
        return f"{root}{path}" + (f"?{urlencode(kept)}" if kept else "")

    def can(self, act: Act) -> bool:
        """Whether this reader's roles allow `act`."""
        return self.person is not None and act in acts_of(self.person.roles)

    def with_csrf(self, token: str) -> "Visit":
        """The same visit with forms that carry `token`."""
        return replace(self, csrf=token)

    @property
    def actor(self) -> str:
        """The name that the audit log uses."""
        return self.person.actor if self.person else "nobody"

    @property
    def name(self) -> str:
        """The account's name; empty before sign-in."""
        return self.person.name if self.person else ""

    @property
    def me(self) -> Person:
        """The person who looks; call it only behind the gate.

        Raises:
            Unauthorized: nobody is signed in.
        """
        if self.person is None:
            raise Unauthorized("sign in first")
        return self.person

    def tell(self, error: AnlanError) -> str:
        """What an error says, in this reader's language where it speaks it."""
        translated = error.details.get(self.language.code)
        return str(translated) if translated else self.language.say(error.message)

    @property
    def is_secure(self) -> bool:
        """Whether cookies may insist on HTTPS."""
        return self.request.url.scheme == "https"

    @property
    def is_fragment(self) -> bool:
        """Whether htmx asks for a part of the page instead of the whole."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def theme(self) -> str:
        """`light`, `dark`, or empty for what the device prefers."""
        chosen = self.request.cookies.get(THEME_COOKIE, "")
        return chosen if chosen in ("light", "dark") else ""

    def page(self, template: str, /, *, answer: int = 200, **values: Any) -> HTMLResponse:
        """`template` drawn for this reader."""
        say = self.language.say
        links = [(title, [link for link in group if self.can(link.act)]) for title, group in NAVIGATION]
        context: Mapping[str, Any] = {
            "_": say, "_n": self.language.count, "lang": self.language, "at": self.at, "can": self.can,
            "me": self.person, "csrf": self.csrf,
            "theme": self.theme, "path": self.request.url.path.removeprefix(self.request.scope.get("root_path", "")),
            "query": dict(self.request.query_params), "navigation": links, "is_fragment": self.is_fragment,
            "waiting": self._waiting(), "iso": clock.to_rfc3339,
        }
        body = _ENVIRONMENT.get_template(template).render({**context, **values})
        return HTMLResponse(body, status_code=answer, headers={"Cache-Control": "no-store"})

    def _waiting(self) -> Mapping[str, int]:
        """How much waits behind each link of the rail."""
        if self.person is None or self.is_fragment:
            return {}
        waiting = count_waiting(self.rooms.database)
        return {"/health": waiting.notices, "/deliveries": waiting.dead_letters, "/policies": waiting.drafts,
                "/lexicon": waiting.lexicon_changes, "/cases": waiting.open_cases}

    def go(self, path: str, **query: object) -> Response:
        """Send the reader on after an act; a reload then repeats nothing."""
        return RedirectResponse(self.at(path, **query), status_code=303)


def choose_language(request: Request, person: Person | None, rooms: Rooms) -> Language:
    """The account's language, then the cookie of the switch, then what the browser asks for."""
    chosen = person.language if person else request.cookies.get(LANGUAGE_COOKIE, "")
    code = chosen if chosen in ("zh", "en") else negotiate(request.headers.get("accept-language", ""))
    return language(code, rooms.zone)


def remember(response: Response, name: str, value: str, visit: Visit) -> None:
    """Keep a choice of looks (language, theme) on this device; it identifies nobody."""
    response.set_cookie(name, value, max_age=_COOKIE_AGE_S, httponly=True, samesite="lax", secure=visit.is_secure)
