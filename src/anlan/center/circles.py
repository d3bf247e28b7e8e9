"""Family protection circles: who asks whom to look out for them, what both agree to, and every way out.

Nobody is ever added: a bond begins when both have said so, and either may end it at any time. Whoever leaves as a ward
does not have to face the other: it looks as before for some days, and then they are no longer warned, for no reason.
"""

import secrets
from typing import Literal

from sqlalchemy import Connection

from anlan.domain.care_cards import band_of
from anlan.domain.circle_messages import CircleChange, changed_message, invited_message
from anlan.domain.circles import (
    DAY_S,
    INVITATION_DAYS,
    MAX_GUARDIANS,
    MAX_INVITATIONS_A_DAY,
    MAX_NAME_CHARS,
    MAX_WARDS,
    MIN_TIE_DAYS,
    REMINDER_DAYS,
    REST_DAYS,
    SAFE_COOL_OFF_DAYS,
    Consent,
    Role,
    quiet_until,
)
from anlan.errors import Conflict, Forbidden, InvalidCircle, NotFound, RateLimited
from anlan.store import circle_invitations as invitations
from anlan.store import circles, outbox
from anlan.store.audit import note
from anlan.store.circle_invitations import Invitation
from anlan.store.circles import Bond, SafeMode
from anlan.store.database import Database
from anlan.store.recovery_facts import tied_since, versions_of
from anlan.store.vault import Codec

SafeAct = Literal["on", "off", "look"]
ROUND_S = 600.0
ROUND_BONDS = 500
_dice = secrets.SystemRandom()


class Circles:
    """What members do about their circle.

    Args:
        codec: opens what the journal knows of accounts.
        address: how browsers reach Anlan.
    """

    def __init__(self, database: Database, codec: Codec, address: str) -> None:
        self._database, self._codec, self._address = database, codec, address
        self._next_round_at = 0.0

    def invite(
        self, inviter: str, invitee: str, role: Role, offer: Consent, by: str, now: float, *, is_vouched: bool = False
    ) -> str:
        """Ask somebody; returns the invitation that is open then, an earlier one if there is.

        Whether the other is blocked, has declined or may not be in a circle is nothing that the inviter learns.

        Args:
            role: what the other is asked to be.
            offer: what the inviter agrees to.
            is_vouched: the platform answers for the tie between the two; they need not be friends.

        Raises:
            InvalidCircle: oneself, or nothing to agree to.
            Forbidden: they have not been friends for `MIN_TIE_DAYS`, or the inviter is a minor.
            RateLimited: too many today.
        """
        if inviter == invitee or not offer.harms:
            raise _means_nothing()
        with self._database.write() as connection:
            circles.lock_members(connection, inviter, invitee)
            invitations.lapse(connection, now)
            if (open_one := invitations.pending(connection, inviter, invitee, now)) is not None:
                return open_one
            self._check_inviter(connection, inviter, invitee, now, is_vouched=is_vouched)
            return self._send(connection, inviter, invitee, role, offer, by, now)

    def _send(
        self, connection: Connection, inviter: str, invitee: str, role: Role, offer: Consent, by: str, now: float
    ) -> str:
        is_hidden = self._is_unwelcome(connection, inviter, invitee, now)
        vault = self._database.vault
        name = invitations.add_invitation(
            connection, vault, inviter, invitee, role, offer, by, now, is_hidden=is_hidden
        )
        note(connection, by, "circle.invite", inviter, {"invitee": invitee, "invitation": name, "role": role})
        if not is_hidden:
            link = f"{self._address}/me/circles/invitations/{name}"
            until = now + INVITATION_DAYS * DAY_S
            outbox.put(connection, [invited_message(name, inviter, invitee, role, link, until, now)], now)
        return name

    def _check_inviter(
        self, connection: Connection, inviter: str, invitee: str, now: float, *, is_vouched: bool
    ) -> None:
        if self._is_minor(connection, inviter, now):
            raise Forbidden(
                "circles of minors follow rules of their own, which are still to come",
                zh="未成年人的守护圈有单独的规则，尚未开放。",
                en="Circles for minors have rules of their own and are not open yet.",
            )
        since = tied_since(connection, self._codec, inviter, invitee, now)
        if not is_vouched and (since is None or since > now - MIN_TIE_DAYS * DAY_S):
            raise Forbidden(
                f"only friends of at least {MIN_TIE_DAYS} days can be invited",
                zh=f"只能邀请成为好友满 {MIN_TIE_DAYS} 天的人。",
                en=f"You can invite people who have been your friends for at least {MIN_TIE_DAYS} days.",
            )
        if invitations.count_made(connection, inviter, now - DAY_S) >= MAX_INVITATIONS_A_DAY:
            raise RateLimited(
                f"at most {MAX_INVITATIONS_A_DAY} invitations a day", retry_after_s=DAY_S,
                zh=f"每天最多发出 {MAX_INVITATIONS_A_DAY} 份邀请，请明天再试。",
                en=f"You can send {MAX_INVITATIONS_A_DAY} invitations a day. Try again tomorrow.",
            )

    def _is_unwelcome(self, connection: Connection, inviter: str, invitee: str, now: float) -> bool:
        return (
            circles.is_blocked(connection, invitee, inviter)
            or invitations.was_declined(connection, inviter, invitee, now - REST_DAYS * DAY_S)
            or self._is_minor(connection, invitee, now)
        )

    def _is_minor(self, connection: Connection, account: str, now: float) -> bool:
        versions = versions_of(connection, self._codec, account, "age_band", now)
        return bool(versions) and band_of(versions[0][1]) is not None

    def accept(self, invitation_id: str, account: str, consent: Consent, by: str, now: float) -> None:
        """Take up an invitation; each bond that it makes covers what both agreed to.

        Raises:
            InvalidCircle: no harm in common.
            NotFound: it is not theirs, or over.
            Conflict: it was withdrawn meanwhile, or a circle is full.
        """
        with self._database.write() as connection:
            found = self._invitation(connection, invitation_id, account)
            if not set(consent.harms) & set(found.offer.harms):
                raise _means_nothing()
            circles.lock_members(connection, found.inviter, account)
            if not invitations.answer_invitation(connection, invitation_id, account, "accepted", now):
                raise _over()
            made = self._bind(connection, found, consent, now)
            note(connection, by, "circle.accept", account, {"invitation": invitation_id, "bonds": made})
            self._tell(connection, invitation_id, found.inviter, account, "accepted", now)

    def _bind(self, connection: Connection, found: Invitation, consent: Consent, now: float) -> list[str]:
        asker, asked = found.inviter, found.invitee
        is_quiet = any(circles.safe_mode_of(connection, one, now) for one in (asker, asked))
        made = []
        if found.role in ("guardian", "both"):
            made.append(circles.add_bond(connection, asker, asked, found.offer, consent, now, is_quiet=is_quiet))
        if found.role in ("ward", "both"):
            made.append(circles.add_bond(connection, asked, asker, consent, found.offer, now, is_quiet=is_quiet))
        for account in (asker, asked):
            _check_room(connection, account)
        return made

    def decline(self, invitation_id: str, account: str, by: str, now: float) -> None:
        """Turn an invitation down; the inviter is not told and sees it lapse.

        Raises:
            NotFound: it is not theirs, or over.
            Conflict: it was answered or withdrawn meanwhile.
        """
        with self._database.write() as connection:
            found = self._invitation(connection, invitation_id, account)
            if not invitations.answer_invitation(connection, invitation_id, account, "declined", now):
                raise _over()
            note(connection, by, "circle.decline", account, {"invitation": found.id})

    def withdraw(self, invitation_id: str, account: str, by: str, now: float) -> None:
        """Take an invitation back.

        Raises:
            Conflict: it was taken up meanwhile, or is not theirs.
        """
        with self._database.write() as connection:
            if not invitations.withdraw_invitation(connection, invitation_id, account, now):
                raise _over()
            note(connection, by, "circle.withdraw", account, {"invitation": invitation_id})

    def change(self, bond_id: str, account: str, consent: Consent, by: str) -> None:
        """Agree to something else from now on. Nobody is told: a ward must not have to say why.

        Raises:
            InvalidCircle: to no harm at all; leaving is an act of its own.
            NotFound: there is no such bond of theirs.
        """
        if not consent.harms:
            raise _means_nothing()
        with self._database.write() as connection:
            bond = self._bond(connection, bond_id, account)
            if not circles.change_consent(connection, bond, account, consent):
                raise _no_bond()
            details = {"bond": bond_id, "harms": list(consent.harms), "may_pause": consent.may_pause}
            note(connection, by, "circle.consent", account, details)

    def name(self, bond_id: str, account: str, name: str, by: str) -> None:
        """Keep what a member calls the other one; nobody else sees it.

        Raises:
            NotFound: there is no such bond of theirs.
        """
        with self._database.write() as connection:
            bond = self._bond(connection, bond_id, account)
            shown = "".join(char for char in name if char.isprintable()).strip()[:MAX_NAME_CHARS]
            circles.name_other(connection, self._database.vault, bond, account, shown)
            note(connection, by, "circle.name", account, {"bond": bond_id})

    def leave(self, bond_id: str, account: str, by: str, now: float) -> None:
        """End a bond. A guardian's ward is told at once; of a ward's leaving the guardian hears later, and no reason.

        Raises:
            NotFound: there is no such bond of theirs.
        """
        with self._database.write() as connection:
            bond = self._bond(connection, bond_id, account)
            self._end(connection, bond, account, now, is_quiet=account == bond.ward)
            note(connection, by, "circle.leave", account, {"bond": bond_id})

    def _end(self, connection: Connection, bond: Bond, account: str, now: float, *, is_quiet: bool) -> None:
        if is_quiet and bond.left_by is None:
            is_done = circles.leave_quietly(connection, bond, account, quiet_until(now, _dice.random()), now)
        elif (is_done := circles.leave_openly(connection, bond, account, now)) and bond.left_by is None:
            self._tell(connection, bond.id, bond.ward, bond.guardian, "guardian_left", now)
        if not is_done:
            raise _no_bond()

    def block(self, account: str, other: str, by: str, now: float) -> None:
        """Take nothing from somebody any more, and end what there was; they are not told.

        Raises:
            InvalidCircle: oneself.
        """
        if account == other:
            raise _means_nothing()
        with self._database.write() as connection:
            circles.lock_members(connection, account, other)
            is_new = circles.block(connection, account, other, now)
            invitations.hide_between(connection, account, other)
            for bond in circles.bonds_of(connection, self._database.vault, account):
                if bond.other(account) == other:
                    self._end(connection, bond, account, now, is_quiet=True)
            if is_new:  # last: warnings hold bonds before they write to the audit log
                note(connection, by, "circle.block", account, {"other": other})

    def unblock(self, account: str, other: str, by: str) -> None:
        """Take invitations of somebody again."""
        with self._database.write() as connection:
            if circles.unblock(connection, account, other):
                note(connection, by, "circle.unblock", account, {"other": other})

    def enter_safe_mode(self, account: str, by: str, now: float) -> None:
        """Warn nobody of this member, and them of nobody, without a trace to anybody; again changes nothing."""
        with self._database.write() as connection:
            _enter_safe_mode(connection, account, by, now)

    def leave_safe_mode(self, account: str, by: str, now: float) -> None:
        """Let it end after `SAFE_COOL_OFF_DAYS`; what was there does not come back without a fresh consent."""
        with self._database.write() as connection:
            _leave_safe_mode(connection, account, by, now)

    def assist(self, account: str, act: SafeAct, reason: str, by: str, now: float) -> SafeMode | None:
        """Turn safe mode on or off for a member who calls, or look; why stands beside it in the audit log.

        Returns how safe mode stands then.
        """
        with self._database.write() as connection:
            if act == "on":
                _enter_safe_mode(connection, account, by, now)
            elif act == "off":
                _leave_safe_mode(connection, account, by, now)
            note(connection, by, "circle.assist", account, {"reason": reason, "act": act})
            return circles.safe_mode_of(connection, account, now)

    def may_pause(self, connection: Connection, ward: str, guardian: str) -> bool:
        """Whether the ward agreed beforehand that this guardian may pause a payment of theirs."""
        return circles.lets_pause(connection, ward, guardian)

    def guardians_of(self, connection: Connection, ward: str, harm: str | None = None) -> list[str]:
        """Who looks out for `ward`, for this harm or for any; oldest bonds first."""
        standing = circles.standing(connection, ward)
        return [bond.guardian for bond in standing if bond.harms and (harm is None or harm in bond.harms)]

    def round(self, now: float) -> None:
        """Tell of who left some days ago, remind wards of who watches, close what has lapsed."""
        if now < self._next_round_at:
            return
        with self._database.write() as connection:
            # Members before bonds, as everybody locks them.
            wards = circles.take_reminders(connection, now - REMINDER_DAYS * DAY_S, now, ROUND_BONDS)
            for bond in circles.come_out(connection, now, ROUND_BONDS):
                if bond.left_by == bond.ward:
                    self._tell(connection, bond.id, bond.guardian, bond.ward, "ended", now)
                else:
                    self._tell(connection, bond.id, bond.ward, bond.guardian, "guardian_left", now)
            for ward in wards:
                self._tell(connection, f"reminder|{now}", ward, None, "reminder", now)
            invitations.lapse(connection, now)
        self._next_round_at = now + ROUND_S

    def _tell(
        self, connection: Connection, cause: str, account: str, other: str | None, change: CircleChange, now: float
    ) -> None:
        link = f"{self._address}/me/circles"
        outbox.put(connection, [changed_message(cause, account, other, change, link, now)], now)

    def _invitation(self, connection: Connection, invitation_id: str, account: str) -> Invitation:
        found = invitations.find_invitation(connection, self._database.vault, invitation_id, account)
        if found is None:
            raise NotFound("there is no such invitation", zh="没有这份邀请", en="There is no such invitation.")
        return found

    def _bond(self, connection: Connection, bond_id: str, account: str) -> Bond:
        found = circles.find_bond(connection, self._database.vault, bond_id, account)
        if found is None:
            raise _no_bond()
        return found


def _enter_safe_mode(connection: Connection, account: str, by: str, now: float) -> None:
    circles.lock_members(connection, account)
    if circles.enter_safe_mode(connection, account, now):
        ended = circles.quieten(connection, account, now)
        note(connection, by, "circle.safe_mode", account, {"is_on": True, "bonds": ended})


def _leave_safe_mode(connection: Connection, account: str, by: str, now: float) -> None:
    circles.lock_members(connection, account)
    if circles.leave_safe_mode(connection, account, now + SAFE_COOL_OFF_DAYS * DAY_S):
        note(connection, by, "circle.safe_mode", account, {"is_on": False})


def _check_room(connection: Connection, account: str) -> None:
    guardians, wards = circles.count_bonds(connection, account)
    if guardians > MAX_GUARDIANS or wards > MAX_WARDS:
        raise _full()


def _full() -> Conflict:
    return Conflict(
        "the circle of one of the two is full",
        zh=f"守护圈已满：每人最多 {MAX_GUARDIANS} 位守护人，最多守护 {MAX_WARDS} 人。",
        en=f"A circle is full: nobody has more than {MAX_GUARDIANS} guardians or looks out for more than {MAX_WARDS}.",
    )


def _means_nothing() -> InvalidCircle:
    return InvalidCircle(
        "a circle needs another person and at least one kind of risk that both agree to",
        zh="请选择另一个人，以及至少一类双方都同意的风险。",
        en="Choose another person, and at least one kind of risk that both of you agree to.",
    )


def _over() -> Conflict:
    return Conflict(
        "this invitation is over", zh="这份邀请已失效：可能已被接受、撤回或过期。",
        en="This invitation is over: it was taken up, taken back, or its time has run out.",
    )


def _no_bond() -> NotFound:
    return NotFound("there is no such bond", zh="没有这段守护关系，或已结束。", en="There is no such bond any more.")
