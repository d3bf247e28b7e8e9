"""How members come in to their own pages: links that open once, and the sessions that they open.

Only digests of tokens are stored, so that a copy of the database opens nothing. A token is 256 random bits: there is
nothing to forge, and nothing but the database says which are good.
"""

import secrets
from collections.abc import Sequence
from hashlib import sha256

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from anlan.store.batch import storable
from anlan.store.tables import member_links, member_sessions

LINK_S = 15 * 60.0
SESSION_S = 2 * 3_600.0
KEPT_S = 30 * 86_400.0
"""How long a link that is over still says who asked for it."""


class OpenedLink(msgspec.Struct, frozen=True, kw_only=True):
    """What a good link says.

    Attributes:
        account: `account:<id>`.
        language: may be empty.
        platform_session: `session_<digest>` of the platform's session that it comes from; None for unknown.
    """

    account: str
    language: str
    path: str
    platform_session: str | None = None


class Session(msgspec.Struct, frozen=True):
    """Who is in, where the link led that let them in, and which session of the platform it came from."""

    account: str
    path: str
    platform_session: str | None


def make_link(connection: Connection, link: OpenedLink, by: str, now: float) -> str:
    """The token of a link that opens once within `LINK_S`."""
    token = secrets.token_urlsafe(32)
    row = {
        "token_hash": _digest(token), "account": storable(link.account), "language": link.language, "path": link.path,
        "made_by": by, "made_at": now, "expires_at": now + LINK_S, "platform_session": link.platform_session,
    }
    connection.execute(insert(member_links), row)
    return token


def find_link(connection: Connection, token: str, now: float) -> OpenedLink | None:
    """What the link says while it is good; it stays unspent."""
    found = connection.execute(select(*_SAID).where(*_is_good(token, now))).one_or_none()
    return OpenedLink(**found._mapping) if found else None


def spend_link(connection: Connection, token: str, now: float) -> OpenedLink | None:
    """What the link says, once; None if it was used, is too old, or was never made."""
    found = connection.execute(
        update(member_links)
        .where(*_is_good(token, now))
        .values(used_at=now)
        .returning(*_SAID)
    ).one_or_none()
    return OpenedLink(**found._mapping) if found else None


def start_session(connection: Connection, link: OpenedLink, now: float) -> str:
    """Begin a session of `SESSION_S`; returns what the browser holds."""
    token = secrets.token_urlsafe(32)
    row = {
        "token_hash": _digest(token), "account": link.account, "path": link.path, "created_at": now,
        "expires_at": now + SESSION_S, "platform_session": link.platform_session,
    }
    connection.execute(insert(member_sessions), row)
    return token


def find_session(connection: Connection, token: str, now: float) -> Session | None:
    """The session, if it has not ended."""
    query = select(member_sessions.c.account, member_sessions.c.path, member_sessions.c.platform_session).where(
        member_sessions.c.token_hash == _digest(token), member_sessions.c.expires_at > now
    )
    found = connection.execute(query).one_or_none()
    return Session(*found) if found else None


def end_session(connection: Connection, token: str) -> None:
    """End one session, if there is one."""
    connection.execute(delete(member_sessions).where(member_sessions.c.token_hash == _digest(token)))


def end_named_session(connection: Connection, name: str) -> None:
    """End the session whose token has this SHA-256: it opens nothing, so it may stand in an address."""
    connection.execute(delete(member_sessions).where(member_sessions.c.token_hash == name))


def end_sessions_of(connection: Connection, account: str, now: float) -> int:
    """End every session of `account:<id>`, and let no link that waits open another; returns how many sessions."""
    name = storable(account)
    waiting = member_links.c.account == name, member_links.c.used_at.is_(None), member_links.c.expires_at > now
    connection.execute(update(member_links).where(*waiting).values(expires_at=now))
    return connection.execute(delete(member_sessions).where(member_sessions.c.account == name)).rowcount


def end_sessions_from(connection: Connection, account: str, platform_sessions: Sequence[str]) -> None:
    """End the sessions that came from these of the platform (`session_<digest>`), and the links that wait."""
    links, sessions, name = member_links.c, member_sessions.c, storable(account)
    waiting = links.account == name, links.platform_session.in_(platform_sessions), links.used_at.is_(None)
    connection.execute(update(member_links).where(*waiting).values(expires_at=links.made_at))
    theirs = sessions.account == name, sessions.platform_session.in_(platform_sessions)
    connection.execute(delete(member_sessions).where(*theirs))


def end_sessions_from_others(connection: Connection, account: str, kept: str, at: float) -> None:
    """End what began by `at` and did not come from the platform's session `kept`; nobody knows that the unknown did."""
    links, sessions, name = member_links.c, member_sessions.c, storable(account)
    waiting = links.account == name, links.platform_session.is_distinct_from(kept), links.used_at.is_(None)
    connection.execute(update(member_links).where(*waiting, links.made_at <= at).values(expires_at=links.made_at))
    theirs = sessions.account == name, sessions.platform_session.is_distinct_from(kept), sessions.created_at <= at
    connection.execute(delete(member_sessions).where(*theirs))


def forget_visits(connection: Connection, now: float) -> int:
    """Delete sessions that have ended, and links `KEPT_S` after they ended; returns how many."""
    gone = connection.execute(delete(member_sessions).where(member_sessions.c.expires_at <= now)).rowcount
    return gone + connection.execute(delete(member_links).where(member_links.c.expires_at <= now - KEPT_S)).rowcount


_SAID = (member_links.c.account, member_links.c.language, member_links.c.path, member_links.c.platform_session)


def _is_good(token: str, now: float) -> tuple[ColumnElement[bool], ...]:
    links = member_links.c
    return links.token_hash == _digest(token), links.used_at.is_(None), links.expires_at > now


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
