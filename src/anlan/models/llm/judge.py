"""Asks a model about one text: from the cache, once for all who ask the same, within budget, time and turn."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from anlan import clock
from anlan.models.llm.answers import Answer
from anlan.models.llm.breaker import Breaker
from anlan.models.llm.budget import Budget
from anlan.models.llm.cache import Cache
from anlan.models.llm.endpoint import Endpoint
from anlan.models.llm.failures import LlmFailure, NoAnswer, VoidAnswer
from anlan.models.llm.metrics import LlmMetrics
from anlan.models.llm.presets import Body, Preset
from anlan.models.llm.replies import Reply
from anlan.models.llm.text import Shown, fingerprint, locate, show

WHOLE_S = 25.0
"""The second look gives up on a signal after 30 s and counts it as hung; a question must end before."""
CHARS_PER_TOKEN = 2
"""For servers that do not count: about one token for two characters, more for English, fewer for Chinese."""


class Terms(NamedTuple):
    """What the operator allows.

    Attributes:
        timeout_s: for one attempt.
        whole_s: for one question from start to end, waiting for a turn and tries again included.
        at_once: questions on their way at the same time.
        calls_per_h, tokens_per_h: the budget.
        price_in, price_out: money for a million tokens read and written.
        cache_entries, cache_s: how many answers are remembered, and how long.
    """

    timeout_s: float = 10.0
    whole_s: float = WHOLE_S
    at_once: int = 4
    calls_per_h: int = 1_000
    tokens_per_h: int = 2_000_000
    price_in: float = 0.0
    price_out: float = 0.0
    cache_entries: int = 10_000
    cache_s: float = 86_400.0


class Verdict(NamedTuple):
    """What is remembered of a question: an answer, that the model was not sure (None), or why it does not count."""

    answer: Answer | None
    void: VoidAnswer | None = None


class LlmJudge:
    """One model asked in one way. Belongs to one event loop from its first question on.

    Attributes:
        version: model and prompt, as decisions name them.
    """

    def __init__(
        self, url: str, model: str, api_key: str, preset: Preset, terms: Terms = Terms(),  # noqa: B008 - immutable
        now: Callable[[], float] = clock.stopwatch, first_wait_s: float = 0.5,
    ) -> None:
        self.version = f"{model} {preset.version}"
        self.breaker = Breaker(now=now)
        self.budget = Budget(terms.calls_per_h, terms.tokens_per_h, now)
        self.metrics = LlmMetrics(lambda: self.breaker.state)
        self._preset = preset
        self._terms = terms
        self._endpoint = Endpoint(
            url, model, api_key, timeout_s=terms.timeout_s, breaker=self.breaker, take_call=self._take_call,
            first_wait_s=first_wait_s,
        )
        self._cache: Cache[Verdict] = Cache(terms.cache_entries, terms.cache_s, now)
        self._asking: dict[str, asyncio.Task[Verdict]] = {}
        self._turns = asyncio.Semaphore(terms.at_once)

    async def ask(self, text: str, heads_category: str | None = None) -> Answer | None:
        """What the model says about `text`; None when there is nothing to read or the model is not sure.

        Args:
            heads_category: what the text heads said, for the metrics of agreement.

        Raises:
            LlmFailure: there is no answer that may count.
        """
        shown = show(text)
        if shown.is_blank:
            return None
        key = hashlib.blake2b(f"{self.version}\x00{fingerprint(shown)}".encode(), digest_size=16).hexdigest()
        known = self._cache.get(key)
        if known is None:
            known = await self._ask_together(key, shown)
        else:
            self.metrics.asks.labels("cached").inc()
        if known.void is not None:
            raise known.void
        if known.answer is None:
            return None
        self.metrics.note_agreement(known.answer.category, heads_category)
        # Texts that share an answer may differ in blanks and in what nobody sees.
        return msgspec.structs.replace(known.answer, place=locate(known.answer.quote or "", text))

    async def close(self) -> None:
        """Give the connections back."""
        for task in self._asking.values():
            task.cancel()
        await self._endpoint.close()

    async def _ask_together(self, key: str, shown: Shown) -> Verdict:
        """A wave of copies is one question; who stops waiting does not stop it for the others."""
        if (task := self._asking.get(key)) is None:
            task = self._asking[key] = asyncio.create_task(self._ask_model(shown))
            task.add_done_callback(lambda done: self._settle(key, done))
        return await asyncio.shield(task)

    def _settle(self, key: str, done: "asyncio.Task[Verdict]") -> None:
        del self._asking[key]
        if not done.cancelled() and done.exception() is None:
            self._cache.put(key, done.result())

    async def _ask_model(self, shown: Shown) -> Verdict:
        began = clock.stopwatch()
        try:
            verdict = await self._judge(shown)
        except LlmFailure as failure:
            self.metrics.asks.labels(failure.reason).inc()
            raise
        self.metrics.seconds.observe(clock.stopwatch() - began)
        outcome = verdict.void.reason if verdict.void else "answered" if verdict.answer else "unsure"
        self.metrics.asks.labels(outcome).inc()
        return verdict

    async def _judge(self, shown: Shown) -> Verdict:
        try:
            async with asyncio.timeout(self._terms.whole_s), self._turns:
                replies = [await self._complete(body) for body in self._preset.bodies(shown)]
        except TimeoutError as error:
            raise NoAnswer("busy", f"no turn and answer within {self._terms.whole_s:g} s") from error
        try:
            return Verdict(self._preset.read(replies, shown))
        except VoidAnswer as void:
            return Verdict(None, void)

    def _take_call(self) -> None:
        self.budget.take_call()
        self.metrics.calls.inc()

    async def _complete(self, body: Body) -> Reply:
        reply = await self._endpoint.complete(body)
        if reply.usage is not None:
            read, written = reply.usage.prompt_tokens, reply.usage.completion_tokens
        else:
            read = sum(len(message["content"]) for message in body["messages"]) // CHARS_PER_TOKEN
            written = sum(len(choice.message.content or "") for choice in reply.choices) // CHARS_PER_TOKEN
        self.budget.add_tokens(read + written)
        self.metrics.tokens.labels("in").inc(max(0, read))
        self.metrics.tokens.labels("out").inc(max(0, written))
        self.metrics.cost.inc(max(0.0, (read * self._terms.price_in + written * self._terms.price_out) / 1e6))
        return reply
