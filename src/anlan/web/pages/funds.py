"""A member's own money: what is held and why, asking for it, and how far that has come."""

from collections.abc import Callable, Mapping
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan.domain.payouts import (
    KIND_TITLES,
    METHODS,
    OPEN_STATES,
    REFUSALS,
    STATE_TITLES,
    UNDECIDED_STATES,
    Evidence,
    Instruction,
)
from anlan.domain.sanctions import KINDS
from anlan.store import funds, payouts
from anlan.store.funds import Holding
from anlan.store.payouts import Application
from anlan.store.sanctions import find_sanction
from anlan.web.languages import Language, mark
from anlan.web.pages.gate import OwnVisit
from anlan.web.pages.shell import Card, MemberVisit

router = APIRouter()

Line = Annotated[str, Form(max_length=200)]
Words = Annotated[str, Form(max_length=2_000)]

NEXT: dict[str, str] = {
    "submitted": mark("We compare what you sent with what is known of the account."),
    "checked": mark("Two people approve the payout, each by themselves."),
    "approved": mark("One person has approved; a second one looks at it now."),
    "ordered": mark("The platform pays to the account that you named and tells us when it is done."),
    "paid": mark("It is paid. If nothing arrives, tell the platform the payment number above."),
    "refused": mark("The money stays yours and stays kept. Say below why you do not agree, or apply again."),
    "failed": mark("The platform could not pay. Your money is kept as before; apply again with another payee."),
    "withdrawn": mark("Nothing was paid. You can apply again while something is held."),
}


class Step(NamedTuple):
    """One step of an application; `at` is None while it has not happened."""

    title: str
    at: float | None
    is_here: bool


class Why(NamedTuple):
    """One sanction that holds a member's money: what it is and since when."""

    title: str
    since: float


class Item(NamedTuple):
    """One holding with its applications, the latest first."""

    holding: Holding
    applications: list[Application]

    @property
    def is_open(self) -> bool:
        """Whether an application is under way."""
        return any(one.state in OPEN_STATES for one in self.applications)


@router.get("/me/funds")
def show_funds(visit: OwnVisit) -> Response:
    return _draw(visit)


def _draw(
    visit: MemberVisit, *, problem: str = "", answer: int = 200, at: str = "", filled: Mapping[str, str] | None = None
) -> Response:
    """The page; a problem stands at the top, and the form `at` keeps what was filled in."""
    with visit.rooms.database.read() as connection:
        own = funds.holdings_of(connection, visit.account)
        made = payouts.applications_of(connection, visit.account)
        opened_at = funds.channel_opened_at(connection, visit.account)
        found = [find_sanction(connection, name) for name in funds.holding_sanctions(connection, visit.account)]
    items = [Item(one, [each for each in made if each.holding_id == one.id]) for one in own]
    pick = visit.language.pick
    return visit.page(
        "pages/funds.html", answer=answer, items=items, opened_at=opened_at, problem=problem, at_form=at,
        filled=filled or {}, steps={one.id: steps_of(one, visit.language) for one in made}, next_of=NEXT,
        why=[Why(pick(KINDS[one.kind].title), one.starts_at) for one in found if one],
        state_titles=STATE_TITLES, kind_titles=KIND_TITLES, methods=METHODS, refusals=REFUSALS,
        undecided=UNDECIDED_STATES, is_one=sum(one.holding.held > 0 for one in items) == 1,
    )


def steps_of(one: Application, language: Language) -> list[Step]:
    """The way of an application, in order; at its end what ended it."""
    say = language.say
    done = [
        Step(say("Applied"), one.applied_at, one.state == "submitted"),
        Step(say("Identity checked"), one.checked_at, one.state == "checked"),
        Step(say("Approved by a first person"), one.first_approved_at, one.state == "approved"),
        Step(say("Approved by a second person, payout ordered"), one.ordered_at, one.state == "ordered"),
    ]
    if one.state in ("refused", "failed", "withdrawn"):
        done = [step for step in done if step.at is not None]
        return [*done, Step(language.pick(STATE_TITLES[one.state]), one.ended_at, is_here=True)]
    return [*done, Step(language.pick(STATE_TITLES["paid"]), one.ended_at, one.state == "paid")]


@router.post("/me/funds/{holding_id}/apply")
def apply(
    visit: OwnVisit, holding_id: str, legal_name: Line = "", id_number: Line = "", contact: Line = "",
    statement: Words = "", method: Line = "bank", payee: Line = "", payee_account: Line = "",
) -> Response:
    """Ask for all that is held of one holding."""
    evidence = Evidence(legal_name=legal_name, id_number=id_number, contact=contact, statement=statement)
    instruction = Instruction(method=method if method in METHODS else "other", payee=payee, account=payee_account)
    filled = {
        "legal_name": legal_name, "id_number": id_number, "contact": contact, "statement": statement,
        "method": method, "payee": payee, "payee_account": payee_account,
    }
    return _done(
        visit, lambda: visit.rooms.payouts.apply(visit.account, holding_id, evidence, instruction), holding_id, filled
    )


@router.post("/me/funds/applications/{application_id}/withdraw")
def withdraw(visit: OwnVisit, application_id: str) -> Response:
    """Take back what is not ordered yet."""
    return _done(visit, lambda: visit.rooms.payouts.withdraw(visit.account, application_id))


@router.post("/me/funds/applications/{application_id}/object")
def object_to_refusal(visit: OwnVisit, application_id: str, words: Words = "") -> Response:
    """Ask somebody else to look at a refusal."""
    return _done(
        visit, lambda: visit.rooms.payouts.object(visit.account, application_id, words), application_id,
        {"words": words},
    )


def _done(
    visit: MemberVisit, act: Callable[[], object], at: str = "", filled: Mapping[str, str] | None = None
) -> Response:
    """Back to the page; what is not possible stands on it, with what was filled in."""
    return visit.try_to(
        act, "/me/funds",
        lambda problem, answer: _draw(visit, problem=problem, answer=answer, at=at, filled=filled),
    )


def make_card(visit: MemberVisit) -> Card:
    """How a member's money stands, for their first page."""
    with visit.rooms.database.read() as connection:
        own = funds.holdings_of(connection, visit.account)
        made = payouts.applications_of(connection, visit.account)
    held = [one for one in own if one.held]
    open_count = sum(one.state in OPEN_STATES for one in made)
    says = mark("Nothing of yours is held.")
    if held:
        says = mark("Some of it is held. It stays yours, and you can ask for it here.")
    if open_count:
        says = mark("Your application is on its way.")
    say = visit.language.say
    return Card("/me/funds", say("My money"), "purse", say(says), open_count, bool(held) and not open_count)
