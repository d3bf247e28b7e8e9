"""What the platform is sent about sign-ins: reminders for the owner of an account, and orders to end sessions."""

from datetime import datetime, tzinfo
from functools import cache

import msgspec
from babel import Locale

from anlan.domain.messages import OutgoingMessage, seal_message
from anlan.domain.sign_ins import CHANGES, Cause
from anlan.domain.user_agents import stored_client

Words = dict[str, str]

_TITLES: dict[Cause, Words] = {
    "new_device": {"zh": "您的账号在一台新设备上登录", "en": "Your account was signed in to on a new device"},
    "new_country": {"zh": "您的账号在一个新的国家或地区登录", "en": "Your account was signed in to from a new country"},
    "risk": {"zh": "您的账号有一次不寻常的登录", "en": "There was an unusual sign-in to your account"},
    "stopped": {
        "zh": "有人输入了正确的密码，但被拦下", "en": "Somebody gave your right password and was stopped",
    },
    "password": {"zh": "您的账号密码已更改", "en": "The password of your account was changed"},
    "binding": {"zh": "您的账号绑定信息已更改", "en": "What your account is bound to was changed"},
    "factor": {"zh": "您的账号验证方式已更改", "en": "A second step of your account was changed"},
}

_BINDINGS: dict[str, Words] = {
    "phone": {"zh": "手机号", "en": "phone number"}, "email": {"zh": "邮箱", "en": "mail address"},
    "payee": {"zh": "收款账户", "en": "payee"}, "identity": {"zh": "实名信息", "en": "identity"},
    "account": {"zh": "关联账号", "en": "linked account"},
}

_ADVICE: dict[str, Words] = {
    "entered": {"zh": "如果不是您本人，请点开链接选择“不是我”，我们会立即保护账号。",
                "en": "If this was not you, open the link and choose “Not me”: the account is protected at once."},
    "stopped": {"zh": "如果不是您本人，说明密码可能已泄露，请点开链接选择“不是我”。",
                "en": "If this was not you, your password may be known to others: open the link and choose “Not me”."},
}


class LoginReminder(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `login.reminder`: tell the owner by every channel that was theirs before, and nobody else.

    Attributes:
        account: `account:<id>`.
        cause: one of `domain.sign_ins.CAUSES`.
        title, text: by language (`zh`, `en`).
        link: where the owner says whether it was them; it needs no session, so pass it on to nobody else.
        expires_at: seconds since the epoch.
    """

    account: str
    cause: Cause
    title: Words
    text: Words
    link: str
    expires_at: float


class SessionEnding(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `session.end`: end these sessions and say so (`POST /v1/sessions:ended`, or `session.changed`).

    Attributes:
        account: `account:<id>`.
        sessions: as events name them; empty with `is_all`.
        is_all: end every session of the account but those in `kept`.
        by: `account:<id>`, `staff:<name>` or `system`.
    """

    account: str
    sessions: tuple[str, ...]
    by: str
    is_all: bool = False
    kept: tuple[str, ...] = ()


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """What a reminder tells of.

    Attributes:
        detail: of a change of bindings: which.
        at: event time.
        client: as `Client.stored`.
    """

    account: str
    cause: Cause
    detail: str
    at: float
    country: str | None
    client: str


def reminder_message(
    reminder_id: str, occasion: Occasion, link: str, expires_at: float, zone: tzinfo, now: float
) -> OutgoingMessage:
    """The reminder with its link; times in the text are told in `zone`."""
    data = LoginReminder(
        account=occasion.account, cause=occasion.cause, title=title_of(occasion.cause, occasion.detail),
        text=text_of(occasion, zone), link=link, expires_at=expires_at,
    )
    return seal_message(f"msg_{reminder_id}", "login.reminder", now, data)


def ending_message(order_id: str, ending: SessionEnding, now: float) -> OutgoingMessage:
    """The order to end sessions."""
    return seal_message(f"msg_{order_id}", "session.end", now, ending)


def title_of(cause: Cause, detail: str = "") -> Words:
    """One line that says what happened."""
    bound = _BINDINGS.get(detail) if cause == "binding" else None
    if bound is None:
        return _TITLES[cause]
    return {"zh": f"您的账号绑定的{bound['zh']}已更改", "en": f"The {bound['en']} of your account was changed"}


def text_of(occasion: Occasion, zone: tzinfo) -> Words:
    """When, where, on what, and what to do if it was somebody else."""
    when = datetime.fromtimestamp(occasion.at, zone).strftime("%Y-%m-%d %H:%M")
    place, client = country_name(occasion.country), stored_client(occasion.client).title
    advice = _ADVICE["stopped" if occasion.cause == "stopped" else "entered"]
    facts = {"zh": f"{when}，{place['zh']}，{client['zh']}。", "en": f"{when}, {place['en']}, {client['en']}. "}
    if occasion.cause in CHANGES and not occasion.client and occasion.country is None:
        facts = {"zh": f"{when}。", "en": f"{when}. "}
    return {code: facts[code] + advice[code] for code in ("zh", "en")}


def country_name(code: str | None) -> Words:
    """What a country is called, by language; its code where nobody named it."""
    if not code:
        return {"zh": "未知地点", "en": "an unknown place"}
    return {name: str(territories.get(code, code)) for name, territories in _territories().items()}


@cache
def _territories() -> dict[str, dict[str, str]]:
    names = {"zh": "zh_Hans_CN", "en": "en_GB"}
    return {code: dict(Locale.parse(name).territories.items()) for code, name in names.items()}
