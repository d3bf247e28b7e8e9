"""Which other sites may show members' pages in a frame: those that the operator names, and none by default."""

from urllib.parse import urlsplit

from fastapi import Request

from anlan.errors import InvalidSettings


def read_origins(text: str) -> tuple[str, ...]:
    """The origins of a comma-separated setting, in order.

    Raises:
        InvalidSettings: one of them is not `https://host` or `https://host:port`; http only for this machine itself.
    """
    origins = tuple(one.strip() for one in text.split(",") if one.strip())
    for one in origins:
        if not _is_origin(one):
            raise InvalidSettings(f"ANLAN_EMBED_ORIGINS: {one!r} is no origin; write https://host, without a path or *")
    return origins


def is_framed(request: Request, origins: tuple[str, ...]) -> bool:
    """Whether the answer is for a frame: the browser says so, or for older ones the address does."""
    wants = request.headers.get("sec-fetch-dest") == "iframe" or request.query_params.get("embed") == "1"
    return bool(origins) and wants


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in ("localhost", "127.0.0.1"))
    is_plain = text == f"{parts.scheme}://{parts.netloc}" and not set(text) & set("*;, '\"@\\") and text.isascii()
    return is_safe and bool(host) and is_plain
