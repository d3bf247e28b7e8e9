"""What members prove themselves by: adding or removing it needs a fresh proof, and the owner hears of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from anlan import clock
from anlan.center.followers import (
    AccountRecovered,
    ContainmentMoved,
    FactorChange,
    FactorChanged,
    FactorFollower,
)
from anlan.center.passkeys import Passkeys
from anlan.domain.challenges import Held
from anlan.domain.factors import (
    RECOVERY_CODES,
    FactorKind,
    accepted_step,
    device_digest,
    new_recovery_code,
    new_totp_secret,
    totp_uri,
)
from anlan.errors import Conflict, Forbidden, InvalidRequest, NotFound
from anlan.store import audit, challenges, factors, own_events, trusted_devices
from anlan.store.containments import standing_containment
from anlan.store.database import Database
from anlan.store.factors import Secret

CHANGE = "change_factors"
"""The purpose of the challenge that a change needs."""

MAX_PASSKEYS = 12
MAX_TITLE_CHARS = 40


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticator that is being set up: what the app is to be told."""

    id: str
    secret: str
    uri: str


class _Begun(msgspec.Struct, frozen=True):
    title: str
    made: bytes


_begun = msgspec.json.Decoder(_Begun).decode


class Factors:
    """Factors and trusted devices of members.

    Args:
        followers: hear of each change inside its transaction.
    """

    def __init__(self, database: Database, passkeys: Passkeys, followers: Sequence[FactorFollower] = ()) -> None:
        self._database = database
        self._followers = followers
        self.passkeys = passkeys

    def is_proven(self, account: str, session: str, now: float) -> bool:
        """Whether this session may change factors now: it has proved itself, or there is nothing yet to prove it by."""
        with self._database.read() as connection:
            return _is_proven(connection, account, session, now)

    def begin_totp(self, account: str, session: str, title: str) -> str:
        """Make a secret for an authenticator; the name under which `finish_totp` takes its first code.

        Raises:
            Forbidden: a fresh proof is needed.
        """
        now, vault = clock.now(), self._database.vault
        begun = _Begun(_titled(title), new_totp_secret().encode())
        with self._database.write() as connection:
            _check_proof(connection, account, session, now)
            return factors.begin_enrolment(connection, vault, account, "totp", msgspec.json.encode(begun), now)

    def read_totp(self, account: str, enrolment_id: str) -> Enrolment:
        """What the app is to be told.

        Raises:
            NotFound: there is nothing by that name to be set up, or its time is over.
        """
        begun = self._read_enrolment(account, enrolment_id, clock.now())
        secret = begun.made.decode()
        return Enrolment(
            id=enrolment_id, secret=secret, uri=totp_uri(secret, account.removeprefix("account:"))
        )

    def finish_totp(self, account: str, session: str, enrolment_id: str, code: str) -> None:
        """Take an authenticator into force by its first code; one that was there before goes.

        Raises:
            InvalidRequest: the code is not one of this moment.
            NotFound, Forbidden, Conflict.
        """
        now = clock.now()
        begun = self._read_enrolment(account, enrolment_id, now)
        step = accepted_step(begun.made.decode(), code, now)
        if step is None:
            raise InvalidRequest(
                "this code is not right: enter the one that the app shows now",
                zh="验证码不正确，请输入应用中当前显示的数字",
                en="This code is not right. Enter the one that the app shows now.",
            )
        with self._database.write() as connection:
            _check_proof(connection, account, session, now)
            _finish(connection, enrolment_id)
            self._replace(connection, account, "totp", now)
            secret = Secret(title=begun.title, totp=begun.made.decode())
            self._add(connection, account, "totp", secret, now, step=step)

    def begin_passkey(self, account: str, session: str, title: str) -> tuple[str, dict[str, Any]]:
        """(the name under which `finish_passkey` takes the new key, options for the browser).

        Raises:
            Forbidden: a fresh proof is needed.
            Conflict: passkeys do not work at this address, or there are `MAX_PASSKEYS`.
        """
        now, vault = clock.now(), self._database.vault
        if not self.passkeys.is_possible:
            raise Conflict("passkeys need an https address with a name; set ANLAN_PUBLIC_URL")
        with self._database.write() as connection:
            _check_proof(connection, account, session, now)
            held = factors.secrets_of(connection, vault, account).values()
            known = [one.credential for one in held if one.credential]
            if len(known) >= MAX_PASSKEYS:
                raise Conflict(
                    "remove a passkey first", zh=f"最多 {MAX_PASSKEYS} 个通行密钥，请先移除不用的",
                    en=f"There can be {MAX_PASSKEYS} passkeys. Remove one first.",
                )
            options, asked = self.passkeys.ask_to_make(account, known)
            state = msgspec.json.encode(_Begun(_titled(title), asked))
            return factors.begin_enrolment(connection, vault, account, "passkey", state, now), options

    def finish_passkey(self, account: str, session: str, enrolment_id: str, answer: Mapping[str, Any]) -> None:
        """Take a new key into force.

        Raises:
            InvalidRequest: the answer is not one to what the browser was asked.
            NotFound, Forbidden, Conflict.
        """
        now = clock.now()
        begun = self._read_enrolment(account, enrolment_id, now)
        made = self.passkeys.read_made(begun.made, answer)
        if made is None:
            raise InvalidRequest(
                "the new passkey could not be checked; try again", zh="无法核对新的通行密钥，请重试",
                en="The new passkey could not be checked. Try again.",
            )
        with self._database.write() as connection:
            _check_proof(connection, account, session, now)
            _finish(connection, enrolment_id)
            secret = Secret(title=begun.title, credential=made.credential)
            self._add(
                connection, account, "passkey", secret, now, credential_id=made.credential_id,
                sign_count=made.sign_count,
            )

    def make_recovery_codes(self, account: str, session: str) -> list[str]:
        """A fresh set, shown this once; an earlier set is worth nothing then.

        Raises:
            Forbidden: a fresh proof is needed.
        """
        now, codes = clock.now(), [new_recovery_code() for _ in range(RECOVERY_CODES)]
        with self._database.write() as connection:
            _check_proof(connection, account, session, now)
            self._replace(connection, account, "recovery_codes", now)
            made = self._add(connection, account, "recovery_codes", Secret(), now)
            factors.add_recovery_codes(connection, made, codes)
        return codes

    def remove(self, account: str, session: str, factor_id: str) -> None:
        """Take a factor out of force.

        Raises:
            NotFound: the account has no such factor.
            Forbidden: a fresh proof is needed.
        """
        now = clock.now()
        with self._database.write() as connection:
            _check_proof(connection, account, session, now)
            kind = factors.end_factor(connection, account, factor_id, account, "removed", now)
            if kind is None:
                raise NotFound("there is no such factor", zh="没有这项验证方式", en="There is no such factor.")
            self._tell(connection, account, kind, factor_id, "removed", account, now)

    def distrust(self, account: str, digest: str) -> None:
        """Stop trusting a device; that makes the account safer, so it needs no proof."""
        with self._database.write() as connection:
            if trusted_devices.distrust(connection, account, digest):
                audit.note(connection, account, "device.distrust", account, {"device": digest})

    def on_containment_moved(self, connection: Connection, moved: ContainmentMoved) -> None:
        """What was added while the thief may have been inside is not taken; it comes back after a false alarm."""
        account, name = moved.account, moved.containment_id
        if moved.move in ("opened", "widened"):
            trusted_devices.distrust_since(connection, account, moved.since)
            for device in moved.devices:
                trusted_devices.distrust(connection, account, device_digest(account, device))
            for kind in factors.suspend_factors(connection, account, moved.since, name):
                audit.note(connection, moved.by, "factor.suspend", account, {"kind": kind, "containment": name})
            return
        for factor_id, kind in factors.suspended_factors(connection, name):
            in_force = {one.kind for one in factors.factors_of(connection, account)}
            if moved.move == "false_alarm" and (kind == "passkey" or kind not in in_force):
                factors.resume_factor(connection, factor_id)
                audit.note(connection, moved.by, "factor.resume", account, {"kind": kind, "containment": name})
            else:
                self._end(connection, account, factor_id, kind, moved.by, "revoked", moved.at)

    def on_recovered(self, connection: Connection, recovered: AccountRecovered) -> None:
        """Whoever recovers an account has lost its factors, or somebody else has them: none is taken any more."""
        for one in factors.factors_of(connection, recovered.account):
            self._end(connection, recovered.account, one.id, one.kind, recovered.by, "revoked", recovered.at)
        trusted_devices.distrust_since(connection, recovered.account, 0.0)

    def note_clone(self, connection: Connection, account: str, factor_id: str, now: float) -> None:
        """A passkey signed with a count that another copy of it has passed: it is out of force from here on."""
        self._end(connection, account, factor_id, "passkey", "system", "cloned", now)

    def note_used_up(self, connection: Connection, account: str, now: float) -> None:
        """The last recovery code was used: the owner is told to make new ones."""
        for follow in self._followers:
            changed = FactorChanged(account=account, factor="recovery_codes", change="used_up", by=account, at=now)
            follow(connection, changed)

    def _read_enrolment(self, account: str, enrolment_id: str, now: float) -> _Begun:
        with self._database.read() as connection:
            state = factors.read_enrolment(connection, self._database.vault, account, enrolment_id, now)
        if state is None:
            raise _gone()
        return _begun(state)

    def _add(
        self, connection: Connection, account: str, kind: FactorKind, secret: Secret, now: float, **known: Any
    ) -> str:
        made = factors.add_factor(connection, self._database.vault, account, kind, secret, now, **known)
        if made is None:
            raise Conflict("this one is there already", zh="这项验证方式已经存在", en="This one is there already.")
        self._tell(connection, account, kind, made, "added", account, now)
        return made

    def _replace(self, connection: Connection, account: str, kind: FactorKind, now: float) -> None:
        for one in factors.factors_of(connection, account):
            if one.kind == kind:
                self._end(connection, account, one.id, kind, account, "replaced", now)

    def _end(
        self, connection: Connection, account: str, factor_id: str, kind: FactorKind, by: str, because: str, now: float
    ) -> None:
        if factors.end_factor(connection, account, factor_id, by, because, now) is not None:
            self._tell(connection, account, kind, factor_id, "removed", by, now, because=because)

    def _tell(
        self, connection: Connection, account: str, kind: str, factor_id: str, change: FactorChange, by: str,
        now: float, because: str = "",
    ) -> None:
        """The audit log, the journal and whoever follows."""
        details = {"factor": factor_id, "kind": kind, **({"because": because} if because else {})}
        audit.note(connection, by, f"factor.{change}", account, details)
        data = {"account": account.removeprefix("account:"), "binding": "factor", "change": change}
        own_events.say(connection, "account.binding_changed", data, f"factor:{factor_id}:{change}", now)
        for follow in self._followers:
            follow(connection, FactorChanged(account=account, factor=kind, change=change, by=by, at=now))


def _titled(title: str) -> str:
    return " ".join(title.split())[:MAX_TITLE_CHARS]


def _is_proven(connection: Connection, account: str, session: str, now: float) -> bool:
    if challenges.has_proof(connection, account, CHANGE, session, now):
        return True
    has_nothing = factors.held_by(connection, account) == Held()
    return has_nothing and standing_containment(connection, account) is None


def _check_proof(connection: Connection, account: str, session: str, now: float) -> None:
    if not _is_proven(connection, account, session, now):
        raise Forbidden(
            "prove first that it is you", zh="请先验证是您本人", en="Prove first that it is you.",
        )


def _finish(connection: Connection, enrolment_id: str) -> None:
    if not factors.end_enrolment(connection, enrolment_id):
        raise _gone()


def _gone() -> NotFound:
    return NotFound(
        "this took too long, or was finished already; begin again", zh="已超时或已完成，请重新开始",
        en="This took too long, or was finished already. Begin again.",
    )
