"""A small platform's sign-in, guarded by Anlan: how a platform asks, obeys, and keeps what it says the same for all.

It looks at the proof, tells Anlan before it lets anybody in, and does what the verdict says. Whoever is asked to wait
or to prove more hears nothing about whether the password was right. Only who is let in keeps the secret that makes a
device known. `docs/how-to/guard-a-login.md` reads it step by step.
"""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from html import escape
from typing import Any, NamedTuple

import httpx
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from anlan.clock import now, to_rfc3339

SOURCE = "//door.example"
COOKIE_S = 400 * 86_400
MAX_PENDING = 10_000
MAX_NAME_CHARS = 128


class Visit(NamedTuple):
    """Somebody at the door, after the proof was looked at.

    Attributes:
        device: the secret that the visitor's device keeps, or a fresh one that it gets only if it is let in.
        session: the one that begins if they are let in.
    """

    name: str
    is_right: bool
    device: str
    session: str
    ip: str
    user_agent: str


class Ruling(NamedTuple):
    """What Anlan says about a visit.

    Attributes:
        wait_s: how long the visitor is to wait before the next try; 0 for not at all.
    """

    verdict: str
    wait_s: int = 0


class Guard:
    """Asks Anlan about visits over its HTTP API.

    Args:
        url: where Anlan answers.
        key: an API key with the scope `events:write`.
        patience_s: how long a verdict may take before the door decides by itself.
    """

    def __init__(self, url: str, key: str, patience_s: float = 2.0) -> None:
        headers = {"authorization": f"Bearer {key}"}
        self._client = httpx.AsyncClient(base_url=url, headers=headers, timeout=patience_s)

    async def rule(self, visit: Visit) -> Ruling:
        """The verdict on a sign-in; without an answer, a proof is asked for."""
        answer = await self._tell("account.login", visit, {
            "result": "success" if visit.is_right else "failure", "method": "password", "user_agent": visit.user_agent,
        })
        if answer is None:
            return Ruling("challenge")
        waits = [action["parameters"]["seconds"] for action in answer["actions"] if action["kind"] == "wait"]
        return Ruling(answer["verdict"], int(max(waits, default=0)))

    async def tell_proof(self, visit: Visit, *, passed: bool) -> None:
        """Tell Anlan how a challenge ended: a passed one makes the sign-in a habit."""
        result = "passed" if passed else "failed"
        await self._tell("verification.completed", visit, {"result": result, "method": "totp"})

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def _tell(self, event_type: str, visit: Visit, data: Mapping[str, str]) -> Any:
        event = {
            "specversion": "1.0", "id": secrets.token_hex(16), "source": SOURCE, "type": event_type,
            "time": to_rfc3339(now()),
            "data": {"account": visit.name, "ip": visit.ip, "device": visit.device, "session": visit.session, **data},
        }
        try:
            response = await self._client.post("/v1/events", json=event)
            return response.raise_for_status().json()
        except httpx.HTTPError:
            return None


class Passwords:
    """Who may come in, with argon2 digests; a name that nobody has takes as long as a wrong password."""

    def __init__(self, plain: Mapping[str, str]) -> None:
        # Cheap parameters: a demo is asked hundreds of times a second by those who try to break in.
        self._hasher = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
        self._digests = {name: self._hasher.hash(password) for name, password in plain.items()}
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    def fits(self, name: str, password: str) -> bool:
        """Whether this is the password of `name`."""
        digest = self._digests.get(name)
        try:
            return self._hasher.verify(digest or self._nobody, password) and digest is not None
        except VerifyMismatchError:
            return False


class Door:
    """The platform's handlers.

    Args:
        codes: what a member answers when asked to prove more; a real platform sends it or uses an authenticator.
        guard: None for a door that nobody guards.
        trusted_proxies: peers whose X-Forwarded-For is believed.
    """

    def __init__(
        self, passwords: Passwords, codes: Mapping[str, str], guard: Guard | None, trusted_proxies: Sequence[str] = (),
    ) -> None:
        self._passwords = passwords
        self._codes = codes
        self._guard = guard
        self._trusted_proxies = frozenset(trusted_proxies)
        self._pending: dict[str, Visit] = {}

    async def show(self, request: Request) -> Response:
        """The form."""
        return _page("Sign in", _FORM)

    async def knock(self, request: Request) -> Response:
        """A name and a password: in, a wait, a challenge, or no."""
        given = await _read(request)
        name, password = given.get("name", "")[:MAX_NAME_CHARS], given.get("password", "")
        if not name:
            return _answer(request, 422, "A name is needed.")
        visit = Visit(
            name=name, is_right=await run_in_threadpool(self._passwords.fits, name, password),
            device=request.cookies.get("device") or secrets.token_urlsafe(24), session=secrets.token_urlsafe(24),
            ip=self._address(request), user_agent=request.headers.get("user-agent", "")[:512],
        )
        ruling = await self._guard.rule(visit) if self._guard else Ruling("allow")
        if ruling.verdict == "challenge":
            return _answer(request, 403, "Prove that it is you.", challenge=self._put_aside(visit))
        if ruling.wait_s:
            wait = {"retry-after": str(ruling.wait_s)}
            return _answer(request, 429, f"Try again in {ruling.wait_s} seconds.", wait)
        if ruling.verdict in ("hold", "block"):
            return _answer(request, 403, "This sign-in is not possible.")
        return self._let_in(request, visit) if visit.is_right else _answer(request, 403, "Wrong name or password.")

    async def prove(self, request: Request) -> Response:
        """The answer to a challenge, once; a right code opens only for who also knew the password."""
        given = await _read(request)
        visit = self._pending.pop(given.get("challenge", ""), None)
        if visit is None:
            return _answer(request, 403, "Sign in again.")
        code = self._codes.get(visit.name, "")
        passed = secrets.compare_digest(code.encode(), given.get("code", "").encode()) and bool(code)
        if self._guard and visit.is_right:
            await self._guard.tell_proof(visit, passed=passed)
        return self._let_in(request, visit) if passed and visit.is_right else _answer(request, 403, "Wrong code.")

    def _put_aside(self, visit: Visit) -> str:
        while len(self._pending) >= MAX_PENDING:
            self._pending.pop(next(iter(self._pending)))
        challenge = secrets.token_urlsafe(24)
        self._pending[challenge] = visit
        return challenge

    def _let_in(self, request: Request, visit: Visit) -> Response:
        response = _answer(request, 200, f"Welcome, {visit.name}.")
        for name, value in (("device", visit.device), ("session", visit.session)):
            response.set_cookie(name, value, max_age=COOKIE_S, httponly=True, samesite="lax")
        return response

    def _address(self, request: Request) -> str:
        """Where the visitor is: the peer, or what a trusted proxy says of it."""
        peer = request.client.host if request.client else ""
        forwarded = request.headers.get("x-forwarded-for", "")
        return forwarded.rpartition(",")[2].strip() if forwarded and peer in self._trusted_proxies else peer


def build_door(
    passwords: Mapping[str, str], codes: Mapping[str, str], guard: Guard | None = None,
    trusted_proxies: Sequence[str] = (),
) -> Starlette:
    """The door as an ASGI application: `GET /login`, `POST /login`, `POST /login/code`."""
    door = Door(Passwords(passwords), codes, guard, trusted_proxies)

    @asynccontextmanager
    async def live(_: Starlette) -> AsyncIterator[None]:
        yield
        if guard:
            await guard.close()

    routes = [
        Route("/login", door.show, methods=["GET"]),
        Route("/login", door.knock, methods=["POST"]),
        Route("/login/code", door.prove, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=live)


async def _read(request: Request) -> dict[str, str]:
    """The fields of a form or of a JSON object; what is not text is left out."""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            document = await request.json()
        except ValueError:
            return {}
        fields = document if isinstance(document, dict) else {}
    else:
        fields = dict(await request.form(max_files=0, max_fields=10))
    return {name: value for name, value in fields.items() if isinstance(value, str)}


_FORM = (
    '<form method="post" action="/login"><p><label>Name <input name="name" autocomplete="username"></label></p>'
    '<p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>'
    "<p><button>Sign in</button></p></form>"
)
_CODE_FORM = (
    '<form method="post" action="/login/code"><input type="hidden" name="challenge" value="{challenge}">'
    '<p><label>Code <input name="code" autocomplete="one-time-code"></label></p><p><button>Continue</button></p></form>'
)


def _answer(
    request: Request, status: int, words: str, headers: Mapping[str, str] | None = None, challenge: str = "",
) -> Response:
    """The same words as JSON for programs and as a page for people."""
    if request.headers.get("content-type", "").startswith("application/json"):
        said = {"says": words, **({"challenge": challenge} if challenge else {})}
        return JSONResponse(said, status, headers)
    form = _CODE_FORM.format(challenge=challenge) if challenge else ""
    return _page(words, f"<p>{escape(words)}</p>{form}", status, headers)


def _page(title: str, body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    html = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>{body}</html>'
    return HTMLResponse(html, status, headers)
