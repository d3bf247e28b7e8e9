"""Teaches schemathesis bodies that are text (NDJSON, tokens), and to write whole numbers as whole."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/secevent+jwt")
def to_text(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Text as it is. What is meant to be of a wrong type would become good text, so it is left out altogether."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else b""


@schemathesis.hook
def map_body(_context: schemathesis.HookContext, body: Any) -> Any:
    """A body whose whole numbers have no point."""
    if isinstance(body, dict):
        return {name: map_body(_context, value) for name, value in body.items()}
    if isinstance(body, list):
        return [map_body(_context, value) for value in body]
    return int(body) if isinstance(body, float) and body.is_integer() else body
