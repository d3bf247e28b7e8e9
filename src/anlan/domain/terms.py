"""What a term of the lexicon is: text that hints at harm, who answers for it, until when, and where it is innocent."""

from typing import Annotated

import msgspec
from msgspec import Meta

TERM_CATEGORIES = ("abuse", "porn", "gambling", "fraud", "illicit_ad", "weapons", "drugs")
MAX_TERM_CHARS = 64
MAX_PHRASES = 50
NEIGHBOUR_CHARS = 12
"""How far before and after a term its neighbours are looked for."""

_Word = Annotated[str, Meta(min_length=1, max_length=MAX_TERM_CHARS, pattern=r"^[^\x00-\x1f|]*$")]
_Words = Annotated[tuple[_Word, ...], Meta(max_length=MAX_PHRASES)]
_Line = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f]*$")]


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One entry.

    Attributes:
        severity: 1 (hint) to 3 (hardly ever innocent).
        owner: who answers for it.
        source, licence: where the word comes from, and under which terms.
        expires_at: event time in seconds from which it no longer hits; None for never.
        languages: codes such as `zh` and `en`; none says nothing.
        is_whole_word: it must begin and end where words do: by segmentation for Chinese.
        allow_phrases: longer phrases in which it is innocent.
        near: at least one of these must stand within `NEIGHBOUR_CHARS` of it, if there are any.
        not_near: none of these may.
    """

    text: _Word
    category: Annotated[str, Meta(pattern=f"^({'|'.join(TERM_CATEGORIES)})$")]
    severity: Annotated[int, Meta(ge=1, le=3)]
    source: _Line = ""
    licence: _Line = ""
    owner: _Line = ""
    expires_at: Annotated[float, Meta(ge=0, le=32_503_680_000)] | None = None
    languages: Annotated[tuple[Annotated[str, Meta(pattern="^[a-z]{2,3}$")], ...], Meta(max_length=8)] = ()
    note: Annotated[str, Meta(max_length=1000, pattern=r"^[^\x00]*$")] = ""
    is_whole_word: bool = False
    allow_phrases: _Words = ()
    near: _Words = ()
    not_near: _Words = ()

    @property
    def has_rules(self) -> bool:
        """Whether an occurrence of the text alone does not settle that it hits."""
        return bool(
            self.expires_at is not None or self.is_whole_word or self.allow_phrases or self.near or self.not_near
        )
