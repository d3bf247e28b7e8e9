"""What members are told of what Anlan keeps of them: each personal field in plain words, and who looks at it."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from anlan.domain.entities import Privacy
from anlan.domain.events import EventType, fields_of

Words = Mapping[str, str]
"""By language: zh and en."""

LATER_S = 7 * 86_400.0
"""Looks at what somebody did are told this much later, so that nobody is warned while they are investigated."""


class Told(NamedTuple):
    """One kind of field: what it is, and what it is for."""

    title: Words
    purpose: Words


class KeptField(NamedTuple):
    """A field of events as a member reads of it; `told` is None for an operator's own, known by its name alone."""

    name: str
    privacy: Privacy
    told: Told | None


def _told(zh: str, en: str, zh_purpose: str, en_purpose: str) -> Told:
    return Told({"zh": zh, "en": en}, {"zh": zh_purpose, "en": en_purpose})


_DOOR = ("看出是谁在登录和操作您的账号", "To notice when somebody else uses your account")
_CONTENT = ("识别诈骗、骚扰等有害内容", "To recognise fraud, abuse and other harm")
_BACK = ("账号丢失时确认是您本人", "To know that it is you when an account is lost")
_POSING = ("识别冒充他人的账号", "To recognise accounts that pose as others")

FIELDS: Mapping[str, Told] = {
    "text": _told("您写的消息和内容", "What you write", *_CONTENT),
    "title": _told("您发布内容的标题", "Titles of what you publish", *_CONTENT),
    "note": _told("转账附言", "Notes on payments", *_CONTENT),
    "url": _told("您打开的链接", "Links that you open", "在骗局页面前提醒您", "To warn you of pages that cheat"),
    "nickname": _told("昵称", "Your nickname", *_POSING),
    "bio": _told("个人简介", "What your profile says", *_POSING),
    "group_name": _told("群名称", "Names of groups", *_CONTENT),
    "ip": _told("网络地址", "Network addresses", *_DOOR),
    "user_agent": _told("浏览器或应用的型号", "Your browser or app", *_DOOR),
    "phone": _told("手机号", "Your phone number", *_BACK),
    "former_phone": _told("以前的手机号", "Your former phone number", *_BACK),
    "email": _told("邮箱", "Your e-mail address", *_BACK),
    "former_email": _told("以前的邮箱", "Your former e-mail address", *_BACK),
    "age_band": _told("年龄段", "Your age group", "为未成年人提供更多保护", "To protect minors better"),
}


class Look(NamedTuple):
    """A kind of look that the audit log knows; `is_later` when it is told `LATER_S` afterwards."""

    title: Words
    is_later: bool = False


LOOKS: Mapping[str, Look] = {
    "account.personal": Look({"zh": "查看了您的账号", "en": "Looked at your account"}, is_later=True),
    "decision.personal": Look({"zh": "查看了一条与您有关的记录", "en": "Looked at something you did"}, is_later=True),
    "decision.sensitive": Look(
        {"zh": "查看了一条记录中的加密内容", "en": "Looked at what is encrypted of something you did"}, is_later=True
    ),
    "account.security": Look({"zh": "读取了账号的安全情况", "en": "Read how safe your account stands"}),
    "alert.list": Look({"zh": "读取了给您的提醒", "en": "Read your warnings"}),
    "circle.read": Look({"zh": "读取了您的守护圈", "en": "Read your circle"}),
    "transfer.list": Look({"zh": "读取了您暂缓的转账", "en": "Read your paused payments"}),
    "consultation.read": Look({"zh": "读取了您与助手的对话", "en": "Read a talk of yours with the assistant"}),
    "assistance.read": Look({"zh": "阅读了您允许查看的对话", "en": "Read the talk that you let them read"}),
    "containment.read": Look({"zh": "查看了账号保护的情况", "en": "Looked at how your account is protected"}),
    "funds.look": Look({"zh": "查看了您取回资金的申请", "en": "Looked at your application for money"}),
    "appeal.read": Look({"zh": "阅读了您的申诉", "en": "Read your appeal"}),
    "appeal.open_file": Look({"zh": "打开了您申诉中的文件", "en": "Opened a file of your appeal"}),
    "recovery.look": Look({"zh": "查看了找回账号的申请", "en": "Looked at a claim to recover your account"}),
    "case.look": Look({"zh": "打开了您提交的事项", "en": "Opened something that you handed in"}),
}


def kept_fields(types: Iterable[EventType], privacy: Privacy) -> list[KeptField]:
    """The fields of this class in any of these types, each name once, in order of their first appearance."""
    names = [field.name for one in types for field in fields_of(one.data) if field.privacy == privacy]
    return [KeptField(name, privacy, FIELDS.get(name)) for name in dict.fromkeys(names)]
