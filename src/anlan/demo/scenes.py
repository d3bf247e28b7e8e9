"""One story as it unfolds: a clock of its own, a place for everybody in it, and what each of them does."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from typing import Literal

from anlan.demo.community import Circle, Community, Person
from anlan.demo.gear import agent_of
from anlan.demo.labels import NORMAL, Happening, Mark
from anlan.demo.scripts import Phrasebook
from anlan.domain.event_data import (
    AccountLogin,
    BindingChanged,
    Data,
    FriendshipChanged,
    GroupChanged,
    MessageSent,
    PasswordChanged,
    PaymentInitiated,
    PaymentSettled,
    ReportFiled,
    SessionChanged,
)


@dataclass(slots=True)
class Stage:
    """What all scenes of one run share.

    Attributes:
        run: part of every id made here, so that two runs over one community never repeat one.
        agenda: a heap of what is still to happen.
        pace: how long attackers wait, relative to life; ordinary people are never hurried.
    """

    rng: Random
    book: Phrasebook
    community: Community
    run: str
    pace: float = 1.0
    agenda: list[Happening] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)


class Scene:
    """Plays one story from `at` on; `wait` moves its clock, everything else happens at once."""

    __slots__ = ("_pace", "_places", "at", "book", "community", "rng", "stage", "story")

    def __init__(self, stage: Stage, at: float, story: str, pace: float = 1.0) -> None:
        self.stage = stage
        self.rng = stage.rng
        self.book = stage.book
        self.community = stage.community
        self.at = at
        self.story = f"{story}-{stage.run}-{next(stage.numbers)}"
        self._pace = pace
        self._places: dict[str, tuple[str, str]] = {}

    def wait(self, low_s: float, high_s: float) -> None:
        """Let between `low_s` and `high_s` seconds pass."""
        self.at += (low_s + (high_s - low_s) * self.rng.random()) * self._pace

    def happen(self, data: Data, mark: Mark = NORMAL) -> None:
        """Put `data` on the agenda at this scene's time."""
        heapq.heappush(self.stage.agenda, Happening(self.at, next(self.stage.numbers), data, mark, self.story))

    def place(self, person: Person) -> tuple[str, str]:
        """Where `person` is (device, ip), the same through the whole scene."""
        # By device too, because a thief acts with the owner's account from somewhere else.
        key = person.account + person.devices[0]
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = person.place(self.rng)
        return place

    def new_id(self, prefix: str) -> str:
        """An id that no other scene or run uses."""
        return f"{prefix}-{self.stage.run}-{next(self.stage.numbers)}"

    def say(self, name: str, **given: str) -> str:
        """One way to say `name`; see `Phrasebook.say`."""
        return self.book.say(self.rng, name, **given)

    def message(
        self, sender: Person, text: str, to: Person | Circle, mark: Mark = NORMAL, reply_to: str | None = None
    ) -> str:
        """`sender` writes to a person or a group; the id of the message."""
        device, ip = self.place(sender)
        message_id = self.new_id("m")
        recipient, group = (to.account, None) if isinstance(to, Person) else (None, to.id)
        self.happen(
            MessageSent(
                sender=sender.account, text=text, message_id=message_id, recipient=recipient, group=group,
                device=device, ip=ip, session=sender.sessions.get(device), reply_to=reply_to,
                media_count=int(self.rng.random() < 0.04),
            ),
            mark,
        )
        return message_id

    def login(self, person: Person, failure: str | None = None, method: str = "password", mark: Mark = NORMAL) -> None:
        """`person` tries to sign in; `failure` says why it does not work."""
        device, ip = self.place(person)
        result: Literal["success", "failure"] = "failure" if failure else "success"
        session = self.new_id("session")
        if not failure:
            person.sessions[device] = session
        self.happen(
            AccountLogin(
                account=person.account, result=result, device=device, ip=ip, method=method, failure_reason=failure,
                session=session, user_agent=agent_of(device),
            ),
            mark,
        )

    def password(self, person: Person, way: Literal["change", "reset"], mark: Mark = NORMAL) -> None:
        """`person` gets another password."""
        device, ip = self.place(person)
        session = person.sessions.get(device)
        self.happen(PasswordChanged(account=person.account, way=way, session=session, device=device, ip=ip), mark)

    def binding(self, person: Person, mark: Mark = NORMAL, **new: str) -> None:
        """`person` replaces the phone or mail address that the account hangs on by a `new` one."""
        device, ip = self.place(person)
        self.happen(
            BindingChanged(
                account=person.account, binding="phone" if "phone" in new else "email", change="replaced",
                former_phone=person.phone if "phone" in new else None,
                former_email=person.email if "email" in new else None,
                session=person.sessions.get(device), device=device, ip=ip, **new,
            ),
            mark,
        )

    def session_change(
        self, person: Person, change: Literal["refreshed", "ended", "others_ended"], mark: Mark = NORMAL
    ) -> None:
        """`person` comes back to a session, ends it, or throws out all others."""
        device, ip = self.place(person)
        session = person.sessions.get(device)
        if session:
            self.happen(
                SessionChanged(
                    account=person.account, change=change, session=session, device=device, ip=ip,
                    user_agent=agent_of(device),
                ),
                mark,
            )

    def transfer(self, person: Person, circle: Circle, new_owner: str, mark: Mark = NORMAL) -> None:
        """`person` gives a group that they own to somebody else."""
        device, ip = self.place(person)
        self.happen(
            GroupChanged(
                group=circle.id, account=person.account, change="transferred", new_owner=new_owner, device=device,
                ip=ip, session=person.sessions.get(device),
            ),
            mark,
        )

    def pay(
        self, payer: Person, payee: str, amount_minor: int, receiver: Person | None = None, mark: Mark = NORMAL,
        note: str = "",
    ) -> None:
        """`payer` is about to pay, and does so half a minute later unless somebody stops them."""
        device, ip = self.place(payer)
        payment_id = self.new_id("pay")
        self.happen(
            PaymentInitiated(
                payer=payer.account, payee=payee, payee_account=receiver.account if receiver else None, note=note,
                amount_minor=amount_minor, payment_id=payment_id, device=device, ip=ip,
            ),
            mark,
        )
        self.wait(20, 40)
        self.happen(
            PaymentSettled(
                payer=payer.account, payee=payee, amount_minor=amount_minor, payment_id=payment_id, outcome="paid"
            ),
            mark,
        )

    def friendship(
        self, person: Person, other: Person, change: Literal["requested", "added", "removed", "declined"],
        text: str = "", mark: Mark = NORMAL,
    ) -> None:
        """`person` asks for, makes or ends a tie with `other`."""
        device, ip = self.place(person)
        self.happen(
            FriendshipChanged(
                account=person.account, other=other.account, change=change, text=text, device=device, ip=ip
            ),
            mark,
        )

    def membership(
        self, person: Person, circle: Circle, change: Literal["joined", "left", "removed"],
        invited_by: Person | None = None, mark: Mark = NORMAL,
    ) -> None:
        """`person` joins or leaves `circle`."""
        device, ip = self.place(person)
        self.happen(
            GroupChanged(
                group=circle.id, account=person.account, change=change, device=device, ip=ip,
                invited_by=invited_by.account if invited_by else None,
            ),
            mark,
        )

    def report(
        self, reporter: Person, reported: Person, category: str, text: str, message_id: str | None = None,
        mark: Mark = NORMAL,
    ) -> None:
        """`reporter` reports `reported`, rightly or not."""
        device, ip = self.place(reporter)
        self.happen(
            ReportFiled(
                reporter=reporter.account, category=category, reported=reported.account, message_id=message_id,
                text=text, device=device, ip=ip,
            ),
            mark,
        )


def elsewhere(person: Person, device: str, ip: str) -> Person:
    """The account of `person` in the hands of whoever sits at `device`."""
    return replace(person, devices=[device], home_ip=ip, mobile_ip=ip, sessions={})
