"""The ladder: every kind of punishment, whom it can touch, what it lifts with and whether it may be without end."""

from typing import Literal, get_args

import msgspec

SanctionState = Literal["scheduled", "ordered", "in_force", "refused", "ended", "lifting", "reversed"]
"""`ordered` and `lifting` wait for the platform's word; `ended` ran out, `reversed` was taken back."""
SANCTION_STATES: tuple[SanctionState, ...] = get_args(SanctionState)

STANDING_STATES: tuple[SanctionState, ...] = ("ordered", "in_force")
"""What we want to be in force now, whether the platform has said so or not."""
LIFTABLE_STATES: tuple[SanctionState, ...] = ("scheduled", "ordered", "in_force", "refused", "ended")

LONGEST_TEMPORARY_S = 366 * 86_400.0
"""A sanction whose end is farther away is as good as permanent."""


class SanctionKind(msgspec.Struct, frozen=True, kw_only=True):
    """One rung.

    Attributes:
        targets: kinds of entity that it can touch.
        rung: how hard it is; 0 the mildest.
        has_feature: names the feature that is limited.
        may_be_permanent: can stand without an end; then it needs a machine finding and a person (law 1).
        is_at_once: happens and is over, so it has no end.
        is_told_only: asks nothing of the platform but to pass on the notice.
    """

    name: str
    targets: tuple[str, ...]
    rung: int
    title: dict[str, str]
    has_feature: bool = False
    may_be_permanent: bool = False
    is_at_once: bool = False
    is_told_only: bool = False


class Ground(msgspec.Struct, frozen=True):
    """One step of why a sanction is what it is, for people.

    Attributes:
        step: `rule`, `strikes`, `repeat`, `grace`, ... : what weighed.
        words: by language (`zh`, `en`).
    """

    step: str
    words: dict[str, str]


KINDS: dict[str, SanctionKind] = {
    kind.name: kind
    for kind in (
        SanctionKind(name="notice", targets=("account", "group"), rung=0, is_at_once=True, is_told_only=True,
                     title={"zh": "提醒", "en": "Notice"}),
        SanctionKind(name="warning", targets=("account", "group"), rung=1, is_at_once=True, is_told_only=True,
                     title={"zh": "警告", "en": "Warning"}),
        SanctionKind(name="remove_content", targets=("event",), rung=2, is_at_once=True,
                     title={"zh": "删除内容", "en": "Content removal"}),
        SanctionKind(name="limit_feature", targets=("account", "group"), rung=3, has_feature=True,
                     title={"zh": "限制功能", "en": "Feature limit"}),
        SanctionKind(name="mute", targets=("account",), rung=4, title={"zh": "禁言", "en": "Mute"}),
        SanctionKind(name="freeze", targets=("group",), rung=5, title={"zh": "冻结群", "en": "Group freeze"}),
        SanctionKind(name="suspend", targets=("account",), rung=6, title={"zh": "暂停使用", "en": "Suspension"}),
        SanctionKind(name="close_group", targets=("group",), rung=7, may_be_permanent=True,
                     title={"zh": "关闭群", "en": "Group closure"}),
        SanctionKind(name="ban", targets=("account",), rung=8, may_be_permanent=True,
                     title={"zh": "永久封禁", "en": "Permanent ban"}),
    )
}
SANCTION_KINDS = tuple(KINDS)
PERMANENT_KINDS = tuple(name for name, kind in KINDS.items() if kind.may_be_permanent)
KINDS_AT_ONCE = tuple(name for name, kind in KINDS.items() if kind.is_at_once)

FEATURES = (
    "send_messages", "message_strangers", "add_friends", "join_groups", "create_groups", "post_content", "pay", "live",
)
"""What can be limited one by one; a policy may limit a feature of the platform's own besides."""
