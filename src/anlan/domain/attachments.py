"""Files that members hand in: which are taken, told by their first bytes and not by what they are called."""

from typing import Literal, get_args

MediaType = Literal["image/png", "image/jpeg", "application/pdf"]
MEDIA_TYPES: tuple[MediaType, ...] = get_args(MediaType)

MAX_BYTES = 5 * 1024 * 1024
MAX_FILES = 3
"""Handed in at once."""
MAX_NAME_CHARS = 100

_BEGINNINGS: dict[bytes, MediaType] = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"%PDF-": "application/pdf",
}


def media_type_of(content: bytes) -> MediaType | None:
    """What a file is by its first bytes; None if it is nothing that is taken."""
    return next((kind for beginning, kind in _BEGINNINGS.items() if content.startswith(beginning)), None)


def safe_name(name: str, media_type: MediaType) -> str:
    """What a file may be called when it is shown or saved: its last part, printable, with the ending of its type."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    stem = "".join(sign for sign in last.rpartition(".")[0] or last if sign.isalnum() or sign in " -_()").strip()
    return f"{stem[:MAX_NAME_CHARS] or 'file'}.{media_type.rsplit('/', 1)[-1]}"
