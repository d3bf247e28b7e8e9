"""Decides what the card of the model of tellings says: which talks taught it, and how it did on talks held back."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anlan.domain.consultations import POSSIBLE_FROM
from anlan.protections.fraud.tellings import HONEST, OFF_TOPIC
from anlan.protections.fraud.training.tellings import Learnt, Talk

_TEMPLATES = {language: Path(__file__).with_name(f"card.{language}.md") for language in ("en", "zh")}


class Held(NamedTuple):
    """One talk as a model saw it that was not taught it.

    Attributes:
        risk: probability of any fraud.
        named: the likeliest fraud.
    """

    talk: Talk
    risk: float
    named: str
    off_topic: float

    @property
    def is_named_right(self) -> bool:
        """Whether one of the scenarios that fit would be named."""
        return self.risk >= POSSIBLE_FROM and self.named in self.talk.scenarios


def cards(talks: Sequence[Talk], learnt: Learnt, digest: str) -> dict[str, str]:
    """The card in each language."""
    both, alone = (list(_held(talks, learnt, logits)) for logits in (learnt.joined, learnt.alone))
    facts = {
        "version": learnt.parts.heads.version, "digest": digest, "talks": _counts(talks),
        "both": _results(both), "alone": _results(alone), "named_from": POSSIBLE_FROM,
    }
    return {language: path.read_text("utf-8").format(**facts) for language, path in _TEMPLATES.items()}


def _held(talks: Sequence[Talk], learnt: Learnt, logits: NDArray[np.float32]) -> Iterator[Held]:
    categories = learnt.parts.heads.categories
    row_of = {row.told: number for number, row in enumerate(learnt.kept_back)}
    frauds = [number for number, name in enumerate(categories) if name not in (HONEST, OFF_TOPIC)]
    for talk in (talk for talk in talks if talk.says in row_of):
        odds = np.exp(logits[row_of[talk.says]] - logits[row_of[talk.says]].max())
        shares = odds / odds.sum()
        named = categories[max(frauds, key=lambda number: shares[number])]
        yield Held(talk, float(shares[frauds].sum()), named, float(shares[categories.index(OFF_TOPIC)]))


def _counts(talks: Sequence[Talk]) -> str:
    languages = sorted({talk.language for talk in talks})
    kinds = ("fraud", "honest", "off_topic")
    rows = [
        [language, *(str(sum(talk.language == language and talk.kind == kind for talk in talks)) for kind in kinds)]
        for language in languages
    ]
    return _table(["language", *kinds], rows)


def _results(held: Sequence[Held]) -> str:
    rows = []
    for language in sorted({one.talk.language for one in held}):
        def of(kind: str, spoken: str = language) -> list[Held]:
            return [one for one in held if (one.talk.kind, one.talk.language) == (kind, spoken)]

        rows.append([
            language, _share([one.risk >= POSSIBLE_FROM for one in of("fraud")]),
            _share([one.is_named_right for one in of("fraud")]),
            _share([one.risk >= POSSIBLE_FROM for one in of("honest")]),
            _share([one.off_topic >= 0.5 for one in of("off_topic")]),
        ])
    head = ["language", "frauds seen", "... and named right", "honest deals called a fraud", "other topics"]
    return _table(head, rows)


def _share(claims: Sequence[bool]) -> str:
    return f"{sum(claims) / max(1, len(claims)):.3f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
