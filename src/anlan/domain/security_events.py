"""What security event tokens say (RFC 8417): the types that Anlan sends and takes in, their claims, and whom they name.

Types are those of OpenID's RISC and CAEP; streams are the Shared Signals Framework's. Signing and carrying them is
`delivery.security_events`.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec

_RISC = "https://schemas.openid.net/secevent/risc/event-type/"
_CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
_SSF = "https://schemas.openid.net/secevent/ssf/event-type/"

SESSION_REVOKED = f"{_CAEP}session-revoked"
CREDENTIAL_CHANGE = f"{_CAEP}credential-change"
ASSURANCE_LEVEL_CHANGE = f"{_CAEP}assurance-level-change"
CREDENTIAL_CHANGE_REQUIRED = f"{_RISC}account-credential-change-required"
ACCOUNT_DISABLED = f"{_RISC}account-disabled"
ACCOUNT_ENABLED = f"{_RISC}account-enabled"
ACCOUNT_PURGED = f"{_RISC}account-purged"
CREDENTIAL_COMPROMISE = f"{_RISC}credential-compromise"
IDENTIFIER_CHANGED = f"{_RISC}identifier-changed"
IDENTIFIER_RECYCLED = f"{_RISC}identifier-recycled"
RECOVERY_ACTIVATED = f"{_RISC}recovery-activated"
RECOVERY_INFORMATION_CHANGED = f"{_RISC}recovery-information-changed"
SESSIONS_REVOKED = f"{_RISC}sessions-revoked"
VERIFICATION = f"{_SSF}verification"
STREAM_UPDATED = f"{_SSF}stream-updated"

SENT: dict[str, dict[str, str]] = {
    SESSION_REVOKED: {"zh": "会话已被终止", "en": "A session was ended"},
    CREDENTIAL_CHANGE: {"zh": "密码或验证方式有变", "en": "A password or factor changed"},
    ASSURANCE_LEVEL_CHANGE: {"zh": "会话的可信程度有变", "en": "How sure we are of a session changed"},
    CREDENTIAL_CHANGE_REQUIRED: {"zh": "账号必须更换密码", "en": "The account must change its password"},
    ACCOUNT_DISABLED: {"zh": "账号已停用", "en": "The account was disabled"},
    ACCOUNT_ENABLED: {"zh": "账号已恢复", "en": "The account was enabled again"},
    CREDENTIAL_COMPROMISE: {"zh": "密码已泄露", "en": "A credential is known to others"},
    IDENTIFIER_CHANGED: {"zh": "手机号或邮箱已更换", "en": "A phone number or mail address changed"},
    RECOVERY_ACTIVATED: {"zh": "账号正在找回", "en": "The account is being recovered"},
    RECOVERY_INFORMATION_CHANGED: {"zh": "找回账号的凭据有变", "en": "What the account is recovered by changed"},
}
"""Types that a stream may carry, with their names for people."""

NAMED_ONLY = frozenset({IDENTIFIER_CHANGED})
"""They carry phone numbers or mail addresses, so a stream has to ask for them by name."""

MAX_ERROR_CHARS = 300

Delivery = Literal["push", "poll"]
DELIVERIES: tuple[Delivery, ...] = get_args(Delivery)
METHODS: dict[Delivery, str] = {"push": "urn:ietf:rfc:8935", "poll": "urn:ietf:rfc:8936"}

SubjectFormat = Literal["iss_sub", "opaque", "account"]
SUBJECT_FORMATS: tuple[SubjectFormat, ...] = get_args(SubjectFormat)

StreamStatus = Literal["enabled", "paused", "disabled"]
"""`paused` keeps what happens for later, `disabled` does not."""
STREAM_STATUSES: tuple[StreamStatus, ...] = get_args(StreamStatus)

Effect = Literal["contain", "pass_on", "keep"]
EFFECTS: tuple[Effect, ...] = get_args(Effect)


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from a received event about an account that we know.

    Attributes:
        effect: `contain` treats the account as stolen; `pass_on` tells the platform; `keep` only keeps it.
        only_when: members of the event that must be one of these for `effect`; otherwise it is passed on.
        when: that in words, {"zh", "en"}; empty without `only_when`.
    """

    effect: Effect
    title: dict[str, str]
    only_when: Mapping[str, tuple[str, ...]] = {}
    when: Mapping[str, str] = {}


REACTIONS: dict[str, Reaction] = {
    CREDENTIAL_COMPROMISE: Reaction(effect="contain", title={"zh": "密码已泄露", "en": "Credential compromised"}),
    ACCOUNT_DISABLED: Reaction(
        effect="contain", only_when={"reason": ("hijacking",)}, title={"zh": "账号已停用", "en": "Account disabled"},
        when={"zh": "因为被盗；其他原因只告知平台", "en": "because it was stolen; otherwise the platform is told"},
    ),
    SESSION_REVOKED: Reaction(
        effect="contain", only_when={"initiating_entity": ("policy",)},
        title={"zh": "会话已终止", "en": "Session revoked"},
        when={"zh": "由对方的安全策略终止；其他情况只告知平台",
              "en": "by a rule of the partner's; otherwise the platform is told"},
    ),
    SESSIONS_REVOKED: Reaction(effect="pass_on", title={"zh": "全部会话已终止", "en": "All sessions revoked"}),
    CREDENTIAL_CHANGE_REQUIRED: Reaction(
        effect="pass_on", title={"zh": "必须更换密码", "en": "Credential change required"}
    ),
    CREDENTIAL_CHANGE: Reaction(effect="pass_on", title={"zh": "密码或验证方式有变", "en": "Credential changed"}),
    ASSURANCE_LEVEL_CHANGE: Reaction(effect="pass_on", title={"zh": "可信程度有变", "en": "Assurance level changed"}),
    ACCOUNT_ENABLED: Reaction(effect="pass_on", title={"zh": "账号已恢复", "en": "Account enabled"}),
    ACCOUNT_PURGED: Reaction(effect="pass_on", title={"zh": "账号已注销", "en": "Account purged"}),
    RECOVERY_ACTIVATED: Reaction(effect="pass_on", title={"zh": "账号正在找回", "en": "Recovery activated"}),
    RECOVERY_INFORMATION_CHANGED: Reaction(
        effect="pass_on", title={"zh": "找回凭据有变", "en": "Recovery information changed"}
    ),
    IDENTIFIER_CHANGED: Reaction(effect="pass_on", title={"zh": "号码或邮箱已更换", "en": "Identifier changed"}),
    IDENTIFIER_RECYCLED: Reaction(effect="pass_on", title={"zh": "号码或邮箱已易主", "en": "Identifier recycled"}),
    VERIFICATION: Reaction(effect="keep", title={"zh": "测试事件", "en": "Verification"}),
    STREAM_UPDATED: Reaction(effect="keep", title={"zh": "事件流状态有变", "en": "Stream updated"}),
}
"""The table that operators read; a type that is not here is kept and answered as accepted."""


class SecurityEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to an account, before it is a token.

    Attributes:
        type: one of `SENT`.
        account: `account:<id>`.
        at: when it happened, wall-clock seconds.
        cause: names the act behind it; tokens of one act share it (`txn`).
        payload: members of the event beside `event_timestamp`.
        session: id of the session that it is about; empty for the whole account.
        former: the phone number or mail address that an identifier event is about.
    """

    type: str
    account: str
    at: float
    cause: str
    payload: dict[str, Any] = {}
    session: str = ""
    former: str = ""


class ReceivedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One token that was verified.

    Attributes:
        issuer, jti: together they name it.
        issued_at: seconds since the epoch.
        events: payload by type.
        subject: the subject identifier (RFC 9493), empty where the token has none.
    """

    issuer: str
    jti: str
    issued_at: float
    events: dict[str, dict[str, Any]]
    subject: dict[str, Any]
    txn: str = ""


def default_types(asked: tuple[str, ...]) -> tuple[str, ...]:
    """The types that a stream carries which asked for these; none for all that name nobody's phone."""
    return tuple(name for name in SENT if (name in asked if asked else name not in NAMED_ONLY))


def claims_of(
    event: SecurityEvent, jti: str, issuer: str, audience: str, subject_format: SubjectFormat, issued_at: float
) -> dict[str, Any]:
    """The claims of the token by which one receiver hears of `event`."""
    payload = {"event_timestamp": int(event.at), **event.payload}
    return {
        "iss": issuer, "iat": int(issued_at), "jti": jti, "aud": audience, "txn": event.cause,
        "sub_id": _subject(event, issuer, subject_format), "toe": int(event.at), "events": {event.type: payload},
    }


def stream_claims(
    type_: str, payload: dict[str, Any], jti: str, issuer: str, audience: str, stream_id: str, issued_at: float
) -> dict[str, Any]:
    """The claims of a token about the stream itself."""
    return {
        "iss": issuer, "iat": int(issued_at), "jti": jti, "aud": audience,
        "sub_id": {"format": "opaque", "id": stream_id}, "events": {type_: payload},
    }


def _subject(event: SecurityEvent, issuer: str, form: SubjectFormat) -> dict[str, Any]:
    if event.type == IDENTIFIER_CHANGED:
        kind = "email" if "@" in event.former else "phone_number"
        return {"format": kind, kind: event.former}
    user = _account_subject(event.account.removeprefix("account:"), issuer, form)
    if not event.session:
        return user
    return {"format": "complex", "user": user, "session": {"format": "opaque", "id": event.session}}


def _account_subject(name: str, issuer: str, form: SubjectFormat) -> dict[str, Any]:
    if form == "opaque":
        return {"format": "opaque", "id": name}
    if form == "iss_sub":
        return {"format": "iss_sub", "iss": issuer, "sub": name}
    host = issuer.partition("://")[2].partition("/")[0]
    return {"format": "account", "uri": f"acct:{name}@{host}"}


def account_in(subject: Mapping[str, Any], issuers: tuple[str, ...]) -> str | None:
    """`account:<id>` that a subject identifier names; None where it names none of ours.

    Args:
        issuers: whose `sub` are ids of our accounts: our own, and the partner's that sent the token.
    """
    form = subject.get("format")
    if form == "complex":
        user = subject.get("user")
        return account_in(user, issuers) if isinstance(user, dict) and user.get("format") != "complex" else None
    if form == "opaque":
        return _named(subject.get("id"))
    if form == "iss_sub":
        return _named(subject.get("sub")) if subject.get("iss") in issuers else None
    if form == "account":
        scheme, _, rest = str(subject.get("uri", "")).partition(":")
        return _named(rest.rpartition("@")[0]) if scheme == "acct" else None
    return None


def session_in(subject: Mapping[str, Any]) -> str | None:
    """The session's id in a complex subject, where there is one."""
    session = subject.get("session") if subject.get("format") == "complex" else None
    found = session.get("id") if isinstance(session, dict) else None
    return found if isinstance(found, str) and 0 < len(found) <= 128 else None


def _named(value: object) -> str | None:
    return f"account:{value}" if isinstance(value, str) and 0 < len(value) <= 128 else None


def effect_of(type_: str, payload: Mapping[str, Any]) -> Effect:
    """What follows from a received event about an account that we know."""
    reaction = REACTIONS.get(type_)
    if reaction is None:
        return "keep"
    is_meant = all(payload.get(name) in words for name, words in reaction.only_when.items())
    return reaction.effect if is_meant else "pass_on"
