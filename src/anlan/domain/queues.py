"""How long work may wait: service hours counted around the clock or in working time, in the zone of the desk."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from anlan.errors import InvalidSettings

HOUR_S = 3_600.0
LONGEST_SEARCH_DAYS = 800
"""How many days ahead a due time is looked for; nothing is promised for later."""


class WorkingTime(msgspec.Struct, frozen=True, kw_only=True):
    """When the desk is at work.

    Attributes:
        zone: IANA name.
        opens, closes: minutes after midnight, local time; `closes` is the later one.
        weekdays: 0 is Monday.
        days_off: dates that are free although their weekday is not.
        days_on: dates that are worked although their weekday is free, as before long holidays in China.
    """

    zone: str = "Asia/Shanghai"
    opens: int = 9 * 60
    closes: int = 18 * 60
    weekdays: frozenset[int] = frozenset(range(5))
    days_off: frozenset[date] = frozenset()
    days_on: frozenset[date] = frozenset()

    def is_worked(self, day: date) -> bool:
        """Whether the desk opens on this date."""
        return day in self.days_on or (day.weekday() in self.weekdays and day not in self.days_off)


def read_working_time(zone: str, hours: str, days_off: str, days_on: str) -> WorkingTime:
    """What the settings say: hours as `09:00-18:00`, dates as `2026-10-01, 2026-10-02`.

    Raises:
        InvalidSettings: naming what cannot be read.
    """
    try:
        opens, closes = (time.fromisoformat(part.strip()) for part in hours.split("-"))
        made = WorkingTime(
            zone=zone, opens=_minutes(opens), closes=_minutes(closes), days_off=_dates(days_off),
            days_on=_dates(days_on),
        )
    except ValueError as error:
        raise InvalidSettings(
            f"working hours are like 09:00-18:00 and days like 2026-10-01, 2026-10-02: {error}"
        ) from error
    if made.opens >= made.closes:
        raise InvalidSettings(f"the desk must open before it closes, not {hours}")
    return made


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _dates(text: str) -> frozenset[date]:
    return frozenset(date.fromisoformat(part.strip()) for part in text.split(",") if part.strip())


def due_at(opened_at: float, service_hours: float, working: WorkingTime | None) -> float:
    """When `service_hours` after `opened_at` are over, wall-clock seconds.

    Args:
        working: count only this time; None counts around the clock.
    """
    left_s = service_hours * HOUR_S
    if working is None:
        return opened_at + left_s
    end = opened_at
    for begins, ends in _shifts(opened_at, working):
        end = ends
        begins = max(begins, opened_at)
        if begins < ends:
            if left_s <= ends - begins:
                return begins + left_s
            left_s -= ends - begins
    return end


def _shifts(since: float, working: WorkingTime) -> Iterator[tuple[float, float]]:
    """(begin, end) of each working day from the one that holds `since`; a change of the clocks moves both."""
    zone = ZoneInfo(working.zone)
    first = datetime.fromtimestamp(since, UTC).astimezone(zone).date()
    for number in range(LONGEST_SEARCH_DAYS):
        day = first + timedelta(days=number)
        if working.is_worked(day):
            yield _moment(day, working.opens, zone), _moment(day, working.closes, zone)


def _moment(day: date, minutes: int, zone: ZoneInfo) -> float:
    return datetime.combine(day, time(minutes // 60, minutes % 60), zone).timestamp()
