"""What every protection owes: signals that do what their examples say, policies that hold together, one door."""

import inspect
from typing import Any

import pytest

from anlan.domain.signals import Signal
from anlan.engine.policies import is_enforcement, read_policies
from anlan.errors import InvalidSettings
from anlan.protections import registry
from anlan.protections.registry import BUILT_IN, Protection, installed_protections
from anlan.settings import Settings
from anlan.workshop import build_workshop, starter_set

SIGNALS = [made for protection in BUILT_IN for made in protection.signals]
ASKABLE = [made for made in SIGNALS if made.type != "object"]
EXAMPLES = [(made, given, expected) for made in SIGNALS for given, expected in made.examples]


@pytest.mark.parametrize("made", ASKABLE, ids=lambda made: made.name)
def test_a_signal_says_what_it_is_in_both_languages(made: Signal) -> None:
    assert set(made.title) == {"zh", "en"}
    assert all(words.strip() for words in made.title.values())


@pytest.mark.parametrize(("made", "given", "expected"), EXAMPLES, ids=lambda value: getattr(value, "name", ""))
def test_a_signal_does_what_its_examples_say(made: Signal, given: dict[str, Any], expected: Any) -> None:
    value = made.compute(*(given.get(read) for read in made.reads))
    assert not inspect.isawaitable(value)
    assert value == (pytest.approx(expected) if isinstance(expected, float) else expected)
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = made.low, made.high
        assert (value if low is None else low) <= value <= (value if high is None else high)
    if made.choices and value is not None:
        assert value in made.choices


def test_examples_are_not_a_rarity() -> None:
    assert len({made.name for made, _, _ in EXAMPLES}) >= 20


def test_the_starter_pack_is_checked_as_one_set() -> None:
    policies = starter_set(build_workshop(Settings()).registry)
    written = [
        policy.id for protection in BUILT_IN if protection.policies
        for policy in read_policies(protection.policies.read_text("utf-8"), protection.name)
    ]
    assert len(written) == len(set(written))
    assert {member.policy.id for member in policies.members} == set(written)


@pytest.mark.parametrize("protection", [one for one in BUILT_IN if one.policies], ids=lambda one: one.name)
def test_a_protections_policies_carry_its_name_and_speak_both_languages(protection: Protection) -> None:
    assert protection.policies
    for policy in read_policies(protection.policies.read_text("utf-8"), protection.name):
        assert policy.id.startswith(protection.name + ".")
        assert set(policy.reason) == {"zh", "en"}
        assert policy.quota or not is_enforcement(policy), f"{policy.id} acts against members without a quota"


class Entry:
    """An installed entry point."""

    name = "ours"

    def __init__(self, made: Any) -> None:
        self._made = made

    def load(self) -> Any:
        if isinstance(self._made, Exception):
            raise self._made
        return self._made


def plug_in(monkeypatch: pytest.MonkeyPatch, made: Any) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda group: [Entry(made)])


def test_a_plug_in_comes_through_the_same_door(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Protection("ours", (Signal(name="our_number", compute=len, type="number", reads=("content_text",)),))
    plug_in(monkeypatch, ours)
    assert installed_protections() == (*BUILT_IN, ours)
    assert "our_number" in build_workshop(Settings()).registry.by_name


@pytest.mark.parametrize(("made", "words"), [(ImportError("no such module"), "does not load"), ("text", "gives str")])
def test_a_plug_in_that_does_not_load_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, made: Any, words: str
) -> None:
    plug_in(monkeypatch, made)
    with pytest.raises(InvalidSettings, match=words):
        build_workshop(Settings())
