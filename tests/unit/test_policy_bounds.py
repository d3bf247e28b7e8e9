"""What a policy may not say, because the store, the engine or a reader could not bear it."""

import pytest

from anlan.domain.events import Catalogue
from anlan.domain.facts import MAX_NOTICE_ID_CHARS
from anlan.domain.keys import fitted
from anlan.engine.policies import check_policy, read_policies
from anlan.engine.signals import Registry
from anlan.errors import InvalidPolicy

POLICY = """
- id: test.amount
  on: payment.initiated
  when: amount_minor >= 100
  because: "{amount_minor:.0f}"
  reason: {zh: 金额, en: Amount}
  category: fraud
  then: [{hold: {}}, {case: {queue: fraud}}]
  quota: 5/h
  examples:
    - {given: {amount_minor: 100}, hits: true}
"""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry(Catalogue(), (), {})


def check(text: str, registry: Registry) -> None:
    for policy in read_policies(text, "file.yaml"):
        check_policy(policy, registry, "file.yaml")


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("test.amount", "x" * 65, "is no policy id"),
        ("test.amount", "Test Amount", "is no policy id"),
        ("test.amount", "test..amount", "is no policy id"),
        ('"{amount_minor:.0f}"', '"{amount_minor:999999999}"', "a number's digits"),
        ('"{amount_minor:.0f}"', '"{amount_minor!r}"', "a number's digits"),
        ('"{amount_minor:.0f}"', '"{amount_minor.__class__}"', "may only name what when reads"),
        ("category: fraud", 'category: "a\\0b"', "category is one word"),
        ("category: fraud", f"category: {'c' * 65}", "category is one word"),
        ("queue: fraud", f"queue: {'q' * 65}", "queue is one word"),
        ("queue: fraud", "queue: fraud, priority: 99999999999", "priority lies between"),
        ("{hold: {}}", "{mute: {hours: .inf}}", "hours lies between"),
        ("{hold: {}}", "{mute: {hours: .nan}}", "hours lies between"),
        ("amount_minor: 100}", "amount_minor: '100'}", "amount_minor is number"),
        ("amount_minor: 100}", "amount_minor: 1.0e+300}", "amount_minor is number"),
        ("on: payment.initiated", "on: 7", "on"),
        ("  examples:\n    - {given: {amount_minor: 100}, hits: true}", "  examples: 7", "examples"),
        ("reason: {zh: 金额, en: Amount}", "reason: &r {zh: 金额, en: Amount}\n  owner: *r", "aliases"),
    ],
)
def test_what_nothing_could_bear_is_refused(registry: Registry, was: str, becomes: str, said: str) -> None:
    assert was in POLICY
    check(POLICY, registry)
    with pytest.raises(InvalidPolicy, match=said):
        check(POLICY.replace(was, becomes), registry)


def test_a_long_name_keeps_apart_from_another() -> None:
    long = "fuse." + "p" * 90
    first, second = fitted(f"{long}.1", MAX_NOTICE_ID_CHARS), fitted(f"{long}.2", MAX_NOTICE_ID_CHARS)
    assert first != second
    assert len(first) == len(second) == MAX_NOTICE_ID_CHARS
    assert fitted("short", MAX_NOTICE_ID_CHARS) == "short"
