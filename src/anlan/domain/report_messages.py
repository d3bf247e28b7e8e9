"""What a reporter is told: that the report came in and what became of it, never what happened to whom.

The platform passes these on to the reporter alone. No message to anybody else names a reporter.
"""

import msgspec

from anlan.domain.messages import OutgoingMessage, seal_message

RECEIVED = {
    "zh": "已收到您的举报，我们会由人来查看。对方不会知道是谁举报的。",
    "en": "We have your report and a person will look at it. The other side is not told who reported.",
}
OUTCOMES: dict[str, dict[str, str]] = {
    "violation": {
        "zh": "我们查看了您举报的内容，确认违反规定，已按规定处理。谢谢您让社区更安全。",
        "en": "We looked at what you reported. It breaks the rules and was dealt with. Thank you for helping.",
    },
    "no_violation": {
        "zh": "我们查看了您举报的内容，没有发现违规。如果对方继续打扰您，可以屏蔽对方，有新的情况可以再次举报。",
        "en": "We looked at what you reported and found no breach of the rules. You can block the other side, "
              "and report again if something new happens.",
    },
    "unclear": {
        "zh": "我们查看了您举报的内容，目前的信息还不足以作出判断。有新的情况请再次举报。",
        "en": "We looked at what you reported, and what we have is not enough to decide. Please report again if "
              "something new happens.",
    },
}
PROGRESS: dict[str, dict[str, str]] = {
    "waiting": {"zh": "等待查看", "en": "Waiting to be looked at"},
    "in_review": {"zh": "正在查看", "en": "Being looked at"},
    "violation": {"zh": "确认违规，已处理", "en": "Breaks the rules, dealt with"},
    "no_violation": {"zh": "未发现违规", "en": "No breach found"},
    "unclear": {"zh": "暂无法判断", "en": "Could not be decided"},
}

THANKS: dict[str, dict[str, str]] = {
    "new": {
        "zh": "谢谢您愿意为社区出声。每一条举报都有人看。",
        "en": "Thank you for speaking up. Every report is looked at.",
    },
    "helpful": {
        "zh": "谢谢您，您的举报已经帮助拦下了真实的伤害。",
        "en": "Thank you. Your reports have already stopped real harm.",
    },
    "trusted": {
        "zh": "谢谢您一直以来的细心。您的举报很少出错，我们会优先查看。",
        "en": "Thank you for your care. Your reports are rarely wrong, so we look at them sooner.",
    },
}
HELPFUL_FROM, TRUSTED_FROM = 1, 10
TRUSTED_SHARE = 0.8


class ReportTold(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `report.received` and `report.closed`: pass `text` on to `reporter`, and to nobody else.

    Attributes:
        reporter: `account:<id>`.
        subject: what was reported: `event:<key>`, `account:<id>` or `group:<id>`.
        outcome: `violation`, `no_violation` or `unclear`; null while open.
        text: by language (`zh`, `en`).
    """

    report: str
    reporter: str
    subject: str
    reason: str
    outcome: str | None
    text: dict[str, str]


def received_message(report: str, reporter: str, subject: str, reason: str, at: float) -> OutgoingMessage:
    """The acknowledgement."""
    told = ReportTold(report=report, reporter=reporter, subject=subject, reason=reason, outcome=None, text=RECEIVED)
    return seal_message(f"msg_{report}.received", "report.received", at, told)


def closed_message(
    report: str, reporter: str, subject: str, reason: str, outcome: str, at: float
) -> OutgoingMessage:
    """What became of it."""
    told = ReportTold(
        report=report, reporter=reporter, subject=subject, reason=reason, outcome=outcome, text=OUTCOMES[outcome]
    )
    return seal_message(f"msg_{report}.closed", "report.closed", at, told)


def standing(violation: int, no_violation: int) -> str:
    """`new`, `helpful` or `trusted`, by how many reports were right and wrong; a key of `THANKS`."""
    if violation >= TRUSTED_FROM and violation >= TRUSTED_SHARE * (violation + no_violation):
        return "trusted"
    return "helpful" if violation >= HELPFUL_FROM else "new"
