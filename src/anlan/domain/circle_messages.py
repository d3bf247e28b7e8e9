"""What the platform is sent about circles: invitations, warnings to guardians, and what became of a bond.

They say who, which kind of risk, when, and what can be done: never what was written, to whom, where, or how much.
"""

from hashlib import blake2b
from typing import Literal

import msgspec

from anlan.domain.circles import HARM_ADVICE, HARM_WORDS, Role
from anlan.domain.messages import OutgoingMessage, seal_message
from anlan.domain.scenarios import Harm, Strength, Words

CircleChange = Literal["accepted", "guardian_left", "ended", "answered", "reminder"]

CAN_DO: tuple[Words, ...] = (
    {"zh": "现在就打电话，或当面问问；只发消息不够，对方可能正被人盯着。",
     "en": "Call now, or go and see them. A message is not enough: somebody may be reading along."},
    {"zh": "不要责备。骗子是职业的，谁都可能遇上。",
     "en": "Do not blame them. Those who do this are professionals; it happens to anybody."},
)

_INVITED: dict[Role, Words] = {
    "guardian": {"zh": "{name} 想请您做守护人：TA 遇到风险时我们会提醒您。",
                 "en": "{name} asks you to look out for them: we would tell you when they are at risk."},
    "ward": {"zh": "{name} 想做您的守护人：您遇到风险时我们会提醒 TA。",
             "en": "{name} offers to look out for you: we would tell them when you are at risk."},
    "both": {"zh": "{name} 想和您互相守护：一方遇到风险时我们会提醒另一方。",
             "en": "{name} asks that you look out for each other: we would tell one when the other is at risk."},
}

_CHANGED: dict[CircleChange, Words] = {
    "accepted": {"zh": "{name} 接受了您的守护邀请。", "en": "{name} accepted your invitation."},
    "guardian_left": {"zh": "{name} 不再是您的守护人。", "en": "{name} no longer looks out for you."},
    "ended": {"zh": "关于 {name} 的提醒不会再发给您。", "en": "You are no longer warned about {name}."},
    "answered": {"zh": "{name} 看到了关于您的提醒，并作了回应。",
                 "en": "{name} has seen a warning about you and answered it."},
    "reminder": {"zh": "提醒：有人在守护您。您随时可以查看、更改或退出。",
                 "en": "A reminder: somebody looks out for you. You can see who, change it or leave at any time."},
}


class CircleInvited(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `circle.invited`: show it to the account and nobody else.

    Attributes:
        account: `account:<id>` of who is invited; `inviter` of who asks.
        role: what the account is asked to be: `guardian`, `ward` or `both`.
        text: by language (`zh`, `en`).
        link: where they read what it means and answer.
        expires_at: seconds since the epoch.
    """

    account: str
    inviter: str
    role: Role
    text: Words
    link: str
    expires_at: float


class CircleWarning(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `circle.warning`: tell the guardian at once.

    Attributes:
        account: the guardian, `account:<id>`; `ward` is who is at risk.
        harm: one of `domain.scenarios.HARMS`.
        title, text: what kind of risk, and what to do, by language.
        can_do: more of that, most urgent first.
        at: event time, seconds since the epoch.
        link: the guardian's page of this warning.
    """

    account: str
    ward: str
    harm: Harm
    strength: Strength
    title: Words
    text: Words
    can_do: tuple[Words, ...]
    at: float
    link: str


class CircleChanged(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `circle.changed`: tell the account.

    Attributes:
        account: who is told; `other` is whom it is about, null in a reminder.
        text: by language.
        link: the page of their circle.
    """

    account: str
    other: str | None
    change: CircleChange
    text: Words
    link: str


def invited_message(
    invitation_id: str, inviter: str, invitee: str, role: Role, link: str, expires_at: float, now: float
) -> OutgoingMessage:
    """The invitation with its link."""
    data = CircleInvited(
        account=invitee, inviter=inviter, role=role, text=_named(_INVITED[role], inviter), link=link,
        expires_at=expires_at,
    )
    return seal_message(f"msg_{invitation_id}", "circle.invited", now, data)


def warning_message(
    warning_id: str, guardian: str, ward: str, harm: Harm, strength: Strength, at: float, link: str, now: float
) -> OutgoingMessage:
    """The warning with its link."""
    data = CircleWarning(
        account=guardian, ward=ward, harm=harm, strength=strength, title=title_of(ward, harm),
        text=HARM_ADVICE[harm], can_do=CAN_DO, at=at, link=link,
    )
    return seal_message(f"msg_{warning_id}", "circle.warning", now, data)


def changed_message(
    cause: str, account: str, other: str | None, change: CircleChange, link: str, now: float
) -> OutgoingMessage:
    """What `account` is told; the same `cause`, account and change always give the same message."""
    digest = blake2b(f"{cause}|{account}|{change}".encode(), digest_size=12).hexdigest()
    text = _named(_CHANGED[change], other or "")
    data = CircleChanged(account=account, other=other, change=change, text=text, link=link)
    return seal_message(f"msg_circle_{digest}", "circle.changed", now, data)


def title_of(ward: str, harm: Harm) -> Words:
    """One line: who may be at risk of what."""
    name, words = ward.removeprefix("account:"), HARM_WORDS[harm]
    return {
        "zh": f"{name} 可能正遇到风险：{words['zh']}",
        "en": f"{name} may be at risk. {words['en']}",
    }


def _named(words: Words, account: str) -> Words:
    name = account.removeprefix("account:")
    return {code: text.replace("{name}", name) for code, text in words.items()}
