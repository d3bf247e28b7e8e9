"""Decides what the model cards say, in English and Chinese: purpose, data, sizes, results, what fails, licences."""

from collections import Counter
from collections.abc import Sequence
from importlib import resources
from math import isnan
from pathlib import Path
from typing import NamedTuple

from anlan.protections.content.training.corpora import CORPORA, Row
from anlan.protections.content.training.evaluation import EvasionResult, SetResult

_SETS = ("set", "licence", "source", "use")
_TAUGHT = ("set", "category", "texts #")
_RESULTS = ("set", "texts #", "macro-F1 #", "harm macro-F1 #", "false alarms #", "harm AUC #", "recall at 1 % #")
_CATEGORIES = ("set", "category", "texts #", "precision #", "recall #", "F1 #", "AUC #")
_EVASIONS = ("set", "changed by", "texts #", "macro-F1 #", "drop #", "harm recall #")
_CHINESE = {
    "set": "数据集", "licence": "许可", "source": "来源", "use": "用法", "category": "类别",
    "texts": "条数", "macro-F1": "宏 F1",
    "harm macro-F1": "有害宏 F1", "false alarms": "误报", "harm AUC": "有害 AUC", "recall at 1 %": "1% 误报下召回",
    "precision": "精确率", "recall": "召回", "changed by": "改写方式", "drop": "下降", "harm recall": "有害召回",
    "as they are": "原文", "not measured in this training": "本次训练未测",
}
_ARTEFACT = {
    "en": "Version `{version}`, {size:.1f} MB, SHA-256 `{digest}`. Temperature {temperature:.2f}; shifts "
          "{shifts[0]:+.2f} for abuse and {shifts[1]:+.2f} for the other harms, all fitted on 6 % of the "
          "taught texts. The lexicon built in the same run has {terms:,} terms.",
    "zh": "版本 `{version}`，{size:.1f} MB，SHA-256 `{digest}`。温度 {temperature:.2f}；偏移：辱骂 {shifts[0]:+.2f}，"
          "其余危害 {shifts[1]:+.2f}，均在 6% 留出的训练文本上拟合。同一次运行建立的词库有 {terms:,} 个词条。",
}
_OWN = (
    ("phrases", "Apache-2.0", "written for Anlan; terms from konsheng/Sensitive-lexicon (MIT, Apache-2.0) and "
     "SexHateLex (MIT)", "trained"),
    ("char_variants_zh", "MIT / CC BY 3.0", "contr4l/SimilarCharacter, kfcd/chaizi", "disguises"),
)


class Training(NamedTuple):
    """What was trained and from what; `size` in bytes."""

    version: str
    digest: str
    size: int
    rows: list[Row]
    temperature: float
    shifts: tuple[float, float]
    terms: int


class Measured(NamedTuple):
    """How the model did; `crossed` holds each taught set as seen by a model that was not taught it, or nothing."""

    results: Sequence[SetResult]
    evasions: Sequence[EvasionResult]
    crossed: Sequence[SetResult]


def write_cards(model_path: Path, training: Training, measured: Measured) -> None:
    """Write the cards as Markdown beside the model: `.md` in English, `.zh.md` in Chinese."""
    for language, suffix in (("en", ".md"), ("zh", ".zh.md")):
        text = resources.files(__package__).joinpath(f"card.{language}.md").read_text("utf-8")
        for name, part in _parts(language, training, measured).items():
            text = text.replace(f"{{{name}}}", part)
        model_path.with_suffix(suffix).write_text(text, "utf-8")


def measured_text(results: Sequence[SetResult], evasions: Sequence[EvasionResult]) -> str:
    """Results by set, by category and by disguise, as Markdown tables."""
    tables = (_results(results, "en"), _categories(results, "en"), _evasions(evasions, "en"))
    return "\n\n".join(tables)


def _parts(language: str, training: Training, measured: Measured) -> dict[str, str]:
    facts = training._asdict() | {"size": training.size / 1e6}
    counts = sorted(Counter((row.set, row.label) for row in training.rows).items())
    return {
        "artefact": _ARTEFACT[language].format(**facts),
        "sets": _table(language, _SETS, [*CORPORA, *_OWN]),
        "taught": _table(language, _TAUGHT, [(*key, f"{count:,}") for key, count in counts]),
        "results": _results(measured.results, language),
        "categories": _categories(measured.results, language),
        "evasions": _evasions(measured.evasions, language),
        "crossed": _results(measured.crossed, language),
    }


def _results(results: Sequence[SetResult], language: str) -> str:
    return _table(language, _RESULTS, [
        (r.name, f"{r.texts:,}", _figure(r.macro_f1), _figure(r.harm_macro_f1), _percent(r.false_alarms),
         _figure(r.harm_auc), _figure(r.recall_at_1))
        for r in results
    ])


def _categories(results: Sequence[SetResult], language: str) -> str:
    return _table(language, _CATEGORIES, [
        (r.name, c.category, f"{c.texts:,}", *map(_figure, (c.precision, c.recall, c.f1, c.auc)))
        for r in results for c in r.categories
    ])


def _evasions(results: Sequence[EvasionResult], language: str) -> str:
    plain = {r.name: r.macro_f1 for r in results if not r.kind}
    return _table(language, _EVASIONS, [
        (r.name, r.kind or _say("as they are", language), f"{r.texts:,}", _figure(r.macro_f1),
         _figure(plain[r.name] - r.macro_f1) if r.kind else "", _figure(r.recall))
        for r in results
    ])


def _table(language: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a head that ends in `#` stands over figures."""
    if not rows:
        return _say("not measured in this training", language)
    names = [_say(head.removesuffix(" #"), language) for head in heads]
    rule = ["---:" if head.endswith("#") else "---" for head in heads]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (names, rule, *rows))


def _say(words: str, language: str) -> str:
    return _CHINESE.get(words, words) if language == "zh" else words


def _figure(value: float) -> str:
    return "" if isnan(value) else f"{value:.3f}"


def _percent(value: float) -> str:
    return "" if isnan(value) else f"{value:.1%}"
