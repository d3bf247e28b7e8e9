"""Following decisions on both databases: every pass once, in small steps, however late, by whoever comes first."""

from collections.abc import Callable

import pytest
from judged import MUTE, judged, second_pass
from sqlalchemy import Connection, select

from anlan.domain.decisions import Judged
from anlan.store.automatic import STEP_EVENTS, STEP_FINDINGS, Step, follow, passes_in
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.marks import raise_mark, read_mark
from anlan.store.tables import second_looks
from anlan.store.vault import Codec

MARK = "tests.decisions"
Met = list[tuple[int, tuple[int, ...]]]


def muted(number: int) -> Judged:
    return judged(number, "hold", (MUTE,))


class Follower:
    """Meets passes as (event, pass numbers); `steps` says how many events each transaction kept."""

    def __init__(self, database: Database, before_writing: Callable[[], object] = lambda: None) -> None:
        self.database = database
        self.before_writing = before_writing
        self.met: Met = []
        self.steps: list[int] = []

    def round(self) -> int:
        return follow(self.database, MARK, self._look, self._keep)

    def _look(self, connection: Connection, step: Step) -> Met:
        found = [
            (passes[0].event_seq, tuple(one.decision.pass_number for one in passes))
            for passes in passes_in(connection, step)
        ]
        act, self.before_writing = self.before_writing, lambda: None
        act()
        return found

    def _keep(self, _: Connection, found: Met) -> int:
        self.met += found
        self.steps.append(len(found))
        return len(found)


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database, Codec(database.vault))


def test_a_second_pass_is_met_however_much_has_happened_since(database: Database, journal: Journal) -> None:
    follower, first = Follower(database), judged(1)
    journal.commit([first])
    for start in range(2, STEP_EVENTS + 100, 1_000):
        journal.commit([judged(number) for number in range(start, start + 1_000)])
    assert follower.round() == 0
    journal.commit([second_pass(first, "hold", (MUTE,))])
    journal.commit([muted(9_999)])
    assert follower.round() == 2
    assert [(seq == 1, passes) for seq, passes in follower.met] == [(False, (1,)), (True, (2,))]
    assert Follower(database).round() == 0


def test_both_passes_that_came_before_a_look_are_met_together(database: Database, journal: Journal) -> None:
    first = muted(1)
    journal.commit([first, muted(2), second_pass(first, "allow")])
    follower = Follower(database)
    follower.round()
    assert follower.met == [(1, (1, 2)), (2, (1,))]
    with database.read() as connection:
        assert connection.execute(select(second_looks)).all() == [(1, 1)]


def test_what_is_kept_at_once_is_bounded(database: Database, journal: Journal) -> None:
    journal.commit([muted(number) if number % 2 else judged(number) for number in range(1, 501)])
    follower = Follower(database)
    assert follower.round() == 250
    assert max(follower.steps) == STEP_FINDINGS
    assert [seq for seq, _ in follower.met] == list(range(1, 501, 2))


@pytest.mark.parametrize(("passed", "left"), [
    ({MARK: 1}, [(1, (1, 2))]), ({f"{MARK}.looks": 1}, [(2, (1,))]), ({MARK: 1, f"{MARK}.looks": 1}, []),
])
def test_whoever_is_overtaken_writes_nothing_and_looks_again(
    database: Database, journal: Journal, passed: dict[str, int], left: Met
) -> None:
    first = muted(1)
    journal.commit([first])
    Follower(database).round()
    journal.commit([second_pass(first, "allow"), muted(2)])

    def be_faster() -> None:
        with database.write() as connection:
            for name, by in passed.items():
                raise_mark(connection, name, by)

    follower = Follower(database, be_faster)
    assert follower.round() == len(left)
    assert follower.met == left


def test_what_fails_is_met_again(database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = Follower(database)
    journal.commit([muted(1)])

    def fail(*_: object) -> int:
        raise RuntimeError("the center is closed")

    with monkeypatch.context() as context:
        context.setattr(follower, "_keep", fail)
        with pytest.raises(RuntimeError):
            follower.round()
    with database.read() as connection:
        assert read_mark(connection, MARK) == 0
    assert follower.round() == 1
