"""What of an event and its decisions a caller may see: personal values with the scope for it, sensitive ones never."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import structs

from anlan.domain.entities import Privacy
from anlan.engine.journal_reports import BacktestReport, Found, Investigation
from anlan.engine.reference import Explained
from anlan.engine.signals import Registry

HIDDEN = "[hidden]"


class Sight(msgspec.Struct, frozen=True):
    """One caller's view; `is_personal` when the caller may see what members wrote."""

    registry: Registry
    is_personal: bool

    def is_open(self, privacy: Privacy) -> bool:
        """Whether values of this class are shown."""
        return privacy in ("public", "internal") or (self.is_personal and privacy == "personal")

    def shows(self, signal: str) -> bool:
        """Whether the values of a signal or field are shown."""
        return self.is_open(self.registry.privacy_of(signal))

    def values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Those values that are shown."""
        return {name: value for name, value in values.items() if self.shows(name)}

    def actor(self, event_type: str, actor: str | None) -> str | None:
        """`kind:id` of who acted, unless the type says that its id is personal."""
        if event_type not in self.registry.catalogue:
            return actor if self.is_personal else None
        role = self.registry.catalogue[event_type].actor
        return actor if self.is_open(self.registry.fields[event_type][role].privacy) else None

    def sentence(self, sentence: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
        """A reviewers' sentence in each language, without the hidden values that it quotes."""
        quoted = [
            value[:80] for name, value in values.items() if isinstance(value, str) and value and not self.shows(name)
        ]
        shown = dict(sentence)
        for part in sorted(quoted, key=len, reverse=True):
            shown = {language: text.replace(part, HIDDEN) for language, text in shown.items()}
        return shown

    def claim(self, explained: Explained) -> Explained:
        """A condition's explanation without hidden values."""
        parts = tuple(map(self.claim, explained.parts))
        return structs.replace(explained, values=self.values(explained.values), parts=parts)

    def found(self, event: Found) -> Found:
        """An event of a report without hidden values."""
        return structs.replace(
            event, actor=self.actor(event.type, event.actor), values=self.values(event.values),
            because=self.sentence(event.because, event.values),
        )

    def backtest(self, report: BacktestReport) -> BacktestReport:
        """A backtest without hidden values."""
        policies = tuple(
            structs.replace(policy, examples=tuple(map(self.found, policy.examples))) for policy in report.policies
        )
        return structs.replace(report, policies=policies)

    def investigation(self, found: Investigation) -> Investigation:
        """An investigation without hidden values and without rankings of hidden entities."""
        return structs.replace(
            found, events=tuple(map(self.found, found.events)),
            top=tuple(ranking for ranking in found.top if self.shows(ranking.role)),
        )
