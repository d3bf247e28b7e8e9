"""Punishing and taking back: each act with its row, audit, message to the platform and notice in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from anlan.clock import to_datetime
from anlan.desk.followers import SanctionFollower, SanctionMoved
from anlan.desk.ladder_file import shipped_ladder
from anlan.desk.notices import Notices
from anlan.domain.ladder import Ladder
from anlan.domain.messages import seal_message
from anlan.domain.sanction_messages import SanctionOrdered
from anlan.domain.sanctions import KINDS, LIFTABLE_STATES, LONGEST_TEMPORARY_S, Ground
from anlan.errors import AnlanError, Conflict, InvalidRequest, NotFound
from anlan.store import audit
from anlan.store.cases import write_history
from anlan.store.database import Database
from anlan.store.outbox import put
from anlan.store.sanction_bases import Basis, read_basis
from anlan.store.sanction_orders import add_order
from anlan.store.sanctions import (
    Sanction,
    add_sanction,
    count_alike,
    find_sanction,
    move_sanction,
    sanctions_of_case,
)

MAX_REASON_CHARS = 2_000


class NewSanction(msgspec.Struct, frozen=True, kw_only=True):
    """What is ordered, before it has a case to stand on.

    Attributes:
        starts_at: None for at once.
        length_s: None for without end, or for what happens and is over.
        strike_window_s: how long its strikes count from its start.
        needs_second: a permanent one needs a second person's judgement.
        closure_role: `owner`, `admin` or `member` of the group that `closure_id` closes.
    """

    target: str
    kind: str
    feature: str = ""
    starts_at: float | None = None
    length_s: float | None = None
    rule: str
    category: str
    severity: str
    strikes: int = 0
    strike_window_s: float = 0.0
    grounds: tuple[Ground, ...] = ()
    needs_second: bool = False
    closure_id: str | None = None
    closure_role: str | None = None

    @property
    def is_permanent(self) -> bool:
        """Without an end where one could be."""
        return KINDS[self.kind].may_be_permanent and self.length_s is None


class Sanctions:
    """Orders sanctions and lifts them; everything happens in the caller's transaction.

    Args:
        followers: who hears of every move, inside the transaction.
        ladder: the rules that were broken, in words.
        zone: IANA name of the time zone that members are told moments in.
    """

    def __init__(
        self, database: Database, followers: Sequence[SanctionFollower] = (), ladder: Ladder | None = None,
        zone: str = "Asia/Shanghai",
    ) -> None:
        self.database, self.ladder = database, ladder or shipped_ladder()
        self._followers = tuple(followers)
        self._notices = Notices(database.vault, self.ladder, ZoneInfo(zone))

    def order(self, connection: Connection, new: NewSanction, case_id: str, by: str, now: float) -> Sanction:
        """Order a sanction on the ground of a closed case; it begins now or at `starts_at`.

        Raises:
            NotFound: no such case.
            InvalidRequest: a kind, target, feature or length that does not fit.
            Conflict: the case does not bear it (law 1, law 2), or the same was ordered already.
        """
        basis = need_basis(connection, case_id)
        check_new(new, now)
        check_basis(new, basis)
        ordinal = count_alike(connection, case_id, new.target, new.kind, new.feature)
        sanction_id = name_sanction(case_id, new.target, new.kind, new.feature, ordinal)
        return self.begin(connection, _on_basis(sanction_id, new, basis, by, now), now)

    def begin(self, connection: Connection, sanction: Sanction, now: float) -> Sanction:
        """Write a checked sanction and, unless it is for later, send it.

        Raises:
            Conflict: there is one with this id.
        """
        try:
            add_sanction(connection, sanction)
        except IntegrityError as error:
            raise Conflict(
                "the database refuses this sanction: the same was ordered already, or a law stands against it",
                zh="数据库拒绝了这项处罚：相同的处罚已经下达，或者不符合处罚规则",
            ) from error
        self._trace(connection, sanction, sanction.ordered_by, "order", now, _terms(sanction))
        if sanction.state == "ordered":
            self.take_effect(connection, sanction, now)
        self.tell(connection, sanction, "ordered", sanction.ordered_by, now)
        return sanction

    def adopt(self, connection: Connection, sanction: Sanction, now: float) -> None:
        """Keep what a policy has done to a member, whom it is explained to; the platform knows already."""
        add_sanction(connection, sanction)
        self._trace(connection, sanction, sanction.ordered_by, "order", now, _terms(sanction))
        self._notices.tell_sanctioned(connection, sanction, now)
        self.tell(connection, sanction, "in_force", sanction.ordered_by, now)

    def disown(
        self, connection: Connection, sanction: Sanction, reason: str, words: dict[str, str], now: float
    ) -> None:
        """Let the platform lift at once what a policy has done; it counts for nothing."""
        lifted = msgspec.structs.replace(
            sanction, state="lifting", lifted_at=now, lifted_by="system", lift_reason=reason
        )
        add_sanction(connection, lifted)
        self._trace(connection, lifted, sanction.ordered_by, "order", now, _terms(sanction))
        self._trace(connection, lifted, "system", "lift", now, {"reason": reason})
        self.send(connection, lifted, "lift", now, words)

    def lift(
        self, connection: Connection, sanction_id: str, by: str, reason: str, now: float, *,
        restores_content: bool = True,
    ) -> Sanction:
        """Take a sanction back with all its effects: strikes, removed content, what the platform holds.

        It supersedes an order that is still on its way: the platform goes by the higher revision.

        Raises:
            NotFound, InvalidRequest: no such sanction, or no reason.
            Conflict: it is being lifted, or was.
        """
        sanction = self.get(connection, sanction_id)
        reason = check_reason(reason)
        was_sent = sanction.state != "scheduled"
        lifted = msgspec.structs.replace(
            sanction, state="lifting" if was_sent else "reversed", lifted_at=now, lifted_by=by, lift_reason=reason
        )
        if not move_sanction(
            connection, sanction_id, (sanction.state,) if sanction.state in LIFTABLE_STATES else (), lifted.state,
            lifted_at=now, lifted_by=by, lift_reason=reason,
        ):
            raise Conflict("this sanction was lifted already, or has just changed; load it again",
                           zh="这项处罚已被解除，或者刚刚发生了变化；请重新载入")
        self._trace(connection, lifted, by, "lift", now, {"reason": reason})
        if was_sent:
            self.send(connection, lifted, "lift", now, self._notices.tell_lifted(connection, lifted, now))
        if restores_content:
            self._lift_companions(connection, lifted, by, reason, now)
        self.tell(connection, lifted, "lifted", by, now, reason)
        return lifted

    def get(self, connection: Connection, sanction_id: str) -> Sanction:
        """The sanction with this id.

        Raises:
            NotFound: there is none.
        """
        sanction = find_sanction(connection, sanction_id)
        if sanction is None:
            raise NotFound(f"there is no sanction {sanction_id}")
        return sanction

    def take_effect(self, connection: Connection, sanction: Sanction, now: float) -> None:
        """Tell the member and the platform that it begins; the caller has just moved it to `ordered`."""
        self._notices.tell_sanctioned(connection, sanction, now)
        self.send(connection, sanction, "apply", now)

    def send(
        self, connection: Connection, sanction: Sanction, act: str, now: float, words: dict[str, str] | None = None
    ) -> None:
        """Order the platform to apply or lift; the caller has just moved the sanction and so holds its row."""
        order = add_order(connection, sanction.id, act, now)
        data = SanctionOrdered(
            sanction=sanction.id, revision=order.revision, target=sanction.target, kind=sanction.kind,
            feature=sanction.feature, starts_at=to_datetime(sanction.starts_at), ends_at=_moment(sanction.ends_at),
            is_permanent=sanction.is_permanent, rule=sanction.rule, category=sanction.category,
            title=KINDS[sanction.kind].title, notice=words or self._notices.words(connection, sanction),
        )
        put(connection, [seal_message(order.message_id, f"sanction.{act}", now, data)], now)

    def _lift_companions(self, connection: Connection, sanction: Sanction, by: str, reason: str, now: float) -> None:
        """What was ordered only because of it: content removed in the same case, those who ran a closed group."""
        if sanction.case_id is None or sanction.target != sanction.case_target or sanction.kind == "remove_content":
            return
        for other in sanctions_of_case(connection, sanction.case_id):
            is_closed_with = sanction.kind == "close_group" and other.closure_id == sanction.closure_id
            follows = other.kind == "remove_content" or is_closed_with
            if follows and other.id != sanction.id and other.state in LIFTABLE_STATES:
                self.lift(connection, other.id, by, reason, now)

    def _trace(
        self, connection: Connection, sanction: Sanction, by: str, act: str, now: float, details: dict[str, Any]
    ) -> None:
        audit.note(connection, by, f"sanction.{act}", sanction.id, {"target": sanction.target, **details})
        if sanction.case_id is not None:
            said = {"sanction": sanction.id, "target": sanction.target, "kind": sanction.kind}
            write_history(connection, sanction.case_id, by, f"sanction_{act}", said, now)

    def tell(
        self, connection: Connection, sanction: Sanction, move: str, by: str, now: float, reason: str = ""
    ) -> None:
        """Let the followers hear of a move, inside the transaction."""
        moved = SanctionMoved(
            sanction_id=sanction.id, target=sanction.target, kind=sanction.kind, is_permanent=sanction.is_permanent,
            move=move, by=by, at=now, reason=reason,
        )
        for follow in self._followers:
            follow(connection, moved)


def check_new(new: NewSanction, now: float) -> None:
    """Refuse what does not fit together.

    Raises:
        InvalidRequest: it says what.
    """
    kind = KINDS.get(new.kind)
    if kind is None:
        raise InvalidRequest(f"there is no sanction {new.kind!r}; choose one of {', '.join(KINDS)}")
    if new.target.partition(":")[0] not in kind.targets or not new.target.partition(":")[2]:
        raise InvalidRequest(f"{new.kind} is for {' and '.join(kind.targets)}, not for {new.target[:80]}")
    if kind.has_feature != bool(new.feature):
        raise InvalidRequest(f"{new.kind} {'needs a' if kind.has_feature else 'takes no'} feature")
    if new.length_s is None and not (kind.is_at_once or kind.may_be_permanent):
        raise InvalidRequest(f"{new.kind} needs an end")
    if new.length_s is not None and (kind.is_at_once or not 0 < new.length_s <= LONGEST_TEMPORARY_S):
        raise InvalidRequest(f"{new.kind} cannot last that long; temporary sanctions end within 366 days")
    if new.starts_at is not None and not now - 60 <= new.starts_at <= now + LONGEST_TEMPORARY_S:
        raise InvalidRequest("a sanction begins now or within the next 366 days")


def check_basis(new: NewSanction, basis: Basis) -> None:
    """Refuse what the case does not bear, before the database does.

    Raises:
        Conflict: it says what is missing.
    """
    if not basis.is_violation or not basis.judgements:
        raise Conflict("a sanction needs a case that people closed with the outcome violation",
                       zh="处罚须以人工判定为“违规”并已结案的案件为依据")
    is_own = basis.case.target == new.target
    if new.closure_role == "member" and not (is_own and basis.finding):
        raise Conflict("a member of a closed group is sanctioned only on a finding and a case of their own",
                       zh="对被关闭群的普通成员，只能依据其本人的案件和机器发现处罚")
    if not new.is_permanent:
        return
    if basis.finding is None:
        raise Conflict("a permanent sanction needs a machine finding in the same case; order a temporary one",
                       zh="永久处罚须有同一案件中的机器发现；可改为有期限的处罚")
    if new.needs_second and len(basis.judgements) < 2:
        raise Conflict("this rule asks for a second person's judgement before a permanent sanction",
                       zh="按规则，永久处罚之前须有第二名审核员的独立判定")
    if not is_own and new.closure_role not in ("owner", "admin"):
        raise Conflict("a permanent sanction stands on a case about the same account or group",
                       zh="永久处罚须以针对同一账号或群的案件为依据")


def problem_of(new: NewSanction, basis: Basis, now: float) -> dict[str, str] | None:
    """Why this cannot be ordered on that ground, by language; None if it can."""
    try:
        check_new(new, now)
        check_basis(new, basis)
    except AnlanError as error:
        return {"zh": str(error.details.get("zh", error.message)), "en": error.message}
    return None


def need_basis(connection: Connection, case_id: str) -> Basis:
    """What the case gives.

    Raises:
        NotFound: there is no such case.
    """
    basis = read_basis(connection, case_id)
    if basis is None:
        raise NotFound(f"there is no case {case_id}")
    return basis


def check_reason(reason: str) -> str:
    """The reason that a person gives, cleaned.

    Raises:
        InvalidRequest: there is none, or it is too long.
    """
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON_CHARS:
        raise InvalidRequest(f"give a reason of at most {MAX_REASON_CHARS:,} characters",
                             zh=f"请写明理由，最多 {MAX_REASON_CHARS:,} 字")
    return reason


def name_sanction(cause: str, target: str, kind: str, feature: str, ordinal: int) -> str:
    """The same cause gives the same name, so that nothing is ordered twice; `ordinal` counts those taken back."""
    named = msgspec.json.encode([cause, target, kind, feature, ordinal])
    return f"sanc_{blake2b(named, digest_size=12).hexdigest()}"


def _on_basis(sanction_id: str, new: NewSanction, basis: Basis, by: str, now: float) -> Sanction:
    starts_at = max(now, new.starts_at or now)
    first, finding = basis.judgements[0], basis.finding
    second = basis.judgements[1] if len(basis.judgements) > 1 else None
    return Sanction(
        id=sanction_id, target=new.target, kind=new.kind, feature=new.feature, starts_at=starts_at,
        ends_at=None if new.length_s is None else starts_at + new.length_s, is_permanent=new.is_permanent,
        rule=new.rule, category=new.category, severity=new.severity, strikes=new.strikes,
        strikes_until=starts_at + new.strike_window_s, grounds=new.grounds, case_id=basis.case.id,
        case_target=basis.case.target, finding_seq=finding.event_seq if finding else None,
        finding_pass=finding.pass_number if finding else None, finding_policy=finding.policy if finding else None,
        judgement_id=first.id, judgement_answer=first.answer, judged_by=first.by, needs_second=new.needs_second,
        second_id=second.id if second else None, second_answer=second.answer if second else None,
        second_by=second.by if second else None, closure_id=new.closure_id, closure_role=new.closure_role,
        ordered_by=by, ordered_at=now, state="scheduled" if starts_at > now else "ordered",
    )


def _terms(sanction: Sanction) -> dict[str, Any]:
    return {
        "kind": sanction.kind, "feature": sanction.feature, "starts_at": sanction.starts_at,
        "ends_at": sanction.ends_at, "case": sanction.case_id, "rule": sanction.rule, "strikes": sanction.strikes,
    }


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else to_datetime(seconds)
