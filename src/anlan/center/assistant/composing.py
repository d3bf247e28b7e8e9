"""Writes answers: the words of `words.yaml`, the scenario base and the hotlines, in the reader's language."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple

import msgspec
import yaml

from anlan.domain.consultation_turns import Item, Part, PartKind
from anlan.domain.consultations import Answer, Known, Question
from anlan.domain.hotlines import Hotline, Hotlines
from anlan.domain.scenarios import Scenario, ScenarioBase, Words

MOST_STEPS = 4
MOST_POINTS = 5
MOST_USUAL_SIGNS = 3
CHECKED_BY: Mapping[str, frozenset[str]] = {
    "check_person": frozenset(("friend", "family", "boss", "school", "partner")),
    "check_deal": frozenset(("shop", "gamer")),
}
"""Which list of `words.yaml` says how to check, by whom the other side is said to be."""


class Reader(NamedTuple):
    """Who reads: `zh` or `en`, and whether they are known to be under 18."""

    language: str
    is_young: bool = False


class Saying(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text in both languages, and in simpler words for the young."""

    zh: str
    en: str
    young: Words = {}

    def for_(self, reader: Reader) -> str:
        """The text for this reader."""
        grown = self.zh if reader.language == "zh" else self.en
        return self.young.get(reader.language, grown) if reader.is_young else grown


class WordBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`words.yaml`."""

    says: dict[str, Saying]
    asks: dict[Question, Saying]
    lists: dict[str, list[Words]]


@cache
def built_in_words() -> WordBook:
    """The words that ship with Anlan."""
    text = resources.files(__package__).joinpath("words.yaml").read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), WordBook)


class _Case(NamedTuple):
    """What one answer is written about."""

    known: Known
    scenario: Scenario | None
    reader: Reader

    @property
    def source(self) -> str:
        return f"{self.scenario.id}@{self.scenario.version}" if self.scenario else ""

    def pick(self, words: Words) -> str:
        return words[self.reader.language]


class Composer:
    """Turns what is to be said into parts that a member reads."""

    def __init__(self, scenarios: ScenarioBase, hotlines: Hotlines, words: WordBook | None = None) -> None:
        self._scenarios, self._hotlines = scenarios, hotlines
        self._words = words or built_in_words()
        self._lists: Mapping[str, Callable[[_Case], Part]] = {
            "points": self._points, "alert_signs": self._alert_signs, "do": self._do, "evidence": self._evidence,
            "check": self._check, "honest": self._honest, "lines": self._lines, "crisis_lines": self._crisis_lines,
            "danger_lines": self._danger_lines,
        }

    def compose(self, answer: Answer, known: Known, reader: Reader) -> tuple[Part, ...]:
        """The parts in order, the question last."""
        case = _Case(known, self.scenario_of(known), reader)
        parts = [self._part(word, case) for word in answer.says]
        if answer.asks:
            parts.append(Part("text", f"ask_{answer.asks}", self._question(answer.asks, case)))
        return tuple(parts)

    def say(self, word: str, reader: Reader) -> Part:
        """One text by itself, about no scenario."""
        return Part("text", word, self._words.says[word].for_(reader))

    def scenario_of(self, known: Known) -> Scenario | None:
        """What the talk is about: what was recognised, else what the alert warned of."""
        if known.sureness != "none" and known.scenario in self._scenarios:
            return self._scenarios[known.scenario]
        return self._scenarios.get(known.alert_scenario)

    def _part(self, word: str, case: _Case) -> Part:
        if word in self._lists:
            return self._lists[word](case)
        name = case.known.sureness if word == "verdict" else word
        text = self._words.says[name].for_(case.reader)
        if case.scenario and "{title}" in text:
            text = text.format(title=case.pick(case.scenario.title), summary=case.pick(case.scenario.summary))
            return Part("text", word, text, source=case.source)
        return Part("text", word, text)

    def _question(self, question: Question, case: _Case) -> str:
        if question == "scenario":
            own = case.scenario.asks if case.scenario else ()
            return case.pick(own[0]) if own else self._words.asks["who"].for_(case.reader)
        if question == "honest":
            doubted = self._scenarios.get(case.known.scenario)
            return case.pick(doubted.question) if doubted else self._words.asks["who"].for_(case.reader)
        return self._words.asks[question].for_(case.reader)

    def _list(self, kind: PartKind, word: str, case: _Case, items: Iterable[Item], source: str = "") -> Part:
        return Part(kind, word, self._words.says[word].for_(case.reader), tuple(items), source)

    def _points(self, case: _Case) -> Part:
        signs = {sign.id: sign for sign in (case.scenario.signs if case.scenario else ())}
        items = [
            Item(case.pick(signs[point.sign].says), quote=point.words)
            for point in case.known.points if point.sign in signs
        ]
        return self._list("points", "points", case, items[:MOST_POINTS], case.source)

    def _alert_signs(self, case: _Case) -> Part:
        signs = case.scenario.signs[:MOST_USUAL_SIGNS] if case.scenario else ()
        return self._list("points", "alert_signs", case, [Item(case.pick(sign.says)) for sign in signs], case.source)

    def _do(self, case: _Case) -> Part:
        return self._steps("do", case, case.scenario.do if case.scenario else ())

    def _evidence(self, case: _Case) -> Part:
        return self._steps("evidence", case, case.scenario.evidence if case.scenario else ())

    def _check(self, case: _Case) -> Part:
        """How to check, first for whoever it is said to be."""
        who = case.known.facts.get("who", ())
        special = [words for name, by in CHECKED_BY.items() if by & set(who) for words in self._words.lists[name]]
        return self._steps("check", case._replace(scenario=None), [*special, *self._words.lists["check"]])

    def _honest(self, case: _Case) -> Part:
        weak = self._scenarios.get(case.known.scenario) if case.known.scenario else None
        return self._steps("honest", case._replace(scenario=weak), weak.honest if weak else ())

    def _steps(self, word: str, case: _Case, own: Iterable[Words]) -> Part:
        """The scenario's own steps, else the general ones."""
        chosen = list(own)
        items = [Item(case.pick(words)) for words in (chosen or self._words.lists[word])[:MOST_STEPS]]
        return self._list("steps", word, case, items, case.source if chosen else "")

    def _lines(self, case: _Case) -> Part:
        ids = list(case.scenario.hotlines) if case.scenario else ["fraud", "police"]
        if case.known.paid or case.known.is_code_given:
            ids = ["bank", "police", *ids]
        return self._calls("lines", case, ids)

    def _crisis_lines(self, case: _Case) -> Part:
        return self._calls("crisis_lines", case, ["crisis", "police"])

    def _danger_lines(self, case: _Case) -> Part:
        return self._calls("danger_lines", case, ["police"])

    def _calls(self, word: str, case: _Case, ids: list[str]) -> Part:
        if case.reader.is_young:
            ids.insert(1 if word == "crisis_lines" else 0, "minors")
        return self._list("lines", word, case, [_call(line, case) for line in self._hotlines.pick(ids)])


def _call(line: Hotline, case: _Case) -> Item:
    is_chinese = case.reader.language == "zh"
    purpose, hours = case.pick(line.purpose), case.pick(line.hours)
    says = f"{purpose}（{hours}）" if is_chinese else f"{purpose} ({hours})"
    if line.number:
        return Item(f"{case.pick(line.name)} {line.number}", dial=line.number, note=says)
    where = line.says_number(case.reader.language)
    return Item(case.pick(line.name), note=f"{where}。{says}" if is_chinese else f"{where}. {says}")
