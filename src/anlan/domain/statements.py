"""A sanction as a statement of reasons, in the fields and words of the DSA transparency database (articles 17, 24)."""

from typing import Any, Literal

import msgspec

Automation = Literal["AUTOMATED_DECISION_FULLY", "AUTOMATED_DECISION_PARTIALLY", "AUTOMATED_DECISION_NOT_AUTOMATED"]
AUTOMATIONS = ("AUTOMATED_DECISION_FULLY", "AUTOMATED_DECISION_PARTIALLY", "AUTOMATED_DECISION_NOT_AUTOMATED")
GROUNDS = ("DECISION_GROUND_INCOMPATIBLE_CONTENT", "DECISION_GROUND_ILLEGAL_CONTENT")
SOURCES = ("SOURCE_VOLUNTARY", "SOURCE_TYPE_OTHER_NOTIFICATION")
RESTRICTIONS = ("decision_visibility", "decision_monetary", "decision_provision", "decision_account")

RESTRICTION_BY_KIND: dict[str, tuple[str, str]] = {
    "remove_content": ("decision_visibility", "DECISION_VISIBILITY_CONTENT_REMOVED"),
    "limit_feature": ("decision_provision", "DECISION_PROVISION_PARTIAL_SUSPENSION"),
    "mute": ("decision_provision", "DECISION_PROVISION_PARTIAL_SUSPENSION"),
    "freeze": ("decision_provision", "DECISION_PROVISION_PARTIAL_SUSPENSION"),
    "suspend": ("decision_account", "DECISION_ACCOUNT_SUSPENDED"),
    "close_group": ("decision_provision", "DECISION_PROVISION_PARTIAL_TERMINATION"),
    "ban": ("decision_account", "DECISION_ACCOUNT_TERMINATED"),
}
"""A notice or a warning restricts nothing, so no statement is owed."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement of reasons; it names nobody.

    Attributes:
        seq: its place in the order of making, from 1.
        puid: unique for ever; the sanction's id.
        decision_ground: `DECISION_GROUND_INCOMPATIBLE_CONTENT` (the community's rules) or `..._ILLEGAL_CONTENT`.
        incompatible_content_ground, incompatible_content_explanation: the rule, and how it was broken.
        category: of the DSA transparency database.
        decision_facts: what was found and weighed, without names, words of members, signals or thresholds.
        source_type: `SOURCE_VOLUNTARY`, or `SOURCE_TYPE_OTHER_NOTIFICATION` when somebody reported it.
        automated_detection: `Yes` when a machine found it.
        territorial_scope: country codes; empty for wherever the platform is.
        application_date: epoch seconds, from when it holds.
        end_date: epoch seconds; null for without end.
        redress: ways to object.
        reversed_at: when it was taken back; null while it stands.
    """

    seq: int
    puid: str
    decision_visibility: str | None = None
    decision_monetary: str | None = None
    decision_provision: str | None = None
    decision_account: str | None = None
    decision_ground: str
    incompatible_content_ground: str
    incompatible_content_explanation: str
    content_type: tuple[str, ...]
    category: str
    decision_facts: str
    source_type: str
    automated_detection: Literal["Yes", "No"]
    automated_decision: Automation
    territorial_scope: tuple[str, ...]
    application_date: float
    end_date: float | None
    redress: tuple[str, ...]
    reversed_at: float | None = None


REDRESS = ("internal complaint", "out-of-court dispute settlement", "judicial redress")


def restriction_of(kind: str) -> dict[str, Any]:
    """The restriction field of a kind of sanction with its word; empty for one that restricts nothing."""
    field, word = RESTRICTION_BY_KIND.get(kind, ("", ""))
    return {field: word} if field else {}
