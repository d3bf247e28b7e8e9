"""What a challenge is while it lives, how much may be tried, and what the platform hears of it."""

from datetime import UTC, datetime
from typing import Literal, get_args

import msgspec

from anlan.domain.factors import CODE_METHODS, METHODS, Channel, FactorKind, Level, Method, is_at_least
from anlan.domain.messages import OutgoingMessage

ChallengeState = Literal["open", "passed", "used", "failed"]
CHALLENGE_STATES: tuple[ChallengeState, ...] = get_args(ChallengeState)

LIFE_S = 900.0
"""How long a challenge can be passed."""

PROOF_S = 600.0
"""How long a passed challenge is good for the act that it was asked for."""

MAX_TRIES = 5
"""Wrong answers to one challenge."""

SENDS = 3
"""Codes to one channel for one challenge."""
RESEND_S = 45.0

WAIT_S = 20.0
"""Where nothing but work stands between a visitor and the account, work done sooner than this is not taken."""

HOUR_S, DAY_S = 3_600.0, 86_400.0
PARTY_STARTS_1H = 30
PARTY_TRIES_1H = 20
STRANGER_GUESSES_1H, STRANGER_GUESSES_1D = 40, 120
"""Tries at six digits that all visitors together may make who are not on a device that the owner trusts. Past it only
what cannot be guessed is taken from them; a trusted device has its own tries, which no stranger can use up."""
PARTY_SENDS_1H = 5
STRANGER_SENDS_1D = 20

TRUSTED_S = 30 * 86_400.0
"""How long a device stays trusted after a passed challenge."""

PURPOSES: dict[str, dict[str, str]] = {
    "sign_in": {"zh": "登录", "en": "signing in"},
    "change_password": {"zh": "修改密码", "en": "changing the password"},
    "change_binding": {"zh": "修改绑定的手机或邮箱", "en": "changing a bound phone or mail address"},
    "change_factors": {"zh": "修改验证方式", "en": "changing your second step"},
    "lift_containment": {"zh": "解除账号保护", "en": "lifting the protection of your account"},
    "payment": {"zh": "付款", "en": "a payment"},
    "transfer_group": {"zh": "转让群", "en": "handing over a group"},
    "stop_recovery": {"zh": "停止账号找回", "en": "stopping a recovery of your account"},
}
OTHER_PURPOSE = {"zh": "一项敏感操作", "en": "a sensitive act"}
"""Platforms name purposes of their own; these are the ones that pages can put into words."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What an account can prove itself by.

    Attributes:
        kinds: factors that the owner has set up.
        channels: where the platform can send a code.
    """

    kinds: frozenset[FactorKind] = frozenset()
    channels: frozenset[Channel] = frozenset()

    @property
    def methods(self) -> frozenset[Method]:
        """The methods that this allows."""
        by_kind: dict[FactorKind, Method] = {
            "totp": "totp", "passkey": "passkey", "recovery_codes": "recovery_code",
        }
        return frozenset(by_kind[kind] for kind in self.kinds) | {CODE_METHODS[one] for one in self.channels}


def methods_for(held: Held, level: Level, *, has_captcha: bool = False) -> tuple[Method, ...]:
    """What may answer a challenge that needs `level`, best first; empty where the account can prove nothing so strong.

    Work and captchas show only that there is no cheap machine: they are offered where that is all that is asked for and
    the account has nothing better, so that an attacker cannot choose them instead.
    """
    real = tuple(method for method in METHODS if method in held.methods and is_at_least(method, level))
    if real or level != "human":
        return real
    return ("captcha", "proof_of_work") if has_captcha else ("proof_of_work",)


class CodeWanted(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `factor.code`: please send this code to the member by this channel, and to nobody else.

    Attributes:
        channel: `email` or `sms`; the address is the platform's to know.
        says: the words to send, by language.
        bound_before: send it to the address that was bound at that time, should it have changed since.
        expires_at: seconds since the epoch; sending it later is no use.
    """

    account: str
    challenge: str
    channel: str
    code: str
    language: str
    says: dict[str, str]
    bound_before: float
    expires_at: float


class ChallengeMoved(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `challenge.passed` and `challenge.failed`.

    Attributes:
        method: by which it was passed, or at which the last try failed.
        level: what passing by it is worth.
    """

    challenge: str
    account: str
    purpose: str
    method: str
    level: str
    session: str | None = None
    device: str | None = None


def code_message(wanted: CodeWanted, number: int, now: float) -> OutgoingMessage:
    """Asks the platform to send the `number`-th code of a challenge."""
    return _message(f"msg_code_{wanted.challenge}_{wanted.channel}_{number}", "factor.code", wanted, now)


def moved_message(state: Literal["passed", "failed"], moved: ChallengeMoved, now: float) -> OutgoingMessage:
    """Tells the platform how a challenge ended."""
    return _message(f"msg_{state}_{moved.challenge}", f"challenge.{state}", moved, now)


def _message(id: str, kind: str, data: CodeWanted | ChallengeMoved, now: float) -> OutgoingMessage:
    body = {"type": kind, "timestamp": datetime.fromtimestamp(now, UTC), "data": data}
    return OutgoingMessage(id, kind, msgspec.json.encode(body))


def code_words(code: str, purpose: str) -> dict[str, str]:
    """What a member reads beside the code: what it is for, and that nobody asks for it."""
    act = PURPOSES.get(purpose, OTHER_PURPOSE)
    return {
        "zh": f"验证码 {code}，用于{act['zh']}，10 分钟内有效。任何人都不会向您索要；不是您本人操作，请勿告诉他人。",
        "en": f"{code} is your code for {act['en']}, good for 10 minutes. Nobody will ever ask you for it; "
        "if this was not you, tell it to no one.",
    }
