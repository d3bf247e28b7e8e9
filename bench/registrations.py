"""Accounts made by the dozen: how many of each kind of farm are asked for proof, and how many honest newcomers.

A month of honest registrations goes before, with a reseller who drips among them; then farms come for twenty days
beside classes, offices, families, telephone shops and fairs (`login_life.registrants`, `farms`; `anchors` names what
is published). The engine judges with every protection and the starter policies. Seeds below 100 are for tuning
(`--tuning` plays them), those from 100 on are only reported.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from anlan.clock import stopwatch
from anlan.demo.scripts import phrasebook
from anlan.domain.decisions import Decision
from anlan.settings import Settings
from anlan.workshop import build_workshop, starter_set
from bench.login_life.anchors import DAY_S
from bench.login_life.drawing import draw_curves
from bench.login_life.farms import FARMS, farm_accounts
from bench.login_life.registrants import Pen, Registrant, honest_day
from bench.login_life.stage import Stage
from bench.measure import Figure, at_most, run_alone, show_table

TUNING_SEEDS = (1, 2, 3)
REPORTED_SEEDS = (101, 102, 103)
START = 1_780_000_000.0 // DAY_S * DAY_S
HABIT_DAYS, WATCHED_DAYS = 30, 20
BEGIN = START + HABIT_DAYS * DAY_S
END = BEGIN + WATCHED_DAYS * DAY_S
HONEST_A_DAY = 240
CAMPAIGNS = {"script": 3, "proxies": 4, "phone rack": 3, "one mailbox": 3, "rewards": 4, "drip": 3}
"""In the watched days, so that about `FAKE_AMONG_NEWCOMERS` of all newcomers are fake."""
RISK = "registration_risk"
BUDGETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
_FINE_BUDGETS = tuple(0.0005 * 1.25**step for step in range(24))
CURVES_FILE = Path("docs/images/registration-curves.svg")


class Seen(NamedTuple):
    """One registration of the watched days, as it was decided.

    Attributes:
        is_asked_anyway: policies that do not read the risk ask.
        number: of this one among those of the same hand, from 1.
    """

    kind: str
    hand: str
    number: int
    risk: float
    is_asked: bool
    is_asked_anyway: bool

    @property
    def is_honest(self) -> bool:
        """Made by somebody for themselves or their own."""
        return self.kind not in FARMS


def newcomers(seed: int) -> list[Registrant]:
    """Everybody who registers in one world, in order of time."""
    rng = Random(f"registrations:{seed}")
    pen = Pen(rng, phrasebook(), HONEST_A_DAY)
    made = [one for day in range(HABIT_DAYS + WATCHED_DAYS) for one in honest_day(pen, START + day * DAY_S)]
    for kind, count in CAMPAIGNS.items():
        for number in range(count):
            at = START + rng.random() * DAY_S if kind == "drip" else BEGIN + rng.uniform(0, WATCHED_DAYS - 3) * DAY_S
            made += farm_accounts(pen, kind, f"{kind} {seed}.{number}", at, END)
    return sorted((one for one in made if one.time < END), key=lambda one: one.time)


def live_through(seed: int) -> list[Seen]:
    """One world from its past to the end of the watched days."""
    began = stopwatch()
    workshop = build_workshop(Settings(max_profiles=5_000_000))
    workshop.engine.swap(starter_set(workshop.registry))
    blind = frozenset(
        one.policy.id for one in workshop.engine.policies.on("account.registered") if RISK not in one.condition.names
    )
    stage, numbers, seen = Stage(workshop, START), Counter[str](), []
    for one in newcomers(seed):
        decision = stage.judge(one.data, one.time)
        if one.time >= BEGIN:
            numbers[one.hand] += 1
            seen.append(_weigh(one, numbers[one.hand], decision, blind))
    print(f"seed {seed}: {stage.events:,} registrations, {stopwatch() - began:.0f} s", flush=True)
    assert not workshop.engine.stats.failures, workshop.engine.stats.failures
    return seen


def _weigh(one: Registrant, number: int, decision: Decision, blind: frozenset[str]) -> Seen:
    asking = [finding.policy for finding in decision.findings if finding.verdict not in ("allow", "warn")]
    risk = float(decision.signals.get(RISK) or 0.0)
    return Seen(one.kind, one.hand, number, risk, bool(asking), any(policy in blind for policy in asking))


def run(quick: bool) -> list[Figure]:
    """The figures over the reported seeds, with the tables of who was asked and the curves."""
    seeds = REPORTED_SEEDS[:1] if quick else TUNING_SEEDS if "--tuning" in sys.argv else REPORTED_SEEDS
    seen = [one for seed in seeds for one in live_through(seed)]
    honest, fake = [one for one in seen if one.is_honest], [one for one in seen if not one.is_honest]
    dozens = [one for one in fake if one.kind != "drip"]
    _show_asked("Honest newcomers", honest)
    _show_asked("Farms", fake)
    _show_curves(seen)
    if not quick and seeds == REPORTED_SEEDS:
        _draw(seen)
    at_budget = curve(seen, (0.01,))[0]
    return [
        at_most("registrations: honest newcomers asked for proof, %", 100 * _asked(honest), 1.0),
        Figure("registrations: accounts of farms asked for proof, %", f"{100 * _asked(fake):.1f}"),
        Figure("the same without those who drip, %", f"{100 * _asked(dozens):.1f}"),
        Figure("accounts of farms asked for proof at 1 % of honest ones by risk, %", f"{100 * at_budget.fake:.1f}"),
        Figure("share of fake among newcomers, %", f"{100 * len(fake) / len(seen):.0f}"),
    ]


def _asked(some: Sequence[Seen]) -> float:
    return sum(one.is_asked for one in some) / max(1, len(some))


def _show_asked(title: str, some: Sequence[Seen]) -> None:
    rows = []
    for kind in sorted({one.kind for one in some}):
        mine = [one for one in some if one.kind == kind]
        firsts = sorted(
            next((one.number for one in mine if one.hand == hand and one.is_asked), 10**6)
            for hand in {one.hand for one in mine if one.hand}
        )
        first = firsts[len(firsts) // 2] if firsts else 10**6
        rows.append((kind, f"{len(mine):,}", f"{_asked(mine):.1%}", first if first < 10**6 else "-"))
    show_table(title, ("with the shipped policies", "accounts", "asked for proof", "first asked, median"), rows)


class Point(NamedTuple):
    """At one threshold of risk: the share that is asked of honest newcomers, of all fake ones, and of each farm's."""

    threshold: float
    honest: float
    fake: float
    farms: Mapping[str, float]


def curve(seen: Sequence[Seen], budgets: Sequence[float] = BUDGETS) -> list[Point]:
    """For each budget the lowest threshold that keeps within it; what policies ask without the risk stands at all."""
    honest, fake = [one for one in seen if one.is_honest], [one for one in seen if not one.is_honest]
    risks = sorted((one.risk for one in honest if not one.is_asked_anyway), reverse=True)
    anyway = len(honest) - len(risks)
    points = []
    for budget in budgets:
        more = int(budget * len(honest)) - anyway
        threshold = 1.01 if more < 0 else risks[more] + 1e-9
        farms = {kind: _at([one for one in fake if one.kind == kind], threshold) for kind in FARMS}
        points.append(Point(threshold, _at(honest, threshold), _at(fake, threshold), farms))
    return points


def _at(some: Sequence[Seen], threshold: float) -> float:
    return sum(one.is_asked_anyway or one.risk >= threshold for one in some) / max(1, len(some))


def _show_curves(seen: Sequence[Seen]) -> None:
    rows = [
        (f"{point.honest:.2%}", f"{point.threshold:.3f}", *(f"{point.farms[kind]:.1%}" for kind in FARMS),
         f"{point.fake:.1%}")
        for point in curve(seen)
    ]
    show_table("Asked for proof, by threshold of risk", ("honest asked", "threshold", *FARMS, "all fake"), rows)


def _draw(seen: Sequence[Seen]) -> None:
    points = curve(seen, _FINE_BUDGETS)
    series = {kind: sorted((point.honest, point.farms[kind]) for point in points) for kind in FARMS}
    drawn = draw_curves(series, "honest registrations asked for proof", "accounts of farms asked for proof")
    CURVES_FILE.write_text(drawn, "utf-8")


if __name__ == "__main__":
    run_alone(run)
