"""A text model in shadow: scores a share of the texts once more, after their verdicts, and changes nothing (law 8)."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from anlan.clock import stopwatch
from anlan.domain.decisions import Judged
from anlan.domain.keys import event_key
from anlan.domain.text_scores import TEXT_MODEL, Compared, Seen, scores_of
from anlan.engine.pipeline import content_text

log = structlog.get_logger(__name__)

AT_ONCE = 8
MAX_WAITING = 1_000
IDLE_S = 0.5
_KEYS = 2**32
"""How many ends a key may have; its beginning stands for the source."""


class ShadowScorer(Protocol):
    """The model in shadow, whichever it is now."""

    @property
    def shadow_version(self) -> str: ...

    @property
    def shadow_share(self) -> float: ...

    def score_in_shadow(self, texts: Sequence[str]) -> tuple[str, list[tuple[float, ...]]]:
        """Its version and its scores, text by text; an empty version when there is none."""
        ...


class ShadowModel:
    """Takes note of judged events at once, scores them later in small batches, runs until cancelled.

    Half of the time it rests, so that it never takes more than half a core; where texts come faster than that, the
    oldest that wait are left out.

    Attributes:
        left_out: how many texts were, since the start.
    """

    def __init__(self, scorer: ShadowScorer, keep: Callable[[str, str, Sequence[Compared]], None]) -> None:
        self._scorer = scorer
        self._keep = keep
        self._waiting: deque[Seen] = deque(maxlen=MAX_WAITING)
        self.left_out = 0

    def note(self, judged: Judged) -> None:
        """Remember an event if it is one of the share; costs nothing while no model is in shadow."""
        if not self._scorer.shadow_version or judged.earlier is not None:
            return
        decision, event = judged.decision, judged.event
        key = event_key(event.source, event.id)
        if int(key[-8:], 16) >= self._scorer.shadow_share * _KEYS:
            return
        scores, text = scores_of(decision.signals), content_text(event)
        if scores is not None and text:
            self.left_out += len(self._waiting) == MAX_WAITING
            model = decision.models.get(TEXT_MODEL, "")
            self._waiting.append(Seen(key, text, event.time, event.type.name, event.source, scores, model))

    async def run(self) -> None:
        """Score what waits for ever."""
        while True:
            began = stopwatch()
            done = await self.run_once()
            await asyncio.sleep(stopwatch() - began if done else IDLE_S)

    async def run_once(self) -> int:
        """Score the next few; how many those were. What fails is recorded and left out."""
        batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
        if batch:
            try:
                await asyncio.to_thread(self._score, batch)
            except Exception as error:  # the worker loop's edge
                log.warning("shadow_model_failed", reason=type(error).__name__, count=len(batch))
        return len(batch)

    def _score(self, batch: Sequence[Seen]) -> None:
        version, scores = self._scorer.score_in_shadow([one.text for one in batch])
        beside = {one.model for one in batch}
        for model in beside if version else ():
            self._keep(version, model, [
                Compared(one.key, one.time, one.type, one.source, one.scores, new)
                for one, new in zip(batch, scores, strict=True) if one.model == model
            ])
