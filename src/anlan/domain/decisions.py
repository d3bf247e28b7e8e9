"""What was decided about one event, and why; stored for ever."""

from enum import IntEnum
from typing import Any, Literal

import msgspec

from anlan.domain.actions import Action
from anlan.domain.events import Event
from anlan.domain.facts import Fact, StaffNotice


class Verdict(IntEnum):
    """What the platform is told at once, mildest first; the most severe finding wins."""

    ALLOW = 0
    WARN = 1
    CHALLENGE = 2
    HOLD = 3
    BLOCK = 4

    @property
    def word(self) -> str:
        """The word on the wire and in YAML."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> "Verdict":
        """The verdict written as `word`; KeyError if there is none."""
        return cls[word.upper()]


Fuse = Literal["quota", "jump"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One policy that held for one event (or could not be decided and asks for review).

    Attributes:
        values: the signals that its condition reads, as they were; None is unknown.
        because: the policy's sentence with those values filled in, for reviewers, by language (`zh`, `en`).
        reason: what the member may be told, by language (`zh`, `en`); the policy's own, kept for when it changes.
        is_unknown: the condition was undecided and the policy says `on_unknown: review`.
        fuse: the fuse that turned its actions into a case, if one had blown.
    """

    policy: str
    version: int
    verdict: str
    severity: str
    category: str
    because: dict[str, str]
    values: dict[str, Any]
    actions: tuple[Action, ...] = ()
    is_unknown: bool = False
    fuse: Fuse | None = None
    reason: dict[str, str] = {}


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """All findings of one event resolved into one verdict and a list of actions.

    Attributes:
        id: `<source digest>-<event id digest>.<pass>`; the same event and pass always give the same id.
        pass_number: 1 inline, 2 deferred.
        verdict: the word of the resolved `Verdict`.
        findings: most severe first; the first one explains the verdict.
        shadow: what policies in shadow would have found; changes nothing (law 8).
        actions: de-duplicated, in order of findings.
        pending: live policies that wait for deferred signals.
        shadow_pending: shadow policies that do; the platform is not told.
        signals: every computed signal by name; unknown ones are left out.
        failed: signals that raised, hung, or returned nonsense, with a short reason.
        policy_set: hash of the loaded set.
        models: model name to version for every model that was read.
        took_us: microseconds of evaluation.
        signal_versions: the declared versions above 1, so that a backtest never takes an old meaning for the new one.
    """

    id: str
    pass_number: int
    verdict: str
    findings: tuple[Finding, ...]
    shadow: tuple[Finding, ...]
    actions: tuple[Action, ...]
    pending: tuple[str, ...]
    signals: dict[str, Any]
    failed: dict[str, str]
    policy_set: str
    models: dict[str, str]
    took_us: float
    signal_versions: dict[str, int] = {}
    shadow_pending: tuple[str, ...] = ()


class Judged(msgspec.Struct, frozen=True):
    """An event with the decision that must be committed with it.

    `earlier` is the decision of the first pass, when this is the second; messages tell only what changed.
    `facts` and `notices` are what else the event established.
    """

    event: Event
    decision: Decision
    received_at: float
    earlier: Decision | None = None
    facts: tuple[Fact, ...] = ()
    notices: tuple[StaffNotice, ...] = ()


class Waiting(msgspec.Struct, frozen=True):
    """An event that was decided once and waits for its second pass."""

    seq: int
    event: Event
    first: Decision
    received_at: float


class VerdictFinding(msgspec.Struct, gc=False):
    """A policy that held."""

    policy: str
    category: str
    severity: str


class VerdictAction(msgspec.Struct, gc=False):
    """What the platform is asked to do; it also comes by webhook."""

    kind: str
    target: str
    parameters: dict[str, Any]


class VerdictAnswer(msgspec.Struct, gc=False):
    """The verdict, durable when this is answered; a repeat of the event gets the same.

    Attributes:
        decision: names the decision in GET /v1/decisions.
        verdict: `allow`, `warn`, `challenge`, `hold` or `block`.
        pending: a second look follows, and may send `decision.revised`.
        findings: most severe first.
    """

    decision: str
    verdict: str
    pending: bool
    findings: list[VerdictFinding]
    actions: list[VerdictAction]


def answer(decision: Decision) -> bytes:
    """The verdict as the platform gets it (JSON), small on purpose: the full explanation is one GET away."""
    findings = [VerdictFinding(found.policy, found.category, found.severity) for found in decision.findings]
    actions = [VerdictAction(action.kind, action.target, action.parameters) for action in decision.actions]
    return _encode(VerdictAnswer(decision.id, decision.verdict, bool(decision.pending), findings, actions))


_encode = msgspec.json.Encoder().encode
