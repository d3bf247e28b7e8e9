"""Which language a page speaks, and how its words, numbers, shares and times are written in it.

English is the language of the source: a message is its own key. `locales/<code>.po` holds the others and is parsed at
start, so there is nothing to compile. A message that is missing there is shown in English.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from babel.messages.pofile import read_po

from anlan import clock

LOCALES = Path(__file__).parent / "locales"
CODES = ("zh", "en")
DAY_S = 86_400.0
_LOCALE_NAMES = {"zh": "zh_Hans_CN", "en": "en_GB"}


def mark(message: str) -> str:
    """The message itself; marks a literal in Python for translation when it is shown."""
    return message


@lru_cache
def read_messages(code: str) -> Mapping[str, str]:
    """English message to its translation, from `locales/<code>.po`; English itself has no file and no entries."""
    path = LOCALES / f"{code}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        catalogue = read_po(file)
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string}


class Language:
    """One language and one time zone, as one reader sees them.

    Args:
        is_familiar: the reader is young and is spoken to as such: in Chinese 你, where others read 您.
    """

    def __init__(self, code: str, zone: str = "Asia/Shanghai", *, is_familiar: bool = False) -> None:
        self._is_familiar = is_familiar
        self.code = code
        self.tag = "zh-CN" if code == "zh" else "en"
        self.locale = Locale.parse(_LOCALE_NAMES[code])
        self.zone = ZoneInfo(zone)
        self._messages = read_messages(code)

    def say(self, message: str, **values: object) -> str:
        """`message` in this language, with `values` put into its `{names}`."""
        text = self.address(self._messages.get(message, message))
        return text.format(**values) if values else text

    def count(self, one: str, many: str, n: int) -> str:
        """`one` or `many` with the number `n` put in; Chinese has one form, that of `many`."""
        message = one if n == 1 and self.code == "en" else many
        return self.say(message, n=self.number(n))

    def pick(self, texts: Mapping[str, str] | None) -> str:
        """The text of this language out of {"zh": ..., "en": ...}; any other when it has none."""
        if not texts:
            return ""
        return self.address(texts.get(self.code) or next(iter(texts.values())))

    def address(self, text: str) -> str:
        """Our own words `text` with the pronoun that this reader is spoken to by."""
        return text.replace("您", "你") if self._is_familiar else text

    def number(self, value: float, digits: int = 0) -> str:
        """A number with grouping and at most `digits` decimals."""
        return str(numbers.format_decimal(value, format="#,##0." + "#" * digits, locale=self.locale))

    def amount(self, minor: int, unit: str) -> str:
        """Whole minor units as money (`1234` `CNY` as ¥12.34), or as a number where the unit is no currency."""
        if not numbers.is_currency(unit):
            return self.number(minor)
        digits = numbers.get_currency_precision(unit)
        return str(numbers.format_currency(Decimal(minor).scaleb(-digits), unit, locale=self.locale))

    def share(self, value: float, digits: int = 1) -> str:
        """A share in [0, 1] as a percentage."""
        return str(numbers.format_percent(value, format="0." + "#" * digits + "%", locale=self.locale))

    def size(self, byte_count: float) -> str:
        """Bytes as KB, MB or GB (powers of 1000)."""
        for unit in ("B", "KB", "MB"):
            if byte_count < 1000:
                return f"{self.number(byte_count, 1)} {unit}"
            byte_count /= 1000
        return f"{self.number(byte_count, 1)} GB"

    def moment(self, seconds: float) -> str:
        """Day and time of `seconds` since the epoch, to the second, in this reader's zone."""
        return self._local(seconds).strftime("%Y-%m-%d %H:%M:%S")

    def time_of_day(self, seconds: float) -> str:
        """Hours, minutes and seconds in this reader's zone."""
        return self._local(seconds).strftime("%H:%M:%S")

    def hour_minute(self, seconds: float) -> str:
        """Hours and minutes in this reader's zone."""
        return self._local(seconds).strftime("%H:%M")

    def short_moment(self, seconds: float) -> str:
        """Month, day, hours and minutes in this reader's zone."""
        return self._local(seconds).strftime("%m-%d %H:%M")

    def day(self, seconds: float) -> str:
        """The date as people write it (`21 November`, `11月21日`)."""
        pattern = "M月d日 EEEE" if self.code == "zh" else "EEEE d MMMM"
        return str(dates.format_datetime(clock.to_datetime(seconds), pattern, tzinfo=self.zone, locale=self.locale))

    def date(self, seconds: float) -> str:
        """The date without a weekday (`5 November`, `11月5日`); with the year where it is not this one."""
        is_this_year = self._local(seconds).year == self._local(clock.now()).year
        patterns = {"zh": ("y年M月d日", "M月d日"), "en": ("d MMMM y", "d MMMM")}
        pattern = patterns[self.code][is_this_year]
        return str(dates.format_datetime(clock.to_datetime(seconds), pattern, tzinfo=self.zone, locale=self.locale))

    def date_time(self, seconds: float) -> str:
        """Date, hours and minutes for a sentence: `5 November, 17:11`, `11月5日 17:11`."""
        return f"{self.date(seconds)}{' ' if self.code == 'zh' else ', '}{self.hour_minute(seconds)}"

    def when(self, seconds: float) -> str:
        """Like `date_time`, for lists: today and yesterday are called that."""
        days = round((self.midnight(clock.now()) - self.midnight(seconds)) / DAY_S)
        named = {0: mark("today {time}"), 1: mark("yesterday {time}")}.get(days)
        return self.say(named, time=self.hour_minute(seconds)) if named else self.date_time(seconds)

    def month_day(self, seconds: float) -> str:
        """Month and day in digits, for axes and tables."""
        return self._local(seconds).strftime("%m-%d")

    def midnight(self, seconds: float) -> float:
        """When the day of `seconds` began in this reader's zone."""
        return self._local(seconds).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()

    def ago(self, seconds: float) -> str:
        """How long before now, in words; `now` on the wall, not event time."""
        delta = timedelta(seconds=seconds - clock.now())
        return str(dates.format_timedelta(delta, add_direction=True, locale=self.locale, threshold=1.2))

    def length(self, seconds: float) -> str:
        """A duration in words, in its largest fitting unit."""
        return str(dates.format_timedelta(timedelta(seconds=seconds), locale=self.locale, threshold=1.2))

    def _local(self, seconds: float) -> datetime:
        return clock.to_datetime(seconds).astimezone(self.zone)


@lru_cache
def language(code: str, zone: str, *, is_familiar: bool = False) -> Language:
    """The shared instance for these."""
    return Language(code, zone, is_familiar=is_familiar)


def negotiate(accept_language: str) -> str:
    """The code that an Accept-Language header asks for first; Chinese when it names neither."""
    wanted: list[tuple[float, str]] = []
    for part in accept_language[:200].split(","):
        tag, _, weight = part.strip().partition(";q=")
        code = tag.split("-")[0].lower()
        if code in CODES:
            wanted.append((_weight(weight), code))
    return max(wanted, key=lambda entry: entry[0])[1] if wanted else CODES[0]


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
