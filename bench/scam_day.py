"""Plays a day of the demo community, full of scams, through a whole Anlan, and judges who was warned in time.

What happens is drawn for one fixed day and moved to one that has just ended, by whole hours, in a time zone where the
hours of the day are those drawn: every run sees the same day, whenever it runs. So many scams in one day would tell
themselves: each has a payee of its own, and only the first of each victim counts.
"""

import asyncio
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from sqlalchemy import select

from anlan import clock
from anlan.app import House
from anlan.demo.community import LOCAL_OFFSET_S, nickname
from anlan.demo.doorkeeper import Doorkeeper, is_turning_point
from anlan.demo.labels import NORMAL, LabelledEvent
from anlan.demo.nuisances import register
from anlan.demo.scams import scam
from anlan.demo.scenes import Scene
from anlan.demo.scripts import Phrasebook
from anlan.demo.simulation import DECK, Tempo, simulate
from anlan.domain.alerts import DAY_S, FRESH_S, Cap
from anlan.domain.circles import Consent
from anlan.domain.decisions import Decision, VerdictAnswer
from anlan.domain.scenarios import HARMS
from anlan.settings import Settings
from anlan.store.tables import alerts, circle_warnings, decisions, events

HOUR_S = 3_600.0
DRAWN_FOR = 1_788_192_000.0
"""Midnight where the demo community lives."""
HOURS = 22
"""A day that has just ended: of what is older than `FRESH_S` nobody is warned any more."""
PEOPLE = 300
BATCH = 256
CLOCK_S = 0.001
"""What an event's time loses on its way through RFC 3339."""
CONSENT = Consent(harms=HARMS, may_pause=True)
NEWCOMER = "newcomer_deal"
_PAYEE = re.compile(rb"wallet-97(\d{5})")
_SCORE, _STAGED, _STAGE = (f"payer_dialogue_{name}_7d" for name in ("scenario_score", "fraud_score", "stage"))
FAINT = 0.05
"""From this danger on, something was found of a talk."""


class Warned(NamedTuple):
    """One alert as the store has it; `is_told` is whether a guardian was warned of it too."""

    event: str
    account: str
    strength: str
    state: str
    cap: Cap | None
    policy: str
    at: float
    is_told: bool


class Scam(NamedTuple):
    """One scripted scam whose victim was about to pay.

    Attributes:
        is_warned: the victim had a banner or a full stop by then, at the payment itself included.
        is_early: they had it before they were about to pay.
        is_held_back: all that they would have had by then was capped, kept for the morning or withheld.
        is_told: somebody of their circle was warned by then; None without a circle.
        by: the policy that warned them last, at the payment if one did; empty without.
        cause: why they were not warned; empty when they were.
    """

    script: str
    is_warned: bool
    is_early: bool
    is_held_back: bool
    is_told: bool | None
    by: str
    cause: str


class Day(NamedTuple):
    """One day of one community.

    Attributes:
        honest: conversations, `interrupted` of them by a banner or a full stop.
        newcomers: honest deals with somebody who has only just come, `newcomers_interrupted` likewise; not in `honest`.
    """

    scams: list[Scam]
    honest: int
    interrupted: Counter[str]
    newcomers: int
    newcomers_interrupted: int
    states: Counter[str]


class _Named(msgspec.Struct):
    """What is read of an event."""

    id: str
    data: dict[str, object]


def deal_with_newcomer(scene: Scene) -> None:
    """Somebody honest who has only just come sells something, and tells a stranger where to pay."""
    scene.story = scene.story.replace("deal_with_newcomer", NEWCOMER, 1)
    rng, buyer = scene.rng, scene.rng.choice(scene.community.adults)
    place = scene.new_id("dev"), f"198.51.100.{rng.randrange(1, 250)}"
    seller = register(scene, NORMAL, nickname(rng, scene.book), *place)
    scene.wait(300, 3_000)
    scene.friendship(buyer, seller, "requested", scene.say("greetings.friend_request"))
    scene.wait(30, 900)
    scene.friendship(seller, buyer, "added")
    name = rng.choice(scene.book.dialogues_of("deals"))
    wallet = f"wallet-{rng.randrange(10**9, 10**10)}"
    for turn in scene.book.dialogues[name]:
        scene.wait(10, 300)
        if turn.by == "buyer" and turn.step == "pay":
            say = "my account is {}" if name.endswith("_en") else "收款账号{}"
            scene.message(seller, say.format(wallet), buyer)
            scene.wait(60, 600)
            scene.pay(buyer, wallet, rng.randrange(200, 1_000) * 100, seller if rng.random() < 0.5 else None)
        pair = (buyer, seller) if turn.by == "buyer" else (seller, buyer)
        scene.message(pair[0], scene.book.phrase(rng, turn.ways), pair[1])


BUSY = Tempo(
    events_per_person_day=40.0, attacks_per_person_day=0.6,
    deck=(*(one for one in DECK if one is not scam), *(scam,) * 30, *(deal_with_newcomer,) * 10),
)


def live_through(seed: int, book: Phrasebook, account_days: float = 0.0) -> Day:
    """One day in a fresh house; scammers' accounts are as many days older than the demo's, which are of that day."""
    drawn = simulate(seed, DRAWN_FOR, HOURS, PEOPLE, BUSY, book=book)
    told = [_disguised(event, account_days) if event.story.startswith("scam_by_") else event for event in drawn]
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_Played(Path(folder), told).judge())


def _disguised(event: LabelledEvent, account_days: float) -> LabelledEvent:
    """The event of a scam with a payee of its own."""
    story = int(event.story.rpartition("-")[2])
    time = event.time - account_days * DAY_S if event.type == "account.registered" else event.time
    body = _PAYEE.sub(b"wallet-97%d\\1" % story, event.cloudevent)
    return msgspec.structs.replace(event, time=time, cloudevent=body)


class _Played:
    """A day in a house that lives in `folder`."""

    def __init__(self, folder: Path, told: Sequence[LabelledEvent]) -> None:
        self._told = told
        hours_later = (clock.now() - DRAWN_FOR) // HOUR_S - HOURS
        self._later = hours_later * HOUR_S
        assert FRESH_S - HOURS * HOUR_S >= HOUR_S, "the day must still be fresh when it has been played"
        # The hour of the day stays the one that was drawn; Etc/GMT-8 is eight hours ahead of UTC.
        ahead = (LOCAL_OFFSET_S // HOUR_S - hours_later + 11) % 24 - 11
        self._house = House(Settings(_env_file=None, data_dir=folder, time_zone=f"Etc/GMT{-ahead:+.0f}"))
        self._guarded: set[str] = set()

    async def judge(self) -> Day:
        """Live through it and look back."""
        await self._house.start()
        try:
            self._form_circles()
            happened = await self._send()
            self._house.company.alerts.take_in(clock.now())
            return self._count(happened)
        finally:
            await self._house.stop()

    async def _send(self) -> list[LabelledEvent]:
        keeper, happened = Doorkeeper(), []
        for batch in _batches(self._told):
            real = [event for event in batch if keeper.happens(event)]
            answers = await self._house.intake.accept_many([self._moved(event) for event in real])
            for event, answer in zip(real, answers, strict=True):
                verdict = msgspec.json.decode(answer, type=VerdictAnswer)  # type: ignore[arg-type]
                keeper.obey(event, verdict.verdict, {action.kind for action in verdict.actions})
            happened += real
        return happened

    def _moved(self, event: LabelledEvent) -> bytes:
        sent = msgspec.json.decode(event.cloudevent)
        return msgspec.json.encode({**sent, "time": clock.to_rfc3339(event.time + self._later)})

    def _form_circles(self) -> None:
        """Every second member has a friend who watches."""
        ties: dict[str, str] = {}
        for event in self._told:
            if event.type == "friendship.changed" and event.time < DRAWN_FOR:
                data = _read(event).data
                ties.setdefault(str(data["account"]), str(data["other"]))
        self._guarded.update(sorted(ties)[::2])
        circles, at = self._house.company.circles, DRAWN_FOR + self._later
        for ward in sorted(self._guarded):
            mine, theirs = f"account:{ward}", f"account:{ties[ward]}"
            invited = circles.invite(mine, theirs, "guardian", CONSENT, "key:bench", at, is_vouched=True)
            circles.accept(invited, theirs, CONSENT, "key:bench", at)

    def _alerts(self) -> list[Warned]:
        shown = alerts.c.id, alerts.c.account, alerts.c.strength, alerts.c.state, alerts.c.cap, alerts.c.policy
        query = select(events.c.id, *shown, alerts.c.at).join(events, events.c.seq == alerts.c.event_seq)
        with self._house.database.read() as connection:
            told = set(connection.execute(select(circle_warnings.c.alert_id)).scalars())
            rows = connection.execute(query).all()
        return [
            Warned(row[0], row[2].removeprefix("account:"), *row[3:7], row[7] - self._later, row[1] in told)
            for row in rows
        ]

    def _dangers(self) -> dict[str, float]:
        """By payment that was about to be made, how much was thought of the talk before it."""
        query = (
            select(events.c.id, decisions.c.body).join(events, events.c.seq == decisions.c.event_seq)
            .where(events.c.type == "payment.initiated", decisions.c.pass_number == 1)
        )
        with self._house.database.read() as connection:
            rows = connection.execute(query).all()
        found = {name: msgspec.json.decode(body, type=Decision).signals for name, body in rows}
        return {
            name: max(of.get(_SCORE) or 0.0, (of.get(_STAGED) or 0.0) * ((of.get(_STAGE) or 0.0) >= 3))
            for name, of in found.items()
        }

    def _count(self, happened: Sequence[LabelledEvent]) -> Day:
        found = self._alerts()
        story_of = {_read(event).id: event.story for event in happened}
        by_story: dict[str, list[Warned]] = defaultdict(list)
        for one in found:
            by_story[story_of[one.event]].append(one)
        stories: dict[str, list[LabelledEvent]] = defaultdict(list)
        for event in happened:
            stories[event.story].append(event)
        honest = {name: [_policy_that_interrupts(by_story[name])] for name, of in stories.items() if _is_honest(of)}
        new = {name for name in honest if name.startswith(NEWCOMER)}
        return Day(
            list(self._scams(stories, by_story)),
            len(honest) - len(new),
            Counter(policy for name, of in honest.items() if name not in new for policy in of if policy),
            len(new),
            sum(bool(honest[name][0]) for name in new),
            Counter(one.state for one in found),
        )

    def _scams(
        self, stories: Mapping[str, Sequence[LabelledEvent]], by_story: Mapping[str, Sequence[Warned]]
    ) -> Iterator[Scam]:
        """Of each victim the first, in order of payment."""
        dangers, known = self._dangers(), set[str]()
        asked = [
            (payment, name) for name, of in stories.items()
            if name.startswith("scam_by_") and (payment := _payment(of)) is not None
        ]
        for payment, name in sorted(asked, key=lambda one: one[0].time):
            victim = str(_read(payment).data["payer"])
            if victim not in known:
                known.add(victim)
                danger = dangers.get(_read(payment).id, 0.0)
                yield _judge(name, victim, payment.time, by_story.get(name, ()), danger, victim in self._guarded)


def _batches(told: Iterable[LabelledEvent]) -> Iterator[list[LabelledEvent]]:
    batch: list[LabelledEvent] = []
    for event in told:
        batch.append(event)
        if len(batch) == BATCH or is_turning_point(event):
            yield batch
            batch = []
    yield batch


def _payment(story: Sequence[LabelledEvent]) -> LabelledEvent | None:
    """The first that the victim was about to make to the gang."""
    return next((e for e in story if e.type == "payment.initiated" and e.actor_role == "victim"), None)


def _is_honest(story: Sequence[LabelledEvent]) -> bool:
    speaks = any(event.type in ("message.sent", "payment.initiated") for event in story)
    return speaks and all(event.label == "normal" and event.actor_role == "ordinary" for event in story)


def _interrupts(one: Warned) -> bool:
    return one.state == "sent" and one.strength != "hint"


def _policy_that_interrupts(found: Iterable[Warned]) -> str:
    return next((one.policy for one in found if _interrupts(one)), "")


def _judge(name: str, victim: str, paid_at: float, found: Sequence[Warned], danger: float, has_circle: bool) -> Scam:
    mine = [one for one in found if one.account == victim]
    by_then = [one for one in mine if one.at <= paid_at + CLOCK_S]
    reached = sorted((one for one in by_then if _interrupts(one)), key=lambda one: one.at)
    return Scam(
        script=name.removeprefix("scam_by_").partition("-")[0],
        is_warned=bool(reached),
        is_early=any(one.at < paid_at - CLOCK_S for one in reached),
        is_held_back=bool(by_then) and not any(one.state == "sent" for one in by_then),
        is_told=any(one.is_told for one in by_then) if has_circle else None,
        by=reached[-1].policy if reached else "",
        cause="" if reached else _cause(found, mine, by_then, danger),
    )


def _cause(found: Sequence[Warned], mine: Sequence[Warned], by_then: Sequence[Warned], danger: float) -> str:
    """Why nobody was warned by then, the nearest miss first."""
    strong = [one for one in by_then if one.strength != "hint"]
    if strong:
        return {"capped": "capped", "quiet": "quiet hours", "control": "withheld"}.get(strong[0].state, strong[0].state)
    if any(_interrupts(one) for one in mine):
        return "too late"
    if any(_interrupts(one) for one in found):
        return "somebody else was warned"
    return "found, too little to speak of" if danger >= FAINT else "nothing found"


def _read(event: LabelledEvent) -> _Named:
    return msgspec.json.decode(event.cloudevent, type=_Named)
