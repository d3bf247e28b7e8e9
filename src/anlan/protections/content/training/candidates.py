"""Decides what a text model becomes that has learnt from judgements: a candidate in a folder of its own."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from anlan.domain.judgements import JudgedText, Made, is_kept_back
from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.errors import InvalidRequest, Unavailable
from anlan.models.text_model import TextModel, TextParts, load, save
from anlan.models.training import adapt as adapting
from anlan.models.training.text_heads import Sample
from anlan.protections.content.model_card import CURVES_NAME
from anlan.protections.content.model_lines import further_lines
from anlan.protections.content.signals import MODEL_PATH, model_input, shipped_model
from anlan.protections.content.training.corpora import Row
from anlan.protections.content.training.curves import curves, write_curves
from anlan.protections.content.training.run import train

SET_NAME = "judgements"


def judged_rows(judged: Sequence[JudgedText]) -> list[Row]:
    """Judged texts as rows of a training, one for each person who says so; those that are kept back only measure."""
    return [
        Row(one.text, one.category, SET_NAME, "test" if is_kept_back(one.subject) else "train")
        for one in judged for _ in range(1 if is_kept_back(one.subject) else one.weight)
    ]


def adapt(judged: Sequence[JudgedText], folder: Path) -> Made:
    """Move the shipped model towards `judged` and keep it under `folder`, by its version; seconds to minutes.

    Raises:
        InvalidRequest: nothing to learn from.
        Unavailable: the shipped model or its encoder is not there.
    """
    shipped = shipped_model()
    if shipped is None:
        raise Unavailable("the shipped text model cannot be loaded; install the package again")
    taught = [one for one in judged if not is_kept_back(one.subject)]
    if not taught:
        raise InvalidRequest("no judged texts to learn from yet; a fifth of them never teaches, so give a few more")
    version = _version(shipped.version, taught)
    sample = _sample(taught)
    parts = adapting.adapt(shipped.parts, sample, shipped.vectors([lines[0] for lines in sample.texts]), version)
    path = folder / version / MODEL_PATH.name
    digest = _keep(parts, path)
    made = Made(version, digest, shipped.version, len(taught))
    _write_papers(shipped.with_parts(load(path)), made, judged, path)
    return made


def train_whole(judged: Sequence[JudgedText], data: Path, folder: Path) -> Made:
    """Train on the public sets under `data` and on `judged`, and keep it under `folder`; tens of minutes."""
    taught = sum(not is_kept_back(one.subject) for one in judged)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as made:
        model = train(data, Path(made), judged=judged_rows(judged))
        (Path(made) / "lexicon.csv").unlink()
        for name, note in _TAUGHT_HERE.items():
            with (Path(made) / name).open("a", encoding="utf-8") as card:
                card.write(note.format(texts=taught))
        shutil.copytree(made, folder / model.version, dirs_exist_ok=True)
    digest = hashlib.sha256((folder / model.version / MODEL_PATH.name).read_bytes()).hexdigest()
    return Made(model.version, digest, "", taught)


def _sample(taught: Sequence[JudgedText]) -> Sample:
    words = [model_input(one.text) for one in taught]
    columns = np.array([TEXT_CATEGORIES.index(one.category) for one in taught])
    return Sample(
        [(text, *further_lines(text)) for text in words], columns, np.array([float(one.weight) for one in taught])
    )


def _version(parent: str, taught: Sequence[JudgedText]) -> str:
    """The same judgements on the same model give the same version."""
    lines = (f"{one.category}\t{one.weight}\t{one.text}" for one in taught)
    return hashlib.sha256("\n".join([parent, *lines]).encode("utf-8", "replace")).hexdigest()[:12]


def _keep(parts: TextParts, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    return save(parts, path)


def _write_papers(model: TextModel, made: Made, judged: Sequence[JudgedText], path: Path) -> None:
    measured = [one for one in judged if is_kept_back(one.subject)]
    for name, text in (("text_model.md", _CARD), ("text_model.zh.md", _CARD_ZH)):
        filled = text.format(version=made.version, parent=made.parent, texts=made.texts, measured=len(measured))
        path.with_name(name).write_text(filled, "utf-8")
    if measured:
        scores = np.array(model.probabilities_of([model_input(one.text) for one in measured]))
        truth = np.array([TEXT_CATEGORIES.index(one.category) for one in measured])
        found = curves(made.version, TEXT_CATEGORIES, scores, truth, [SET_NAME] * len(measured))
        write_curves(found, path.with_name(CURVES_NAME))


_CARD = """# Text model {version}, adapted

Made from the shipped model {parent} and {texts} texts that people judged here; {measured} more judged texts were kept
back to measure it. Purpose, data, licences and known failures are those of the shipped model's card.

Weights moved only as far as the judged texts give reason to (a Gaussian prior around the shipped weights). What your
judgements do not speak of, it does as before. It holds traces of members' texts: treat the file as personal data, and
make it anew when texts behind it must be erased.
"""

_CARD_ZH = """# 文本模型 {version}（适应版）

由随附模型 {parent} 与本站人工判定的 {texts} 条文本得到；另有 {measured} 条判定文本留作测量。
用途、数据、许可与已知不足见随附模型的说明。

权重只在判定文本给出理由时移动（以随附权重为中心的高斯先验）；判定未涉及之处，与原模型相同。
模型文件带有用户文本的痕迹：请按个人信息保管；其依据的文本须删除时，请重新制作。
"""

_TAUGHT_HERE = {
    "text_model.md": """
## Judgements of this house

{texts} texts that people judged here were taught beside the sets, as `judgements`. The model holds traces of members'
texts: treat the file as personal data, and make it anew when texts behind it must be erased.
""",
    "text_model.zh.md": """
## 本站的判定

除上列数据集外，还学习了本站人工判定的 {texts} 条文本（数据集名 `judgements`）。
模型文件带有用户文本的痕迹：请按个人信息保管；其依据的文本须删除时，请重新制作。
""",
}
