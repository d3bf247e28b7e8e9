"""Where the text model in force stands, and the one in shadow beside it: both swapped while messages are judged."""

from collections.abc import Sequence
from pathlib import Path

from anlan.errors import Damaged, Unavailable
from anlan.models.text_model import TextModel, load
from anlan.protections.content.signals import MODEL_PATH, model_input, packed_model, shipped_model


class ModelShelf:
    """Holds the models that texts are scored with.

    Attributes:
        model: in force, replaced whole; None while no scores can be had.
        shadow: scores the same texts and changes nothing; None for none.
        shadow_share: of all texts that it scores.
    """

    def __init__(self) -> None:
        self.model: TextModel | None = packed_model()
        self.shadow: TextModel | None = None
        self.shadow_share = 0.0

    @property
    def version(self) -> str:
        """What decisions name."""
        return self.model.version if self.model else "unavailable"

    def unpack(self) -> None:
        """Be ready to score: the first text must not wait for it."""
        if self.model is not None:
            self.model.unpack()

    @property
    def shadow_version(self) -> str:
        """Of the one in shadow; empty for none."""
        return self.shadow.version if self.shadow else ""

    def put(self, version: str, folder: Path) -> None:
        """Score with this candidate of `folder` from now on; an empty version stands for the shipped model.

        Raises:
            Damaged: it cannot be read; the model in force stays.
        """
        self.model = load_candidate(version, folder) if version else shipped_model()

    def put_in_shadow(self, version: str, share: float, folder: Path) -> None:
        """Score this share of the texts with this candidate too; an empty version ends that.

        Raises:
            Damaged: see `put`.
        """
        self.shadow = load_candidate(version, folder) if version else None
        self.shadow_share = share if version else 0.0

    def score_with_both(self, texts: Sequence[str]) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
        """(model in force, model in shadow) for each of `texts`; nothing while one of them is missing."""
        old, new = self.model, self.shadow
        if old is None or new is None:
            return []
        read = [model_input(text) for text in texts]
        return list(zip(old.probabilities_of(read), new.probabilities_of(read), strict=True))

    def score_in_shadow(self, texts: Sequence[str]) -> tuple[str, list[tuple[float, ...]]]:
        """The version in shadow with its scores for each of `texts`; empty when it is gone again."""
        shadow = self.shadow
        if shadow is None:
            return "", []
        return shadow.version, shadow.probabilities_of([model_input(text) for text in texts])


def load_candidate(version: str, folder: Path) -> TextModel:
    """The candidate `version` under `folder`, which shares the encoder with the shipped model.

    Raises:
        Damaged: it is missing, altered, or cannot be used here.
    """
    shipped = shipped_model()
    if shipped is None:
        raise Damaged(f"model {version} cannot be used: the sentence encoder is not there; install the package again")
    try:
        parts = load(folder / version / MODEL_PATH.name)
    except Unavailable as error:
        raise Damaged(f"model {version}: {error.message}") from error
    if parts.heads.version != version or parts.heads.categories != shipped.categories:
        raise Damaged(f"the folder of model {version} holds another one; put the right files back or roll back")
    return shipped.with_parts(parts)
