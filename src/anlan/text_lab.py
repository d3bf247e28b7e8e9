"""Decides what staff are shown who try a text: how it reads, what made its scores, what the policies in force would do.

Nothing here counts, stores or sends: texts are judged on a second workshop that forgets each of them at once.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from anlan import clock
from anlan.domain.decisions import Decision
from anlan.domain.event_data import MAX_TEXT_CHARS
from anlan.domain.facts import Fact
from anlan.domain.model_cards import ModelCard
from anlan.domain.text_evidence import MoveSeen, TextExplained
from anlan.engine.fuses import Fuses
from anlan.engine.lists import Lists
from anlan.engine.policies import PolicySet
from anlan.engine.profiles import tie, wanted
from anlan.errors import Unavailable
from anlan.protections.content.explaining import explain_text
from anlan.protections.content.model_card import card_in_force
from anlan.protections.content.model_shelf import ModelShelf
from anlan.protections.content.shelf import LexiconShelf
from anlan.protections.content.tracing import trace
from anlan.protections.dialogue.signals import see_moves
from anlan.settings import Settings
from anlan.workshop import Workshop, build_workshop

AT_ONCE = 2
WAIT_S = 5.0
DAY_S = 86_400.0
_SENDER, _RECIPIENT = "text-lab.sender", "text-lab.recipient"


class Sender(NamedTuple):
    """Who a text is tried as."""

    name: str
    age_days: float
    is_contact: bool


SENDERS = (
    Sender("contact", 365.0, is_contact=True),
    Sender("stranger", 365.0, is_contact=False),
    Sender("newcomer", 1.0, is_contact=False),
)
"""It is the first message of each in a long time; nobody is on a list."""


class Tried(NamedTuple):
    """What would be decided at once about a text from one sender."""

    sender: Sender
    decision: Decision


class TextLab:
    """Explains and tries texts; safe to use from several threads.

    Args:
        lexicon: the shelf that messages are looked up in.
        models: the shelf with the model that scores them.
    """

    def __init__(self, settings: Settings, lexicon: LexiconShelf, models: ModelShelf) -> None:
        # A language model costs money and keeps what it answered, so nothing is asked of it here.
        self._settings = settings.model_copy(update={"llm_url": ""})
        self._lexicon, self._models = lexicon, models
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._made: Workshop | None = None

    def explain(self, text: str, *, with_nearest: bool = True) -> TextExplained:
        """What made the scores of `text`; about 0.1 s, a second more at the first call.

        Raises:
            Unavailable: `AT_ONCE` others were being explained all the time; verdicts keep their share of the machine.
        """
        with self._one_slot():
            explained, reading = explain_text(
                text, self._lexicon.lexicon, self._models.model, with_nearest=with_nearest
            )
            traced = trace(text)
        moves = tuple(
            MoveSeen(shown.move.name, shown.move.title, shown.move.stage,
                     tuple(traced.span("tight", *place) for place in shown.spans))
            for shown in see_moves(reading).shown
        )
        return msgspec.structs.replace(explained, moves=moves)

    @contextmanager
    def _one_slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=WAIT_S):
            raise Unavailable(
                "too many texts are being explained at once; ask again in a moment", retry_after_s=WAIT_S,
                zh="同时解释的文本太多，请稍后再试",
            )
        try:
            yield
        finally:
            self._slots.release()

    def card(self) -> ModelCard:
        """The papers of the text model in force."""
        return card_in_force(self._settings.candidates_dir, self._models.version)

    def judge(self, text: str, policies: PolicySet, lists: Lists) -> tuple[Tried, ...]:
        """What `policies` would decide about a message with `text`, by sender; nothing if no message can be so long."""
        if len(text) > MAX_TEXT_CHARS:
            return ()
        with self._lock:
            workshop = self._workshop()
            if workshop.engine.policies.hash != policies.hash:
                workshop.engine.swap(policies)
            workshop.engine.lists = lists
            workshop.lexicon.lexicon, workshop.models.model = self._lexicon.lexicon, self._models.model
            return tuple(Tried(sender, _judge(workshop, text, sender)) for sender in SENDERS)

    def _workshop(self) -> Workshop:
        if self._made is None:
            # Never made in the main thread: there it would take over the timer of the one that judges events.
            with ThreadPoolExecutor(1) as elsewhere:
                self._made = elsewhere.submit(build_workshop, self._settings).result()
        return self._made


def _judge(workshop: Workshop, text: str, sender: Sender) -> Decision:
    """Judge one message as if nothing had been before."""
    engine = workshop.engine
    engine.fuses = Fuses()
    engine.profiles.clear()
    for counter in workshop.counters.by_name.values():
        counter.clear()
    for accumulator in workshop.accumulators.values():
        accumulator.clear()
    now = clock.now()
    event = workshop.catalogue.decode(_message(text), now)
    engine.profiles.load(wanted(event), _facts(sender, now))
    return engine.judge(event, now).decision


def _message(text: str) -> bytes:
    return msgspec.json.encode({
        "specversion": "1.0", "id": "text", "source": "text-lab", "type": "message.sent",
        "data": {"sender": _SENDER, "recipient": _RECIPIENT, "text": text},
    })


def _facts(sender: Sender, now: float) -> list[Fact]:
    account, other, since = f"account:{_SENDER}", f"account:{_RECIPIENT}", now - sender.age_days * DAY_S
    known = [Fact(account, "registered_at", since, since)]
    if sender.is_contact:
        known += [Fact(tie(a, b), "friends_since", since, since) for a, b in ((account, other), (other, account))]
    return known
