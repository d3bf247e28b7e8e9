"""A small OpenID provider for tests: discovery, keys, a sign-in that asks nobody, codes that open once with PKCE."""

import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from anlan import clock

CLIENT, SECRET = "anlan", "s p+a/ce"


class SmallProvider:
    """Signs in whoever comes as `account`; tests bend its answers.

    Attributes:
        bent: claims that replace those of the next id tokens; None takes one away.
        metadata: what replaces its discovery document.
        algorithm, signing_key: what id tokens are signed with.
        asked: paths that were asked for, in order.
        is_free: cleared, nothing is answered until it is set again.
        drips_s: how long each byte of an answer takes.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.is_free = threading.Event()
        self.turn_key("k1")

    def turn_key(self, kid: str) -> None:
        """Sign with a new key, and publish that alone."""
        self.kid, self._key = kid, ec.generate_private_key(ec.SECP256R1())
        self.straighten()

    def straighten(self) -> None:
        """As it is before any test bends it; the key stays."""
        self.account = "ann"
        self.bent: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.algorithm = "ES256"
        self.signing_key: Any = self._key
        self.drips_s = 0.0
        self.is_free.set()

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """What GET answers, but for the sign-in."""
        self.asked.append(path)
        self.is_free.wait(120)
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.url, "authorization_endpoint": f"{self.url}/sign-in?tenant=1",
                "token_endpoint": f"{self.url}/token", "jwks_uri": f"{self.url}/keys", **self.metadata,
            }
        public = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return 200, {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "ES256"}]}

    def sign_in(self, asked: dict[str, str]) -> str:
        """Where the member is sent back to."""
        assert (asked["response_type"], asked["client_id"], asked["tenant"]) == ("code", CLIENT, "1")
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.url})}"

    def trade(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The token endpoint: a code opens once, for who asked and can show the verifier."""
        self.asked.append("/token")
        asked = self.codes.pop(form.get("code", ""), None)
        proof = challenge(form.get("code_verifier", ""))
        if asked is None or asked["code_challenge"] != proof or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        if _secret_in(form, authorization) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        now = int(clock.now())
        claims = {
            "iss": self.url, "aud": CLIENT, "sub": self.account, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
        }
        said = {name: value for name, value in {**claims, **self.bent}.items() if value is not None}
        token = jwt.encode(said, self.signing_key, self.algorithm, {"kid": self.kid})
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": token}


def challenge(verifier: str) -> str:
    """RFC 7636, S256."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def _secret_in(form: dict[str, str], authorization: str) -> tuple[str, ...]:
    if authorization.startswith("Basic "):
        return tuple(unquote_plus(part) for part in b64decode(authorization[6:]).decode().split(":"))
    return form.get("client_id", ""), form.get("client_secret", "")


@contextmanager
def small_provider() -> Iterator[SmallProvider]:
    """One that answers on a port of this machine until the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    provider = SmallProvider(f"http://127.0.0.1:{server.server_port}")
    _Handler.provider = provider
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    provider: SmallProvider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path != "/sign-in":
            return self._say(*self.provider.answer(parts.path))
        where = self.provider.sign_in({name: values[0] for name, values in parse_qs(parts.query).items()})
        self.send_response(302)
        self.send_header("Location", where)
        self.end_headers()
        return None

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self._say(*self.provider.trade(form, self.headers.get("Authorization", "")))

    def _say(self, status: int, found: dict[str, Any]) -> None:
        body = msgspec.json.encode(found)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not self.provider.drips_s:
            self.wfile.write(body)
            return
        for byte in body:
            self.wfile.write(bytes((byte,)))
            time.sleep(self.provider.drips_s)

    def log_message(self, *_: object) -> None:
        """Tests read what matters from `asked`."""


