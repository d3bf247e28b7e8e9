"""From a judged case to sanctions: what the ladder proposes, what it would mean, and ordering it as one act."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from anlan.desk.sanctions import NewSanction, Sanctions, problem_of
from anlan.domain.ladder import (
    DAY_S,
    GRAVITIES,
    Gravity,
    Ladder,
    Matter,
    Past,
    Proposal,
    counting_strikes,
    propose,
)
from anlan.domain.payouts import holds_funds
from anlan.domain.sanctions import Ground
from anlan.errors import Conflict, InvalidRequest
from anlan.store.sanction_bases import Basis
from anlan.store.sanctions import Sanction, in_force, sanctions_of

MAX_BULK = 200
"""How many targets one act sanctions at most; beyond that, several acts are several looks."""


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """What a reviewer knows about the case that the case itself does not say."""

    is_coordinated: bool = False
    targets_minors: bool = False
    reach: int = 0
    money_lost_minor: int = 0
    has_deleted_own: bool = False


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What an order would do, before anybody gives it.

    Attributes:
        strikes_after: that would count at once.
        holds_money: what the account owns is held, and the way to get it out opens.
        ends_sessions: the member can no longer use the account.
        standing: sanctions in force on the target already.
        problem: why it cannot be ordered, by language; None if it can.
    """

    new: NewSanction
    strikes_before: float
    strikes_after: float
    holds_money: bool
    ends_sessions: bool
    standing: tuple[Sanction, ...]
    problem: dict[str, str] | None


def past_of(connection: Connection, target: str) -> list[Past]:
    """Earlier sanctions that were not taken back."""
    stood = (one for one in sanctions_of(connection, target) if one.state not in ("reversed", "lifting", "scheduled"))
    return [Past(one.category, one.strikes, one.starts_at, one.strikes_until) for one in stood]


def propose_for(
    connection: Connection, ladder: Ladder, basis: Basis, target: str, weighed: Weighed, now: float
) -> Proposal:
    """What the ladder says of this case for this target.

    Raises:
        Conflict: the case was not judged a violation.
    """
    if not basis.judgements:
        raise Conflict("nobody has judged this case a violation", zh="本案尚无“违规”的判定")
    last = basis.judgements[-1]
    severity: Gravity = last.severity if last.severity in GRAVITIES else "low"
    category = last.category or basis.case.category or "other"
    past = past_of(connection, target)
    enough = 2 if severity in ladder.rule(category).second else 1
    matter = Matter(
        side="group" if target.startswith("group:") else "account", category=category, severity=severity,
        is_coordinated=weighed.is_coordinated, targets_minors=weighed.targets_minors, reach=weighed.reach,
        money_lost_minor=weighed.money_lost_minor, has_deleted_own=weighed.has_deleted_own,
        quiet_days=_quiet_days(past, now),
        bears_permanent=basis.finding is not None and len(basis.judgements) >= enough,
    )
    return propose(ladder, matter, past, now)


def _quiet_days(past: Sequence[Past], now: float) -> float | None:
    """Since the last sanction; None where there never was one: then the first offence speaks for itself."""
    return (now - max(one.at for one in past)) / DAY_S if past else None


def as_new(
    proposal: Proposal, target: str, rule: str, *, starts_at: float | None = None, deviation: str = ""
) -> NewSanction:
    """The proposal as an order on `target`; a deviation's reason is one of its grounds."""
    grounds = proposal.grounds
    if deviation:
        grounds = (*grounds, Ground("deviation", {"zh": f"审核员改动：{deviation}", "en": f"Changed: {deviation}"}))
    return NewSanction(
        target=target, kind=proposal.kind, feature=proposal.feature, starts_at=starts_at, length_s=proposal.length_s,
        rule=rule, category=proposal.rule.category, severity=proposal.severity, strikes=proposal.strikes,
        strike_window_s=proposal.strike_window_s, grounds=grounds, needs_second=proposal.needs_second,
    )


def preview(connection: Connection, new: NewSanction, basis: Basis, now: float) -> Preview:
    """What this order would do; nothing is changed."""
    before = counting_strikes(past_of(connection, new.target), now)
    return Preview(
        new=new, strikes_before=before, strikes_after=before + new.strikes,
        holds_money=holds_funds(new.kind, new.feature), ends_sessions=new.kind in ("suspend", "ban"),
        standing=tuple(in_force(connection, new.target)), problem=problem_of(new, basis, now),
    )


def order_bulk(
    connection: Connection, sanctions: Sanctions, orders: Sequence[tuple[str, NewSanction]], by: str, now: float
) -> list[Sanction]:
    """Order several, each on a case of its own, all or none.

    Args:
        orders: (case, sanction).

    Raises:
        InvalidRequest: more than `MAX_BULK`, none, or a target twice.
        Conflict, NotFound: see `Sanctions.order`.
    """
    if not 0 < len(orders) <= MAX_BULK:
        raise InvalidRequest(f"order between 1 and {MAX_BULK} sanctions at once")
    if len({(new.target, new.kind, new.feature) for _, new in orders}) < len(orders):
        raise InvalidRequest("a target stands in this order twice")
    return [sanctions.order(connection, new, case_id, by, now) for case_id, new in orders]
