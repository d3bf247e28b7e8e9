"""Money in motion: a payment that looks like a fraud waits, and its payer decides, for the money is theirs.

A pause keeps no money: it stays with the payer. Where nobody decides the payment is over, and nothing was paid.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import NamedTuple, Protocol

from sqlalchemy import Connection

from anlan.center.transfer_orders import (
    OWN_EVENT,
    say_decided,
    tell_cooled_down,
    tell_paused,
    tell_released,
    tell_stopped,
)
from anlan.domain.actions import Action
from anlan.domain.alerts import AlertAnswer
from anlan.domain.decisions import Decision
from anlan.domain.scenarios import STRENGTHS, Scenario, ScenarioBase, Strength
from anlan.domain.transfers import (
    LAPSES_S,
    MAX_WORDS,
    REASONS,
    RELEASE_S,
    Answer,
    Reason,
    has_words,
    needs_words,
)
from anlan.errors import Conflict, InvalidAnswer, NotFound
from anlan.store import audit
from anlan.store.alerts import find_alert, record_answer
from anlan.store.automatic import Judged, Step, follow, passes_in, sort_orders
from anlan.store.database import Database
from anlan.store.marks import COOL_DOWNS, TRANSFER_SETTLEMENTS, read_mark
from anlan.store.transfer_helpers import helpers_of
from anlan.store.transfers import (
    Payment,
    Transfer,
    add_transfer,
    answer_transfer,
    cooled_transfers,
    drop_pause,
    find_transfer,
    forgotten_transfers,
    lapse_transfer,
    last_transfer,
    lock_settlements,
    note_asked_again,
    note_told,
    pass_settlements,
    payments_at,
    regret_transfer,
    settle_transfer,
    settlements_since,
    take_pause,
    taken_pauses,
    tell_again,
    untold_releases,
    warning_of,
)
from anlan.store.vault import Codec

ACTION = "cool_down"
GENERAL = "general"
MINUTE_S = 60.0
ROUND_ROWS = 200
STRENGTH: Strength = "stop"
"""Where money is about to move, unless the policy says otherwise."""


class PauseRights(Protocol):
    """Whom a member has allowed to hold their payments."""

    def may_pause(self, connection: Connection, ward: str, guardian: str) -> bool:
        """Whether `ward` agreed, and has not taken it back, that `guardian` may; both are `account:<id>`."""


class Wanted(NamedTuple):
    """What a policy asks for because of one event."""

    event_seq: int
    decision: Decision
    action: Action


class Transfers:
    """Pauses payments, takes what their payers decide, and keeps their clocks.

    Args:
        codec: opens what events say.
        rights: who may hold whose payments.
    """

    def __init__(self, database: Database, codec: Codec, scenarios: ScenarioBase, rights: PauseRights) -> None:
        self.database, self.scenarios = database, scenarios
        self._codec, self._rights = codec, rights

    def take_in(self, now: float) -> int:
        """Pause what policies want paused, each event once; a closer look that sees no risk releases it again.

        Returns how many events were new. Safe to call from several threads and processes.
        """
        def look(connection: Connection, step: Step) -> tuple[dict[int, Wanted], dict[int, Wanted]]:
            return sort_orders(passes_in(connection, step), _wanted)

        def keep(connection: Connection, found: tuple[dict[int, Wanted], dict[int, Wanted]]) -> int:
            wanted, gone = found
            told = taken_pauses(connection, [*wanted, *gone])
            fresh = [one for seq, one in wanted.items() if seq not in told]
            payments = payments_at(connection, self._codec, [one.event_seq for one in fresh])
            for one in fresh:
                self._pause(connection, one, payments.get(one.event_seq), now)
            for seq in gone.keys() & told.keys():
                self._withdraw(connection, seq, told[seq], gone[seq].action.policy, now)
            return len(fresh)

        return follow(self.database, COOL_DOWNS, look, keep)

    def _pause(self, connection: Connection, wanted: Wanted, payment: Payment | None, now: float) -> None:
        new = self._draft(connection, wanted, payment, now) if payment else None
        is_over = new is None or new.until + LAPSES_S <= now  # before anybody could have been told
        paused = None if new is None or is_over else self._standing(connection, new, now) or self._add(connection, new)
        take_pause(connection, wanted.event_seq, paused.id if paused else None, wanted.action.policy, now)

    def _add(self, connection: Connection, new: Transfer) -> Transfer | None:
        if not add_transfer(connection, new):
            return None
        details = {"policy": new.policy, "scenario": new.scenario}
        audit.note(connection, f"policy:{new.policy}", "transfer.pause", new.id, details)
        tell_paused(connection, new, self.scenario_of(new))
        return new

    def _draft(self, connection: Connection, wanted: Wanted, payment: Payment, now: float) -> Transfer:
        event, said = payment.event, payment.said
        warned = warning_of(connection, event.seq, event.actor)
        scenario, strength = self._risk(wanted.decision, event.actor)
        if warned is not None and warned.scenario in self.scenarios:
            scenario, strength = self.scenarios[warned.scenario], warned.strength
        minutes = float(wanted.action.parameters["minutes"])
        return Transfer(
            id=f"pay_{blake2b(event.key.encode(), digest_size=12).hexdigest()}", payer=event.actor, payee=said.payee,
            payee_account=said.payee_account, amount_minor=said.amount_minor, currency=said.currency,
            payment_id=said.payment_id, event_seq=event.seq, event=event.id, scenario=scenario.id, strength=strength,
            policy=wanted.action.policy, happened_at=event.time, paused_at=now, until=event.time + minutes * MINUTE_S,
        )

    def _risk(self, decision: Decision, payer: str) -> tuple[Scenario, Strength]:
        """What the payer is to be warned of by the same decision, and how strongly."""
        for action in decision.actions:
            if action.kind == "alert" and action.target == payer:
                recognised = decision.signals.get(action.parameters.get("named_by", ""))
                scenario = self.scenarios.get(str(recognised)) or self.scenarios.get(action.parameters["scenario"])
                if scenario is not None:
                    named = action.parameters.get("strength")
                    return scenario, next((one for one in STRENGTHS if one == named), STRENGTH)
        return self._general(), STRENGTH

    def scenario_of(self, found: Transfer) -> Scenario:
        """What the payer was warned of; the general one where an operator has taken that one away."""
        return self.scenarios.get(found.scenario) or self._general()

    def _general(self) -> Scenario:
        return self.scenarios.get(GENERAL) or next(iter(self.scenarios.values()))

    def _standing(self, connection: Connection, new: Transfer, now: float) -> Transfer | None:
        """The pause that this event only repeats: one that waits, or a release that the platform was too quick with."""
        last = last_transfer(connection, new.payer, new.payment_id)
        if last is None or last.state == "waiting":
            return last
        is_same = (last.payee, last.currency) == (new.payee, new.currency) and new.amount_minor <= last.amount_minor
        if last.state == "released" and is_same and now - (last.answered_at or 0) <= RELEASE_S:
            tell_again(connection, last.id)
            return last
        return None

    def _withdraw(
        self, connection: Connection, event_seq: int, transfer_id: str | None, policy: str, now: float
    ) -> None:
        others = drop_pause(connection, event_seq, transfer_id)
        found = find_transfer(connection, transfer_id) if transfer_id and not others else None
        if found is not None and found.state == "waiting":
            self._decide(connection, found, "released", f"policy:{policy}", now, heeds_guardian=False)

    def release(self, transfer_id: str, reason: Reason, now: float, *, payer: str | None = None, by: str = "") -> None:
        """Go on with a payment.

        Args:
            payer: `account:<id>`; the payment must be theirs. None for whoever acts for all members.
            by: who does it, if not the payer.

        Raises:
            NotFound: there is no such payment.
            InvalidAnswer: no such reason, or one that needs more words.
            Conflict: it was decided, or a guardian holds it.
        """
        if reason.code not in REASONS or len(reason.words) > MAX_WORDS:
            raise InvalidAnswer(f"choose one of {', '.join(REASONS)}, with at most {MAX_WORDS:,} characters",
                                zh="请选择一个原因", en="Choose a reason.")
        with self.database.write() as connection:
            found = self.get(connection, transfer_id, payer)
            _check_waiting(found)
            is_vouched = any(one.answer == "vouched" for one in helpers_of(connection, found.id))
            if needs_words(reason, found.strength, found.until, now, is_vouched=is_vouched) and not has_words(reason):
                raise InvalidAnswer(
                    "say in a sentence or two why this payment is right, or wait until the cool-down is over",
                    zh="请用一两句话写明为什么这笔付款没有问题，或等冷静期结束后再决定。",
                    en="Say in a sentence or two why this payment is right, or wait until the time is over.",
                )
            heeds = found.guarded_by is None or self._rights.may_pause(connection, found.payer, found.guarded_by)
            self._decide(connection, found, "released", by or found.payer, now, reason, heeds_guardian=heeds)

    def stop(self, transfer_id: str, now: float, *, payer: str | None = None, by: str = "") -> None:
        """Do not pay; possible while nothing else is decided, whoever holds it.

        Raises:
            NotFound, Conflict: as `release`.
        """
        with self.database.write() as connection:
            found = self.get(connection, transfer_id, payer)
            _check_waiting(found)
            self._decide(connection, found, "stopped", by or found.payer, now, heeds_guardian=False)
            tell_stopped(connection, found, now)

    def regret(self, transfer_id: str, now: float, *, payer: str) -> None:
        """Say of a payment that was made that it was a fraud after all; saying so twice changes nothing.

        Raises:
            NotFound: there is no such payment.
            Conflict: it was not made.
        """
        with self.database.write() as connection:
            found = self.get(connection, transfer_id, payer)
            if found.regretted_at is not None:
                return
            if not regret_transfer(connection, transfer_id, payer, now):
                raise Conflict("this payment was not made", zh="这笔付款没有完成", en="This payment was not made.")
            audit.note(connection, payer, "transfer.regret", transfer_id, {})

    def get(self, connection: Connection, transfer_id: str, payer: str | None = None) -> Transfer:
        """The payment with this id; with `payer` only if it is theirs.

        Raises:
            NotFound: there is none.
        """
        found = find_transfer(connection, transfer_id, payer)
        if found is None:
            raise NotFound(
                f"there is no paused payment {transfer_id}", zh="没有这笔付款", en="There is no such payment."
            )
        return found

    def _decide(
        self, connection: Connection, found: Transfer, answer: Answer, by: str, now: float,
        reason: Reason | None = None, *, heeds_guardian: bool,
    ) -> None:
        vault = self.database.vault
        if not answer_transfer(connection, vault, found, answer, by, now, reason, heeds_guardian=heeds_guardian):
            _check_waiting(self.get(connection, found.id))
            raise Conflict(
                "somebody of the payer's circle holds this payment; wait, or talk to them",
                zh="您的守护人请您先等一等。到时间后即可继续，也可以先和对方聊聊。",
                en="Somebody in your circle asked you to wait. Talk to them, or go on when the time is over.",
            )
        details = {"reason": reason.code} if reason else {}
        audit.note(connection, by, f"transfer.{answer}", found.id, details)
        say_decided(connection, found, answer, now)
        if not by.startswith("policy:"):
            _answer_warning(connection, found, "went_on" if answer == "released" else "stopped", now)

    def round(self, now: float) -> int:
        """Keep the clocks and close what platforms are done with; how many payments had news."""
        return self.tell(now) + self._ask_again(now) + self._lapse(now) + self._settle(now)

    def tell(self, now: float) -> int:
        """Tell the platform of releases that the journal knows of: a payment that comes again is let through then."""
        def one(connection: Connection, found: Transfer) -> bool:
            telling = note_told(connection, found.id, now)
            if telling:
                tell_released(connection, found, telling, now)
            return telling > 0

        return self._each(lambda connection: untold_releases(connection, OWN_EVENT, ROUND_ROWS), one)

    def _ask_again(self, now: float) -> int:
        def one(connection: Connection, found: Transfer) -> bool:
            is_ours = note_asked_again(connection, found.id, now)
            if is_ours:
                tell_cooled_down(connection, found, now)
            return is_ours

        return self._each(lambda connection: cooled_transfers(connection, now, ROUND_ROWS), one)

    def _lapse(self, now: float) -> int:
        def one(connection: Connection, found: Transfer) -> bool:
            is_over = lapse_transfer(connection, found.id)
            if is_over:
                audit.note(connection, "system", "transfer.lapse", found.id, {})
                tell_stopped(connection, found, now, is_lapsed=True)
            return is_over

        return self._each(lambda connection: forgotten_transfers(connection, now - LAPSES_S, ROUND_ROWS), one)

    def _each(
        self, find: Callable[[Connection], Sequence[Transfer]], act: Callable[[Connection, Transfer], bool]
    ) -> int:
        with self.database.read() as connection:
            found = find(connection)
        if not found:
            return 0
        with self.database.write() as connection:
            return sum(act(connection, one) for one in found)

    def _settle(self, now: float) -> int:
        with self.database.read() as connection:
            done = read_mark(connection, TRANSFER_SETTLEMENTS)
            settled, newest = settlements_since(connection, self._codec, done)
        if newest <= done:
            return 0
        with self.database.write() as connection:
            if lock_settlements(connection) != done:
                return 0  # another process was faster; what is left comes with the next round
            closed = [settle_transfer(connection, one, now) for one in settled]
            pass_settlements(connection, newest - done)
        return sum(one is not None for one in closed)


def _wanted(judged: Judged) -> dict[int, Wanted]:
    """By event."""
    action = next((one for one in judged.decision.actions if one.kind == ACTION), None)
    return {judged.event_seq: Wanted(judged.event_seq, judged.decision, action)} if action else {}


def _answer_warning(connection: Connection, found: Transfer, answer: AlertAnswer, now: float) -> None:
    """What the payer did with the payment is what they did about the alert, unless they have said something of it."""
    warned = warning_of(connection, found.event_seq, found.payer)
    alert = find_alert(connection, warned.id, found.payer) if warned else None
    if alert is not None and alert.answer is None:
        record_answer(connection, alert, answer, now)


def _check_waiting(found: Transfer) -> None:
    if found.state == "waiting":
        return
    words = {
        "released": ("it was released already", "这笔付款已经选择继续", "You have already chosen to go on."),
        "stopped": ("it was stopped already", "这笔付款已经选择不付", "You have already chosen not to pay."),
    }
    message, zh, en = words.get(found.state, ("it is over already", "这笔付款已经结束", "This payment is over."))
    raise Conflict(message, zh=zh, en=en)
