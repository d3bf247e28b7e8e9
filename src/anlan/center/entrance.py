"""Members who come in by the platform's own sign-in: what goes out with them, and what must be true when they return.

OpenID Connect, authorization code with PKCE. What we must know again when a member returns travels in their own
browser, sealed, so that nobody fills the store by knocking; the store remembers only what was used.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from urllib.parse import urlencode

import jwt
import msgspec
import structlog

from anlan.center.identity_provider import IdentityProvider
from anlan.domain.id_tokens import Expected, SignedIn, read_header, read_signed_in
from anlan.domain.key_sets import find_key
from anlan.errors import InvalidRequest, InvalidSettings, Unauthorized
from anlan.store.vault import Vault

WAY_S = 600.0
"""How long somebody may take to sign in on the platform."""

_CONTEXT = b"entrance"
log = structlog.get_logger(__name__)


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way in, from the door to the platform and back.

    Attributes:
        state: comes back with the member; theirs alone knows it.
        verifier: proves to the provider that the code is ours.
        leads_to: the page that was asked for.
        expires_at: wall clock.
    """

    state: str
    verifier: str
    nonce: str
    leads_to: str
    expires_at: float


class Begun(msgspec.Struct, frozen=True):
    """Where a member goes now, and what their browser keeps until they are back."""

    url: str
    kept: str


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """What came back in the address: of it, only `state` is ours; `issuer` where the provider says it."""

    state: str = ""
    code: str = ""
    issuer: str = ""
    error: str = ""


class Entrance:
    """The door to one platform's sign-in."""

    def __init__(self, vault: Vault, provider: IdentityProvider) -> None:
        self._vault = vault
        self._provider = provider

    def begin(self, leads_to: str, language_tag: str, now: float) -> Begun:
        """Send somebody to the platform.

        Raises:
            Unavailable: the provider does not answer.
        """
        way = Way(
            state=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48), nonce=secrets.token_urlsafe(32),
            leads_to=leads_to, expires_at=now + WAY_S,
        )
        client = self._provider.client
        asked = {
            "response_type": "code", "client_id": client.id, "redirect_uri": client.returns_to, "scope": client.scope,
            "state": way.state, "nonce": way.nonce, "code_challenge": _challenge(way.verifier),
            "code_challenge_method": "S256", "ui_locales": language_tag,
        }
        address = self._provider.metadata.authorization_endpoint
        sealed = self._vault.seal(msgspec.json.encode(way), _CONTEXT)
        return Begun(f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", urlsafe_b64encode(sealed).decode())

    def finish(self, kept: str, returned: Returned, now: float) -> tuple[SignedIn, Way]:
        """Who came back, and by which way; the caller lets nobody in by the same way twice.

        Args:
            kept: what the browser kept.

        Raises:
            Unauthorized: it is not the browser that set out, it took too long, or the provider does not vouch for it.
            Unavailable: the provider does not answer.
        """
        try:
            way = self._open(kept)
            self._check(way, returned, now)
            return self._whose(self._provider.trade(returned.code, way.verifier), way, now), way
        except InvalidRequest as error:
            log.warning("entrance_refused", reason=error.message)
            raise turned_away() from error

    def _open(self, kept: str) -> Way:
        try:
            plain = self._vault.open(urlsafe_b64decode(kept.encode()), _CONTEXT)
        except (InvalidSettings, ValueError) as error:
            raise InvalidRequest("what the browser kept is missing or not ours") from error
        return msgspec.json.decode(plain, type=Way)

    def _check(self, way: Way, returned: Returned, now: float) -> None:
        """What came back must belong to the way that this browser set out on."""
        if not secrets.compare_digest(way.state.encode(), returned.state.encode()):
            raise InvalidRequest("another browser set out on this way")
        if way.expires_at <= now:
            raise InvalidRequest("it took too long")
        says_who = self._provider.metadata.authorization_response_iss_parameter_supported
        if (returned.issuer or says_who) and returned.issuer != self._provider.client.issuer:
            raise InvalidRequest("another provider answered")
        if returned.error or not returned.code:
            raise InvalidRequest(f"the provider says {returned.error[:100]!r}")

    def _whose(self, token: str, way: Way, now: float) -> SignedIn:
        client, header = self._provider.client, read_header(token)
        expected = Expected(
            issuer=client.issuer, client_id=client.id, nonce=way.nonce, account_claim=client.account_claim
        )
        key: jwt.PyJWK | None = find_key(self._provider.keys(), header)
        key = key or find_key(self._provider.keys(is_missed=True), header)
        if key is None:
            raise InvalidRequest("the id token names no key of the provider")
        return read_signed_in(token, key, expected, now)


def turned_away() -> Unauthorized:
    """What somebody is told whom we do not let in: never why, which is in the log."""
    return Unauthorized(
        "signing in did not work; start again",
        zh="登录没有完成，请重新开始。", en="Signing in did not work. Start again.",
    )


def _challenge(verifier: str) -> str:
    """RFC 7636, S256."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
