"""What is done when a thief is inside an account, what takes each step back, and the words for it.

The limits protect the account and what its owner has; they are no punishment: nobody broke a rule, nothing is counted,
and the owner lifts them by proving who they are.
"""

from typing import Literal, get_args

import msgspec

from anlan.domain.notice_words import FEATURE_TITLES

Words = dict[str, str]

Ground = Literal["owner", "staff", "policy", "platform", "partner"]
"""Who says that a thief is inside: the owner ("not me"), staff, a policy, the platform, a security event received."""
GROUNDS: tuple[Ground, ...] = get_args(Ground)
NAMING: tuple[Ground, ...] = ("staff", "platform")
"""Who may say of a device that the account knew before that it is the thief's; if an owner's word were enough, a thief
in a session of theirs could throw the owner's own device out."""

ContainmentState = Literal["standing", "lifted", "false_alarm"]
CONTAINMENT_STATES: tuple[ContainmentState, ...] = get_args(ContainmentState)

StepAct = Literal["do", "undo"]
StepAnswer = Literal["waiting", "done", "refused"]
STEP_ACTS: tuple[StepAct, ...] = get_args(StepAct)
STEP_ANSWERS: tuple[StepAnswer, ...] = get_args(StepAnswer)

WINDOW_S = 72 * 3_600.0
"""Bindings, owners of groups and friendships that changed longer before are not put back: the owner lives with them."""
REACH_S = 30 * 86_400.0
"""So far back at most a thief is searched for, and only by `WINDOW_S` when nobody names them: every new device is taken
for theirs then."""
LONGEST_S = 14 * 86_400.0
"""Then the limits end by themselves: without a near end they would be as good as a punishment."""

LIMITS: dict[str, Words] = {
    "pay": FEATURE_TITLES["pay"],
    "message_strangers": FEATURE_TITLES["message_strangers"],
    "change_binding": {"zh": "更换手机号、邮箱等绑定", "en": "changing the phone, mail address and other bindings"},
    "transfer_group": {"zh": "转让群", "en": "giving groups to somebody else"},
    "delete_account": {"zh": "注销账号", "en": "deleting the account"},
}
"""What nobody can do from the account while it is contained: what a thief turns into money or into a fact."""


class StepKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of step.

    Attributes:
        title: what is done.
        undone: what takes it back; empty for what has no way back and needs none.
        is_ours: Anlan does it by itself, so the platform has nothing to confirm.
        ends_with_lift: taken back too when the owner has proved who they are; the others only by a false alarm.
    """

    title: Words
    undone: Words = {}
    is_ours: bool = False
    ends_with_lift: bool = False


STEP_KINDS: dict[str, StepKind] = {
    "end_sessions": StepKind(title={"zh": "退出其他登录", "en": "Sign out everywhere else"}),
    "end_session": StepKind(title={"zh": "退出可疑登录", "en": "Sign out the suspicious session"}),
    "distrust_device": StepKind(
        title={"zh": "不再信任可疑设备", "en": "Trust the strange device no more"},
        undone={"zh": "重新信任设备", "en": "Trust the device again"},
    ),
    "limit": StepKind(
        title={"zh": "暂停：{feature}", "en": "Pause: {feature}"},
        undone={"zh": "恢复：{feature}", "en": "Open again: {feature}"}, ends_with_lift=True,
    ),
    "renew_password": StepKind(
        title={"zh": "下次登录时要求设置新密码", "en": "Ask for a new password at the next sign-in"},
        undone={"zh": "不再要求设置新密码", "en": "Ask for no new password"},
    ),
    "take_back_message": StepKind(
        title={"zh": "撤回消息", "en": "Take back messages"}, undone={"zh": "恢复消息", "en": "Restore messages"},
    ),
    "restore_binding": StepKind(
        title={"zh": "恢复原来的{binding}", "en": "Put back the former {binding}"},
        undone={"zh": "恢复您更换后的{binding}", "en": "Put back the {binding} that you had changed"},
    ),
    "restore_group": StepKind(
        title={"zh": "收回被转让的群", "en": "Take back a group that was given away"},
        undone={"zh": "恢复群的转让", "en": "Give the group to its new owner again"},
    ),
    "restore_friendship": StepKind(
        title={"zh": "恢复好友关系", "en": "Put back a friendship as it was"},
        undone={"zh": "恢复您对好友关系的改动", "en": "Restore your change to a friendship"},
    ),
    "hold_payment": StepKind(
        title={"zh": "暂停付款", "en": "Stop a payment"}, undone={"zh": "放行付款", "en": "Let a payment go on"},
    ),
    "warn_contact": StepKind(
        title={"zh": "提醒收到消息的联系人", "en": "Warn contacts who got messages"},
        undone={"zh": "告知联系人是误报", "en": "Tell contacts that it was a false alarm"}, is_ours=True,
    ),
}
"""In the order in which a page tells of them."""

BINDINGS: dict[str, Words] = {
    "phone": {"zh": "手机号", "en": "phone"},
    "email": {"zh": "邮箱", "en": "mail address"},
    "factor": {"zh": "验证方式", "en": "way of verification"},
    "payee": {"zh": "收款账户", "en": "payee"},
    "identity": {"zh": "身份信息", "en": "identity"},
    "account": {"zh": "关联账号", "en": "linked account"},
}

SENSITIVE = frozenset({"phone", "email", "former_phone", "former_email"})
"""Details that no message carries; the platform asks for them."""

GROUND_WORDS: dict[str, Words] = {
    "owner": {"zh": "您告诉我们有一次登录不是您本人。", "en": "You told us that a sign-in was not yours."},
    "staff": {"zh": "工作人员发现账号可能被他人使用。", "en": "Our staff saw signs of somebody else."},
    "policy": {
        "zh": "系统发现账号的活动不像您平时的样子。",
        "en": "What happened in the account did not look like you.",
    },
    "platform": {"zh": "平台发现账号可能被他人使用。", "en": "The platform saw signs of somebody else."},
    "partner": {
        "zh": "合作方通知我们账号可能被他人使用。", "en": "A partner told us that somebody else may use the account.",
    },
}
OWNER_WORDS: dict[str, Words] = {
    "opened": {
        "zh": "您的账号可能被他人使用。我们已让可疑登录退出，并暂停了几项功能来保护您的钱和联系人。这不是处罚。"
              "打开安全页面可以查看详情，验证身份后即可恢复。",
        "en": "Somebody else may be using your account. We signed them out and paused a few things to protect your "
              "money and your contacts. This is not a punishment. The safety page says more; prove that it is "
              "you to go on.",
    },
    "lifted": {
        "zh": "账号保护已解除，暂停的功能已恢复。", "en": "Your account is yours again: what was paused is open again.",
    },
    "false_alarm": {
        "zh": "这次账号保护是误报，我们已把改动全部恢复。给您添麻烦了，抱歉。",
        "en": "This was a false alarm. We have put everything back, and we are sorry for the trouble.",
    },
}
CONTACT_WORDS: dict[str, Words] = {
    "do": {
        "zh": "这位联系人的账号曾被他人使用。最近从该账号发来的消息可能不是本人所写：请不要转账，不要打开其中的链接，"
              "有疑问请当面或打电话确认。",
        "en": "Somebody else was using this contact's account. Recent messages from it may not be theirs: send no "
              "money, open no links, and ask them in person or by phone if in doubt.",
    },
    "undo": {
        "zh": "之前的提醒是误报：那些消息确实是这位联系人本人发送的。",
        "en": "The earlier warning was a false alarm: the messages were your contact's own.",
    },
}


def taken_back_by(state: ContainmentState) -> tuple[str, ...]:
    """The kinds of steps that are taken back when a containment ends in `state`."""
    if state == "lifted":
        return tuple(name for name, kind in STEP_KINDS.items() if kind.ends_with_lift)
    return tuple(name for name, kind in STEP_KINDS.items() if kind.undone)


def step_title(kind: str, act: str, details: dict[str, object]) -> Words:
    """What a step does, for the account's owner and for staff."""
    words = STEP_KINDS[kind].undone if act == "undo" else STEP_KINDS[kind].title
    feature = LIMITS.get(str(details.get("feature")), {})
    binding = BINDINGS.get(str(details.get("binding")), {})
    return {
        language: text.format(feature=feature.get(language, ""), binding=binding.get(language, ""))
        for language, text in words.items()
    }
