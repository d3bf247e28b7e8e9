"""One row per event of the journal, one claim per policy: every condition is evaluated once, in a single scan."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from anlan.domain.decisions import Verdict
from anlan.domain.ports import JournalView
from anlan.domain.sql_text import literal, quoted
from anlan.engine.journal_reports import Found, MissingSignal
from anlan.engine.policies import CheckedPolicy
from anlan.engine.readings import REASONS, Readings, Scope, asked, read_signals


class Tally:
    """The hits of one policy, counted in three ways."""

    def __init__(self) -> None:
        self.series: Counter[float] = Counter()
        self.given: Counter[str] = Counter()
        self.uncovered = 0


class Marks:
    """A temporary table of the view: `_seq`, `_time`, `_type`, `_actor`, `_verdict` of each event in scope, and

    - `is_covered`: a policy that was live found something; `recorded`: the policies that held, live or in shadow;
    - `is_harmful`: the label, NULL for none;
    - `p<index>` for each of the members: whether it holds, NULL for unknown.

    Args:
        labels: event key (see `domain.keys.event_key`) to whether people found the event harmful.
    """

    def __init__(
        self, view: JournalView, scope: Scope, members: Sequence[CheckedPolicy], labels: Mapping[str, bool]
    ) -> None:
        self._view = view
        self._members = members
        self.names = tuple(dict.fromkeys(name for member in members for name in member.condition.names))
        self.readings: Readings = read_signals(view, scope, self.names)
        known, labelled = "NULL::BOOLEAN", self.readings.relation
        if labels:
            view.run(
                "CREATE TEMP TABLE labels AS SELECT unnest(?::VARCHAR[]) AS _key, unnest(?::BOOLEAN[]) AS _label",
                [list(labels), list(labels.values())],
            )
            known, labelled = "_label", f"{labelled} LEFT JOIN labels USING (_key)"
        columns = [f"{asked(member.policy, member.condition)} AS p{index}" for index, member in enumerate(members)]
        columns += [f"{quoted(name)} IS NULL AS n{index}" for index, name in enumerate(self.names)]
        view.run(f"""CREATE TEMP TABLE marks AS
            SELECT _seq, _time, _type, _actor, _verdict, {known} AS is_harmful, len(_findings) > 0 AS is_covered,
                [f.policy FOR f IN list_concat(_findings, _shadow) IF NOT f.is_unknown] AS recorded
                {"".join(f", {column}" for column in columns)}
            FROM {labelled}""")

    def span(self, claim: str = "true") -> tuple[int, float | None, float | None]:
        """(events, least time, greatest time) where the claim is true."""
        ((count, first, last),) = self._view.run(f"SELECT count(*), min(_time), max(_time) FROM marks WHERE {claim}")
        return count, first, last

    def count(self, claims: Sequence[str]) -> list[int]:
        """For how many events each claim is true."""
        (row,) = self._view.run(f"SELECT {_counted(claims)} FROM marks") if claims else [()]
        return list(row)

    def asked(self) -> list[int]:
        """For each policy, how many events are of its types."""
        counts = dict(self._view.run("SELECT _type, count(*) FROM marks GROUP BY 1"))
        return [sum(counts.get(name, 0) for name in set(member.policy.on)) for member in self._members]

    def tally(self, bucket_s: float) -> list["Tally"]:
        """For each policy, its hits by time, by the verdict of the time and by whether they were covered."""
        claims = [f"p{index}" for index in range(len(self._members))]
        rows = self._view.run(
            f"SELECT floor(_time / {bucket_s!r}) * {bucket_s!r}, coalesce(_verdict, 'none'), is_covered, "
            f"{_counted(claims)} FROM marks GROUP BY 1, 2, 3 ORDER BY 1"
        )
        tallies = [Tally() for _ in claims]
        for start, verdict, is_covered, *hits in rows:
            for tally, count in zip(tallies, hits, strict=True):
                if count:
                    tally.series[start] += count
                    tally.given[verdict] += count
                    tally.uncovered += 0 if is_covered else count
        return tallies

    def verdicts(self) -> dict[str, int]:
        """What the events would be answered with if these policies alone were live, and how many of each."""
        severity = self.severity(range(len(self._members)))
        rows = self._view.run(f"SELECT {severity}, count(*) FROM marks GROUP BY 1 ORDER BY 1")
        return {Verdict(level).word: count for level, count in rows}

    def recorded(self) -> dict[str, tuple[int, int]]:
        """By policy id, how many events it hit at the time, and how many of those it hits now too."""
        now = " ".join(f"WHEN {literal(m.policy.id)} THEN p{index}" for index, m in enumerate(self._members))
        rows = self._view.run(
            f"SELECT policy, count(*), count_if(CASE policy {now} END) "
            "FROM (SELECT *, unnest(recorded) AS policy FROM marks) GROUP BY 1"
        )
        return {policy: (count, again) for policy, count, again in rows}

    def gather_hits(self) -> None:
        """Make a table of one row per policy (its index) and event that it hits, for `top_actors` and `newest_hits`."""
        each = (
            f"SELECT {index}::USMALLINT AS policy, _seq, _actor FROM marks WHERE p{index}"
            for index in range(len(self._members))
        )
        self._view.run(f"CREATE TEMP TABLE hits AS {' UNION ALL '.join(each)}")

    def top_actors(self, limit: int) -> dict[int, list[tuple[str, int]]]:
        """By index of the policy, (actor, events that it hits), most first."""
        rows = self._view.run(
            "SELECT policy, _actor, count(*) AS events FROM hits WHERE _actor IS NOT NULL GROUP BY 1, 2 QUALIFY "
            f"row_number() OVER (PARTITION BY policy ORDER BY events DESC, _actor) <= {limit:d} "
            "ORDER BY 1, 3 DESC, 2"
        )
        tops: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
        for policy, actor, count in rows:
            tops[policy].append((actor, count))
        return tops

    def newest_hits(self, limit: int) -> dict[int, list[int]]:
        """By index of the policy, the last sequence numbers that it hits, newest first."""
        rows = self._view.run(f"SELECT policy, max(_seq, {limit:d}) FROM hits GROUP BY 1")
        return dict(rows)

    def times(self, claim: str) -> list[float]:
        """Event times where the claim is true, in order of commit."""
        return [row[0] for row in self._view.run(f"SELECT _time FROM marks WHERE {claim} ORDER BY _seq")]

    def has_burst(self, claim: str, hits: int, allowed: int, per_s: float) -> bool:
        """Whether more than `allowed` of the `hits` of the claim lie within `per_s` anywhere."""
        if hits <= allowed:
            return False
        apart = f"_time - lag(_time, {allowed:d}) OVER (ORDER BY _time)"
        return bool(self._view.run(f"SELECT 1 FROM marks WHERE {claim} QUALIFY {apart} < {per_s!r} LIMIT 1"))

    def newest(self, claim: str, limit: int) -> list[int]:
        """The last sequence numbers where the claim is true, newest first."""
        rows = self._view.run(f"SELECT _seq FROM marks WHERE {claim} ORDER BY _seq DESC LIMIT {limit:d}")
        return [row[0] for row in rows]

    def events(self, seqs: Iterable[int]) -> dict[int, Found]:
        """The events with these numbers, with every signal that any policy reads."""
        return fetch(self._view, self.readings, self.names, seqs)

    def missing(self) -> list[tuple[MissingSignal, ...]]:
        """For each policy, the signals that were unknown where it could not be decided, most often first."""
        asked = [(index, name) for index, member in enumerate(self._members) for name in member.condition.names]
        counts = self.count([f"p{index} IS NULL AND n{self.names.index(name)}" for index, name in asked])
        found: list[dict[str, int]] = [{} for _ in self._members]
        for (index, name), count in zip(asked, counts, strict=True):
            found[index][name] = count
        return [missing_signals(self.readings, list(each), list(each.values())) for each in found]

    def severity(self, indexes: Iterable[int]) -> str:
        """SQL of what these policies together come to, as a number (see `domain.decisions.Verdict`)."""
        levels: defaultdict[Verdict, list[str]] = defaultdict(list)
        for index in indexes:
            levels[Verdict.of(self._members[index].policy.verdict)].append(f"p{index}")
        whens = (f" WHEN {' OR '.join(levels[level])} THEN {level.value}" for level in sorted(levels, reverse=True))
        return f"CASE WHEN false THEN 0{''.join(whens)} ELSE 0 END"

    def verdict_moves(self, old: str, new: str) -> tuple[tuple[str, str, int], ...]:
        """(verdict, verdict, events) where two such expressions differ, mildest first."""
        rows = self._view.run(f"SELECT {old}, {new}, count(*) FROM marks GROUP BY 1, 2 ORDER BY 1, 2")
        return tuple((Verdict(one).word, Verdict(other).word, count) for one, other, count in rows if one != other)


def fetch(view: JournalView, readings: Readings, names: Sequence[str], seqs: Iterable[int]) -> dict[int, Found]:
    """Events by sequence number, with the values of `names`."""
    wanted = ", ".join(f"{seq:d}" for seq in sorted(set(seqs)))
    if not wanted:
        return {}
    picked = ", ".join(["_seq", "_key", "_id", "_type", "_time", "_actor", "_verdict", *map(quoted, names)])
    rows = view.run(f"SELECT {picked} FROM {readings.relation} WHERE _seq IN ({wanted})")
    return {
        row[0]: Found(
            seq=row[0], key=row[1], id=row[2], type=row[3], time=row[4], actor=row[5], verdict=row[6],
            values=dict(zip(names, map(_as_recorded, row[7:]), strict=True)),
        )
        for row in rows
    }


def _as_recorded(value: Any) -> Any:
    """Columns hold every number as a double; a count was whole and reads better so."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53 else value


def missing_signals(readings: Readings, names: Sequence[str], counts: Sequence[int]) -> tuple[MissingSignal, ...]:
    """What was missing how often, with the reason if one is known; most often first."""
    found = [
        MissingSignal(name, count, REASONS[readings.reasons[name]] if name in readings.reasons else None)
        for name, count in zip(names, counts, strict=True)
        if count
    ]
    return tuple(sorted(found, key=lambda one: (-one.events, one.signal)))


def _counted(claims: Iterable[str]) -> str:
    # count_if of nothing is NULL, not 0.
    return ", ".join(f"coalesce(count_if({claim}), 0)" for claim in claims)
