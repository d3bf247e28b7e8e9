"""What streams of security events hear of: containments, sanctions, factors and recoveries, as they are decided."""

import secrets

from sqlalchemy import Connection

from anlan.center.followers import AccountRecovered, ContainmentMoved, FactorChanged
from anlan.desk.followers import SanctionMoved
from anlan.domain.security_events import (
    ACCOUNT_DISABLED,
    ACCOUNT_ENABLED,
    CREDENTIAL_CHANGE,
    CREDENTIAL_CHANGE_REQUIRED,
    RECOVERY_ACTIVATED,
    RECOVERY_INFORMATION_CHANGED,
    SESSION_REVOKED,
    VERIFICATION,
    SecurityEvent,
    claims_of,
    stream_claims,
)
from anlan.store.database import Database
from anlan.store.security_events import NewToken, get_stream, put_tokens, streams_for

DISABLING_KINDS = ("ban", "suspend")
"""Sanctions under which an account cannot be used at all."""

CREDENTIAL_TYPES = {"totp": "app", "passkey": "fido2-platform", "sms_code": "phone-sms", "email_code": "email"}
"""What CAEP calls our factors; recovery codes are recovery information."""
_CHANGES = {"added": "create", "removed": "delete", "used_up": "delete"}


class SecurityEvents:
    """Lets tokens wait in every stream that asked for their type; in the transaction of what they tell of.

    Args:
        issuer: `iss` of our tokens, and of our accounts in subject identifiers.
    """

    def __init__(self, database: Database, issuer: str) -> None:
        self.database, self.issuer = database, issuer

    def emit(self, connection: Connection, event: SecurityEvent, now: float) -> int:
        """Tell everybody who asked; how many streams that are."""
        vault = self.database.vault
        tokens = [
            NewToken(jti=jti, stream_id=stream.id, type=event.type, claims=claims_of(
                event, jti, self.issuer, stream.audience, stream.subject_format, now
            ))
            for stream in streams_for(connection, vault, event.type) for jti in [secrets.token_hex(16)]
        ]
        put_tokens(connection, vault, tokens, now)
        return len(tokens)

    def verify_stream(self, connection: Connection, stream_id: str, state: str, now: float) -> None:
        """Send a stream a token that says nothing but that it works, and `state` back to whoever asked.

        Raises:
            NotFound: no such stream.
        """
        stream, jti = get_stream(connection, self.database.vault, stream_id), secrets.token_hex(16)
        payload = {"state": state} if state else {}
        claims = stream_claims(VERIFICATION, payload, jti, self.issuer, stream.audience, stream_id, now)
        put_tokens(
            connection, self.database.vault,
            [NewToken(jti=jti, stream_id=stream_id, type=VERIFICATION, claims=claims)], now,
        )

    def on_containment_moved(self, connection: Connection, moved: ContainmentMoved) -> None:
        """A thief is out: sessions end, the password must change, the account is closed to others; or all is well."""
        if moved.move in ("lifted", "false_alarm"):
            self._tell(connection, moved, ACCOUNT_ENABLED)
            return
        for session in moved.sessions or (("",) if moved.move == "opened" else ()):
            self._tell(connection, moved, SESSION_REVOKED, session)
        if moved.move == "opened":
            self._tell(connection, moved, CREDENTIAL_CHANGE_REQUIRED)
            self._tell(connection, moved, ACCOUNT_DISABLED)

    def _tell(self, connection: Connection, moved: ContainmentMoved, type_: str, session: str = "") -> None:
        payload = {"initiating_entity": initiator_of(moved.by)} if type_ == SESSION_REVOKED else {}
        if type_ == ACCOUNT_DISABLED:
            payload = {"reason": "hijacking"}
        event = SecurityEvent(
            type=type_, account=moved.account, at=moved.at, cause=moved.containment_id, payload=payload, session=session
        )
        self.emit(connection, event, moved.at)

    def on_factor_changed(self, connection: Connection, changed: FactorChanged) -> None:
        """A factor came or went."""
        known = CREDENTIAL_TYPES.get(changed.factor)
        event = SecurityEvent(
            type=CREDENTIAL_CHANGE if known else RECOVERY_INFORMATION_CHANGED, account=changed.account, at=changed.at,
            cause=f"factor:{changed.factor}", payload={
                "credential_type": known, "change_type": _CHANGES[changed.change],
                "initiating_entity": initiator_of(changed.by),
            } if known else {},
        )
        self.emit(connection, event, changed.at)

    def on_account_recovered(self, connection: Connection, recovered: AccountRecovered) -> None:
        """An account was given back by a recovery claim."""
        event = SecurityEvent(
            type=RECOVERY_ACTIVATED, account=recovered.account, at=recovered.at, cause=recovered.claim_id
        )
        self.emit(connection, event, recovered.at)

    def on_sanction_moved(self, connection: Connection, moved: SanctionMoved) -> None:
        """An account was closed, or opened again."""
        if moved.kind not in DISABLING_KINDS or not moved.target.startswith("account:"):
            return
        types = {"in_force": ACCOUNT_DISABLED, "lifted": ACCOUNT_ENABLED, "ended": ACCOUNT_ENABLED}
        if moved.move in types:
            event = SecurityEvent(
                type=types[moved.move], account=moved.target, at=moved.at, cause=moved.sanction_id
            )
            self.emit(connection, event, moved.at)


def initiator_of(by: str) -> str:
    """CAEP's word for who set something off."""
    kind = by.partition(":")[0]
    return {"account": "user", "staff": "admin", "key": "admin", "policy": "policy"}.get(kind, "system")
