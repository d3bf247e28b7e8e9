"""The audit log against whoever can write the database: each way of tampering is found and named."""

from pathlib import Path

import msgspec
import pytest
from judged import CASE, NOON, judged
from sqlalchemy import Connection, delete, insert, select, text, update

from anlan.domain.audit_chain import BEGINNING, Anchor, read_anchor, seal
from anlan.errors import InvalidRequest
from anlan.store import audit
from anlan.store.audit_export import check_export, export
from anlan.store.audit_report import AnchorFile, verify
from anlan.store.audit_witnesses import Doubt
from anlan.store.cases import list_cases
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.tables import audit as rows
from anlan.store.tables import case_judgements, marks, sanctions
from anlan.store.vault import Codec

HOSTILE = "'; DROP TABLE audit;--\0<script>\u202e"


@pytest.fixture
def chain(database: Database) -> Database:
    """A store with five rows of audit."""
    with database.write() as connection:
        for number in range(1, 6):
            audit.note(connection, f"staff:{number}", "list.put", f"event:{HOSTILE}", {"b": number, "a": "坏"})
    return database


def head_of(database: Database) -> Anchor:
    with database.read() as connection:
        return audit.read_head(connection)


def seal_anew(connection: Connection, first: int) -> None:
    """What a thief who knows the code does: every row from `first` on gets a hash that fits."""
    previous = BEGINNING
    for row in connection.execute(select(rows).order_by(rows.c.seq)).all():
        if row.seq >= first:
            fitting = seal(previous, row.seq, row.at, row.actor, row.act, row.subject, row.details)
            values = {"previous": previous, "hash": fitting}
            connection.execute(update(rows).where(rows.c.seq == row.seq).values(values))
        previous = connection.execute(select(rows.c.hash).where(rows.c.seq == row.seq)).scalar_one()


def forged(seq: int, previous: str) -> dict[str, object]:
    said = {"seq": seq, "at": NOON, "actor": "staff:mallory", "act": "x", "subject": "y", "details": b"{}"}
    return {**said, "previous": previous, "hash": seal(previous, seq, NOON, "staff:mallory", "x", "y", b"{}")}


def cut_from(connection: Connection, first: int, lowered_to: int) -> None:
    connection.execute(delete(rows).where(rows.c.seq >= first))
    connection.execute(update(marks).where(marks.c.name == "audit").values(value=lowered_to))


def continue_by_hand(connection: Connection) -> None:
    """A row that fits onto the last one, with the counter left as it is."""
    connection.execute(insert(rows), forged(6, audit.read_head(connection).hash))


def test_what_was_not_touched_is_sound_and_the_look_is_written_down(chain: Database) -> None:
    report = verify(chain, "staff:ann", [head_of(chain)])
    assert (report.is_sound, report.head.seq) == (True, 5)
    with chain.read() as connection:
        (look,) = audit.latest_entries(connection, limit=1)
    assert (look.actor, look.act, look.details) == ("staff:ann", "audit.verify", {"broken_at": None, "doubts": 0})


TAMPERINGS = (
    (lambda c: c.execute(update(rows).where(rows.c.seq == 3).values(actor="staff:m")), (3, "altered")),
    (lambda c: c.execute(update(rows).where(rows.c.seq == 3).values(details=b"not json")), (3, "altered")),
    (lambda c: c.execute(delete(rows).where(rows.c.seq == 4)), (4, "missing")),
    (lambda c: c.execute(insert(rows), forged(6, "f" * 64)), (6, "inserted")),
    (continue_by_hand, (6, "inserted")),
    (lambda c: c.execute(insert(rows), forged(0, BEGINNING)), (0, "inserted")),
    (lambda c: c.execute(delete(rows).where(rows.c.seq == 5)), (5, "truncated")),
    (lambda c: c.execute(delete(rows)), (1, "truncated")),
)


def test_a_tampered_row_is_found_and_the_way_named(chain: Database) -> None:
    with chain.read() as connection:
        written = [dict(row) for row in connection.execute(select(rows)).mappings()]
    for tamper, found in TAMPERINGS:
        with chain.write() as connection:
            tamper(connection)
        assert verify(chain, "system").broken == found
        with chain.write() as connection:
            cut_from(connection, 0, len(written))
            connection.execute(insert(rows), written)


def test_a_chain_written_anew_or_cut_with_care_is_found_by_an_anchor_kept_elsewhere(chain: Database) -> None:
    kept = head_of(chain)
    with chain.write() as connection:
        connection.execute(update(rows).where(rows.c.seq == 3).values(actor="staff:mallory"))
        seal_anew(connection, 3)
    assert verify(chain, "system").is_sound, "nothing inside the database can tell"
    assert verify(chain, "system", [kept]).broken == (5, "replaced")
    later = head_of(chain)
    with chain.write() as connection:
        cut_from(connection, 4, 3)
    assert verify(chain, "system").is_sound
    with chain.write() as connection:
        cut_from(connection, 4, 3)
    assert verify(chain, "system", [later]).broken == (4, "truncated")


def test_the_server_keeps_anchors_once_a_day_and_only_when_the_log_moved(chain: Database, tmp_path: Path) -> None:
    file = AnchorFile(chain, tmp_path)
    assert file.read() == []
    added = [file.round(NOON), file.round(NOON + 60), file.round(NOON + 90_000)]
    assert [one.seq if one else None for one in added] == [5, None, None]
    with chain.write() as connection:
        audit.note(connection, "staff:x", "act", "s", {})
    assert file.round(NOON + 200_000) == head_of(chain)
    assert [one.seq for one in file.read()] == [5, 6]
    assert verify(chain, "system", file.read()).is_sound


@pytest.mark.parametrize("said", ["", "7", "x:" + "a" * 64, "7:" + "g" * 64, "7:" + "a" * 63])
def test_what_is_no_anchor_is_refused(said: str) -> None:
    with pytest.raises(InvalidRequest, match="is no anchor"):
        read_anchor(said)


def write_out(database: Database, path: Path, **wanted: object) -> Anchor:
    head, pieces = export(database, "staff:ann", "ndjson", audit.Wanted(**wanted))
    path.write_bytes(b"".join(pieces))
    return head


def test_an_export_names_itself_and_a_later_one_is_proven_to_continue_it(chain: Database, tmp_path: Path) -> None:
    first, second = tmp_path / "1.ndjson", tmp_path / "2.ndjson"
    head = write_out(chain, first)
    last = msgspec.json.decode(first.read_bytes().splitlines()[-1])
    assert (last["seq"], last["actor"], last["act"]) == (6, "staff:ann", "audit.export")
    later = write_out(chain, second)
    walk = check_export(second, [head, later])
    assert (walk.broken, walk.head) == (None, later)
    assert check_export(first, [later]).broken == (7, "truncated"), "the earlier file does not reach so far"
    altered = second.read_text("utf-8").replace("staff:2", "staff:9")
    second.write_text(altered, "utf-8")
    assert check_export(second).broken == (2, "altered")
    second.write_text("{}", "utf-8")
    with pytest.raises(InvalidRequest, match="is not an NDJSON export"):
        check_export(second)


def test_a_part_of_the_log_is_a_chain_from_its_first_row(chain: Database, tmp_path: Path) -> None:
    with chain.read() as connection:
        third = audit.latest_entries(connection, before_seq=4)[0]
    write_out(chain, tmp_path / "part", since=third.at)
    walk = check_export(tmp_path / "part")
    assert (walk.broken, walk.head.seq) == (None, 6)
    assert len((tmp_path / "part").read_bytes().splitlines()) == 4


def test_an_export_is_narrowed_by_who_and_what_and_safe_in_a_spreadsheet(chain: Database) -> None:
    with chain.write() as connection:
        audit.note(connection, "staff:2", "list.put.more", "=HYPERLINK(1)", {})
        audit.note(connection, "staff:2", "list%", "s", {})
    _, pieces = export(chain, "staff:ann", "csv", audit.Wanted(actor="staff:2", act="list.put"))
    lines = b"".join(pieces).decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["seq", "2", "6"]
    assert ",'=HYPERLINK(1)," in lines[2]


def judge_a_case(database: Database) -> None:
    """One case with a machine finding and one judgement, traced as the desk traces it."""
    Journal(database, Codec(database.vault)).commit([judged(1, "block", (CASE,))])
    with database.write() as connection:
        (case,) = list_cases(connection)
        row = {
            "id": "j1", "case_id": case.id, "stage": 1, "by": "staff:ann", "at": NOON, "answer": "violation",
            "category": "spam", "severity": "high", "reason": "spam", "machine_answer": "violation",
            "saw_machine": False, "took_s": 4.0,
        }
        connection.execute(insert(case_judgements), row)
        audit.note(connection, "staff:ann", "case.judge", case.id, {"judgement": "j1", "answer": "violation"})


def ban(connection: Connection, **more: object) -> dict[str, object]:
    """A ban with everything that the database asks for."""
    (case,) = list_cases(connection, state=None)
    return {
        "id": "s1", "target": case.target, "kind": "ban", "feature": "", "starts_at": NOON, "is_permanent": True,
        "rule": "p.spam", "category": "spam", "severity": "high", "strikes": 3, "strikes_until": NOON, "grounds": b"[]",
        "case_id": case.id, "case_target": case.target, "finding_seq": case.event_seq, "finding_pass": 1,
        "finding_policy": "p.spam", "judgement_id": "j1", "judgement_answer": "violation", "judged_by": "staff:ann",
        "needs_second": False, "ordered_by": "staff:ann", "ordered_at": NOON, "state": "in_force", **more,
    }


def doubts(database: Database) -> list[tuple[str, str, str]]:
    return [tuple(one) for one in verify(database, "system").doubts]


def test_a_ban_put_in_by_hand_is_found_although_it_breaks_no_constraint(database: Database) -> None:
    judge_a_case(database)
    assert doubts(database) == []
    with database.write() as connection:
        connection.execute(insert(sanctions), ban(connection))
    assert doubts(database) == [Doubt("sanction", "s1", "untold")]


def test_a_sanction_changed_or_lifted_by_hand_is_told_otherwise(database: Database) -> None:
    judge_a_case(database)
    with database.write() as connection:
        mute = ban(connection, kind="mute", is_permanent=False, ends_at=NOON + 60)
        connection.execute(insert(sanctions), mute)
        told = {"target": mute["target"], "kind": "mute", "ends_at": NOON + 60}
        audit.note(connection, "staff:ann", "sanction.order", "s1", told)
    assert doubts(database) == []
    with database.write() as connection:
        connection.execute(update(sanctions).values(ends_at=NOON + 9_000))
    assert doubts(database) == [("sanction", "s1", "told_otherwise")]
    with database.write() as connection:
        connection.execute(update(sanctions).values(ends_at=NOON + 60, state="reversed"))
    assert doubts(database) == [("lifted sanction", "s1", "untold")]


def test_a_judgement_put_in_or_turned_by_hand_is_found(database: Database) -> None:
    judge_a_case(database)
    with database.write() as connection:
        connection.execute(update(case_judgements).values(by="staff:bob"))
    assert doubts(database) == [("judgement", "j1", "told_otherwise")]
    with database.write() as connection:
        connection.execute(update(case_judgements).values(by="staff:ann", id="j2"))
    assert doubts(database) == [("judgement", "j2", "untold")]


def test_a_ban_without_a_judgement_is_found_even_with_a_trace_and_the_constraints_off(database: Database) -> None:
    judge_a_case(database)
    with database.write() as connection:
        if database.is_sqlite:
            connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        else:
            law = "ck_sanctions_permanent_needs_machine_and_person"
            connection.execute(text(f"ALTER TABLE sanctions DROP CONSTRAINT {law}"))
        connection.execute(insert(sanctions), ban(connection, judgement_id=None, judged_by=None))
        audit.note(connection, "staff:ann", "sanction.order", "s1", {})
    assert doubts(database) == [("sanction", "s1", "unlawful")]
