"""Challenges as they are kept: opened once, answered a few times, passed once, used once; and how much may be tried."""

import secrets
from hashlib import sha256

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.challenges import LIFE_S, MAX_TRIES, PROOF_S, RESEND_S, SENDS, ChallengeState
from anlan.domain.factors import CODE_S, Channel, Method, sent_digest
from anlan.domain.proof_of_work import new_salt
from anlan.store.tables import challenge_codes, challenge_limits, challenges
from anlan.store.vault import Vault

KEPT_S = 30 * 86_400.0
"""How long a challenge that is over still says how it went."""


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed of a challenge.

    Attributes:
        agent: the browser's name for itself.
        leads_to: a page of ours that asked for it; empty where the platform did.
    """

    ip: str = ""
    agent: str = ""
    leads_to: str = ""


class NewChallenge(msgspec.Struct, frozen=True, kw_only=True):
    """What a challenge is opened with; see `Challenge`."""

    account: str
    purpose: str
    methods: tuple[Method, ...]
    factors_before: float
    session: str | None
    device: str | None
    party: str
    is_stranger: bool
    work_bits: int
    made_by: str
    behind: Behind


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """One challenge; times are wall-clock seconds.

    Attributes:
        account: `account:<id>`.
        methods: that may answer it, best first.
        factors_before: factors that were added at that time or later are not taken.
        party: digest of who is tried to be kept apart: account and trusted device, or account and network.
        is_stranger: it is not on a device that the account trusts.
        tries: answers that were looked at.
        method: by which it was passed, or of the last answer that was wrong.
    """

    id: str
    account: str
    purpose: str
    methods: tuple[Method, ...]
    factors_before: float
    session: str | None
    device: str | None
    party: str
    is_stranger: bool
    state: ChallengeState
    tries: int
    work_salt: str
    work_bits: int
    made_by: str
    made_at: float
    expires_at: float
    method: Method | None
    ended_at: float | None
    used_at: float | None

    @property
    def tries_left(self) -> int:
        """Wrong answers that it still takes."""
        return MAX_TRIES - self.tries

    def is_open(self, now: float) -> bool:
        """Whether it still takes answers."""
        return self.state == "open" and self.expires_at > now and self.tries_left > 0


_CHALLENGE = select(*(challenges.c[name] for name in Challenge.__struct_fields__))
_behind = msgspec.json.Decoder(Behind).decode


def add_challenge(connection: Connection, vault: Vault, new: NewChallenge, now: float) -> tuple[str, str]:
    """(id, token) of a fresh challenge; the token is nowhere else."""
    name, token = f"chal_{secrets.token_hex(12)}", secrets.token_urlsafe(32)
    row = {field: getattr(new, field) for field in new.__struct_fields__ if field not in ("methods", "behind")}
    row |= {
        "id": name, "token_hash": _digest(token), "methods": ",".join(new.methods), "state": "open", "tries": 0,
        "sealed": vault.seal(msgspec.json.encode(new.behind), _context(name)), "work_salt": new_salt(),
        "made_at": now, "expires_at": now + LIFE_S,
    }
    connection.execute(insert(challenges), row)
    return name, token


def find_challenge(connection: Connection, challenge_id: str) -> Challenge | None:
    """By its name."""
    return _read(connection.execute(_CHALLENGE.where(challenges.c.id == challenge_id)).one_or_none())


def find_by_token(connection: Connection, token: str) -> Challenge | None:
    """By what the address of its page carries."""
    return _read(connection.execute(_CHALLENGE.where(challenges.c.token_hash == _digest(token))).one_or_none())


def _read(row: Row[tuple[object, ...]] | None) -> Challenge | None:
    if row is None:
        return None
    return Challenge(**{**row._mapping, "methods": tuple(row._mapping["methods"].split(","))})


def read_behind(connection: Connection, vault: Vault, challenge_id: str) -> Behind:
    """What is sealed of a challenge that exists."""
    sealed = connection.execute(select(challenges.c.sealed).where(challenges.c.id == challenge_id)).scalar_one()
    return _behind(vault.open(sealed, _context(challenge_id)))


def count_try(connection: Connection, challenge_id: str, method: Method, now: float) -> int | None:
    """Count an answer before it is looked at, so that many at once do not get more looks; the number of this one.

    None when the challenge is over or has had its tries.
    """
    return connection.execute(
        update(challenges)
        .where(challenges.c.id == challenge_id, challenges.c.state == "open", challenges.c.expires_at > now)
        .where(challenges.c.tries < MAX_TRIES)
        .values(tries=challenges.c.tries + 1, method=method)
        .returning(challenges.c.tries)
    ).scalar_one_or_none()


def end_challenge(
    connection: Connection, challenge_id: str, state: ChallengeState, method: Method, now: float
) -> bool:
    """Pass or fail an open challenge; False when it is over already."""
    ended = connection.execute(
        update(challenges)
        .where(challenges.c.id == challenge_id, challenges.c.state == "open")
        .values(state=state, method=method, ended_at=now, assertion=None)
    )
    return ended.rowcount == 1


def use_challenge(
    connection: Connection, challenge_id: str, account: str, purpose: str, now: float, session: str | None = None
) -> bool:
    """Spend a passed challenge on the act that it was asked for; False when it is not, or no longer, good for it.

    Args:
        session: in which the act is done; None where that does not matter.
    """
    used = connection.execute(
        update(challenges)
        .where(challenges.c.session == session if session is not None else true())
        .where(challenges.c.id == challenge_id, challenges.c.account == account, challenges.c.purpose == purpose)
        .where(challenges.c.state == "passed", challenges.c.ended_at > now - PROOF_S)
        .values(state="used", used_at=now)
    )
    return used.rowcount == 1


def has_proof(connection: Connection, account: str, purpose: str, session: str, now: float) -> bool:
    """Whether this session passed a challenge for `purpose` within `PROOF_S`."""
    query = select(challenges.c.id).where(
        challenges.c.account == account, challenges.c.purpose == purpose, challenges.c.session == session,
        challenges.c.state == "passed", challenges.c.ended_at > now - PROOF_S,
    )
    return connection.execute(query.limit(1)).first() is not None


def passed_since(connection: Connection, account: str, purpose: str, since: float) -> bool:
    """Whether a challenge of the account for `purpose` was passed at `since` or later."""
    query = select(challenges.c.id).where(
        challenges.c.account == account, challenges.c.purpose == purpose, challenges.c.ended_at >= since,
        challenges.c.state.in_(("passed", "used")),
    )
    return connection.execute(query.limit(1)).first() is not None


def ask_assertion(connection: Connection, challenge_id: str, asked: bytes) -> bool:
    """Keep what a passkey must sign; what was asked before is worth nothing then. False when the challenge is over."""
    asked_now = connection.execute(
        update(challenges)
        .where(challenges.c.id == challenge_id, challenges.c.state == "open")
        .values(assertion=asked)
    )
    return asked_now.rowcount == 1


def take_assertion(connection: Connection, challenge_id: str) -> bytes | None:
    """What was asked to be signed, once."""
    asked = connection.execute(
        select(challenges.c.assertion).where(challenges.c.id == challenge_id)
    ).scalar_one_or_none()
    if asked is None:
        return None
    taken = connection.execute(
        update(challenges)
        .where(challenges.c.id == challenge_id, challenges.c.assertion == asked)
        .values(assertion=None)
    )
    return asked if taken.rowcount == 1 else None


def put_code(connection: Connection, challenge_id: str, channel: Channel, code: str, now: float) -> int | None:
    """Keep the digest of a code to be sent, in place of an earlier one; how many that makes.

    None when it is too soon for another, or there were `SENDS`.
    """
    fresh = {
        "code_hash": sent_digest(challenge_id, channel, code), "sent_at": now, "expires_at": now + CODE_S,
        "used_at": None,
    }
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(challenge_codes).values(challenge_id=challenge_id, channel=channel, sends=1, **fresh)
    is_due = (challenge_codes.c.sends < SENDS) & (challenge_codes.c.sent_at <= now - RESEND_S)
    again = row.on_conflict_do_update(
        index_elements=["challenge_id", "channel"], set_={**fresh, "sends": challenge_codes.c.sends + 1}, where=is_due
    )
    return connection.execute(again.returning(challenge_codes.c.sends)).scalar_one_or_none()


def take_code(connection: Connection, challenge_id: str, channel: Channel, code: str, now: float) -> bool:
    """Use up the code that was sent; False when it is another, too old, or was used."""
    taken = connection.execute(
        update(challenge_codes)
        .where(challenge_codes.c.challenge_id == challenge_id, challenge_codes.c.channel == channel)
        .where(challenge_codes.c.used_at.is_(None), challenge_codes.c.expires_at > now)
        .where(challenge_codes.c.code_hash == sent_digest(challenge_id, channel, code))
        .values(used_at=now)
    )
    return taken.rowcount == 1


def sent_channels(connection: Connection, challenge_id: str) -> dict[Channel, float]:
    """When a code was last sent, by channel."""
    query = select(challenge_codes.c.channel, challenge_codes.c.sent_at)
    rows = connection.execute(query.where(challenge_codes.c.challenge_id == challenge_id))
    return {row.channel: row.sent_at for row in rows}


def take_turn(connection: Connection, what: str, who: str, limit: int, window_s: float, now: float) -> bool:
    """Count one of `limit` turns in this window of the clock; False when they are used up, and nothing is counted."""
    key, ends_at = _turns_key(what, who, window_s, now)
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(challenge_limits).values(key=key, count=1, expires_at=ends_at)
    counted = row.on_conflict_do_update(
        index_elements=["key"], set_={"count": challenge_limits.c.count + 1}, where=challenge_limits.c.count < limit
    )
    return connection.execute(counted.returning(challenge_limits.c.count)).first() is not None


def count_turns(connection: Connection, what: str, who: str, window_s: float, now: float) -> int:
    """Turns taken in this window."""
    key, _ = _turns_key(what, who, window_s, now)
    found = connection.execute(select(challenge_limits.c.count).where(challenge_limits.c.key == key))
    return found.scalar_one_or_none() or 0


def _turns_key(what: str, who: str, window_s: float, now: float) -> tuple[str, float]:
    window = int(now // window_s)
    return _digest(f"{what}\x00{who}\x00{window_s:g}\x00{window}"), (window + 1) * window_s


def forget_challenges(connection: Connection, now: float, limit: int) -> int:
    """Delete challenges `KEPT_S` after their time, and counts that are over; returns how many rows, `limit` at most."""
    old = select(challenges.c.id).where(challenges.c.expires_at <= now - KEPT_S).limit(limit)
    names = connection.execute(old).scalars().all()
    connection.execute(delete(challenge_codes).where(challenge_codes.c.challenge_id.in_(names)))
    connection.execute(delete(challenges).where(challenges.c.id.in_(names)))
    past = select(challenge_limits.c.key).where(challenge_limits.c.expires_at <= now).limit(limit)
    keys = connection.execute(past).scalars().all()
    connection.execute(delete(challenge_limits).where(challenge_limits.c.key.in_(keys)))
    return len(names) + len(keys)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _context(challenge_id: str) -> bytes:
    return b"challenge:" + challenge_id.encode()
