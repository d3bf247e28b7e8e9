"""What the platform and members hear of payments that wait; everything is written in the caller's transaction."""

from sqlalchemy import Connection

from anlan.domain.messages import seal_message
from anlan.domain.scenarios import Scenario
from anlan.domain.transfer_messages import (
    ReasonOffered,
    TransferCooledDown,
    TransferHelpAnswered,
    TransferHelpAsked,
    TransferPaused,
    TransferReleased,
    TransferStopped,
)
from anlan.domain.transfers import LAPSES_S, REASONS, RELEASE_S, HelpAnswer
from anlan.store import outbox, own_events
from anlan.store.transfers import Transfer

PAGE = "/me/transfers"
HELP_PAGE = "/me/transfers/asked"
OWN_EVENT = "transfer.decided."
"""How the id of the own event begins that says what a payer decided."""


def page_of(transfer_id: str) -> str:
    """The payer's page."""
    return f"{PAGE}/{transfer_id}"


def say_decided(connection: Connection, found: Transfer, answer: str, now: float) -> None:
    """Let the journal know what the payer decided: what it knows, policies read."""
    data = {
        "payer": found.payer.removeprefix("account:"), "payee": found.payee, "amount_minor": found.amount_minor,
        "currency": found.currency, "answer": answer,
        **({"payment_id": found.payment_id} if found.payment_id is not None else {}),
    }
    own_events.say(connection, "payment.thought_over", data, OWN_EVENT + found.id, now)


def tell_paused(connection: Connection, new: Transfer, scenario: Scenario) -> None:
    """Ask the platform to show the payer why, and to let them decide."""
    data = TransferPaused(
        transfer=new.id, account=new.payer, event=new.event, payment_id=new.payment_id,
        amount_minor=new.amount_minor, currency=new.currency, until=new.until, strength=new.strength,
        scenario=scenario.id, title=scenario.title, words=scenario.say[new.strength], question=scenario.question,
        reasons=tuple(ReasonOffered(code=code, title=title) for code, title in REASONS.items()), path=page_of(new.id),
    )
    message = seal_message(f"msg_{new.id}.paused", "transfer.paused", new.paused_at, data)
    outbox.put(connection, [message], new.paused_at, new.event_seq)


def tell_released(connection: Connection, found: Transfer, telling: int, now: float) -> None:
    """Let the platform send the payment again."""
    data = TransferReleased(
        transfer=found.id, account=found.payer, event=found.event, payment_id=found.payment_id,
        by=found.answered_by or "", good_until=(found.answered_at or now) + RELEASE_S,
    )
    message = seal_message(f"msg_{found.id}.released.{telling}", "transfer.released", now, data)
    outbox.put(connection, [message], now, found.event_seq)


def tell_stopped(connection: Connection, found: Transfer, now: float, *, is_lapsed: bool = False) -> None:
    """Let the platform not make the payment."""
    kind = "transfer.lapsed" if is_lapsed else "transfer.stopped"
    data = TransferStopped(transfer=found.id, account=found.payer, event=found.event, payment_id=found.payment_id)
    outbox.put(connection, [seal_message(f"msg_{found.id}.over", kind, now, data)], now, found.event_seq)


def tell_cooled_down(connection: Connection, found: Transfer, now: float) -> None:
    """Let the platform ask the payer again."""
    data = TransferCooledDown(
        transfer=found.id, account=found.payer, event=found.event, payment_id=found.payment_id,
        lapses_at=found.until + LAPSES_S, path=page_of(found.id),
    )
    message = seal_message(f"msg_{found.id}.cooled_down", "transfer.cooled_down", now, data)
    outbox.put(connection, [message], now, found.event_seq)


def tell_asked(
    connection: Connection, found: Transfer, guardian: str, ordinal: int, scenario: Scenario, now: float
) -> None:
    """Let one of the circle know that they are asked."""
    data = TransferHelpAsked(
        transfer=found.id, account=guardian, asks=found.payer, title=scenario.title, path=f"{HELP_PAGE}/{found.id}"
    )
    message = seal_message(f"msg_{found.id}.asked.{ordinal}", "transfer.help_asked", now, data)
    outbox.put(connection, [message], now, found.event_seq)


def tell_answered(
    connection: Connection, found: Transfer, guardian: str, ordinal: int, answer: HelpAnswer, now: float,
    held_until: float | None,
) -> None:
    """Let the payer know what one of the circle said."""
    data = TransferHelpAnswered(
        transfer=found.id, account=found.payer, guardian=guardian, answer=answer, path=page_of(found.id),
        held_until=held_until,
    )
    message = seal_message(f"msg_{found.id}.answered.{ordinal}", "transfer.help_answered", now, data)
    outbox.put(connection, [message], now, found.event_seq)
