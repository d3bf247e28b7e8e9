"""The sliding sample of different values: exact while few, a few percent off when many, fine again after a burst."""

import random
import subprocess
import sys
from statistics import fmean

import pytest

from anlan.engine.sketch import SAMPLE_VALUES, DistinctWindow, Sample, digest_of

START = 1_700_000_000.0
HOUR = 3600.0


def add_all(window: DistinctWindow, state: object, values: list[str], start: float, seconds: float) -> object:
    for index, value in enumerate(values):
        state = window.add(state, start + seconds * index / len(values), value)
    return state


def test_the_hash_is_the_same_in_another_process() -> None:
    script = "from anlan.engine.sketch import digest_of; print(digest_of('账号1'))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(run.stdout) == digest_of("账号1")


def test_exact_up_to_the_promised_number_of_values() -> None:
    window, state, rng = DistinctWindow(HOUR), None, random.Random(1)
    seen: dict[str, float] = {}
    for index in range(6000):
        time = START + index * 10
        value = f"v{rng.randrange(SAMPLE_VALUES)}"
        seen[value] = time
        state = window.add(state, time, value)
        if index % 97 == 0:
            assert window.read(state, time) == sum(last > time - HOUR for last in seen.values())
    assert isinstance(state, Sample)
    assert state.level == 0


@pytest.mark.parametrize("count", [2_000, 15_000])
def test_the_error_of_many_values_is_a_few_percent(count: int) -> None:
    window, errors = DistinctWindow(HOUR), []
    for trial in range(16):
        state = add_all(window, None, [f"{trial}-{index}" for index in range(count)], START, HOUR - 1)
        read = window.read(state, START + HOUR - 1)
        assert read is not None
        errors.append(read / count - 1)
    root_mean_square = fmean(error * error for error in errors) ** 0.5
    assert root_mean_square < 0.085
    assert abs(fmean(errors)) < 0.05


def test_the_estimate_slides_with_the_window() -> None:
    window = DistinctWindow(HOUR)
    state, errors = None, []
    for index in range(40_000):
        time = START + index * 0.6
        state = window.add(state, time, f"v{index}")
        if index > 12_000 and index % 2000 == 0:
            errors.append((window.read(state, time) or 0) / 6000 - 1)
    assert fmean(error * error for error in errors) ** 0.5 < 0.1


def test_a_late_read_of_a_sampled_key_never_sees_what_came_later() -> None:
    window = DistinctWindow(HOUR)
    state = add_all(window, None, [f"v{index}" for index in range(20_000)], START, HOUR)
    half = window.read(state, START + HOUR / 2)
    assert half is not None
    assert 8_500 < half < 11_500
    assert window.read(state, START - 1) == 0
    assert window.read(state, START - HOUR - 10) is None


def test_repeats_and_late_repeats_add_nothing() -> None:
    window = DistinctWindow(HOUR)
    values = [f"v{index}" for index in range(5000)]
    state = add_all(window, None, values, START, 100)
    before = window.read(state, START + 100)
    for value in values:
        state = window.add(state, START + 50, value)
        state = window.add(state, START + 100, value)
    assert window.read(state, START + 100) == before


def test_after_a_burst_the_key_is_exact_again() -> None:
    window = DistinctWindow(HOUR)
    state = add_all(window, None, [f"burst{index}" for index in range(100_000)], START, HOUR)
    quiet = add_all(window, state, [f"q{index % 30}" for index in range(1000)], START + HOUR, 4 * HOUR)
    assert window.read(quiet, START + 5 * HOUR) == 30


def test_while_a_burst_leaves_the_window_the_estimate_follows() -> None:
    window, total = DistinctWindow(HOUR), 50_000
    state = add_all(window, None, [f"burst{index}" for index in range(total)], START, HOUR)
    for minute in range(1, 60):
        time = START + HOUR + minute * 60
        state = window.add(state, time, "same")
        read, left = window.read(state, time), total * (1 - minute / 60)
        # What is left of the burst is told from ever fewer sampled values.
        assert read is not None
        assert abs(read - left) < 0.25 * left + 3000


def test_a_sample_stays_within_its_size() -> None:
    window = DistinctWindow(HOUR)
    state = add_all(window, None, [f"v{index}" for index in range(60_000)], START, 4 * HOUR)
    assert isinstance(state, Sample)
    used = sum(sys.getsizeof(part) for part in (state.digests, state.lasts, state.times))
    assert used < 30_000
