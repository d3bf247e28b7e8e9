"""What is known of one kind of fraud: its signs and stages, what to say to whom it befalls, and what they can do.

Scenarios are data with an owner and a version (`protections/fraud/scenarios/*.yaml`); an operator's own stand beside
them. Everything that a member reads is in both languages.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple, get_args

import msgspec

Words = dict[str, str]
"""The same in each language: `zh` and `en`."""

Strength = Literal["hint", "banner", "stop"]
"""How strongly a member is warned: a line beside the message, a banner over it, a full stop with a question."""
STRENGTHS: tuple[Strength, ...] = get_args(Strength)

Harm = Literal["impersonation", "money", "goods", "romance", "threat", "account", "device"]
HARMS: tuple[Harm, ...] = get_args(Harm)


class Sign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that gives the fraud away.

    Attributes:
        says: the sign as a member is told it: what they did or asked for, and why that is telling.
        moves: names of dialogue moves that show it.
        cues: words that show it, as `protections/dialogue/moves.yaml` writes cues.
        weight: what it adds to the log-odds of this scenario.
    """

    id: str
    says: Words
    moves: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()
    weight: float = 1.0


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One stage of the script, in its usual order: what happens, and what is typically said."""

    title: Words
    said: tuple[str, ...]


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of fraud.

    Attributes:
        id: one word, as policies name it.
        version: raised with every change of what members read; stored with every alert.
        owner: the team that answers for it.
        title, summary: what it is called, and what happens in one or two sentences.
        signs, stages: how it is known, and how it goes on.
        say: what the member is told at each strength, in at most two sentences.
        also: other words for the same, tried on half of those who are warned; not every strength has them.
        question: what a full stop asks, so that the member thinks for themselves; answerable by yes or no.
        do: what to do now, most urgent first.
        evidence: what to keep.
        hotlines: ids of the operator's hotlines that help here (`fraud`, `police`, `bank`, ...).
        honest: how an honest deal of this kind looks; the assistant asks about it before it is sure.
        asks: what the assistant must know to tell one from the other.
        examples: messages of such frauds, for retrieval; made up or from sources whose licence allows it.
    """

    id: str
    version: int
    owner: str
    harm: Harm
    title: Words
    summary: Words
    signs: tuple[Sign, ...]
    stages: tuple[Step, ...]
    say: dict[Strength, Words]
    also: dict[Strength, Words] = {}
    question: Words
    do: tuple[Words, ...]
    evidence: tuple[Words, ...]
    hotlines: tuple[str, ...]
    honest: tuple[Words, ...]
    asks: tuple[Words, ...] = ()
    examples: tuple[str, ...] = ()


Speaker = Literal["them", "me", "unknown"]
"""Who says something in a talk that a member shows: the other side, the member, or one cannot tell."""


class Quote(msgspec.Struct, frozen=True):
    """Words of a text that show a sign; [start, end) are places in that text as it was written.

    Attributes:
        text: which of the texts, from 0.
    """

    sign: str
    words: str
    text: int
    start: int
    end: int


class Recognised(msgspec.Struct, frozen=True):
    """How well what was said fits a scenario.

    Attributes:
        probability: 0 to 1, calibrated on development data; the rest is "something else, or nothing".
        quotes: what speaks for it, in order of the text.
    """

    scenario: str
    probability: float
    quotes: tuple[Quote, ...]


class Understood(NamedTuple):
    """What a talk is.

    Attributes:
        frauds: those that it may be, most probable first.
        is_off_topic: whether it is about something else altogether: no fraud, and no deal that might be one.
    """

    frauds: list[Recognised]
    is_off_topic: bool


class ScenarioBase(Mapping[str, Scenario]):
    """Every scenario by id, in order of declaration."""

    def __init__(self, scenarios: Iterable[Scenario]) -> None:
        self._by_id = {scenario.id: scenario for scenario in scenarios}

    def __getitem__(self, scenario_id: str) -> Scenario:
        return self._by_id[scenario_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)
