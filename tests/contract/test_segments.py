"""Sealing, merging, redacting and reading the journal, on both databases: every event once, whatever happens."""

import pkgutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from sqlalchemy import delete, update

from anlan.clock import now
from anlan.domain.decisions import Decision, Finding, Judged
from anlan.domain.declarations import declare
from anlan.domain.events import CATALOGUE, Catalogue
from anlan.domain.keys import decision_id, event_key
from anlan.domain.signals import Signal
from anlan.errors import Damaged, InvalidSettings, TookTooLong
from anlan.store import segment_files, tables
from anlan.store.analysis import Analysis
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.rows import Columns
from anlan.store.segments import SegmentLimits, Segments
from anlan.store.vault import Codec

NOW = 1_790_000_000.0
HOSTILE = "'); COPY tail TO '/tmp/x' --\"\u0000\\u0000 {\"text\": 1} \n\r\u2028 \U0001f600"
CATALOGUE_WITH_OWN = Catalogue((*CATALOGUE, declare("parcel.sent", "phone", {"phone": "phone", "weight": "number?"})))


def signal(name: str, type: str, **more: Any) -> Signal:
    return Signal(name=name, compute=lambda: None, type=type, reads=more.pop("reads", ("event",)), **more)


SIGNALS = (
    signal("score", "number"), signal("is_new", "bool"), signal("tone", "text", choices=("calm", "angry")),
    signal("skeleton", "text", reads=("text",)), signal("phone_prefix", "text", reads=("phone",)),
    signal("parsed", "object"),
)


class House:
    """A store, its journal and its segments, with few events to a segment."""

    def __init__(self, database: Database, folder: Path, signals: tuple[Signal, ...] = SIGNALS) -> None:
        self.database, self.folder = database, folder
        self.journal = Journal(database, Codec(database.vault))
        self.columns = Columns(CATALOGUE_WITH_OWN.types, signals)
        limits = SegmentLimits(events=10, age_s=3_600.0, fan_in=3, largest_events=100)
        self.segments = Segments(database, folder, self.columns, limits)
        self.analysis = Analysis(self.segments)

    def send(self, number: int, text: str = "hello", time: float | None = None, **more: Any) -> None:
        """Commit message `number`."""
        self.commit(number, *_message(number, text), time, **more)

    def send_all(self, numbers: Iterable[int]) -> None:
        """Commit several messages at once."""
        self.journal.commit([self.judge(number, *_message(number, "hello")) for number in numbers])

    def commit(self, *what: Any, **more: Any) -> None:
        """Commit one event."""
        self.journal.commit([self.judge(*what, **more)])

    def judge(
        self, number: int, type_name: str, data: dict[str, Any], time: float | None = None, *,
        signals: dict[str, Any] | None = None, findings: tuple[Finding, ...] = (), pending: tuple[str, ...] = (),
        pass_number: int = 1, received_at: float | None = None, versions: dict[str, int] | None = None,
    ) -> Judged:
        """One event with its decision."""
        body = {"specversion": "1.0", "id": str(number), "source": "test", "type": type_name, "data": data}
        event = CATALOGUE_WITH_OWN.decode(msgspec.json.encode(body), NOW)
        event = msgspec.structs.replace(event, time=NOW + number if time is None else time)
        decision = Decision(
            id=decision_id(event_key("test", str(number)), pass_number), pass_number=pass_number,
            verdict=findings[0].verdict if findings else "allow", findings=findings, shadow=(), actions=(),
            pending=pending, signals=signals or {}, failed={}, policy_set="s", models={}, took_us=1.0,
            signal_versions=versions or {},
        )
        return Judged(event, decision, now() if received_at is None else received_at)

    def ask(self, what: str, where: str = "true") -> list[tuple[Any, ...]]:
        """Rows of the whole journal in order."""
        with self.analysis.view() as view:
            return view.run(f"SELECT {what} FROM {view.relation()} WHERE {where} ORDER BY _seq")

    def seqs(self) -> list[int]:
        return [row[0] for row in self.ask("_seq")]

    def close(self) -> None:
        self.segments.close()


def _message(number: int, text: str) -> tuple[str, dict[str, Any]]:
    return "message.sent", {"sender": f"a{number % 3}", "text": text, "ip": "10.0.0.1", "recipient": "b1"}


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    made = House(database, tmp_path / "journal")
    yield made
    made.close()


def finding(policy: str, verdict: str = "block") -> Finding:
    return Finding(
        policy=policy, version=2, verdict=verdict, severity="high", category="fraud", because={}, values={}
    )


def test_an_empty_journal_answers_with_nothing(house: House) -> None:
    assert house.seqs() == []
    assert house.segments.maintain() == 0
    assert house.segments.redact(NOW) == 0


def test_sealed_and_tail_together_hold_every_event_once(house: House) -> None:
    for number in range(1, 26):
        house.send(number)
        if number % 7 == 0:
            house.segments.seal()
            assert house.seqs() == list(range(1, number + 1))
    assert [(one.first_seq, one.last_seq) for one in house.segments.listed()] == [(1, 10), (11, 20)]
    assert house.seqs() == list(range(1, 26))
    assert house.segments.seal(everything=True) == 1
    assert house.seqs() == list(range(1, 26))


def test_a_lonely_event_is_sealed_when_it_is_old(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.send(1, received_at=NOW)
    monkeypatch.setattr("anlan.store.segments.now", lambda: NOW + 3_599)
    assert house.segments.seal() == 0
    monkeypatch.setattr("anlan.store.segments.now", lambda: NOW + 3_601)
    assert house.segments.seal() == 1


def test_values_arrive_as_they_were(house: House) -> None:
    long = "长" * 19_990
    house.send(1, HOSTILE, received_at=NOW, signals={"score": 0.5, "is_new": False, "tone": "calm", "parsed": {"a": 1}})
    house.send(2, long, signals={"score": 7, "skeleton": HOSTILE}, findings=(finding("a.b"),))
    house.commit(3, "payment.initiated", {"payer": "p", "payee": "q", "amount_minor": 2**53})
    expected = [
        (HOSTILE, 0.5, False, "calm", None, None, None, "allow", []),
        (long, 7.0, None, None, HOSTILE, None, None, "block", ["a.b"]),
        (None, None, None, None, None, 2.0**53, "CNY", "allow", []),
    ]
    what = "text, score, is_new, tone, skeleton, amount_minor, currency, _verdict, [f.policy FOR f IN _findings]"
    assert house.ask(what) == expected
    house.segments.seal(everything=True)
    assert house.ask(what) == expected
    assert house.ask("_id, _source, _type, _time, _received_at, _actor", "_seq = 1") == [
        ("1", "test", "message.sent", NOW + 1, NOW, "account:a1")
    ]


def test_sensitive_values_never_reach_a_file(house: House) -> None:
    phone = "+8613800001111"
    house.commit(1, "account.registered", {"account": "a", "phone": phone}, signals={"phone_prefix": "+86138"})
    house.commit(2, "parcel.sent", {"phone": phone, "weight": 3})
    house.segments.seal(everything=True)
    assert house.ask("weight, _actor") == [(None, "account:a"), (3.0, None)]
    assert {"phone", "phone_prefix", "email"}.isdisjoint(house.columns.readable)
    scanned = [duckdb.sql(f"FROM '{path}'").fetchall() for path in house.folder.glob("*.parquet")]
    assert scanned
    assert "+86138" not in str(scanned)
    assert "13800001111" not in str(scanned)


def test_a_second_decision_replaces_the_first_before_it_is_sealed(house: House) -> None:
    house.send(1)
    house.send(2, pending=("a.b",))
    house.send_all(range(3, 15))
    assert house.segments.seal(everything=True) == 1
    assert [one.last_seq for one in house.segments.listed()] == [1]
    assert house.ask("_verdict", "_seq = 2") == [("allow",)]
    house.send(2, findings=(finding("a.b", "hold"),), pass_number=2, signals={"score": 1})
    assert house.ask("_verdict, score", "_seq = 2") == [("hold", 1.0)]
    house.segments.seal(everything=True)
    assert house.ask("_verdict, score", "_seq = 2") == [("hold", 1.0)]
    assert house.seqs() == list(range(1, 15))


STEPS = {
    "reading the record": ("anlan.store.segments._read_page", 0),
    "writing rows": ("anlan.store.rows.Columns.encode", 3),
    "copying": ("anlan.store.segment_files.SegmentFiles._ask", 0),
    "hashing": ("anlan.store.segment_files._sha256", 0),
    "naming": ("pathlib.Path.replace", 0),
    "after naming": ("anlan.store.segment_files._sync_folder", 0),
    "registering": ("anlan.store.segments._swap", 0),
    "after registering": ("anlan.store.segment_files.SegmentFiles.retire", 0),
}


class Crash(BaseException):
    """The process ends here: nothing below catches it."""


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_loses_and_doubles_nothing(
    house: House, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.send_all(range(1, 31))
    house.segments.seal()
    seal, redact = partial(house.segments.seal, everything=True), partial(house.segments.redact, NOW + 15)
    for act in (seal, house.segments.compact, redact):
        house.send(len(house.seqs()) + 1)
        with monkeypatch.context() as patch:
            _crash_at(patch, *STEPS[step])
            with suppress(Crash):
                act()
        again = House(house.database, house.folder)
        assert again.seqs() == house.seqs() == list(range(1, len(house.seqs()) + 1))
        act()
        assert again.seqs() == house.seqs()
        again.close()


def _crash_at(patch: pytest.MonkeyPatch, name: str, after: int) -> None:
    left = [after]
    path, _, last = name.rpartition(".")
    original = getattr(pkgutil.resolve_name(path), last)

    def crash(*given: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Crash
        return original(*given, **named)

    patch.setattr(name, crash)


def test_files_of_a_crash_are_swept_and_others_are_not(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.send_all(range(1, 11))
    with monkeypatch.context() as patch:
        _crash_at(patch, "anlan.store.segments._swap", 0)
        with pytest.raises(Crash):
            house.segments.seal()
    orphans = list(house.folder.glob("*.parquet"))
    house.segments.files.sweep(house.segments.listed())
    assert list(house.folder.glob("*.parquet")) == orphans != []
    house.send(11)
    house.segments.seal(everything=True)
    monkeypatch.setattr("anlan.store.segment_files.now", lambda: orphans[0].stat().st_mtime + 10_000)
    house.segments.files.sweep(house.segments.listed())
    assert {path.name for path in house.folder.glob("*.parquet")} == {one.file for one in house.segments.listed()}
    assert house.seqs() == list(range(1, 12))


def test_two_sealers_seal_each_event_once(house: House) -> None:
    other = House(house.database, house.folder)
    house.send_all(range(1, 21))
    due = other.segments._due(everything=True)
    assert due is not None
    house.segments.seal()
    assert other.segments._seal_range(*due) is None
    assert other.seqs() == house.seqs() == list(range(1, 21))
    other.close()


def test_small_neighbours_are_merged_and_nothing_changes(house: House) -> None:
    for number in range(1, 95):
        house.send(number, signals={"score": number})
        house.segments.seal(everything=number % 5 == 0)
    before = house.ask("_seq, score, text, _findings")
    assert house.segments.compact() > 0
    assert len(house.segments.listed()) <= 6
    assert max(one.event_count for one in house.segments.listed()) <= 100
    assert house.ask("_seq, score, text, _findings") == before
    assert house.segments.compact() == 0


def test_views_outlive_sealing_and_merging(house: House) -> None:
    for number in range(1, 31):
        house.send(number)
        house.segments.seal(everything=number % 3 == 0)
    with house.analysis.view() as view:
        house.send_all(range(31, 41))
        house.segments.seal(everything=True)
        house.segments.compact()
        assert house.seqs() == list(range(1, 41))
        assert view.run(f"SELECT list(_seq ORDER BY _seq) FROM {view.relation()}") == [(list(range(1, 31)),)]


def test_an_altered_or_missing_segment_is_named(house: House) -> None:
    house.send_all(range(1, 21))
    house.segments.seal()
    assert len(house.seqs()) == 20
    first, second = house.segments.listed()
    path = house.folder / first.file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    (house.folder / second.file).unlink()
    with pytest.raises(Damaged) as caught:
        house.seqs()
    assert caught.value.details["files"] == [first.file, second.file]
    with pytest.raises(Damaged):
        house.segments.redact(NOW + 100)
    for broken in (first, second):
        house.segments.rebuild(broken.file)
    assert house.seqs() == list(range(1, 21))


def test_what_the_record_no_longer_holds_is_not_rebuilt(house: House) -> None:
    house.send_all(range(1, 11))
    house.segments.seal()
    (segment,) = house.segments.listed()
    with house.database.write() as connection:
        connection.execute(delete(tables.decisions).where(tables.decisions.c.event_seq == 4))
        connection.execute(delete(tables.events).where(tables.events.c.seq == 4))
    with pytest.raises(Damaged, match="only 9 of the 10"):
        house.segments.rebuild(segment.file)
    assert house.seqs() == list(range(1, 11))


def test_redaction_takes_personal_values_of_old_events_only(house: House) -> None:
    for number in range(1, 31):
        house.send(number, f"secret {number}", signals={"score": 1, "skeleton": "secret", "tone": "calm"})
    house.segments.seal()
    assert house.segments.redact(NOW + 15) == 2
    rows = house.ask("_seq, text, skeleton, ip, score, tone, sender")
    assert [row[1:4] == (None, None, None) for row in rows] == [seq < 15 for seq in range(1, 31)]
    assert all(row[4:6] == (1.0, "calm") and row[6] for row in rows)
    assert [one.is_redacted for one in house.segments.listed()] == [True, False, False]
    assert house.segments.redact(NOW + 15) == 0
    house.segments.redact(NOW + 100)
    counted = {one.file for one in house.segments.listed()}
    assert "secret" not in str([duckdb.sql(f"FROM '{house.folder / file}'").fetchall() for file in counted])


def test_redacted_files_are_gone_after_their_grace(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 11):
        house.send(number, "secret")
    house.segments.seal()
    (old,) = house.segments.listed()
    house.segments.redact(NOW + 100)
    house.segments.maintain()
    assert (house.folder / old.file).exists()
    later = (house.folder / old.file).stat().st_mtime + segment_files.GRACE_S + 1
    monkeypatch.setattr("anlan.store.segment_files.now", lambda: later)
    house.segments.maintain()
    assert not (house.folder / old.file).exists()


def test_new_signals_are_null_in_old_segments_and_changed_types_too(house: House, tmp_path: Path) -> None:
    house.send(1, signals={"score": 1, "tone": "calm"})
    house.segments.seal(everything=True)
    changed = (signal("score", "text", choices=("low", "high")), signal("fresh", "number"))
    later = House(house.database, house.folder, changed)
    later.send(2, signals={"score": "high", "fresh": 3})
    expected = [(1, None, None), (2, "high", 3.0)]
    assert later.ask("_seq, score, fresh") == expected
    later.segments.seal(everything=True)
    assert later.ask("_seq, score, fresh") == expected
    later.send(3)
    later.segments.seal(everything=True)
    assert later.segments.compact() == 1
    assert later.ask("_seq, score, fresh") == [*expected, (3, None, None)]
    later.close()


def test_a_recorded_value_of_another_type_does_not_stop_sealing(house: House) -> None:
    house.send(1, signals={"score": "not a number", "is_new": True, "gone": [1]})
    house.segments.seal(everything=True)
    assert house.ask("score, is_new") == [(None, True)]


def test_data_past_its_retention_or_of_a_forgotten_type_is_null(house: House) -> None:
    house.send(1)
    house.send(2)
    with house.database.write() as connection:
        connection.execute(update(tables.events).where(tables.events.c.seq == 1).values(data=None))
        connection.execute(update(tables.events).where(tables.events.c.seq == 2).values(type="old.type"))
    assert house.ask("_type, sender, text") == [("message.sent", None, None), ("old.type", "a2", "hello")]


def test_names_that_columns_cannot_have_are_refused() -> None:
    for names in (("Score", "score"), ("_seq",), ("a b",)):
        with pytest.raises(InvalidSettings, match=names[0]):
            Columns(CATALOGUE, [signal(name, "number") for name in names])
    own = declare("x.y", "who", {"who": "account", "category": "word", "type": "word", "id": "number"})
    assert {"category", "type", "id"} <= Columns((*CATALOGUE, own), ()).readable.keys()


def test_a_question_is_stopped_when_its_time_is_up(house: House) -> None:
    with house.analysis.view(within_s=0.2) as view:
        with pytest.raises(TookTooLong, match="shorter time range"):
            view.run("SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range % 7 = b.range")
        with pytest.raises(TookTooLong):
            view.run("SELECT 1")
    assert house.seqs() == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/out.csv'",
        "ATTACH '/tmp/other.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET threads = 8",
    ],
)
def test_duckdb_cannot_leave_the_folder(house: House, sql: str) -> None:
    with house.analysis.view() as view, pytest.raises(duckdb.Error):
        view.run(sql)


def test_time_bounds_are_start_inclusive_and_end_exclusive(house: House) -> None:
    for number in range(1, 21):
        house.send(number, time=NOW - number)
    house.segments.seal()
    with house.analysis.view() as view:
        rows = view.run(f"SELECT _seq FROM {view.relation(NOW - 12, NOW - 8)} ORDER BY 1")
    assert rows == [(9,), (10,), (11,), (12,)]


def test_the_tail_can_be_read_anew(house: House) -> None:
    house.send(1, "secret")
    assert house.ask("text") == [("secret",)]
    with house.database.write() as connection:
        connection.execute(update(tables.events).values(data=None))
    house.analysis.forget_tail()
    assert house.ask("text") == [(None,)]
