"""A decision is taken apart with the values that made it hold, and shows nothing that was not asked for."""

import msgspec
import pytest

from anlan.domain.decisions import Finding
from anlan.domain.events import Catalogue
from anlan.domain.signals import Signal
from anlan.engine.conditions import parse
from anlan.engine.signals import Registry
from anlan.web.console.explained import Level, Reader, show_finding
from anlan.web.languages import language

REGISTRY = Registry(
    Catalogue(),
    (
        Signal(
            name="score", compute=float, type="number", reads=("event",), unit="share",
            title={"zh": "分数", "en": "the score"},
        ),
        Signal(name="quoted", compute=str, type="text", reads=("event",), title={"zh": "引文", "en": "quote"}),
        Signal(
            name="kind", compute=str, type="text", reads=("event",), choices=("a", "b"),
            title={"zh": "种类", "en": "kind"},
        ),
    ),
    {},
)
VALUES = {"score": 0.9, "quoted": "meet me at noon", "kind": "a", "text": "meet me at noon", "media_count": None}


def reader(level: Level = "", code: str = "en") -> Reader:
    return Reader(REGISTRY, language(code, "UTC"), level)


def test_the_tree_says_what_held_and_with_which_values() -> None:
    types = REGISTRY.types_on(["message.sent"])
    condition = parse("score > 0.5 AND (kind = 'b' OR NOT media_count > 3)", types, "when")
    tree = reader().tree(condition, VALUES)
    assert (tree.joint, tree.truth) == ("and", None)
    first, either = tree.parts
    assert (first.text, first.truth) == ("score > 0.5", True)
    assert [(one.title, one.value, one.unit) for one in first.readings] == [("the score", 0.9, "share")]
    assert (either.joint, either.truth) == ("or", None)
    assert [part.joint for part in either.parts] == ["", "not"]
    assert either.parts[0].truth is False
    assert either.parts[1].truth is None
    assert reader(code="zh").tree(condition, VALUES).parts[0].readings[0].title == "分数"


@pytest.mark.parametrize(("level", "is_shown"), [("", False), ("personal", True), ("sensitive", True)])
def test_free_text_is_hidden_until_it_is_asked_for(level: Level, is_shown: bool) -> None:
    for name in ("quoted", "text"):
        shown = reader(level).reading(name, VALUES[name])
        assert (shown.value, shown.is_hidden) == ((VALUES[name], False) if is_shown else (None, True))
    assert reader(level).reading("kind", "a").value == "a", "a word of a closed set tells nothing of anybody"
    assert not reader(level).reading("quoted", None).is_hidden, "there is nothing to hide"


def test_a_signal_that_is_gone_counts_as_personal() -> None:
    assert reader().reading("forgotten_signal", "secret").is_hidden


def test_a_sentence_that_quotes_is_shown_without_the_quote() -> None:
    finding = Finding(
        policy="p", version=1, verdict="warn", severity="low", category="spam", values=VALUES,
        because={"zh": "说了 meet me at noon", "en": "said meet me at noon"},
    )
    assert reader().because(finding) == "said [hidden]"
    assert reader("personal", "zh").because(finding) == "说了 meet me at noon"


def test_a_finding_without_its_condition_is_still_told() -> None:
    finding = Finding(
        policy="p", version=1, verdict="warn", severity="low", category="spam", values={}, because={"en": "so"}
    )
    shown = show_finding(finding, reader(), lambda policy, version: None)
    assert (shown.policy, shown.because, shown.tree) == ("p", "so", None)


def test_fields_are_shown_by_class_and_what_is_gone_is_named() -> None:
    declared = REGISTRY.fields["account.registered"]
    sent = msgspec.json.encode({"account": "u1", "phone": "123", "nickname": "Mei", "shoe_size": 38})
    shown = {field.name: (field.value, field.is_hidden) for field in reader().fields(sent, declared)}
    assert shown["account"] == ("u1", False)
    assert all(shown[name] == ("", True) for name in ("phone", "nickname", "shoe_size"))
    personal = {field.name: field.is_hidden for field in reader("personal").fields(sent, declared)}
    assert personal == {"account": False, "phone": True, "nickname": False, "shoe_size": False}
    assert not any(field.is_hidden for field in reader("sensitive").fields(sent, declared))
    gone = [field for field in reader().fields(b'{"nickname": "Mei"}', declared) if field.is_gone]
    assert [field.name for field in gone] == ["account"]
