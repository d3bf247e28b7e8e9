"""Facts about who takes part, shared by every protection: age, standing, ties, and lists, for each role of an event."""

from collections.abc import Callable
from typing import Any, NamedTuple

from anlan.domain.events import Event
from anlan.domain.lists import Purpose
from anlan.domain.signals import Signal
from anlan.engine.lists import Listed, Lists
from anlan.engine.profiles import Profiles, tie
from anlan.engine.signals import part_of, signal

DAY_S = 86_400.0
UTC8_S = 8 * 3_600.0

ACCOUNT_ROLES = {
    "sender": {"zh": "发送者", "en": "sender"},
    "recipient": {"zh": "接收者", "en": "recipient"},
    "account": {"zh": "账号", "en": "account"},
    "other": {"zh": "对方", "en": "other side"},
    "payer": {"zh": "付款人", "en": "payer"},
    "payee_account": {"zh": "收款账号", "en": "payee's account"},
    "author": {"zh": "作者", "en": "author"},
    "reporter": {"zh": "举报人", "en": "reporter"},
    "reported": {"zh": "被举报人", "en": "reported account"},
    "invited_by": {"zh": "邀请人", "en": "inviter"},
}

_WORDS = ACCOUNT_ROLES | {
    "ip": {"zh": "网络地址", "en": "network address"},
    "device": {"zh": "设备", "en": "device"},
    "payee": {"zh": "收款方", "en": "payee"},
    "group": {"zh": "群", "en": "group"},
    "url_domain": {"zh": "网址域名", "en": "link's domain"},
}

_TIES = (("sender", "recipient"), ("payer", "payee_account"), ("account", "other"), ("reporter", "reported"))

_LISTED: tuple[tuple[str, str, tuple[Purpose, ...]], ...] = (
    *((role, "account", ("allow", "block", "watch")) for role in ("sender", "account", "payer", "author")),
    ("reported", "account", ("allow", "watch")),
    ("ip", "ip", ("allow", "block", "watch")),
    ("device", "device", ("block", "watch")),
    ("payee", "payee", ("allow", "block", "watch")),
    ("group", "group", ("allow", "watch")),
    ("url_domain", "url_domain", ("allow", "block", "watch")),
)
"""Role, kind of entity, and the lists that make sense for it."""

_PURPOSES: dict[Purpose, tuple[str, str, str]] = {
    "allow": ("is_allowed", "在白名单中", "is on an allow list"),
    "block": ("is_blocked", "在黑名单中", "is on a block list"),
    "watch": ("is_watched", "在观察名单中", "is on a watch list"),
}


def _age_days(role: str, words: dict[str, str]) -> Signal:
    def compute(account: str, profiles: Profiles, event: Event) -> float | None:
        registered = profiles.fact(f"account:{account}", "registered_at", event.time)
        return None if registered is None else (event.time - registered) / DAY_S

    title = {"zh": f"{words['zh']}注册天数", "en": f"age of the {words['en']}'s account"}
    return _made(f"{role}_age_days", compute, "number", (role, "profiles", "event"), title, unit="days", low=0.0)


def _is_verified(role: str, words: dict[str, str]) -> Signal:
    def compute(account: str, profiles: Profiles, event: Event) -> bool:
        return profiles.fact(f"account:{account}", "is_verified", event.time) is True

    title = {"zh": f"{words['zh']}已认证", "en": f"{words['en']} is verified"}
    return _made(f"{role}_is_verified", compute, "bool", (role, "profiles", "event"), title)


class _Tie(NamedTuple):
    """What is known between two accounts."""

    is_contact: bool = False
    contact_days: float | None = None


_STRANGERS = _Tie()


def _tie_between(role: str, other: str) -> Signal:
    def compute(a: str, b: str, profiles: Profiles, event: Event) -> _Tie:
        since = profiles.fact(tie(f"account:{a}", f"account:{b}"), "friends_since", event.time)
        return _STRANGERS if since is None else _Tie(is_contact=True, contact_days=(event.time - since) / DAY_S)

    return _made(f"{role}_tie", compute, "object", (role, other, "profiles", "event"), {})


def _is_contact(role: str, other: str) -> Signal:
    words, others = ACCOUNT_ROLES[role], ACCOUNT_ROLES[other]
    title = {"zh": f"{words['zh']}与{others['zh']}是好友", "en": f"{words['en']} and {others['en']} are contacts"}
    return part_of(f"{role}_tie", "is_contact", f"{role}_is_contact", "bool", title)


def _contact_days(role: str, other: str) -> Signal:
    words, others = ACCOUNT_ROLES[role], ACCOUNT_ROLES[other]
    title = {
        "zh": f"{words['zh']}与{others['zh']}成为好友的天数",
        "en": f"days since {words['en']} and {others['en']} befriended",
    }
    return part_of(f"{role}_tie", "contact_days", f"{role}_contact_days", "number", title, unit="days", low=0.0)


def _listed(role: str, kind: str) -> Signal:
    def compute(value: str, lists: Lists, event: Event) -> Listed:
        return lists.about(kind, value, event.time)

    return _made(f"{role}_listed", compute, "object", (role, "lists", "event"), {})


def _is_listed(role: str, purpose: Purpose) -> Signal:
    word, zh, en = _PURPOSES[purpose]
    words = _WORDS[role]
    title = {"zh": words["zh"] + zh, "en": f"{words['en']} {en}"}
    return part_of(f"{role}_listed", word, f"{role}_{word}", "bool", title)


def _made(
    name: str, compute: Callable[..., Any], type_: Any, reads: tuple[str, ...], title: dict[str, str], **more: Any
) -> Signal:
    return Signal(name=name, compute=compute, type=type_, reads=reads, title=title, **more)


@signal(
    title={"zh": "发送者在群里的身份", "en": "the sender's role in the group"}, choices=("owner", "admin", "member"),
)
def sender_group_role(sender: str, group: str, profiles: Profiles, event: Event) -> str | None:
    return profiles.fact(tie(f"group:{group}", f"account:{sender}"), "role", event.time)  # type: ignore[no-any-return]


@signal(title={"zh": "群成员数", "en": "members of the group"}, low=0, optional=("member_count",))
def group_members(group: str, member_count: float | None, profiles: Profiles, event: Event) -> float | None:
    known = profiles.fact(f"group:{group}", "member_count", event.time)
    return known if member_count is None else member_count


@signal(title={"zh": "群创建天数", "en": "age of the group"}, unit="days", low=0)
def group_age_days(group: str, profiles: Profiles, event: Event) -> float | None:
    created = profiles.fact(f"group:{group}", "created_at", event.time)
    return None if created is None else (event.time - created) / DAY_S


@signal(
    title={"zh": "北京时间的小时", "en": "hour of day in UTC+8"}, unit="hours", low=0, high=23
)
def hour_utc8(event: Event) -> int:
    return int((event.time + UTC8_S) % DAY_S // 3_600)


SIGNALS: tuple[Signal, ...] = (
    *(_age_days(role, words) for role, words in ACCOUNT_ROLES.items()),
    *(_is_verified(role, ACCOUNT_ROLES[role]) for role in ("sender", "payee_account", "author")),
    *(_tie_between(role, other) for role, other in _TIES),
    *(_is_contact(role, other) for role, other in _TIES),
    *(_contact_days(role, other) for role, other in _TIES[:2]),
    *(_listed(role, kind) for role, kind, _ in _LISTED),
    *(_is_listed(role, purpose) for role, _, purposes in _LISTED for purpose in purposes),
    sender_group_role,
    group_members,
    group_age_days,
    hour_utc8,
)
