"""Models made from judgements: which one is in shadow, which one is in force, and who let it.

Nothing comes into force without a second person; a change and its trace in the audit log are written together.
"""

from typing import Literal, NamedTuple

from sqlalchemy import Connection, insert, select, update

from anlan import clock
from anlan.errors import Conflict, Forbidden, InvalidRequest, NotFound
from anlan.store.audit import note
from anlan.store.batch import storable
from anlan.store.database import Database
from anlan.store.marks import TEXT_MODELS, raise_mark, read_mark
from anlan.store.tables import text_models

ModelState = Literal["candidate", "shadow", "live", "retired"]


class TextModelRow(NamedTuple):
    """One model.

    Attributes:
        parent: the model that it was adapted from; empty for one that was trained whole.
        taught_until: number of the last judgement that it could know.
        judged_texts: how many of them taught it.
        share: of all texts that it scores while in shadow, in (0, 1].
        replaced: what was in force before it; empty for the shipped model, None while it never was.
    """

    version: str
    state: ModelState
    made_at: float
    made_by: str
    parent: str
    sha256: str
    taught_until: int
    judged_texts: int
    shadowed_by: str | None = None
    shadowed_at: float | None = None
    share: float = 0.2
    approved_by: str | None = None
    live_at: float | None = None
    replaced: str | None = None


_COLUMNS = [text_models.c[name] for name in TextModelRow._fields]


class ModelBook:
    """Reads and moves models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def version(self) -> int:
        """Grows with every move; read it before anything else."""
        with self._database.read() as connection:
            return read_mark(connection, TEXT_MODELS)

    def all(self) -> list[TextModelRow]:
        """Every model that was made here, newest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(*_COLUMNS).order_by(text_models.c.made_at.desc()))
            return [TextModelRow(*row) for row in rows]

    def standing(self, state: ModelState) -> TextModelRow | None:
        """The one in `state`, shadow or live; None for none, or for the shipped one."""
        return next((one for one in self.all() if one.state == state), None)

    def register(self, made: TextModelRow) -> bool:
        """Keep a new candidate; False when the same was made before."""
        with self._database.write() as connection:
            raise_mark(connection, TEXT_MODELS)
            if connection.execute(select(text_models.c.version).where(text_models.c.version == made.version)).first():
                return False
            connection.execute(insert(text_models), made._asdict())
            details = {"parent": made.parent, "judged_texts": made.judged_texts, "sha256": made.sha256}
            note(connection, made.made_by, "model.make", made.version, details)
        return True

    def shadow(self, version: str, by: str, share: float) -> None:
        """Let a model score a share of the texts beside the one in force; another one in shadow steps back.

        Raises:
            NotFound: no such model.
            Conflict: it is in force.
            InvalidRequest: a share outside of (0, 1].
        """
        if not 0 < share <= 1:
            raise InvalidRequest("the share of texts must be above 0 and at most 1", zh="比例须大于 0，且不超过 1")
        with self._database.write() as connection:
            raise_mark(connection, TEXT_MODELS)
            if _one(connection, version).state == "live":
                raise Conflict(f"{version} is in force already", zh=f"{version} 已在使用")
            in_shadow = text_models.c.state == "shadow"
            connection.execute(update(text_models).where(in_shadow).values(state="candidate"))
            _set(
                connection, version, state="shadow", share=share, shadowed_by=by, shadowed_at=clock.now(),
                approved_by=None,
            )
            note(connection, by, "model.shadow", version, {"share": share})

    def stop(self, version: str, by: str) -> None:
        """Take a model out of shadow.

        Raises:
            NotFound, Conflict: there is no such model in shadow.
        """
        with self._database.write() as connection:
            raise_mark(connection, TEXT_MODELS)
            _in_shadow(connection, version)
            _set(connection, version, state="candidate")
            note(connection, by, "model.stop", version, {})

    def promote(self, version: str, by: str) -> None:
        """Let the model in shadow come into force.

        Raises:
            NotFound, Conflict: there is no such model in shadow.
            Forbidden: whoever put it there promotes it (the database refuses that too).
        """
        with self._database.write() as connection:
            raise_mark(connection, TEXT_MODELS)
            found = _in_shadow(connection, version)
            if by == found.shadowed_by:
                raise Forbidden(
                    "a second person must promote it: you put it into shadow yourself",
                    zh="须由另一人上线：这个模型是你自己放入影子运行的",
                )
            replaced = _live_version(connection)
            if replaced:
                _set(connection, replaced, state="retired")
            _set(connection, version, state="live", approved_by=by, live_at=clock.now(), replaced=replaced)
            note(connection, by, "model.promote", version, {"replaced": replaced, "proposed_by": found.shadowed_by})

    def roll_back(self, version: str, by: str, why: str) -> str:
        """Put what was in force before back; its version, empty for the shipped one.

        Raises:
            NotFound: no such model.
            Conflict: it is not in force.
        """
        with self._database.write() as connection:
            raise_mark(connection, TEXT_MODELS)
            found = _one(connection, version)
            if found.state != "live":
                raise Conflict(f"{version} is not in force", zh=f"{version} 并未在使用")
            back_to = _approved_before(connection, found)
            _set(connection, version, state="retired")
            if back_to:
                _set(connection, back_to, state="live")
            note(connection, by, "model.rollback", version, {"back_to": back_to, "why": storable(why)})
        return back_to


def _one(connection: Connection, version: str) -> TextModelRow:
    row = connection.execute(select(*_COLUMNS).where(text_models.c.version == version)).one_or_none()
    if row is None:
        raise NotFound(f"no model {version} was made here; `anlan model list` shows all")
    return TextModelRow(*row)


def _in_shadow(connection: Connection, version: str) -> TextModelRow:
    found = _one(connection, version)
    if found.state != "shadow":
        raise Conflict(f"{version} is not in shadow", zh=f"{version} 不在影子运行中")
    return found


def _live_version(connection: Connection) -> str:
    query = select(text_models.c.version).where(text_models.c.state == "live")
    return connection.execute(query).scalar_one_or_none() or ""


def _approved_before(connection: Connection, found: TextModelRow) -> str:
    """What `found` replaced; the shipped one where that has gone back into shadow since, and lost its approval."""
    query = select(text_models.c.version).where(
        text_models.c.version == found.replaced, text_models.c.state == "retired",
        text_models.c.approved_by.is_not(None),
    )
    return connection.execute(query).scalar_one_or_none() or ""


def _set(connection: Connection, version: str, **values: object) -> None:
    connection.execute(update(text_models).where(text_models.c.version == version).values(**values))
