"""Why a text scores as it does: the words, terms, moves and known examples behind it. Nothing is stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Annotated

import msgspec
from fastapi import APIRouter
from msgspec import Meta
from starlette.responses import Response

from anlan.domain.text_evidence import MAX_TEXT_CHARS, TextExplained
from anlan.errors import Unavailable
from anlan.web.api.calls import CallerDep, answer, body_of
from anlan.web.api.documented import documented

AT_ONCE = 2
WAIT_S = 5.0

_slots = BoundedSemaphore(AT_ONCE)

router = APIRouter(tags=["texts"])


class TextQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The text to explain, as somebody wrote it."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS)]


@router.post("/v1/texts:explain", **documented("decisions:read", TextExplained, takes=TextQuestion))
def explain_text(caller: CallerDep, question: Annotated[TextQuestion, body_of(TextQuestion)]) -> Response:
    """How the text reads without its tricks of spelling, and what made each of its scores.

    It takes about a tenth of a second, because words are left out in turn and the model is asked again.
    """
    with _one_slot():
        return answer(caller.house.text_lab.explain(question.text))


@contextmanager
def _one_slot() -> Iterator[None]:
    """A place among those who have texts explained at one time, so that verdicts keep their share of the machine."""
    if not _slots.acquire(timeout=WAIT_S):
        raise Unavailable("too many texts are being explained at once; ask again in a moment", retry_after_s=WAIT_S)
    try:
        yield
    finally:
        _slots.release()
