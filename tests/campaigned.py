"""A desk with a journal of its own for tests of campaigns: events are judged without policies, cases opened by hand."""

from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import insert, update

from anlan.desk.bulletins import Bulletins
from anlan.desk.campaigns import Campaigns, NewCampaign
from anlan.domain.events import CATALOGUE, Catalogue
from anlan.engine.pipeline import Engine
from anlan.engine.readings import Scope
from anlan.engine.signals import Registry, signal
from anlan.store.analysis import Analysis
from anlan.store.campaigns import Campaign, campaign_of, find_campaign
from anlan.store.cases import NewCase, open_case
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.rows import Columns
from anlan.store.segments import Segments
from anlan.store.tables import cases, sanctions
from anlan.store.vault import Codec

START = 1_795_262_400.0
"""2026-11-21 12:00 UTC, when campaigns begin here."""
DAY_S = 86_400.0
GROUNDS = {"gambling": {"zh": "赌博", "en": "gambling"}}


@signal(title={"zh": "长度", "en": "length"})
def text_length(content_text: str) -> int:
    return len(content_text)


class CampaignDesk:
    """Campaigns over a store; `send` judges messages, `open` opens cases about them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        catalogue = Catalogue(CATALOGUE, 1e9)
        self.registry = Registry(catalogue, (text_length,), {})
        self._engine = Engine(self.registry, {entry.name: () for entry in catalogue})
        self._journal = Journal(database, Codec(database.vault))
        self._segments = Segments(database, folder, Columns(catalogue.types, self.registry.by_name.values()))
        self._analysis = Analysis(self._segments)
        self.campaigns = self.process()
        self.bulletins = Bulletins(database, self.campaigns, "Asia/Shanghai")
        self._sent = 0

    def process(self) -> Campaigns:
        """Campaigns as one more process leads them."""
        return Campaigns(self.database, self._analysis, lambda: Scope(registry=self.registry))

    def send(self, sender: str, text: str, at: float = START + 10) -> int:
        """Judge and commit a message; its seq."""
        self._sent += 1
        body = {
            "specversion": "1.0", "id": str(self._sent), "source": "im", "type": "message.sent",
            "data": {"sender": sender, "text": text, "recipient": "r"},
        }
        event = self.registry.catalogue.decode(msgspec.json.encode(body), at)
        self._journal.commit([self._engine.judge(msgspec.structs.replace(event, time=at), at)])
        return self._sent

    def open(self, seq: int | None, target: str, at: float = START + 20, kind: Any = "report", queue: str = "x") -> str:
        """A case that began with an event."""
        with self.database.write() as connection:
            return open_case(connection, NewCase(kind=kind, queue=queue, target=target, event_seq=seq), "system", at)

    def close(self, case_id: str, outcome: str, at: float = START + 500) -> None:
        """Answer a case."""
        with self.database.write() as connection:
            connection.execute(
                update(cases).where(cases.c.id == case_id).values(state="closed", outcome=outcome, closed_at=at)
            )

    def punish(self, name: str, case_id: str, target: str, kind: str, **more: Any) -> None:
        """A temporary sanction that stands on a case; `more` replaces columns."""
        at_once = kind in ("remove_content", "warning")
        row = {
            "id": name, "target": target, "kind": kind, "feature": "", "starts_at": START + 600, "is_permanent": False,
            "ends_at": None if at_once else START + 90_000, "rule": "r", "category": "gambling", "severity": "high",
            "strikes": 1, "strikes_until": START, "grounds": b"[]", "case_id": case_id, "needs_second": False,
            "ordered_by": "staff:ann", "ordered_at": START + 600, "state": "in_force", **more,
        }
        with self.database.write() as connection:
            connection.execute(insert(sanctions), row)

    def lead(self, **more: Any) -> str:
        """A campaign that ann proposed and bea approved, for long messages of the next two days."""
        campaign_id = self.campaigns.propose(new_campaign(**more), "staff:ann", START - 100)
        self.campaigns.approve(campaign_id, "staff:bea", START - 50)
        return campaign_id

    def find(self, campaign_id: str) -> Campaign:
        with self.database.read() as connection:
            return find_campaign(connection, campaign_id)

    def campaign_of(self, case_id: str) -> str | None:
        with self.database.read() as connection:
            return campaign_of(connection, case_id)

    def shut(self) -> None:
        """Close the journal."""
        self._segments.close()


def new_campaign(**more: Any) -> NewCampaign:
    """For messages of more than ten characters."""
    fields = {
        "title_zh": "净网行动", "title_en": "Clear waters", "why": "too many of them", "queue": "clean",
        "event_types": ("message.sent",), "scope": "text_length > 10", "starts_at": START, "ends_at": START + 2 * DAY_S,
    }
    return NewCampaign(**{**fields, **more})
