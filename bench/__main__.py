"""`make bench`: every figure, each module in a process of its own, and one summary at the end.

`python -m bench --quick` takes two minutes and is good for a first look; `python -m bench policies path` runs some.
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from bench.measure import Figure, figures_of, show_figures

MODULES = (
    "policies", "path", "server", "commits", "backtest", "growth", "counters", "text", "spelling", "evasion",
    "dialogues", "alerts", "members", "assistant", "desk", "review", "recovery", "llm", "logins", "registrations",
    "containment",
)


def main() -> int:
    """Run the modules named on the command line, or all; 1 if a figure does not reach what it should."""
    quick = "--quick" in sys.argv
    names = [word for word in sys.argv[1:] if word in MODULES] or MODULES
    figures: list[Figure] = []
    try:
        for name in names:
            print(f"\n── {name} " + "─" * 60, flush=True)
            began = time.monotonic()
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                figures += pool.submit(figures_of, name, quick).result()
            print(f"({time.monotonic() - began:.0f} s)", flush=True)
    finally:
        show_figures(figures)
    return int(any(figure.is_reached is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
