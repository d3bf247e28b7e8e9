"""What stands beside the demo's members: families in circles, alerts and payments thought over, talks, cards."""

import asyncio
from collections.abc import Iterable, Sequence
from random import Random

import msgspec

from anlan import clock
from anlan.app import House
from anlan.commands.screen import ERR
from anlan.demo.community import Person, build_community
from anlan.demo.labels import LabelledEvent
from anlan.demo.scripts import phrasebook
from anlan.demo.simulation import SOURCE
from anlan.domain.alerts import AlertAnswer
from anlan.domain.care_cards import CardAnswer
from anlan.domain.circles import Consent, Role, default_harms
from anlan.domain.decisions import VerdictAnswer
from anlan.domain.transfers import Reason
from anlan.errors import AnlanError
from anlan.store.alerts import alerts_of
from anlan.store.circle_warnings import warnings_for
from anlan.store.circles import bonds_of
from anlan.store.transfers import Transfer, waiting_transfers

ANSWERS_EVERY_S = 6.0
WATCHED_SHARE = 0.7
"""Of those whom a fraud of the day talks into paying: some have a circle and some have none."""
OTHER_FAMILIES = 4

_FAMILY: tuple[tuple[Role, str], ...] = (("both", "妈妈"), ("guardian", "大哥"))
_IF_TRUE: tuple[AlertAnswer, ...] = ("helped", "helped", "helped", "stopped", "stopped", "dismissed", "went_on")
_IF_NOT: tuple[AlertAnswer, ...] = ("dismissed", "dismissed", "helped", "wrong", "wrong")
_TO_CARDS: tuple[CardAnswer, ...] = ("helpful", "helpful", "trusted_adult", "talk", "dismissed", "not_for_me")
_REASONS = (
    Reason(code="spoke_with_them", words="我刚给收款人打过电话，确认是他本人要我转的，金额也对得上"),
    Reason(code="goods_checked", words="东西我当面看过，卖家给了收据，说好今天付清这一笔"),
    Reason(code="other", words="房租到期了，房东换了收款账户，我已经和中介核对过"),
)
_NOT_PAID = ("对方让我先转一笔钱，说马上就退给我，我还没有付", "他一直催我，说再不转名额就没了，我现在该怎么办？")
_PAID = ("我已经把钱转过去了，对方现在不回消息", "帮我找一个人吧，我不知道该先联系谁")
_DESPERATE = ("家里的积蓄都被骗走了，我不想活了",)
_ENGLISH = ("I won a prize but must pay a fee of 200 dollars first. I have not paid.", "What do I do now?")


class Payment(msgspec.Struct, frozen=True):
    """What is read of a payment that is about to be made."""

    payer: str
    payment_id: str

    @property
    def name(self) -> str:
        """Who pays, as `account:<id>`."""
        return f"account:{self.payer}"


class _Event(msgspec.Struct):
    data: Payment


class Members:
    """Plays what members do on their own pages; repeatable by its seed.

    Args:
        seed: the community's.
        people: its size.
    """

    def __init__(self, house: House, seed: int, people: int) -> None:
        self._house, self._company = house, house.company
        self._rng = Random(f"members:{seed}")  # noqa: S311 - repeatable, not secret
        self._community = build_community(seed, people, phrasebook())
        self._names = {_name(person) for person in self._community.people}
        self._guardians: dict[str, list[str]] = {}
        self._warned: dict[str, bool] = {}
        self._insisting: list[Payment] = []
        self._given_up: list[Payment] = []
        self._cancelled: list[bytes] = []

    def form_circles(self, events: Iterable[LabelledEvent]) -> None:
        """Bind families before their day: of those who will be talked into paying, and a few others."""
        payers = dict.fromkeys(
            _payment_of(event).name for event in events
            if event.type == "payment.initiated" and event.actor_role == "victim"
        )
        adults = self._community.adults
        wards = [one for one in adults if _name(one) in payers and self._rng.random() < WATCHED_SHARE]
        for ward in [*wards, *self._rng.sample(adults, OTHER_FAMILIES)]:
            self._form_circle(ward)

    def _form_circle(self, ward: Person) -> None:
        close = [one for one in ward.circles[0].members if one is not ward and not one.age_band]
        for (role, called), relative in zip(_FAMILY, close, strict=False):
            if self._bind(_name(ward), _name(relative), role, called):
                self._guardians.setdefault(_name(ward), []).append(_name(relative))

    def _bind(self, ward: str, guardian: str, role: Role, called: str) -> bool:
        circles, vault, now = self._company.circles, self._house.database.vault, clock.now()
        consent = Consent(harms=default_harms(), may_pause=True)
        try:
            invitation = circles.invite(ward, guardian, role, consent, ward, now, is_vouched=True)
            circles.accept(invitation, guardian, consent, guardian, now)
        except AnlanError:
            return False  # the circle of one of them is full
        with self._house.database.read() as connection:
            made = [one.id for one in bonds_of(connection, vault, ward) if one.other(ward) == guardian]
        for bond in made:
            circles.name(bond, ward, called, ward)
        return True

    def hear(self, event: LabelledEvent, answer: VerdictAnswer, *, pays: bool) -> None:
        """Note whom a verdict warns, and whose payment waits.

        Args:
            pays: they will pay in spite of it.
        """
        is_true = event.label != "normal" or event.actor_role == "victim"
        for action in answer.actions:
            if action.kind == "alert" and action.target in self._names:
                self._warned[action.target] = is_true or self._warned.get(action.target, False)
            elif action.kind == "cool_down":
                (self._insisting if pays else self._given_up).append(_payment_of(event))

    def insist(self) -> None:
        """Whoever pays in spite of it says why, before the platform is done with the payment."""
        if self._insisting:
            self._follow()
        while self._insisting:
            payment = self._insisting.pop()
            for transfer in self._waiting(payment):
                reason, now = self._rng.choice(_REASONS), clock.now()
                self._company.transfers.release(transfer.id, reason, now, payer=payment.name)

    def _follow(self) -> None:
        """What the verdicts so far ask for, at once and not with the next round."""
        now = clock.now()
        self._company.alerts.take_in(now)
        self._company.transfers.take_in(now)

    def _waiting(self, payment: Payment) -> list[Transfer]:
        with self._house.database.read() as connection:
            found = waiting_transfers(connection, payment.name)
        return [transfer for transfer in found if transfer.payment_id == payment.payment_id]

    def _helpers(self, payment: Payment) -> list[tuple[Transfer, str]]:
        """What of a payment waits, each with one of the circle who may be asked about it."""
        waiting = self._waiting(payment)
        with self._house.database.read() as connection:
            free = [(one, self._company.transfer_help.guardians_for(connection, one)) for one in waiting]
        return [(one, guardians[0]) for one, guardians in free if guardians]

    def live_through(self) -> str | None:
        """Everybody looks at what came in a day; returns the account whose pages show most, if there is one."""
        self._follow()
        guarded = [one for one in self._given_up if self._helpers(one)]
        shown = guarded[-1].name if guarded else None
        if guarded:
            self._given_up.remove(guarded[-1])
            self._ask_circle(guarded[-1])
        deceived = [name for name, is_true in self._warned.items() if is_true and name != shown]
        self._talk(shown, deceived)
        self.answer(shown)
        self._answer_wards()
        self._answer_cards()
        return shown and shown.removeprefix("account:")

    def _ask_circle(self, payment: Payment) -> None:
        """Two look at one payment; one advises against it, and it goes on waiting."""
        for transfer, guardian in self._helpers(payment):
            now = clock.now()
            try:
                self._company.transfer_help.ask(payment.name, transfer.id, [guardian], now)
                self._company.transfer_help.answer(guardian, transfer.id, "advised_against", now)
            except AnlanError as error:  # rounds go on meanwhile: somebody else may have ended it, or contained them
                ERR.print(f"demo guardian was not asked: {error.message}", markup=False)

    def _talk(self, shown: str | None, deceived: Sequence[str]) -> None:
        plays = zip(([shown] if shown else []) + list(deceived), (_NOT_PAID, _PAID, _DESPERATE), strict=False)
        for account, words in plays:
            talk = self._say(account, words, "zh", self._newest_alert(account))
            if words is _PAID:
                self._company.talk_acts.ask_person(account, talk, "zh", clock.now(), shows_talk=True)
        for person in [one for one in self._community.adults if one.is_english][:1]:
            self._say(_name(person), _ENGLISH, "en")

    def _newest_alert(self, account: str) -> str:
        with self._house.database.read() as connection:
            return next((alert.id for alert in alerts_of(connection, account, limit=1)), "")

    def _say(self, account: str, words: Sequence[str], language: str, alert: str = "") -> str:
        talk = self._company.assistant.open(account, language, clock.now(), alert).talk.id
        for said in words:
            self._company.assistant.hear(account, talk, said, language, clock.now())
        return talk

    def answer(self, spared: str | None = None) -> None:
        """Who was warned looks at it, answers or does not; who was stopped does not pay.

        Args:
            spared: leaves the newest alert for whoever looks at the demo.
        """
        self._follow()
        while self._given_up:
            payment, now = self._given_up.pop(), clock.now()
            for transfer in self._waiting(payment):
                self._company.transfers.stop(transfer.id, now, payer=payment.name)
            self._cancelled.append(_cancelled(payment, now))
        warned, self._warned = self._warned, {}
        for account, is_true in warned.items():
            with self._house.database.read() as connection:
                unanswered = [alert for alert in alerts_of(connection, account) if alert.answer is None]
            for alert in unanswered[account == spared :]:
                self._answer_alert(account, alert.id, is_true=is_true)

    def _answer_alert(self, account: str, alert: str, *, is_true: bool) -> None:
        chance, now = self._rng.random(), clock.now()
        if chance < 0.85:
            self._company.alerts.open(account, alert, now)
        if chance < 0.7:
            answer = self._rng.choice(_IF_TRUE if is_true else _IF_NOT)
            self._company.alerts.answer(account, alert, answer, now)

    def _answer_wards(self) -> None:
        """Guardians call, or know the payee; some say nothing."""
        warnings, vault, now = self._company.circle_warnings, self._house.database.vault, clock.now()
        for guardian in dict.fromkeys(one for found in self._guardians.values() for one in found):
            with self._house.database.read() as connection:
                found = warnings_for(connection, vault, guardian, now)
            for warning in found:
                if self._rng.random() < 0.7:
                    said = self._rng.choice(("called", "called", "called", "vouched"))
                    warnings.answer(warning.id, guardian, "vouched" if said == "vouched" else "called", guardian, now)

    def _answer_cards(self) -> None:
        cards, now = self._company.care_cards, clock.now()
        cards.take_in(now)
        for minor in self._community.minors:
            for card in cards.list_shown(_name(minor)):
                if self._rng.random() < 0.8:
                    cards.open(_name(minor), card.id, now)
                    cards.answer(_name(minor), card.id, self._rng.choice(_TO_CARDS), now)

    def cancelled(self) -> list[bytes]:
        """What the platform says of payments that were given up since the last time, as CloudEvents."""
        said, self._cancelled = self._cancelled, []
        return said

    async def go_on(self) -> None:
        """Answer what comes, as long as the demo runs."""
        while True:
            await asyncio.sleep(ANSWERS_EVERY_S)
            try:
                await asyncio.to_thread(self.answer)
                await self._house.intake.accept_many(self.cancelled())
            except AnlanError as error:
                ERR.print(f"demo member did not answer: {error.message}", markup=False)


def _payment_of(event: LabelledEvent) -> Payment:
    return msgspec.json.decode(event.cloudevent, type=_Event).data


def _cancelled(payment: Payment, now: float) -> bytes:
    data = {"payer": payment.payer, "payment_id": payment.payment_id, "outcome": "cancelled"}
    return msgspec.json.encode({
        "specversion": "1.0", "id": f"{payment.payment_id}-cancelled", "source": SOURCE, "type": "payment.settled",
        "time": clock.to_rfc3339(now), "data": data,
    })


def _name(person: Person) -> str:
    return f"account:{person.account}"
