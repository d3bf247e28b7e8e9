"""`make lint` as tests, so that whoever runs the tests has run it."""

import subprocess
import sys

import pytest
from source_tree import ROOT


@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", [["ruff", "check", "src", "tests", "bench"], ["mypy"]], ids=["ruff", "mypy"])
def test_the_checkers_find_nothing(command: list[str]) -> None:
    ran = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
