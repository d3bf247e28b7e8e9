"""An operator's own event types, read from YAML."""

from pathlib import Path

from anlan.domain.declarations import declare
from anlan.domain.events import EventType
from anlan.engine.yaml_text import load_yaml
from anlan.errors import InvalidSettings


def read_event_types(path: Path) -> tuple[EventType, ...]:
    """The types declared in a file such as

    ```yaml
    - type: stream.gift_sent
      actor: sender
      fields:
        sender: account
        recipient: account
        amount_minor: amount_minor
        note: text?           # the question mark makes it optional; between braces YAML wants it quoted
    ```

    Raises:
        InvalidSettings: the file cannot be read, or a declaration is not of this form.
    """
    try:
        documents = load_yaml(path.read_text("utf-8"), path.name)
    except (OSError, ValueError) as error:
        raise InvalidSettings(f"event types: {error}") from error
    if not isinstance(documents, list) or not all(isinstance(document, dict) for document in documents):
        raise InvalidSettings(f"{path.name}: event types are a YAML list of mappings with type, actor and fields")
    return tuple(_read(document, path.name) for document in documents)


def _read(document: dict[str, object], where: str) -> EventType:
    name, actor, fields = document.get("type"), document.get("actor"), document.get("fields")
    version = document.get("version", 1)
    if not (isinstance(name, str) and isinstance(actor, str) and isinstance(fields, dict) and isinstance(version, int)):
        raise InvalidSettings(f"{where}: an event type has type and actor (texts), fields (mapping), version (number)")
    return declare(name, actor, {str(field): str(kind) for field, kind in fields.items()}, version)
