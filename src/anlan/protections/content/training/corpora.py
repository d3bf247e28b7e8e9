"""Decides which public texts teach which category, and which are only there to measure.

Labels are mapped here and nowhere else. A text stands in one part only, whatever set it comes from: doubles are
dropped by folded text, measured sets first.
"""

import csv
import gzip
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from anlan.protections.content.folding import fold


class Row(NamedTuple):
    """One labelled text; `part` is train or test, `set` the corpus it comes from."""

    text: str
    label: str
    set: str
    part: str


class Corpus(NamedTuple):
    """A public set as the card names it; `use` is `trained and tested` or `tested only`."""

    name: str
    licence: str
    source: str
    use: str


CORPORA = (
    Corpus("cold", "Apache-2.0", "github.com/thu-coai/COLDataset", "train.csv trained, dev.csv tested"),
    Corpus("swsr", "MIT", "github.com/aggiejiang/SWSR", "85 % trained, 15 % tested, by weibo"),
    Corpus("davidson", "MIT", "github.com/t-davidson/hate-speech-and-offensive-language", "85 % trained, 15 % tested"),
    Corpus("sms_spam_collection", "free with attribution / CC BY 4.0", "Almeida et al., DocEng 2011",
           "85 % trained, 15 % tested"),
    Corpus("teleantifraud_dialogues", "Apache-2.0", "github.com/JimmyMa99/TeleAntiFraud",
           "85 % trained, 15 % tested, by dialogue; LLM-synthetic"),
    Corpus("cfever_dev_a", "Apache-2.0", "github.com/IKMLab/CFEVER-data", "85 % trained, 15 % tested; harmless claims"),
    Corpus("dxy_rumours", "MIT (collector)", "github.com/BlankerL/DXY-COVID-19-Data", "trained; harmless questions"),
    Corpus("hatexplain_val", "MIT", "github.com/hate-alert/HateXplain", "tested only"),
    Corpus("chineseharm_dev", "CC BY-NC 4.0", "github.com/zjunlp/ChineseHarm-bench",
           "tested only: non-commercial, nothing learnt from it is shipped"),
)

_PRIZE = re.compile(r"\b(won|win|winner|prize|claim|urgent|award(ed)?|guaranteed|cash|selected|bonus|credit)\b", re.I)
_SEX = re.compile(r"\b(sexy?|xxx|horny|explicit|fantas\w+|adult|babes?|nude|naked|erotic|hardcore|dirty)\b", re.I)
_SPEAKER = re.compile(r"^([AB])[：:]\s*", re.M)
_WINDOW_TURNS = 3


def _read(data: Path, name: str) -> Iterator[dict[str, str]]:
    with gzip.open(data / name, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _part(key: str) -> str:
    """`test` for 15 % of keys, always the same ones."""
    return "test" if hashlib.sha256(key.encode()).digest()[0] < 38 else "train"


def _cold(data: Path) -> Iterator[Row]:
    for name, part in (("train", "train"), ("dev", "test")):
        for row in _read(data, f"cold/{name}.csv.gz"):
            yield Row(row["text"], "abuse" if row["label"] == "1" else "normal", "cold", part)


def _swsr(data: Path) -> Iterator[Row]:
    for row in _read(data, "swsr/comments.csv.gz"):
        yield Row(row["text"], "abuse" if row["label"] == "1" else "normal", "swsr", _part(row["source"]))


def _davidson(data: Path) -> Iterator[Row]:
    for row in _read(data, "davidson/tweets.csv.gz"):
        yield Row(row["text"], "normal" if row["label"] == "neither" else "abuse", "davidson", _part(row["text"]))


def spam_category(text: str) -> str:
    """Which harm a spam SMS of 2005 is: sex lines are porn, prizes and urgent claims fraud, the rest advertising."""
    if _SEX.search(text):
        return "porn"
    return "fraud" if _PRIZE.search(text) else "illicit_ad"


def _sms(data: Path) -> Iterator[Row]:
    for row in _read(data, "sms_spam_collection/sms.csv.gz"):
        label = "normal" if row["label"] == "ham" else spam_category(row["text"])
        yield Row(row["text"], label, "sms_spam_collection", _part(row["text"]))


def caller_turns(dialogue: str) -> list[str]:
    """What the caller (A) says, turn by turn; the called person's words are nobody's offence."""
    pieces = _SPEAKER.split(dialogue)
    turns = zip(pieces[1::2], pieces[2::2], strict=True)
    return [words.strip() for speaker, words in turns if speaker == "A" and words.strip()]


def _teleantifraud(data: Path) -> Iterator[Row]:
    for row in _read(data, "teleantifraud_dialogues/dialogues.csv.gz"):
        part, turns = _part(row["text"]), caller_turns(row["text"])
        for start in range(0, len(turns), _WINDOW_TURNS):
            yield Row("".join(turns[start : start + _WINDOW_TURNS]), row["label"], "teleantifraud_dialogues", part)


def _cfever(data: Path) -> Iterator[Row]:
    for row in _read(data, "cfever_dev_a/claims.csv.gz"):
        yield Row(row["text"], "normal", "cfever_dev_a", _part(row["text"]))


def _dxy(data: Path) -> Iterator[Row]:
    for row in _read(data, "dxy_rumours/rumours.csv.gz"):
        for column in ("text", "body"):
            yield Row(row[column], "normal", "dxy_rumours", "train")


def _hatexplain(data: Path) -> Iterator[Row]:
    for row in _read(data, "hatexplain_val/val.csv.gz"):
        yield Row(row["text"], "normal" if row["label"] == "normal" else "abuse", "hatexplain_val", "test")


def _chineseharm(data: Path) -> Iterator[Row]:
    for row in _read(data, "chineseharm_dev/dev.csv.gz"):
        yield Row(row["text"], row["label"], "chineseharm_dev", "test")


_READERS = (_cold, _swsr, _davidson, _sms, _teleantifraud, _cfever, _dxy, _hatexplain, _chineseharm)


def read_corpora(data: Path) -> list[Row]:
    """Every labelled text of every set under `data`, each once."""
    rows = [row for reader in _READERS for row in reader(data)]
    rows.sort(key=lambda row: row.part != "test")
    once: dict[str, Row] = {}
    for row in rows:
        once.setdefault(fold(row.text).tight, row)
    return list(once.values())
