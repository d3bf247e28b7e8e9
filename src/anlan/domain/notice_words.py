"""What a sanctioned member is told, in zh and en: what, which rule, on what evidence, for how long, and the ways out.

Never who reported, never a signal, a threshold or words of others.
"""

from datetime import UTC, datetime, tzinfo

import msgspec

from anlan.domain.ladder import Rule
from anlan.domain.payouts import holds_funds
from anlan.domain.sanctions import KINDS

Words = dict[str, str]


class NoticeBody(msgspec.Struct, frozen=True, kw_only=True):
    """One notice; every part by language.

    Attributes:
        parts: (name, words) in the order of reading; names are `what`, `rule`, `evidence`, `term`, `group`, `money`,
            `appeal`, `apology`, `restored` and `replaced`.
        quote: the member's own words that it is about, at most `QUOTE_CHARS`; empty if there are none.
    """

    title: Words
    parts: tuple[tuple[str, Words], ...]
    quote: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a notice is about; times are epoch seconds.

    Attributes:
        role: `owner` or `admin` of the closed group, if it is about one.
        happened_at: when what it is about happened; None if not known.
    """

    kind: str
    feature: str
    starts_at: float
    ends_at: float | None
    is_permanent: bool
    rule: Rule
    role: str | None = None
    happened_at: float | None = None
    quote: str = ""


QUOTE_CHARS = 200

FEATURE_TITLES: dict[str, Words] = {
    "send_messages": {"zh": "发送消息", "en": "sending messages"},
    "message_strangers": {"zh": "给陌生人发消息", "en": "messages to strangers"},
    "add_friends": {"zh": "添加好友", "en": "adding friends"},
    "join_groups": {"zh": "加入群聊", "en": "joining groups"},
    "create_groups": {"zh": "创建群聊", "en": "creating groups"},
    "post_content": {"zh": "发布内容", "en": "posting"},
    "pay": {"zh": "支付", "en": "payments"},
    "live": {"zh": "直播", "en": "live streams"},
}


def feature_title(feature: str) -> Words:
    """What people call a feature; one of the platform's own, which a policy may name, goes by the policy's word."""
    return FEATURE_TITLES.get(feature, {"zh": feature, "en": feature})


_ROLES = {"owner": {"zh": "群主", "en": "its owner"}, "admin": {"zh": "管理员", "en": "one of its administrators"}}
_WHAT: dict[str, Words] = {
    "notice": {"zh": "这是一次提醒，您的账号使用不受影响。",
               "en": "This is a reminder. Nothing about your account changes."},
    "warning": {"zh": "这是一次警告，会计入违规记录；账号使用不受影响。",
                "en": "This is a warning. It is kept on record; nothing about your account changes."},
    "remove_content": {"zh": "您发布的一条内容已被删除。", "en": "Something you posted was removed."},
    "limit_feature": {"zh": "您的账号暂时不能使用以下功能：{feature}。",
                      "en": "For now your account cannot use: {feature}."},
    "mute": {"zh": "您的账号暂时不能发言。", "en": "For now your account cannot speak."},
    "freeze": {"zh": "您管理的群已被冻结，暂时不能发言和加入新成员。",
               "en": "The group you run is frozen: for now nobody can speak or join."},
    "suspend": {"zh": "您的账号已被暂停使用。", "en": "Your account is suspended."},
    "close_group": {"zh": "您管理的群已被关闭。", "en": "The group you run was closed."},
    "ban": {"zh": "您的账号已被永久封禁。", "en": "Your account was banned for good."},
}
_APPEAL: Words = {
    "zh": "如果您认为有误，可以在本页面提出申诉；由未参与过本案的人员复核。申诉不会加重处罚。",
    "en": "If you think this is wrong, appeal on this page. Somebody who has not judged it before decides, and an "
          "appeal never makes it worse.",
}
_MONEY: Words = {
    "zh": "账号里的钱仍然是您的。冻结期间不会被使用、转移或扣除，您可以在“资金”页面申请取回。",
    "en": "The money in your account stays yours. Nobody can use, move or keep it, and you can ask for it on the page "
          "Money.",
}
_MEMBERS: Words = {
    "zh": "群内普通成员不会因为曾在群里而受到处罚。",
    "en": "Ordinary members of the group are not punished for having been in it.",
}
_APOLOGY: Words = {
    "zh": "经复核，我们撤销了之前的处罚。给您带来的不便，我们深表歉意。",
    "en": "We looked again and took the sanction back. We are sorry for the trouble it caused you.",
}
_RESTORED: Words = {
    "zh": "相应的限制已解除，违规记分已清除，被删除的内容将予恢复。",
    "en": "What it limited is open again, its strikes are gone, and what was removed comes back.",
}
_REPLACED: Words = {
    "zh": "经复核，这项处罚过重，现已撤销，改为较轻的处罚；新的处罚另行通知。",
    "en": "We looked again: this was too hard. It is taken back and a milder sanction takes its place, of which you "
          "hear separately.",
}


def sanctioned(told: Told, zone: tzinfo = UTC) -> NoticeBody:
    """The notice of a sanction."""
    parts = [("what", _what(told)), ("rule", _rule(told.rule)), ("evidence", _evidence(told, zone)),
             ("term", _term(told, zone))]
    if told.role is not None:
        parts.append(("group", _MEMBERS))
    if holds_funds(told.kind, told.feature):
        parts.append(("money", _MONEY))
    title = KINDS[told.kind].title
    return NoticeBody(title=title, parts=(*parts, ("appeal", _APPEAL)), quote=told.quote[:QUOTE_CHARS])


def lifted(told: Told, *, is_replaced: bool = False) -> NoticeBody:
    """The notice that a sanction was taken back, or that a milder one takes its place."""
    title = KINDS[told.kind].title
    parts = (("replaced", _REPLACED),) if is_replaced else (("apology", _APOLOGY), ("restored", _RESTORED))
    return NoticeBody(
        title={"zh": f"已撤销：{title['zh']}", "en": f"Taken back: {title['en'].lower()}"},
        parts=(*parts, ("rule", _rule(told.rule))),
    )


def in_short(body: NoticeBody) -> Words:
    """A notice as a platform can show it in one message."""
    return {language: "\n".join(words[language] for _, words in body.parts) for language in ("zh", "en")}


def closed_group(rule: Rule) -> Words:
    """What an ordinary member who asks is told about why a group was closed."""
    return {
        "zh": f"该群因违反“{rule.title['zh']}”的规则被关闭：{rule.text['zh']}{_MEMBERS['zh']}"
              "您可以取回自己在群里发布的内容。",
        "en": f"The group was closed for breaking the rule “{rule.title['en']}”: {rule.text['en']} {_MEMBERS['en']} "
              "You can get back what you yourself put into it.",
    }


def _what(told: Told) -> Words:
    features = feature_title(told.feature)
    said = {language: text.format(feature=features[language]) for language, text in _WHAT[told.kind].items()}
    if told.role is None:
        return said
    role = _ROLES[told.role]
    return {"zh": f"一个群因违规被关闭，您是该群的{role['zh']}。{said['zh']}",
            "en": f"A group was closed and you were {role['en']}. {said['en']}"}


def _rule(rule: Rule) -> Words:
    return {"zh": f"{rule.title['zh']}：{rule.text['zh']}", "en": f"{rule.title['en']}: {rule.text['en']}"}


def _evidence(told: Told, zone: tzinfo) -> Words:
    if told.happened_at is None:
        return {"zh": "依据：经审核确认的违规行为。", "en": "Ground: a violation that was examined and confirmed."}
    at = _moment(told.happened_at, zone)
    return {"zh": f"依据：发生于 {at} 的行为，已经审核确认。",
            "en": f"Ground: what happened on {at}, examined and confirmed."}


def _term(told: Told, zone: tzinfo) -> Words:
    start = _moment(told.starts_at, zone)
    if told.ends_at is not None:
        end = _moment(told.ends_at, zone)
        return {"zh": f"期限：{start} 至 {end}。", "en": f"From {start} until {end}."}
    if told.is_permanent:
        return {"zh": f"自 {start} 起，没有期限；申诉成功即撤销。",
                "en": f"From {start}, without an end, unless an appeal reverses it."}
    return {"zh": f"作出时间：{start}。", "en": f"Given on {start}."}


def _moment(seconds: float, zone: tzinfo) -> str:
    moment = datetime.fromtimestamp(seconds, zone)
    return f"{moment:%Y-%m-%d %H:%M} UTC{moment.isoformat()[-6:]}"
