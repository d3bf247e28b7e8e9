"""The API's own description: as a document for programs, and as one page for people."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from anlan.web.api.calls import answer

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
def give_document(request: Request) -> Response:
    """OpenAPI 3.1."""
    return answer(request.app.state.document)
