"""Decides what a language model says about a text, as signals that are asked only where cheap conditions leave doubt.

One question answers the whole family. Without an endpoint the family is unknown at once, never clean, and nothing waits
for it: its signals are then inline and have nothing to read.
"""

from collections.abc import Iterable
from functools import cache
from importlib import resources

import msgspec

from anlan.domain.signals import Signal
from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.engine.signals import signal
from anlan.errors import InvalidSettings
from anlan.models.llm.answers import Answer
from anlan.models.llm.judge import LlmJudge
from anlan.models.llm.prompts import Prompt, Rulebook, read_prompt, read_rulebook

_PROMPTS = resources.files(__package__) / "prompts"
_CLAUSES = "clauses.yaml"


@cache
def rulebook() -> Rulebook:
    """The clauses that every prompt is written over."""
    return read_rulebook((_PROMPTS / _CLAUSES).read_text("utf-8"), _CLAUSES)


@cache
def prompts() -> dict[str, Prompt]:
    """Every prompt that ships, by id."""
    files = sorted((file for file in _PROMPTS.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    made = [read_prompt(file.read_text("utf-8"), file.name) for file in files if file.name != _CLAUSES]
    return {prompt.id: prompt for prompt in made}


def find_prompt(prompt_id: str) -> Prompt:
    """The prompt of this id.

    Raises:
        InvalidSettings: there is none.
    """
    if prompt_id not in prompts():
        raise InvalidSettings(f"no prompt is called {prompt_id!r}; choose one of {', '.join(prompts())}")
    return prompts()[prompt_id]


_FRAUD = Answer(
    category="fraud", harm=0.9, clause="fraud.1", quote="先垫付后返本", place=(3, 9),
    scores={"abuse": 0.025, "porn": 0.025, "gambling": 0.025, "fraud": 0.9, "illicit_ad": 0.025},
)
_CLEAN = Answer(category="normal", harm=0.05, scores=dict.fromkeys(_FRAUD.scores, 0.01))
_BROAD = msgspec.structs.replace(_FRAUD, category=None, clause=None, quote=None, place=None)


@signal(
    title={"zh": "大模型辱骂分", "en": "Abuse, as a language model sees it"}, unit="probability", low=0.0, high=1.0,
    cost="deferred", examples=[({"llm_reading": _FRAUD}, 0.025)],
)
def llm_abuse_score(llm_reading: Answer) -> float:
    """How sure the model is that the text breaks a clause on abuse."""
    return llm_reading.scores["abuse"]


@signal(
    title={"zh": "大模型色情分", "en": "Pornography, as a language model sees it"}, unit="probability", low=0.0,
    high=1.0, cost="deferred", examples=[({"llm_reading": _CLEAN}, 0.01)],
)
def llm_porn_score(llm_reading: Answer) -> float:
    """How sure the model is that the text breaks a clause on pornography."""
    return llm_reading.scores["porn"]


@signal(
    title={"zh": "大模型赌博分", "en": "Gambling, as a language model sees it"}, unit="probability", low=0.0, high=1.0,
    cost="deferred", examples=[({"llm_reading": _FRAUD}, 0.025)],
)
def llm_gambling_score(llm_reading: Answer) -> float:
    """How sure the model is that the text breaks a clause on gambling."""
    return llm_reading.scores["gambling"]


@signal(
    title={"zh": "大模型诈骗分", "en": "Fraud, as a language model sees it"}, unit="probability", low=0.0, high=1.0,
    cost="deferred", examples=[({"llm_reading": _FRAUD}, 0.9), ({"llm_reading": _CLEAN}, 0.01)],
)
def llm_fraud_score(llm_reading: Answer) -> float:
    """How sure the model is that the text breaks a clause on fraud."""
    return llm_reading.scores["fraud"]


@signal(
    title={"zh": "大模型违规广告分", "en": "Illicit advertising, as a language model sees it"}, unit="probability",
    low=0.0, high=1.0, cost="deferred", examples=[({"llm_reading": _FRAUD}, 0.025)],
)
def llm_ad_score(llm_reading: Answer) -> float:
    """How sure the model is that the text breaks a clause on illicit advertising."""
    return llm_reading.scores["illicit_ad"]


@signal(
    title={"zh": "大模型有害分", "en": "Harm, as a language model sees it"}, unit="probability", low=0.0, high=1.0,
    cost="deferred", examples=[({"llm_reading": _FRAUD}, 0.9), ({"llm_reading": _CLEAN}, 0.05)],
)
def llm_harm_score(llm_reading: Answer) -> float:
    """How sure the model is that the text breaks any rule, its own ones included."""
    return llm_reading.harm


@signal(
    title={"zh": "大模型判断的类别", "en": "Category, as a language model sees it"}, choices=TEXT_CATEGORIES,
    cost="deferred", examples=[({"llm_reading": _FRAUD}, "fraud"), ({"llm_reading": _BROAD}, None)],
)
def llm_category(llm_reading: Answer) -> str | None:
    """The category it named; unknown when its own category covers several of ours, or none."""
    return llm_reading.category


@signal(
    title={"zh": "大模型指出的条款", "en": "Clause that a language model names"}, cost="deferred",
    choices=tuple(rulebook().by_id()), examples=[({"llm_reading": _FRAUD}, "fraud.1"), ({"llm_reading": _CLEAN}, None)],
)
def llm_clause(llm_reading: Answer) -> str | None:
    """The rule it says is broken (`prompts/clauses.yaml`); unknown for a harmless text."""
    return llm_reading.clause


@signal(
    title={"zh": "大模型引文起点", "en": "Where a language model's evidence begins"}, cost="deferred", low=0,
    examples=[({"llm_reading": _FRAUD}, 3), ({"llm_reading": _CLEAN}, None)],
)
def llm_quote_start(llm_reading: Answer) -> int | None:
    """First character of the quote in the text as written."""
    return None if llm_reading.place is None else llm_reading.place[0]


@signal(
    title={"zh": "大模型引文终点", "en": "Where a language model's evidence ends"}, cost="deferred", low=0,
    examples=[({"llm_reading": _FRAUD}, 9), ({"llm_reading": _CLEAN}, None)],
)
def llm_quote_end(llm_reading: Answer) -> int | None:
    """One past the last character of the quote."""
    return None if llm_reading.place is None else llm_reading.place[1]


_SAID = (
    llm_abuse_score, llm_porn_score, llm_gambling_score, llm_fraud_score, llm_ad_score, llm_harm_score, llm_category,
    llm_clause, llm_quote_start, llm_quote_end,
)


def _no_endpoint(_content_text: str) -> Answer | None:
    return None


def family(judge: LlmJudge | None) -> tuple[Signal, ...]:
    """The signals over this judge; without one they are inline and unknown, so that no policy waits for them."""
    if judge is None:
        nothing = Signal(name="llm_reading", compute=_no_endpoint, type="object", reads=("content_text",))
        return (nothing, *(msgspec.structs.replace(made, cost="inline") for made in _SAID))

    async def ask(content_text: str, text_category: str | None) -> Answer | None:
        return await judge.ask(content_text, text_category)

    asked = Signal(
        name="llm_reading", compute=ask, type="object", cost="deferred", reads=("content_text", "text_category"),
        optional_reads=frozenset({"text_category"}),
    )
    return (asked, *_SAID)


SIGNALS = family(None)
"""What a house without an endpoint has; `bound` puts the asking ones in their place."""


def bound(signals: Iterable[Signal], judge: LlmJudge | None) -> list[Signal]:
    """`signals` with this family asking `judge`."""
    own = {made.name: made for made in family(judge)}
    return [own[made.name] if made in SIGNALS else made for made in signals]


def llm_models(judge: LlmJudge | None) -> dict[str, str]:
    """Name to model and prompt version, for decisions of the second pass."""
    return {"llm": judge.version if judge else "unavailable"}
