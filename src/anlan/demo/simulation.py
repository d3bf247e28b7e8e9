"""When things happen: the clock of the demo community, from its seed to a stream of labelled CloudEvents."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate, count
from random import Random

import msgspec

from anlan import clock
from anlan.demo.community import LOCAL_OFFSET_S, Person, build_community, recall_past
from anlan.demo.labels import Happening, LabelledEvent
from anlan.demo.life import ACTIVITIES, grow_up
from anlan.demo.nuisances import (
    abuse,
    advertise_gambling,
    advertise_porn,
    advertise_spam,
    farm_accounts,
    flood,
    report_falsely,
)
from anlan.demo.scams import scam
from anlan.demo.scenes import Scene, Stage
from anlan.demo.scripts import Phrasebook, phrasebook
from anlan.demo.thefts import stuff_credentials, take_over
from anlan.domain.events import CATALOGUE

SOURCE = "//demo.anlan/im"

Attack = Callable[[Scene], None]

DECK: tuple[Attack, ...] = (
    *(advertise_spam,) * 4, *(advertise_gambling,) * 2, *(advertise_porn,) * 2, *(scam,) * 5,
    stuff_credentials, take_over, farm_accounts, *(abuse,) * 2, flood,
    report_falsely,
)
"""Attacks are dealt from a deck, shuffled anew when it is empty, so that each kind comes up."""

_TYPE_NAMES = {entry.data: entry.name for entry in CATALOGUE}
_MEAN_EVENTS_PER_ACTIVITY = 3.7
_PEAK_HOUR = 20
_MAX_LAG_S = 30.0
_MOMENTS_S = 300.0


@dataclass(frozen=True, slots=True)
class Tempo:
    """How busy the community is.

    Attributes:
        events_per_person_day: ordinary events.
        attacks_per_person_day: stories of bad actors begun.
        attack_pace: how long attackers wait between their steps, relative to life.
        has_nights: activity follows the local hour; without, it is always evening.
        deck: what bad actors do; one that stands in it more often comes up more often.
    """

    events_per_person_day: float = 60.0
    attacks_per_person_day: float = 0.08
    attack_pace: float = 1.0
    has_nights: bool = True
    deck: tuple[Attack, ...] = DECK


EVERYDAY = Tempo()


def simulate(
    seed: int, start: float, hours: float, people: int = 400, tempo: Tempo = EVERYDAY, has_past: bool = True,
    book: Phrasebook | None = None,
) -> Iterator[LabelledEvent]:
    """What happens in the community of `seed` from `start` on, in order of event time.

    The same arguments give the same bytes. The community depends on `seed` and `people` only, so that a later run
    continues with the same members; ids of events, messages and new accounts never repeat between runs that start
    in different seconds.

    Args:
        start: seconds since the epoch (UTC).
        hours: length; `math.inf` never ends.
        people: ordinary members, 20 or more.
        book: what is said; the one that ships if there is none.
        has_past: begin with how everybody registered, met and formed groups, dated before `start`.
    """
    stage = _set_stage(seed, start, people, tempo, book or phrasebook())
    numbers = count()
    if has_past:
        for happening in _past(stage, start):
            yield _encode(happening, stage.run, next(numbers))
    for happening in _play(stage, start, start + hours * 3600, tempo):
        yield _encode(happening, stage.run, next(numbers))


def history(seed: int, now: float, hours: float = 24.0, people: int = 400) -> Iterator[LabelledEvent]:
    """The last `hours` before `now` with all that led there: what a fresh demo starts its journal with."""
    return simulate(seed, now - hours * 3600, hours, people)


def moments_of_minors(seed: int, now: float, people: int = 400) -> list[LabelledEvent]:
    """Small troubles of every minor in the minutes before `now`, in order: a care card comes in the moment or never."""
    start = now - _MOMENTS_S
    stage = _set_stage(seed, start, people, EVERYDAY, phrasebook())
    for person in stage.community.minors * 2:
        grow_up(Scene(stage, start + stage.rng.uniform(0, _MOMENTS_S / 2), "grow_up"), person)
    numbers = count()
    return [_encode(one, stage.run, next(numbers)) for one in sorted(stage.agenda) if one.time < now]


async def live(
    seed: int,
    now: Callable[[], float] = clock.now,
    events_per_second: float = 3.0,
    people: int = 400,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[LabelledEvent]:
    """The community of `history`, from now on for ever, each event when its time has come.

    Every few minutes an attack begins and takes minutes where in life it would take hours. After a pause (a
    suspended machine) the community goes on from the present instead of catching up.
    """
    tempo = Tempo(
        events_per_person_day=events_per_second * 86_400 / people,
        attacks_per_person_day=events_per_second * 240 / people,
        attack_pace=0.1,
        has_nights=False,
    )
    start = now()
    stage = _set_stage(seed, start, people, tempo, phrasebook())
    numbers = count()
    lag_s = 0.0
    for happening in _play(stage, start, float("inf"), tempo):
        ahead_s = happening.time + lag_s - now()
        if ahead_s > 0:
            await sleep(ahead_s)
        elif ahead_s < -_MAX_LAG_S:
            lag_s -= ahead_s
        yield _encode(happening._replace(time=happening.time + lag_s), stage.run, next(numbers))


def _set_stage(seed: int, start: float, people: int, tempo: Tempo, book: Phrasebook) -> Stage:
    return Stage(
        rng=Random(f"life:{seed}:{start}:{people}"),
        book=book,
        community=build_community(seed, people, book),
        run=f"{seed}-{int(start)}",
        pace=tempo.attack_pace,
    )


def _past(stage: Stage, start: float) -> list[Happening]:
    rng = Random(f"past:{stage.run}")
    return sorted(
        (
            Happening(time, order, data, mark, f"past-{stage.run}")
            for order, (time, data, mark) in enumerate(recall_past(stage.community, rng, start))
        ),
        key=lambda happening: (happening.time, happening.order),
    )


class _Crowd:
    """Who is likely to act in which local hour."""

    def __init__(self, people: list[Person], has_nights: bool) -> None:
        self.people = people
        hours = range(24) if has_nights else (_PEAK_HOUR,) * 24
        self._cumulated = [list(accumulate(person.rhythm[hour] for person in people)) for hour in hours]
        mean = sum(weights[-1] for weights in self._cumulated) / 24
        self._busyness = [weights[-1] / mean for weights in self._cumulated]

    def busyness(self, at: float) -> float:
        """Activity at `at`, 1 on the average of a day."""
        return self._busyness[_local_hour(at)]

    def pick(self, rng: Random, at: float) -> Person:
        """Somebody who acts at `at`."""
        return rng.choices(self.people, cum_weights=self._cumulated[_local_hour(at)])[0]


def _local_hour(at: float) -> int:
    return int((at + LOCAL_OFFSET_S) // 3600 % 24)


def _play(stage: Stage, start: float, end: float, tempo: Tempo) -> Iterator[Happening]:
    """Everything from `start` to `end`: life and attacks begin on their own clocks and share one agenda."""
    rng = stage.rng
    crowd = _Crowd(stage.community.people, tempo.has_nights)
    size = len(crowd.people)
    activities_per_s = size * tempo.events_per_person_day / _MEAN_EVENTS_PER_ACTIVITY / 86_400
    attack_every_s = 86_400 / (size * tempo.attacks_per_person_day)
    activities = [activity for activity, _ in ACTIVITIES]
    weights = list(accumulate(weight for _, weight in ACTIVITIES))
    deck: list[Attack] = []
    next_activity, next_attack = start, start + attack_every_s * rng.random()
    while True:
        at = min(next_activity, next_attack, end)
        while stage.agenda and stage.agenda[0].time <= at:
            yield heapq.heappop(stage.agenda)
        if at >= end:
            return
        if at == next_attack:
            deck = deck or rng.sample(tempo.deck, len(tempo.deck))
            attack = deck.pop()
            attack(Scene(stage, at, attack.__name__, stage.pace))
            next_attack += attack_every_s * (0.5 + rng.random())
        else:
            activity = rng.choices(activities, cum_weights=weights)[0]
            activity(Scene(stage, at, activity.__name__), crowd.pick(rng, at))
            # Nights are slow, never still: with nobody awake the next act could lie beyond the night.
            next_activity += rng.expovariate(activities_per_s * max(0.02, crowd.busyness(at)))


def _encode(happening: Happening, run: str, number: int) -> LabelledEvent:
    time, _, data, mark, story = happening
    name = _TYPE_NAMES[type(data)]
    body = msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": f"{run}-{number}",
            "source": SOURCE,
            "type": name,
            "time": clock.to_rfc3339(time),
            "datacontenttype": "application/json",
            "data": {key: value for key, value in msgspec.structs.asdict(data).items() if value is not None},
        }
    )
    return LabelledEvent(time, name, body, mark.label, mark.role, story, mark.gang)
