"""The life of a text model as people lead it: candidate, beside the one in force, in force by a second person, back."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from anlan import clock
from anlan.desk.drift import MIN_EVENTS, shadow_histograms
from anlan.desk.model_diff import Judged, judged_figures
from anlan.domain.facts import StaffNotice
from anlan.domain.judgements import JudgedText, is_kept_back
from anlan.domain.keys import fitted
from anlan.domain.ports import ModelHolder
from anlan.errors import Conflict, Damaged
from anlan.store.database import Database
from anlan.store.model_references import ModelReferences
from anlan.store.notices import tell_staff
from anlan.store.shadow_scores import ShadowScores
from anlan.store.text_models import ModelBook, TextModelRow

MIN_COMPARED = 20
"""Texts that a model must have scored in shadow before anybody can let it into force."""
MAX_MEASURED = 500

log = structlog.get_logger(__name__)


class Measured(NamedTuple):
    """Both models on judged texts that taught neither."""

    texts: int
    categories: tuple[Judged, ...]


class ModelLife:
    """Moves models and lets the holder follow.

    Args:
        holder: what texts are scored with in this process.
        folder: where candidates lie.
    """

    def __init__(self, database: Database, holder: ModelHolder, folder: Path) -> None:
        self.book = ModelBook(database)
        self.scores = ShadowScores(database)
        self._references = ModelReferences(database)
        self._database, self._holder, self._folder = database, holder, folder
        self._version = -1

    @property
    def in_force(self) -> str:
        """The version that decisions name now."""
        return self._holder.version

    def follow(self) -> bool:
        """Score with what the store now says; False if that has not changed. What cannot be loaded changes nothing."""
        version = self.book.version()
        if version == self._version:
            return False
        live, shadow = self.book.standing("live"), self.book.standing("shadow")
        try:
            self._holder.put(live.version if live else "", self._folder)
        except Damaged as error:
            self._tell_damaged(live, error)
        try:
            self._holder.put_in_shadow(shadow.version if shadow else "", shadow.share if shadow else 0.0, self._folder)
        except Damaged as error:
            self._tell_damaged(shadow, error)
        self._version = version
        return True

    def promote(self, version: str, by: str) -> None:
        """Let the model in shadow come into force; what it said there is what later days are held against.

        Raises:
            Conflict: it has not scored enough texts, or is not in shadow.
            NotFound, Forbidden: see `ModelBook.promote`.
        """
        pairs = self.scores.read(version)
        if len(pairs) < MIN_COMPARED:
            raise Conflict(
                f"it must score {MIN_COMPARED} texts in shadow first; it has scored {len(pairs)}",
                zh=f"须先在影子运行中为 {MIN_COMPARED} 条文本评分；目前为 {len(pairs)} 条",
            )
        self.book.promote(version, by)
        histograms, now = shadow_histograms(pairs), clock.now()
        if len(pairs) >= MIN_EVENTS:
            self._references.see(version, now)
            self._references.complete(version, now, msgspec.json.encode(histograms))

    def measure(self, judged: Sequence[JudgedText]) -> Measured:
        """Both models on the latest judged texts that taught neither; nothing while none is in shadow."""
        models = (self.book.standing("live"), self.book.standing("shadow"))
        known = max((one.taught_until for one in models if one), default=0)
        fair = [one for one in judged if is_kept_back(one.subject) or one.last_id > known]
        fair = sorted(fair, key=lambda one: -one.last_id)[:MAX_MEASURED]
        both = self._holder.score_with_both([one.text for one in fair])
        if not both:
            return Measured(0, ())
        old, new = zip(*both, strict=True)
        return Measured(len(fair), judged_figures([one.category for one in fair], old, new))

    def _tell_damaged(self, model: TextModelRow | None, error: Damaged) -> None:
        name, now = model.version if model else "", clock.now()
        log.error("model_refused", version=name, reason=error.message)
        told = StaffNotice(
            id=fitted(f"model_damaged.{name}.{int(now // 86_400)}", 80), at=now, kind="model_damaged", subject=name,
            details={"reason": error.message},
        )
        with self._database.write() as connection:
            tell_staff(connection, [told], now)
