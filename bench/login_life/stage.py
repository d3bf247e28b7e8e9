"""The world's clock: stories put events on it, the whole engine judges each at its time, and stories go on."""

import heapq
from collections.abc import Generator
from itertools import count
from typing import NamedTuple

import msgspec

from anlan.clock import to_rfc3339
from anlan.domain.decisions import Decision
from anlan.domain.event_data import Data
from anlan.domain.events import CATALOGUE, Event
from anlan.engine.profiles import wanted
from anlan.workshop import Workshop

_TYPE_NAMES = {entry.data: entry.name for entry in CATALOGUE}
SOURCE = "//bench.logins"


class Planned(NamedTuple):
    """An event that happens `delay_s` after the last one of its story."""

    delay_s: float
    data: Data


Story = Generator[Planned, Decision, None]


class Stage:
    """Plays all stories in order of time through one engine that holds everything in memory.

    Attributes:
        now: event time, seconds since the epoch; a story reads it between its events.
    """

    def __init__(self, workshop: Workshop, start: float) -> None:
        self._workshop = workshop
        self._agenda: list[tuple[float, int, Story, Data | None]] = []
        self._order = count()
        self.now = start
        self.events = 0

    def begin(self, story: Story, at: float) -> None:
        """Let a story begin at `at`."""
        heapq.heappush(self._agenda, (at, next(self._order), story, None))

    def play(self, until: float) -> None:
        """Everything that happens until `until`."""
        while self._agenda and self._agenda[0][0] <= until:
            self.now, _, story, data = heapq.heappop(self._agenda)
            try:
                planned = next(story) if data is None else story.send(self.judge(data, self.now))
            except StopIteration:
                continue
            heapq.heappush(self._agenda, (self.now + planned.delay_s, next(self._order), story, planned.data))
        self.now = until

    def judge(self, data: Data, time: float) -> Decision:
        """What the engine decides about one event, which it remembers."""
        return self._workshop.engine.judge(self.make_event(data, time), time).decision

    def make_event(self, data: Data, time: float) -> Event:
        """An event as it would arrive, with what is known of its entities at hand."""
        self.events += 1
        body = msgspec.json.encode(
            {
                "specversion": "1.0", "id": f"e{self.events}", "source": SOURCE, "type": _TYPE_NAMES[type(data)],
                "time": to_rfc3339(time),
                "data": {name: value for name, value in msgspec.structs.asdict(data).items() if value is not None},
            }
        )
        event = self._workshop.catalogue.decode(body, time)
        profiles = self._workshop.engine.profiles
        profiles.load(profiles.missing(wanted(event)), ())
        return event
