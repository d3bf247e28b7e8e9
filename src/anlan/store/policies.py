"""Every version of every policy and its life: draft, shadow, live, retired; nothing is ever overwritten."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from anlan import clock
from anlan.domain.policies import Policy, State
from anlan.errors import Conflict, Forbidden, NotFound
from anlan.store.audit import note
from anlan.store.database import Database
from anlan.store.marks import POLICIES, raise_mark, read_mark
from anlan.store.tables import policy_sets, policy_versions

NEXT: dict[State, frozenset[State]] = {
    "draft": frozenset({"shadow", "retired"}),
    "shadow": frozenset({"live", "retired"}),
    "live": frozenset({"retired"}),
    "retired": frozenset(),
}
"""Which state may follow which; a retired version comes back only as a new draft."""


class PolicyVersion(NamedTuple):
    """One stored version.

    Attributes:
        body: YAML of this one policy.
        approved_by: who let it go live; never its author.
        backtest: JSON of the report that the approver was shown.
    """

    id: str
    version: int
    body: str
    state: State
    author: str
    created_at: float
    approved_by: str | None
    approved_at: float | None
    backtest: bytes | None


class Policies:
    """Reads and moves policy versions; every move is audited in its own transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, policy_id: str, body: str, author: str) -> int:
        """Store a new draft and return its version."""
        with self._database.write() as connection:
            return _add(connection, policy_id, body, author)

    def add_pack(self, pack: Iterable[Policy], author: str, approver: str) -> int:
        """Store what is new of a starter pack, all or nothing; how many that were.

        Only these come in another state than draft.
        """
        with self._database.write() as connection:
            raise_mark(connection, POLICIES)  # whoever starts at the same time waits here, and then finds them
            known = set(connection.scalars(select(policy_versions.c.id).distinct()))
            fresh = [policy for policy in pack if policy.id not in known]
            for policy in fresh:
                approved_by = approver if policy.state == "live" else None
                _add(connection, policy.id, policy.source, author, policy.state, approved_by)
        return len(fresh)

    def move(self, policy_id: str, version: int, state: State, by: str, backtest: bytes | None = None) -> None:
        """Move one version on; whatever stood in that state for the policy is retired.

        Raises:
            NotFound: no such version.
            Conflict: that state cannot follow, or somebody moved it meanwhile.
            Forbidden: the author approves an own version (the database refuses that too).
        """
        with self._database.write() as connection:
            found = self._one(connection, policy_id, version)
            if state not in NEXT[found.state]:
                raise Conflict(f"{policy_id} version {version} is {found.state}; it cannot become {state}")
            values: dict[str, object] = {"state": state}
            if state == "live":
                if by == found.author:
                    raise Forbidden("a second person must approve: you wrote this version yourself")
                values |= {"approved_by": by, "approved_at": clock.now(), "backtest": backtest}
            same = (policy_versions.c.id == policy_id, policy_versions.c.state == state)
            connection.execute(update(policy_versions).where(*same).values(state="retired"))
            this = (policy_versions.c.id == policy_id, policy_versions.c.version == version)
            moved = connection.execute(
                update(policy_versions).where(*this, policy_versions.c.state == found.state).values(**values)
            )
            if moved.rowcount != 1:
                raise Conflict(f"{policy_id} version {version} was moved by somebody else; look again")
            raise_mark(connection, POLICIES)
            note(connection, by, f"policy.{state}", f"{policy_id} v{version}", {})

    def get(self, policy_id: str, version: int) -> PolicyVersion:
        """One version; NotFound if there is none."""
        with self._database.read() as connection:
            return self._one(connection, policy_id, version)

    def versions(self, policy_id: str) -> list[PolicyVersion]:
        """All versions of one policy, newest first."""
        query = select(policy_versions).where(policy_versions.c.id == policy_id)
        return self._all(query.order_by(policy_versions.c.version.desc()))

    def in_force(self) -> list[PolicyVersion]:
        """The shadow and live versions; a policy may have one of each."""
        query = select(policy_versions).where(policy_versions.c.state.in_(("shadow", "live")))
        return self._all(query.order_by(policy_versions.c.id, policy_versions.c.version))

    def newest(self) -> list[PolicyVersion]:
        """The newest version of every policy, by id."""
        last = select(func.max(policy_versions.c.version).label("version"), policy_versions.c.id)
        latest = last.group_by(policy_versions.c.id).subquery()
        joined = (policy_versions.c.id == latest.c.id) & (policy_versions.c.version == latest.c.version)
        return self._all(select(policy_versions).join(latest, joined).order_by(policy_versions.c.id))

    def stamp(self) -> int:
        """A number that grows whenever a version is added or moved; what other processes watch."""
        with self._database.read() as connection:
            return read_mark(connection, POLICIES)

    def record_set(self, hash_: str, members: bytes) -> None:
        """Keep what a set hash stood for; decisions name it for ever."""
        with self._database.write() as connection:
            known = connection.execute(select(policy_sets.c.hash).where(policy_sets.c.hash == hash_)).scalar()
            if known is None:
                row = {"hash": hash_, "loaded_at": clock.now(), "members": members}
                connection.execute(insert(policy_sets), row)

    def _one(self, connection: Connection, policy_id: str, version: int) -> PolicyVersion:
        query = select(policy_versions).where(
            policy_versions.c.id == policy_id, policy_versions.c.version == version
        )
        row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"there is no version {version} of policy {policy_id}")
        return PolicyVersion(*row)

    def _all(self, query: "object") -> list[PolicyVersion]:
        with self._database.read() as connection:
            return [PolicyVersion(*row) for row in connection.execute(query)]  # type: ignore[call-overload]


def _add(
    connection: Connection, policy_id: str, body: str, author: str, state: State = "draft",
    approved_by: str | None = None,
) -> int:
    latest = select(func.max(policy_versions.c.version)).where(policy_versions.c.id == policy_id)
    version = (connection.execute(latest).scalar_one() or 0) + 1
    row = {
        "id": policy_id, "version": version, "body": body, "state": state, "author": author,
        "created_at": clock.now(), "approved_by": approved_by, "approved_at": clock.now() if approved_by else None,
    }
    connection.execute(insert(policy_versions), row)
    raise_mark(connection, POLICIES)
    note(connection, author, f"policy.{state}", f"{policy_id} v{version}", {})
    return version
