"""What a model in shadow said beside the one in force, text by text and without the texts."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.text_scores import Compared
from anlan.store.database import Database
from anlan.store.tables import shadow_scores

_decode = msgspec.json.Decoder(tuple[float, ...]).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


class ShadowScores:
    """Keeps and reads pairs of scores."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, model: str, beside: str, found: Sequence[Compared]) -> None:
        """Keep what `model` said; a text that it scored before stays as it was."""
        rows = [
            {
                "model": model, "event_key": one.key, "beside": beside, "at": one.time, "type": one.type,
                "source": one.source, "old": _packed(one.old), "new": _packed(one.new),
            }
            for one in found
        ]
        with self._database.write() as connection:
            dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
            connection.execute(dialect.insert(shadow_scores).on_conflict_do_nothing(), rows)

    def read(self, model: str, limit: int = 50_000) -> list[Compared]:
        """The latest pairs of one model in shadow, newest first."""
        c = shadow_scores.c
        query = select(c.event_key, c.at, c.type, c.source, c.old, c.new).where(c.model == model)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(c.at.desc()).limit(limit)).all()
        return [Compared(*row[:4], old=_decode(row[4]), new=_decode(row[5])) for row in rows]


def _packed(scores: Sequence[float]) -> bytes:
    return _encode([round(score, 4) for score in scores])


def forget_scores(connection: Connection, before: float, limit: int) -> int:
    """Remove pairs of texts older than `before` (event time); how many of at most `limit`."""
    c = shadow_scores.c
    keys: list[Any] = list(connection.execute(select(c.model, c.event_key).where(c.at < before).limit(limit)))
    for model, key in keys:
        connection.execute(delete(shadow_scores).where((c.model == model) & (c.event_key == key)))
    return len(keys)
