"""Keeps what owners see of their account: follows the journal, each event once, by a mark in the same transaction."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import structlog
from msgspec import structs
from sqlalchemy import Connection, select

from anlan.center.reminders import Reminders
from anlan.domain.decisions import Decision
from anlan.domain.event_data import (
    AccountLogin,
    AccountRegistered,
    BindingChanged,
    Data,
    DeviceDisowned,
    DeviceOwned,
    PasswordChanged,
    SessionChanged,
    VerificationCompleted,
)
from anlan.domain.factors import device_digest
from anlan.domain.places import Place, Places, network_of
from anlan.domain.sign_in_messages import Occasion
from anlan.domain.sign_ins import Cause, Seen, SignInState, cause_of, device_name, session_name
from anlan.domain.user_agents import client_of
from anlan.store import sign_in_rows as rows
from anlan.store.database import Database
from anlan.store.journal import StoredEvent, event_columns, last_seq, stored_event
from anlan.store.marks import SIGN_INS, raise_mark, read_mark
from anlan.store.own_events import SOURCE
from anlan.store.sign_ins import Failure, Particulars, SignIn, challenged_of, find_session, unproven
from anlan.store.tables import decisions, events
from anlan.store.trusted_devices import distrust
from anlan.store.vault import Codec

CHUNK_EVENTS = 25
"""Events to a transaction: who commits verdicts waits for it."""
SCAN_EVENTS = 20_000
"""How much of the journal, of whatever type, is looked through for them at once."""
MAX_CHUNKS = 400
CHALLENGE_S = 3_600.0
"""So long after a sign-in a passed challenge still lets it in."""
GIVEN_UP_S = 900.0
"""Whoever has not passed one by then is said to have been stopped."""

_STATES: dict[str, SignInState] = {
    "allow": "entered", "warn": "entered", "challenge": "challenged", "hold": "stopped", "block": "stopped"
}
_STOPPING = frozenset({"challenge", "hold", "block"})
"""Under these verdicts a change has not happened: the platform obeys first."""

log = structlog.get_logger(__name__)


class Judged(msgspec.Struct, frozen=True):
    """An event of the journal with what the platform was told of it at once."""

    event: StoredEvent
    verdict: str
    risk: float | None


class SignInBook:
    """Takes in what has come since the last round.

    Args:
        places: says where addresses are.
        risk_threshold: 0 to 1; from here on the owner is told of a sign-in.
    """

    def __init__(self, database: Database, places: Places, reminders: Reminders, risk_threshold: float) -> None:
        self._database = database
        self._codec = Codec(database.vault)
        self._places = places
        self._reminders = reminders
        self._risk_threshold = risk_threshold
        self._takes: dict[str, tuple[type[Data], Callable[[Connection, Judged, Any, float], None]]] = {
            "account.login": (AccountLogin, self._take_login),
            "account.registered": (AccountRegistered, self._take_registration),
            "verification.completed": (VerificationCompleted, self._take_verification),
            "session.changed": (SessionChanged, self._take_session),
            "device.disowned": (DeviceDisowned, self._take_disowning),
            "device.owned": (DeviceOwned, self._take_owning),
            "account.password_changed": (PasswordChanged, self._take_password),
            "account.binding_changed": (BindingChanged, self._take_binding),
        }

    def take_in(self, now: float) -> int:
        """Follow the journal to its end; returns how many events were taken in."""
        total = 0
        for _ in range(MAX_CHUNKS):
            if not self._is_behind():
                break
            total += self._take_chunk(now)
        self._give_up(now)
        return total

    def _give_up(self, now: float) -> None:
        """Whoever had the right proof and did not show what else was asked: the owner must hear of that too."""
        vault = self._database.vault
        with self._database.read() as connection:
            late = unproven(connection, vault, now - GIVEN_UP_S, CHUNK_EVENTS)
        if not late:
            return
        with self._database.write() as connection:
            for one in late:
                if rows.give_up(connection, one.seq):
                    self._tell_of(connection, one, "stopped", one.seq, now)

    def _is_behind(self) -> bool:
        with self._database.read() as connection:
            return last_seq(connection) > read_mark(connection, SIGN_INS)

    def _take_chunk(self, now: float) -> int:
        with self._database.write() as connection:
            done = raise_mark(connection, SIGN_INS, 0)  # locks it until the end
            found, newest = self._waiting(connection, done)
            failures = Counter[tuple[str, float, str, str | None]]()
            for judged in found:
                self._take(connection, judged, failures, now)
            rows.add_failures(connection, [Failure(*where, count) for where, count in failures.items()])
            raise_mark(connection, SIGN_INS, newest - done)
        return len(found)

    def _waiting(self, connection: Connection, done: int) -> tuple[Sequence[Judged], int]:
        newest = min(last_seq(connection), done + SCAN_EVENTS)
        query = (
            select(*event_columns(), decisions.c.verdict, decisions.c.body)
            .join(decisions, decisions.c.event_seq == events.c.seq)
            .where(events.c.seq > done, events.c.seq <= newest, events.c.type.in_(self._takes))
            .where(decisions.c.pass_number == 1, events.c.data.is_not(None))
            .order_by(events.c.seq).limit(CHUNK_EVENTS)
        )
        found = [_judged(row, self._codec) for row in connection.execute(query)]
        return found, found[-1].event.seq if len(found) == CHUNK_EVENTS else newest

    def _take(
        self, connection: Connection, judged: Judged, failures: Counter[tuple[str, float, str, str | None]], now: float
    ) -> None:
        kind, take = self._takes[judged.event.type]
        try:
            data: Any = msgspec.json.decode(judged.event.data, type=kind)
        except msgspec.MsgspecError:  # of an older version, or what its retention left of it
            log.warning("sign_in_event_passed", key=judged.event.key)
            return
        if isinstance(data, AccountLogin) and data.result == "failure":
            place = self._place(data.ip)
            network = network_of(data.ip or "") or ""
            failures[judged.event.actor, rows.hour_of(judged.event.time), network, place.country] += 1
        else:
            take(connection, judged, data, now)

    def _take_login(self, connection: Connection, judged: Judged, data: AccountLogin, now: float) -> None:
        new = self._sign_in(judged, data)
        rows.add_sign_in(connection, self._database.vault, new)
        if data.password_is_breached is not None or data.password_is_weak is not None:
            rows.put_standing(connection, new.account, **_flags(data))
        if new.state == "entered":
            self._let_in(connection, new, new.seq, now)
        elif new.state == "stopped":
            self._tell_of(connection, new, "stopped", new.seq, now)

    def _take_verification(
        self, connection: Connection, judged: Judged, data: VerificationCompleted, now: float
    ) -> None:
        """Somebody who was asked for more has shown it: they are in now."""
        if data.result != "passed" or data.purpose != "sign_in":
            return
        vault, account = self._database.vault, judged.event.actor
        waiting = challenged_of(connection, vault, account, judged.event.time - CHALLENGE_S)
        found = next((one for one in waiting if _is_same(one.particulars, data)), None)
        if found is not None and rows.admit(connection, found.seq):
            came = structs.replace(found, state="entered", at=judged.event.time)
            self._let_in(connection, came, judged.event.seq, now)

    def _let_in(self, connection: Connection, new: SignIn, by_seq: int, now: float) -> None:
        """Somebody came in by the event `by_seq`: the sign-in, or the proof that it waited for."""
        vault, told = self._database.vault, new.particulars
        known = rows.before(connection, new)
        if told.device is not None:
            rows.put_device(connection, vault, new.account, told.device, new)
        if told.session is not None:
            rows.put_session(connection, vault, new.account, told.session, new, new.device_id)
        seen = Seen(
            is_stopped=False, is_first=not known.has_any, is_new_device=not known.has_device,
            is_new_country=not known.has_country, risk=new.risk,
        )
        cause = cause_of(seen, self._risk_threshold)
        if cause is not None:
            self._tell_of(connection, new, cause, by_seq, now)

    def _tell_of(self, connection: Connection, new: SignIn, cause: Cause, by_seq: int, now: float) -> None:
        occasion = Occasion(
            account=new.account, cause=cause, detail="", at=new.at, country=new.country, client=new.client
        )
        self._reminders.tell(connection, occasion, by_seq, new.particulars, now)

    def _take_session(self, connection: Connection, judged: Judged, data: SessionChanged, now: float) -> None:
        account, at = judged.event.actor, judged.event.time
        name = session_name(account, data.session)
        if data.change == "ended":
            rows.mark_ended(connection, account, [name], at)
        elif data.change == "others_ended":
            rows.mark_others_ended(connection, account, name, at)
        else:
            seen = self._sign_in(judged, data)
            rows.put_session(connection, self._database.vault, account, data.session, seen, seen.device_id)

    def _take_disowning(self, connection: Connection, judged: Judged, data: DeviceDisowned, now: float) -> None:
        account = judged.event.actor
        rows.mark_device(connection, device_name(account, data.device), "disowned", ("known", "own"))
        distrust(connection, account, device_digest(account, data.device))

    def _take_owning(self, connection: Connection, judged: Judged, data: DeviceOwned, now: float) -> None:
        rows.mark_device(connection, device_name(judged.event.actor, data.device), "own", ("disowned",))

    def _take_registration(self, connection: Connection, judged: Judged, data: AccountRegistered, now: float) -> None:
        """Whoever registers is in: where they did is what later sign-ins are compared with."""
        new, vault = self._sign_in(judged, data), self._database.vault
        rows.add_sign_in(connection, vault, new)
        if data.device is not None and new.state == "entered":
            rows.put_device(connection, vault, new.account, data.device, new)
        if data.phone is not None or data.email is not None:
            bound = {"has_phone": data.phone is not None, "has_email": data.email is not None}
            rows.put_standing(connection, new.account, **bound)

    def _take_password(self, connection: Connection, judged: Judged, data: PasswordChanged, now: float) -> None:
        if judged.verdict in _STOPPING:
            return
        flags = {"password_is_breached": data.password_is_breached, "password_is_weak": data.password_is_weak}
        rows.put_standing(connection, judged.event.actor, password_changed_at=judged.event.time, **flags)
        self._tell_change(connection, judged, data, "password", "", now)

    def _take_binding(self, connection: Connection, judged: Judged, data: BindingChanged, now: float) -> None:
        if judged.verdict in _STOPPING:
            return
        is_own_factor = judged.event.source == SOURCE  # the check-up counts those itself
        if data.binding in ("phone", "email", "factor") and not is_own_factor:
            rows.put_standing(connection, judged.event.actor, **{f"has_{data.binding}": data.change != "removed"})
        cause: Cause = "factor" if data.binding == "factor" else "binding"
        self._tell_change(connection, judged, data, cause, data.binding, now)

    def _tell_change(
        self, connection: Connection, judged: Judged, data: PasswordChanged | BindingChanged, cause: Cause,
        detail: str, now: float,
    ) -> None:
        """A change says no user agent: its session does."""
        account, country = judged.event.actor, self._place(data.ip).country
        session = None
        if data.session is not None:
            session = find_session(connection, self._database.vault, session_name(account, data.session))
        occasion = Occasion(
            account=account, cause=cause, detail=detail, at=judged.event.time,
            country=country or (session.country if session else None), client=session.client if session else "",
        )
        particulars = Particulars(ip=data.ip, device=data.device, session=data.session)
        self._reminders.tell(connection, occasion, judged.event.seq, particulars, now)

    def _sign_in(self, judged: Judged, data: AccountLogin | SessionChanged | AccountRegistered) -> SignIn:
        account, place = judged.event.actor, self._place(data.ip)
        session = None if isinstance(data, AccountRegistered) else data.session
        return SignIn(
            seq=judged.event.seq, account=account, at=judged.event.time, state=_STATES[judged.verdict],
            verdict=judged.verdict, risk=judged.risk, country=place.country, asn=place.asn,
            client=client_of(data.user_agent).stored,
            device_id=device_name(account, data.device) if data.device else None,
            session_id=session_name(account, session) if session else None,
            particulars=Particulars(ip=data.ip, agent=data.user_agent, device=data.device, session=session),
        )

    def _place(self, ip: str | None) -> Place:
        return (self._places.place(ip) if ip else None) or Place(None, None)


def _judged(row: Sequence[Any], codec: Codec) -> Judged:
    *event, verdict, body = row
    risk = msgspec.json.decode(body, type=Decision).signals.get("login_risk")
    return Judged(stored_event(event, codec), verdict, risk if isinstance(risk, int | float) else None)


def _flags(data: AccountLogin) -> dict[str, bool]:
    flags = {"password_is_breached": data.password_is_breached, "password_is_weak": data.password_is_weak}
    return {name: flag for name, flag in flags.items() if flag is not None}


def _is_same(waiting: Particulars, shown: VerificationCompleted) -> bool:
    """Whether a challenge was passed for this sign-in: the session tells, then the device, then the address."""
    for asked, said in (
        (waiting.session, shown.session), (waiting.device, shown.device), (waiting.ip, shown.ip),
    ):
        if asked is not None and said is not None:
            return asked == said
    return False
