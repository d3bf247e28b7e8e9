"""Who of the demo's deceived members was warned before the money moved, who for nothing, what caps and circles do.

Days of the demo community go through a whole Anlan (`scam_day.py`): with the scripts that its authors tuned on
(`demo/scams.yaml`), and with those of `scam_scripts.yaml`, which nobody looked at while tuning.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from importlib import resources

import yaml

from anlan.demo.scripts import Phrasebook, phrasebook
from anlan.domain.prevented_loss import wilson
from bench.measure import Figure, at_least, at_most, show_table
from bench.scam_day import Day, Scam, live_through

HELD_OUT = "scam_scripts.yaml"
SEEDS = (101, 102, 103, 104)


def book_of(name: str) -> Phrasebook:
    """The demo's phrasebook with the scripts of another file in this folder."""
    return phrasebook().replaced(yaml.safe_load(resources.files("bench").joinpath(name).read_text("utf-8")))


def measure(
    name: str, book: Phrasebook, seeds: Sequence[int], *, is_promised: bool, account_days: float = 0.0
) -> list[Figure]:
    """The figures of some days; `is_promised` for those that stand beside what was to be reached.

    Args:
        account_days: how much older the scammers' accounts are than the demo's, which are of that day.
    """
    days = [live_through(seed, book, account_days) for seed in seeds]
    scams = [scam for day in days for scam in day.scams]
    _show(name, scams, days)
    warned, wrongly = f"{name}: scams warned of before the money moves", f"{name}: honest conversations interrupted"
    hits, interrupted = sum(scam.is_warned for scam in scams), sum(day.interrupted.total() for day in days)
    honest = sum(day.honest for day in days)
    if not is_promised:
        first, second = Figure(warned, f"{hits / len(scams):.3f}"), Figure(wrongly, f"{interrupted / honest:.4f}")
    else:
        first, second = at_least(warned, hits / len(scams), 0.9, "{:.3f}"), at_most(wrongly, interrupted / honest, 0.01,
                                                                                 "{:.4f}")
    return [
        first, Figure(f"{name}: ... of how many, and where the share lies (95 %)", _interval(hits, len(scams))),
        second, Figure(f"{name}: ... of how many, and where the share lies (95 %)", _interval(interrupted, honest)),
        *_others(name, scams, days),
    ]


def _others(name: str, scams: Sequence[Scam], days: Sequence[Day]) -> list[Figure]:
    states = sum((day.states for day in days), Counter[str]())
    circled = [scam for scam in scams if scam.is_told is not None]
    newcomers, wrongly = sum(day.newcomers for day in days), sum(day.newcomers_interrupted for day in days)
    return [
        Figure(f"{name}: ... with a word before they were about to pay", f"{_share(s.is_early for s in scams):.3f}"),
        Figure(f"{name}: victims with a circle, themselves warned", f"{_share(s.is_warned for s in circled):.3f}"),
        Figure(
            f"{name}: victims with a circle, they or somebody in it warned",
            f"{_share(bool(s.is_warned or s.is_told) for s in circled):.3f}",
        ),
        Figure(f"{name}: buyers warned of an honest seller who has only just come", f"{wrongly} of {newcomers}"),
        Figure(f"{name}: alerts held back by caps, by night", f"{states['capped']:,}, {states['quiet']:,} of "
               f"{states.total():,}"),
        Figure(f"{name}: victims who heard nothing because of that", f"{_share(s.is_held_back for s in scams):.3f}"),
    ]


def _show(name: str, scams: Sequence[Scam], days: Sequence[Day]) -> None:
    by_script: dict[str, list[Scam]] = defaultdict(list)
    for scam in scams:
        by_script[scam.script].append(scam)
        by_script["all in English" if scam.script.endswith("_en") else "all in Chinese"].append(scam)
    show_table(
        f"{name}: {len(scams)} scams whose victim was about to pay",
        ["script", "scams", "warned", "before paying", "why not"],
        [
            [script, len(of), f"{_share(one.is_warned for one in of):.2f}", f"{_share(one.is_early for one in of):.2f}",
             _listed(one.cause for one in of if one.cause)]
            for script, of in sorted(by_script.items())
        ],
    )
    show_table(f"{name}: what warned them last", ["policy", "scams", "honest conversations"], _by_policy(scams, days))


def _by_policy(scams: Sequence[Scam], days: Sequence[Day]) -> list[list[object]]:
    right = Counter(scam.by for scam in scams if scam.by)
    wrong = sum((day.interrupted for day in days), Counter[str]())
    return [[policy, right[policy], wrong[policy]] for policy, _ in (right + wrong).most_common()]


def _listed(causes: Iterable[str]) -> str:
    return ", ".join(f"{cause} {times}" for cause, times in Counter(causes).most_common())


def _interval(hits: int, total: int) -> str:
    low, high = wilson(hits, total)
    return f"{hits:,} of {total:,}, {low:.3f} to {high:.3f}"


def _share(marks: Iterable[bool]) -> float:
    known = list(marks)
    return sum(known) / max(1, len(known))


def run(quick: bool) -> list[Figure]:
    """The figures of `make bench`."""
    seeds = SEEDS[:1] if quick else SEEDS
    return [
        *measure("scripts tuned on", phrasebook(), seeds[:1], is_promised=False),
        *measure("scripts held out", book_of(HELD_OUT), seeds, is_promised=True),
        *measure(
            "scripts held out, by accounts of two months", book_of(HELD_OUT), seeds[:1], is_promised=False,
            account_days=60.0,
        ),
    ]
