"""How backtests and comparisons look in a terminal."""

from anlan import clock
from anlan.commands.screen import OUT, table
from anlan.engine.journal_reports import BacktestReport, DiffReport, PolicyBacktest

EXAMPLES = 3


def show_backtest(report: BacktestReport, language: str) -> None:
    """A line for each policy, its newest hits, what it lacked, and what the report cannot tell."""
    span = ""
    if report.first_time is not None and report.last_time is not None:
        span = f", {clock.to_rfc3339(report.first_time)[:16]} to {clock.to_rfc3339(report.last_time)[:16]}"
    shown = table(
        f"{report.events:,} events{span}", "policy", "verdict", "asked #", "hits #", "share #", "unknown #", "new #"
    )
    for one in report.policies:
        shown.add_row(
            one.policy, one.verdict, f"{one.asked:,}", f"{one.hits:,}", f"{one.hits / max(one.asked, 1):.2%}",
            f"{one.unknown:,}", f"{one.uncovered:,}",
        )
    OUT.print(shown)
    for one in report.policies:
        _show_details(one, language)
    _show_limits(report.limits, language)


def _show_details(one: PolicyBacktest, language: str) -> None:
    for missing in one.missing:
        reason = missing.reason[language] if missing.reason else ""
        OUT.print(f"{one.policy}: {missing.signal} unknown in {missing.events:,} events. {reason}", markup=False)
    if one.quota is not None and one.quota.blown:
        OUT.print(
            f"{one.policy}: the quota would have blown {one.quota.blown} times; {one.quota.withheld:,} hits would have "
            "become cases", markup=False,
        )
    for example in one.examples[:EXAMPLES]:
        at = clock.to_rfc3339(example.time)[:19]
        OUT.print(f"  {at}  {example.key}  {example.because.get(language, '')}", markup=False, soft_wrap=True)


def show_diff(report: DiffReport, language: str) -> None:
    """A line for each policy and for each change of verdict."""
    shown = table(f"{report.events:,} events", "policy", "old", "new", "still #", "newly #", "no longer #")
    for change in report.changes:
        versions = ("-" if version is None else str(version) for version in (change.old_version, change.new_version))
        shown.add_row(
            change.policy, *versions, f"{change.still_hit:,}", f"{change.newly_hit:,}", f"{change.no_longer_hit:,}"
        )
    OUT.print(shown)
    moved = table("Verdicts that change (live policies)", "from", "to", "events #")
    for before, after, count in report.verdicts:
        moved.add_row(before, after, f"{count:,}")
    OUT.print(moved)
    _show_limits(report.limits, language)


def _show_limits(limits: tuple[dict[str, str], ...], language: str) -> None:
    for limit in limits:
        OUT.print(f"* {limit[language]}", markup=False, style="dim")
