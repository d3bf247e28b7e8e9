"""The cards of a member's first page, in the order in which they stand there."""

from collections.abc import Callable

from anlan.web.pages import appeals, funds, notices, recovery_stops, reports, safety, security
from anlan.web.pages.shell import Card, MemberVisit

CARDS: tuple[Callable[[MemberVisit], Card | None], ...] = (
    recovery_stops.make_card, safety.make_card, security.make_card, notices.make_card, funds.make_card,
    appeals.make_card, reports.make_card,
)
