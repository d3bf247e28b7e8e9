"""Whom members may call: what ships, what an operator puts in its place, and how a file that cannot be used is told."""

from pathlib import Path

import pytest

from anlan.center.hotline_file import HOTLINES_FILE, load_hotlines
from anlan.domain.hotlines import NEEDED
from anlan.errors import InvalidSettings


def test_every_line_that_others_count_on_ships_with_a_way_to_reach_it() -> None:
    lines = load_hotlines()
    assert set(NEEDED) <= set(lines)
    assert all(line.says_number(language) for line in lines.values() for language in ("zh", "en"))
    assert lines["fraud"].number == "96110"
    assert lines["bank"].number == ""


def test_lines_are_picked_in_the_order_asked_for_and_each_once() -> None:
    picked = load_hotlines().pick(["police", "nobody", "fraud", "police"])
    assert [line.id for line in picked] == ["police", "fraud"]


@pytest.mark.parametrize(
    ("shipped", "written", "fault"),
    [
        ("id: crisis", "id: helpers", "no line called crisis"),
        ("id: police", "id: fraud", "name every line once"),
        ('number: "110"', "open: true", "open"),
        ('number: "110"', "find: {zh: 见官网, en: \" \"}", "zh and in en"),
        ('number: "110"', 'number: ""', "either the number or where to find it"),
        ("- id: police", "- id: [police", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, shipped: str, written: str, fault: str) -> None:
    own = tmp_path / "lines.yaml"
    text = HOTLINES_FILE.read_text("utf-8")
    assert shipped in text
    own.write_text(text.replace(shipped, written, 1), "utf-8")
    with pytest.raises(InvalidSettings, match=fault):
        load_hotlines(own)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="cannot be read"):
        load_hotlines(tmp_path / "none.yaml")
