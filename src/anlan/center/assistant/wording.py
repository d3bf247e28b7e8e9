"""Lets a language model say the head of an answer in better words: line by line, each checked before it is shown.

What is said was decided before. A line that fails the check, comes out of turn or never comes is said in our words.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter

from anlan.center.assistant.checking import Fault, LineCheck, built_in_wording, scenario_texts
from anlan.domain.consultation_turns import Grounds, Part, head_of
from anlan.domain.ports import ChatModel
from anlan.errors import Unavailable

REWORDED = frozenset(("verdict", "comfort", "noted", "cheated", "glad", "thanks", "not_understood"))
"""What a model may word. Despair, danger, secrets, lost money and every "no sign" are said in our words alone."""
NEVER_BESIDE = frozenset(("crisis", "danger", "keep_codes"))
"""Answers with one of these do not go to a model at all."""
MOST_QUOTED_CHARS = 1_000
LINE_S = 3.0
"""A member who waits for a line longer than this gets ours."""

_LINE = re.compile(r"P(\d{1,2})\s*\[([A-Z0-9, ]*)\]\s*(.+)")


class _Told(NamedTuple):
    """What a model is given: the lines to word, and everything that they may rest upon."""

    data: Mapping[str, object]
    ids: frozenset[str]


class ModelWording:
    """Words answers by a model that only ever sees the case's facts, one scenario and the member's words as a quote.

    Attributes:
        registry: of the one metric, lines by what came of them.
    """

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.registry = CollectorRegistry()
        self._lines = Counter(
            "anlan_assistant_lines", "Lines of answers put to a model: shown, or why ours were kept", ["outcome"],
            registry=self.registry,
        )

    async def word(self, grounds: Grounds) -> AsyncIterator[str]:
        """The head of the answer line by line; nothing when no line was put to the model."""
        head = head_of(grounds.draft)
        if not may_be_reworded(grounds, head):
            return
        said = self._checked_lines(grounds, head)
        async with aclosing(said):
            for place, part in enumerate(head):
                text = part.text
                if part.name in REWORDED:
                    text = await anext(said)
                yield text if place == 0 else f"\n{text}"

    async def _checked_lines(self, grounds: Grounds, head: Sequence[Part]) -> AsyncGenerator[str, None]:
        """For each part to word, in order, the model's line or ours."""
        told = _told(grounds, head)
        check = LineCheck(grounds)
        lines = self._lines_of(grounds, told)
        held: _Line | None = None
        async with aclosing(lines):
            for place, part in enumerate(_to_word(head), 1):
                while held is None or held.place < place:
                    if (held := await anext(lines, None)) is None:
                        break
                fault: Fault | None = "form"
                if held is not None and held.place == place:
                    fault = "citation" if not told.ids.issuperset(held.cites) else check.fault(part, held.text)
                self._lines.labels(fault or "shown").inc()
                yield held.text if held is not None and fault is None else part.text

    async def _lines_of(self, grounds: Grounds, told: _Told) -> AsyncGenerator["_Line", None]:
        """Whole lines of the model's form; ends early when the model fails or is slow."""
        book = built_in_wording()
        hedge = book.hedge(grounds.known.sureness, grounds.language)
        deadline = asyncio.get_running_loop().time() + LINE_S
        text: str | None = ""
        held = ""
        try:
            async with aclosing(self._model.stream(book.instructions.replace("{hedge}", hedge), told.data)) as pieces:
                while text is not None:
                    async with asyncio.timeout_at(deadline):
                        text = await anext(pieces, None)
                    *whole, held = (held + (text if text is not None else "\n")).split("\n")
                    for line in filter(None, map(_read_line, whole)):
                        yield line
                        deadline = asyncio.get_running_loop().time() + LINE_S
        except (Unavailable, TimeoutError) as error:
            self._lines.labels("slow" if isinstance(error, TimeoutError) else "unavailable").inc()


class _Line(NamedTuple):
    place: int
    cites: frozenset[str]
    text: str


def _read_line(line: str) -> _Line | None:
    found = _LINE.fullmatch(line.strip())
    cites = frozenset(found[2].replace(",", " ").split()) if found else frozenset()
    return _Line(int(found[1]), cites, found[3].strip()) if found and cites else None


def may_be_reworded(grounds: Grounds, head: Sequence[Part]) -> bool:
    """Whether a model may see this talk: nobody young, nobody desperate, nothing that must be said as it is."""
    names = {part.name for part in grounds.draft}
    is_fragile = grounds.is_young or grounds.known.was_desperate
    return not is_fragile and not names & NEVER_BESIDE and bool(_to_word(head))


def _to_word(head: Sequence[Part]) -> list[Part]:
    return [part for part in head if part.name in REWORDED]


def _told(grounds: Grounds, head: Sequence[Part]) -> _Told:
    lines = [
        {"id": f"P{place}", "text": part.text, "verdict": part.name == "verdict"}
        for place, part in enumerate(_to_word(head), 1)
    ]
    facts = {f"F{place}": fact for place, fact in enumerate(_facts(grounds), 1)}
    scenario = scenario_texts(grounds.scenario, grounds.language) if grounds.scenario else {}
    last = next((turn.words for turn in reversed(grounds.turns) if turn.by == "member"), "")
    data = {
        "language": grounds.language, "lines": lines, "facts": facts, "scenario": scenario,
        "quoted": last[:MOST_QUOTED_CHARS],
    }
    return _Told(data, frozenset((*facts, *scenario, *(f"P{place}" for place in range(1, len(lines) + 1)))))


def _facts(grounds: Grounds) -> list[str]:
    """What is known, in words of ours."""
    known = grounds.known
    paid = {True: "money is gone", False: "no money is gone", None: "nobody said whether money is gone"}[known.paid]
    return [paid, *(f"{name}: {', '.join(values)}" for name, values in known.facts.items())]
