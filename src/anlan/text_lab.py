"""Decides what staff are shown who try a text: how it reads, what made its scores, what the policies in force would do.

Nothing here counts, stores or sends: texts are judged on a second workshop that forgets each of them at once.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import msgspec

from anlan import clock
from anlan.domain.decisions import Decision
from anlan.domain.events import MAX_TEXT_CHARS
from anlan.domain.facts import Fact
from anlan.domain.model_cards import ModelCard
from anlan.domain.text_evidence import MoveSeen, TextExplained
from anlan.engine.fuses import Fuses
from anlan.engine.lists import Lists
from anlan.engine.policies import PolicySet
from anlan.engine.profiles import tie, wanted
from anlan.protections.content.explaining import explain_text
from anlan.protections.content.model_card import text_model_card
from anlan.protections.content.shelf import LexiconShelf
from anlan.protections.content.signals import shipped_model
from anlan.protections.content.tracing import trace
from anlan.protections.dialogue.signals import see_moves
from anlan.settings import Settings
from anlan.workshop import Workshop, build_workshop

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
    """

    def __init__(self, settings: Settings, lexicon: LexiconShelf) -> None:
        # A language model costs money and keeps what it answered, so nothing is asked of it here.
        self._settings = settings.model_copy(update={"llm_url": ""})
        self._lexicon = lexicon
        self._lock = threading.Lock()
        self._made: Workshop | None = None

    def explain(self, text: str, *, with_nearest: bool = True) -> TextExplained:
        """What made the scores of `text`; about 0.1 s, a second more at the first call."""
        explained, reading = explain_text(text, self._lexicon.lexicon, shipped_model(), with_nearest=with_nearest)
        traced = trace(text)
        moves = tuple(
            MoveSeen(shown.move.name, shown.move.title, shown.move.stage,
                     tuple(traced.span("tight", *place) for place in shown.spans))
            for shown in see_moves(reading).shown
        )
        return msgspec.structs.replace(explained, moves=moves)

    def card(self) -> ModelCard:
        """The papers of the text model."""
        return text_model_card()

    def judge(self, text: str, policies: PolicySet, lists: Lists) -> tuple[Tried, ...]:
        """What `policies` would decide about a message with `text`, by sender; nothing if no message can be so long."""
        if len(text) > MAX_TEXT_CHARS:
            return ()
        with self._lock:
            workshop = self._workshop()
            if workshop.engine.policies.hash != policies.hash:
                workshop.engine.swap(policies)
            workshop.engine.lists = lists
            workshop.lexicon.lexicon = self._lexicon.lexicon
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
