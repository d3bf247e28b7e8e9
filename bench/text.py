"""What a message costs on one core: folding, extraction, lexicon, deciphering, model, and all its signals together.

Deciphering holds folding and extraction; the model is asked as for the first time.
"""

import time
from collections.abc import Callable

from anlan.models import text_model
from anlan.models.sentence_encoder import SentenceEncoder
from anlan.models.text_model import TextModel
from anlan.protections.content.deciphering import decipher
from anlan.protections.content.extraction import extract
from anlan.protections.content.folding import fold
from anlan.protections.content.lexicon import Lexicon, Term, built_in_lexicon
from anlan.protections.content.model_lines import further_lines
from anlan.protections.content.signals import MODEL_PATH, SIGNALS, text_reading
from bench.measure import Figure, run_alone, show_table

MESSAGES = {
    "clean 35 chars": "今天晚上一起去吃火锅吗，我在地铁口等你，大概七点半左右到，记得带伞哦谢",
    "english": "are you coming to the game tonight? bring some drinks",
    "contact": "急用钱找我，无抵押秒批，加微信abc12345，详情 www.example.top",
    "evasive": "加 微 信 ⓥⓧ１２３４５６，日结三百",
}
REPEATS, TURNS = 3, 400


def microseconds(work: Callable[[], object], turns: int) -> float:
    """Process time per call, best of a few rounds."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        for _ in range(turns):
            work()
        best = min(best, time.process_time() - start)
    return best / turns * 1e6


def hundred_thousand_terms() -> Lexicon:
    """The built-in terms with numbered ones up to 100,000."""
    terms = list(built_in_lexicon().terms)
    terms += [Term(f"词条{number}号", "fraud", 1, "bench", "") for number in range(100_000 - len(terms))]
    return Lexicon(terms)


def run(quick: bool) -> list[Figure]:
    """Print one row a message; nothing was promised."""
    model = TextModel(text_model.load(MODEL_PATH), SentenceEncoder.load(), further_lines)
    start = time.process_time()
    lexicon = hundred_thousand_terms()
    print(f"{len(lexicon.terms):,} terms built in {time.process_time() - start:.2f} s")
    turns = TURNS // 8 if quick else TURNS
    rows = [
        [name, *(f"{microseconds(work, turns):.1f}" for work in _works(text, lexicon, model))]
        for name, text in MESSAGES.items()
    ]
    columns = ["message", "fold", "extract", "lexicon", "decipher", "model", "signals"]
    show_table("µs of CPU a message", columns, rows)
    return [Figure("all text signals of a clean message of 35 characters, its score known, µs", rows[0][-1])]


def _works(text: str, lexicon: Lexicon, model: TextModel) -> tuple[Callable[[], object], ...]:
    folded, _, _, words = decipher(text)
    return (
        lambda: fold(text), lambda: extract(folded.plain), lambda: lexicon.hits(folded),
        lambda: decipher.__wrapped__(text), lambda: model.probabilities_of([words]), lambda: _all_signals(text),
    )


def _all_signals(text: str) -> list[object]:
    """As for a text that was not seen before but scored ahead, as those of a batch are."""
    decipher.cache_clear()
    values = {"content_text": text, "text_reading": text_reading.compute(text)}
    return [entry.compute(*(values[name] for name in entry.reads)) for entry in SIGNALS[1:]]


if __name__ == "__main__":
    run_alone(run)
