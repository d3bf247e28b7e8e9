"""The ladder that ships: read once, refused as a whole when it is wrong."""

from pathlib import Path

import yaml

from anlan.domain.ladder import Ladder, read_ladder

LADDER_FILE = Path(__file__).with_name("ladder.yaml")


def shipped_ladder() -> Ladder:
    """The ladder in `ladder.yaml`.

    Raises:
        InvalidSettings: it says where it is wrong.
    """
    return read_ladder(yaml.safe_load(LADDER_FILE.read_text(encoding="utf-8")))
