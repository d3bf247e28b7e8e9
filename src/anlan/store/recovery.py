"""Claims as they stand: opened, worked on, moved from state to state, and what is in them. All inside the caller's
transaction; what a claimant wrote rests sealed.
"""

import secrets
from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.claims import UNDER_WAY, ClaimState, ClaimWay, Settlement
from anlan.domain.recovery import Evidence, EvidenceKind, EvidenceOutcome
from anlan.domain.vouching import VouchAnswer
from anlan.store.batch import storable
from anlan.store.tables import claim_codes, recovery_accounts, recovery_claims, recovery_evidence, recovery_vouches
from anlan.store.vault import Vault


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One claim; names as in the table."""

    id: str
    account: str
    claimant: str
    way: ClaimWay
    state: ClaimState
    language: str
    opened_at: float
    opened_by: str
    is_high_value: bool
    dormant_years: float
    submitted_at: float | None
    case_id: str | None
    reviews: int
    needs_two: bool
    first_approver: str | None
    second_approver: str | None
    settlement: Settlement | None
    cool_off_until: float | None
    is_flagged: bool
    refused_by: str | None
    words: str
    ended_at: float | None
    ended_by: str | None


class Particulars(msgspec.Struct, frozen=True, kw_only=True):
    """What a claimant told of themselves, and where they came from; sensitive."""

    contact: str
    ip: str | None = None
    device: str | None = None
    agent: str | None = None
    statement: str = ""


class NewClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What a claim is opened with; `claimant` and `network` are digests."""

    account: str
    claimant: str
    network: str | None
    way: ClaimWay
    language: str
    opened_by: str
    is_high_value: bool
    dormant_years: float
    particulars: Particulars


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of evidence; `said` is None for what is not kept."""

    kind: EvidenceKind
    outcome: EvidenceOutcome
    at: float
    said: str | None


class Vouch(msgspec.Struct, frozen=True, kw_only=True):
    """A friend who was asked, and what they said."""

    claim_id: str
    friend: str
    asked_at: float
    answer: VouchAnswer | None
    answered_at: float | None


_CLAIM = select(*(recovery_claims.c[name] for name in Claim.__struct_fields__))
_particulars = msgspec.json.Decoder(Particulars).decode


def lock_account(connection: Connection, account: str) -> None:
    """Hold the account's row until the transaction ends, so that claims for it are decided one after another."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(recovery_accounts).values(account=storable(account), value_class="ordinary", locked=1)
    raised = row.on_conflict_do_update(
        index_elements=[recovery_accounts.c.account], set_={"locked": 1 - recovery_accounts.c.locked}
    )
    connection.execute(raised)


def add_claim(connection: Connection, vault: Vault, new: NewClaim, now: float) -> tuple[str, str] | None:
    """(id, token) of a new claim; None when this claimant has one for this account under way."""
    claim_id, token = f"recovery_{secrets.token_hex(11)}", secrets.token_urlsafe(32)
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(recovery_claims).values(
        id=claim_id, token_hash=digest(token), account=storable(new.account), claimant=new.claimant,
        network=new.network, way=new.way, state="open", language=new.language, opened_at=now, opened_by=new.opened_by,
        sealed=vault.seal(msgspec.json.encode(new.particulars), _context(claim_id, "claimant")),
        is_high_value=new.is_high_value, dormant_years=new.dormant_years, is_flagged=False, words="",
    )
    added = connection.execute(row.on_conflict_do_nothing().returning(recovery_claims.c.id)).scalar_one_or_none()
    return None if added is None else (claim_id, token)


def find_claim(connection: Connection, claim_id: str) -> Claim | None:
    """The claim with this id."""
    return _first(connection, recovery_claims.c.id == storable(claim_id))


def claim_by_token(connection: Connection, token: str) -> Claim | None:
    """The claim that a claimant's address opens."""
    return _first(connection, recovery_claims.c.token_hash == digest(token))


def claim_by_stop(connection: Connection, token: str) -> Claim | None:
    """The claim that a stop button is for."""
    return _first(connection, recovery_claims.c.stop_hash == digest(token))


def claim_of_case(connection: Connection, case_id: str) -> Claim | None:
    """The claim that a case stands for."""
    return _first(connection, recovery_claims.c.case_id == case_id)


def _first(connection: Connection, condition: Any) -> Claim | None:
    row = connection.execute(_CLAIM.where(condition)).mappings().first()
    return Claim(**row) if row else None


def claims_for(connection: Connection, account: str, states: Collection[ClaimState] = UNDER_WAY) -> list[Claim]:
    """Claims for one account in these states, oldest first."""
    query = _CLAIM.where(recovery_claims.c.account == storable(account), recovery_claims.c.state.in_(states))
    rows = connection.execute(query.order_by(recovery_claims.c.opened_at, recovery_claims.c.id)).mappings()
    return [Claim(**row) for row in rows]


def claims_in(connection: Connection, states: Sequence[ClaimState], limit: int = 100, offset: int = 0) -> list[Claim]:
    """Claims in these states: those under way oldest first, those at their end newest first."""
    query = _CLAIM.where(recovery_claims.c.state.in_(states)).order_by(
        recovery_claims.c.ended_at.desc(), recovery_claims.c.opened_at, recovery_claims.c.id
    )
    return [Claim(**row) for row in connection.execute(query.limit(limit).offset(offset)).mappings()]


def count_by_state(connection: Connection) -> dict[str, int]:
    """How many claims are in each state."""
    query = select(recovery_claims.c.state, func.count()).group_by(recovery_claims.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def count_from_network(connection: Connection, network: str, since: float) -> int:
    """How many claims came from a network (its digest) since then."""
    query = select(func.count()).where(recovery_claims.c.network == network, recovery_claims.c.opened_at >= since)
    return connection.execute(query).scalar_one()


def count_by_claimant(connection: Connection, account: str, claimant: str, since: float) -> int:
    """How many claims one claimant made for an account since then."""
    query = select(func.count()).where(
        recovery_claims.c.account == storable(account), recovery_claims.c.claimant == claimant,
        recovery_claims.c.opened_at >= since,
    )
    return connection.execute(query).scalar_one()


def count_failed(connection: Connection, account: str, since: float) -> int:
    """How many claims for an account were refused or stopped since then."""
    query = select(func.count()).where(
        recovery_claims.c.account == storable(account), recovery_claims.c.state.in_(("refused", "stopped")),
        recovery_claims.c.ended_at >= since,
    )
    return connection.execute(query).scalar_one()


def move(connection: Connection, claim_id: str, before: Collection[ClaimState], **values: Any) -> bool:
    """Change a claim that is in one of the states `before`; whether it was."""
    changed = connection.execute(
        update(recovery_claims)
        .where(recovery_claims.c.id == claim_id, recovery_claims.c.state.in_(before))
        .values(**values)
    )
    return changed.rowcount == 1


def stop_token(connection: Connection, claim_id: str) -> str:
    """A new token for the stop button of a claim; earlier ones end."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        update(recovery_claims).where(recovery_claims.c.id == claim_id).values(stop_hash=digest(token))
    )
    return token


def due_claims(connection: Connection, state: ClaimState, column: str, before: float, limit: int = 100) -> list[Claim]:
    """Claims in a state whose time in `column` is over."""
    time = recovery_claims.c[column]
    query = _CLAIM.where(recovery_claims.c.state == state, time <= before).order_by(time).limit(limit)
    return [Claim(**row) for row in connection.execute(query).mappings()]


def keep_assessment(connection: Connection, claim_id: str, assessment: msgspec.Struct) -> None:
    """Write down what the evidence came to."""
    body = msgspec.json.encode(assessment)
    connection.execute(update(recovery_claims).where(recovery_claims.c.id == claim_id).values(assessment=body))


def read_assessment(connection: Connection, claim_id: str) -> bytes | None:
    """What `keep_assessment` wrote."""
    query = select(recovery_claims.c.assessment).where(recovery_claims.c.id == claim_id)
    return connection.execute(query).scalar_one_or_none()


def read_particulars(connection: Connection, vault: Vault, claim_id: str) -> Particulars | None:
    """What the claimant told of themselves; None once its time is over."""
    query = select(recovery_claims.c.sealed).where(recovery_claims.c.id == claim_id)
    sealed = connection.execute(query).scalar_one_or_none()
    return None if sealed is None else _particulars(vault.open(sealed, _context(claim_id, "claimant")))


def add_evidence(
    connection: Connection, vault: Vault, claim_id: str, evidence: Evidence, said: str | None, now: float
) -> bool:
    """Keep one answer; False when this question was answered before."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    sealed = None if said is None else vault.seal(said.encode(), _context(claim_id, evidence.kind))
    row = dialect.insert(recovery_evidence).values(
        claim_id=claim_id, kind=evidence.kind, outcome=evidence.outcome, at=now, sealed=sealed
    )
    added = connection.execute(row.on_conflict_do_nothing().returning(recovery_evidence.c.kind))
    return added.scalar_one_or_none() is not None


def set_outcome(connection: Connection, claim_id: str, kind: EvidenceKind, outcome: EvidenceOutcome) -> bool:
    """What came of a question that was answered before, such as one that needs a code; whether it was asked."""
    changed = connection.execute(
        update(recovery_evidence)
        .where(recovery_evidence.c.claim_id == claim_id, recovery_evidence.c.kind == kind)
        .values(outcome=outcome)
    )
    return changed.rowcount == 1


def evidence_of(connection: Connection, claim_id: str) -> list[Evidence]:
    """All evidence of a claim, as it is weighed."""
    query = select(recovery_evidence.c.kind, recovery_evidence.c.outcome).where(
        recovery_evidence.c.claim_id == claim_id
    )
    return [Evidence(row.kind, row.outcome) for row in connection.execute(query)]


def answers_of(connection: Connection, vault: Vault, claim_id: str) -> list[Answered]:
    """All evidence of a claim with what was said, in order."""
    query = select(recovery_evidence).where(recovery_evidence.c.claim_id == claim_id).order_by(recovery_evidence.c.at)
    return [
        Answered(
            kind=row.kind, outcome=row.outcome, at=row.at,
            said=None if row.sealed is None else vault.open(row.sealed, _context(claim_id, row.kind)).decode(),
        )
        for row in connection.execute(query)
    ]


def keep_code(connection: Connection, claim_id: str, kind: EvidenceKind, code: str | None, expires_at: float) -> None:
    """Remember that a code was sent (or, for None, that none was, which looks the same)."""
    row = {
        "claim_id": claim_id, "kind": kind, "code_hash": code and digest(f"{claim_id}.{code}"),
        "expires_at": expires_at, "tries": 0,
    }
    connection.execute(insert(claim_codes), row)


def waiting_codes(connection: Connection, claim_id: str, now: float, max_tries: int) -> set[str]:
    """Kinds for which a code may still be given."""
    query = select(claim_codes.c.kind).where(
        claim_codes.c.claim_id == claim_id, claim_codes.c.expires_at > now, claim_codes.c.tries < max_tries
    )
    return set(connection.execute(query).scalars())


def try_code(
    connection: Connection, claim_id: str, kind: EvidenceKind, code: str, now: float, max_tries: int
) -> bool | None:
    """Whether the code is right; None when no try is left. Each try counts before it is looked at; a right one ends."""
    found = connection.execute(
        update(claim_codes)
        .where(
            claim_codes.c.claim_id == claim_id, claim_codes.c.kind == kind, claim_codes.c.expires_at > now,
            claim_codes.c.tries < max_tries,
        )
        .values(tries=claim_codes.c.tries + 1)
        .returning(claim_codes.c.code_hash)
    ).one_or_none()
    if found is None:
        return None
    is_right = bool(found.code_hash == digest(f"{claim_id}.{code}"))
    if is_right:
        done = update(claim_codes).where(claim_codes.c.claim_id == claim_id, claim_codes.c.kind == kind)
        connection.execute(done.values(tries=max_tries))
    return is_right


def ask_friends(connection: Connection, claim_id: str, friends: Sequence[str], now: float) -> None:
    """Note who was asked to vouch."""
    rows = [{"claim_id": claim_id, "friend": storable(friend), "asked_at": now} for friend in friends]
    if rows:
        connection.execute(insert(recovery_vouches), rows)


def vouches_of(connection: Connection, claim_id: str) -> list[Vouch]:
    """The friends who were asked, in order of name."""
    query = select(recovery_vouches).where(recovery_vouches.c.claim_id == claim_id).order_by(recovery_vouches.c.friend)
    return [Vouch(**row) for row in connection.execute(query).mappings()]


def vouches_by(connection: Connection, friend: str) -> list[Vouch]:
    """What one friend was asked and said, newest first."""
    query = select(recovery_vouches).where(recovery_vouches.c.friend == storable(friend))
    rows = connection.execute(query.order_by(recovery_vouches.c.asked_at.desc()).limit(100)).mappings()
    return [Vouch(**row) for row in rows]


def answer_vouch(connection: Connection, claim_id: str, friend: str, answer: VouchAnswer, now: float) -> bool:
    """Keep a friend's answer; False when they were not asked. It can be changed as long as the claim is open."""
    changed = connection.execute(
        update(recovery_vouches)
        .where(recovery_vouches.c.claim_id == claim_id, recovery_vouches.c.friend == storable(friend))
        .values(answer=answer, answered_at=now)
    )
    return changed.rowcount == 1


def forget_claims(connection: Connection, before: float, limit: int) -> int:
    """Remove what was written in claims that ended before `before`; returns how many."""
    old = connection.execute(
        select(recovery_claims.c.id)
        .where(recovery_claims.c.ended_at < before, recovery_claims.c.sealed.is_not(None))
        .limit(limit)
    ).scalars().all()
    is_old = recovery_evidence.c.claim_id.in_(old)
    connection.execute(update(recovery_evidence).where(is_old).values(sealed=None))
    connection.execute(update(recovery_claims).where(recovery_claims.c.id.in_(old)).values(sealed=None, network=None))
    return len(old)


def digest(token: str) -> str:
    """What is stored of a token."""
    return sha256(token.encode()).hexdigest()


def _context(claim_id: str, part: str) -> bytes:
    return f"recovery:{claim_id}:{part}".encode()
