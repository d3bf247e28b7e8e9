"""One decision as a reviewer reads it: which claims held, with which values, and what of it is personal data."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from anlan.domain.decisions import Decision, Finding
from anlan.domain.entities import Privacy
from anlan.domain.events import Field
from anlan.engine.condition_tree import And, Claim, Condition, IsTruth, Not, Or, parts_of
from anlan.engine.reference import Explained, explain
from anlan.engine.signals import Registry
from anlan.web.languages import Language

Level = Literal["", "personal", "sensitive"]
"""What the reader asked to see, and was allowed to: nothing personal, personal fields, or sensitive ones too."""

_OPEN: dict[Level, frozenset[str]] = {
    "": frozenset({"public", "internal"}),
    "personal": frozenset({"public", "internal", "personal"}),
    "sensitive": frozenset({"public", "internal", "personal", "sensitive"}),
}


class Reading(NamedTuple):
    """One signal with its value; a hidden one has none; a word is one of a closed set that the signal names."""

    name: str
    title: str
    unit: str
    value: Any
    is_hidden: bool
    is_word: bool


class Branch(NamedTuple):
    """One claim of a condition: a leaf with readings, or parts joined by `and`, `or`, `not`, `is_true`, `is_false`."""

    text: str
    truth: bool | None
    joint: str
    readings: tuple[Reading, ...]
    parts: tuple["Branch", ...]


class ShownField(NamedTuple):
    """One field of the event's data."""

    name: str
    privacy: Privacy
    value: str = ""
    is_hidden: bool = False
    is_gone: bool = False


class Reader:
    """Turns stored values into what this reader may see, in their language."""

    def __init__(self, registry: Registry, language: Language, level: Level) -> None:
        self._signals = registry.by_name
        self._fields = {name: field for fields in registry.fields.values() for name, field in fields.items()}
        self._language = language
        self._open = _OPEN[level]

    def privacy(self, signal: str) -> Privacy:
        """The class of a signal: its field's, or personal for any other free text."""
        if field := self._fields.get(signal):
            return field.privacy
        known = self._signals.get(signal)
        return "personal" if known is None or (known.type == "text" and not known.choices) else "internal"

    def reading(self, name: str, value: Any) -> Reading:
        """A signal's value, hidden when it is of a class that is not open to this reader."""
        known = self._signals.get(name)
        title = self._language.pick(known.title) if known and name not in self._fields else name
        is_hidden = value is not None and self.privacy(name) not in self._open
        is_word = known is not None and bool(known.choices)
        unit = known.unit if known else ""
        return Reading(name, title or name, unit, None if is_hidden else value, is_hidden, is_word)

    def readings(self, decisions: list[Decision]) -> list[Reading]:
        """All signals of all passes by name, the last pass winning."""
        values: dict[str, Any] = {}
        for decision in decisions:
            values |= decision.signals
        return [self.reading(name, values[name]) for name in sorted(values)]

    def because(self, finding: Finding) -> str:
        """The reviewers' sentence, or only which policy it was when the sentence quotes what is hidden."""
        quotes = [
            value
            for name, value in finding.values.items()
            if isinstance(value, str) and value and self.privacy(name) not in self._open
        ]
        hidden = self._language.say("[hidden]")
        text = self._language.pick(finding.because)
        for quoted in sorted(quotes, key=len, reverse=True):
            text = text.replace(quoted[:80], hidden)
        return text

    def tree(self, condition: Condition, values: Mapping[str, Any]) -> Branch:
        """The condition as a tree with the values that made it hold."""
        return self._branch(condition.tree, explain(condition, values))

    def _branch(self, node: Claim, explained: Explained) -> Branch:
        readings = tuple(self.reading(name, value) for name, value in explained.values.items())
        below: tuple[Any, ...] = parts_of(node) if explained.parts else ()
        parts = tuple(self._branch(part, known) for part, known in zip(below, explained.parts, strict=True))
        return Branch(explained.text, explained.truth, _joint(node), readings, parts)

    def fields(self, data: bytes, declared: Mapping[str, Field]) -> list[ShownField]:
        """The event's data field by field as it was sent; what the type does not declare counts as personal."""
        sent: dict[str, Any] = msgspec.json.decode(data)
        classes: dict[str, Privacy] = {field.name: field.privacy for field in declared.values()}
        shown = [self._field(name, classes.get(name, "personal"), value) for name, value in sent.items()]
        gone = [field for field in declared.values() if field.name not in sent and field.required]
        return [*shown, *(ShownField(field.name, field.privacy, is_gone=True) for field in gone)]

    def _field(self, name: str, privacy: Privacy, value: Any) -> ShownField:
        if privacy not in self._open:
            return ShownField(name, privacy, is_hidden=True)
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return ShownField(name, privacy, text)


def _joint(node: Claim) -> str:
    match node:
        case And():
            return "and"
        case Or():
            return "or"
        case Not():
            return "not"
        case IsTruth(_, truth):
            return "is_true" if truth else "is_false"
    return ""


class ShownFinding(NamedTuple):
    """A finding ready to draw; `tree` is None when this version's condition is not to be had any more."""

    policy: str
    version: int
    verdict: str
    severity: str
    category: str
    because: str
    is_unknown: bool
    fuse: str | None
    tree: Branch | None


def show_finding(
    finding: Finding, reader: Reader, condition_of: Callable[[str, int], Condition | None]
) -> ShownFinding:
    """`finding` with its condition taken apart."""
    condition = condition_of(finding.policy, finding.version)
    tree = reader.tree(condition, finding.values) if condition else None
    return ShownFinding(
        finding.policy, finding.version, finding.verdict, finding.severity, finding.category, reader.because(finding),
        finding.is_unknown, finding.fuse, tree,
    )
