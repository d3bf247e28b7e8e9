"""What a person says a text really is, where that came from, and which of it may teach a model."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Literal, NamedTuple

Origin = Literal["console", "import"]

KEPT_BACK_BYTES = 51
"""Of 256: so many judged texts never teach, so that there is something to measure every model on."""


class Judgement(NamedTuple):
    """One person's answer about one text.

    Attributes:
        subject: 32 hex digits: the event's key, or the digest of a text that came without an event.
        is_event: which of the two.
        category: one of `text_scores.TEXT_CATEGORIES`.
        provenance: where it was made: a page, a file, a ticket.
        is_current: not replaced by a later one of the same person about the same text.
        text: only of a text without an event, and only until its retention ends.
    """

    id: int
    subject: str
    is_event: bool
    category: str
    by: str
    at: float
    origin: Origin
    provenance: str
    note: str
    is_current: bool
    text: str | None


class Given(NamedTuple):
    """A judgement that is about to be kept; `subject` is empty for a text without an event."""

    subject: str
    category: str
    provenance: str
    note: str = ""
    text: str | None = None


class JudgedText(NamedTuple):
    """A text and what people agree that it is.

    Attributes:
        weight: how many people say so.
        last_id: of the latest judgement behind it.
    """

    subject: str
    text: str
    category: str
    weight: int
    last_id: int
    provenance: str


class Made(NamedTuple):
    """A model that has learnt from judgements and lies in its folder.

    Attributes:
        parent: version that it was adapted from; empty for one that was trained whole.
        texts: how many judged texts taught it.
    """

    version: str
    sha256: str
    parent: str
    texts: int


def digest_of(text: str) -> str:
    """What a text without an event is known by."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def is_kept_back(subject: str) -> bool:
    """Whether this text measures and never teaches; a fifth of all, always the same ones."""
    return hashlib.sha256(subject.encode()).digest()[0] < KEPT_BACK_BYTES


def agreed(judgements: Iterable[Judgement]) -> tuple[str, int] | None:
    """The category that most current judgements of one text name, and how many; None while people disagree evenly."""
    votes = Counter(one.category for one in judgements if one.is_current).most_common(2)
    if not votes or (len(votes) == 2 and votes[0][1] == votes[1][1]):
        return None
    return votes[0]
