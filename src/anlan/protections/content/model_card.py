"""Decides which papers of the text model are shown: those that belong to the artefact that is installed."""

import json
from pathlib import Path
from typing import Any

import msgspec

from anlan.domain.model_cards import Curves, ModelCard
from anlan.protections.content.signals import MODEL_PATH, text_models

CURVES_NAME = "text_model_curves.json"
_CARDS = {"en": "text_model.md", "zh": "text_model.zh.md"}


def card_in_force(candidates: Path, version: str) -> ModelCard:
    """The papers of the model `version`: a candidate of this folder, else the shipped one."""
    path = candidates / version / MODEL_PATH.name
    return text_model_card(path if path.exists() else MODEL_PATH, version)


def text_model_card(path: Path = MODEL_PATH, in_force: str = "") -> ModelCard:
    """The papers beside the artefact at `path`; what is missing there is left empty.

    Args:
        in_force: what decisions name; as the package ships it where that is not given.
    """
    facts = _facts(path.with_suffix(".json"))
    version = str(facts.get("version", ""))
    return ModelCard(
        name="text_model",
        version=in_force or text_models()["text_model"],
        sha256=str(facts.get("sha256", "")),
        size=path.stat().st_size if path.exists() else 0,
        categories=tuple(facts.get("categories", ())),
        texts={code: text for code, name in _CARDS.items() if (text := _text(path.with_name(name)))},
        curves=read_curves(path.with_name(CURVES_NAME), version),
    )


def _facts(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


def read_curves(path: Path, version: str) -> Curves | None:
    """What training kept; None when it is missing, damaged, or of another model than `version`."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Curves)
    except (OSError, msgspec.MsgspecError):
        return None
    return found if found.model == version else None
