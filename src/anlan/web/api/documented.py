"""What a route says about itself: the scope that it needs, what it takes and answers, and how it may fail."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query
from starlette.convertors import StringConvertor, register_url_convertor

from anlan.domain.entities import ENTITY_KINDS
from anlan.web.api.access import Scope
from anlan.web.api.calls import admitted

COMMON_PROBLEMS = (400, 401, 403, 429, 503)

PROBLEM_TITLES = {
    400: "The request is not of the documented form.",
    401: "No API key, or one that is not known.",
    403: "The key lacks the scope, or the act is not allowed.",
    404: "There is nothing by that name.",
    405: "The path does not take this method.",
    409: "The state does not allow this.",
    413: "The body is too large.",
    422: "Well-formed, but refused for what it says.",
    429: "Too many requests for this key; `retry-after` says when to come back.",
    500: "A fault of ours; it was recorded.",
    503: "A part that this needs is not available now; try again.",
    504: "Not durable within the deadline; send the same event again.",
}

_NO_NUL = r"^[^\x00]*$"
_MAX_SEQ = 2**53

Limit = Annotated[int, Query(ge=1, le=200, description="How many to answer with.")]
Before = Annotated[int | None, Query(ge=1, le=_MAX_SEQ, description="Continue before this, as the last page said.")]
Word = Annotated[str | None, Query(max_length=256, pattern=_NO_NUL)]
Text = Annotated[str, Query(min_length=1, max_length=256, pattern=_NO_NUL)]
PolicyId = Annotated[str, Path(pattern=r"^[a-z0-9_.]{1,64}$")]
Version = Annotated[int, Path(ge=1, le=2**31 - 1)]
EventKey = Annotated[str, Path(pattern=r"^[0-9a-f]{32}(\.[12])?$", description="An event's key, or a decision's id.")]
EndpointId = Annotated[str, Path(pattern=r"^ep_[0-9a-f]{16}$")]
ListName = Annotated[str, Path(pattern=r"^[a-z0-9_.-]{1,64}$")]
EntityName = Annotated[
    str,
    Path(
        pattern=rf"^({'|'.join(ENTITY_KINDS)}):[^\x00-\x1f\x7f]{{1,256}}$",
        description="`kind:id`, such as `account:a1`.",
    ),
]


class Noun(StringConvertor):
    """A part of a path without the `:verb` behind it, so that a noun's route does not take its verbs' paths."""

    regex = "[^/:]+"


register_url_convertor("noun", Noun())


def documented(
    scope: Scope | None, returns: type | None, *, status: int = 200, takes: type | None = None,
    problems: tuple[int, ...] = (), says: str = "Done.",
) -> dict[str, Any]:
    """Arguments of a route's decorator.

    Args:
        returns: the struct of a successful answer; None for no body.
        takes: the struct of the request's body.
        problems: statuses beyond `COMMON_PROBLEMS`.
    """
    success: dict[str, Any] = {"description": says}
    if returns is not None:
        success["content"] = {"application/json": {"schema": schema_of(returns)}}
    failures = sorted({*(COMMON_PROBLEMS if scope else ()), *problems, *((413,) if takes else ())})
    extra: dict[str, Any] = {"security": [{"bearer": [scope]}]} if scope else {}
    if takes is not None:
        content = {"application/json": {"schema": schema_of(takes)}}
        extra["requestBody"] = {"required": True, "content": content}
    return {
        "status_code": status,
        "dependencies": [Depends(admitted(scope))] if scope else [],
        "responses": {status: success, **{code: problem_response(code) for code in failures}},
        "openapi_extra": extra,
    }


def schema_of(struct: type) -> dict[str, str]:
    """A reference to the schema of `struct`; `document.SCHEMAS` must list it."""
    return {"$ref": f"#/components/schemas/{struct.__name__}"}


def problem_response(status: int) -> dict[str, Any]:
    """How a failure with this status is documented."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": PROBLEM_TITLES[status], "content": content}
