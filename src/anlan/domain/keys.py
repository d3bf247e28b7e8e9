"""Stable names: the key of an event, the id of a decision, the id of an outgoing message."""

from functools import lru_cache
from hashlib import blake2b

_SLOW_CHARS = {18: 9, 19: 10, 24: 8, 26: 8, 36: 10}
"""By length of an id, how many leading characters change at most every second or so: snowflake numbers, ObjectIds,
ULIDs and time-ordered UUIDs. Any other id is taken for a counter, whose last three digits change fast."""


@lru_cache(8_192)  # intake, judging and the writer ask for the same event within moments
def event_key(source: str, id: str) -> str:
    """32 hex characters that name (source, id); the length prefix keeps two pairs from meeting.

    Events that follow each other mostly share the first twelve characters. So they stand together in the index of keys,
    and a commit touches one page of it instead of one for each event, however many events came before. An id that
    follows no order only costs that advantage.
    """
    slow = _SLOW_CHARS.get(len(id), len(id) - 3)
    digest = blake2b(f"{len(source)}:{source}{id}".encode(), digest_size=10).hexdigest()
    return _neighbourhood(source, id[: max(slow, 0)]) + digest


@lru_cache(4096)
def _neighbourhood(source: str, head: str) -> str:
    return blake2b(f"{len(source)}:{source}{head}".encode(), digest_size=6).hexdigest()


def decision_id(key: str, pass_number: int) -> str:
    """The same event and pass always give the same id."""
    return f"{key}.{pass_number}"


def key_of(decision: str) -> str:
    """The event key in a decision's id."""
    return decision.partition(".")[0]


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
