"""Contained accounts and the steps of each; one containment stands for an account, however often it is asked for."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.challenges import PROOF_S
from anlan.domain.containment import ContainmentState, Ground, StepAct, StepAnswer
from anlan.domain.thefts import NewStep, Traces
from anlan.store.tables import challenges, containment_alarms, containment_steps, containments
from anlan.store.vault import Vault


class Containment(msgspec.Struct, frozen=True, kw_only=True):
    """One containment; times in seconds since the epoch.

    Attributes:
        account: `account:<id>`.
        is_affirmed: not only policies say that there is a thief.
        since: event time from which the thief may have been inside.
        ends_at: the limits end then by themselves.
        seen_seq: the journal was searched for the thief's acts up to this event.
        revision, sent_at, sendings: of the latest order; how often in a row it asked for the same.
    """

    id: str
    account: str
    ground: Ground
    is_affirmed: bool
    since: float
    opened_at: float
    opened_by: str
    ends_at: float
    state: ContainmentState
    closed_at: float | None
    closed_by: str | None
    close_reason: str | None
    case_id: str | None
    traces: Traces
    seen_seq: int
    revision: int
    sent_at: float
    sendings: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step.

    Attributes:
        details: what it is about; empty once its time is over.
        act, answer: what the platform was last asked for, and what it said.
        revision: of the order by which that was first asked.
        detail: what the platform wrote; empty if nothing.
    """

    id: str
    containment_id: str
    ordinal: int
    kind: str
    details: dict[str, Any]
    act: StepAct
    answer: StepAnswer
    revision: int
    made_at: float
    answered_at: float | None
    detail: str


_CONTAINMENT = select(*(containments.c[name] for name in Containment.__struct_fields__))
_STEP = select(*(containment_steps.c[name] for name in Step.__struct_fields__))
_decode_traces = msgspec.json.Decoder(Traces).decode


def add_containment(connection: Connection, new: Containment) -> bool:
    """Keep a containment; False when one stands for the account already."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = msgspec.structs.asdict(new) | {"traces": msgspec.json.encode(new.traces)}
    added = dialect.insert(containments).values(row).on_conflict_do_nothing().returning(containments.c.id)
    return connection.execute(added).first() is not None


def standing_containment(connection: Connection, account: str) -> Containment | None:
    """What contains `account:<id>` now, if anything does."""
    return _one(connection, (containments.c.account == account) & (containments.c.state == "standing"))


def latest_containment(connection: Connection, account: str) -> Containment | None:
    """The standing one, or the one that ended last."""
    query = _CONTAINMENT.where(containments.c.account == account).order_by(containments.c.opened_at.desc()).limit(1)
    return next((_containment(row) for row in connection.execute(query).mappings()), None)


def find_containment(connection: Connection, containment_id: str) -> Containment | None:
    """The containment with this id."""
    return _one(connection, containments.c.id == containment_id)


def lock_containment(connection: Connection, containment_id: str) -> Containment | None:
    """The same, held until the transaction ends: acts on one containment take turns."""
    query = select(containments.c.id).where(containments.c.id == containment_id).with_for_update()
    return find_containment(connection, containment_id) if connection.execute(query).first() else None


def list_containments(connection: Connection, state: str | None = None, limit: int = 100) -> list[Containment]:
    """Containments, the latest first; of one state, or of all."""
    query = _CONTAINMENT if state is None else _CONTAINMENT.where(containments.c.state == state)
    rows = connection.execute(query.order_by(containments.c.opened_at.desc()).limit(limit)).mappings()
    return [_containment(row) for row in rows]


def containments_of(connection: Connection, account: str, limit: int = 50) -> list[Containment]:
    """Those of `account:<id>`, the latest first."""
    query = _CONTAINMENT.where(containments.c.account == account).order_by(containments.c.opened_at.desc())
    return [_containment(row) for row in connection.execute(query.limit(limit)).mappings()]


def add_alarm(connection: Connection, event_seq: int, containment_id: str, policy: str, now: float) -> None:
    """Note that a policy asked for a containment because of an event; each event asks once."""
    row = {"event_seq": event_seq, "containment_id": containment_id, "policy": policy, "raised_at": now}
    connection.execute(insert(containment_alarms), row)


def alarms_of(connection: Connection, event_seqs: Sequence[int]) -> dict[int, float | None]:
    """Which of these events asked for a containment, and when that was taken back."""
    alarms = containment_alarms.c
    query = select(alarms.event_seq, alarms.withdrawn_at).where(alarms.event_seq.in_(event_seqs))
    return {row.event_seq: row.withdrawn_at for row in connection.execute(query)}


def withdraw_alarm(connection: Connection, event_seq: int, now: float) -> str | None:
    """Take a policy's alarm back; the containment that has no ground left by it, if there is one."""
    alarms = containment_alarms.c
    taken = update(containment_alarms).where(alarms.event_seq == event_seq, alarms.withdrawn_at.is_(None))
    name = connection.execute(taken.values(withdrawn_at=now).returning(alarms.containment_id)).scalar_one_or_none()
    containment = lock_containment(connection, name) if name else None
    if containment is None or containment.state != "standing" or containment.is_affirmed:
        return None
    others = select(alarms.event_seq).where(alarms.containment_id == name, alarms.withdrawn_at.is_(None)).limit(1)
    return None if connection.execute(others).first() else name


def move_containment(
    connection: Connection, containment_id: str, before: Sequence[ContainmentState], **changes: Any
) -> bool:
    """Change a containment that is in one of the states `before`; False when it is not."""
    if "traces" in changes:
        changes["traces"] = msgspec.json.encode(changes["traces"])
    query = update(containments).where(containments.c.id == containment_id, containments.c.state.in_(before))
    return connection.execute(query.values(changes)).rowcount == 1


def add_steps(
    connection: Connection, vault: Vault, containment_id: str, new: Iterable[NewStep], revision: int, now: float
) -> list[Step]:
    """Keep the steps that are new, in order; what was done about a subject once is not done again."""
    count = select(func.count()).where(containment_steps.c.containment_id == containment_id)
    ordinal = connection.execute(count).scalar_one()
    wanted: dict[str, NewStep] = {}
    for step in new:
        wanted.setdefault(_name(containment_id, step), step)
    known = _known(connection, list(wanted))
    made = [
        Step(
            id=name, containment_id=containment_id, ordinal=ordinal + number, kind=step.kind, details=step.details,
            act="do", answer="waiting", revision=revision, made_at=now, answered_at=None, detail="",
        )
        for number, (name, step) in enumerate(
            ((name, step) for name, step in wanted.items() if name not in known), start=1,
        )
    ]
    rows = [msgspec.structs.asdict(step) | {"details": _seal(vault, step)} for step in made]
    if rows:
        connection.execute(insert(containment_steps), rows)
    return made


def steps_of(connection: Connection, vault: Vault, containment_id: str, *, waiting_only: bool = False) -> list[Step]:
    """The steps of a containment in order."""
    query = _STEP.where(containment_steps.c.containment_id == containment_id)
    if waiting_only:
        query = query.where(containment_steps.c.answer == "waiting")
    rows = connection.execute(query.order_by(containment_steps.c.ordinal)).mappings()
    return [Step(**{**row, "details": _open(vault, row["id"], row["details"])}) for row in rows]


def take_back(connection: Connection, containment_id: str, kinds: Sequence[str], revision: int) -> None:
    """Let the steps of these kinds be undone that are not yet; their answers are asked for anew."""
    steps = containment_steps.c
    query = update(containment_steps).where(
        steps.containment_id == containment_id, steps.act == "do", steps.kind.in_(kinds)
    )
    connection.execute(query.values(act="undo", answer="waiting", revision=revision, answered_at=None, detail=""))


def answer_steps(
    connection: Connection, containment_id: str, revision: int, step_ids: Sequence[str], answer: str, detail: str,
    now: float,
) -> int:
    """Note what the platform said to the order `revision`; how many steps that was news of.

    A step that was meanwhile asked for otherwise, by a higher revision, stays as it is.
    """
    steps = containment_steps.c
    query = (
        update(containment_steps)
        .where(steps.containment_id == containment_id, steps.id.in_(step_ids), steps.revision <= revision)
        .where(steps.answer != answer)
        .values(answer=answer, detail=detail, answered_at=now)
    )
    return connection.execute(query).rowcount


def waiting_containments(connection: Connection, sent_before: float, limit: int = 100) -> list[str]:
    """Ids of containments whose last order was sent before this and has a step without an answer, oldest first."""
    steps = containment_steps.c
    waits = select(steps.id).where(steps.containment_id == containments.c.id, steps.answer == "waiting").exists()
    query = select(containments.c.id).where(containments.c.sent_at < sent_before, waits)
    return list(connection.execute(query.order_by(containments.c.sent_at).limit(limit)).scalars())


def proof_for(
    connection: Connection, containment: Containment, purpose: str, session: str | None, now: float
) -> str | None:
    """A challenge for `purpose` that was passed in this session a moment ago, by what the account had before the thief.

    Args:
        session: in which it was asked for; None for one that belongs to none.
    """
    proofs = challenges.c
    query = select(proofs.id).where(
        proofs.account == containment.account, proofs.purpose == purpose, proofs.state == "passed",
        proofs.session == session, proofs.factors_before <= containment.since, proofs.ended_at > now - PROOF_S,
    )
    return connection.execute(query.limit(1)).scalar_one_or_none()


def forget_details(connection: Connection, closed_before: float, limit: int) -> int:
    """Remove what steps of containments were about that closed before this; how many steps that was."""
    over = select(containments.c.id).where(containments.c.closed_at < closed_before)
    steps = containment_steps.c
    query = select(steps.id).where(steps.details.is_not(None), steps.containment_id.in_(over)).limit(limit)
    names = list(connection.execute(query).scalars())
    connection.execute(update(containment_steps).where(steps.id.in_(names)).values(details=None))
    return len(names)


def _one(connection: Connection, condition: ColumnElement[bool]) -> Containment | None:
    row = connection.execute(_CONTAINMENT.where(condition)).mappings().one_or_none()
    return _containment(row) if row else None


def _containment(row: Any) -> Containment:
    return Containment(**{**row, "traces": _decode_traces(row["traces"])})


def _known(connection: Connection, names: Sequence[str]) -> frozenset[str]:
    query = select(containment_steps.c.id)
    found: set[str] = set()
    for start in range(0, len(names), 500):
        some = names[start : start + 500]
        found |= set(connection.execute(query.where(containment_steps.c.id.in_(some))).scalars())
    return frozenset(found)


def _name(containment_id: str, step: NewStep) -> str:
    named = msgspec.json.encode([containment_id, step.kind, step.subject])
    return f"step_{blake2b(named, digest_size=12).hexdigest()}"


def _seal(vault: Vault, step: Step) -> bytes:
    return vault.seal(msgspec.json.encode(step.details), _context(step.id))


def _open(vault: Vault, step_id: str, sealed: bytes | None) -> dict[str, Any]:
    if sealed is None:
        return {}
    details: dict[str, Any] = msgspec.json.decode(vault.open(bytes(sealed), _context(step_id)))
    return details


def _context(step_id: str) -> bytes:
    return f"containment_step|{step_id}".encode()
