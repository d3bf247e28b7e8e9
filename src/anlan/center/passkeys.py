"""Passkeys (WebAuthn): what a browser is asked to make or sign, and whether what came back was made by that key."""

import secrets
import struct
from collections.abc import Mapping, Sequence
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

CHALLENGE_BYTES = 32
MALFORMED = (
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, struct.error,
    UnsupportedAlgorithm,
)
"""What the library raises for answers that no browser gives, beside ValueError for those that prove nothing."""

_VERIFIED = UserVerificationRequirement.REQUIRED


class Made(msgspec.Struct, frozen=True):
    """A passkey that was just made.

    Attributes:
        credential: id and public key, as WebAuthn packs them.
        sign_count: how often it says it has signed; 0 for one that does not count.
    """

    credential: bytes
    credential_id: bytes
    sign_count: int


class Signed(msgspec.Struct, frozen=True):
    """A good signature: by which of the known keys (its position), and how often that key says it has signed."""

    position: int
    sign_count: int


class Passkeys:
    """What browsers and keys are asked, for one address.

    Args:
        address: how browsers reach the members' pages; keys are bound to its host, and answers from another origin
            are refused.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        host = parts.hostname or ""
        self.is_possible = bool(host) and not _is_address(host) and (parts.scheme == "https" or host == "localhost")
        """Browsers bind keys to names, never to addresses, and only where the connection is safe."""
        relying = PublicKeyCredentialRpEntity(name="Anlan 安澜", id=host)
        self._server = Fido2Server(relying, verify_origin=lambda origin: origin == self._origin)

    def ask_to_make(self, account: str, known: Sequence[bytes]) -> tuple[dict[str, Any], bytes]:
        """(options for `navigator.credentials.create`, what must come back signed).

        Args:
            known: credentials that the account has; their devices make no second one.
        """
        name = account.removeprefix("account:")
        user = PublicKeyCredentialUserEntity(id=sha256(account.encode()).digest(), name=name, display_name=name)
        asked = secrets.token_bytes(CHALLENGE_BYTES)
        options, _ = self._server.register_begin(
            user, [AttestedCredentialData(one) for one in known], ResidentKeyRequirement.PREFERRED, _VERIFIED,
            challenge=asked,
        )
        return dict(options), asked

    def read_made(self, asked: bytes, answer: Mapping[str, Any]) -> Made | None:
        """The key that was made; None when the answer is not one to what was asked, here, by a verified person."""
        try:
            data = self._server.register_complete(_state(asked), answer)
        except MALFORMED:
            return None
        found = data.credential_data
        return Made(bytes(found), found.credential_id, data.counter) if found else None

    def ask_to_sign(self, known: Sequence[bytes]) -> tuple[dict[str, Any], bytes]:
        """(options for `navigator.credentials.get`, what must come back signed by one of `known`)."""
        asked = secrets.token_bytes(CHALLENGE_BYTES)
        keys = [AttestedCredentialData(one) for one in known]
        options, _ = self._server.authenticate_begin(keys, _VERIFIED, challenge=asked)
        return dict(options), asked

    def read_signed(self, asked: bytes, known: Sequence[bytes], answer: Mapping[str, Any]) -> Signed | None:
        """Which key signed; None when none of `known` did, or it signed something else or for another page."""
        keys = [AttestedCredentialData(one) for one in known]
        try:
            signer = self._server.authenticate_complete(_state(asked), keys, answer)
            counter = AuthenticationResponse.from_dict(answer).response.authenticator_data.counter
        except MALFORMED:
            return None
        return Signed(keys.index(signer), counter)


def _state(asked: bytes) -> dict[str, Any]:
    return {"challenge": websafe_encode(asked), "user_verification": _VERIFIED}


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
