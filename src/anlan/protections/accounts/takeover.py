"""Decides how likely it is that whoever acts since a sign-in is a thief: a sum of log-likelihood ratios, each of which
can be told to people.

What thieves do with accounts is taken from Bursztein et al., "Handcrafted fraud and extortion: manual account hijacking
in the wild" (IMC 2014): within minutes they write to many contacts, ask for money, and lock the owner out by new phone
numbers, mail addresses and passwords. The weights are nats, set by hand from that and from what owners also do (a new
phone, greetings at New Year, travel), so that no single habit of owners convicts.
"""

import math
from collections.abc import Sequence

import msgspec

MOST_CONTACTS = 32
MOST_TEMPLATES = 16


class Doings(msgspec.Struct, array_like=True, gc=False):
    """What was done since a sign-in, in numbers; contacts and texts are digests.

    Attributes:
        contacts: to whom something was written, the first `MOST_CONTACTS`.
        asked: of whom money, a code or an app was asked.
        templates: texts that were sent; `told` has them with the contact who got them.
        rush: contacts written to for the first time within `RUSH_S` of the message before, which was at `written_at`.
        repeats: messages with a text that another contact got already.
        baited: those of them with a link, a contact handle or a request.
        familiar: messages without any of that to people whom the account writes to anyway.
        bindings: how often each way in changed, by its name.
        passwords: changes of the password from within.
        others_ended: times that all other sessions were thrown out.
        unfriended, transferred: friends removed, groups given away.
        payees: new payees paid.
        largest_minor: the largest payment to them.
        failed_proofs: challenges failed.
        style: how unlike the account's habit the messages were written, summed, in nats.
        hour: the same for the hour of day of the first act.
    """

    contacts: list[int] = []
    asked: list[int] = []
    templates: list[int] = []
    told: list[int] = []
    rush: int = 0
    written_at: float = 0.0
    repeats: int = 0
    baited: int = 0
    familiar: int = 0
    bindings: dict[str, int] = {}
    passwords: int = 0
    others_ended: int = 0
    unfriended: int = 0
    transferred: int = 0
    payees: int = 0
    largest_minor: int = 0
    failed_proofs: int = 0
    style: float = 0.0
    hour: float = 0.0


class Evidence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What speaks for a thief, in nats; negative speaks for the owner."""

    start: float = 0.0
    spread: float = 0.0
    asking: float = 0.0
    lockout: float = 0.0
    stripping: float = 0.0
    paying: float = 0.0
    habit: float = 0.0

    @property
    def score(self) -> float:
        """Probability of a thief in [0, 1]."""
        odds = self.start + sum(getattr(self, kind) for kind in KINDS)
        return 1.0 / (1.0 + math.exp(-odds))

    @property
    def strongest(self) -> str:
        """The kind, of `KINDS`, that speaks most for a thief; `none` when none does."""
        kind = max(KINDS, key=lambda one: float(getattr(self, one)))
        return kind if getattr(self, kind) > 0 else "none"


KINDS = ("asking", "spread", "lockout", "stripping", "paying", "habit")
"""What is done, beside what it began with."""
ASKED = (0.0, 1.5, 3.0, 4.5)
"""For nobody, one, two, and three or more people who were asked for something."""
_LOCK_FIRST, _LOCK_MORE, _LOCK_ADDED = 2.0, 1.0, 0.7
_LARGE_MINOR = 100_000
RUSH_S = 60.0
_GREETING = 5.4


def weigh(start: float, done: Doings) -> Evidence:
    """All that was done, by kind.

    Args:
        start: log-odds of a thief when it began.
    """
    return Evidence(
        start=start,
        spread=_spread(done),
        asking=ASKED[min(len(done.asked), len(ASKED) - 1)],
        lockout=_lockout(done),
        stripping=_steps(done.transferred, 2.5, 1.0, 4.0) + _steps(done.unfriended - 2, 0.5, 0.5, 2.0),
        paying=_steps(done.payees, 1.5, 0.7, 3.0) + (0.5 if done.largest_minor >= _LARGE_MINOR else 0.0),
        habit=_habit(done),
    )


def _steps(times: int, first: float, more: float, most: float) -> float:
    return min(first + more * (times - 1), most) if times > 0 else 0.0


def _spread(done: Doings) -> float:
    """Who writes to one contact after the other, waiting for no answer, is challenged at most: owners greet like that
    too, if seldom from a device that is new. With bait in it, it is no greeting."""
    greeting = _steps(done.rush - 1, 0.9, 0.9, _GREETING) + _steps(done.repeats, 0.5, 0.5, 2.0)
    return min(greeting, _GREETING) + _steps(done.baited, 1.0, 1.0, 3.0)


def _lockout(done: Doings) -> float:
    """A new number and a new password are what owners of a new phone do; all of it at once is what thieves do."""
    replaced = sum(1 for name in done.bindings if not name.endswith(".added"))
    added = len(done.bindings) - replaced
    found = _steps(replaced, _LOCK_FIRST, _LOCK_MORE, 4.0) + _LOCK_ADDED * min(added, 2)
    found += 1.5 * (done.passwords > 0) + 1.8 * (done.others_ended > 0) + 0.8 * min(done.failed_proofs, 2)
    return min(found, 5.5)


def _habit(done: Doings) -> float:
    return max(-2.0, min(done.style, 2.5)) + done.hour - min(0.3 * done.familiar, 1.5)


def remember(known: list[int], one: int, most: int) -> bool:
    """Whether `one` is new among at most `most`; it is remembered then."""
    if one in known:
        return False
    if len(known) < most:
        known.append(one)
    return True


def log_odds(probability: float, low: float, high: float) -> float:
    """Nats of a probability, between `low` and `high`."""
    if probability <= 0.0 or probability >= 1.0:
        return low if probability <= 0.0 else high
    return max(low, min(math.log(probability / (1.0 - probability)), high))


STYLE_LEAST, STYLE_MOST = -0.5, 0.8
"""What one message says at most, so that no single odd one convicts."""


def unlikeness(seen: Sequence[float], means: Sequence[float], variances: Sequence[float]) -> float:
    """How unlike the account's habit one message is written, in nats: what writers at large would make likelier.

    Args:
        seen, means, variances: one number for each trait; at large each has the spread `_AT_LARGE`.
    """
    found = 0.0
    for value, mean, variance, (usual, spread) in zip(seen, means, variances, _AT_LARGE, strict=True):
        own = max(variance, 0.01)
        found += ((value - mean) ** 2 / own - (value - usual) ** 2 / spread + math.log(own / spread)) / 2
    return max(STYLE_LEAST, min(found / len(seen), STYLE_MOST))


_AT_LARGE = ((2.5, 0.8), (0.08, 0.02), (0.04, 0.02), (0.7, 0.2))
"""Mean and variance over writers: log of the length, share of marks, share of digits, share of Chinese messages."""
