"""Decides whose acts count to which sign-in, and reads how likely a thief is behind them.

Only what begins doubtfully is watched: a sign-in on a device that the account did not know, one that the door found
risky, or a session that is suddenly used elsewhere. What the owner does on a known device teaches the account's habit
and is never held against them.
"""

import math
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from anlan.domain.event_data import (
    AccountLogin,
    BindingChanged,
    Data,
    FriendshipChanged,
    GroupChanged,
    MessageSent,
    PasswordChanged,
    PaymentInitiated,
    SessionChanged,
    VerificationCompleted,
)
from anlan.domain.events import Event
from anlan.domain.signals import Signal
from anlan.engine.generations import Generations
from anlan.engine.signals import part_of, signal
from anlan.protections.accounts import takeover
from anlan.protections.accounts.habits import EMPTY, contact_digest, is_due, learn, unpack
from anlan.protections.accounts.sessions import EVENTS
from anlan.protections.accounts.takeover import Doings, Evidence, log_odds, remember, unlikeness, weigh

WATCHED_S = 3 * 86_400.0
HABIT_KEPT_S = 30 * 86_400.0
MOST_WATCHED = 4
"""Doubtful beginnings of one account that are watched at once; the oldest gives way."""
_FORMAT = 1

NEW_DEVICE = -4.6
"""Log-odds of a thief behind a sign-in on a new device that the door let through, when the door gave no risk."""
_RISKIEST, _LEAST_RISKY = -1.5, NEW_DEVICE
"""However usual a new device looks, thieves who know their victim look so too."""
_KNOWN_DEVICE_RISK, _LEAST_RISKY_KNOWN = 0.05, -6.0
DORMANT_HOURS = 90 * 24.0
_DORMANT = 1.0
MOVED = -7.0
"""Log-odds of a thief in a session before it is known what changed about it."""
MOVED_BY = {"network": 0.5, "country": 2.5, "agent": 4.5, "device": 5.0}
_MOVED_FURTHER = 1.5
_PROVED = {"passkey": -5.0, "totp": -2.0, "recovery_code": -2.0, "sms_code": -1.4, "email_code": -1.4}
"""Nats that a proof takes off: codes are told to phishers. Of targeted attacks, 24 % got past SMS codes (Doerfler et
al., "Evaluating Login Challenges as a Defense Against Account Takeover", WWW 2019)."""
_LIKELY_FRAUD = 0.7
_LONG_CHARS = 400
_LOG_LENGTHS = [math.log1p(length) for length in range(_LONG_CHARS + 1)]

ASKS = ("move_transfer_requested", "move_code_requested", "move_app_or_screen_share_requested", "move_account_lending")
_READS = (
    "device_is_new", "account_idle_hours", "login_risk", "session_change", "session_changes", "text_fraud_score",
    "text_length", "text_marks_share", "text_digits_share", "text_language", "text_template", "text_urls",
    "text_has_contact", "payer_payee_last_payment_s", *ASKS,
)


class Seen(NamedTuple):
    """What other signals say of an event, in the order of `_READS`; None is unknown."""

    device_is_new: bool | None = None
    idle_hours: float | None = None
    login_risk: float | None = None
    change: str | None = None
    changes: int | None = None
    fraud_score: float | None = None
    length: int | None = None
    marks: float | None = None
    digits: float | None = None
    language: str | None = None
    template: str | None = None
    urls: int | None = None
    has_contact: bool | None = None
    last_payment_s: float | None = None
    asks_transfer: bool | None = None
    asks_code: bool | None = None
    asks_app: bool | None = None
    asks_account: bool | None = None

    @property
    def asks(self) -> bool:
        """Whether the message asks for something that thieves ask for."""
        likely = self.fraud_score is not None and self.fraud_score >= _LIKELY_FRAUD
        return bool(likely or self.asks_transfer or self.asks_code or self.asks_app or self.asks_account)

    @property
    def has_bait(self) -> bool:
        """Whether there is something in it to follow."""
        return bool(self.asks or self.urls or self.has_contact)

    @property
    def traits(self) -> tuple[float, ...] | None:
        """How it is written, as `habits` keeps it; None without a text."""
        return _traits(self.length, self.marks, self.digits, self.language)


_CHANGE, _LENGTH, _MARKS_SHARE, _DIGITS_SHARE, _LANGUAGE = (
    _READS.index(name)
    for name in ("session_change", "text_length", "text_marks_share", "text_digits_share", "text_language")
)
"""Where they stand in what a message of nobody doubtful needs; it does not need the rest of `Seen`."""


def _traits(
    length: int | None, marks: float | None, digits: float | None, language: str | None
) -> tuple[float, float, float, float] | None:
    if not length:
        return None
    return _LOG_LENGTHS[min(length, _LONG_CHARS)], marks or 0.0, digits or 0.0, 1.0 if language == "zh" else 0.0


class Watched(msgspec.Struct, array_like=True, gc=False):
    """A doubtful beginning and what followed it.

    Attributes:
        origin: `sign_in` or `session`.
        session, device: whose acts count; empty when unknown.
        change: how the session differs from its beginning, where that is the doubt.
        odds: log-odds of a thief before anything was done.
        is_proved: whether the owner was proved in it.
    """

    since: float
    origin: str
    session: str
    device: str
    change: str
    odds: float
    done: Doings
    is_proved: bool = False


class Reading(NamedTuple):
    """How likely a thief acts, and what of it people are told, where anything is watched; see the signals."""

    score: float = 0.0
    origin: str | None = None
    strongest: str | None = None
    contacts: int | None = None
    asked: int | None = None
    repeats: int | None = None
    lockout: float | None = None
    stripping: float | None = None
    paying: float | None = None
    habit: float | None = None


QUIET = Reading()


class AfterLogin:
    """What is watched in all accounts, and their habits.

    Args:
        max_keys: how many accounts are remembered at most.
    """

    name = "after_login"

    def __init__(self, max_keys: int) -> None:
        self._watched = Generations(WATCHED_S, max_keys)
        self._habits = Generations(HABIT_KEPT_S, max_keys)
        self.signals = (
            text_marks_share,
            Signal(
                name="after_login", compute=self.count, type="object", counts=True, applies_to=EVENTS,
                reads=("event", *_READS), optional_reads=frozenset(_READS),
            ),
            *_PARTS,
        )

    def count(self, event: Event, *signals: Any) -> Reading:
        """Take an event into account; what it adds up to with those before it."""
        data: Any = event.data
        account, change = getattr(data, event.type.actor), signals[_CHANGE]
        if data.__class__ is AccountLogin:
            return self._sign_in(account, event, data, Seen(*signals))
        if change is not None and change != "none":
            watched: Watched | None = self._moved(account, event, Seen(*signals))
        else:
            watched = self._matching(account, data, event.time)
        if watched is not None:
            self._add(watched, account, event, Seen(*signals))
            return _read(watched)
        if data.__class__ is MessageSent:
            self._learn(account, event.time, data, signals)
        return QUIET

    def observe(self, event: Event, signals: Mapping[str, Any]) -> None:
        """Count an event of the journal; see `Accumulator`."""
        if event.type.name in EVENTS:
            self.count(event, *(signals.get(name) for name in _READS))

    def score_of(self, account: str, session: str | None, device: str | None, time: float) -> float:
        """See `domain.trust.TakeoverMemory`."""
        found = [
            one for one in self._watched.get(account) or ()
            if time - one.since <= WATCHED_S and ((session and one.session == session) or
                                                  (device and one.device == device))
        ]
        return max((weigh(one.odds, one.done).score for one in found), default=0.0)

    def _sign_in(self, account: str, event: Event, data: AccountLogin, seen: Seen) -> Reading:
        """Of an account that never signed in before, nobody can be the thief yet."""
        if data.result != "success" or seen.idle_hours is None:
            return QUIET
        odds = _odds_of_sign_in(seen)
        if odds is None:
            known = self._matching(account, data, event.time)
            return _read(known) if known else QUIET
        watched = Watched(event.time, "sign_in", data.session or "", data.device or "", "", odds, Doings())
        self._watch(account, watched, event.time)
        return _read(watched)

    def _moved(self, account: str, event: Event, seen: Seen) -> Watched:
        """The watch over a session as it is used now, begun if need be."""
        data: Any = event.data
        odds = MOVED + MOVED_BY[seen.change or "network"] + _MOVED_FURTHER * ((seen.changes or 1) - 1)
        kept: Sequence[Watched] = self._watched.get(account) or ()
        for one in kept:
            if one.session == data.session and 0 <= event.time - one.since <= WATCHED_S:
                # Only some events tell the browser; what one of them showed holds for the others from there.
                if one.origin == "session" and odds > one.odds and not one.is_proved:
                    one.odds, one.change = odds, seen.change or one.change
                return one
        device = (data.device or "") if seen.change == "device" else ""
        watched = Watched(event.time, "session", data.session, device, seen.change or "", odds, Doings())
        self._watch(account, watched, event.time)
        return watched

    def _watch(self, account: str, watched: Watched, time: float) -> None:
        kept = [one for one in self._watched.get(account) or () if time - one.since <= WATCHED_S]
        self._watched.put(account, [*kept, watched][-MOST_WATCHED:], time)

    def _matching(self, account: str, data: Any, time: float) -> Watched | None:
        """The watch that an act in an unchanged session belongs to, the latest first."""
        kept: list[Watched] | None = self._watched.get(account)
        if kept is None:
            return None
        is_unnamed = not data.session and not data.device
        for one in reversed(kept):
            # Messages tell no browser: in a session that changed its browser, they may be the thief's.
            is_doubtful = one.origin == "sign_in" or one.change == "agent"
            is_named = is_doubtful and data.session and one.session == data.session
            is_on_it = data.device and one.device == data.device
            is_only = is_unnamed and one.origin == "sign_in"
            if (is_named or is_on_it or is_only) and 0 <= time - one.since <= WATCHED_S:
                return one
        return None

    def _add(self, watched: Watched, account: str, event: Event, seen: Seen) -> None:
        done, data = watched.done, event.data
        if not done.hour and data.__class__ is not VerificationCompleted:
            done.hour = unpack(self._habits.get(account) or EMPTY).unusualness(event.time)
        match data:
            case MessageSent():
                self._add_message(done, account, event.time, data, seen)
            case VerificationCompleted():
                _add_proof(watched, data)
            case _:
                _ADDERS.get(data.__class__, _ignore)(done, data, seen)

    def _add_message(self, done: Doings, account: str, time: float, data: MessageSent, seen: Seen) -> None:
        habit = unpack(self._habits.get(account) or EMPTY)
        contact = contact_digest(data.recipient or data.group or "")
        is_familiar, asks = contact in habit.contacts, seen.asks
        is_repeat = seen.template is not None and _is_repeat(done, seen.template, contact)
        is_new = remember(done.contacts, contact, takeover.MOST_CONTACTS)
        is_rush = is_new and 0 <= time - done.written_at <= takeover.RUSH_S
        done.written_at = time
        done.rush += is_rush
        done.repeats += is_repeat
        done.baited += is_repeat and seen.has_bait
        done.familiar += is_familiar and not (seen.has_bait or is_repeat or is_rush)
        if asks:
            remember(done.asked, contact, takeover.MOST_CONTACTS)
        traits = seen.traits
        if traits is not None and habit.is_settled:
            done.style += unlikeness(traits, habit.means, habit.variances)

    def _learn(self, account: str, time: float, data: MessageSent, signals: tuple[Any, ...]) -> None:
        packed = self._habits.get(account) or EMPTY
        if not is_due(packed, time):
            return
        to = data.recipient or data.group
        traits = _traits(signals[_LENGTH], signals[_MARKS_SHARE], signals[_DIGITS_SHARE], signals[_LANGUAGE])
        self._habits.put(account, learn(packed, time, traits, contact_digest(to) if to else 0), time)

    def __len__(self) -> int:
        """How many accounts are watched or known."""
        return len(self._watched) + len(self._habits)

    def snapshot(self) -> bytes:
        """Everything that `restore` needs, as msgpack."""
        return msgspec.msgpack.encode((_MEANING, self._watched.dump(), self._habits.dump()))

    def restore(self, blob: bytes) -> bool:
        """Continue from a snapshot; False (and nothing changes) if it is of another format."""
        try:
            meaning, watched, habits = msgspec.msgpack.decode(blob, type=tuple[list[Any], Any, Any])
        except (msgspec.MsgspecError, ValueError):
            return False
        if meaning != _MEANING:
            return False
        self._watched.load(watched, lambda kept: msgspec.convert(kept, list[Watched]))
        self._habits.load(habits)
        return True

    def clear(self) -> None:
        """Forget everything."""
        self._watched.clear()
        self._habits.clear()


_MEANING = [_FORMAT, *Watched.__struct_fields__, *Doings.__struct_fields__, len(EMPTY)]


def _odds_of_sign_in(seen: Seen) -> float | None:
    """Log-odds of a thief; None when there is nothing to watch."""
    risk = seen.login_risk
    if seen.device_is_new is False:
        return None if risk is None or risk < _KNOWN_DEVICE_RISK else log_odds(risk, _LEAST_RISKY_KNOWN, NEW_DEVICE)
    dormant = _DORMANT if (seen.idle_hours or 0.0) >= DORMANT_HOURS else 0.0
    return (NEW_DEVICE if risk is None else log_odds(risk, _LEAST_RISKY, _RISKIEST)) + dormant


def _is_repeat(done: Doings, template: str, contact: int) -> bool:
    """Whether another contact got this text already, and this one did not."""
    text = zlib.crc32(template.encode())
    is_known = not remember(done.templates, text, takeover.MOST_TEMPLATES)
    return remember(done.told, text ^ contact, takeover.MOST_CONTACTS) and is_known


def _add_proof(watched: Watched, data: VerificationCompleted) -> None:
    """Whoever proves to be the owner begins anew; whoever fails at it is the more doubtful."""
    if data.result == "failed":
        watched.done.failed_proofs += 1
    elif nats := _PROVED.get(data.method):
        watched.odds, watched.done, watched.is_proved = watched.odds + nats, Doings(), True


def _add_binding(done: Doings, data: BindingChanged, _: Seen) -> None:
    name = data.binding if data.change != "added" else f"{data.binding}.added"
    done.bindings[name] = done.bindings.get(name, 0) + 1


def _add_password(done: Doings, data: PasswordChanged, _: Seen) -> None:
    done.passwords += data.way != "recovery"


def _add_session(done: Doings, data: SessionChanged, _: Seen) -> None:
    done.others_ended += data.change == "others_ended"


def _add_friendship(done: Doings, data: FriendshipChanged, _: Seen) -> None:
    done.unfriended += data.change == "removed"


def _add_group(done: Doings, data: GroupChanged, _: Seen) -> None:
    done.transferred += data.change == "transferred"


def _add_payment(done: Doings, data: PaymentInitiated, seen: Seen) -> None:
    if seen.last_payment_s is None:
        done.payees += 1
        done.largest_minor = max(done.largest_minor, data.amount_minor)


def _ignore(_done: Doings, _data: Data, _seen: Seen) -> None:
    """Types that show nothing of a thief."""


_ADDERS: Mapping[type, Any] = {
    BindingChanged: _add_binding, PasswordChanged: _add_password, SessionChanged: _add_session,
    FriendshipChanged: _add_friendship, GroupChanged: _add_group, PaymentInitiated: _add_payment,
}


def _read(watched: Watched) -> Reading:
    done = watched.done
    found: Evidence = weigh(watched.odds, done)
    origin = "new_device" if watched.origin == "sign_in" else f"other_{watched.change}"
    return Reading(
        found.score, origin, found.strongest, len(done.contacts), len(done.asked), done.repeats, found.lockout,
        found.stripping, found.paying, found.habit,
    )


_MARKS = re.compile(r"[\w\s]+")


@signal(
    title={"zh": "标点与表情占比", "en": "Share of punctuation and emoji"}, unit="share", low=0.0, high=1.0,
    examples=[({"text": "好的！！"}, 0.5), ({"text": "fine"}, 0.0), ({"text": ""}, None)],
)
def text_marks_share(text: str) -> float | None:
    """Characters that are no letters, digits or spaces, of all; unknown for an empty text."""
    return len(_MARKS.sub("", text)) / len(text) if text else None


_THIEF = Reading(0.97, "new_device", "asking", 6, 5, 3, 2.0, 2.5, 1.5, 0.5)


def _part(attribute: str, name: str, zh: str, en: str, **more: Any) -> Signal:
    example = getattr(_THIEF, attribute)
    return part_of(
        "after_login", attribute, name, "text" if isinstance(example, str) else "number", {"zh": zh, "en": en},
        examples=(({"after_login": _THIEF}, example), ({"after_login": QUIET}, getattr(QUIET, attribute))), **more,
    )


_PARTS: tuple[Signal, ...] = (
    _part("score", "takeover_score", "账号被盗用的概率", "probability that a thief acts in this account's name",
          unit="probability", low=0.0, high=1.0),
    _part("origin", "takeover_origin", "疑点从何开始", "what the doubt began with",
          choices=("new_device", *(f"other_{name}" for name in MOVED_BY))),
    _part("strongest", "takeover_strongest", "最强的盗号迹象", "strongest evidence of a thief",
          choices=("none", *takeover.KINDS)),
    _part("contacts", "takeover_contacts", "此后联系的人数", "people written to since", low=0.0),
    _part("asked", "takeover_asked", "此后索要钱款、验证码等的人数", "people asked for money or codes since", low=0.0),
    _part("repeats", "takeover_repeats", "此后群发的相同消息数", "equal messages to further people since", low=0.0),
    _part("lockout", "takeover_lockout", "把原主挡在外面的迹象", "evidence of locking the owner out",
          unit="nats", low=0.0),
    _part("stripping", "takeover_stripping", "转走群、删好友的迹象", "evidence of giving groups away",
          unit="nats", low=0.0),
    _part("paying", "takeover_paying", "向新收款方付款的迹象", "evidence of payments to new payees",
          unit="nats", low=0.0),
    _part("habit", "takeover_habit", "与平时习惯的差异", "evidence against or for the owner's habit", unit="nats"),
)
