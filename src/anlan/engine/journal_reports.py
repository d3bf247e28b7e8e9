"""What questions to the journal are answered with: backtests, differences between policy sets, investigations.

Times are event time in seconds since the epoch. Everything can be written as JSON. Every report carries its limits.
"""

from typing import Any

import msgspec

BACKTEST_LIMITS: tuple[dict[str, str], ...] = (
    {
        "zh": "回测只回答过去的事件有哪些会被命中，不能说明人们之后会怎么做。",
        "en": "A backtest says which past events would have matched, not what people would have done next.",
    },
    {
        "zh": "计数器、画像和名单保持事件发生时的样子，仍带着旧策略的后果。",
        "en": "Counters, profiles and lists are as they were then, with the consequences of the old policies in them.",
    },
    {
        "zh": "延迟信号只在当时有策略问起时才有记录，其余为未知。",
        "en": "Deferred signals are recorded only where a policy asked for them; elsewhere they are unknown.",
    },
)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One event with the signals that were asked for; `actor` is `kind:id`, `verdict` what it was answered with."""

    seq: int
    key: str
    id: str
    type: str
    time: float
    actor: str | None
    verdict: str | None
    values: dict[str, Any]
    because: dict[str, str] = {}


class MissingSignal(msgspec.Struct, frozen=True):
    """A signal that was unknown in `events` of the undecided events, and why {"zh", "en"}; None for a plain absence."""

    signal: str
    events: int
    reason: dict[str, str] | None


class QuotaForecast(msgspec.Struct, frozen=True):
    """How often a quota fuse would have blown, and how many hits would have become cases instead."""

    allowed: int
    per_s: float
    blown: int
    withheld: int


class LabelMatch(msgspec.Struct, frozen=True):
    """Hits against what people know about the events asked about; unlabelled events are in none of the numbers."""

    harmful_hit: int
    harmless_hit: int
    harmful_missed: int


class PolicyBacktest(msgspec.Struct, frozen=True, kw_only=True):
    """One policy over the events it is asked about.

    Attributes:
        asked: events of its types; hits, unknown: those for which it held, or could not be decided.
        actions: what its hits would have asked for, by kind.
        series: (start of the bucket, hits) in order, empty buckets left out.
        top_actors: (entity, hits), most first.
        examples: the newest hits.
        given: the verdicts that the hit events got at the time.
        uncovered: hits on events for which no policy that was live then found anything.
        recorded: events that this policy, in any version, live or in shadow, hit at the time; also_found: those it
            hits now too. Both are `hits` when nothing changed since.
    """

    policy: str
    version: int
    verdict: str
    asked: int
    hits: int
    unknown: int
    actions: dict[str, int]
    series: tuple[tuple[float, int], ...]
    top_actors: tuple[tuple[str, int], ...]
    examples: tuple[Found, ...]
    missing: tuple[MissingSignal, ...]
    given: dict[str, int]
    uncovered: int
    recorded: int
    also_found: int
    quota: QuotaForecast | None
    labels: LabelMatch | None


class BacktestReport(msgspec.Struct, frozen=True, kw_only=True):
    """Several policies over one range of the journal.

    Attributes:
        first_time, last_time: of the events in range; None when there are none.
        bucket_s: length of a bucket of every series.
        verdicts: what the events would have been answered with if these policies alone were live.
        recounted: counters that were counted again over the journal, because they were not recorded.
    """

    events: int
    first_time: float | None
    last_time: float | None
    bucket_s: float
    policies: tuple[PolicyBacktest, ...]
    verdicts: dict[str, int]
    recounted: tuple[str, ...]
    limits: tuple[dict[str, str], ...] = BACKTEST_LIMITS


class PolicyChange(msgspec.Struct, frozen=True, kw_only=True):
    """One policy under the old and the new set; a version is None where the set lacks it."""

    policy: str
    old_version: int | None
    new_version: int | None
    still_hit: int
    newly_hit: int
    no_longer_hit: int
    newly_examples: tuple[Found, ...]
    no_longer_examples: tuple[Found, ...]


class DiffReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a new set of policies would have changed.

    Attributes:
        verdicts: (under the old set's live policies, under the new set's, events), where the two differ.
    """

    events: int
    changes: tuple[PolicyChange, ...]
    verdicts: tuple[tuple[str, str, int], ...]
    recounted: tuple[str, ...]
    limits: tuple[dict[str, str], ...] = BACKTEST_LIMITS


class TopEntities(msgspec.Struct, frozen=True):
    """(entity, events) in one role, most first."""

    role: str
    entities: tuple[tuple[str, int], ...]


class Investigation(msgspec.Struct, frozen=True, kw_only=True):
    """The events that meet a condition.

    Attributes:
        asked: events in range and of the types asked for; total: those that meet it; unknown: the undecided ones.
        events: one page, newest first; `next_before_seq` continues, None when this is the last page.
        series: (start of the bucket, events) in order, empty buckets left out; `bucket_s` is the length of each.
        verdicts: what the events were answered with.
        missing: why the condition is undecided.
    """

    asked: int
    total: int
    unknown: int
    events: tuple[Found, ...]
    next_before_seq: int | None
    bucket_s: float
    series: tuple[tuple[float, int], ...]
    top: tuple[TopEntities, ...]
    verdicts: dict[str, int]
    missing: tuple[MissingSignal, ...]
    recounted: tuple[str, ...]
