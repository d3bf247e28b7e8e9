"""What members spoke about with the assistant: sealed, theirs alone, and gone when they say so or its time is over.

Whoever changes a consultation holds its row, so two who speak at once take turns.
"""

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Insert, Row, Select, Table, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.consultation_turns import Part, Summary, Turn
from anlan.domain.consultations import ConsultationState, Known, Offer, Speaking
from anlan.store.batch import storable
from anlan.store.tables import assistance_requests, cases, consultation_hours, consultation_turns, consultations
from anlan.store.vault import Vault

HOUR_S = 3_600.0


class Consultation(msgspec.Struct, frozen=True, kw_only=True):
    """One talk of a member with the assistant.

    Attributes:
        account: `account:<id>`.
        language: `zh` or `en`, of its last words.
        opened_at, spoken_at, follow_up_at: wall-clock seconds; the last is None for not, or done.
        turns: how many there are.
    """

    id: str
    account: str
    language: str
    state: ConsultationState
    opened_at: float
    spoken_at: float
    turns: int
    follow_up_at: float | None
    known: Known


class AssistanceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A person was asked for.

    Attributes:
        is_urgent: the member sounded desperate.
        shows_turns: so many turns, from the first, the member lets that person read.
        summary: what they are told; None once the member or time took it away.
    """

    case_id: str
    consultation_id: str
    account: str
    asked_at: float
    is_urgent: bool
    shows_turns: int
    summary: Summary | None


class _Said(msgspec.Struct, frozen=True):
    """What is sealed of a turn."""

    parts: tuple[Part, ...]
    offers: tuple[Offer, ...]


_known = msgspec.json.Decoder(Known)
_said = msgspec.json.Decoder(_Said)
_summary = msgspec.json.Decoder(Summary)
_COLUMNS = [consultations.c[name] for name in Consultation.__struct_fields__ if name != "known"]
_CONSULTATION: Select[Any] = select(*_COLUMNS, consultations.c.sealed)


def add_consultation(
    connection: Connection, vault: Vault, account: str, language: str, known: Known, now: float
) -> Consultation:
    """Begin a talk, in which nobody has spoken yet."""
    new = Consultation(
        id=f"talk_{secrets.token_hex(12)}", account=storable(account), language=language, state="open", opened_at=now,
        spoken_at=now, turns=0, follow_up_at=None, known=known,
    )
    connection.execute(insert(consultations), _row(vault, new))
    return new


def save_consultation(connection: Connection, vault: Vault, changed: Consultation) -> None:
    """Write a talk as it now stands; the caller holds it."""
    connection.execute(update(consultations).where(consultations.c.id == changed.id).values(_row(vault, changed)))


def _row(vault: Vault, talk: Consultation) -> dict[str, Any]:
    plain = {name: getattr(talk, name) for name in Consultation.__struct_fields__ if name != "known"}
    return plain | {"sealed": vault.seal(msgspec.json.encode(talk.known), talk.id.encode())}


def find_consultation(connection: Connection, vault: Vault, talk_id: str, account: str) -> Consultation | None:
    """A talk of this account; None for one of somebody else."""
    return _find(connection, vault, _CONSULTATION.where(*_own(talk_id, account)))


def hold_consultation(connection: Connection, vault: Vault, talk_id: str, account: str) -> Consultation | None:
    """The same, and nobody else changes it until the transaction ends."""
    return _find(connection, vault, _CONSULTATION.where(*_own(talk_id, account)).with_for_update())


def consultations_of(connection: Connection, vault: Vault, account: str, limit: int = 20) -> list[Consultation]:
    """A member's talks, the last spoken in first."""
    mine = _CONSULTATION.where(consultations.c.account == storable(account))
    newest = mine.order_by(consultations.c.spoken_at.desc(), consultations.c.id).limit(limit)
    return [_consultation(row, vault) for row in connection.execute(newest)]


def due_follow_ups(connection: Connection, vault: Vault, now: float, limit: int) -> list[Consultation]:
    """Talks whose member is to be asked how things are, held; those that another worker holds are left out."""
    due = _CONSULTATION.where(consultations.c.follow_up_at <= now).order_by(consultations.c.follow_up_at).limit(limit)
    return [_consultation(row, vault) for row in connection.execute(due.with_for_update(skip_locked=True))]


def _own(talk_id: str, account: str) -> tuple[Any, Any]:
    return consultations.c.id == talk_id, consultations.c.account == storable(account)


def _find(connection: Connection, vault: Vault, query: Select[Any]) -> Consultation | None:
    row = connection.execute(query).one_or_none()
    return _consultation(row, vault) if row else None


def _consultation(row: Row[Any], vault: Vault) -> Consultation:
    plain = {name: value for name, value in row._mapping.items() if name != "sealed"}
    return Consultation(**plain, known=_known.decode(vault.open(bytes(row.sealed), row.id.encode())))


def add_turn(
    connection: Connection, vault: Vault, talk: Consultation, by: Speaking, parts: tuple[Part, ...], now: float,
    offers: tuple[Offer, ...] = (),
) -> Consultation:
    """Let one side speak; returns the talk as `save_consultation` must write it."""
    ordinal = talk.turns + 1
    sealed = vault.seal(msgspec.json.encode(_Said(parts, offers)), _turn_context(talk.id, ordinal))
    row = {"consultation_id": talk.id, "ordinal": ordinal, "by": by, "at": now, "sealed": sealed}
    connection.execute(insert(consultation_turns), row)
    return msgspec.structs.replace(talk, turns=ordinal, spoken_at=now)


def replace_parts(connection: Connection, vault: Vault, talk_id: str, turn: Turn) -> None:
    """Keep a turn in other words; nothing when it is gone by now."""
    this = (consultation_turns.c.consultation_id == talk_id) & (consultation_turns.c.ordinal == turn.ordinal)
    sealed = vault.seal(msgspec.json.encode(_Said(turn.parts, turn.offers)), _turn_context(talk_id, turn.ordinal))
    connection.execute(update(consultation_turns).where(this).values(sealed=sealed))


def turns_of(connection: Connection, vault: Vault, talk_id: str, first: int | None = None) -> list[Turn]:
    """What was said, in order; only the `first` so many turns when that is given."""
    query = select(consultation_turns).where(consultation_turns.c.consultation_id == talk_id)
    if first is not None:
        query = query.where(consultation_turns.c.ordinal <= first)
    return [_turn(row, vault) for row in connection.execute(query.order_by(consultation_turns.c.ordinal))]


def _turn(row: Row[Any], vault: Vault) -> Turn:
    said = _said.decode(vault.open(bytes(row.sealed), _turn_context(row.consultation_id, row.ordinal)))
    return Turn(ordinal=row.ordinal, by=row.by, at=row.at, parts=said.parts, offers=said.offers)


def _turn_context(talk_id: str, ordinal: int) -> bytes:
    return f"{talk_id}:{ordinal}".encode()


def count_turn(connection: Connection, account: str, most_per_hour: int, now: float) -> bool:
    """Note that a member speaks; False when they have spoken `most_per_hour` times within this hour."""
    mine = {"account": storable(account), "hour": now // HOUR_S * HOUR_S}
    new = _insert(connection, consultation_hours).values(**mine, turns=1)
    more = new.on_conflict_do_update(
        index_elements=["account", "hour"], set_={"turns": consultation_hours.c.turns + 1},
        where=consultation_hours.c.turns < most_per_hour,
    )
    return connection.execute(more.returning(consultation_hours.c.turns)).first() is not None


def _insert(connection: Connection, table: Table) -> Any:
    made: Insert = sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
    return made


def add_request(connection: Connection, vault: Vault, new: AssistanceRequest) -> None:
    """Keep for whom and why a person was asked; the database refuses a second of one talk and urgency."""
    plain = {name: getattr(new, name) for name in AssistanceRequest.__struct_fields__ if name != "summary"}
    sealed = vault.seal(msgspec.json.encode(new.summary), new.case_id.encode())
    connection.execute(insert(assistance_requests), plain | {"account": storable(new.account), "sealed": sealed})


def find_request(connection: Connection, vault: Vault, case_id: str) -> AssistanceRequest | None:
    """What the person who has this case is told."""
    return next(iter(_requests(connection, vault, assistance_requests.c.case_id == case_id)), None)


def requests_of(connection: Connection, vault: Vault, talk_id: str) -> list[AssistanceRequest]:
    """For whom a person was asked in this talk, oldest first."""
    return _requests(connection, vault, assistance_requests.c.consultation_id == talk_id)


def count_waiting(connection: Connection, account: str, *, is_urgent: bool) -> int:
    """How many people an account waits for in all its talks, deleted ones too."""
    r = assistance_requests.c
    waiting = select(func.count()).join_from(assistance_requests, cases, r.case_id == cases.c.id)
    mine = r.account == storable(account), r.is_urgent == is_urgent, cases.c.state == "open"
    return int(connection.execute(waiting.where(*mine)).scalar_one())


def _requests(connection: Connection, vault: Vault, condition: Any) -> list[AssistanceRequest]:
    query = select(assistance_requests).where(condition).order_by(assistance_requests.c.asked_at)
    return [_request(row, vault) for row in connection.execute(query)]


def _request(row: Row[Any], vault: Vault) -> AssistanceRequest:
    plain = {name: value for name, value in row._mapping.items() if name != "sealed"}
    sealed = row.sealed
    summary = None if sealed is None else _summary.decode(vault.open(bytes(sealed), row.case_id.encode()))
    return AssistanceRequest(**(plain | {"summary": summary}))


def show_turns(connection: Connection, talk_id: str, turns: int) -> None:
    """Let those who were asked for read the first `turns` turns."""
    asked = update(assistance_requests).where(assistance_requests.c.consultation_id == talk_id)
    connection.execute(asked.values(shows_turns=turns))


def delete_consultation(connection: Connection, talk_id: str, account: str) -> bool:
    """Remove a talk with all that was said and every summary of it; False when it is not this account's."""
    if connection.execute(select(consultations.c.id).where(*_own(talk_id, account)).with_for_update()).first() is None:
        return False
    _remove(connection, [talk_id])
    return True


def _remove(connection: Connection, ids: Sequence[str]) -> None:
    taken = update(assistance_requests).where(assistance_requests.c.consultation_id.in_(ids))
    connection.execute(taken.values(sealed=None, shows_turns=0))
    connection.execute(delete(consultation_turns).where(consultation_turns.c.consultation_id.in_(ids)))
    connection.execute(delete(consultations).where(consultations.c.id.in_(ids)))


def forget_consultations(connection: Connection, before: float, limit: int, now: float) -> int:
    """Remove talks in which nobody has spoken since `before` (wall clock), and counts of past hours; how many talks."""
    connection.execute(delete(consultation_hours).where(consultation_hours.c.hour < now - 2 * HOUR_S))
    old = select(consultations.c.id).where(consultations.c.spoken_at < before).order_by(consultations.c.spoken_at)
    ids = connection.execute(old.limit(limit).with_for_update(skip_locked=True)).scalars().all()
    if ids:
        _remove(connection, ids)
    return len(ids)
