"""How far a session is to be trusted at one moment, and what each sensitive act needs of it. Trust is earned by proof
and by a device that is known; it falls with time, with every change of the session's surroundings, and with risk.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Protocol, get_args

import msgspec

from anlan.errors import InvalidSettings

Level = Literal["none", "password", "device", "factor", "fresh_factor"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""From least to most: nobody knows this session; somebody gave a password; on a device that the account knew before; a
factor was passed on it; it was passed minutes ago."""

AccessVerdict = Literal["allow", "step_up", "deny"]

PROOF_STRENGTHS = {
    "passkey": 3, "totp": 3, "recovery_code": 2, "sms_code": 2, "email_code": 2,
}
"""How much a method proves of who somebody is; work and captchas prove only that a person, or patience, is there."""

FRESH_S = 600.0
PROOF_LASTS_S = 12 * 3_600.0
DEVICE_LASTS_S = 30 * 86_400.0
IDLE_S = 14 * 86_400.0
RISKY = 0.5
TAKEN_OVER = 0.9
"""From this takeover score on a session has no trust at all; from `RISKY` on, no more than a password gives."""

_CAP_BY_CHANGE: Mapping[str, Level] = {"device": "none", "agent": "none", "country": "password", "network": "device"}
"""What a session is worth at most that is used otherwise than it began, until its owner is proved anew there."""


class SessionTrust(NamedTuple):
    """What is known of a session that is used now; times are seconds since the epoch.

    Attributes:
        was_known: whether the account knew the device before the session began.
        proof: strength of the best proof, as in `PROOF_STRENGTHS`; 0 for none.
        proved_at: when one was last passed.
        change: how the use differs from the session's beginning (`none`, `network`, `country`, `agent`, `device`).
        is_over: it ended, or was thrown out by another session of the account.
    """

    began_at: float
    used_at: float
    was_known: bool
    proof: int
    proved_at: float
    change: str
    is_over: bool


class SessionMemory(Protocol):
    """Where sessions are remembered."""

    def trust_of(self, account: str, session: str, device: str | None, ip: str | None) -> SessionTrust | None:
        """What speaks for a session used on this device and from this address; None if it is not known."""


class TakeoverMemory(Protocol):
    """Where it is remembered how likely somebody else acts in an account's name."""

    def score_of(self, account: str, session: str | None, device: str | None, time: float) -> float:
        """Probability in [0, 1] for acts of this session or device as of `time`."""


class Standing(NamedTuple):
    """A level with what holds it down, the strongest first: words of `REASON_WORDS`."""

    level: Level
    reasons: tuple[str, ...] = ()


class ActRule(msgspec.Struct, frozen=True, kw_only=True):
    """What one act needs.

    Attributes:
        from_amount_minor: (least amount in minor units, level), by amount.
        above_risk: (takeover score from which it holds, level), by score.
        is_limited: whether nobody does it while the account is contained.
    """

    act: str
    title: dict[str, str]
    needs: Level
    from_amount_minor: tuple[tuple[int, Level], ...] = ()
    above_risk: tuple[tuple[float, Level], ...] = ()
    is_limited: bool = False

    def level_needed(self, amount_minor: int, risk: float) -> Level:
        """The highest level that the act asks for at this amount and risk."""
        asked = [self.needs]
        asked += [level for least, level in self.from_amount_minor if amount_minor >= least]
        asked += [level for score, level in self.above_risk if risk >= score]
        return max(asked, key=LEVELS.index)


OTHER = "other"
"""The rule for acts that have none of their own."""

REASON_WORDS: dict[str, dict[str, str]] = {
    "unknown_session": {"zh": "这个登录会话没有记录", "en": "this session is not known"},
    "session_over": {"zh": "这个登录会话已经结束", "en": "this session has ended"},
    "other_device": {"zh": "会话换了设备", "en": "the session moved to another device"},
    "other_agent": {"zh": "会话换了浏览器或应用", "en": "the session moved to another browser or app"},
    "other_country": {"zh": "会话换了国家或地区", "en": "the session moved to another country"},
    "other_network": {"zh": "会话换了网络", "en": "the session moved to another network"},
    "risk": {"zh": "登录后的操作不像本人", "en": "what was done since the sign-in is unlike the owner"},
    "contained": {"zh": "账号处于保护状态", "en": "the account is under protection"},
    "recovered": {"zh": "账号刚刚找回，几天内暂停这项操作", "en": "the account has just been given back"},
    "long_ago": {"zh": "上次验证已过去较久", "en": "the last proof was a while ago"},
    "new_device": {"zh": "这台设备是新的", "en": "the device is new to the account"},
    "no_proof": {"zh": "还没有做过第二重验证", "en": "no second factor was passed yet"},
    "amount": {"zh": "金额较大", "en": "the amount is large"},
}
"""Why more is asked, in words that a member may read."""


def judge_session(trust: SessionTrust | None, risk: float, now: float) -> Standing:
    """What a session is worth now, and why no more.

    Args:
        risk: the takeover score of what was done in it.
    """
    if trust is None:
        return Standing("none", ("unknown_session",))
    if trust.is_over or now - trust.used_at > IDLE_S:
        return Standing("none", ("session_over",))
    earned, why = _earned(trust, now)
    caps: list[tuple[Level, str]] = [(earned, why)] if why else []
    if cap := _CAP_BY_CHANGE.get(trust.change):
        caps.append((cap, f"other_{trust.change}"))
    if risk >= RISKY:
        caps.append(("none" if risk >= TAKEN_OVER else "password", "risk"))
    lowest = min([earned, *(level for level, _ in caps)], key=LEVELS.index)
    holding = sorted((cap for cap in caps), key=lambda cap: LEVELS.index(cap[0]))
    return Standing(lowest, tuple(reason for _, reason in holding))


def _earned(trust: SessionTrust, now: float) -> tuple[Level, str]:
    """(level, what would raise it)."""
    age_s = now - trust.proved_at
    if trust.proof and age_s <= FRESH_S:
        return "fresh_factor", ""
    if trust.proof and age_s <= PROOF_LASTS_S:
        return "factor", "long_ago"
    if trust.was_known and now - trust.began_at <= DEVICE_LASTS_S:
        return "device", "long_ago" if trust.proof else "no_proof"
    return "password", "long_ago" if trust.was_known or trust.proof else "new_device"


def is_enough(level: Level, needed: Level) -> bool:
    """Whether a session at `level` may do what needs `needed`."""
    return LEVELS.index(level) >= LEVELS.index(needed)


def read_act_rules(found: object) -> dict[str, ActRule]:
    """The rules by act, from what the YAML file holds.

    Raises:
        InvalidSettings: a rule is not of its form, an act stands there twice, or none is called `other`.
    """
    try:
        rules = msgspec.convert(found, list[_WrittenRule])
    except msgspec.ValidationError as error:
        raise InvalidSettings(f"access rules: {error}; see docs/how-to/check-every-act.md") from error
    made = {rule.act: _rule(rule) for rule in rules}
    if len(made) < len(rules) or OTHER not in made:
        raise InvalidSettings("access rules: name every act once, and have one rule for 'other'")
    return made


class _WrittenRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule as it is written: amounts and scores are keys."""

    act: str
    title: dict[Literal["zh", "en"], str]
    needs: Level
    from_amount_minor: dict[int, Level] = {}
    above_risk: dict[float, Level] = {}
    is_limited: bool = False


def _rule(written: _WrittenRule) -> ActRule:
    values: dict[str, Any] = msgspec.structs.asdict(written)
    values |= {name: tuple(sorted(values[name].items())) for name in ("from_amount_minor", "above_risk")}
    return ActRule(**values)
