"""The ladder that ships: read once, refused as a whole when it is wrong."""

from functools import cache
from pathlib import Path

from anlan.domain.ladder import Ladder, read_ladder
from anlan.engine.yaml_text import load_yaml

LADDER_FILE = Path(__file__).with_name("ladder.yaml")


@cache
def shipped_ladder() -> Ladder:
    """The ladder in `ladder.yaml`.

    Raises:
        InvalidSettings: it says where it is wrong.
    """
    return read_ladder(load_yaml(LADDER_FILE.read_text(encoding="utf-8"), LADDER_FILE.name))
