"""What every page answers with besides itself: that only our own scripts and styles may run, and what may be kept."""

from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from pathlib import Path

from fastapi import Request
from starlette.responses import Response

STATIC = Path(__file__).parent / "static"
ASSETS = sha256(b"".join(path.read_bytes() for path in sorted(STATIC.iterdir()))).hexdigest()[:12]
"""Part of the address of every style, script and picture, so that browsers may keep them for ever."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors {frames}; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY.format(frames="'none'"),
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


async def add_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Every answer says that only our own scripts and styles may run in it."""
    response = await answer(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.query_params.get("v") == ASSETS and response.status_code == 200:
        response.headers.setdefault("Cache-Control", "public, max-age=31536000, immutable")
    if request.url.scheme == "https":
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def let_frame(response: Response, origins: Sequence[str]) -> None:
    """Let pages of these origins, and no others, show the answer in a frame."""
    del response.headers["X-Frame-Options"]  # the older word knows no list
    response.headers["Content-Security-Policy"] = _POLICY.format(frames=" ".join(origins))
