"""How somebody can prove that an account is theirs: the methods, what each is worth, and the arithmetic of codes."""

import secrets
from hashlib import sha256
from typing import Literal, get_args

import pyotp

FactorKind = Literal["totp", "passkey", "recovery_codes"]
FACTOR_KINDS: tuple[FactorKind, ...] = get_args(FactorKind)

Channel = Literal["email", "sms"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)

Method = Literal[
    "passkey", "totp", "recovery_code", "email_code", "sms_code", "trusted_device", "captcha", "proof_of_work",
]
METHODS: tuple[Method, ...] = get_args(Method)
"""In the order in which they are offered: what is best against phishing first."""

Level = Literal["human", "channel", "factor", "strong"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""Weakest first. `human`: no machine, or one that paid; `channel`: whoever reads the owner's messages; `factor`: who
has something that the owner set up; `strong`: the same, and it cannot be phished."""

STRENGTHS: dict[Method, Level] = {
    "passkey": "strong", "totp": "factor", "recovery_code": "factor", "email_code": "channel", "sms_code": "channel",
    "trusted_device": "channel", "captcha": "human", "proof_of_work": "human",
}

GUESSABLE: frozenset[Method] = frozenset({"totp", "email_code", "sms_code"})
"""Six digits: the only methods that many tries from many places could break."""

CODE_METHODS: dict[Channel, Method] = {"email": "email_code", "sms": "sms_code"}

METHOD_TITLES: dict[Method, dict[str, str]] = {
    "passkey": {"zh": "通行密钥", "en": "Passkey"},
    "totp": {"zh": "身份验证器", "en": "Authenticator app"},
    "recovery_code": {"zh": "恢复码", "en": "Recovery code"},
    "email_code": {"zh": "邮件验证码", "en": "Code by e-mail"},
    "sms_code": {"zh": "短信验证码", "en": "Code by text message"},
    "trusted_device": {"zh": "受信任的设备", "en": "Trusted device"},
    "captcha": {"zh": "人机验证", "en": "Captcha"},
    "proof_of_work": {"zh": "自动检查", "en": "Automatic check"},
}

KIND_TITLES: dict[FactorKind, dict[str, str]] = {
    "totp": METHOD_TITLES["totp"],
    "passkey": METHOD_TITLES["passkey"],
    "recovery_codes": {"zh": "恢复码", "en": "Recovery codes"},
}

ISSUER = "Anlan"
"""As authenticator apps show it."""

STEP_S = 30
"""How long one code of an authenticator app holds."""

CODE_DIGITS = 6
CODE_S = 600.0
"""How long a code that was sent holds."""

RECOVERY_CODES = 10
_GROUP_CHARS = 4


def is_at_least(method: Method, level: Level) -> bool:
    """Whether passing by `method` is worth `level`."""
    return LEVELS.index(STRENGTHS[method]) >= LEVELS.index(level)


def new_totp_secret() -> str:
    """160 random bits in base32, as authenticator apps take them."""
    return pyotp.random_base32()


def totp_uri(secret: str, name: str) -> str:
    """The otpauth address behind the QR code."""
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=name, issuer_name=ISSUER)


def accepted_step(secret: str, code: str, now: float) -> int | None:
    """The time step whose code this is, one step of clock drift either way; None when it is of none.

    The caller marks the step as used, so that a code works once.
    """
    typed = "".join(code.split()).encode()
    totp = pyotp.TOTP(secret, interval=STEP_S)
    current = int(now // STEP_S)
    steps = (current - 1, current, current + 1)
    return next((step for step in steps if secrets.compare_digest(totp.generate_otp(step).encode(), typed)), None)


def new_recovery_code() -> str:
    """80 random bits in four groups: nobody guesses one, so its digest needs no slow hash."""
    text = pyotp.random_base32()[: 4 * _GROUP_CHARS].lower()
    return "-".join(text[start : start + _GROUP_CHARS] for start in range(0, len(text), _GROUP_CHARS))


def recovery_digest(factor_id: str, code: str) -> str:
    """What is stored of a recovery code; salted by the set that it belongs to. Case, spaces and dashes do not count."""
    typed = "".join(character for character in code.lower() if character.isalnum())
    return sha256(f"{factor_id}:{typed}".encode()).hexdigest()


def new_sent_code() -> str:
    """`CODE_DIGITS` random digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def sent_digest(challenge_id: str, channel: Channel, code: str) -> str:
    """What is stored of a code that was sent; it holds for one challenge and one channel."""
    return sha256(f"{challenge_id}:{channel}:{''.join(code.split())}".encode()).hexdigest()


def device_digest(account: str, device: str) -> str:
    """What is stored of a trusted device: the token itself opens things on the platform."""
    return sha256(f"{account}\x00{device}".encode()).hexdigest()
