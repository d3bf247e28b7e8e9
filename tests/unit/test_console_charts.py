"""Charts show what is there and nothing else."""

import re

from hypothesis import given
from hypothesis import strategies as st

from anlan.web.console import charts


def test_slices_share_the_bar_by_count() -> None:
    made = charts.slices([("allow", 6), ("warn", 0), ("block", 2)])
    assert [(one.name, one.x, one.width) for one in made] == [("allow", 0.0, 75.0), ("block", 75.0, 25.0)]
    assert charts.slices([("allow", 0)]) == []


def test_gaps_in_a_series_are_zeros() -> None:
    assert charts.filled([(0.0, 2), (180.0, 1)], 60.0) == [(0.0, 2), (60.0, 0), (120.0, 0), (180.0, 1)]
    assert charts.filled([], 60.0) == []


def test_scales_are_round() -> None:
    assert [charts.nice_top(value) for value in (0, 5, 6, 11, 21, 480, 501)] == [5, 5, 10, 20, 50, 500, 1000]


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=80))
def test_a_line_never_leaves_the_values_it_joins(values: list[int]) -> None:
    top, width, height = charts.nice_top(max(values)), 1_000.0, 180.0
    numbers = [float(text) for text in re.findall(r"-?\d+\.\d", charts.line(values, top, width, height))]
    heights = numbers[1::2]
    assert min(heights) >= height - height * max(values) / top - 0.1
    assert max(heights) <= height - height * min(values) / top + 0.1


def test_columns_keep_small_values_visible() -> None:
    small, large, none = charts.columns([1, 1_000, 0], 20)
    assert (small.height, large.height, none.height) == (1.0, 20.0, 0.0)
    assert small.y + small.height == 20
