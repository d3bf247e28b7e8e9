"""How good a prompt is: labelled texts in, precision, recall, F1, cost, latency and disagreements out.

A text without an answer that counts is wrong for recall and nobody's for precision.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from math import comb
from statistics import quantiles
from typing import NamedTuple

import msgspec

from anlan import clock
from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.errors import InvalidRequest
from anlan.models.llm.failures import LlmFailure
from anlan.models.llm.judge import LlmJudge

NO_ANSWER = "no answer"


class Labelled(msgspec.Struct, frozen=True):
    """A text with the category that people gave it."""

    text: str
    label: str


class Said(NamedTuple):
    """What the model said about one row.

    Attributes:
        category: one of `TEXT_CATEGORIES`, `other` for a harm that is none of ours or several, or `NO_ANSWER`.
        reason: why there is none: `unsure` or the failure's reason.
        seconds: from question to answer.
    """

    category: str
    reason: str | None
    seconds: float


class Score(NamedTuple):
    """One category; shares in [0, 1], 0 where nothing can be divided."""

    support: int
    precision: float
    recall: float
    f1: float


class Bench(NamedTuple):
    """One prompt over one set.

    Attributes:
        said: in order of the rows.
        calls, tokens_in, tokens_out, cost: of the whole run.
        elapsed_s: wall time of the whole run.
    """

    version: str
    rows: tuple[Labelled, ...]
    said: tuple[Said, ...]
    calls: int
    tokens_in: int
    tokens_out: int
    cost: float
    elapsed_s: float

    @property
    def scores(self) -> dict[str, Score]:
        """By category, for those that occur in the labels or the answers."""
        pairs = Counter((row.label, said.category) for row, said in zip(self.rows, self.said, strict=True))
        found = {category: _score(pairs, category) for category in TEXT_CATEGORIES}
        spoken = {said for _, said in pairs}
        return {category: score for category, score in found.items() if score.support or category in spoken}

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the categories that occur in the labels."""
        measured = [score.f1 for score in self.scores.values() if score.support]
        return sum(measured) / len(measured) if measured else 0.0

    @property
    def unanswered(self) -> Counter[str]:
        """How often there was no answer, by reason."""
        return Counter(said.reason for said in self.said if said.reason is not None)

    @property
    def latency_s(self) -> tuple[float, float]:
        """Median and 95th percentile of the rows that were answered; zeros without two of them."""
        times = [said.seconds for said in self.said if said.reason is None]
        if len(times) < 2:
            return (0.0, 0.0)
        cuts = quantiles(times, n=20)
        return (cuts[9], cuts[18])

    def is_right(self, index: int) -> bool:
        """The answer is the label."""
        return self.said[index].category == self.rows[index].label


def _score(pairs: Counter[tuple[str, str]], category: str) -> Score:
    hits = pairs[category, category]
    support = sum(count for (label, _), count in pairs.items() if label == category)
    named = sum(count for (_, said), count in pairs.items() if said == category)
    precision, recall = hits / named if named else 0.0, hits / support if support else 0.0
    return Score(support, precision, recall, 2 * precision * recall / (precision + recall) if hits else 0.0)


def read_labelled(lines: Sequence[bytes], limit: int | None = None) -> tuple[Labelled, ...]:
    """The rows of a JSONL file with `text` and `label`, at most `limit`.

    Raises:
        InvalidRequest: a line that is not such a row, or no line at all; says which.
    """
    rows: list[Labelled] = []
    for number, line in enumerate(lines, 1):
        if limit is not None and len(rows) >= limit:
            break
        if line.strip():
            rows.append(_read_row(line, number))
    if not rows:
        raise InvalidRequest("the file holds no labelled text")
    return tuple(rows)


def _read_row(line: bytes, number: int) -> Labelled:
    try:
        row = msgspec.json.decode(line, type=Labelled)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f'line {number}: not of the form {{"text": ..., "label": ...}} ({error})') from error
    if row.label not in TEXT_CATEGORIES:
        raise InvalidRequest(f"line {number}: the label is none of {', '.join(TEXT_CATEGORIES)}")
    return row


async def measure(
    judge: LlmJudge, rows: tuple[Labelled, ...], at_once: int, on_row: Callable[[], None] = lambda: None
) -> Bench:
    """Ask about every row, `at_once` of them at the same time."""
    began = clock.stopwatch()
    # Turns are taken here: in the judge's own queue the last rows of a long set would run out of time.
    turns = asyncio.Semaphore(at_once)

    async def say(row: Labelled) -> Said:
        async with turns:
            said = await _say(judge, row.text)
        on_row()
        return said

    said = tuple(await asyncio.gather(*(say(row) for row in rows)))
    read = judge.metrics.registry.get_sample_value
    return Bench(
        judge.version, rows, said, int(read("anlan_llm_calls_total") or 0),
        int(read("anlan_llm_tokens_total", {"direction": "in"}) or 0),
        int(read("anlan_llm_tokens_total", {"direction": "out"}) or 0), read("anlan_llm_cost_total") or 0.0,
        clock.stopwatch() - began,
    )


async def _say(judge: LlmJudge, text: str) -> Said:
    began = clock.stopwatch()
    try:
        answer = await judge.ask(text)
    except LlmFailure as failure:
        return Said(NO_ANSWER, failure.reason, clock.stopwatch() - began)
    seconds = clock.stopwatch() - began
    return Said(NO_ANSWER, "unsure", seconds) if answer is None else Said(answer.category or "other", None, seconds)


class Comparison(NamedTuple):
    """Two prompts over the same rows.

    Attributes:
        only_first, only_second: rows that only one of them got right.
        chance: how likely so uneven a split is if neither is better (exact sign test, two-sided), in [0, 1].
    """

    only_first: int
    only_second: int
    chance: float


def compare(first: Bench, second: Bench) -> Comparison:
    """Where they differ, and whether that may be chance."""
    rights = Counter((first.is_right(index), second.is_right(index)) for index in range(len(first.rows)))
    one, other = rights[True, False], rights[False, True]
    count = one + other
    tail = sum(comb(count, least) for least in range(min(one, other) + 1)) / 2**count
    return Comparison(one, other, min(1.0, 2 * tail))
