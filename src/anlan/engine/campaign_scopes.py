"""Which events of the journal meet the conditions of a campaign: those that cases began with, or any new ones."""

from collections.abc import Collection, Sequence

import msgspec

from anlan.domain.ports import AnalyticJournal
from anlan.engine.columns import duckdb_sql
from anlan.engine.conditions import Condition
from anlan.engine.readings import Scope, is_one_of, read_signals


class NewMatches(msgspec.Struct, frozen=True):
    """Events that meet a condition, in order of commit; every event up to `last_seq` was asked."""

    seqs: tuple[int, ...]
    last_seq: int


def ask_events(
    journal: AnalyticJournal, condition: Condition, event_types: Sequence[str], scope: Scope, seqs: Collection[int]
) -> dict[int, bool | None]:
    """For each of `seqs` in scope, whether it meets the condition; None for unknown, False on other types of event.

    Raises:
        TookTooLong, Damaged: see `domain.ports`.
    """
    with journal.view(scope.within_s) as view:
        relation = read_signals(view, scope, condition.names).relation
        listed = ", ".join(map(str, sorted(seqs)))
        claim = f"CASE WHEN {is_one_of(event_types)} THEN {duckdb_sql(condition)} ELSE false END"
        return dict(view.run(f"SELECT _seq, {claim} FROM {relation} WHERE _seq IN ({listed})"))


def find_new(
    journal: AnalyticJournal, condition: Condition, event_types: Sequence[str], scope: Scope,
    after_seq: int, received_by: float,
) -> NewMatches:
    """Events in scope with seq > `after_seq` that meet the condition, of those received by `received_by`.

    Raises:
        TookTooLong, Damaged: see `domain.ports`.
    """
    with journal.view(scope.within_s) as view:
        relation = read_signals(view, scope, condition.names).relation
        fresh = f"FROM {relation} WHERE _seq > {after_seq:d} AND _received_at <= {received_by!r}"
        ((last,),) = view.run(f"SELECT coalesce(max(_seq), {after_seq:d}) {fresh}")
        rows = view.run(
            f"SELECT _seq {fresh} AND {is_one_of(event_types)} AND ({duckdb_sql(condition)}) ORDER BY _seq"
        )
        return NewMatches(tuple(row[0] for row in rows), last)


def count_events(
    journal: AnalyticJournal, condition: Condition, event_types: Sequence[str], scope: Scope
) -> tuple[int, int]:
    """(events of these types in scope, how many of them meet the condition).

    Raises:
        TookTooLong, Damaged: see `domain.ports`.
    """
    with journal.view(scope.within_s) as view:
        relation = read_signals(view, scope, condition.names).relation
        ((asked, met),) = view.run(
            f"SELECT count(*), coalesce(count_if({duckdb_sql(condition)}), 0) "
            f"FROM {relation} WHERE {is_one_of(event_types)}"
        )
        return asked, met
