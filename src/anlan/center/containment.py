"""A thief is inside an account: one act stops them, undoes what they did and tells everybody; one act takes it back.

What the thief did is read from the journal, when the alarm is given and for as long as it stands, so that what comes
late is undone too. Everything but the round happens in the caller's transaction.
"""

import secrets
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Connection

from anlan.center.containment_orders import send_order, tell_contacts, tell_owner
from anlan.center.followers import AccountRecovered, ContainmentFollower, ContainmentMove, ContainmentMoved
from anlan.domain.containment import LONGEST_S, NAMING, REACH_S, WINDOW_S, ContainmentState, Ground, taken_back_by
from anlan.domain.thefts import NewStep, OwnAct, Traces, first_steps, follow, trace_steps, undoing_steps
from anlan.errors import Conflict, InvalidRequest, NotFound
from anlan.store import audit, own_events
from anlan.store.batch import storable
from anlan.store.cases import NewCase, open_case, write_history
from anlan.store.containments import (
    Containment,
    Step,
    add_containment,
    add_steps,
    find_containment,
    list_containments,
    lock_containment,
    move_containment,
    standing_containment,
    steps_of,
    take_back,
)
from anlan.store.database import Database
from anlan.store.journal import last_seq
from anlan.store.own_acts import acts_of, devices_before, first_known_at
from anlan.store.vault import Codec

QUEUE = "accounts"
CATEGORY = "account_takeover"
AT_ONCE_ACTS = 2_000
"""So many acts of the account are looked at in one transaction; the rounds look at the rest."""
MAX_REASON_CHARS = 2_000
OVER = "its time was over"
RECOVERED = "the account was given back by the recovery claim"


class Found(NamedTuple):
    """What a look at the journal found of one account."""

    acts: Sequence[OwnAct]
    until_seq: int


class Alarm(NamedTuple):
    """Somebody says that a thief is inside; as `Containments.open` takes it."""

    account: str
    ground: Ground
    by: str
    at: float
    since: float
    device: str | None
    session: str | None


class Containments:
    """Opens, widens and ends containments.

    Args:
        codec: opens what events say.
        followers: who hears of every move, inside the transaction.
    """

    def __init__(self, database: Database, codec: Codec, followers: Sequence[ContainmentFollower] = ()) -> None:
        self.database, self._codec = database, codec
        self._followers = tuple(followers)

    def open(
        self, connection: Connection, account: str, ground: Ground, now: float, *, by: str, since: float,
        device: str | None = None, session: str | None = None, event_seq: int | None = None,
    ) -> str:
        """Contain an account, or add what is new to what contains it already; returns the containment's id.

        Args:
            account: `account:<id>`.
            since: event time of the first thing that was not the owner's doing, as far as is known.
            device, session: the thief's; without either every device that is new since then counts as theirs.
            event_seq: the event that a policy asks it for; its findings stand in the desk's case.
        """
        new = self._draft(connection, Alarm(account, ground, by, now, since, device, session))
        if not add_containment(connection, new):
            return self._join(connection, new, now)
        case = NewCase(
            kind="review", queue=QUEUE, target=account, priority=2, category=CATEGORY,
            policy=by.removeprefix("policy:") if ground == "policy" else "", event_seq=event_seq,
        )
        case_id = open_case(connection, case, by, now)
        move_containment(connection, new.id, ("standing",), case_id=case_id)
        opened = msgspec.structs.replace(new, case_id=case_id)
        self._note(connection, opened, by, "open", {"ground": ground, "since": new.since}, now)
        self._widen(connection, opened, first_steps(new.traces), self._look(connection, opened), now, "opened", by)
        return new.id

    def lift(
        self, connection: Connection, containment_id: str, by: str, reason: str, now: float, *,
        is_false_alarm: bool = False,
    ) -> Containment:
        """End a containment: the owner is back, or there was no thief and everything is put back.

        A containment that was lifted can still turn out to have been a false alarm.

        Raises:
            NotFound, InvalidRequest: no such containment, or no reason.
            Conflict: it has ended so already.
        """
        reason = storable(reason.strip())
        if not reason or len(reason) > MAX_REASON_CHARS:
            raise InvalidRequest(f"give a reason of at most {MAX_REASON_CHARS:,} characters",
                                 zh=f"请写明理由，最多 {MAX_REASON_CHARS:,} 字")
        state: Literal["lifted", "false_alarm"] = "false_alarm" if is_false_alarm else "lifted"
        before: tuple[ContainmentState, ...] = ("standing", "lifted") if is_false_alarm else ("standing",)
        changes = {"state": state, "closed_at": now, "closed_by": by, "close_reason": reason}
        if not move_containment(connection, containment_id, before, **changes):
            self.get(connection, containment_id)
            raise Conflict("this containment has ended already", zh="账号控制已经解除")
        ended = self.get(connection, containment_id)
        self._note(connection, ended, by, state, {"reason": reason}, now)
        self._take_back(connection, ended, now)
        self._tell(connection, ended, state, by, now, ended.traces if is_false_alarm else Traces())
        return ended

    def on_account_recovered(self, connection: Connection, recovered: AccountRecovered) -> None:
        """Whoever was given the account back has proved more than a lift asks for; the thief stays out."""
        standing = standing_containment(connection, recovered.account)
        held = lock_containment(connection, standing.id) if standing else None
        if held is not None and held.state == "standing":
            self.lift(connection, held.id, recovered.by, f"{RECOVERED} {recovered.claim_id}", recovered.at)

    def get(self, connection: Connection, containment_id: str) -> Containment:
        """The containment with this id.

        Raises:
            NotFound: there is none.
        """
        found = find_containment(connection, containment_id)
        if found is None:
            raise NotFound(f"there is no containment {containment_id}")
        return found

    def round(self, now: float) -> int:
        """Look on for what thieves did, and end what has lasted its time; how many containments had news."""
        with self.database.read() as connection:
            standing = list_containments(connection, "standing", limit=1_000)
            looked = [(one, self._look(connection, one)) for one in standing]
        return sum(self._go_on(one, found, now) for one, found in looked)

    def _go_on(self, seen: Containment, found: Found, now: float) -> bool:
        if now >= seen.ends_at:
            with self.database.write() as connection:
                if move_containment(connection, seen.id, ("standing",), seen_seq=seen.seen_seq):
                    self.lift(connection, seen.id, "system", OVER, now)
            return True
        if not found.acts:
            return False
        with self.database.write() as connection:
            held = lock_containment(connection, seen.id)
            if held is None or held.state != "standing" or held.seen_seq != seen.seen_seq:
                return False
            return self._widen(connection, held, [], found, now, "widened", "system")

    def _draft(self, connection: Connection, alarm: Alarm) -> Containment:
        reach_s = REACH_S if alarm.device or alarm.session else WINDOW_S
        since = max(self._came_at(connection, alarm), alarm.at - reach_s)
        return Containment(
            id=f"cont_{secrets.token_hex(12)}", account=alarm.account, ground=alarm.ground,
            is_affirmed=alarm.ground != "policy", since=since, opened_at=alarm.at, opened_by=alarm.by,
            ends_at=alarm.at + LONGEST_S, state="standing", closed_at=None, closed_by=None, close_reason=None,
            case_id=None, traces=self._traces(connection, alarm, since), seen_seq=0, revision=0,
            sent_at=alarm.at, sendings=0,
        )

    def _came_at(self, connection: Connection, alarm: Alarm) -> float:
        """When a strange device first signed in or, in a session that was stolen, first did anything; at the latest
        when the alarm says. An owner's own device did not come.
        """
        if alarm.device is None:
            return alarm.since
        earliest = alarm.since - WINDOW_S
        came_at = first_known_at(connection, alarm.account, alarm.device, earliest)
        if came_at is None and alarm.device not in self._known(connection, alarm, alarm.since):
            acts = acts_of(connection, self._codec, alarm.account, earliest, 0, AT_ONCE_ACTS)
            came_at = min((act.time for act in acts if act.said.device == alarm.device), default=None)
        return min(alarm.since, came_at if came_at is not None else alarm.since)

    def _known(self, connection: Connection, alarm: Alarm, since: float) -> frozenset[str]:
        return devices_before(connection, self._codec, alarm.account, since, alarm.device)

    def _traces(self, connection: Connection, alarm: Alarm, since: float) -> Traces:
        """Of a device that the account knew before, only staff and the platform may say that it is a thief's."""
        known = self._known(connection, alarm, since)
        is_theirs = alarm.device is not None and (alarm.device not in known or alarm.ground in NAMING)
        devices = (alarm.device,) if alarm.device is not None and is_theirs else ()
        sessions = (alarm.session,) if alarm.session is not None else ()
        return Traces(
            devices=frozenset(devices), sessions=frozenset(sessions), known=known, is_named=bool(devices or sessions)
        )

    def _join(self, connection: Connection, new: Containment, now: float) -> str:
        """One more says so: no policy takes it back then if it was not one, and new traces are followed."""
        standing = standing_containment(connection, new.account)
        held = lock_containment(connection, standing.id) if standing else None
        if held is None or held.state != "standing":
            raise Conflict("the containment of this account has just changed; try again", zh="账号状态刚刚变化，请重试")
        if new.is_affirmed and not held.is_affirmed:
            move_containment(connection, held.id, ("standing",), is_affirmed=True)
        named = msgspec.structs.replace(
            held.traces, devices=held.traces.devices | (new.traces.devices - held.traces.known),
            sessions=held.traces.sessions | new.traces.sessions,
        )
        if named != held.traces:
            self._follow_anew(connection, held, named, new, now)
        return held.id

    def _follow_anew(
        self, connection: Connection, held: Containment, named: Traces, new: Containment, now: float
    ) -> None:
        """Search the journal again from where the thief came in, by what is known of them now."""
        widened = msgspec.structs.replace(held, traces=named, since=min(held.since, new.since), seen_seq=0)
        move_containment(connection, held.id, ("standing",), since=widened.since)
        self._note(connection, widened, new.opened_by, "widen", {"ground": new.ground}, now)
        found = self._look(connection, widened)
        self._widen(connection, widened, trace_steps(named), found, now, "widened", new.opened_by)

    def _look(self, connection: Connection, containment: Containment) -> Found:
        last = last_seq(connection)
        acts = acts_of(
            connection, self._codec, containment.account, containment.since, containment.seen_seq, AT_ONCE_ACTS
        )
        return Found(acts, acts[-1].seq if len(acts) == AT_ONCE_ACTS else last)

    def _widen(
        self, connection: Connection, containment: Containment, steps: list[NewStep], found: Found, now: float,
        move: ContainmentMove, by: str,
    ) -> bool:
        """Do what the journal says has to be done; the caller holds the containment. False when nothing was new."""
        before = containment.traces
        traces = follow(before, found.acts, containment.opened_at)
        undone_since = containment.opened_at - WINDOW_S
        wanted = [*steps, *trace_steps(traces), *undoing_steps(traces, found.acts, undone_since)]
        revision = containment.revision + 1
        made = add_steps(connection, self.database.vault, containment.id, wanted, revision, now)
        changes: dict[str, Any] = {"traces": traces, "seen_seq": found.until_seq}
        if made:
            changes |= {"revision": revision, "sent_at": now, "sendings": 1}
        move_containment(connection, containment.id, ("standing",), **changes)
        if not made:
            return False
        widened = msgspec.structs.replace(containment, **changes)
        self._carry_out(connection, widened, made, move, by, now)
        return True

    def _carry_out(
        self, connection: Connection, containment: Containment, made: Sequence[Step], move: ContainmentMove, by: str,
        now: float,
    ) -> None:
        send_order(connection, containment, made, now)
        tell_contacts(connection, containment, made, now)
        if move == "opened":
            tell_owner(connection, containment, "opened", made, now)
        for step in made:
            if step.kind == "distrust_device":
                self._say(connection, containment, step, "device.disowned", now)
        fresh = {kind: [str(step.details[word]) for step in made if step.kind == kind]
                 for kind, word in (("distrust_device", "device"), ("end_session", "session"))}
        news = Traces(devices=frozenset(fresh["distrust_device"]), sessions=frozenset(fresh["end_session"]))
        self._tell(connection, containment, move, by, now, news)

    def _take_back(self, connection: Connection, ended: Containment, now: float) -> None:
        """Undo what this end undoes, whether the platform has done it, refused it or not answered yet."""
        undone = steps_of(connection, self.database.vault, ended.id)
        kinds = taken_back_by(ended.state)
        gone = [step for step in undone if step.act == "do" and step.kind in kinds]
        revision = ended.revision + 1
        take_back(connection, ended.id, kinds, revision)
        move_containment(connection, ended.id, (ended.state,), revision=revision, sent_at=now, sendings=1)
        sent = msgspec.structs.replace(ended, revision=revision)
        undoing = [msgspec.structs.replace(step, act="undo", revision=revision) for step in gone]
        send_order(connection, sent, undoing, now)
        tell_contacts(connection, sent, undoing, now)
        tell_owner(connection, sent, ended.state, (), now)
        for step in undoing:
            if step.kind == "distrust_device":
                self._say(connection, sent, step, "device.owned", now)

    def _say(self, connection: Connection, containment: Containment, step: Step, type_: str, now: float) -> None:
        device = {
            "account": containment.account.removeprefix("account:"), "device": step.details["device"],
            "containment": containment.id,
        }
        own_events.say(connection, type_, device, f"{step.id}.{type_}", now)

    def _note(
        self, connection: Connection, containment: Containment, by: str, act: str, details: dict[str, Any], now: float
    ) -> None:
        audit.note(connection, by, f"containment.{act}", containment.id, {"account": containment.account, **details})
        if containment.case_id is not None:
            said = {"containment": containment.id, "account": containment.account}
            write_history(connection, containment.case_id, by, f"containment_{act}", said, now)

    def _tell(
        self, connection: Connection, containment: Containment, move: ContainmentMove, by: str, now: float, news: Traces
    ) -> None:
        moved = ContainmentMoved(
            containment_id=containment.id, account=containment.account, move=move, ground=containment.ground, by=by,
            at=now, since=containment.since, devices=tuple(sorted(news.devices)), sessions=tuple(sorted(news.sessions)),
        )
        for tell in self._followers:
            tell(connection, moved)
