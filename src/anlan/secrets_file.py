"""The key that seals sensitive fields and signs sessions: made once, kept in a file that only its owner can read."""

import os
import secrets
from pathlib import Path

from anlan.errors import InvalidSettings

KEY_BYTES = 32


def load_or_make_key(path: Path) -> bytes:
    """The 32 random bytes in `path`; made there if the file does not exist.

    Raises:
        InvalidSettings: the file cannot be read or made, or does not hold 64 hex digits.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
            made.write(secrets.token_hex(KEY_BYTES))
    except FileExistsError:
        pass
    except OSError as error:
        raise InvalidSettings(f"cannot make {path}: {error.strerror}; set ANLAN_DATA_DIR to our own folder") from error
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise InvalidSettings(f"{path} is not a key file (64 hex digits): {error}; restore it from a backup") from error
    if len(key) != KEY_BYTES:
        raise InvalidSettings(f"{path} holds {len(key)} bytes instead of {KEY_BYTES}; restore it from a backup")
    return key
