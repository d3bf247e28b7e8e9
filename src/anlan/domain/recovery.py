"""How far evidence speaks for a claimant who lost an account: likelihood ratios against forgers as they come.

For each kind of evidence stand the chance that the owner gives the right (or a wrong) answer, and the chance that each
class of forger does. Answers hang together: who remembers one thing remembers others, and one leak (or one shared life)
gives many facts at once. So chances are taken over levels of memory, of closeness and of what leaked together, and
facts that come together count about once. What the platform shows to everybody counts for nothing. Each class of
forgers counts by how many of them come and are not stopped.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from math import exp, log
from typing import Literal, NamedTuple, get_args

import msgspec

EvidenceKind = Literal[
    "password", "mail", "phone", "device", "place", "habit", "registered", "city", "inviter", "nickname", "contacts",
    "groups", "payment", "friends", "document",
]
EVIDENCE_KINDS: tuple[EvidenceKind, ...] = get_args(EvidenceKind)

EvidenceOutcome = Literal["right", "near", "wrong", "unknown", "moot"]
"""`near` is half right, or right but known to have leaked; `unknown` was not answered; `moot` is what we know nothing
of, which counts for nothing."""
EVIDENCE_OUTCOMES: tuple[EvidenceOutcome, ...] = get_args(EvidenceOutcome)

Forger = Literal["stranger", "acquaintance", "partner", "household"]
"""A stranger with leaked data; somebody who knows the public face; a former partner; who lives under the same roof."""
FORGERS: tuple[Forger, ...] = get_args(Forger)

FORGER_SHARES: dict[Forger, float] = {"stranger": 0.56, "acquaintance": 0.18, "partner": 0.14, "household": 0.12}
"""Of forged claims that nobody would stop. Guesses, as nobody publishes any: two of three forgers are strangers with
leaked data, one of seven is or was close; but who is close may keep the notices from the owner, and counts twice."""

Band = Literal["likely", "unclear", "unlikely"]

FORGED_SHARE = 0.05
"""Base rate: of all claims so many are taken to be forged before any evidence."""
FORGED_SHARE_AT_RISK = 0.15
"""Of claims for accounts that are worth more to a thief: of high value, or unused for `DORMANT_YEARS`."""
LIKELY_FORGED_SHARE = 5e-4
"""At or below this posterior chance of a forgery nobody of the staff needs to look."""
UNLIKELY_SCORE = 2.0
"""Evidence below this natural log of the likelihood ratio is too little to trouble staff with."""
DORMANT_YEARS = 1.0


class Chances(msgspec.Struct, frozen=True):
    """How likely a right and a wrong answer are; the rest says nothing."""

    right: float
    wrong: float


class Strength(msgspec.Struct, frozen=True):
    """What one kind of evidence is worth.

    Attributes:
        half_life_years: of the owner's hold on it while the account lies unused.
        recall: how much of it is memory, which some have and some have not (0 to 1).
    """

    half_life_years: float
    recall: float
    owner: Chances
    forgers: Mapping[Forger, Chances]


def _strength(
    half_life_years: float, recall: float, owner: tuple[float, float], *forgers: tuple[float, float]
) -> Strength:
    chances = {name: Chances(*pair) for name, pair in zip(FORGERS, forgers, strict=True)}
    return Strength(half_life_years, recall, Chances(*owner), chances)


STRENGTHS: dict[EvidenceKind, Strength] = {
    #                     years recall owner          stranger       acquaintance   partner       household
    "password": _strength(8.0, 1.0, (0.78, 0.08), (0.004, 0.25), (0.005, 0.20), (0.09, 0.30), (0.06, 0.25)),
    "mail": _strength(4.0, 0.2, (0.47, 0.02), (0.004, 0.03), (0.004, 0.03), (0.06, 0.05), (0.05, 0.05)),
    "phone": _strength(3.0, 0.2, (0.38, 0.02), (0.005, 0.03), (0.003, 0.03), (0.05, 0.05), (0.12, 0.03)),
    "device": _strength(3.0, 0.2, (0.56, 0.01), (0.002, 0.02), (0.003, 0.02), (0.12, 0.02), (0.25, 0.02)),
    "place": _strength(3.0, 0.0, (0.70, 0.10), (0.07, 0.45), (0.35, 0.35), (0.50, 0.30), (0.95, 0.03)),
    "habit": _strength(3.0, 0.0, (0.60, 0.20), (0.15, 0.40), (0.30, 0.35), (0.40, 0.30), (0.45, 0.30)),
    "registered": _strength(12.0, 1.0, (0.50, 0.08), (0.16, 0.30), (0.14, 0.30), (0.25, 0.30), (0.20, 0.30)),
    "city": _strength(30.0, 0.1, (0.88, 0.06), (0.60, 0.20), (0.80, 0.12), (0.92, 0.05), (0.94, 0.03)),
    "inviter": _strength(12.0, 1.0, (0.60, 0.08), (0.02, 0.20), (0.20, 0.20), (0.30, 0.20), (0.16, 0.20)),
    "nickname": _strength(10.0, 1.0, (0.50, 0.08), (0.14, 0.30), (0.20, 0.20), (0.30, 0.20), (0.20, 0.20)),
    "contacts": _strength(10.0, 0.5, (0.80, 0.04), (0.05, 0.20), (0.30, 0.15), (0.45, 0.12), (0.35, 0.20)),
    "groups": _strength(10.0, 1.0, (0.72, 0.08), (0.03, 0.20), (0.30, 0.20), (0.30, 0.20), (0.25, 0.20)),
    "payment": _strength(8.0, 1.0, (0.62, 0.08), (0.005, 0.20), (0.02, 0.20), (0.10, 0.20), (0.10, 0.20)),
    "friends": _strength(30.0, 0.0, (0.70, 0.002), (0.0007, 0.08), (0.007, 0.15), (0.006, 0.20), (0.009, 0.12)),
    "document": _strength(100.0, 0.0, (0.68, 0.015), (0.0007, 0.10), (0.0005, 0.08), (0.001, 0.06), (0.002, 0.06)),
}

class Level(NamedTuple):
    """Some of the people of a class.

    Attributes:
        factor: on what hangs on recall.
        share: of the class.
        loot: what came into their hands together, in place of what the class has.
    """

    factor: float
    share: float
    loot: Mapping[EvidenceKind, Chances] = {}


CREDENTIALS: Mapping[EvidenceKind, Chances] = {"password": Chances(0.70, 0.10), "mail": Chances(0.25, 0.05)}
"""Of who has a password from a leak or a phish: the same one often opens the mailbox."""

MEMORIES = (Level(1.2, 0.35), Level(1.0, 0.40), Level(0.6, 0.25))
CLOSENESS: dict[Forger, tuple[Level, ...]] = {
    "stranger": (Level(0.3, 0.35), Level(2.0, 0.30), Level(0.3, 0.20, CREDENTIALS), Level(2.0, 0.15, CREDENTIALS)),
    "acquaintance": tuple(Level(factor, 0.2) for factor in (0.3, 0.65, 0.95, 1.3, 1.8)),
    "partner": tuple(Level(factor, 0.2) for factor in (0.42, 0.74, 1.0, 1.26, 1.58)),
    "household": tuple(Level(factor, 0.2) for factor in (0.42, 0.74, 1.0, 1.26, 1.58)),
}
"""How much somebody knows or holds of what the class does on average; strangers are without a leak, with a leaked
profile, with a leaked password, and with both."""

UNTIED: frozenset[EvidenceKind] = frozenset({"place", "habit", "city", "document"})
"""What somebody close has or has not, however close they are."""

FORGERY_COSTS: dict[EvidenceKind, dict[str, str]] = {
    "password": {"zh": "泄露的密码库", "en": "a leak of passwords"},
    "mail": {"zh": "邮箱被盗", "en": "a stolen mailbox"},
    "phone": {"zh": "补办或回收的手机号", "en": "a swapped or reissued number"},
    "device": {"zh": "拿到设备本身", "en": "the device itself"},
    "place": {"zh": "身处同一网络", "en": "being on the same network"},
    "habit": {"zh": "模仿使用习惯", "en": "imitating habits"},
    "registered": {"zh": "旧截图或猜测", "en": "an old screenshot, or a guess"},
    "city": {"zh": "公开信息", "en": "public facts"},
    "inviter": {"zh": "了解其交友圈", "en": "knowing their circle"},
    "nickname": {"zh": "旧存档", "en": "an old archive"},
    "contacts": {"zh": "了解其交友圈", "en": "knowing their circle"},
    "groups": {"zh": "了解其交友圈", "en": "knowing their circle"},
    "payment": {"zh": "看过其账单", "en": "having seen their bills"},
    "friends": {"zh": "骗过多位互不相干的老友", "en": "fooling several old friends who are independent"},
    "document": {"zh": "伪造证件与活体核验", "en": "forging a document and the living face with it"},
}


class Evidence(msgspec.Struct, frozen=True):
    """What became of one question or look."""

    kind: EvidenceKind
    outcome: EvidenceOutcome


class Line(msgspec.Struct, frozen=True):
    """One piece of evidence in an assessment.

    Attributes:
        weight: natural log of what it adds, beside all the rest, to the likelihood ratio; about 0 for what only
            repeats the rest.
        logs: its own log likelihood ratio against each class, were it alone.
    """

    kind: EvidenceKind
    outcome: EvidenceOutcome
    weight: float
    logs: dict[Forger, float]


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What the evidence of a claim comes to.

    Attributes:
        score: natural log of the likelihood ratio against all forgers, by `FORGER_SHARES`.
        worst: the class that a forger with this evidence would most likely be of.
        prior, forged_share: chance of a forgery before and after the evidence.
        totals: natural log of the likelihood ratio against each class alone.
        lines: all evidence that counts, strongest first.
    """

    band: Band
    score: float
    worst: Forger
    prior: float
    forged_share: float
    totals: dict[Forger, float]
    lines: tuple[Line, ...]


def assess(
    evidence: Iterable[Evidence], *, dormant_years: float = 0.0, is_high_value: bool = False,
    public: Collection[str] = (), failed_claims: int = 0,
) -> Assessment:
    """Weigh what is there; a kind may stand in `evidence` once.

    Args:
        dormant_years: how long the account was not used; memory and devices fade with it.
        public: kinds that the platform shows to everybody.
        failed_claims: for the same account of late; whoever tries often enough would be lucky once.
    """
    years = round(max(dormant_years, 0.0))
    told = {one.kind: one.outcome for one in evidence if one.kind not in public and one.outcome != "moot"}
    owner = _owner_log(told, years)
    totals = {name: owner - _forger_log(told, years, name) for name in FORGERS}
    score, worst = _against_all(totals), min(FORGERS, key=lambda name: totals[name] - log(FORGER_SHARES[name]))
    prior = prior_of(dormant_years, is_high_value=is_high_value, failed_claims=failed_claims)
    share = forged_share(score, prior)
    return Assessment(
        prior=prior, band=band_of(score, share), score=score, worst=worst, forged_share=share, totals=totals,
        lines=_lines(told, years, score),
    )


def score_of(evidence: Iterable[Evidence], dormant_years: float = 0.0) -> float:
    """Only the score of `assess`, for many claims at once."""
    told = {one.kind: one.outcome for one in evidence if one.outcome != "moot"}
    years = round(max(dormant_years, 0.0))
    owner = _owner_log(told, years)
    return _against_all({name: owner - _forger_log(told, years, name) for name in FORGERS})


def _against_all(totals: Mapping[Forger, float]) -> float:
    """The log likelihood ratio against forgers as they come."""
    return -_mixed([log(FORGER_SHARES[name]) - total for name, total in totals.items()])


def prior_of(dormant_years: float, *, is_high_value: bool = False, failed_claims: int = 0) -> float:
    """The chance of a forgery before any evidence; each claim that failed of late adds its weight to the odds."""
    share = FORGED_SHARE_AT_RISK if is_high_value or dormant_years >= DORMANT_YEARS else FORGED_SHARE
    odds = share / (1 - share) * (1 + failed_claims)
    return odds / (1 + odds)


def forged_share(score: float, prior: float) -> float:
    """The chance of a forgery after evidence with this log likelihood ratio."""
    return 1.0 / (1.0 + exp(min(score, 700.0)) * (1.0 - prior) / prior)


def band_of(score: float, share: float) -> Band:
    """What follows from an assessment by itself."""
    if share <= LIKELY_FORGED_SHARE:
        return "likely"
    return "unlikely" if score < UNLIKELY_SCORE else "unclear"


def aged(strength: Strength, years: float) -> Chances:
    """The owner's chances after years without use: what is lost is mostly forgotten, and partly mixed up."""
    right = strength.owner.right * 0.5 ** (years / strength.half_life_years)
    return Chances(right, strength.owner.wrong + 0.3 * (strength.owner.right - right))


_Told = Mapping[EvidenceKind, EvidenceOutcome]


def _lines(told: _Told, years: int, score: float) -> tuple[Line, ...]:
    made = []
    for kind, outcome in told.items():
        rest = {other: said for other, said in told.items() if other != kind}
        logs = {name: _ratio({kind: outcome}, years, name) for name in FORGERS}
        before = _against_all({name: _ratio(rest, years, name) for name in FORGERS})
        made.append(Line(kind, outcome, score - before, logs))
    return tuple(sorted(made, key=lambda line: -line.weight))


def _ratio(told: _Told, years: int, forger: Forger) -> float:
    return _owner_log(told, years) - _forger_log(told, years, forger)


def _owner_log(told: _Told, years: int) -> float:
    tables = _owner_tables(years)
    return _mixed([start + sum(table[kind, said] for kind, said in told.items()) for start, table in tables])


def _forger_log(told: _Told, years: int, forger: Forger) -> float:
    tables = _forger_tables(forger, years)
    return _mixed([start + sum(table[kind, said] for kind, said in told.items()) for start, table in tables])


def _mixed(logs: list[float]) -> float:
    """Log of the sum of what these are logs of."""
    most = max(logs)
    return most + log(sum(exp(one - most) for one in logs))


_Table = dict[tuple[EvidenceKind, EvidenceOutcome], float]
_MOST_RIGHT = 0.95
_SILENT_SHARE = 0.5
"""Of the wrong answers that a forger would give, so many are not given: who is careful keeps silent."""
_NEAR = 0.5
"""Half right is half the evidence."""


@cache
def _owner_tables(years: int) -> list[tuple[float, _Table]]:
    """For each level of memory: log of its share, and log of the chance of each outcome."""
    chances = {kind: aged(strength, years) for kind, strength in STRENGTHS.items()}
    recalls = {kind: strength.recall for kind, strength in STRENGTHS.items()}
    return [(log(level.share), _table(chances, level, recalls)) for level in MEMORIES]


@cache
def _forger_tables(forger: Forger, years: int) -> list[tuple[float, _Table]]:
    """The same for each level of closeness; silence is nowhere likelier from the owner, so that it never helps."""
    chances = {kind: strength.forgers[forger] for kind, strength in STRENGTHS.items()}
    ties = {kind: 0.0 if kind in UNTIED else 1.0 for kind in STRENGTHS}
    tables = [(log(level.share), _table(chances, level, ties, _SILENT_SHARE)) for level in CLOSENESS[forger]]
    for kind, strength in STRENGTHS.items():
        owner = aged(strength, years)
        least = log(1 - owner.right - owner.wrong)
        for _, table in tables:
            table[kind, "unknown"] = max(table[kind, "unknown"], least)
    return tables


def _table(
    chances: Mapping[EvidenceKind, Chances], level: Level, ties: Mapping[EvidenceKind, float], silent_share: float = 0.0
) -> _Table:
    """`ties` says by kind how far the level's factor reaches (0 to 1)."""
    made: _Table = {}
    for kind, usual in chances.items():
        one = level.loot.get(kind, usual)
        factor = 1.0 if kind in level.loot else 1 + (level.factor - 1) * ties[kind]
        right = min(one.right * factor, _MOST_RIGHT)
        wrong = min(one.wrong * (1 - silent_share), 0.9 * (1 - right))
        made[kind, "right"], made[kind, "near"] = log(right), _NEAR * log(right)
        made[kind, "wrong"], made[kind, "unknown"] = log(wrong), log(1 - right - wrong)
    return made


COOL_OFF_HOURS = 24.0
COOL_OFF_HOURS_AT_RISK = 48.0
COOL_OFF_HOURS_MOST = 72.0


def cool_off_hours(assessment: Assessment, *, dormant_years: float, is_high_value: bool) -> float:
    """How long the real owner has to stop a claim: the longer the less likely somebody is there to see the notice."""
    if is_high_value or dormant_years >= DORMANT_YEARS:
        return COOL_OFF_HOURS_MOST
    return COOL_OFF_HOURS if assessment.forged_share <= LIKELY_FORGED_SHARE / 10 else COOL_OFF_HOURS_AT_RISK
