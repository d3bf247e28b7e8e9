"""Closing a group: it goes, those who ran it answer by gravity, and nobody who was only in it is touched."""

from hashlib import blake2b
from typing import Literal, cast

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from anlan.desk.sanctioning import as_new, past_of
from anlan.desk.sanctions import NewSanction, Sanctions, need_basis, problem_of
from anlan.domain.ladder import GRAVITIES, Gravity, Ladder, Rung, counting_strikes, proposal_on
from anlan.domain.messages import seal_message
from anlan.domain.notice_words import Words, closed_group
from anlan.domain.sanction_messages import ExportOrdered
from anlan.domain.sanctions import KINDS, Ground
from anlan.errors import Conflict, InvalidRequest, NotFound
from anlan.store import audit
from anlan.store.closures import Closure, add_closure, closures_of
from anlan.store.outbox import put
from anlan.store.rosters import Runner, read_roster, take_off
from anlan.store.sanction_bases import Basis
from anlan.store.sanctions import Sanction, sanctions_of, sanctions_of_case

MAX_RUNNERS = 500
"""Who runs a group is a handful; a longer list is a list of members."""

_ROLE_TITLES = {"owner": {"zh": "群主", "en": "owner"}, "admin": {"zh": "管理员", "en": "administrator"}}


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who ran the group and what they would get; `problem` says why not, by language."""

    person: Runner
    new: NewSanction
    problem: Words | None


class ClosurePreview(msgspec.Struct, frozen=True, kw_only=True):
    """What closing the group would do, before anybody does it.

    Attributes:
        touched: everybody who would be sanctioned; there is nobody else.
        untouched_count: members to whom nothing happens; None if nobody told how many there are.
        roster_told_at: when the platform registered who runs it; None when that was read from events.
        problem: why the group cannot be closed, by language.
    """

    group: str
    new: NewSanction
    touched: tuple[Touched, ...]
    member_count: int | None
    untouched_count: int | None
    roster_told_at: float | None
    problem: Words | None


class Closures:
    """Previews and makes closures, in the caller's transaction."""

    def __init__(self, sanctions: Sanctions) -> None:
        self._sanctions = sanctions

    def preview(self, connection: Connection, case_id: str, now: float) -> ClosurePreview:
        """Exactly who would be touched.

        Raises:
            NotFound, InvalidRequest: no such case, or it is not about a group.
            Conflict: nobody judged it a violation.
        """
        basis = need_basis(connection, case_id)
        group, ladder = _group_of(basis), self._sanctions.ladder
        roster = read_roster(connection, group)
        severity, category = _gravity(basis), basis.judgements[-1].category or basis.case.category
        closing = ladder.rungs["group"][ladder.rung("group", "close_group")]
        new = self._on_rung(closing, basis, group, severity, category, connection, now)
        touched = tuple(
            self._touch(connection, person, basis, severity, category, now) for person in roster.people[:MAX_RUNNERS]
        )
        members = roster.member_count
        return ClosurePreview(
            group=group, new=new, touched=touched, member_count=members,
            untouched_count=None if members is None else max(members - len(touched), 0),
            roster_told_at=roster.told_at, problem=problem_of(new, basis, now),
        )

    def close(self, connection: Connection, case_id: str, by: str, now: float) -> tuple[Closure, list[Sanction]]:
        """Close the group and sanction those who ran it: what `preview` shows, and nothing else.

        Raises:
            NotFound, InvalidRequest, Conflict: see `preview`; or it is closed already.
        """
        shown = self.preview(connection, case_id, now)
        closure = Closure(
            id=_name(connection, case_id, shown.group), group=shown.group, case_id=case_id, made_at=now, made_by=by,
            member_count=shown.member_count or 0,
        )
        try:
            add_closure(connection, closure)
        except IntegrityError as error:
            raise Conflict("this group was closed already", zh="该群已被关闭") from error
        told = {"closure": closure.id, "group": closure.group, "case": case_id, "member_count": closure.member_count,
                "touched": len(shown.touched)}
        audit.note(connection, by, "group.close", closure.id, told)
        orders = [shown.new, *(one.new for one in shown.touched if one.problem is None)]
        made = [
            self._sanctions.order(connection, msgspec.structs.replace(new, closure_id=closure.id), case_id, by, now)
            for new in orders
        ]
        return closure, made

    def correct(self, connection: Connection, sanction_id: str, by: str, reason: str, now: float) -> Sanction:
        """Somebody was sanctioned as owner or administrator who was not: take it back and off the roster.

        Raises:
            NotFound, Conflict: no such sanction, or it belongs to no closure.
        """
        sanction = self._sanctions.get(connection, sanction_id)
        if sanction.closure_id is None or sanction.closure_role is None or sanction.case_target is None:
            raise Conflict("this sanction belongs to no closed group", zh="这项处罚不属于任何群的关闭")
        take_off(connection, sanction.case_target, sanction.target)
        return self._sanctions.lift(connection, sanction_id, by, reason, now)

    def explain(self, connection: Connection, group: str) -> Words:
        """What an ordinary member who asks is told.

        Raises:
            NotFound: the group is not closed.
        """
        return closed_group(self._sanctions.ladder.rule(self._closed(connection, group)[1].category))

    def order_export(self, connection: Connection, group: str, account: str, now: float) -> str:
        """Ask the platform to give a member what they themselves put into a closed group; returns the closure's id.

        Raises:
            NotFound: the group is not closed.
        """
        closure, sanction = self._closed(connection, group)
        words = closed_group(self._sanctions.ladder.rule(sanction.category))
        named = blake2b(f"{closure.id}|{account}".encode(), digest_size=12).hexdigest()
        data = ExportOrdered(account=account, group=group, reason=words)
        put(connection, [seal_message(f"msg_export_{named}", "export.content", now, data)], now)
        return closure.id

    def _closed(self, connection: Connection, group: str) -> tuple[Closure, Sanction]:
        found = next(iter(closures_of(connection, group)), None)
        standing = (one for one in sanctions_of(connection, group) if one.kind == "close_group"
                    and one.state not in ("lifting", "reversed"))
        sanction = next(standing, None)
        if found is None or sanction is None:
            raise NotFound(f"{group} is not closed")
        return found, sanction

    def _touch(
        self, connection: Connection, person: Runner, basis: Basis, severity: Gravity, category: str, now: float
    ) -> Touched:
        ladder, role = self._sanctions.ladder, cast(Literal["owner", "admin"], person.role)
        rung = ladder.rungs["account"][ladder.rung("account", ladder.closure[role][severity])]
        if KINDS[rung.kind].may_be_permanent and not _bears(ladder, basis, severity, category):
            rung = next(one for one in reversed(ladder.rungs["account"]) if not KINDS[one.kind].may_be_permanent)
        new = self._on_rung(rung, basis, person.account, severity, category, connection, now)
        title = _ROLE_TITLES[role]
        ground = Ground("role", {"zh": f"被关闭群的{title['zh']}", "en": f"Was {title['en']} of the closed group"})
        new = msgspec.structs.replace(new, closure_role=role, grounds=(ground, *new.grounds))
        return Touched(person=person, new=new, problem=problem_of(new, basis, now))

    def _on_rung(
        self, rung: Rung, basis: Basis, target: str, severity: Gravity, category: str, connection: Connection,
        now: float,
    ) -> NewSanction:
        rule = self._sanctions.ladder.rule(category)
        before = counting_strikes(past_of(connection, target), now)
        ground = Ground("rule", {"zh": f"{rule.title['zh']}（群）", "en": f"{rule.title['en']} (a group)"})
        proposal = proposal_on(rule, severity, rung, before, (ground,))
        return as_new(proposal, target, basis.case.policy or rule.category)


def _group_of(basis: Basis) -> str:
    if not basis.case.target.startswith("group:"):
        raise InvalidRequest("this case is about no group; only a case about the group itself can close it",
                             zh="本案不是针对群的案件；只有针对群本身的案件才能关闭群")
    if not basis.judgements:
        raise Conflict("nobody has judged this case a violation", zh="本案尚无“违规”的判定")
    return basis.case.target


def _gravity(basis: Basis) -> Gravity:
    severity = basis.judgements[-1].severity
    return severity if severity in GRAVITIES else "low"


def _bears(ladder: Ladder, basis: Basis, severity: Gravity, category: str) -> bool:
    enough = 2 if severity in ladder.rule(category).second else 1
    return basis.finding is not None and len(basis.judgements) >= enough


def _name(connection: Connection, case_id: str, group: str) -> str:
    """The same case closes a group once, until that is reversed."""
    undone = sum(one.kind == "close_group" and one.state in ("lifting", "reversed")
                 for one in sanctions_of_case(connection, case_id))
    return f"clos_{blake2b(f'{case_id}|{group}|{undone}'.encode(), digest_size=12).hexdigest()}"
