"""Reads whom members may call: the operator's file, or the lines that ship with Anlan (mainland China)."""

from pathlib import Path

import yaml

from anlan.domain.hotlines import Hotlines, read_hotlines
from anlan.errors import InvalidSettings

HOTLINES_FILE = Path(__file__).with_name("hotlines.yaml")


def load_hotlines(path: Path | None = None) -> Hotlines:
    """The lines of the operator's file, or those that ship.

    Raises:
        InvalidSettings: the file cannot be read, or says where it is wrong.
    """
    chosen = path or HOTLINES_FILE
    try:
        found = yaml.safe_load(chosen.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InvalidSettings(f"hotlines file {chosen} cannot be read: {error}") from error
    return read_hotlines(found)
