"""Decides which terms of the public block-word lists are fit to ship: those that ordinary writing hardly uses."""

import csv
import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import yaml

from anlan.domain.terms import Term
from anlan.protections.content.folding import fold
from anlan.protections.content.lexicon import Lexicon
from anlan.protections.content.training.corpora import Row

MAX_HARMLESS_SHARE = 0.2
"""A term is dropped when more harmless texts than this share use it, and more than one of them."""

_DRUGS = ("毒", "k粉", "吗啡", "海洛因", "氯胺酮", "大麻", "安非他", "苯丙胺", "麻古", "mdma", "heroin", "cocain",
          "ketamine", "三唑仑", "cannabis")
_ARMS = ("枪", "弹", "炸", "弩", "刀", "军刺", "雷管", "tnt", "火药", "电击", "汽狗", "气狗", "电狗")
_SALE = re.compile("售|卖|买|购|货|制|配方|批发|直销|价格|qq|联系|教程|转让")
_YOUTH = re.compile("[幼童校]|少年|少女|学生|学园|萝莉|正太|妹妹|loli")
"""Lists of pornography get no word that names the young, so that no sentence of ours is ever built on one."""
_ROOTS = re.compile(
    "[操肏屄屌逼婊贱淫骚奸妓娼渣畜洨]|[妈娘母爹爸家].*[干死操掰]|[干日草].*[妈娘你]|杂种|狗|傻|蠢|脑残|机掰|鸡掰|滚|fuck"
)
"""What a term of SexHateLex must hold to be kept: the list has hundreds of plain words besides."""
_KONSHENG = {"porn": "porn", "ad": "illicit_ad"}


def collect_terms(data: Path, rows: Iterable[Row]) -> list[Term]:
    """The shared lexicons and our own words, without what `rows` shows to be everyday language."""
    kept = yaml.safe_load(resources.files(__package__).joinpath("terms.yaml").read_text("utf-8"))
    own = [Term(word, category, 2, "anlan", "Apache-2.0") for category, words in kept["add"].items() for word in words]
    dropped = {fold(word).tight for word in kept["drop"]}
    shared = [term for term in (*_sensitive(data), *_sexhate(data)) if _is_usable(term.text, dropped)]
    lexicon = Lexicon([*own, *shared])
    everyday = _everyday(lexicon, rows)
    fit = (term for term in lexicon.terms if term.source == "anlan" or term.text not in everyday)
    return [with_rules(term, kept) for term in fit]


def with_rules(term: Term, kept: Mapping[str, Any]) -> Term:
    """A term with what `terms.yaml` says of where it is innocent."""
    rules = {name: tuple(kept[name].get(term.text, ())) for name in ("near", "allow_phrases")}
    return msgspec.structs.replace(term, is_whole_word=term.text in kept["whole_word"], **rules)


def _is_usable(text: str, dropped: set[str]) -> bool:
    folded = fold(text).tight
    return len(folded) >= (2 if not folded.isascii() else 4) and folded not in dropped and not _YOUTH.search(folded)


def _sensitive(data: Path) -> Iterator[Term]:
    for row in _rows(data / "lexicons_zh/lexicon.csv.gz"):
        category = _KONSHENG.get(row["label"]) or _contraband(fold(row["text"]).plain)
        if category:
            yield Term(row["text"], category, 1, row["source"], "MIT / Apache-2.0")


def _contraband(text: str) -> str | None:
    """drugs or weapons for offers of them; None for the names of groups, people and books in the same list."""
    if any(word in text for word in _DRUGS):
        return "drugs"
    return "weapons" if any(word in text for word in _ARMS) and _SALE.search(text) else None


def _sexhate(data: Path) -> Iterator[Term]:
    for row in _rows(data / "swsr/SexHateLex.csv.gz"):
        if _ROOTS.search(fold(row["text"]).tight):
            yield Term(row["text"], "abuse", 1, "SexHateLex (aggiejiang/SWSR)", "MIT")


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _everyday(lexicon: Lexicon, rows: Iterable[Row]) -> set[str]:
    harmless: dict[str, int] = {}
    harmful: dict[str, int] = {}
    for row in rows:
        counts = harmless if row.label == "normal" else harmful
        for term in lexicon.hits(fold(row.text)):
            counts[term.text] = counts.get(term.text, 0) + 1
    return {
        text for text, count in harmless.items()
        if count > 1 and count / (count + harmful.get(text, 0)) > MAX_HARMLESS_SHARE
    }
