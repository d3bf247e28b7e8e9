"""What is done with an account once somebody is in: by its owner, and by a thief in the order that studies tell."""

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import NamedTuple

from anlan.demo.scripts import Phrasebook
from anlan.domain.event_data import (
    BindingChanged,
    Data,
    GroupChanged,
    MessageSent,
    PasswordChanged,
    PaymentInitiated,
    SessionChanged,
)
from bench.login_life.anchors import LOOKS_AROUND_S
from bench.login_life.members import Member
from bench.login_life.stage import Planned

_MESSAGES = count()
_TOPICS = ("food", "family", "work", "study", "games", "weather", "travel", "pets", "plans")
THIEF_DEEDS = 24


class Hand(NamedTuple):
    """Who acts with an account, through which session, from where."""

    member: Member
    session: str
    device: str | None
    ip: str

    def message(self, to: Member, text: str) -> MessageSent:
        """A private message."""
        return MessageSent(
            sender=self.member.account, text=text, recipient=to.account, message_id=f"m{next(_MESSAGES)}",
            session=self.session, device=self.device, ip=self.ip,
        )

    def binding(self, kind: str, change: str) -> BindingChanged:
        """A binding added or replaced."""
        return BindingChanged(
            account=self.member.account, binding=kind, change=change,  # type: ignore[arg-type]
            session=self.session, device=self.device, ip=self.ip,
        )

    def password(self) -> PasswordChanged:
        """Another password."""
        return PasswordChanged(
            account=self.member.account, way="change", session=self.session, device=self.device, ip=self.ip
        )

    def group(self, group: str, to: str) -> GroupChanged:
        """A group given away."""
        return GroupChanged(
            group=group, account=self.member.account, change="transferred", new_owner=to, session=self.session,
            device=self.device, ip=self.ip,
        )

    def payment(self, payee: str, amount_minor: int, payee_account: str | None = None) -> PaymentInitiated:
        """Money sent."""
        return PaymentInitiated(
            payer=self.member.account, payee=payee, amount_minor=amount_minor, payee_account=payee_account,
            session=self.session, device=self.device, ip=self.ip,
        )

    def sessions_ended(self) -> SessionChanged:
        """All other sessions thrown out."""
        return SessionChanged(
            account=self.member.account, change="others_ended", session=self.session, device=self.device, ip=self.ip
        )


def live(rng: Random, book: Phrasebook, hand: Hand) -> Iterator[Planned]:
    """What an owner does in one session: some talk, and now and then what a thief would do too."""
    friends = hand.member.friends
    chance = rng.random()
    if chance < 0.01:
        greeting = rng.choice(("新年快乐，万事如意！", "中秋快乐🎑", "生日快乐呀", "周末愉快，有空聚聚"))
        for friend in friends[:10]:
            yield Planned(rng.uniform(3, 15), hand.message(friend, greeting))
    elif chance < 0.02:
        yield Planned(rng.uniform(20, 200), hand.password())
    elif chance < 0.026:
        yield Planned(rng.uniform(20, 200), hand.binding(rng.choice(("phone", "factor", "email")), "replaced"))
    elif chance < 0.03 and hand.member.groups:
        yield Planned(rng.uniform(20, 200), hand.group(hand.member.groups.pop(), rng.choice(friends).account))
    elif chance < 0.06:
        friend = rng.choice(friends)
        payment = hand.payment(f"wallet-{friend.account}", rng.randrange(500, 90_000), friend.account)
        yield Planned(rng.uniform(20, 200), payment)
    for _ in range(rng.randrange(0, 4)):
        said = book.say(rng, f"topics.{rng.choice(_TOPICS)}.{rng.choice(('open', 'reply'))}")
        yield Planned(rng.uniform(5, 90), hand.message(rng.choice(friends), said))


def plunder(rng: Random, book: Phrasebook, hand: Hand) -> Iterator[Planned]:
    """What a thief does: looks around, locks the owner out or not, then asks the contacts for money."""
    friends = rng.sample(hand.member.friends, len(hand.member.friends))
    payee, amount = f"wallet-thief-{rng.randrange(20)}", rng.choice((500, 800, 1000, 2000, 3000))
    deeds: list[tuple[float, Data]] = []
    if rng.random() < 0.35:
        deeds += [(rng.uniform(5, 60), hand.sessions_ended())]
    if rng.random() < 0.5:
        deeds += [(rng.uniform(10, 90), hand.binding(rng.choice(("phone", "phone", "email")), "replaced"))]
    if rng.random() < 0.4:
        deeds += [(rng.uniform(10, 60), hand.password())]
    deeds += [(rng.uniform(3, 20), hand.message(friend, book.say(rng, "takeover.hello"))) for friend in friends]
    plea = book.say(
        rng, rng.choice(("takeover.ask", "takeover.ask", "takeover.link")), amount=str(amount), payee=payee,
        site="vote0000.example.net",
    )
    deeds += [(rng.uniform(3, 30), hand.message(friend, plea)) for friend in friends]
    if hand.member.groups and rng.random() < 0.5:
        deeds += [(rng.uniform(10, 90), hand.group(hand.member.groups.pop(), "thief-account"))]
    if rng.random() < 0.4:
        deeds += [(rng.uniform(10, 120), hand.payment(payee, amount * 100))]
    delay_s = LOOKS_AROUND_S * rng.uniform(0.3, 2.0)
    for pause_s, deed in deeds[:THIEF_DEEDS]:
        yield Planned(delay_s + pause_s, deed)
        delay_s = 0.0
