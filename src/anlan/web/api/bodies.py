"""How much of a request's body is read: all of it up to a limit, and nothing beyond."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from anlan.errors import InvalidRequest, TooLarge

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole request body; a longer one is refused before it is in memory.

    Raises:
        TooLarge: longer than `limit` bytes.
        InvalidRequest: the client went away.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidRequest("the client went away before its request was whole")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLarge(f"the body is larger than {limit:,} bytes")
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)
