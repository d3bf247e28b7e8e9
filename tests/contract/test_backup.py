"""A backup from either database restores into either, whole or not at all."""

import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from judged import CASE, MUTE, NOON, judged, second_pass
from sqlalchemy import insert, select
from stores import BACKENDS, KEY

from anlan.domain.facts import Fact
from anlan.domain.lists import ListEntry
from anlan.errors import Conflict, Damaged, InvalidSettings, NotFound
from anlan.store import audit, staff
from anlan.store.backup import backup, restore
from anlan.store.database import Database
from anlan.store.journal import Journal, Snapshot
from anlan.store.keys import ApiKeys
from anlan.store.lists import ListBook
from anlan.store.refused import Refusal, keep_refused
from anlan.store.tables import metadata, segments
from anlan.store.vault import Codec

REFUSAL = Refusal(received_at=NOON, reason="malformed", detail="坏", api_key=None, body=b"\0\xff")
SEGMENT = {
    "first_seq": 1, "last_seq": 2, "file": "1-2.parquet", "event_count": 2, "first_time": NOON, "last_time": NOON,
    "byte_count": 7, "sha256": "0" * 64, "sealed_at": NOON, "is_redacted": False,
}


@pytest.fixture
def filled(database: Database, tmp_path: Path) -> Database:
    """A store with something in most tables, and one segment."""
    journal, first = Journal(database, Codec(database.vault)), judged(1, "block", (MUTE, CASE), ("p.image",))
    secret = Fact("account:ann", "phone", NOON, "+86138", "sensitive")
    others = [judged(number, facts=(secret,)) for number in range(2, 1500)]
    journal.commit([first, *others], [Snapshot("c", NOON, b"\0\xff")])
    journal.commit([second_pass(first, "allow")])
    ListBook(database).add([ListEntry(list="l", entity="account:b", purpose="block", owner="o", source="s")])
    ApiKeys(database).create("demo", ["events:write"], 10.0)
    with database.write() as connection:
        keep_refused(connection, [REFUSAL])
        staff.add_member(connection, "ann", "hash", ["admin"], "zh", NOON)
        audit.note(connection, "system", "start", "store", {"a": 1})
        connection.execute(insert(segments), SEGMENT)
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "1-2.parquet").write_bytes(b"PARQUET")
    return database


@pytest.fixture(params=BACKENDS)
def empty(request: pytest.FixtureRequest, new_url: Callable[[str], str]) -> Iterator[Database]:
    """The store to restore into, of either kind."""
    opened = Database(new_url(request.param), KEY)
    yield opened
    opened.close()


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with database.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in metadata.sorted_tables
        }


def test_everything_comes_back_in_either_database(filled: Database, empty: Database, tmp_path: Path) -> None:
    made = backup(filled, tmp_path / "journal", tmp_path / "b.tar")
    assert made.tables["events"].rows == 1499
    restored = restore(empty, tmp_path / "restored", tmp_path / "b.tar")
    assert restored == made
    assert contents(empty) == contents(filled)
    assert (tmp_path / "restored" / "1-2.parquet").read_bytes() == b"PARQUET"
    journal = Journal(empty, Codec(empty.vault))
    assert journal.commit([judged(9000)]) == [1500], "numbers go on where they were"
    with empty.write() as connection:
        keep_refused(connection, [REFUSAL])
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".backup")] == []


def test_a_store_or_folder_with_something_in_it_is_not_overwritten(filled: Database, tmp_path: Path) -> None:
    backup(filled, tmp_path / "journal", tmp_path / "b.tar")
    with pytest.raises(Conflict, match="is not empty"):
        restore(filled, tmp_path / "elsewhere", tmp_path / "b.tar")
    with pytest.raises(Conflict, match="is not empty"):
        restore(filled, tmp_path / "journal", tmp_path / "b.tar")
    with pytest.raises(Conflict, match="there already"):
        backup(filled, tmp_path / "journal", tmp_path / "b.tar")


def damage(source: Path, target: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """A copy of an archive in which one member is changed."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old.getmembers():
            file = old.extractfile(member)
            assert file is not None
            body = change(file.read()) if member.name == name else file.read()
            member.size = len(body)
            (target.parent / "body").write_bytes(body)
            with (target.parent / "body").open("rb") as changed:
                new.addfile(member, changed)


def test_a_backup_that_is_not_whole_restores_nothing(database: Database, tmp_path: Path) -> None:
    Journal(database, Codec(database.vault)).commit([judged(1)])
    whole, broken = tmp_path / "b.tar", tmp_path / "broken.tar"
    backup(database, tmp_path / "journal", whole)
    fresh = Database(f"sqlite:///{tmp_path}/fresh.db", KEY)
    fresh.migrate()
    nothing = contents(fresh)
    newer = (b'"schema": "0', b'"schema": "9')
    for name, change, error in (
        ("decisions.ndjson.gz", lambda body: body[:-1], Damaged),
        ("events.ndjson.gz", lambda body: body[:20] + b"\0" + body[21:], Damaged),
        ("manifest.json", lambda body: body[:50], Damaged),
        ("manifest.json", lambda body: body.replace(*newer), InvalidSettings),
    ):
        damage(whole, broken, name, change)
        with pytest.raises(error):
            restore(fresh, tmp_path / "fresh", broken)
    broken.write_bytes(whole.read_bytes()[:3000])
    with pytest.raises(Damaged):
        restore(fresh, tmp_path / "fresh", broken)
    with pytest.raises(NotFound):
        restore(fresh, tmp_path / "fresh", tmp_path / "none.tar")
    assert contents(fresh) == nothing
    fresh.close()


def test_a_missing_segment_is_named_and_no_archive_is_left(filled: Database, tmp_path: Path) -> None:
    (tmp_path / "journal" / "1-2.parquet").unlink()
    with pytest.raises(Damaged, match=r"1-2\.parquet is missing"):
        backup(filled, tmp_path / "journal", tmp_path / "b.tar")
    assert not (tmp_path / "b.tar").exists()
