"""What reading past evasion costs on one core: folding with the lexicon, and the deeper looks beside it."""

from collections.abc import Callable

from anlan.protections.content.extracting import extract_all, find_particulars
from anlan.protections.content.folding import fold
from anlan.protections.content.lexicon import Lexicon
from anlan.protections.content.restoring import built_in_restorer
from anlan.protections.content.sounds import sound_view
from anlan.protections.content.splits import find_splits
from anlan.protections.content.tracing import trace
from bench.measure import Figure, at_least, run_alone, show_table
from bench.text import hundred_thousand_terms, microseconds

MESSAGES = {
    "clean, 10 characters": "明天下午三点开会啊",
    "clean, 37 characters": "今天晚上一起去吃火锅吗，我在地铁口等你，大概七点半左右到，记得带伞哦谢",
    "English": "are you coming to the game tonight? bring some drinks",
    "traditional, wide": "我在臺灣等妳，電話０９１２，記得帶傘",
    "spaced and enclosed": "加 微 信 ⓥⓧ１２３４５６，日结三百",
    "sound and pieces": "加薇信领礻畐禾刂，日结三百",
    "all disguised": "栖实我实有点迄怪，店杏诈骗害有莆田医远",
}
MIN_MESSAGES_A_SECOND = 40_000
TURNS = 800


def run(quick: bool) -> list[Figure]:
    """Print one row a message; the reach is the median of the messages for folding and scanning together."""
    lexicon = hundred_thousand_terms()
    turns = TURNS // 8 if quick else TURNS
    taken = {name: [microseconds(work, turns) for work in _works(text, lexicon)] for name, text in MESSAGES.items()}
    show_table(
        "µs of CPU a message",
        ["message", "fold", "fold + lexicon", "sounds", "pieces", "restore", "particulars", "trace", "extract all"],
        [[name, *(f"{each:.1f}" for each in times)] for name, times in taken.items()],
    )
    middle = sorted(times[1] for times in taken.values())[len(taken) // 2]
    return [
        at_least("messages a second, folded and scanned for 100,000 terms", 1e6 / middle, MIN_MESSAGES_A_SECOND),
        Figure("restoring in a clean message of 37 characters, µs", f"{taken['clean, 37 characters'][4]:.1f}"),
    ]


def _works(text: str, lexicon: Lexicon) -> tuple[Callable[[], object], ...]:
    tight, restorer = fold(text).tight, built_in_restorer()
    return (
        lambda: fold(text), lambda: lexicon.hits(fold(text)), lambda: sound_view(tight), lambda: find_splits(tight),
        lambda: restorer.restore(tight), lambda: find_particulars(text), lambda: trace(text), lambda: extract_all(text),
    )


if __name__ == "__main__":
    run_alone(run)
