"""Whether the scores of the text model still lie as they did: by the population stability index, source by source.

PSI = sum over bins of (share now - share then) * ln(share now / share then); above 0.25 a shift is taken to be real
(Siddiqi, "Credit Risk Scorecards", 2006; the index is Kullback and Leibler's divergence in both directions).
"""

import hashlib
from collections.abc import Iterable, Sequence
from math import log
from typing import NamedTuple

import msgspec

from anlan.domain.facts import MAX_NOTICE_ID_CHARS, StaffNotice
from anlan.domain.keys import fitted
from anlan.domain.ports import AnalyticJournal
from anlan.domain.sql_text import quoted
from anlan.domain.text_scores import SCORE_SIGNALS, TEXT_CATEGORIES, Compared
from anlan.store.model_references import ModelReferences

EDGES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9)
"""Between ten bins, narrow near 0, where nearly all scores lie."""
ALARM = 0.25
MIN_EVENTS = 500
"""In both windows; with fewer, chance alone moves the index."""
REFERENCE_DAYS = 7.0
WITHIN_S = 30.0
_DAY_S = 86_400.0


class Histogram(msgspec.Struct, frozen=True):
    """How one score lies on events of one type from one source; `counts` by bin of `EDGES`."""

    type: str
    source: str
    category: str
    counts: tuple[int, ...]

    @property
    def events(self) -> int:
        """How many have the score."""
        return sum(self.counts)


class Drift(NamedTuple):
    """One score of one type and source, now against then; `psi` is None with too few events on either side."""

    then: Histogram
    now: Histogram
    psi: float | None

    @property
    def is_alarming(self) -> bool:
        """Whether staff must hear of it."""
        return self.psi is not None and self.psi > ALARM


class DriftReport(NamedTuple):
    """All scores of the model in force, most drifted first.

    Attributes:
        since, until: the window they are held against; None as long as there is none.
    """

    model: str
    since: float
    until: float | None
    drifts: tuple[Drift, ...]


def psi(then: Sequence[int], now: Sequence[int]) -> float:
    """The index of two histograms of the same bins; half an event is added to each bin, so that none is empty."""
    before, after = sum(then) + len(then) / 2, sum(now) + len(now) / 2
    shares = [((a + 0.5) / before, (b + 0.5) / after) for a, b in zip(then, now, strict=True)]
    return sum((b - a) * log(b / a) for a, b in shares)


class DriftWatch:
    """Compares the last day with the week in which the model in force was new."""

    def __init__(self, analysis: AnalyticJournal, references: ModelReferences) -> None:
        self._analysis = analysis
        self._references = references

    def report(self, model: str, now: float) -> DriftReport:
        """The drift of `model` at `now`; before its first week is over, that week as far as it has come.

        Raises:
            TookTooLong: the journal could not be read in time.
        """
        reference = self._references.see(model, now)
        day_ago = now - _DAY_S
        if reference.until is not None and reference.body is not None:
            until, then = reference.until, msgspec.json.decode(reference.body, type=tuple[Histogram, ...])
        else:
            until = min(reference.since + REFERENCE_DAYS * _DAY_S, day_ago)
            if until <= reference.since:
                return DriftReport(model, reference.since, None, ())
            then = self._histograms(reference.since, until)
            if until < day_ago:
                self._references.complete(model, until, msgspec.json.encode(then))
        return DriftReport(model, reference.since, until, drifts(then, self._histograms(day_ago, now)))

    def _histograms(self, start: float, end: float) -> tuple[Histogram, ...]:
        with self._analysis.view(WITHIN_S) as view:
            relation = view.relation(start, end)
            known = {name: column for name, column in SCORE_SIGNALS.items() if column in view.columns}
            rows = view.run(" UNION ALL ".join(_query(*one, relation) for one in known.items())) if known else []
        return _gathered(rows)


def drifts(then: Iterable[Histogram], now: Iterable[Histogram]) -> tuple[Drift, ...]:
    """Every score that both have, most drifted first."""
    before = {(one.type, one.source, one.category): one for one in then}
    pairs = [(before[key], one) for one in now if (key := (one.type, one.source, one.category)) in before]
    found = [
        Drift(old, new, psi(old.counts, new.counts) if min(old.events, new.events) >= MIN_EVENTS else None)
        for old, new in pairs
    ]
    return tuple(sorted(found, key=lambda one: -1.0 if one.psi is None else one.psi, reverse=True))


def notices(report: DriftReport, now: float) -> list[StaffNotice]:
    """What staff must hear: one notice a day for each type and source."""
    alarming: dict[tuple[str, str], dict[str, float]] = {}
    for one in report.drifts:
        if one.is_alarming:
            alarming.setdefault((one.now.type, one.now.source), {})[one.now.category] = round(one.psi or 0.0, 2)
    return [
        StaffNotice(
            id=fitted(f"score_drift.{report.model}.{_short(type_, source)}.{int(now // _DAY_S)}", MAX_NOTICE_ID_CHARS),
            at=now, kind="score_drift", subject=f"{type_} {source}", details={"model": report.model, **psis},
        )
        for (type_, source), psis in alarming.items()
    ]


def shadow_histograms(pairs: Iterable[Compared]) -> tuple[Histogram, ...]:
    """How the scores of a model in shadow lay."""
    rows: dict[tuple[str, str, str, int], int] = {}
    for pair in pairs:
        for category, score in zip(TEXT_CATEGORIES[1:], pair.new[1:], strict=True):
            key = (category, pair.type, pair.source, sum(score >= edge for edge in EDGES))
            rows[key] = rows.get(key, 0) + 1
    return _gathered([(*key, count) for key, count in rows.items()])


def _query(category: str, column: str, relation: str) -> str:
    place = " + ".join(f"CAST({quoted(column)} >= {edge!r} AS INTEGER)" for edge in EDGES)
    return (
        f"SELECT '{category}', _type, _source, {place} AS place, count(*) FROM {relation} "  # noqa: S608 - our own names
        f"WHERE {quoted(column)} IS NOT NULL GROUP BY ALL"
    )


def _gathered(rows: Iterable[Sequence[object]]) -> tuple[Histogram, ...]:
    counts: dict[tuple[str, str, str], list[int]] = {}
    for category, type_, source, place, count in rows:
        bins = counts.setdefault((str(type_), str(source), str(category)), [0] * (len(EDGES) + 1))
        bins[int(str(place))] += int(str(count))
    return tuple(Histogram(*key, tuple(bins)) for key, bins in counts.items())


def _short(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:12]
