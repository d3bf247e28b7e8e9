"""The platform's OpenID provider: what it says of itself, its keys, and the id token that it gives for a code."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote_plus

import httpx
import msgspec
import structlog

from anlan import clock
from anlan.domain.key_sets import read_key_set
from anlan.errors import InvalidRequest, InvalidSettings, Unavailable

TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 256 * 1024
KEPT_S = 3_600.0
"""How long what it says of itself, and its keys, are believed without asking again."""
ASK_AGAIN_S = 60.0
"""A key that is not known makes us ask again, this often at most: whoever sends a token names the key."""
MOST_AT_ONCE = 8
"""So many wait for the provider at most; the next ones are asked to come again, so that a slow one holds up nobody."""

log = structlog.get_logger(__name__)


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Anlan as the provider knows it; see the settings `ANLAN_OIDC_*`.

    Attributes:
        secret: empty for a public client, which PKCE alone protects.
        returns_to: the address that the provider sends members back to.
        allows_http: the provider may be reached without TLS, inside the operator's network.
    """

    issuer: str
    id: str
    secret: str
    account_claim: str
    scope: str
    returns_to: str
    allows_http: bool


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What we read of a provider's discovery document."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Kept(msgspec.Struct, frozen=True):
    metadata: Metadata
    keys: bytes
    at: float


class IdentityProvider:
    """Asks the provider; safe to share between threads, few of which ever wait for it.

    Raises:
        InvalidSettings: the issuer is no address that may be asked, or the client has no id.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        if not client.id or client.scope.split()[:1] != ["openid"]:
            raise InvalidSettings("set ANLAN_OIDC_CLIENT_ID too, and let ANLAN_OIDC_SCOPE begin with openid")
        if not self._may_ask(client.issuer):
            raise InvalidSettings("ANLAN_OIDC_ISSUER must begin with https://")
        self._seats = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._looking = threading.Lock()
        self._kept: _Kept | None = None

    @property
    def metadata(self) -> Metadata:
        """What the provider says of itself.

        Raises:
            Unavailable: it does not answer as OpenID Connect Discovery says.
        """
        return self._known(clock.now() - KEPT_S).metadata

    def keys(self, *, is_missed: bool = False) -> bytes:
        """Its key set.

        Args:
            is_missed: a key was not in the set that this gave before.

        Raises:
            Unavailable: it does not answer.
        """
        return self._known(clock.now() - (ASK_AGAIN_S if is_missed else KEPT_S), is_missed=is_missed).keys

    def trade(self, code: str, verifier: str) -> str:
        """The id token for an authorization code.

        Raises:
            InvalidRequest: the provider does not take the code.
            Unavailable: it does not answer.
        """
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.client.returns_to,
            "code_verifier": verifier,
        }
        address = self.metadata.token_endpoint
        with self._seat():
            answer = self._ask("POST", address, form)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise InvalidRequest("the provider gave no id token; ask it for the scope openid")
        return token

    def _known(self, not_before: float, *, is_missed: bool = False) -> _Kept:
        """What it said at `not_before` or later; while somebody asks it again, others go on with what it said then."""
        kept = self._kept
        if kept is not None and kept.at >= not_before:
            return kept
        if kept is not None and not is_missed and self._looking.locked():
            return kept
        with self._seat(), self._looking:
            if self._kept is None or self._kept.at < not_before:
                self._kept = self._look()
            return self._kept

    @contextmanager
    def _seat(self) -> Iterator[None]:
        """Wait for the provider, with few others."""
        if not self._seats.acquire(blocking=False):
            raise self._away(f"{MOST_AT_ONCE} wait for it already")
        try:
            yield
        finally:
            self._seats.release()

    def _look(self) -> _Kept:
        address = f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            found = msgspec.convert(self._ask("GET", address), Metadata, strict=False)
            if found.issuer != self.client.issuer:
                raise InvalidRequest(f"it calls itself {found.issuer!r}; set ANLAN_OIDC_ISSUER to exactly that")
            keys = read_key_set(msgspec.json.encode(self._ask("GET", found.jwks_uri)))
        except (msgspec.ValidationError, InvalidRequest) as error:
            raise self._away(str(error)) from error
        return _Kept(found, keys, clock.now())

    def _ask(self, method: str, url: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        """One JSON object from the provider."""
        if not self._may_ask(url):
            raise self._away(f"it names {url!r}, which is not https")
        auth = self._authenticate(form) if form is not None else None
        try:
            with httpx.stream(
                method, url, data=form, auth=auth, timeout=TIMEOUT_S, trust_env=False,
                headers={"accept": "application/json"},
            ) as answer:
                body = _read(answer, clock.stopwatch() + TIMEOUT_S)
            found = msgspec.json.decode(body)
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError, UnicodeError) as error:
            raise self._away(f"{type(error).__name__}: {error}") from error
        if form is not None and answer.status_code in (400, 401):
            raise InvalidRequest(f"the provider refuses the code: {str(found)[:200]}")
        if answer.status_code != 200 or not isinstance(found, dict):
            raise self._away(f"{method} {url} answers {answer.status_code}")
        return found

    def _authenticate(self, form: dict[str, str]) -> tuple[str, str] | None:
        """What proves that it is us: in the header where the provider takes that, else in the form."""
        client = self.client
        if client.secret and "client_secret_basic" in self.metadata.token_endpoint_auth_methods_supported:
            return quote_plus(client.id), quote_plus(client.secret)
        form["client_id"] = client.id
        if client.secret:
            form["client_secret"] = client.secret
        return None

    def _may_ask(self, url: str) -> bool:
        return url.startswith("https://") or (self.client.allows_http and url.startswith("http://"))

    def _away(self, reason: str) -> Unavailable:
        log.warning("identity_provider_away", issuer=self.client.issuer, reason=reason)
        return Unavailable(
            "the platform's sign-in does not answer; try again in a moment",
            zh="平台登录暂时没有响应，请稍后再试",
            en="The platform's sign-in does not answer. Try again in a moment.",
        )


def _read(answer: httpx.Response, until: float) -> bytes:
    body = b""
    for chunk in answer.iter_bytes():
        body += chunk
        if clock.stopwatch() > until:
            raise httpx.ReadTimeout(f"it did not finish within {TIMEOUT_S:g} seconds")
        if len(body) > MAX_ANSWER_BYTES:
            raise httpx.DecodingError(f"more than {MAX_ANSWER_BYTES:,} bytes")
    return body
