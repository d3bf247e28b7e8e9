"""Decides how far a dialogue has gone towards fraud, from the moves and scores of its last messages, never their text.

Only messages that show something are remembered: a dialogue in which nobody tries anything leaves no trace here.
"""

import math
from bisect import insort
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar

import msgspec

from anlan.domain.event_data import MessageSent, PaymentInitiated
from anlan.domain.events import Event
from anlan.domain.signals import Signal
from anlan.engine.generations import Generations
from anlan.engine.signals import part_of
from anlan.protections.dialogue.moves import MoveBook, built_in_moves
from anlan.protections.dialogue.signals import MovesSeen

OVER_S = 7 * 86_400.0
LATENESS_S = 86_400.0
"""How far behind the newest event of its key a message may come and still find what stood before it."""
MAX_MESSAGES = 50
TOP = 3
QUIET_BELOW = 0.2
"""A message without moves and with a lower fraud score is not remembered; in a mean of the highest, it counts as 0."""

PRIOR = -4.0
"""Log-odds of fraud for a dialogue in which nothing was shown."""
SCORE_EVIDENCE = 3.0
"""What a mean of the highest fraud scores of 1 adds to the log-odds."""
ASK_AGAIN_EVIDENCE = 0.7
MOST_ASKS_AGAIN = 2
"""What each further message that asks for something adds, and how many of them count."""

_STAGES = {"trust": 1, "bait": 2, "ask": 3}
_PRESSURE = 4
_FORMAT = 1


class Said(NamedTuple):
    """One remembered message.

    Attributes:
        time: event time.
        mask: its moves, a bit each.
        score: fraud score; None is unknown.
        to: the recipient's account; empty in a group.
    """

    time: float
    mask: int
    score: float | None
    to: str

    @property
    def is_quiet(self) -> bool:
        """Whether it shows nothing worth remembering."""
        return not self.mask and not self.score


class Met(NamedTuple):
    """What a message made of the dialogue it belongs to, remembered for its recipient."""

    time: float
    fraud_score: float
    stage: int

    @property
    def is_quiet(self) -> bool:
        """Only what shows something is met."""
        return False


Entry = TypeVar("Entry", Said, Met)


class Reading(NamedTuple):
    """One dialogue (or none, in a group) as of one message; see the signals for what the numbers mean."""

    moves: int | None = None
    stage: int | None = None
    fraud_score: float | None = None
    sender_top: float | None = None
    sender_asked: int = 0


_CONTACT_SCORE = 1.0 / (1.0 + math.exp(-PRIOR))
_UNHEARD = {
    (True, True): Reading(0, 0, _CONTACT_SCORE, 0.0),
    (True, False): Reading(0, 0, _CONTACT_SCORE),
    (False, True): Reading(sender_top=0.0),
    (False, False): Reading(),
}
"""A quiet message of somebody of whom nothing is remembered, by (has one recipient, its score is known)."""


class Evidence:
    """What moves and scores say together, under one book of moves."""

    def __init__(self, book: MoveBook) -> None:
        self._moves = [(1 << place, move.evidence, move.stage) for place, move in enumerate(book.moves)]
        self.asking = sum(bit for bit, _, stage in self._moves if stage == "ask")

    def fraud_score(self, mask: int, asks: int, top: float) -> float:
        """Probability in [0, 1] after `asks` messages that ask; moves count as independent evidence."""
        odds = PRIOR + SCORE_EVIDENCE * top + sum(evidence for bit, evidence, _ in self._moves if mask & bit)
        odds += ASK_AGAIN_EVIDENCE * max(0, min(asks - 1, MOST_ASKS_AGAIN))
        return 1.0 / (1.0 + math.exp(-odds))

    def stage(self, mask: int) -> int:
        """0 contact, 1 trust, 2 bait, 3 ask, 4 an ask under pressure."""
        shown = {stage for bit, _, stage in self._moves if mask & bit}
        reached = max((_STAGES.get(stage, 0) for stage in shown), default=0)
        return _PRESSURE if "pressure" in shown and reached == _STAGES["ask"] else reached


class Dialogues:
    """The remembered messages of each dialogue (sender to recipient), each sender, and each recipient.

    Args:
        max_keys: how many of each are remembered at most.
    """

    name = "dialogue_window"

    def __init__(self, max_keys: int, book: MoveBook | None = None) -> None:
        book = book or built_in_moves()
        self._evidence = Evidence(book)
        self._bits = {f"move_{move.name}": 1 << place for place, move in enumerate(book.moves)}
        # What was remembered in another shape must be remembered anew, not misread.
        shape = (_FORMAT, Said._fields, Met._fields, *self._bits)
        self._meaning = blake2b(repr(shape).encode(), digest_size=12).hexdigest()
        self._pairs, self._senders, self._recipients = (Generations(OVER_S + LATENESS_S, max_keys) for _ in range(3))
        self.signals = (
            Signal(
                name="dialogue", compute=self.count, type="object", counts=True, applies_to=("message.sent",),
                reads=("event", "text_moves_seen", "text_fraud_score"), optional_reads=frozenset({"text_fraud_score"}),
            ),
            Signal(
                name="payer_dialogues", compute=self.worst, type="object", reads=("event",),
                applies_to=("payment.initiated",),
            ),
            *_PARTS,
        )

    def count(self, event: Event, seen: MovesSeen, score: float | None) -> Reading:
        """Remember a message and read its dialogue as of its time, itself included."""
        return self._count(event, _said(event, seen.mask, score))

    def observe(self, event: Event, signals: Mapping[str, Any]) -> None:
        """Count a message of the journal; see `Accumulator`."""
        if isinstance(event.data, MessageSent) and "text_moves" in signals:
            mask = sum(bit for name, bit in self._bits.items() if signals.get(name))
            self._count(event, _said(event, mask, signals.get("text_fraud_score")))

    def worst(self, event: Event) -> Met:
        """The dialogue that came closest to fraud of those in which somebody wrote to the payer."""
        data: PaymentInitiated = event.data  # type: ignore[assignment]
        met = _within(self._recipients.get(data.payer) or (), event.time)
        return max(met, key=lambda one: one.fraud_score, default=Met(event.time, 0.0, 0))

    def _count(self, event: Event, said: Said) -> Reading:
        data: MessageSent = event.data  # type: ignore[assignment]
        if said.is_quiet and self._senders.get(data.sender) is None:
            return _UNHEARD[bool(said.to), said.score is not None]
        sent = _add(self._senders, data.sender, said)
        top, asked = _top_mean(sent), len({one.to for one in sent if one.to and one.mask & self._evidence.asking})
        if data.recipient is None:
            return Reading(sender_top=top, sender_asked=asked)
        messages = _add(self._pairs, f"{len(data.sender)}:{data.sender}{data.recipient}", said)
        reading = self._judge(messages)._replace(sender_top=top, sender_asked=asked)
        if not said.is_quiet:
            met = Met(said.time, reading.fraud_score or 0.0, reading.stage or 0)
            _add(self._recipients, data.recipient, met)
        return reading

    def _judge(self, messages: Sequence[Said]) -> Reading:
        mask = 0
        for said in messages:
            mask |= said.mask
        asks = sum(said.mask & self._evidence.asking != 0 for said in messages)
        fraud_score = self._evidence.fraud_score(mask, asks, _top_mean(messages) or 0.0)
        return Reading(mask.bit_count(), self._evidence.stage(mask), fraud_score)

    def __len__(self) -> int:
        """How many dialogues, senders and recipients are remembered."""
        return len(self._pairs) + len(self._senders) + len(self._recipients)

    def snapshot(self) -> bytes:
        """Everything that `restore` needs, as msgpack."""
        return msgspec.msgpack.encode((self._meaning, [states.dump() for states in self._states]))

    def restore(self, blob: bytes) -> bool:
        """Continue from a snapshot; False (and nothing changes) if it is of other moves or another format."""
        try:
            meaning, dumps = msgspec.msgpack.decode(blob)
        except (msgspec.DecodeError, ValueError, TypeError):
            return False
        if meaning != self._meaning:
            return False
        kinds: tuple[type[Said] | type[Met], ...] = (Said, Said, Met)
        for states, kind, dump in zip(self._states, kinds, dumps, strict=True):
            (current, previous), *rest = dump
            states.load(((_revived(current, kind), _revived(previous, kind)), *rest))
        return True

    def clear(self) -> None:
        """Forget everything."""
        for states in self._states:
            states.clear()

    @property
    def _states(self) -> tuple[Generations, ...]:
        return self._pairs, self._senders, self._recipients


def _said(event: Event, mask: int, score: float | None) -> Said:
    data: MessageSent = event.data  # type: ignore[assignment]
    return Said(event.time, mask, 0.0 if score is not None and score < QUIET_BELOW else score, data.recipient or "")


def _add(states: Generations, key: str, entry: Entry) -> tuple[Entry, ...]:
    """Remember an entry that shows something; returns the key's entries as of its time, the entry last."""
    kept: tuple[Entry, ...] = states.get(key) or ()
    before: tuple[Entry, ...] = _within(kept, entry.time) if kept else ()
    if not entry.is_quiet:
        states.put(key, _with(kept, entry), entry.time)
    return (*before, entry)  # type: ignore[arg-type]  # mypy loses the type variable


def _with(kept: tuple[Entry, ...], entry: Entry) -> tuple[Entry, ...]:
    """The newest entries, in order of time."""
    entries = list(kept)
    insort(entries, entry, key=lambda one: one.time)
    oldest = entries[-1].time - OVER_S - LATENESS_S
    return tuple(one for one in entries[-MAX_MESSAGES:] if one.time > oldest)


def _within(kept: tuple[Entry, ...], time: float) -> tuple[Entry, ...]:
    return tuple(entry for entry in kept if time - OVER_S < entry.time <= time)


def _top_mean(messages: Sequence[Said]) -> float | None:
    """Mean of the highest known scores, fewer than `TOP` filled up with 0; None if none is known."""
    scores = sorted((said.score for said in messages if said.score is not None), reverse=True)
    return sum(scores[:TOP]) / TOP if scores else None


def _revived(states: Mapping[str, Any], kind: type[Said] | type[Met]) -> dict[str, Any]:
    return {key: tuple(kind(*entry) for entry in entries) for key, entries in states.items()}


_TALK = Reading(moves=3, stage=4, fraud_score=0.9, sender_top=0.5)
_IN_GROUP = Reading(sender_top=0.5)
_PAYER = Met(0.0, 0.9, 4)

_PARTS: tuple[Signal, ...] = (
    part_of(
        "dialogue", "moves", "dialogue_moves_7d", "number",
        {"zh": "7天内对同一人用过的诈骗话术种数", "en": "Different moves of fraud on this recipient in 7 days"},
        low=0.0, examples=(({"dialogue": _TALK}, 3), ({"dialogue": _IN_GROUP}, None)),
    ),
    part_of(
        "dialogue", "stage", "dialogue_stage", "number",
        {"zh": "阶段：0接触 1信任 2诱饵 3索取 4施压", "en": "Stage: 0 contact, 1 trust, 2 bait, 3 ask, 4 push"},
        low=0.0, high=4.0, examples=(({"dialogue": _TALK}, 4), ({"dialogue": _IN_GROUP}, None)),
    ),
    part_of(
        "dialogue", "fraud_score", "dialogue_fraud_score", "number",
        {"zh": "对话诈骗分", "en": "Fraud score of the dialogue"}, unit="probability", low=0.0, high=1.0,
        examples=(({"dialogue": _TALK}, 0.9), ({"dialogue": _IN_GROUP}, None)),
    ),
    part_of(
        "dialogue", "sender_top", "sender_fraud_top3_7d", "number",
        {"zh": "发送者7天内最高三条诈骗分均值", "en": "Mean of the sender's three highest fraud scores in 7 days"},
        low=0.0, high=1.0, examples=(({"dialogue": _TALK}, 0.5), ({"dialogue": Reading()}, None)),
    ),
    part_of(
        "dialogue", "sender_asked", "sender_asked_recipients_7d", "number",
        {"zh": "发送者7天内索取过的不同对象数", "en": "Different recipients the sender asked for something in 7 days"},
        low=0.0, examples=(({"dialogue": Reading(sender_asked=4)}, 4), ({"dialogue": _IN_GROUP}, 0)),
    ),
    part_of(
        "payer_dialogues", "fraud_score", "payer_dialogue_fraud_score_7d", "number",
        {"zh": "付款人7天内所遇对话的最高诈骗分", "en": "Highest fraud score of a dialogue with the payer in 7 days"},
        unit="probability", low=0.0, high=1.0, examples=(({"payer_dialogues": _PAYER}, 0.9),),
    ),
    part_of(
        "payer_dialogues", "stage", "payer_dialogue_stage_7d", "number",
        {"zh": "该对话的诈骗阶段", "en": "Stage of that dialogue"}, low=0.0, high=4.0,
        examples=(({"payer_dialogues": _PAYER}, 4),),
    ),
)
