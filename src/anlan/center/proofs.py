"""Whether an answer to a challenge proves what it should; whatever can be used once is used up by looking."""

import msgspec
from sqlalchemy import Connection

from anlan.center.factors import Factors
from anlan.domain.challenges import WAIT_S
from anlan.domain.factors import Channel, Method, accepted_step
from anlan.domain.proof_of_work import is_done
from anlan.store import challenges, factors
from anlan.store.challenges import Challenge
from anlan.store.factors import Secret
from anlan.store.vault import Vault

_CHANNEL_OF: dict[Method, Channel] = {"email_code": "email", "sms_code": "sms"}


class Proofs:
    """Looks at answers, inside the transaction that counts them."""

    def __init__(self, vault: Vault, held: Factors) -> None:
        self._vault = vault
        self._held = held

    def is_proven(self, connection: Connection, challenge: Challenge, method: Method, answer: str, now: float) -> bool:
        """Whether `answer` is good for `challenge`; a captcha is looked at elsewhere, and never good here."""
        match method:
            case "totp":
                return self._has_shown_code(connection, challenge, answer, now)
            case "passkey":
                return self._has_signed(connection, challenge, answer, now)
            case "recovery_code":
                return self._has_recovery_code(connection, challenge, answer, now)
            case "email_code" | "sms_code":
                return challenges.take_code(connection, challenge.id, _CHANNEL_OF[method], answer, now)
            case "proof_of_work":
                has_waited = now >= challenge.made_at + WAIT_S
                return has_waited and is_done(challenge.work_salt, challenge.work_bits, answer)
            case _:
                return False

    def known_passkeys(self, connection: Connection, challenge: Challenge) -> list[tuple[str, bytes]]:
        """(factor id, credential) of the keys that may answer."""
        found = self._secrets(connection, challenge).items()
        return [(name, secret.credential) for name, secret in found if secret.credential]

    def _secrets(self, connection: Connection, challenge: Challenge) -> dict[str, Secret]:
        return factors.secrets_of(connection, self._vault, challenge.account, challenge.factors_before)

    def _has_shown_code(self, connection: Connection, challenge: Challenge, code: str, now: float) -> bool:
        for name, secret in self._secrets(connection, challenge).items():
            step = accepted_step(secret.totp, code, now) if secret.totp else None
            if step is not None:
                return factors.take_step(connection, name, step, now)
        return False

    def _has_recovery_code(self, connection: Connection, challenge: Challenge, code: str, now: float) -> bool:
        sets = [
            one for one in factors.factors_of(connection, challenge.account)
            if one.kind == "recovery_codes" and one.added_at < challenge.factors_before
        ]
        for one in sets:
            if factors.take_recovery_code(connection, one.id, code, now):
                if one.codes_left == 1:
                    self._held.note_used_up(connection, challenge.account, now)
                return True
        return False

    def _has_signed(self, connection: Connection, challenge: Challenge, answer: str, now: float) -> bool:
        asked = challenges.take_assertion(connection, challenge.id)
        known = self.known_passkeys(connection, challenge)
        try:
            sent = msgspec.json.decode(answer, type=dict)
        except msgspec.MsgspecError:
            return False
        if asked is None:
            return False
        signed = self._held.passkeys.read_signed(asked, [credential for _, credential in known], sent)
        if signed is None:
            return False
        name = known[signed.position][0]
        if factors.take_count(connection, name, signed.sign_count, now):
            return True
        self._held.note_clone(connection, challenge.account, name, now)
        return False
