"""A payment that waits: why, what speaks against it, whom to ask, and the payer's own decision."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Path
from starlette.responses import Response

from anlan import clock
from anlan.center.transfer_orders import HELP_PAGE, PAGE
from anlan.domain.scenarios import Strength
from anlan.domain.transfers import (
    AFTER_LOSS,
    GUARDIAN_PAUSE_S,
    HOUR_S,
    LAPSES_S,
    LOSS_LINES,
    MAX_WORDS,
    REASONS,
    HelpAnswer,
    Reason,
    TransferState,
    has_words,
    needs_words,
)
from anlan.store.circles import names_by
from anlan.store.errands import errand_about
from anlan.store.transfer_helpers import helpers_of
from anlan.store.transfers import Transfer, transfers_of, waiting_transfers, warning_of
from anlan.web.languages import Language, mark
from anlan.web.pages import errands
from anlan.web.pages.gate import OwnVisit
from anlan.web.pages.shell import Card, MemberVisit

router = APIRouter()

TransferId = Annotated[str, Path(pattern=r"^pay_[0-9a-f]{24}$")]
Words = Annotated[str, Form(max_length=MAX_WORDS)]
Word = Annotated[str, Form(max_length=32)]

STRENGTHS: dict[Strength, str] = {
    "hint": mark("A word of caution"), "banner": mark("Warning"), "stop": mark("Stop and think"),
}
STATES: dict[TransferState, str] = {
    "waiting": mark("Waits for you"), "released": mark("You went on"), "stopped": mark("You did not pay"),
    "lapsed": mark("Over; nothing was paid"), "paid": mark("Paid"), "cancelled": mark("Not paid"),
}
SAID: dict[TransferState, str] = {
    "released": mark("You chose to go on. The app makes the payment now; if it asks again, confirm it there."),
    "stopped": mark("Well done: nothing was paid. Whoever is honest can wait for you."),
    "lapsed": mark("Nobody decided in time, so nothing was paid. You can start the payment again in the app."),
    "paid": mark("The payment was made."),
    "cancelled": mark("The payment was not made. Your money is where it was."),
}
HELP_SAID: dict[HelpAnswer, str] = {
    "vouched": mark("knows the payee and sees no risk"),
    "advised_against": mark("advises you not to pay; call them"),
    "paused": mark("asks you to wait and talk first"),
}


@router.get(PAGE)
def show_transfers(visit: OwnVisit) -> Response:
    """The payments of this member that wait or waited, newest first."""
    with visit.rooms.database.read() as connection:
        mine = transfers_of(connection, visit.account)
    return visit.page(
        "pages/transfers.html", transfers=mine, states=STATES, scenarios=visit.rooms.transfers.scenarios
    )


@router.get(PAGE + "/{transfer_id}")
def show_transfer(visit: OwnVisit, transfer_id: TransferId) -> Response:
    """One payment."""
    return _draw(visit, transfer_id)


@router.post(PAGE + "/{transfer_id}/stop")
def stop(visit: OwnVisit, transfer_id: TransferId) -> Response:
    """Do not pay."""
    act = visit.rooms.transfers.stop
    return _done(visit, transfer_id, lambda: act(transfer_id, clock.now(), payer=visit.account))


@router.post(PAGE + "/{transfer_id}/release")
def release(
    visit: OwnVisit, transfer_id: TransferId, reason: Word = "", words: Words = "", answer: Word = ""
) -> Response:
    """Pay all the same, with a reason; an unanswered question counts as one that speaks against it."""
    said = Reason(code=reason, words=words.strip(), has_doubt=answer != "yes")
    act = visit.rooms.transfers.release
    return _done(visit, transfer_id, lambda: act(transfer_id, said, clock.now(), payer=visit.account), said)


@router.post(PAGE + "/{transfer_id}/ask")
def ask(
    visit: OwnVisit, transfer_id: TransferId, guardian: Annotated[tuple[str, ...], Form(max_length=8)] = ()
) -> Response:
    """Ask some of the circle."""
    act = visit.rooms.transfer_help.ask
    return _done(visit, transfer_id, lambda: act(visit.account, transfer_id, guardian, clock.now()))


@router.post(PAGE + "/{transfer_id}/regret")
def regret(visit: OwnVisit, transfer_id: TransferId) -> Response:
    """It was a fraud after all."""
    act = visit.rooms.transfers.regret
    return _done(visit, transfer_id, lambda: act(transfer_id, clock.now(), payer=visit.account))


@router.post(PAGE + "/{transfer_id}/freeze")
def ask_to_freeze(visit: OwnVisit, transfer_id: TransferId) -> Response:
    """Have money stopped that went to a fraud."""
    with visit.rooms.database.read() as connection:
        found = visit.rooms.transfers.get(connection, transfer_id, visit.account)
    return errands.ask(visit, "freeze", found.other, f"{PAGE}/{transfer_id}")


@router.get(HELP_PAGE + "/{transfer_id}")
def show_asked(visit: OwnVisit, transfer_id: TransferId) -> Response:
    """A payment of somebody whom this member stands by."""
    return _draw_asked(visit, transfer_id)


@router.post(HELP_PAGE + "/{transfer_id}")
def answer_asked(visit: OwnVisit, transfer_id: TransferId, answer: Annotated[HelpAnswer, Form()]) -> Response:
    """Say what this member thinks of it."""
    return visit.try_to(
        lambda: visit.rooms.transfer_help.answer(visit.account, transfer_id, answer, clock.now()),
        f"{HELP_PAGE}/{transfer_id}", partial(_draw_asked, visit, transfer_id),
    )


def _done(visit: MemberVisit, transfer_id: str, act: Callable[[], object], filled: Reason | None = None) -> Response:
    """Back to the payment; what is not possible stands on its page, with what was filled in."""
    return visit.try_to(
        act, f"{PAGE}/{transfer_id}",
        lambda problem, status: _draw(visit, transfer_id, problem=problem, status=status, filled=filled),
    )


def _draw(
    visit: MemberVisit, transfer_id: str, *, problem: str = "", status: int = 200, filled: Reason | None = None
) -> Response:
    rooms, now = visit.rooms, clock.now()
    with rooms.database.read() as connection:
        found = rooms.transfers.get(connection, transfer_id, visit.account)
        helpers = helpers_of(connection, found.id)
        guardians = rooms.transfer_help.guardians_for(connection, found) if found.state == "waiting" else []
        warned = warning_of(connection, found.event_seq, found.payer)
        freeze = errand_about(connection, visit.account, "freeze", found.other)
        names = names_by(connection, rooms.database.vault, visit.account)
    is_vouched = any(one.answer == "vouched" for one in helpers)
    plain = Reason(code="family")
    scenario = rooms.transfers.scenario_of(found)
    return visit.page(
        "pages/transfer.html", answer=status, problem=problem, one=found, scenario=scenario, helpers=helpers,
        guardians=guardians, names=names, alert_id=warned.id if warned else "", sum=_sum(found, visit.language),
        reasons=REASONS,
        needs_words=needs_words(plain, found.strength, found.until, now, is_vouched=is_vouched), filled=filled,
        lacks_words=filled is not None and not has_words(filled), states=STATES, said=SAID, help_said=HELP_SAID,
        strengths=STRENGTHS, after_loss=AFTER_LOSS, freeze=freeze, asked=errands.TOLD,
        lines=rooms.hotlines.pick(LOSS_LINES if found.regretted_at else scenario.hotlines), max_words=MAX_WORDS,
        is_cooling=now < found.until, is_held=found.guarded_until is not None and now < found.guarded_until,
        lapses_at=found.until + LAPSES_S,
    )


def _draw_asked(visit: MemberVisit, transfer_id: str, problem: str = "", status: int = 200) -> Response:
    view = visit.rooms.transfer_help.look(visit.account, transfer_id, clock.now())
    found = view.transfer
    scenario = visit.rooms.transfers.scenario_of(found)
    with visit.rooms.database.read() as connection:
        names = names_by(connection, visit.rooms.database.vault, visit.account)
    return visit.page(
        "pages/transfer_asked.html", answer=status, problem=problem, view=view, one=found, scenario=scenario,
        names=names, sum=_sum(found, visit.language), hours=GUARDIAN_PAUSE_S / HOUR_S, help_said=HELP_SAID,
    )


def _sum(found: Transfer, language: Language) -> str:
    return language.amount(found.amount_minor, found.currency)


def make_card(visit: MemberVisit) -> Card | None:
    """That a payment waits, for the member's first page; nothing while none does."""
    with visit.rooms.database.read() as connection:
        waiting = waiting_transfers(connection, visit.account)
    if not waiting:
        return None
    path = PAGE if len(waiting) > 1 else f"{PAGE}/{waiting[0].id}"
    title, says = mark("Payments that wait"), mark("Look at it calmly, then decide. The money is still yours.")
    say = visit.language.say
    return Card(path, say(title), "pause", say(says), len(waiting), is_pressing=True)
