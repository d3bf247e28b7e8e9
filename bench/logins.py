"""Thieves at the door and inside: what is stopped, what honest members feel, and what a sign-in's verdict costs.

A simulated community lives through months of honest habits and twelve days of attacks (`login_life`, which names the
published numbers that it stands on); the whole engine with every protection and the starter policies judges it all.
Seeds below 100 are for tuning (`--tuning` plays them), those from 100 on are only reported.

`python -m bench.logins --rba FILE` scores the public data set of Wiefling et al. (2022) instead.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from anlan.clock import stopwatch
from bench.login_life.attacks import plan_attacks
from bench.login_life.costs import cost_figures
from bench.login_life.drawing import draw_curves
from bench.login_life.rba import show_rba
from bench.login_life.tally import BUDGETS, PROMPT_EVENTS, SCENARIOS, Record, add, curve, record
from bench.login_life.world import END, World
from bench.measure import Figure, at_least, at_most, run_alone, show_table

TUNING_SEEDS = (1, 2, 3)
REPORTED_SEEDS = (101, 102, 103)
MEMBERS, MEMBERS_QUICKLY = 1_200, 500
CURVES_FILE = Path("docs/images/login-curves.svg")
_FINE_BUDGETS = tuple(0.0005 * 1.25**step for step in range(24))
_BUDGET = 0.01


def live_through(seed: int, members: int) -> Record:
    """One world from its past to the end of the watched days."""
    began = stopwatch()
    world = World(seed, members)
    world.live_through_habits()
    plan_attacks(world)
    world.stage.play(END)
    print(f"seed {seed}: {members:,} members, {world.stage.events:,} events, {stopwatch() - began:.0f} s", flush=True)
    assert not world.workshop.engine.stats.failures, world.workshop.engine.stats.failures
    return record(world)


def run(quick: bool) -> list[Figure]:
    """The figures of the Reach over the reported seeds, with the table of scenarios and the curves."""
    seeds = REPORTED_SEEDS[:1] if quick else _asked_seeds()
    made = add([live_through(seed, MEMBERS_QUICKLY if quick else MEMBERS) for seed in seeds])
    _show_scenarios(made)
    _show_curves(made)
    if not quick and seeds == REPORTED_SEEDS:
        _draw(made)
    return [*_door_figures(made), *_inside_figures(made), *cost_figures(quick=quick)]


def _asked_seeds() -> tuple[int, ...]:
    return TUNING_SEEDS if "--tuning" in sys.argv else REPORTED_SEEDS


def _show_scenarios(made: Record) -> None:
    rows = []
    for name in SCENARIOS:
        outcome = made.outcomes[name]
        times = sorted(outcome.events)
        median = times[len(times) // 2] if times else "-"
        share = f"{outcome.contained_share:.1%}" if outcome.entered else "-"
        door = "-" if name == "session theft" else f"{outcome.stopped_share:.1%}"
        rows.append((name, outcome.thefts, door, outcome.entered, share, median, outcome.entered - len(times)))
    columns = (
        "with the shipped policies", "right proofs", "stopped at the door", "got in",
        f"contained within {PROMPT_EVENTS} events", "median events", "never",
    )
    show_table("Thieves", columns, rows)


def _show_curves(made: Record) -> None:
    names = [name for name in SCENARIOS if made.thieves[name]]
    rows = [
        (f"{point.honest:.2%}", f"{point.threshold:.3f}", *(f"{point.thieves[name]:.1%}" for name in names))
        for point in curve(made, BUDGETS)
    ]
    show_table("Asked for proof, by threshold of risk", ("honest asked", "threshold", *names), rows)


def _draw(made: Record) -> None:
    points = curve(made, _FINE_BUDGETS)
    names = [name for name in SCENARIOS if made.thieves[name]]
    series = {name: sorted((point.honest, point.thieves[name]) for point in points) for name in names}
    CURVES_FILE.parent.mkdir(parents=True, exist_ok=True)
    drawn = draw_curves(series, "honest sign-ins asked for proof", "thieves with the right password asked for proof")
    CURVES_FILE.write_text(drawn, "utf-8")


def _door_figures(made: Record) -> list[Figure]:
    outcomes = made.outcomes
    thefts = sum(one.thefts for one in outcomes.values())
    in_vain = sum(one.stopped + one.contained for one in outcomes.values())
    mass = [outcomes[name] for name in ("stuffing", "spraying")]
    mass_share = sum(one.stopped for one in mass) / max(1, sum(one.thefts for one in mass))
    at_budget = curve(made, (_BUDGET,))[0]
    return [
        Figure(
            "attacks stopped: attacked accounts never entered, %", f"{(1 - made.entered / made.attacked) * 100:.1f}"
        ),
        Figure(
            f"thefts stopped: at the door or within {PROMPT_EVENTS} events, of all right proofs and sessions, %",
            f"{in_vain / max(1, thefts) * 100:.1f}",
        ),
        at_most("honest sign-ins asked for proof, all days, %", made.asked / made.visits * 100, 1.0),
        Figure("the same outside of mass attacks, %", f"{made.asked_in_peace / made.visits_in_peace * 100:.2f}"),
        at_least("stuffing and spraying with the right password stopped, %", mass_share * 100, 95, "{:.1f}"),
        at_least(
            "targeted takeovers stopped at the door, %", outcomes["targeted"].stopped_share * 100, 80, "{:.1f}"
        ),
        Figure(
            "targeted, asked for proof at a budget of 1 %, %", f"{at_budget.thieves.get('targeted', 0.0) * 100:.1f}"
        ),
        at_most("owners on known devices not let through at once", made.kept_from_known, 0, "{:.0f}"),
        Figure("honest sign-ins on known devices", f"{made.known_knocks:,}"),
        at_most("owners locked out: able to prove themselves, never let in", made.owners_kept_out, 0, "{:.0f}"),
        Figure(
            "what an owner sees: asked at least once in 12 days, % of owners who came",
            f"{made.owners_asked / max(1, made.owners) * 100:.1f}",
        ),
    ]


def _inside_figures(made: Record) -> list[Figure]:
    entered = [made.outcomes[name] for name in SCENARIOS]
    share = sum(one.contained for one in entered) / max(1, sum(one.entered for one in entered))
    seconds = sorted(after for one in entered for after in one.seconds)
    return [
        at_least(f"thieves inside contained within {PROMPT_EVENTS} events, %", share * 100, 95, "{:.1f}"),
        Figure(
            "time to containment, median and 95th percentile, minutes",
            f"{_quantile(seconds, 0.5) / 60:.1f} and {_quantile(seconds, 0.95) / 60:.1f}",
        ),
        Figure("honest sessions contained by mistake", f"{made.wrongly_contained} of {made.honest_sessions:,}"),
    ]


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[int(share * (len(ordered) - 1))] if ordered else 0.0


def main(arguments: Sequence[str]) -> None:
    """`--rba FILE` scores a file; else the figures of this module."""
    if "--rba" in arguments:
        show_rba(Path(arguments[arguments.index("--rba") + 1]))
    else:
        run_alone(run)


if __name__ == "__main__":
    main(sys.argv)
