"""Counters live in one process, so a second server on the same store is refused until the first one is gone."""

from pathlib import Path

import pytest

from anlan.errors import Conflict
from anlan.store.database import Database
from anlan.store.sole_intake import hold_sole_intake


def test_the_right_to_take_in_events_has_one_holder(database: Database, tmp_path: Path) -> None:
    give_back = hold_sole_intake(database, tmp_path)
    with pytest.raises(Conflict, match="another Anlan process"):
        hold_sole_intake(database, tmp_path)
    give_back()
    hold_sole_intake(database, tmp_path)()
