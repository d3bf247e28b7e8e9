"""How safe an account stands, as a score that explains itself, and what its owner does next.

Unknown is not "no": what the platform never told is left out of the score and said to be unknown.
"""

from typing import Literal

import msgspec

from anlan.domain.sign_ins import DAY_S

Words = dict[str, str]

OLD_PASSWORD_DAYS = 3 * 365
"""Changing a good password more often helps nobody; one this old has likely been used elsewhere too."""
FEW_CODES = 2


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an account; None for what nobody told.

    Attributes:
        recovery_codes: how many are left.
        stale_devices: known devices that were not used for `STALE_DAYS`.
        unanswered: reminders that wait for the owner.
    """

    has_second_step: bool
    recovery_codes: int
    password_changed_at: float | None = None
    password_is_breached: bool | None = None
    password_is_weak: bool | None = None
    has_phone: bool | None = None
    has_email: bool | None = None
    devices: int = 0
    stale_devices: int = 0
    unanswered: int = 0


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    Attributes:
        got: of `points`; None when unknown, and then it does not count.
        says: how it stands.
        step: what to do about it; None when nothing is to be done, or the member cannot.
        path: where that is done.
    """

    code: str
    title: Words
    points: int
    got: int | None
    says: Words
    step: Words | None = None
    path: str = ""


class CheckUp(msgspec.Struct, frozen=True, kw_only=True):
    """The score, 0 to 100, what it is made of, and what to do, the most worth first."""

    score: int
    level: Literal["calm", "fair", "low"]
    items: tuple[Item, ...]
    steps: tuple[Item, ...]


def check_up(held: Held, now: float) -> CheckUp:
    """Look at everything that is known."""
    items = (_password(held, now), _second_step(held), _codes(held), _contacts(held), _devices(held), _answers(held))
    known = [item for item in items if item.got is not None]
    score = round(100 * sum(item.got or 0 for item in known) / max(sum(item.points for item in known), 1))
    steps = sorted((item for item in items if item.step), key=lambda item: (item.got or 0) - item.points)
    level: Literal["calm", "fair", "low"] = "calm" if score >= 80 else "fair" if score >= 50 else "low"
    return CheckUp(score=score, level=level, items=items, steps=tuple(steps))


def _password(held: Held, now: float) -> Item:
    got, says, step = _password_stands(held, now)
    title = {"zh": "密码", "en": "Password"}
    return Item(code="password", title=title, points=25, got=got, says=says, step=step, path="/public/password")


def _password_stands(held: Held, now: float) -> tuple[int | None, Words, Words | None]:
    if held.password_is_breached:
        return 0, {"zh": "这个密码出现在泄露的密码库中，别人可能已经知道。",
                   "en": "This password is in a collection of leaked ones: others may know it."}, _CHANGE
    if held.password_is_weak:
        return 8, {"zh": "密码太容易猜到。", "en": "This password is easy to guess."}, _CHANGE
    if held.password_changed_at is not None and now - held.password_changed_at > OLD_PASSWORD_DAYS * DAY_S:
        return 18, {"zh": "密码已使用三年以上。如果在别处也用过，请更换。",
                    "en": "This password is over three years old. If you use it elsewhere too, change it."}, _CHANGE
    if held.password_is_breached is None and held.password_is_weak is None:
        return None, {"zh": "平台没有提供密码的情况。", "en": "The platform has not told how good it is."}, None
    return 25, {"zh": "没有发现问题。", "en": "Nothing is wrong with it."}, None


_CHANGE: Words = {"zh": "更换密码", "en": "Change your password"}


def _second_step(held: Held) -> Item:
    title = {"zh": "第二步验证", "en": "Second step"}
    if held.has_second_step:
        says = {"zh": "已开启。只知道密码的人无法登录。", "en": "On: a password alone lets nobody in."}
        return Item(code="second_step", title=title, points=30, got=30, says=says)
    says = {"zh": "未开启。知道密码的人就可能登录。", "en": "Off: whoever knows the password may come in."}
    step = {"zh": "添加通行密钥或验证器", "en": "Add a passkey or an authenticator"}
    return Item(code="second_step", title=title, points=30, got=0, says=says, step=step, path="/me/factors")


def _codes(held: Held) -> Item:
    title = {"zh": "恢复码", "en": "Recovery codes"}
    if not held.has_second_step:
        says = {"zh": "开启第二步验证后可以生成。", "en": "You get them once the second step is on."}
        return Item(code="recovery_codes", title=title, points=10, got=None, says=says)
    left = held.recovery_codes
    if left > FEW_CODES:
        says = {"zh": f"还有 {left} 个可用。", "en": f"{left} are left."}
        return Item(code="recovery_codes", title=title, points=10, got=10, says=says)
    says = {"zh": "还没有。", "en": "You have none."}
    if left:
        says = {"zh": f"只剩 {left} 个。", "en": f"Only {left} left."}
    step = {"zh": "生成恢复码并保存好", "en": "Make recovery codes and keep them safe"}
    return Item(
        code="recovery_codes", title=title, points=10, got=5 if left else 0, says=says, step=step, path="/me/factors"
    )


def _contacts(held: Held) -> Item:
    title = {"zh": "绑定的手机和邮箱", "en": "Phone and mail"}
    known = [one for one in (held.has_phone, held.has_email) if one is not None]
    if not known:
        says = {"zh": "平台没有提供绑定情况。", "en": "The platform has not told what is bound."}
        return Item(code="contacts", title=title, points=15, got=None, says=says)
    if held.has_phone and held.has_email:
        says = {"zh": "两者都已绑定，丢失一个仍能找回账号。", "en": "Both are bound: if one is lost, the other helps."}
        return Item(code="contacts", title=title, points=15, got=15, says=says)
    if any(known):
        says = {"zh": "只绑定了一个。", "en": "Only one of them is bound."}
    else:
        says = {"zh": "都没有绑定，账号很难找回。", "en": "Neither is bound: the account would be hard to get back."}
    step = {"zh": "在应用内绑定手机和邮箱", "en": "Bind your phone and your mail address in the app"}
    return Item(code="contacts", title=title, points=15, got=10 if any(known) else 0, says=says, step=step)


def _devices(held: Held) -> Item:
    title = {"zh": "登录过的设备", "en": "Devices"}
    if not held.devices:
        says = {"zh": "还没有记录。", "en": "None are on record yet."}
        return Item(code="devices", title=title, points=10, got=None, says=says)
    if not held.stale_devices:
        says = {"zh": "近三个月都使用过。", "en": "All were used within three months."}
        return Item(code="devices", title=title, points=10, got=10, says=says)
    count = held.stale_devices
    says = {"zh": f"有 {count} 台三个月没有使用。", "en": f"{count} not used for three months."}
    step = {"zh": "移除不再使用的设备", "en": "Remove devices that you no longer use"}
    return Item(
        code="devices", title=title, points=10, got=5 if count < 3 else 0, says=says, step=step, path="#devices"
    )


def _answers(held: Held) -> Item:
    title = {"zh": "待确认的提醒", "en": "Reminders"}
    if not held.unanswered:
        says = {"zh": "都已确认。", "en": "All are answered."}
        return Item(code="reminders", title=title, points=10, got=10, says=says)
    count = held.unanswered
    says = {"zh": f"有 {count} 条等您确认是否本人。", "en": f"{count} wait for you to say whether it was you."}
    step = {"zh": "确认是不是您本人", "en": "Say whether it was you"}
    return Item(code="reminders", title=title, points=10, got=0, says=says, step=step, path="#reminders")
