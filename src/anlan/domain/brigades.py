"""Reports that look agreed upon: many on one target within hours, by people without a record who have something shared.

Each sign alone is innocent: a viral scam is reported by many, a family shares a device. So all must come together, and
what follows is mild: the case is marked and staff are told, nothing is refused.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

WINDOW_S = 6 * 3_600.0
LEAST_REPORTERS = 5
UNKNOWN_SHARE = 0.8
"""At least so many of the reporters have no record that would make them weigh anything."""
TIED_SHARE = 0.6
"""At least so many of those share a device or their words with another one, or are new on the platform."""


class Reported(Protocol):
    """What is looked at of a report."""

    @property
    def id(self) -> str: ...
    @property
    def reporter(self) -> str: ...
    @property
    def weight(self) -> float: ...
    @property
    def device(self) -> str | None: ...
    @property
    def words_digest(self) -> str: ...
    @property
    def is_young(self) -> bool: ...


def agreed_upon(reports: Sequence[Reported]) -> list[str]:
    """The ids of those of these reports (on one target, within `WINDOW_S`) that look agreed upon; mostly none."""
    reporters = {report.reporter for report in reports}
    unknown = [report for report in reports if report.weight == 0.0]
    unknown_names = {report.reporter for report in unknown}
    if len(reporters) < LEAST_REPORTERS or len(unknown_names) < UNKNOWN_SHARE * len(reporters):
        return []
    devices, words = _holders(unknown, "device"), _holders(unknown, "words_digest")
    tied = [
        report for report in unknown
        if report.is_young or devices[report.device or ""] > 1 or words[report.words_digest] > 1
    ]
    if len({report.reporter for report in tied}) < TIED_SHARE * len(unknown_names):
        return []
    return [report.id for report in tied]


def _holders(reports: Sequence[Reported], field: str) -> Counter[str]:
    """How many different reporters share each value of a field; an empty value is shared by nobody."""
    pairs = {(getattr(report, field), report.reporter) for report in reports if getattr(report, field)}
    return Counter(value for value, _ in pairs)
