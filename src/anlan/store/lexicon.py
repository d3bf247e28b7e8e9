"""What operators made of the shipped lexicon: every change with who proposed and who approved it, and the terms now.

Nothing takes effect without a second person; a change and its trace in the audit log are written together.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan import clock
from anlan.domain.terms import Term
from anlan.errors import Conflict, Forbidden, NotFound
from anlan.store.audit import note
from anlan.store.batch import storable
from anlan.store.database import Database
from anlan.store.marks import LEXICON, LEXICON_CHANGES, raise_mark, read_mark
from anlan.store.tables import lexicon_changes, lexicon_edits, lexicon_terms, lexicon_versions

ChangeState = Literal["proposed", "approved", "rejected", "withdrawn"]

_decode_term = msgspec.json.Decoder(Term).decode
_ROWS_PER_STATEMENT = 5_000


class Edit(NamedTuple):
    """What a change does to one term; `before` is None for a new one, `after` for one that is retired."""

    key: str
    before: Term | None
    after: Term | None


class Change(NamedTuple):
    """One change of any number of terms.

    Attributes:
        seen_version: the lexicon's when it was proposed.
        note: what whoever decided said.
        preview: JSON of the report that the approver was shown.
        version: the lexicon's that it made; None unless approved.
    """

    id: int
    state: ChangeState
    why: str
    author: str
    created_at: float
    seen_version: int
    term_count: int
    decided_by: str | None
    decided_at: float | None
    note: str
    preview: bytes | None
    version: int | None


class LayerTerm(NamedTuple):
    """A term as operators left it; a retired one as it was last."""

    key: str
    term: Term
    is_retired: bool
    change_id: int
    version: int


class LexiconBook:
    """Reads and changes what operators made of the lexicon."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def version(self) -> int:
        """Grows with every approved change, 0 for the lexicon as shipped; read it before `layer`."""
        with self._database.read() as connection:
            return read_mark(connection, LEXICON)

    def layer(self) -> list[LayerTerm]:
        """Every term that operators added, changed or retired, in order of key."""
        with self._database.read_directly() as cursor:
            cursor.execute("SELECT key, body, is_retired, change_id, version FROM lexicon_terms ORDER BY key")
            return [
                LayerTerm(key, _decode_term(body), bool(is_retired), change_id, version)
                for key, body, is_retired, change_id, version in cursor.fetchall()
            ]

    def propose(self, author: str, why: str, seen_version: int, edits: Sequence[Edit]) -> int:
        """Keep a change for somebody else to decide; its number."""
        with self._database.write() as connection:
            number = raise_mark(connection, LEXICON_CHANGES)
            row = {
                "id": number, "state": "proposed", "why": storable(why), "author": author, "created_at": clock.now(),
                "seen_version": seen_version, "term_count": len(edits), "note": "",
            }
            connection.execute(insert(lexicon_changes), row)
            rows = [
                {"change_id": number, "key": key, "before": _body(before), "after": _body(after)}
                for key, before, after in edits
            ]
            for start in range(0, len(rows), _ROWS_PER_STATEMENT):
                connection.execute(insert(lexicon_edits), rows[start : start + _ROWS_PER_STATEMENT])
            note(connection, author, "lexicon.propose", _subject(number), {"terms": len(edits), "why": storable(why)})
        return number

    def approve(self, number: int, by: str, said: str = "", preview: bytes | None = None) -> int:
        """Let a change take effect; the lexicon's new version.

        Raises:
            NotFound: no such change.
            Conflict: it was decided already, or a term of it was changed since it was proposed.
            Forbidden: its author approves it (the database refuses that too).
        """
        with self._database.write() as connection:
            found = self._open_change(connection, number)
            if by == found.author:
                raise Forbidden(
                    "a second person must approve: you proposed this change yourself",
                    zh="须由另一人批准：这是您自己提出的变更",
                )
            _check_unchanged(connection, found)
            version = raise_mark(connection, LEXICON)
            _decide(connection, number, "approved", by, said, version=version, preview=preview)
            _apply(connection, number, version)
            details = {"version": version, "terms": found.term_count, "note": storable(said)}
            note(connection, by, "lexicon.approve", _subject(number), details)
        return version

    def reject(self, number: int, by: str, said: str) -> None:
        """Turn a change down; its author takes it back the same way.

        Raises:
            NotFound, Conflict: see `approve`.
        """
        with self._database.write() as connection:
            found = self._open_change(connection, number)
            is_own = by == found.author
            _decide(connection, number, "withdrawn" if is_own else "rejected", by, said)
            act = "lexicon.withdraw" if is_own else "lexicon.reject"
            note(connection, by, act, _subject(number), {"note": storable(said)})

    def change(self, number: int) -> Change:
        """One change.

        Raises:
            NotFound: there is none of this number.
        """
        with self._database.read() as connection:
            return _one(connection, number)

    def changes(self, states: Iterable[ChangeState], limit: int = 50, before: int | None = None) -> list[Change]:
        """Changes in one of these states, newest first, those numbered below `before`."""
        query = select(lexicon_changes).where(lexicon_changes.c.state.in_(tuple(states)))
        if before is not None:
            query = query.where(lexicon_changes.c.id < before)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(lexicon_changes.c.id.desc()).limit(limit))
            return [Change(*row) for row in rows]

    def edits(self, number: int, limit: int | None = None, after: str = "") -> list[Edit]:
        """What a change does, in order of key, from behind `after`."""
        query = select(lexicon_edits.c.key, lexicon_edits.c.before, lexicon_edits.c.after).where(
            lexicon_edits.c.change_id == number, lexicon_edits.c.key > after
        )
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(lexicon_edits.c.key).limit(limit))
            return [Edit(key, _term(before), _term(now)) for key, before, now in rows]

    def history(self, key: str) -> list[tuple[Change, Edit]]:
        """Every change to one term, newest first, whatever became of it."""
        columns = (lexicon_edits.c.before, lexicon_edits.c.after)
        query = select(*lexicon_changes.c, *columns).join(lexicon_edits).where(lexicon_edits.c.key == key)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(lexicon_changes.c.id.desc())).all()
        return [(Change(*row[:-2]), Edit(key, _term(row[-2]), _term(row[-1]))) for row in rows]

    def record(self, digest: str, version: int, term_count: int) -> None:
        """Keep what a hash stood for; decisions name it for ever."""
        row = {"hash": digest, "version": version, "loaded_at": clock.now(), "term_count": term_count}
        with self._database.write() as connection:
            new = _insert_of(connection)(lexicon_versions).values(row)
            connection.execute(new.on_conflict_do_nothing(index_elements=["hash"]))

    def hash_of(self, version: int) -> str | None:
        """The last hash that was recorded for a version."""
        query = select(lexicon_versions.c.hash).where(lexicon_versions.c.version == version)
        with self._database.read() as connection:
            return connection.execute(query.order_by(lexicon_versions.c.loaded_at.desc()).limit(1)).scalar()

    def _open_change(self, connection: Connection, number: int) -> Change:
        found = _one(connection, number)
        if found.state != "proposed":
            raise Conflict(
                f"change {number} of the lexicon was {found.state} already", zh=f"词库变更 {number} 已经有了结果"
            )
        return found


def _one(connection: Connection, number: int) -> Change:
    row = connection.execute(select(lexicon_changes).where(lexicon_changes.c.id == number)).one_or_none()
    if row is None:
        raise NotFound(f"there is no change {number} of the lexicon", zh=f"没有编号为 {number} 的词库变更")
    return Change(*row)


def _check_unchanged(connection: Connection, found: Change) -> None:
    """A reviewer saw what stood before; that must still stand."""
    joined = lexicon_edits.join(lexicon_terms, lexicon_edits.c.key == lexicon_terms.c.key)
    stale = select(lexicon_edits.c.key).select_from(joined).where(
        lexicon_edits.c.change_id == found.id, lexicon_terms.c.version > found.seen_version
    )
    key = connection.execute(stale.limit(1)).scalar()
    if key is not None:
        raise Conflict(
            f"the term {key} was changed since this was proposed; propose it again",
            zh=f"提出之后，词条“{key}”已被改动，请重新提出",
        )


def _decide(
    connection: Connection, number: int, state: ChangeState, by: str, said: str, **more: Any
) -> None:
    is_open = (lexicon_changes.c.id == number) & (lexicon_changes.c.state == "proposed")
    values = {"state": state, "decided_by": by, "decided_at": clock.now(), "note": storable(said), **more}
    if connection.execute(update(lexicon_changes).where(is_open).values(**values)).rowcount != 1:
        raise Conflict(
            f"change {number} of the lexicon was decided by somebody else; look again",
            zh=f"词库变更 {number} 已由他人决定，请刷新",
        )


def _apply(connection: Connection, number: int, version: int) -> None:
    edit = lexicon_edits.c
    rows = select(
        edit.key, func.coalesce(edit.after, edit.before), edit.after.is_(None), edit.change_id, literal(version)
    ).where(edit.change_id == number)
    names = ["key", "body", "is_retired", "change_id", "version"]
    new = _insert_of(connection)(lexicon_terms).from_select(names, rows)
    written = {name: new.excluded[name] for name in names[1:]}
    connection.execute(new.on_conflict_do_update(index_elements=["key"], set_=written))


def _insert_of(connection: Connection) -> Any:
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert


def _body(term: Term | None) -> bytes | None:
    return None if term is None else msgspec.json.encode(term)


def _term(body: bytes | None) -> Term | None:
    return None if body is None else _decode_term(body)


def _subject(number: int) -> str:
    return f"change {number}"


def count_proposed(connection: Connection) -> int:
    """How many changes wait for somebody to decide."""
    query = select(func.count()).select_from(lexicon_changes).where(lexicon_changes.c.state == "proposed")
    return int(connection.execute(query).scalar_one())
