"""Stable names: the key of an event, the id of a decision, the id of an outgoing message."""

from functools import lru_cache
from hashlib import blake2b


@lru_cache(8_192)  # intake, judging and the writer ask for the same event within moments
def event_key(source: str, id: str) -> str:
    """32 hex characters that name (source, id); the length prefix keeps two pairs from meeting."""
    return blake2b(f"{len(source)}:{source}{id}".encode(), digest_size=16).hexdigest()


def decision_id(key: str, pass_number: int) -> str:
    """The same event and pass always give the same id."""
    return f"{key}.{pass_number}"


def message_id(decision: str, kind: str, ordinal: int) -> str:
    """Id of the `ordinal`-th outgoing message of a decision; receivers use it as idempotency key."""
    return f"msg_{decision}.{ordinal}.{kind}"[:80]


def notice_message_id(notice: str) -> str:
    """Id of the message about a staff notice, at most 80 characters."""
    return f"msg_{fitted(notice, 76)}"


def fitted(name: str, max_chars: int) -> str:
    """`name`, or when it is longer its beginning and a digest, so that two long names never meet by a cut."""
    if len(name) <= max_chars:
        return name
    return f"{name[: max_chars - 33]}.{blake2b(name.encode(), digest_size=16).hexdigest()}"
