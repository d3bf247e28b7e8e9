"""Why a member may report somebody: each reason in plain words, how urgent it is, and what others call it."""

import msgspec

CARE_QUEUE = "care"
"""Somebody may hurt themselves: people are asked to help first, whatever the rules say."""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One tile of the report form; texts by language (`zh`, `en`).

    Attributes:
        helps: what is worth writing down.
        category: of the harm, as policies name it.
        severity: one of `domain.cases.SEVERITIES`.
        queue: that its cases wait in.
        priority: 1 is the most urgent, 5 the least.
        dsa: category of the European Commission's DSA transparency database.
        ozone: reason type of AT Protocol's moderation tools, without its prefix `tools.ozone.report.defs#`.
        mastodon: category of a Mastodon report: spam, legal, violation or other.
        xmpp: reason of XEP-0377, without its prefix `urn:xmpp:reporting:`.
        also: other words that platforms send for it.
    """

    code: str
    title: dict[str, str]
    helps: dict[str, str]
    category: str
    severity: str
    queue: str
    priority: int
    dsa: str
    ozone: str
    mastodon: str
    xmpp: str
    also: tuple[str, ...] = ()


REASONS: tuple[Reason, ...] = (
    Reason(
        code="self_harm", category="self_harm", severity="critical", queue=CARE_QUEUE, priority=1,
        title={"zh": "可能要伤害自己", "en": "May hurt themselves"},
        helps={"zh": "对方说了什么，您是否知道对方此刻在哪里。情况紧急请先拨打当地急救电话。",
               "en": "What they said, and where they may be now. If it is urgent, call your emergency number first."},
        dsa="STATEMENT_CATEGORY_SELF_HARM", ozone="reasonSelfHarmContent", mastodon="other", xmpp="abuse",
        also=("suicide", "selfharm"),
    ),
    Reason(
        code="minors_safety", category="minors_safety", severity="critical", queue="minors", priority=1,
        title={"zh": "伤害未成年人", "en": "Harm to a child"},
        helps={"zh": "发生了什么，涉及的孩子大约多大。请不要转发任何图片。",
               "en": "What happened, and about how old the child is. Please do not forward any picture."},
        dsa="STATEMENT_CATEGORY_PROTECTION_OF_MINORS", ozone="reasonChildSafetyOther", mastodon="legal", xmpp="abuse",
        also=("minors", "child_safety", "csam", "grooming"),
    ),
    Reason(
        code="threats", category="threats", severity="critical", queue="reports", priority=1,
        title={"zh": "威胁或暴力", "en": "Threats or violence"},
        helps={"zh": "威胁了谁，用什么方式，有没有说时间或地点。",
               "en": "Who is threatened, with what, and whether a time or place was named."},
        dsa="STATEMENT_CATEGORY_VIOLENCE", ozone="reasonViolenceThreats", mastodon="violation", xmpp="abuse",
        also=("violence", "threat"),
    ),
    Reason(
        code="intimate_images", category="intimate_images", severity="critical", queue="reports", priority=1,
        title={"zh": "未经同意传播私密影像", "en": "Intimate pictures without consent"},
        helps={"zh": "影像中的人是谁，是否同意。请不要转发影像。",
               "en": "Who is shown, and whether they agreed. Please do not forward the picture."},
        dsa="STATEMENT_CATEGORY_CYBER_VIOLENCE", ozone="reasonSexualNCII", mastodon="legal", xmpp="abuse",
        also=("ncii", "intimate_image_abuse"),
    ),
    Reason(
        code="fraud", category="fraud", severity="high", queue="fraud", priority=2,
        title={"zh": "诈骗", "en": "Scam or fraud"},
        helps={"zh": "对方要您做什么，是否已经付款，付到哪里。",
               "en": "What you were asked to do, and whether and where you paid."},
        dsa="STATEMENT_CATEGORY_SCAMS_AND_FRAUD", ozone="reasonMisleadingScam", mastodon="legal", xmpp="abuse",
        also=("scam", "phishing"),
    ),
    Reason(
        code="account_theft", category="account_takeover", severity="high", queue="accounts", priority=2,
        title={"zh": "账号疑似被盗", "en": "Account seems stolen"},
        helps={"zh": "哪里不像本人，是否在向好友借钱。",
               "en": "What is unlike the owner, and whether friends are asked for money."},
        dsa="STATEMENT_CATEGORY_SCAMS_AND_FRAUD", ozone="reasonRuleSiteSecurity", mastodon="violation", xmpp="abuse",
        also=("account_stolen", "account_takeover", "hijacked", "stolen_account"),
    ),
    Reason(
        code="abuse", category="abuse", severity="medium", queue="reports", priority=3,
        title={"zh": "辱骂或骚扰", "en": "Insults or harassment"},
        helps={"zh": "持续了多久，您是否已经要求对方停止。",
               "en": "How long it goes on, and whether you asked them to stop."},
        dsa="STATEMENT_CATEGORY_CYBER_VIOLENCE", ozone="reasonHarassmentTargeted", mastodon="violation", xmpp="abuse",
        also=("harassment", "bullying", "insult"),
    ),
    Reason(
        code="hate", category="hate", severity="high", queue="reports", priority=3,
        title={"zh": "仇恨言论", "en": "Hate speech"},
        helps={"zh": "针对哪一群人，说了什么。", "en": "Which people it is against, and what was said."},
        dsa="STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH", ozone="reasonHarassmentHateSpeech", mastodon="legal",
        xmpp="abuse", also=("hate_speech", "discrimination"),
    ),
    Reason(
        code="impersonation", category="impersonation", severity="medium", queue="accounts", priority=3,
        title={"zh": "冒充他人或机构", "en": "Pretends to be somebody else"},
        helps={"zh": "冒充的是谁，真正的账号是哪个。", "en": "Who is impersonated, and which account is the real one."},
        dsa="STATEMENT_CATEGORY_SCAMS_AND_FRAUD", ozone="reasonMisleadingImpersonation", mastodon="violation",
        xmpp="abuse", also=("fake_identity", "impersonator", "fake_account"),
    ),
    Reason(
        code="porn", category="porn", severity="medium", queue="reports", priority=3,
        title={"zh": "色情内容", "en": "Pornography"},
        helps={"zh": "出现在哪里，是否有人被引流到别处。",
               "en": "Where it appears, and whether people are lured elsewhere."},
        dsa="STATEMENT_CATEGORY_OTHER_VIOLATION_TC", ozone="reasonSexualUnlabeled", mastodon="violation", xmpp="abuse",
        also=("pornography", "sexual", "nudity"),
    ),
    Reason(
        code="gambling", category="gambling", severity="high", queue="reports", priority=3,
        title={"zh": "赌博", "en": "Gambling"},
        helps={"zh": "怎么玩，怎么付钱，谁在拉人。", "en": "How it is played and paid for, and who brings people in."},
        dsa="STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS", ozone="reasonRuleProhibitedSales", mastodon="legal",
        xmpp="abuse", also=("betting", "casino"),
    ),
    Reason(
        code="illicit_ad", category="illicit_ad", severity="high", queue="reports", priority=3,
        title={"zh": "违法商品或服务", "en": "Illegal goods or services"},
        helps={"zh": "卖的是什么，联系方式是什么。", "en": "What is offered, and how to get in touch."},
        dsa="STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS", ozone="reasonRuleProhibitedSales", mastodon="legal",
        xmpp="abuse", also=("illegal_goods", "drugs", "weapons", "fake_documents"),
    ),
    Reason(
        code="privacy", category="privacy", severity="high", queue="reports", priority=2,
        title={"zh": "泄露他人隐私", "en": "Private details of somebody"},
        helps={"zh": "泄露了谁的什么信息。", "en": "Whose details, and which."},
        dsa="STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS", ozone="reasonHarassmentDoxxing",
        mastodon="legal", xmpp="abuse", also=("doxxing", "doxing", "personal_data"),
    ),
    Reason(
        code="spam", category="spam", severity="low", queue="reports", priority=4,
        title={"zh": "垃圾广告或刷屏", "en": "Spam or flooding"},
        helps={"zh": "是否在多个群里出现。", "en": "Whether it appears in several groups."},
        dsa="STATEMENT_CATEGORY_OTHER_VIOLATION_TC", ozone="reasonMisleadingSpam", mastodon="spam", xmpp="spam",
        also=("flooding", "advertising", "ads"),
    ),
    Reason(
        code="other", category="other", severity="low", queue="reports", priority=4,
        title={"zh": "其他问题", "en": "Something else"},
        helps={"zh": "发生了什么，为什么不合适。", "en": "What happened, and why it is not right."},
        dsa="STATEMENT_CATEGORY_NOT_SPECIFIED_NOTICE", ozone="reasonOther", mastodon="other", xmpp="abuse",
    ),
)
"""In the order of the form: what cannot wait comes first."""



class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """What a reporter sees first: in plain words what happened, and the reasons that it may be."""

    title: dict[str, str]
    codes: tuple[str, ...]


HAPPENINGS: tuple[Happening, ...] = (
    Happening(
        title={"zh": "有人可能受到伤害", "en": "Somebody may come to harm"},
        codes=("self_harm", "minors_safety", "threats"),
    ),
    Happening(
        title={"zh": "骗钱、盗号或冒充", "en": "Cheating, a stolen account, a false name"},
        codes=("fraud", "account_theft", "impersonation"),
    ),
    Happening(
        title={"zh": "辱骂、骚扰或泄露隐私", "en": "Insults, harassment, private things made public"},
        codes=("abuse", "hate", "intimate_images", "privacy"),
    ),
    Happening(
        title={"zh": "不该出现的内容或广告", "en": "Things that should not be shown or sold here"},
        codes=("porn", "gambling", "illicit_ad", "spam"),
    ),
)
"""All reasons but `other`, each once."""

BY_CODE: dict[str, Reason] = {reason.code: reason for reason in REASONS}
HARM_TITLES: dict[str, dict[str, str]] = {reason.category: reason.title for reason in REASONS}
"""What each harm is called, for reporters' topics."""
_BY_WORD: dict[str, Reason] = {word: reason for reason in REASONS for word in (*reason.also, reason.category)} | BY_CODE


def reason_of(word: str) -> Reason:
    """The reason that a platform's own word stands for; `other` for a word that nobody knows."""
    return _BY_WORD.get(word.strip().lower().replace("-", "_").replace(" ", "_"), BY_CODE["other"])
