"""Whether many people write to a group what is not allowed: deferred, because it reads a day of the journal."""

from anlan.domain.event_data import MessageSent
from anlan.domain.events import Event
from anlan.domain.ports import Recollection
from anlan.domain.signals import Signal
from anlan.engine.signals import signal

DAY_S = 86_400.0


@signal(
    title={
        "zh": "一天内在该群发出未获放行内容的账号数",
        "en": "accounts that wrote to this group, in a day, what was not simply allowed",
    },
    cost="deferred", low=0, applies_to=("message.sent",),
)
async def group_flagged_senders_1d(journal: Recollection, event: Event) -> float | None:
    if not isinstance(event.data, MessageSent) or event.data.group is None:
        return None
    return await journal.flagged_senders(event.data.group, event.time - DAY_S, event.time)


SIGNALS: tuple[Signal, ...] = (group_flagged_senders_1d,)
