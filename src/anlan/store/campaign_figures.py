"""What a campaign, and everyday work beside it, came to: counted from cases, sanctions and appeals, each once."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, select

from anlan.domain.campaigns import Tally
from anlan.store.campaigns import Campaign
from anlan.store.tables import appeals, campaign_cases, cases, sanctions

_EFFECTIVE = ("ordered", "in_force", "ended")
_LIMITING = ("mute", "suspend", "limit_feature")


def tally_campaign(connection: Connection, campaign_id: str) -> Tally:
    """Of the campaign's own cases."""
    own = select(campaign_cases.c.case_id).where(campaign_cases.c.campaign_id == campaign_id)
    return _tally(connection, cases.c.id.in_(own))


def tally_everyday(connection: Connection, campaign: Campaign) -> Tally:
    """Of the cases opened in the campaign's time that are of no campaign."""
    apart = ~select(campaign_cases.c.case_id).where(campaign_cases.c.case_id == cases.c.id).exists()
    during = (cases.c.opened_at >= campaign.starts_at) & (cases.c.opened_at < campaign.ends_at)
    work = cases.c.kind.in_(("review", "report", "complaint"))  # appeals and funds follow from cases that are counted
    return _tally(connection, apart & during & work)


def _tally(connection: Connection, which: ColumnElement[bool]) -> Tally:
    stands = cases.c.state != "merged"
    is_closed = cases.c.state == "closed"
    found, closed, violations = connection.execute(
        select(
            func.count().filter(stands), func.count().filter(is_closed),
            func.count().filter(is_closed & (cases.c.outcome == "violation")),
        ).where(which)
    ).one()
    punished = list(connection.execute(_sanctions_of(which)).mappings())
    bans = _first_by_target(row for row in punished if row["kind"] == "ban")
    limited = {row["target"] for row in punished if row["kind"] in _LIMITING and row["target"].startswith("account:")}
    appealed, granted = _count_appeals(connection, which)
    grounds = Counter(row["category"] or "other" for row in bans.values())
    return Tally(
        found=found, closed=closed, violations=violations,
        groups=len({row["target"] for row in punished if row["kind"] == "close_group"}),
        accounts=tuple(sorted(grounds.items(), key=lambda item: (-item[1], item[0]))),
        limited=len(limited - bans.keys()),
        content=len({row["target"] for row in punished if row["kind"] == "remove_content"}),
        appeals=appealed, reversed_=granted,
    )


def _sanctions_of(which: ColumnElement[bool]) -> Select[tuple[str, str, str]]:
    """Sanctions that stand or stood until their end, the first ordered first."""
    return (
        select(sanctions.c.target, sanctions.c.kind, sanctions.c.category)
        .join(cases, cases.c.id == sanctions.c.case_id)
        .where(which, sanctions.c.state.in_(_EFFECTIVE))
        .order_by(sanctions.c.ordered_at, sanctions.c.id)
    )


def _first_by_target(rows: Iterable[RowMapping]) -> dict[str, RowMapping]:
    first: dict[str, RowMapping] = {}
    for row in rows:
        first.setdefault(row["target"], row)
    return first


def _count_appeals(connection: Connection, which: ColumnElement[bool]) -> tuple[int, int]:
    """(appeals against sanctions of these cases, those that took the sanction back)."""
    row = connection.execute(
        select(func.count(), func.count().filter(appeals.c.outcome == "reverse"))
        .select_from(appeals.join(sanctions, sanctions.c.id == appeals.c.sanction_id))
        .join(cases, cases.c.id == sanctions.c.case_id)
        .where(which)
    ).one()
    return row[0], row[1]
