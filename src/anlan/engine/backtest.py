"""What policies would have found in the journal, and what would change if one set of policies took another's place."""

from collections.abc import Mapping, Sequence

import msgspec

from anlan.domain.policies import Policy
from anlan.domain.ports import AnalyticJournal
from anlan.engine.fuses import Fuses
from anlan.engine.journal_reports import (
    BacktestReport,
    DiffReport,
    Found,
    LabelMatch,
    PolicyBacktest,
    PolicyChange,
    QuotaForecast,
)
from anlan.engine.marks import Marks
from anlan.engine.policies import CheckedPolicy, is_enforcement, render_because
from anlan.engine.readings import Scope, bucket_s, is_one_of

EXAMPLES = 5
TOP_ACTORS = 10
MAX_BUCKETS = 400
"""Hits are told by the hour over a good two weeks, more coarsely over longer ranges."""


def backtest(
    journal: AnalyticJournal, policies: Sequence[CheckedPolicy], scope: Scope, labels: Mapping[str, bool] | None = None
) -> BacktestReport:
    """Every policy over the events in scope, whatever its state.

    Args:
        labels: event key (see `domain.keys.event_key`) to whether people found the event harmful.

    Raises:
        TookTooLong, Damaged: see `domain.ports`.
    """
    with journal.view(scope.within_s) as view:
        marks = Marks(view, scope, policies, labels or {})
        events, first, last = marks.span()
        _, first_hit, last_hit = marks.span(" OR ".join(["false", *(f"p{index}" for index in range(len(policies)))]))
        bucket = max(3_600.0, bucket_s(first_hit or 0.0, last_hit or 0.0, MAX_BUCKETS))
        return BacktestReport(
            events=events, first_time=first, last_time=last, bucket_s=bucket,
            policies=_backtest_each(marks, policies, bucket, has_labels=labels is not None) if policies else (),
            verdicts=marks.verdicts(),
            recounted=marks.readings.recounted,
        )


def diff(
    journal: AnalyticJournal, old: Sequence[CheckedPolicy], new: Sequence[CheckedPolicy], scope: Scope
) -> DiffReport:
    """What `new` hits that `old` does not, and the other way round, by policy id.

    Raises:
        TookTooLong, Damaged: see `domain.ports`.
    """
    members = [*old, *new]
    before = {member.policy.id: index for index, member in enumerate(old)}
    after = {member.policy.id: index for index, member in enumerate(new, len(old))}
    live = [index for index, member in enumerate(members) if member.is_live]
    with journal.view(scope.within_s) as view:
        marks = Marks(view, scope, members, {})
        names = sorted(before | after)
        return DiffReport(
            events=marks.span()[0],
            changes=tuple(_change(marks, members, name, before.get(name), after.get(name)) for name in names),
            verdicts=marks.verdict_moves(
                marks.severity(index for index in live if index < len(old)),
                marks.severity(index for index in live if index >= len(old)),
            ),
            recounted=marks.readings.recounted,
        )


def _backtest_each(
    marks: Marks, policies: Sequence[CheckedPolicy], bucket: float, *, has_labels: bool
) -> tuple[PolicyBacktest, ...]:
    claims = [f"p{index}" for index in range(len(policies))]
    asked, tallies, recorded = marks.asked(), marks.tally(bucket), marks.recorded()
    unknown = marks.count([f"{claim} IS NULL" for claim in claims])
    hits = [tally.given.total() for tally in tallies]
    marks.gather_hits()
    newest, tops, missing = marks.newest_hits(EXAMPLES), marks.top_actors(TOP_ACTORS), marks.missing()
    events = marks.events(seq for seqs in newest.values() for seq in seqs)
    return tuple(
        PolicyBacktest(
            policy=member.policy.id, version=member.policy.version, verdict=member.policy.verdict,
            asked=asked[index], hits=hits[index], unknown=unknown[index],
            actions={kind: hits[index] for kind, _ in member.policy.actions},
            series=tuple(tallies[index].series.items()),
            top_actors=tuple(tops.get(index, ())),
            examples=_examples(member, newest.get(index, ()), events),
            missing=missing[index],
            given=dict(tallies[index].given),
            uncovered=tallies[index].uncovered,
            recorded=recorded.get(member.policy.id, (0, 0))[0],
            also_found=recorded.get(member.policy.id, (0, 0))[1],
            quota=_forecast(marks, member.policy, claims[index], hits[index]),
            labels=_match_labels(marks, is_one_of(member.policy.on), claims[index]) if has_labels else None,
        )
        for index, member in enumerate(policies)
    )


def _change(
    marks: Marks, members: Sequence[CheckedPolicy], policy_id: str, old: int | None, new: int | None
) -> PolicyChange:
    before, after = ("false" if index is None else f"coalesce(p{index}, false)" for index in (old, new))
    newly, gone = f"{after} AND NOT {before}", f"{before} AND NOT {after}"
    counts = marks.count([f"{before} AND {after}", newly, gone])
    pages = [marks.newest(claim, EXAMPLES) for claim in (newly, gone)]
    events = marks.events(seq for page in pages for seq in page)
    return PolicyChange(
        policy=policy_id,
        old_version=None if old is None else members[old].policy.version,
        new_version=None if new is None else members[new].policy.version,
        still_hit=counts[0], newly_hit=counts[1], no_longer_hit=counts[2],
        newly_examples=() if new is None else _examples(members[new], pages[0], events),
        no_longer_examples=() if old is None else _examples(members[old], pages[1], events),
    )


def _examples(member: CheckedPolicy, seqs: Sequence[int], events: Mapping[int, Found]) -> tuple[Found, ...]:
    made = []
    for seq in seqs:
        values = {name: events[seq].values[name] for name in member.condition.names}
        made.append(
            msgspec.structs.replace(events[seq], values=values, because=render_because(member.policy, values))
        )
    return tuple(made)


def _forecast(marks: Marks, policy: Policy, claim: str, hits: int) -> QuotaForecast | None:
    """Run the hits through the fuse itself; its other half, the jump, needs every event and is left out."""
    if policy.quota is None or not is_enforcement(policy):
        return None
    allowed, per_s = policy.quota
    if not marks.has_burst(claim, hits, allowed, per_s):
        return QuotaForecast(allowed, per_s, 0, 0)
    fuses = Fuses()
    withheld = sum(fuses.check_hit(policy, time) is not None for time in marks.times(claim))
    return QuotaForecast(allowed, per_s, len(fuses.take_trips()), withheld)


def _match_labels(marks: Marks, asked: str, claim: str) -> LabelMatch:
    missed = f"{asked} AND is_harmful AND {claim} IS NOT TRUE"
    return LabelMatch(*marks.count([f"{claim} AND is_harmful", f"{claim} AND NOT is_harmful", missed]))
