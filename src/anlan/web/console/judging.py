"""What a reviewer says a text really is, on the page of the decision about it."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan.domain.judgements import Given
from anlan.web.console.decisions import find_event
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit

router = APIRouter()
PROVENANCE = "decision page"


@router.post("/decisions/{key}/judgements")
def give(
    visit: Annotated[Visit, allowed("judge_texts")],
    key: str,
    category: Annotated[str, Form(max_length=16)],
    note: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Takes the place of what the same person said before."""
    event = find_event(visit, key).event
    visit.rooms.judgements.give([Given(event.key, category, PROVENANCE, note.strip())], visit.actor, "console")
    return visit.go(f"/decisions/{event.key}", done="judged")
