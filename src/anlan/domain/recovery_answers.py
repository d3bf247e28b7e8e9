"""Whether an answer of a claimant is right: typos and fading dates are half right, silence is not wrong.

Everybody is asked the same questions, of every account and of none. To name what never was (an inviter where there was
none) is a wrong answer, so that guessing costs.
"""

import unicodedata
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import msgspec
from rapidfuzz.fuzz import ratio

from anlan.domain.digests import is_made_of
from anlan.domain.places import network_of
from anlan.domain.recovery import EvidenceKind, EvidenceOutcome

MAX_ANSWER_CHARS = 400
MAX_PASSWORDS = 3
MAX_KNOWN_PASSWORDS = 5
"""So many former passwords of an account are taken; the words of every claimant meet as many digests."""
MAX_NAMES = 5
ENOUGH_NAMES = 3
LIKE_SHARE = 80.0
"""Names that are so alike (of 100) differ by a slip."""
NEAR_MONTHS = 4
FADED_YEARS = 3.0


class PasswordDigest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A former password; `is_breached` where it is known to have leaked, to the platform or by an offline check."""

    digest: str
    is_breached: bool = False


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform registered of an account for its recovery; what it left out is None.

    Attributes:
        registered_at: seconds since the epoch.
        inviter, nickname: empty where there was none.
        phones, mails: salted digests of normalised former ones, see `domain.digests`.
        public: kinds of evidence that the platform shows to everybody; they count for nothing.
    """

    registered_at: float | None = None
    city: str | None = None
    inviter: str | None = None
    nickname: str | None = None
    passwords: tuple[PasswordDigest, ...] = ()
    phones: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    public: tuple[EvidenceKind, ...] = ()


class Payment(msgspec.Struct, frozen=True):
    """A payment that was made: minor units and the time."""

    amount_minor: int
    at: float


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an account; None is unknown, an empty text or set is known to be none.

    Attributes:
        contacts, groups: names and ids that count, normalised.
        phones, mails: salted digests of normalised ones.
        networks: /24 or /48 of former sign-ins.
        clients: user agents of former sign-ins.
        decoy: a digest as this platform makes them, of whatever account; None where it never told one.
    """

    registered_at: float | None = None
    city: str | None = None
    inviter: str | None = None
    nickname: str | None = None
    contacts: frozenset[str] | None = None
    groups: frozenset[str] | None = None
    payments: tuple[Payment, ...] | None = None
    passwords: tuple[PasswordDigest, ...] = ()
    phones: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    networks: frozenset[str] = frozenset()
    clients: frozenset[str] = frozenset()
    decoy: str | None = None


def judge(kind: EvidenceKind, said: str, known: Known, dormant_years: float = 0.0) -> EvidenceOutcome:
    """What an answer comes to; an empty one is `unknown`, and where nothing is known all are `moot`.

    Numbers and addresses are `unknown` until a code proves them; `device`, `friends` and the like are not asked in
    words, and not judged here.
    """
    said = said.strip()[:MAX_ANSWER_CHARS]
    met = _meet_digests(lines_of(said)[:MAX_PASSWORDS], known) if kind == "password" else []
    if not _can_be_judged(kind, known):
        return "moot"
    if not said:
        return "unknown"
    match kind:
        case "password":
            return _judge_passwords(met)
        case "registered":
            return _judge_month(said, known.registered_at, dormant_years)
        case "contacts":
            return _judge_names(lines_of(said)[:MAX_NAMES], known.contacts)
        case "groups":
            return _judge_names(lines_of(said)[:MAX_NAMES], known.groups, enough=1)
        case "payment":
            return _judge_payment(said, known.payments)
        case "city":
            return _judge_name(said, known.city)
        case "inviter":
            return _judge_name(said, known.inviter)
        case "nickname":
            return _judge_name(said, known.nickname)
        case _:
            return "unknown"


def judge_silence(kind: EvidenceKind, known: Known) -> EvidenceOutcome:
    """What it comes to that a question has no answer (yet): `moot` where nothing is known, else `unknown`."""
    if kind == "friends":
        return "unknown" if known.contacts else "moot"
    return judge(kind, "", known)


_FIELDS: dict[EvidenceKind, str] = {
    "password": "passwords", "phone": "phones", "mail": "mails", "registered": "registered_at", "city": "city",
    "inviter": "inviter", "nickname": "nickname", "contacts": "contacts", "groups": "groups", "payment": "payments",
}


def _can_be_judged(kind: EvidenceKind, known: Known) -> bool:
    return getattr(known, _FIELDS[kind]) not in (None, ())


def lines_of(said: str) -> list[str]:
    """Several answers to one question: one a line, or parted by commas."""
    parts = said.replace("，", "\n").replace("、", "\n").replace(",", "\n").splitlines()
    return [part.strip() for part in parts if part.strip()]


def normalised(name: str) -> str:
    """A name as it is compared: width, case, spaces and marks aside."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in plain if sign.isalnum())


def normalised_phone(number: str) -> str:
    """Digits alone; the country code of China is left out."""
    digits = "".join(sign for sign in unicodedata.normalize("NFKC", number) if sign.isdigit())
    return digits[-11:] if len(digits) in (13, 15) and digits[:-11] in ("86", "0086") else digits


def normalised_mail(address: str) -> str:
    """As mail servers compare most addresses."""
    return unicodedata.normalize("NFKC", address).strip().casefold()


def is_known_channel(kind: EvidenceKind, said: str, known: Known) -> bool:
    """Whether this number or address was the account's own."""
    digests = known.phones if kind == "phone" else known.mails
    word = normalised_phone(said) if kind == "phone" else normalised_mail(said)
    return any(is_made_of(one, word) for one in digests)


def judge_place(ip: str | None, known: Known) -> EvidenceOutcome:
    """Whether the claimant sits where the account was used."""
    network = network_of(ip) if ip else None
    if network is None or not known.networks:
        return "moot"
    return "right" if network in known.networks else "wrong"


def judge_habit(client: str | None, known: Known) -> EvidenceOutcome:
    """Whether the claimant uses what the account was used with; a new device is no wonder in a recovery."""
    if not client or not known.clients:
        return "moot"
    return "near" if client in known.clients else "unknown"


def _meet_digests(said: Sequence[str], known: Known) -> list[PasswordDigest]:
    """Those that one of the words makes.

    Every word meets every digest, and decoys where there are few or none: how long it takes must say neither whether
    one of the first words was right nor whether the platform knows passwords of this account.
    """
    decoys = [PasswordDigest(digest=known.decoy)] if known.decoy else []
    every = [*known.passwords, *decoys * (MAX_KNOWN_PASSWORDS - len(known.passwords))]
    met = [bool(sum(is_made_of(one.digest, word) for word in said)) for one in every]
    return [one for one, is_met in zip(known.passwords, met, strict=False) if is_met]


def _judge_passwords(met: Sequence[PasswordDigest]) -> EvidenceOutcome:
    if not met:
        return "wrong"
    return "near" if all(one.is_breached for one in met) else "right"


def _judge_month(said: str, known: float | None, dormant_years: float) -> EvidenceOutcome:
    month = month_of(said)
    if known is None:
        return "unknown"
    if month is None:
        return "wrong"
    when = datetime.fromtimestamp(known, UTC)
    apart = abs(month - (when.year * 12 + when.month - 1))
    if apart <= (2 if dormant_years >= FADED_YEARS else 1):
        return "right"
    return "near" if apart <= NEAR_MONTHS else "wrong"


def month_of(said: str) -> int | None:
    """Months since the year 0 of `2021-05`, `2021年5月` or `202105`; None for anything else."""
    plain = "".join(sign if sign.isdecimal() else " " for sign in unicodedata.normalize("NFKC", said))
    parts = plain.split()
    if len(parts) == 1 and len(parts[0]) == 6:
        parts = [parts[0][:4], parts[0][4:]]
    if len(parts) < 2 or len(parts[0]) != 4 or len(parts[1]) > 2 or not 1 <= int(parts[1]) <= 12:
        return None
    return int(parts[0]) * 12 + int(parts[1]) - 1


def _judge_name(said: str, known: str | None) -> EvidenceOutcome:
    if known is None:
        return "unknown"
    mine, theirs = normalised(said), normalised(known)
    if mine and mine == theirs:
        return "right"
    return "near" if min(len(mine), len(theirs)) >= 4 and ratio(mine, theirs) >= LIKE_SHARE else "wrong"


def _judge_names(said: Sequence[str], known: Collection[str] | None, enough: int = ENOUGH_NAMES) -> EvidenceOutcome:
    """Few right ones are half right; more wrong ones than right ones are wrong, so that long lists do not help."""
    if known is None or not said:
        return "unknown"
    named = {normalised(one) for one in said}
    hits = len(named & set(known))
    if hits < len(named) - hits or not hits:
        return "wrong"
    return "right" if hits >= min(enough, max(len(known), 1)) else "near"


def _judge_payment(said: str, known: Sequence[Payment] | None) -> EvidenceOutcome:
    """`said` is an amount and a month, in this order and on lines of their own."""
    if known is None:
        return "unknown"
    amount, _, month_said = said.partition("\n")
    month = month_of(month_said)
    try:
        minor = float("".join(sign for sign in amount if sign.isdigit() or sign == ".")) * 100
    except ValueError:
        return "unknown"
    if month is None:
        return "unknown"
    fits = [_payment_fit(one, minor, month) for one in known]
    return "right" if 2 in fits else "near" if 1 in fits else "wrong"


def _payment_fit(one: Payment, minor: float, month: int) -> int:
    when = datetime.fromtimestamp(one.at, UTC)
    apart = abs(when.year * 12 + when.month - 1 - month)
    off = abs(one.amount_minor - minor) / max(one.amount_minor, 1)
    return 2 if off <= 0.05 and apart == 0 else 1 if off <= 0.2 and apart <= 1 else 0
