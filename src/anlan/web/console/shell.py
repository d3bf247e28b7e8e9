"""What every page of the console shares: who is looking, in which language, and the frame the page is drawn in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from starlette.responses import HTMLResponse

from anlan.errors import Unauthorized
from anlan.web.console import charts
from anlan.web.console.access import ROLE_NOTES, ROLE_TITLES, Act, acts_of
from anlan.web.console.people import Person
from anlan.web.console.queries import count_waiting
from anlan.web.console.rooms import Rooms
from anlan.web.console.words import ACTION_ICONS, EDIT_KINDS, TERM_COLUMNS, TERM_SEVERITIES, TITLES
from anlan.web.languages import mark
from anlan.web.visits import PageVisit, open_frame


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
        mark("Accounts"),
        (
            Link("/accounts", mark("Accounts"), "people", "see_accounts"),
            Link("/attacks", mark("Attacks"), "bolt", "see_accounts"),
            Link("/containments", mark("Contained accounts"), "lock", "see_accounts"),
            Link("/recoveries", mark("Recoveries"), "key", "judge_recoveries"),
        ),
    ),
    (
        mark("Members"),
        (
            Link("/alerts", mark("Alerts"), "alert", "see_alerts"),
            Link("/assistance", mark("Help wanted"), "question", "assist_members"),
            Link("/alerts/transfers", mark("Paused payments"), "pause", "see_alerts"),
            Link("/alerts/cards", mark("Care cards"), "lamp", "see_alerts"),
            Link("/circles", mark("Circles"), "people", "see_alerts"),
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
            Link("/security-events", mark("Security events"), "signal", "see_deliveries"),
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


def _link_to(path: str) -> str:
    """The entry of the rail under which a page stands, the nearest of several; empty for none."""
    above = (link.path for _, group in NAVIGATION for link in group if f"{path}/".startswith(f"{link.path}/"))
    return max(above, key=len, default="")


_FRAME = open_frame(
    charts=charts, titles=TITLES, role_titles=ROLE_TITLES, role_notes=ROLE_NOTES, action_icons=ACTION_ICONS,
    term_columns=TERM_COLUMNS, term_severities=TERM_SEVERITIES, edit_kinds=EDIT_KINDS,
)


@dataclass(frozen=True, kw_only=True)
class Visit(PageVisit):
    """One request by one reader; `person` is None before sign-in."""

    rooms: Rooms
    person: Person | None = None

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

    @property
    def is_fragment(self) -> bool:
        """Whether htmx asks for a part of the page instead of the whole."""
        return self.request.headers.get("hx-request") == "true"

    def page(self, template: str, /, *, answer: int = 200, **values: Any) -> HTMLResponse:
        """`template` drawn for this reader."""
        links = [(title, [link for link in group if self.can(link.act)]) for title, group in NAVIGATION]
        context: Mapping[str, Any] = {
            "can": self.can, "me": self.person, "query": dict(self.request.query_params), "navigation": links,
            "is_fragment": self.is_fragment, "waiting": self._waiting(), "linked": _link_to(self.path),
        }
        return self.draw(_FRAME, template, {**context, **values}, answer)

    def _waiting(self) -> Mapping[str, int]:
        """How much waits behind each link of the rail."""
        if self.person is None or self.is_fragment:
            return {}
        waiting = count_waiting(self.rooms.database)
        return {"/health": waiting.notices, "/deliveries": waiting.dead_letters, "/policies": waiting.drafts,
                "/lexicon": waiting.lexicon_changes, "/cases": waiting.open_cases}
