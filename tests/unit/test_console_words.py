"""Closed sets of words, as people read them: whatever the audit log may hold; what a reporter may choose from."""

import re
from collections.abc import Iterator
from pathlib import Path

import anlan
from anlan.domain.report_reasons import HAPPENINGS, REASONS
from anlan.web.console.words import TITLES

HOUSE = Path(anlan.__file__).parent
ACT = re.compile(r"""\b_?note\(\s*connection,\s*(?:visit,\s*)?(?:[^"'(),]+|f?"[^"]*"),\s*"([a-z_]+\.[a-z_.]+)\"""")


def acts() -> Iterator[str]:
    """What the house's own code writes into the audit log, as far as it stands there in one piece."""
    for path in HOUSE.rglob("*.py"):
        yield from ACT.findall(path.read_text("utf-8"))


def test_every_act_of_the_audit_log_has_words() -> None:
    found = set(acts())
    assert len(found) > 100, "the pattern still finds them"
    assert found - TITLES.keys() == set()


def test_a_reporter_finds_every_reason_once_by_what_happened() -> None:
    grouped = [code for one in HAPPENINGS for code in one.codes]
    assert sorted([*grouped, "other"]) == sorted(reason.code for reason in REASONS)
