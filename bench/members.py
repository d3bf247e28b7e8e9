"""Who of the demo's deceived members was warned before the money moved, who for nothing, what caps and circles do.

Days of the demo community go through a whole Anlan, twice: with the scripts that its authors tuned on
(`demo/scams.yaml`), and with those of `scam_scripts.yaml`, which nobody looked at while tuning.
"""

import asyncio
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import msgspec
import yaml
from sqlalchemy import select

from anlan import clock
from anlan.app import House
from anlan.demo.doorkeeper import Doorkeeper, is_turning_point
from anlan.demo.labels import LabelledEvent
from anlan.demo.scripts import Phrasebook, phrasebook
from anlan.demo.simulation import Tempo, simulate
from anlan.domain.circles import Consent
from anlan.domain.decisions import VerdictAnswer
from anlan.domain.scenarios import HARMS
from anlan.settings import Settings
from anlan.store.tables import alerts, circle_warnings, events
from bench.measure import Figure, at_least, at_most, show_table

HOURS, BEGAN_HOURS_AGO = 23, 23.5
"""A day that has just ended: of older events nobody is warned any more."""
PEOPLE = 300
BUSY = Tempo(attacks_per_person_day=0.4)
SEEDS = (101, 102, 103)
BATCH = 256
CLOCK_S = 0.001
"""What an event's time loses on its way through RFC 3339."""
CONSENT = Consent(harms=HARMS, may_pause=True)


class Warned(NamedTuple):
    """One alert as the store has it; `is_told` is whether a guardian was warned of it too."""

    event: str
    account: str
    strength: str
    state: str
    at: float
    is_told: bool


class Scam(NamedTuple):
    """One scripted scam whose victim was about to pay.

    Attributes:
        is_warned: the victim had a banner or a full stop by then, at the payment itself included.
        is_early: they had it before they were about to pay.
        is_held_back: all that they would have had by then was capped, kept for the morning or withheld.
        is_told: somebody of their circle was warned by then; None without a circle.
    """

    script: str
    is_warned: bool
    is_early: bool
    is_held_back: bool
    is_told: bool | None


class Day(NamedTuple):
    """One day of one community."""

    scams: list[Scam]
    honest: int
    interrupted: int
    states: Counter[str]


class _Named(msgspec.Struct):
    """What is read of an event."""

    id: str
    data: dict[str, object]


def held_out() -> Phrasebook:
    """The phrasebook with the scripts that nobody tuned on."""
    script = yaml.safe_load(resources.files("bench").joinpath("scam_scripts.yaml").read_text("utf-8"))
    return phrasebook().replaced(script)


def live_through(seed: int, book: Phrasebook) -> Day:
    """One day in a fresh house."""
    start = clock.now() - BEGAN_HOURS_AGO * 3_600.0
    told = list(simulate(seed, start, HOURS, PEOPLE, BUSY, book=book))
    with tempfile.TemporaryDirectory() as folder:
        happened, found, guarded = asyncio.run(_play(Path(folder), told, start))
    return _count(happened, found, guarded)


async def _play(
    folder: Path, told: Sequence[LabelledEvent], start: float
) -> tuple[list[LabelledEvent], list[Warned], set[str]]:
    house = House(Settings(_env_file=None, data_dir=folder))
    await house.start()
    guarded = _form_circles(house, told, start)
    keeper, happened = Doorkeeper(), []
    try:
        for batch in _batches(told):
            real = [event for event in batch if keeper.happens(event)]
            for event, answer in zip(real, await house.intake.accept_many([e.cloudevent for e in real]), strict=True):
                verdict = msgspec.json.decode(answer, type=VerdictAnswer)  # type: ignore[arg-type]
                keeper.obey(event, verdict.verdict, {action.kind for action in verdict.actions})
            happened += real
        house.company.alerts.take_in(clock.now())
        return happened, _alerts_of(house), guarded
    finally:
        await house.stop()


def _batches(told: Iterable[LabelledEvent]) -> Iterator[list[LabelledEvent]]:
    batch: list[LabelledEvent] = []
    for event in told:
        batch.append(event)
        if len(batch) == BATCH or is_turning_point(event):
            yield batch
            batch = []
    yield batch


def _form_circles(house: House, told: Sequence[LabelledEvent], start: float) -> set[str]:
    """Every second member has a friend who watches; their names."""
    ties: dict[str, str] = {}
    for event in told:
        if event.type == "friendship.changed" and event.time < start:
            data = _read(event).data
            ties.setdefault(str(data["account"]), str(data["other"]))
    guarded = sorted(ties)[::2]
    for ward in guarded:
        mine, theirs = f"account:{ward}", f"account:{ties[ward]}"
        invited = house.company.circles.invite(mine, theirs, "guardian", CONSENT, "key:bench", start, is_vouched=True)
        house.company.circles.accept(invited, theirs, CONSENT, "key:bench", start)
    return set(guarded)


def _alerts_of(house: House) -> list[Warned]:
    query = select(events.c.id, alerts.c.id, alerts.c.account, alerts.c.strength, alerts.c.state, alerts.c.at)
    with house.database.read() as connection:
        told = set(connection.execute(select(circle_warnings.c.alert_id)).scalars())
        rows = connection.execute(query.join(events, events.c.seq == alerts.c.event_seq)).all()
    return [
        Warned(event, account.removeprefix("account:"), strength, state, at, name in told)
        for event, name, account, strength, state, at in rows
    ]


def _count(happened: Sequence[LabelledEvent], found: Sequence[Warned], guarded: set[str]) -> Day:
    story_of = {_read(event).id: event.story for event in happened}
    by_story: dict[str, list[Warned]] = defaultdict(list)
    for one in found:
        by_story[story_of[one.event]].append(one)
    stories: dict[str, list[LabelledEvent]] = defaultdict(list)
    for event in happened:
        stories[event.story].append(event)
    scams = [
        _judge(name, payment, by_story[name], guarded)
        for name, story in stories.items()
        if name.startswith("scam_by_") and (payment := _payment(story)) is not None
    ]
    honest = [name for name, story in stories.items() if _is_honest(story)]
    interrupted = sum(any(_interrupts(one) for one in by_story[name]) for name in honest)
    return Day(scams, len(honest), interrupted, Counter(one.state for one in found))


def _payment(story: Sequence[LabelledEvent]) -> LabelledEvent | None:
    """The first that the victim was about to make to the gang."""
    return next((e for e in story if e.type == "payment.initiated" and e.actor_role == "victim"), None)


def _is_honest(story: Sequence[LabelledEvent]) -> bool:
    speaks = any(event.type in ("message.sent", "payment.initiated") for event in story)
    return speaks and all(event.label == "normal" and event.actor_role == "ordinary" for event in story)


def _interrupts(one: Warned) -> bool:
    return one.state == "sent" and one.strength != "hint"


def _judge(name: str, payment: LabelledEvent, found: Sequence[Warned], guarded: set[str]) -> Scam:
    victim = str(_read(payment).data["payer"])
    mine = [one for one in found if one.account == victim and one.at <= payment.time + CLOCK_S]
    reached = [one for one in mine if _interrupts(one)]
    return Scam(
        script=name.removeprefix("scam_by_").partition("-")[0],
        is_warned=bool(reached),
        is_early=any(one.at < payment.time - CLOCK_S for one in reached),
        is_held_back=bool(mine) and not any(one.state == "sent" for one in mine),
        is_told=any(one.is_told for one in mine) if victim in guarded else None,
    )


def _read(event: LabelledEvent) -> _Named:
    return msgspec.json.decode(event.cloudevent, type=_Named)


def _share(marks: Iterable[bool]) -> float:
    known = list(marks)
    return sum(known) / max(1, len(known))


def measure(name: str, book: Phrasebook, seeds: Sequence[int], *, is_promised: bool) -> list[Figure]:
    """The figures of some days; `is_promised` for those that stand beside what was to be reached."""
    days = [live_through(seed, book) for seed in seeds]
    scams = [scam for day in days for scam in day.scams]
    by_script: dict[str, list[Scam]] = defaultdict(list)
    for scam in scams:
        by_script[scam.script].append(scam)
    show_table(
        f"{name}: {len(scams)} scams whose victim was about to pay", ["script", "scams", "warned", "before paying"],
        [
            [script, len(of), f"{_share(one.is_warned for one in of):.2f}", f"{_share(one.is_early for one in of):.2f}"]
            for script, of in sorted(by_script.items())
        ],
    )
    warned = _share(scam.is_warned for scam in scams)
    wrongly = sum(day.interrupted for day in days) / max(1, sum(day.honest for day in days))
    states = sum((day.states for day in days), Counter[str]())
    circled = [scam for scam in scams if scam.is_told is not None]
    first = f"{name}: scams warned of before the money moves"
    second = f"{name}: honest conversations interrupted"
    return [
        at_least(first, warned, 0.9, "{:.3f}") if is_promised else Figure(first, f"{warned:.3f}"),
        at_most(second, wrongly, 0.01, "{:.4f}") if is_promised else Figure(second, f"{wrongly:.4f}"),
        Figure(f"{name}: ... with a word before they were about to pay", f"{_share(s.is_early for s in scams):.3f}"),
        Figure(f"{name}: victims with a circle, themselves warned", f"{_share(s.is_warned for s in circled):.3f}"),
        Figure(
            f"{name}: victims with a circle, they or somebody in it warned",
            f"{_share(bool(s.is_warned or s.is_told) for s in circled):.3f}",
        ),
        Figure(f"{name}: alerts held back by caps, by night", f"{states['capped']:,}, {states['quiet']:,} of "
               f"{states.total():,}"),
        Figure(f"{name}: victims who heard nothing because of that", f"{_share(s.is_held_back for s in scams):.3f}"),
    ]


def run(quick: bool) -> list[Figure]:
    """The figures of `make bench`."""
    seeds = SEEDS[:1] if quick else SEEDS
    return [
        *measure("scripts tuned on", phrasebook(), seeds, is_promised=False),
        *measure("scripts held out", held_out(), seeds, is_promised=True),
    ]
