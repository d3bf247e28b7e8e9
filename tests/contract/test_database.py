"""Both databases are opened, migrated and refused in the same way."""

import gc
import re
import warnings
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from alembic.config import Config
from servers import PostgresServer
from sqlalchemy import Connection, select, text
from stores import KEY

from anlan.errors import InvalidRequest, InvalidSettings, Unavailable
from anlan.store.database import MIGRATIONS, Database, head_revision
from anlan.store.marks import (
    ALERTED_PAYMENTS,
    ALERTS,
    CARE_CARDS,
    COOL_DOWNS,
    JOURNAL,
    TRANSFER_SETTLEMENTS,
    raise_mark,
    read_mark,
)
from anlan.store.tables import metadata, policy_versions

POLICY = {"id": "p", "version": 1, "body": "", "author": "ann", "created_at": 1.0}


def schema(connection: Connection) -> set[str]:
    """The text of every object in a schema, as the database itself tells it."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master"))
        found = {" ".join(sorted(re.findall(r"[^\s\",]+", row[0]))) for row in rows}  # constraints come in any order
    else:
        queries = (
            "SELECT table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || "
            "coalesce(column_default, '') || ' ' || coalesce(character_maximum_length, 0) "
            "FROM information_schema.columns WHERE table_schema = 'public'",
            "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        )
        found = {row[0] for query in queries for row in connection.execute(text(query))}
    return {line for line in found if "alembic_version" not in line}


def test_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.write() as connection:
        migrated = schema(connection)
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert schema(connection) == migrated
        connection.execute(text("CREATE INDEX stray ON events (type)"))
        assert schema(connection) != migrated


def test_migrating_again_changes_nothing_and_the_check_passes(database: Database) -> None:
    database.migrate()
    database.check()


def test_what_follows_the_journal_begins_with_what_comes_after_an_update(tmp_path: Path) -> None:
    """Nobody is warned today of a payment of last year."""
    database = Database(f"sqlite:///{tmp_path}/older.db", KEY)
    with database.write() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, "0018")
        raise_mark(connection, JOURNAL, 70_000)
    database.migrate()
    with database.read() as connection:
        followers = (ALERTS, ALERTED_PAYMENTS, COOL_DOWNS, TRANSFER_SETTLEMENTS, CARE_CARDS)
        assert [read_mark(connection, name) for name in followers] == [70_000] * len(followers)
    database.close()


def test_a_schema_from_newer_code_is_refused(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for act in (database.check, database.migrate):
        with pytest.raises(InvalidSettings, match=r"9999.*newer Anlan"):
            act()


def test_a_schema_that_is_not_migrated_is_told_how_to_be(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/empty.db", KEY)
    with pytest.raises(InvalidSettings, match=f"nothing, this version needs {head_revision()}; run `anlan migrate`"):
        database.check()
    database.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("not a url", "is not a database URL"),
        ("mysql://host/name", "no support for mysql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_a_wrong_url_is_refused_with_the_right_form(url: str, says: str) -> None:
    with pytest.raises(InvalidSettings, match=says):
        Database(url, KEY)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database" * 1000)
    for path, says in ((broken, "not an intact SQLite"), (tmp_path / "missing" / "x.db", "check that the folder")):
        database = Database(f"sqlite:///{path}", KEY)
        with pytest.raises(InvalidSettings, match=says):
            database.check()
        database.close()


def test_a_server_that_is_not_there_is_unavailable_and_its_password_untold() -> None:
    database = Database("postgresql://ann:secret@/x?host=/nowhere", KEY)
    with pytest.raises(Unavailable) as caught:
        database.check()
    assert "secret" not in caught.value.message
    database.close()


def use(database: Database, together: int, *, directly: bool) -> None:
    """Have so many connections at work at the same time."""
    with ExitStack() as stack:
        for _ in range(together):
            if directly:
                stack.enter_context(database.write_directly()).execute("SELECT 1")
            else:
                stack.enter_context(database.read()).execute(text("SELECT 1"))


def lose(postgres: PostgresServer, database: Database, *, directly: bool) -> None:
    """Let the server go while one connection is at work and others wait; it is back when this fails."""
    with ExitStack() as stack:
        stack.callback(postgres.start)
        stack.enter_context(database.write_directly() if directly else database.read())
        postgres.stop()
        use(database, 3, directly=directly)


@pytest.mark.parametrize("directly", [True, False])
def test_a_server_that_went_away_leaves_no_connection_open(
    postgres: PostgresServer, new_url: Callable[[str], str], directly: bool
) -> None:
    database = Database(new_url("postgres"), KEY)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        use(database, 6, directly=directly)
        with pytest.raises(Unavailable):
            lose(postgres, database, directly=directly)
        use(database, 8, directly=directly)
        database.close()
        gc.collect()
    assert [str(one.message) for one in warned if issubclass(one.category, ResourceWarning)] == []


def test_a_database_that_went_away_is_used_again_when_it_is_back(
    postgres: PostgresServer, new_url: Callable[[str], str]
) -> None:
    database = Database(new_url("postgres"), KEY)
    database.check()
    postgres.stop()
    try:
        with pytest.raises(Unavailable):
            database.check()
    finally:
        postgres.start()
    database.check()
    database.close()


@pytest.mark.parametrize("approved_by", [None, "ann"])
def test_the_database_itself_refuses_a_live_policy_without_a_second_person(
    database: Database, approved_by: str | None
) -> None:
    row = POLICY | {"state": "live", "approved_by": approved_by}
    with pytest.raises(sqlalchemy.exc.IntegrityError), database.write() as connection:
        connection.execute(policy_versions.insert(), row)
    with database.write() as connection:
        connection.execute(policy_versions.insert(), row | {"approved_by": "bea"})


@pytest.mark.parametrize("odd", ["a\0b", 10**30], ids=["nul", "too_large"])
def test_what_no_column_holds_is_a_fault_of_the_request(database: Database, odd: str | int) -> None:
    """PostgreSQL has no NUL in text, neither has numbers without end; both come in addresses that strangers write."""
    column = policy_versions.c.id if isinstance(odd, str) else policy_versions.c.version
    takes_it = database.is_sqlite and isinstance(odd, str)
    with nullcontext() if takes_it else pytest.raises(InvalidRequest), database.read() as connection:
        assert not connection.execute(select(column).where(column == odd)).all()


def test_a_sum_that_the_caller_got_wrong_is_no_fault_of_the_request(database: Database) -> None:
    with pytest.raises(OverflowError), database.read():
        pow(10.0, 400)


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    twice = [POLICY | {"state": "draft"}] * 2
    with pytest.raises(sqlalchemy.exc.IntegrityError), database.write() as connection:
        connection.execute(policy_versions.insert(), twice)
    with database.read() as connection:
        assert connection.execute(policy_versions.select()).all() == []
