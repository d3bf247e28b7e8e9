"""What a caller is told when a request fails: one JSON shape (RFC 9457), never a traceback, whatever went wrong."""

from collections.abc import Sequence
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from anlan.errors import AnlanError, InvalidRequest, NotFound

PROBLEM_TYPE = "application/problem+json"

log = structlog.get_logger(__name__)


class MethodNotAllowed(AnlanError):
    """The path exists, but not for this method."""

    code, status = "method_not_allowed", 405


class Unexpected(AnlanError):
    """A fault of ours; it was recorded."""

    code, status = "internal", 500


class Problem(msgspec.Struct, kw_only=True):
    """Why a request failed (RFC 9457).

    Attributes:
        type: a URN that ends in `code`.
        detail: one sentence that says what to do.
        code: stable; programs look at this.
        errors: what is wrong where, for a request with several faults.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[dict[str, Any], ...] | msgspec.UnsetType = msgspec.UNSET


def unexpected(error: Exception, method: str, path: str) -> AnlanError:
    """Record a fault of ours; what is answered says nothing of it."""
    log.error("request_failed", method=method, route=path, error=error)
    return Unexpected("something went wrong on our side; it was recorded. Send the request again in a moment")


def problem_parts(error: AnlanError) -> tuple[bytes, list[tuple[str, str]]]:
    """Body and headers of the answer for `error`; its status is `error.status`."""
    headers = [("content-type", PROBLEM_TYPE)]
    retry_after_s = error.details.get("retry_after_s")
    if isinstance(retry_after_s, int | float):
        headers.append(("retry-after", str(max(1, round(retry_after_s)))))
    if error.status == 401:
        headers.append(("www-authenticate", "Bearer"))
    if isinstance(error, MethodNotAllowed):
        headers.append(("allow", str(error.details.get("allow", ""))))
    return msgspec.json.encode(error.problem()), headers


def answer_problem(error: AnlanError) -> Response:
    """The response for `error`."""
    body, headers = problem_parts(error)
    return Response(body, error.status, dict(headers))


def install_problems(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Make every failure of `app` a problem; `routes` are all that it serves."""
    app.state.routes = routes
    app.exception_handler(AnlanError)(_answer_known)
    app.exception_handler(RequestValidationError)(_answer_invalid)
    app.exception_handler(HTTPException)(_answer_http)
    app.exception_handler(Exception)(_answer_unexpected)


def _answer_known(_: Request, error: AnlanError) -> Response:
    return answer_problem(error)


def _answer_invalid(_: Request, error: RequestValidationError) -> Response:
    faults = [
        {"where": ".".join(map(str, fault["loc"])), "detail": str(fault["msg"])} for fault in error.errors()
    ]
    detail = "; ".join(f"{fault['where']}: {fault['detail']}" for fault in faults)
    return answer_problem(InvalidRequest(detail, errors=faults))


def _answer_http(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405:
        allow = ", ".join(sorted(_methods_of(request)))
        return answer_problem(MethodNotAllowed(f"{request.url.path} takes {allow}", allow=allow))
    if error.status_code == 404:
        return answer_problem(NotFound("no such path; /openapi.json lists them all"))
    return answer_problem(InvalidRequest(str(error.detail)))


def _methods_of(request: Request) -> set[str]:
    """Every method that the path takes, on whatever route; Starlette names those of the first one only."""
    routes = (route for route in request.app.state.routes if route.matches(request.scope)[0] is not Match.NONE)
    return {method for route in routes for method in getattr(route, "methods", None) or ()}


def _answer_unexpected(request: Request, error: Exception) -> Response:
    return answer_problem(unexpected(error, request.method, request.url.path))
