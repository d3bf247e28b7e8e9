"""What becomes of errors on pages: a status, a title and a sentence that says what to do, in the reader's language."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from anlan.errors import AnlanError
from anlan.web.languages import Language, mark

_TITLES = {
    401: mark("Sign in first"),
    403: mark("Not allowed"),
    404: mark("Not found"),
    409: mark("Not possible now"),
    413: mark("Too large"),
    422: mark("Something is missing or wrong"),
    429: mark("Too many at once"),
    503: mark("Not available right now"),
}
_OTHER_TITLE = mark("That did not work")

log = structlog.get_logger(__name__)


class Reader(Protocol):
    """Whoever is told."""

    @property
    def language(self) -> Language: ...
    def tell(self, error: AnlanError) -> str: ...
    def page(self, template: str, /, *, answer: int = 200, **values: Any) -> Response: ...


class Faults:
    """Draws what went wrong.

    Args:
        open_visit: who asks; an AnlanError when the store cannot say.
        stranger: a visit by nobody, for then.
        template: of the page.
        titles: by status, where they differ from the usual ones.
    """

    def __init__(
        self, open_visit: Callable[[Request], Reader], stranger: Callable[[Request], Reader], template: str,
        titles: Mapping[int, str] | None = None,
    ) -> None:
        self._open_visit, self._stranger, self._template = open_visit, stranger, template
        self._titles = _TITLES | dict(titles or {})

    def take_over(self, app: FastAPI) -> None:
        """Answer every error of `app`."""
        app.exception_handler(AnlanError)(self._show_error)
        app.exception_handler(RequestValidationError)(self._show_bad_request)
        app.exception_handler(HTTPException)(self._show_http_error)
        app.exception_handler(Exception)(self._show_unexpected)

    def draw(self, reader: Reader, status: int, detail: str) -> Response:
        """The page that tells it; `detail` is in the reader's language already."""
        title = reader.language.say(self._titles.get(status, _OTHER_TITLE))
        page = reader.page(self._template, answer=status, status=status, title=title, detail=detail)
        page.headers["HX-Reswap"] = "none"  # a part of a page that could not be had leaves the old one standing
        return page

    def _show_error(self, request: Request, error: Exception) -> Response:
        known = error if isinstance(error, AnlanError) else AnlanError(str(error))
        reader = self._reader(request)
        return self.draw(reader, known.status, reader.tell(known))

    def _show_bad_request(self, request: Request, _: Exception) -> Response:
        return self._say(request, 422, mark("The page sent something that cannot be read. Go back and try again."))

    def _show_http_error(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return self._say(request, status, mark("There is no such page. It may have moved."))

    def _show_unexpected(self, request: Request, error: Exception) -> Response:
        route = getattr(request.scope.get("route"), "path", "")  # never the address itself, which may carry a token
        log.error("page_failed", route=route, method=request.method, error=error)
        detail = mark("Something went wrong on our side. It was recorded; try again in a moment.")
        return self._say(request, 500, detail)

    def _say(self, request: Request, status: int, detail: str) -> Response:
        reader = self._reader(request)
        return self.draw(reader, status, reader.language.say(detail))

    def _reader(self, request: Request) -> Reader:
        """Who asks, or a stranger when even that cannot be found out."""
        try:
            return self._open_visit(request)
        except AnlanError:
            return self._stranger(request)
