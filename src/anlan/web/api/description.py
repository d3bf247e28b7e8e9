"""The API's own description: as a document for programs, and as one page for people."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from anlan.web.api.calls import answer

_PAGES = Environment(loader=PackageLoader("anlan.web"), autoescape=select_autoescape(), trim_blocks=True)
_OWN_STYLES_ONLY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"

router = APIRouter(include_in_schema=False)


class Route(NamedTuple):
    """One operation of the document; `scope` is None where no key is needed."""

    tag: str
    method: str
    path: str
    anchor: str
    scope: str | None
    operation: dict[str, Any]


@router.get("/openapi.json")
def give_document(request: Request) -> Response:
    """OpenAPI 3.1."""
    return answer(request.app.openapi())


@router.get("/docs")
def show_document(request: Request) -> Response:
    """The same as a page that needs no script."""
    document = request.app.openapi()
    page = _PAGES.get_template("api/reference.html")
    text = page.render(document=document, routes=list(_routes(document)), type_of=type_of, prose=prose)
    return HTMLResponse(text, headers={"content-security-policy": _OWN_STYLES_ONLY})


def prose(text: str) -> Markup:
    """Text with what stands between backticks as code."""
    code, plain = Markup("<code>{}</code>"), Markup("{}")
    parts = enumerate(text.split("`"))
    return Markup("").join((code if number % 2 else plain).format(part) for number, part in parts)


def type_of(schema: dict[str, Any]) -> Markup:
    """A schema in a few words; named ones are links."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return Markup(" or ").join(type_of(one) for one in schema[choice])
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return Markup(" | ").join("null" if value is None else str(value) for value in values)
    if schema.get("items"):
        return Markup("list of {}").format(type_of(schema["items"]))
    return Markup("{}").format(schema.get("format") or schema.get("type", "any"))


def _routes(document: dict[str, Any]) -> Iterator[Route]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            scope = operation["security"][0]["bearer"][0] if "security" in operation else None
            yield Route(operation["tags"][0], method.upper(), path, operation["operationId"], scope, operation)
