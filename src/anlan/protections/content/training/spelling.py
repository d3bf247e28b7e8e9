"""Decides what ships in `tables/`: how characters sound, which pieces make them up, which look alike.

Built from pypinyin, chaizi and SimilarCharacter; a word list and our harmless texts say what ordinary writing uses.
"""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import jieba  # type: ignore[import-untyped]  # ships no types
from pypinyin import lazy_pinyin

from anlan.protections.content.folding import fold
from anlan.protections.content.restoring import Restoration, Restorer
from anlan.protections.content.targets import built_in_targets, look_alikes
from anlan.protections.content.training.corpora import Row, read_corpora
from anlan.protections.content.training.wording import Wording

MAX_EXPECTED = 0.6
"""Pieces may be joined if chance alone sets them side by side fewer times than this in all harmless texts together."""
MIN_USES = 60
"""A joined character must stand in the word list as often as this, or be one of `_RUDE`."""
MAX_HARMFUL_USES = 0.5
"""A written form is ordinary when harmless texts use it more than this many times as often as harmful ones."""
MIN_WORD_USES = 20
"""Words that the list's corpus used less often are often mistakes, split characters among them."""

_RUDE = "屄屌肏婊嫖娼妓奸淫尻屎屁尿蛋贱骚逼操艹"
_HARMLESS_SETS = ("cold", "swsr", "cfever_dev_a", "dxy_rumours", "teleantifraud_dialogues")


class Writing:
    """How often ordinary writing uses characters, and which stand side by side in it."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.words = dict(_word_list())
        self.texts = [
            fold(row.text).plain for row in rows
            if row.part == "train" and row.label == "normal" and row.set in _HARMLESS_SETS
        ]
        self._pairs: set[str] = set()
        self._uses: Counter[str] = Counter()
        for word, uses in self.words.items():
            self._uses.update(dict.fromkeys(word, uses))
            if uses >= MIN_WORD_USES:
                self._pairs.update(word[at : at + 2] for at in range(len(word) - 1))
        for text in self.texts:
            self._pairs.update(text[at : at + 2] for at in range(len(text) - 1))
        self._all_uses = sum(self._uses.values())
        self._characters = sum(map(len, self.texts))

    def uses(self, character: str) -> int:
        """How often the word list's own corpus used `character`."""
        return self._uses[character]

    def joins(self, pieces: str) -> bool:
        """Whether ordinary writing sets `pieces` side by side, or chance would, or whoever says a thing twice."""
        if len(set(pieces)) == 1 or all(pieces[at : at + 2] in self._pairs for at in range(len(pieces) - 1)):
            return True
        expected = float(self._characters)
        for piece in pieces:
            expected *= self._uses[piece] / self._all_uses
        return expected >= MAX_EXPECTED


def _word_list() -> Iterator[tuple[str, int]]:
    with Path(jieba.__file__).with_name("dict.txt").open(encoding="utf-8") as lines:
        for line in lines:
            word, uses, *_ = line.split(" ")
            yield word, int(uses)


def variants(data: Path, kind: str) -> Iterator[tuple[str, str]]:
    """Character and variants of one kind of char_variants_zh; characters of everyday use (GB 2312) only."""
    with gzip.open(data / "char_variants_zh/variants.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["kind"] == kind and _is_everyday(row["char"]):
                yield row["char"], row["variants"].replace(" ", "")


def _is_everyday(character: str) -> bool:
    try:
        return character != "□" and len(character.encode("gb2312")) == 2
    except UnicodeEncodeError:
        return character in _RUDE


def write_syllables() -> str:
    """One syllable a line, then the characters whose usual reading it is."""
    characters: dict[str, list[str]] = defaultdict(list)
    for code in range(0x4E00, 0xA000):
        syllable = lazy_pinyin(chr(code), errors="ignore")
        if syllable and syllable[0].isascii() and syllable[0].isalpha():
            characters[syllable[0]].append(chr(code))
    return "".join(f"{syllable} {''.join(characters[syllable])}\n" for syllable in sorted(characters))


def write_splits(data: Path, writing: Writing, *, usual: bool) -> str:
    """Pieces and the character that they make up, the commonest one where there are several.

    Args:
        usual: those that ordinary writing sets side by side, or those that it does not.
    """
    best: dict[str, str] = {}
    for character, pieces in variants(data, "split"):
        is_common = writing.uses(character) >= MIN_USES or character in _RUDE
        if len(pieces) > 1 and is_common and writing.joins(pieces) == usual:
            best[pieces] = max(best.get(pieces, character), character, key=writing.uses)
    return "".join(f"{pieces} {best[pieces]}\n" for pieces in sorted(best))


def write_shapes(data: Path) -> str:
    """A character, then those that look like it."""
    return "".join(f"{character} {alike}\n" for character, alike in sorted(variants(data, "shape")))


def write_ordinary(rows: Iterable[Row], writing: Writing) -> str:
    """Written forms that sound or look like a target and stand in ordinary words or in harmless texts mostly."""
    restorer = Restorer(built_in_targets(), look_alikes())
    usual = (word for word, uses in writing.words.items() if uses >= MIN_WORD_USES)
    kept = {one.written for word in usual for one in _seen(restorer, word)}
    harmless: Counter[str] = Counter()
    harmful: Counter[str] = Counter()
    for row in rows:
        if row.part == "train":
            (harmless if row.label == "normal" else harmful).update(
                one.written for one in _seen(restorer, fold(row.text).tight)
            )
    kept |= {written for written, uses in harmless.items() if uses > MAX_HARMFUL_USES * harmful[written]}
    return "\n".join(sorted(kept)) + "\n"


def _seen(restorer: Restorer, tight: str) -> Iterator[Restoration]:
    """Terms that hang on the written characters alone: no codes, no pinyin."""
    return (one for one in restorer.candidates(tight) if one.category and one.kind in ("homophone", "shape"))


def write_tables(data: Path, out: Path) -> None:
    """All tables, into the folder `out`; a quarter of a minute."""
    rows = read_corpora(data)
    writing = Writing(rows)
    wording = Wording(writing.words, rows)
    tables = {
        "syllables": write_syllables(), "splits": write_splits(data, writing, usual=False),
        "usual_splits": write_splits(data, writing, usual=True), "shapes": write_shapes(data),
        "ordinary": write_ordinary(rows, writing), "uses": wording.write_uses(), "pairs": wording.write_pairs(),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        (out / f"{name}.txt").write_text(text, "utf-8")
