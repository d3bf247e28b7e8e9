"""How far evidence speaks for a claimant who lost an account: likelihood ratios against the most dangerous forger.

For each kind of evidence stand the chance that the owner gives the right (or a wrong) answer, and the chance that each
class of forger does. Answers hang together: who remembers one thing remembers others, and one leak (or one shared life)
gives many facts at once. So chances are taken over levels of memory and of closeness, and facts that come together
count about once. What the platform shows to everybody counts for nothing. Of all classes of forgers the one counts
whom the evidence excludes least.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from math import exp, log
from typing import Literal, get_args

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

Band = Literal["likely", "unclear", "unlikely"]

FORGED_SHARE = 0.05
"""Base rate: of all claims so many are taken to be forged before any evidence."""
FORGED_SHARE_AT_RISK = 0.15
"""Of claims for accounts that are worth more to a thief: of high value, or unused for `DORMANT_YEARS`."""
LIKELY_FORGED_SHARE = 1.5e-3
"""At or below this posterior chance of a forgery nobody of the staff needs to look."""
UNLIKELY_SCORE = 1.5
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
        recall: how much of it is memory, which some have and some have not (0 to 1); for forgers, how much it comes
            with what else they know.
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
    "password": _strength(8.0, 1.0, (0.70, 0.15), (0.05, 0.25), (0.008, 0.20), (0.08, 0.30), (0.05, 0.25)),
    "mail": _strength(8.0, 0.8, (0.45, 0.03), (0.03, 0.05), (0.004, 0.03), (0.05, 0.05), (0.05, 0.05)),
    "phone": _strength(4.0, 0.8, (0.40, 0.03), (0.005, 0.05), (0.003, 0.03), (0.05, 0.05), (0.12, 0.05)),
    "device": _strength(3.0, 0.8, (0.55, 0.02), (0.002, 0.02), (0.003, 0.02), (0.12, 0.03), (0.25, 0.03)),
    "place": _strength(3.0, 0.0, (0.70, 0.10), (0.05, 0.50), (0.35, 0.35), (0.50, 0.30), (0.95, 0.03)),
    "habit": _strength(3.0, 0.0, (0.60, 0.20), (0.15, 0.40), (0.30, 0.35), (0.40, 0.30), (0.45, 0.30)),
    "registered": _strength(12.0, 1.0, (0.50, 0.25), (0.08, 0.50), (0.15, 0.45), (0.25, 0.40), (0.20, 0.40)),
    "city": _strength(30.0, 0.1, (0.85, 0.08), (0.35, 0.40), (0.70, 0.20), (0.85, 0.10), (0.90, 0.05)),
    "inviter": _strength(12.0, 1.0, (0.45, 0.08), (0.03, 0.30), (0.20, 0.30), (0.30, 0.25), (0.20, 0.25)),
    "nickname": _strength(10.0, 1.0, (0.50, 0.15), (0.10, 0.40), (0.20, 0.40), (0.30, 0.35), (0.20, 0.40)),
    "contacts": _strength(8.0, 0.5, (0.80, 0.05), (0.04, 0.35), (0.30, 0.25), (0.50, 0.20), (0.35, 0.25)),
    "groups": _strength(8.0, 1.0, (0.50, 0.08), (0.05, 0.35), (0.30, 0.25), (0.35, 0.25), (0.25, 0.25)),
    "payment": _strength(3.0, 1.0, (0.45, 0.15), (0.008, 0.30), (0.02, 0.30), (0.08, 0.35), (0.08, 0.30)),
    "friends": _strength(8.0, 0.0, (0.60, 0.003), (0.001, 0.20), (0.004, 0.20), (0.010, 0.20), (0.012, 0.15)),
    "document": _strength(100.0, 0.0, (0.65, 0.01), (0.0008, 0.20), (0.0005, 0.10), (0.001, 0.10), (0.002, 0.08)),
}

Levels = tuple[tuple[float, float], ...]
"""(factor on what hangs on recall, share of people)."""

MEMORIES: Levels = ((1.2, 0.35), (1.0, 0.40), (0.6, 0.25))
CLOSENESS: dict[Forger, Levels] = {
    "stranger": ((0.3, 0.7), (3.0, 0.3)),
    "acquaintance": ((0.5, 0.5), (1.6, 0.4), (2.4, 0.1)),
    "partner": ((0.4, 0.45), (1.2, 0.40), (1.8, 0.15)),
    "household": ((0.5, 0.3), (1.0, 0.5), (1.6, 0.2)),
}
"""For strangers: without a leak, and with one."""

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
        weight: natural log of what it adds, beside all the rest, to the likelihood ratio against the worst class;
            about 0 for what only repeats the rest.
        logs: its own log likelihood ratio against each class, were it alone.
    """

    kind: EvidenceKind
    outcome: EvidenceOutcome
    weight: float
    logs: dict[Forger, float]


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What the evidence of a claim comes to.

    Attributes:
        score: natural log of the likelihood ratio against `worst`, the class that the evidence excludes least.
        prior, forged_share: chance of a forgery before and after the evidence, as if all forgers were of `worst`.
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
    totals = {name: _ratio(told, years, name) for name in FORGERS}
    worst = min(FORGERS, key=totals.__getitem__)
    prior = prior_of(dormant_years, is_high_value=is_high_value, failed_claims=failed_claims)
    share = forged_share(totals[worst], prior)
    return Assessment(
        prior=prior, band=band_of(totals[worst], share), score=totals[worst], worst=worst, forged_share=share,
        totals=totals, lines=_lines(told, years, worst, totals[worst]),
    )


def score_of(evidence: Iterable[Evidence], dormant_years: float = 0.0) -> float:
    """Only the score of `assess`, for many claims at once."""
    told = {one.kind: one.outcome for one in evidence if one.outcome != "moot"}
    years = round(max(dormant_years, 0.0))
    owner = _owner_log(told, years)
    return min(owner - _forger_log(told, years, name) for name in FORGERS)


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


def _lines(told: _Told, years: int, worst: Forger, score: float) -> tuple[Line, ...]:
    made = []
    for kind, outcome in told.items():
        rest = {other: said for other, said in told.items() if other != kind}
        logs = {name: _ratio({kind: outcome}, years, name) for name in FORGERS}
        made.append(Line(kind, outcome, score - _ratio(rest, years, worst), logs))
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
_SILENT_SHARE = 0.4
"""Of the wrong answers that a forger would give, so many are not given: who is careful keeps silent."""
_NEAR = 0.5
"""Half right is half the evidence."""


@cache
def _owner_tables(years: int) -> list[tuple[float, _Table]]:
    """For each level of memory: log of its share, and log of the chance of each outcome."""
    chances = {kind: aged(strength, years) for kind, strength in STRENGTHS.items()}
    return [(log(part), _table(chances, factor)) for factor, part in MEMORIES]


@cache
def _forger_tables(forger: Forger, years: int) -> list[tuple[float, _Table]]:
    """The same for each level of closeness; silence is nowhere likelier from the owner, so that it never helps."""
    forged = {
        kind: Chances(one.right, one.wrong * (1 - _SILENT_SHARE))
        for kind, one in ((kind, strength.forgers[forger]) for kind, strength in STRENGTHS.items())
    }
    tables = [(log(part), _table(forged, factor)) for factor, part in CLOSENESS[forger]]
    for kind, strength in STRENGTHS.items():
        owner = aged(strength, years)
        least = log(1 - owner.right - owner.wrong)
        for _, table in tables:
            table[kind, "unknown"] = max(table[kind, "unknown"], least)
    return tables


def _table(chances: Mapping[EvidenceKind, Chances], factor: float) -> _Table:
    made: _Table = {}
    for kind, one in chances.items():
        right = min(one.right * (1 + (factor - 1) * STRENGTHS[kind].recall), _MOST_RIGHT)
        wrong = min(one.wrong, 0.9 * (1 - right))
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
