"""Whether many people are saying nearly the same: the deferred signal, because it reads a day of the journal."""

from anlan.domain.events import Event
from anlan.domain.ports import Recollection
from anlan.domain.signals import Signal
from anlan.engine.signals import signal

DAY_S = 86_400.0
MIN_CHARS = 12
"""Shorter texts are alike by chance: greetings, thanks, laughter."""


@signal(
    title={"zh": "一天内发送近似内容的账号数", "en": "accounts that sent nearly the same text in a day"},
    cost="deferred", low=0, applies_to=("message.sent",),
)
async def text_copy_senders_1d(content_text: str, journal: Recollection, event: Event) -> float | None:
    if len(content_text) < MIN_CHARS:
        return None
    return await journal.near_copy_senders(content_text, event.time - DAY_S, event.time)


SIGNALS: tuple[Signal, ...] = (text_copy_senders_1d,)
