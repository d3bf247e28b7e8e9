"""Recovery of accounts: honest claims done without staff against forged ones let through, on simulated people.

Nobody here is drawn from the table that judges them. Owners have a memory of their own quality that fades and slips,
some things and not others; forgers have a plan: they hold bundles that came by one leak, know a circle or a household,
bribe friends, and keep silent where they do not know. Rates are guesses with round numbers; only the order of classes
is taken from what is published (leaked passwords are the commonest loot; people close by know places, dates and
devices; Bonneau and others 2015 found of secret questions that strangers guess few and owners forget many).
Seeds of the table were below 1000; figures come from others.
"""

import random
from collections.abc import Callable

from anlan.domain.claims import ASKED
from anlan.domain.recovery import (
    LIKELY_FORGED_SHARE,
    Evidence,
    EvidenceKind,
    EvidenceOutcome,
    band_of,
    forged_share,
    prior_of,
    score_of,
)
from bench.measure import Figure, at_least, at_most, run_alone, show_table

SEED = 9_000
HONEST, FORGED = 40_000, 400_000
LIMITS = (1e-2, 3e-3, 2e-3, 1.5e-3, 1e-3, 5e-4, 3e-4, 1e-4, 3e-5, 1e-5)
Answers = dict[EvidenceKind, EvidenceOutcome]
Maker = Callable[[random.Random, float], Answers]
Claim = tuple[float, float, float]
"""Score, the years that the account was not used, and the chance that nobody stops it in its cool-off."""

UNSTOPPED = 0.25
"""Of claims for accounts in use, so many are not stopped by an owner who is told on every channel for a day or more."""
UNSTOPPED_DORMANT = 0.8
UNSTOPPED_CLOSE = 0.5
"""A former partner, or who shares the household, may keep the notices from the owner."""


def _draw(chance: random.Random, right: float, wrong: float) -> EvidenceOutcome:
    dice = chance.random()
    return "right" if dice < right else "wrong" if dice < right + wrong else "unknown"


def dormancy(chance: random.Random) -> float:
    """Years without use: most claims come soon, one in six after more than a year."""
    return chance.expovariate(1 / 0.25) if chance.random() < 0.84 else 1.0 + chance.expovariate(1 / 2.5)


def owner(chance: random.Random, years: float) -> Answers:
    """What an owner who lost password and phone can still show."""
    memory = chance.betavariate(5, 2) * 0.5 ** (years / 10)
    slips = 0.04 + 0.12 * (1 - memory)

    def remembers(share: float) -> EvidenceOutcome:
        return _draw(chance, share * memory, slips)

    shown: Answers = {
        "password": _draw(chance, min(1.15 * memory, 0.92), slips), "registered": remembers(0.7),
        "city": _draw(chance, 0.9, 0.05), "nickname": remembers(0.7),
        "contacts": _draw(chance, 0.5 + 0.45 * memory, 0.04), "inviter": remembers(0.9), "groups": remembers(1.1),
        "payment": remembers(0.95),
    }
    keeps = 0.5 ** (years / 3)
    has_device = chance.random() < 0.6 * keeps
    shown["device"] = "right" if has_device else "unknown"
    shown["place"] = "right" if chance.random() < 0.75 * keeps else ("wrong" if chance.random() < 0.3 else "unknown")
    shown["mail"] = _draw(chance, 0.5 * keeps, 0.02)
    shown["phone"] = _draw(chance, 0.4 * keeps, 0.02)
    if chance.random() < 0.85:
        friends = sum(chance.random() < 0.6 for _ in range(4))
        shown["friends"] = "right" if friends >= 2 else "near" if friends else "unknown"
    if chance.random() < 0.75:
        shown["document"] = _draw(chance, 0.93, 0.02)
    return _slips(chance, shown)


def _slips(chance: random.Random, shown: Answers) -> Answers:
    """A typo or a month too early makes some right answers only half right."""
    soft = ("registered", "nickname", "payment", "contacts")
    return {kind: "near" if said == "right" and kind in soft and chance.random() < 0.1 else said
            for kind, said in shown.items()}


def leaked(chance: random.Random, years: float) -> Answers:
    """A stranger with a leaked profile: what came in the bundle is right, guesses fill some of the rest."""
    has_profile, has_password = chance.random() < 0.7, chance.random() < 0.25
    shown: Answers = {
        "password": _draw(chance, 0.35 if has_password else 0.001, 0.3),
        "registered": _draw(chance, 0.35 if has_profile else 0.05, 0.3),
        "nickname": _draw(chance, 0.3 if has_profile else 0.03, 0.3),
        "city": _draw(chance, 0.8 if has_profile else 0.2, 0.2), "inviter": _draw(chance, 0.02, 0.2),
        "contacts": _draw(chance, 0.05, 0.2), "payment": _draw(chance, 0.003, 0.2), "place": _draw(chance, 0.08, 0.4),
        "mail": _draw(chance, 0.12 if has_password else 0.003, 0.02),
        "phone": _draw(chance, 0.002 + 0.01 * (years > 1), 0.02),
        "friends": _draw(chance, 0.0004, 0.05), "document": _draw(chance, 0.0005, 0.1),
    }
    return shown


def old_password(chance: random.Random, years: float) -> Answers:
    """A stranger who is sure of a stolen old password, and often of the mailbox with it."""
    return {**leaked(chance, years), "password": "right", "mail": _draw(chance, 0.3, 0.02)}


def public_facts(chance: random.Random, years: float) -> Answers:
    """An acquaintance who has read all that is public and knows the circle, and asks friends to vouch for a story."""
    del years
    near = chance.betavariate(2, 4)
    return {
        "city": _draw(chance, 0.85, 0.1), "registered": _draw(chance, 0.4 * near, 0.3),
        "nickname": _draw(chance, 0.6 * near, 0.2),
        "inviter": _draw(chance, 0.6 * near, 0.2), "contacts": _draw(chance, 0.9 * near, 0.15),
        "groups": _draw(chance, 0.9 * near, 0.2), "place": _draw(chance, 0.35, 0.3),
        "password": _draw(chance, 0.01 * near, 0.2),
        "payment": _draw(chance, 0.05 * near, 0.2), "friends": _draw(chance, 0.004, 0.1),
    }


def colluding(chance: random.Random, years: float) -> Answers:
    """The same with friends of the victim who were bought; independence lets two of them count in one case of fifty."""
    return {**public_facts(chance, years), "friends": _draw(chance, 0.02, 0.3)}


def former_partner(chance: random.Random, years: float) -> Answers:
    """Knows a lot, once had the devices, may still know passwords; friends and documents are not theirs."""
    near = chance.betavariate(3, 3) * 0.5 ** (years / 6)
    return {
        "password": _draw(chance, 0.2 * near, 0.3), "mail": _draw(chance, 0.12 * near, 0.05),
        "phone": _draw(chance, 0.1 * near, 0.05),
        "device": _draw(chance, 0.25 * near, 0.0), "place": _draw(chance, 0.5, 0.3),
        "registered": _draw(chance, 0.5 * near, 0.3),
        "city": _draw(chance, 0.95, 0.05), "inviter": _draw(chance, 0.6 * near, 0.2),
        "nickname": _draw(chance, 0.6 * near, 0.2),
        "contacts": _draw(chance, 0.9 * near, 0.1), "groups": _draw(chance, 0.6 * near, 0.2),
        "payment": _draw(chance, 0.2 * near, 0.2),
        "friends": _draw(chance, 0.01 * near, 0.2), "document": _draw(chance, 0.0008, 0.05),
    }


def household(chance: random.Random, years: float) -> Answers:
    """Under the same roof: network, shared devices, sometimes the old phone or the bills; not the face."""
    near = chance.betavariate(3, 3)
    del years
    return {
        "password": _draw(chance, 0.12 * near, 0.25), "mail": _draw(chance, 0.1 * near, 0.05),
        "phone": _draw(chance, 0.25 * near, 0.03),
        "device": _draw(chance, 0.5 * near, 0.0), "place": "right", "registered": _draw(chance, 0.4 * near, 0.3),
        "city": _draw(chance, 0.97, 0.02), "inviter": _draw(chance, 0.3 * near, 0.2),
        "nickname": _draw(chance, 0.4 * near, 0.2),
        "contacts": _draw(chance, 0.7 * near, 0.2), "groups": _draw(chance, 0.5 * near, 0.2),
        "payment": _draw(chance, 0.2 * near, 0.2),
        "friends": _draw(chance, 0.015 * near, 0.1), "document": _draw(chance, 0.002, 0.05),
    }


FORGERS: dict[str, tuple[float, Maker]] = {
    "stranger, leaked profile": (0.50, leaked),
    "stranger, stolen old password": (0.15, old_password),
    "knows public facts": (0.15, public_facts),
    "with colluding friends": (0.05, colluding),
    "former partner": (0.08, former_partner),
    "same household": (0.07, household),
}
"""With the share that each has in all forged claims."""


CLOSE = (former_partner, household)


def silent(shown: Answers) -> Answers:
    """A forger who knows what he does not know says nothing instead of something wrong."""
    return {kind: "unknown" if said == "wrong" and kind not in ("place", "document", "friends") else said
            for kind, said in shown.items()}


ACCOUNTS_HAVE: dict[EvidenceKind, float] = {"inviter": 0.5, "groups": 0.4, "payment": 0.6}
"""Share of accounts, whoever claims them, that have such a thing to ask for; all have what is not named here."""


def asked(chance: random.Random, shown: Answers, *, checks_documents: bool) -> list[Evidence]:
    """What comes of the questions: of what the account has not, nothing; silence where nothing is said or shown."""
    lacks = {kind for kind, has in ACCOUNTS_HAVE.items() if chance.random() >= has}
    told: Answers = dict.fromkeys((*ASKED, "document"), "unknown")
    told |= shown
    if not checks_documents:
        del told["document"]
    return [Evidence(kind, said) for kind, said in told.items() if kind not in lacks]


def claims(
    chance: random.Random, make: Maker, count: int, *, unstopped: float = 1.0, checks_documents: bool = True
) -> list[Claim]:
    """Scores of so many simulated claims.

    Args:
        unstopped: the chance that nobody stops one for an account in use.
        checks_documents: the platform checks identity documents.
    """
    made = []
    for _ in range(count):
        years = dormancy(chance)
        score = score_of(asked(chance, make(chance, years), checks_documents=checks_documents), years)
        made.append((score, years, UNSTOPPED_DORMANT if years >= 1 else unstopped))
    return made


def passes(claim: Claim, limit: float = LIKELY_FORGED_SHARE) -> bool:
    """Whether a claim goes without staff."""
    score, years, _ = claim
    return forged_share(score, prior_of(years)) <= limit


def handed_over(found: list[Claim], limit: float = LIKELY_FORGED_SHARE) -> float:
    """Share of forged claims that pass and are not stopped."""
    return sum(one[2] for one in found if passes(one, limit)) / len(found)


def share(found: list[Claim], limit: float = LIKELY_FORGED_SHARE) -> float:
    """Share of claims that pass."""
    return sum(passes(one, limit) for one in found) / len(found)


def refused(found: list[Claim]) -> float:
    """Share of claims whose evidence is too little to trouble staff with."""
    bands = [band_of(score, forged_share(score, prior_of(years))) for score, years, _ in found]
    return bands.count("unlikely") / len(found)


def _careful(make: Maker) -> Maker:
    return lambda chance, years: silent(make(chance, years))


def _forged(quick: bool, seed: int, *, checks_documents: bool = True) -> dict[str, list[Claim]]:
    """Half of each class answers what it believes, half only what it knows."""
    count = FORGED // (10 if quick else 1)
    made = {}
    for name, (part, make) in FORGERS.items():
        chance, some = random.Random(f"{seed}.{name}"), round(count * part / 2)
        unstopped = UNSTOPPED_CLOSE if make in CLOSE else UNSTOPPED
        made[name] = [
            claim for each in (make, _careful(make))
            for claim in claims(chance, each, some, unstopped=unstopped, checks_documents=checks_documents)
        ]
    return made


def run(quick: bool, seed: int = SEED) -> list[Figure]:
    """Print the table of classes and the curve; the figures of the Reach."""
    honest = claims(random.Random(seed), owner, HONEST // (10 if quick else 1))
    without = claims(random.Random(seed + 1), owner, len(honest), checks_documents=False)
    forged = _forged(quick, seed)
    every = [claim for made in forged.values() for claim in made]
    unchecked = [claim for made in _forged(True, seed + 1, checks_documents=False).values() for claim in made]
    show_table("Forged claims", ["class", "claims", "begin a cool-off", "in 10,000", "handed over, in 10,000"], [
        [name, f"{len(made):,}", f"{sum(map(passes, made)):,}", f"{1e4 * share(made):.2f}",
         f"{1e4 * handed_over(made):.2f}"]
        for name, made in forged.items()
    ])
    show_table("The curve", ["posterior limit", "honest done", "forged into cool-off", "handed over, in 10,000"], [
        [f"{limit:g}", f"{100 * share(honest, limit):.1f} %", f"{1e4 * share(every, limit):.2f}",
         f"{1e4 * handed_over(every, limit):.2f}"]
        for limit in LIMITS
    ])
    fresh, old = [one for one in honest if one[1] < 1], [one for one in honest if one[1] >= 1]
    groups = {"all": honest, "used within a year": fresh, "unused for a year or more": old,
              "where the platform checks no documents": without}
    show_table("Honest claims done without staff", ["who", "claims", "share"], [
        [name, f"{len(some):,}", f"{100 * share(some):.1f} %"] for name, some in groups.items()
    ])
    return [
        at_most("recovery: forged claims handed over, in 10,000", 1e4 * handed_over(every), 1.0, "{:.2f}"),
        Figure("recovery: forged claims into cool-off, in 10,000", f"{1e4 * share(every):.2f}"),
        Figure("the same where no documents are checked, in 10,000", f"{1e4 * share(unchecked):.2f}"),
        at_least("recovery: honest claims done without staff, %", 100 * share(honest), 90.0, "{:.1f}"),
        Figure("recovery: honest claims refused without staff, %", f"{100 * refused(honest):.2f}"),
    ]


if __name__ == "__main__":
    run_alone(run)
