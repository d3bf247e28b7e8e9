"""Teaches schemathesis what an NDJSON body is; its own serializers end at JSON."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def to_ndjson(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Text as it is. What is meant to be of a wrong type would become good text, so it is left out altogether."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else b""
