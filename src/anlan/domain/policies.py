"""A policy as data: a SQL condition over signals plus what follows when it holds."""

from typing import Any, Literal

import msgspec

State = Literal["draft", "shadow", "live", "retired"]
Severity = Literal["info", "low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "low", "medium", "high", "critical")

VERDICT_WORDS = ("allow", "warn", "challenge", "hold", "block")


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Signal values under which the policy must hit, or must not."""

    given: dict[str, Any]
    hits: bool


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one policy.

    Attributes:
        id: `<protection>.<what it says>`.
        on: event types it is asked about.
        when: SQL boolean expression over the signals of those types.
        because: {"zh", "en"}, sentences for reviewers; may only name signals that `when` reads, in `str.format` form.
        reason: {"zh", "en"}: what the member is told. Never names a signal or a threshold.
        verdict: what `then` says to the platform at once.
        actions: (kind, parameters) in order.
        on_unknown: what an undecided condition means.
        quota: (number of enforcement findings, per seconds) before the fuse blows; None for no enforcement.
    """

    id: str
    on: tuple[str, ...]
    when: str
    because: dict[str, str]
    reason: dict[str, str]
    category: str
    severity: Severity = "medium"
    verdict: str = "allow"
    actions: tuple[tuple[str, dict[str, Any]], ...] = ()
    on_unknown: Literal["skip", "review"] = "skip"
    quota: tuple[int, float] | None = None
    state: State = "draft"
    version: int = 1
    owner: str = ""
    examples: tuple[Example, ...] = ()
    source: str = ""
