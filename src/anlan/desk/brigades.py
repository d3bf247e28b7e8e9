"""Marks reports that look agreed upon and their cases, and tells staff; it refuses nothing and moves nothing."""

from collections import Counter

from anlan.domain.brigades import WINDOW_S, agreed_upon
from anlan.domain.facts import MAX_NOTICE_ID_CHARS, StaffNotice
from anlan.domain.keys import fitted
from anlan.store.cases import write_history
from anlan.store.database import Database
from anlan.store.notices import tell_staff
from anlan.store.reports import Report, hold_cases, recent_on_target, suspect

AT_ONCE_S = 60.0
"""Reports that are filed at once see each other, in whichever order they are committed."""


def watch_for_brigade(database: Database, report: Report, now: float) -> None:
    """Look at what was reported of the same target in the hours before a report that was just filed.

    A transaction of its own, after the one that filed: it touches several cases, and takes their rows in order, so that
    two that file at once cannot wait for each other for ever.
    """
    with database.read() as connection:
        recent = recent_on_target(connection, report.target, report.at - WINDOW_S, report.at + AT_ONCE_S)
    names = set(agreed_upon(recent))
    suspects = [one for one in recent if one.id in names]
    if all(one.is_coordinated for one in suspects):
        return
    counts = Counter(one.case_id for one in suspects)
    notice = StaffNotice(
        id=fitted(f"brigade.{report.target}.{report.at // WINDOW_S:.0f}", MAX_NOTICE_ID_CHARS), at=now,
        kind="report_brigade", subject=report.target, details={"cases": sorted(counts), "reports": len(suspects)},
    )
    with database.write() as connection:
        worked_in = hold_cases(connection, sorted(counts))
        for case_id in suspect(connection, sorted(counts), sorted(names), now):
            write_history(connection, worked_in[case_id], "system", "suspected", {"reports": counts[case_id]}, now)
        tell_staff(connection, [notice], now)
