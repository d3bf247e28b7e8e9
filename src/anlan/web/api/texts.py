"""Why a text scores as it does: the words, terms, moves and known examples behind it. Nothing is stored."""

from typing import Annotated

import msgspec
from fastapi import APIRouter
from msgspec import Meta
from starlette.responses import Response

from anlan.domain.text_evidence import MAX_TEXT_CHARS, TextExplained
from anlan.web.api.calls import CallerDep, answer, body_of
from anlan.web.api.documented import documented

router = APIRouter(tags=["texts"])


class TextQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The text to explain, as somebody wrote it."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS)]


@router.post("/v1/texts:explain", **documented("decisions:read", TextExplained, takes=TextQuestion))
def explain_text(caller: CallerDep, question: Annotated[TextQuestion, body_of(TextQuestion)]) -> Response:
    """How the text reads without its tricks of spelling, and what made each of its scores.

    It takes about a tenth of a second, because words are left out in turn and the model is asked again.
    """
    return answer(caller.house.text_lab.explain(question.text))
