"""One row per event of the journal, one claim per policy: every condition is evaluated once, in a single scan."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from anlan.domain.decisions import Verdict
from anlan.domain.ports import JournalView
from anlan.domain.sql_text import literal, quoted
from anlan.engine.journal_reports import Found, MissingSignal
from anlan.engine.policies import CheckedPolicy
from anlan.engine.readings import REASONS, Readings, Scope, asked, read_signals


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
        view.run("CREATE TEMP TABLE labels AS SELECT unnest(?::VARCHAR[]) AS _key, unnest(?::BOOLEAN[]) AS is_harmful", [
            list(labels), list(labels.values()),
        ])
        columns = [f"{asked(member.policy, member.condition)} AS p{index}" for index, member in enumerate(members)]
        columns += [f"{quoted(name)} IS NULL AS n{index}" for index, name in enumerate(self.names)]
        view.run(f"""CREATE TEMP TABLE marks AS
            SELECT _seq, _time, _type, _actor, _verdict, is_harmful, len(_findings) > 0 AS is_covered,
                [f.policy FOR f IN list_concat(_findings, _shadow) IF NOT f.is_unknown] AS recorded
                {"".join(f", {column}" for column in columns)}
            FROM {self.readings.relation} LEFT JOIN labels USING (_key)""")

    def span(self) -> tuple[int, float | None, float | None]:
        """(events, least time, greatest time)."""
        ((count, first, last),) = self._view.run("SELECT count(*), min(_time), max(_time) FROM marks")
        return count, first, last

    def count(self, claims: Sequence[str]) -> list[int]:
        """For how many events each claim is true."""
        return list(self._view.run(f"SELECT {_counted(claims)} FROM marks")[0]) if claims else []

    def count_by(self, key: str, claims: Sequence[str]) -> list[dict[Any, int]]:
        """For each claim, for how many events it is true by the value of `key`; zeros left out."""
        rows = self._view.run(f"SELECT {key}, {_counted(claims)} FROM marks GROUP BY 1 ORDER BY 1") if claims else []
        return [{row[0]: row[index] for row in rows if row[index]} for index in range(1, len(claims) + 1)]

    def recorded(self) -> dict[str, tuple[int, int]]:
        """By policy id, how many events it hit at the time, and how many of those it hits now too."""
        now = " ".join(f"WHEN {literal(m.policy.id)} THEN p{index}" for index, m in enumerate(self._members))
        rows = self._view.run(
            f"SELECT policy, count(*), count_if(CASE policy {now} END) "
            "FROM (SELECT *, unnest(recorded) AS policy FROM marks) GROUP BY 1"
        )
        return {policy: (count, again) for policy, count, again in rows}

    def top_actors(self, claim: str, limit: int) -> tuple[tuple[str, int], ...]:
        """(actor, events) where the claim is true, most first."""
        rows = self._view.run(
            f"SELECT _actor, count(*) FROM marks WHERE {claim} AND _actor IS NOT NULL "
            f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {limit:d}"
        )
        return tuple((actor, count) for actor, count in rows)

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

    def missing(self, index: int) -> tuple[MissingSignal, ...]:
        """The signals that were unknown where the policy at `index` could not be decided, most often first."""
        names = self._members[index].condition.names
        counts = self.count([f"p{index} IS NULL AND n{self.names.index(name)}" for name in names])
        return missing_signals(self.readings, names, counts)

    def severity(self, indexes: Iterable[int]) -> str:
        """SQL of the severity (see `domain.decisions.Verdict`) that these policies together come to."""
        words = ((index, Verdict.of(self._members[index].policy.verdict).value) for index in indexes)
        return f"greatest(0, 0{''.join(f', CASE WHEN p{index} THEN {value} ELSE 0 END' for index, value in words)})"

    def verdict_moves(self, old: str, new: str) -> tuple[tuple[str, str, int], ...]:
        """(verdict, verdict, events) where two such expressions differ, mildest first."""
        rows = self._view.run(f"SELECT {old}, {new}, count(*) FROM marks GROUP BY 1, 2 HAVING {old} <> {new} ORDER BY 1, 2")
        return tuple((Verdict(one).word, Verdict(other).word, count) for one, other, count in rows)


def fetch(view: JournalView, readings: Readings, names: Sequence[str], seqs: Iterable[int]) -> dict[int, Found]:
    """Events by sequence number, with the values of `names`."""
    wanted = ", ".join(f"{seq:d}" for seq in sorted(set(seqs)))
    if not wanted:
        return {}
    picked = "".join(f", {quoted(name)}" for name in names)
    rows = view.run(
        f"SELECT _seq, _key, _id, _type, _time, _actor, _verdict{picked} FROM {readings.relation} WHERE _seq IN ({wanted})"
    )
    return {
        row[0]: Found(
            seq=row[0], key=row[1], id=row[2], type=row[3], time=row[4], actor=row[5], verdict=row[6],
            values=dict(zip(names, row[7:], strict=True)),
        )
        for row in rows
    }


def missing_signals(readings: Readings, names: Sequence[str], counts: Sequence[int]) -> tuple[MissingSignal, ...]:
    """What was missing how often, with the reason if one is known; most often first."""
    found = [
        MissingSignal(name, count, REASONS[readings.reasons[name]] if name in readings.reasons else None)
        for name, count in zip(names, counts, strict=True)
        if count
    ]
    return tuple(sorted(found, key=lambda one: (-one.events, one.signal)))


def _counted(claims: Iterable[str]) -> str:
    return ", ".join(f"count_if({claim})" for claim in claims)


def is_one_of(types: Iterable[str]) -> str:
    """SQL claim that the event's type is among `types`."""
    return f"_type IN ({', '.join(map(literal, types))})"
