"""What a member may have of their own data, part by part, and how long each is kept; asked for rarely, and noted."""

from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import Connection

from anlan import clock
from anlan.center.own_parts import DAY_S, MOST_ROWS, PARTS, Part, Row
from anlan.domain.claims import CLAIM_STATES
from anlan.domain.events import EventType
from anlan.domain.privacy import LOOKS, KeptField, kept_fields
from anlan.errors import RateLimited
from anlan.store import appeals, consultations, containments, payouts, recovery
from anlan.store.audit import note
from anlan.store.database import Database
from anlan.store.looks import Looked, count_acts, looks_at
from anlan.store.members import KEPT_S
from anlan.store.retention import RetentionDays
from anlan.store.vault import Vault

DOWNLOADS_A_DAY = 3


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A part as one member's page shows it, with how many rows there are."""

    part: Part
    count: int
    days: float | None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the privacy page says."""

    parts: Sequence[Kept]
    sensitive: Sequence[KeptField]
    personal: Sequence[KeptField]
    personal_days: float
    entrance_days: float
    looks: Sequence[Looked]

    @property
    def has_talks(self) -> bool:
        """Whether there are talks with the assistant to delete."""
        return any(one.count for one in self.parts if one.part.name == "consultations")


class OwnData:
    """Shows a member what is kept of them, and hands it over.

    Args:
        types: the declared event types, an operator's own among them.
        policy: how long things are kept.
    """

    def __init__(self, database: Database, types: Sequence[EventType], policy: RetentionDays) -> None:
        self._database = database
        self._types = types
        self._policy = policy

    def look(self, account: str, now: float) -> Overview:
        """What is kept of `account:<id>`, and who looked."""
        with self._database.read() as connection:
            rows = {part.name: part.read(connection, self._database.vault, account) for part in PARTS}
            looks = looks_at(connection, account, _own_ids(connection, self._database.vault, account), now)
        return Overview(
            parts=[
                Kept(part=part, count=len(rows[part.name]), days=part.days(self._policy)) for part in PARTS
            ],
            sensitive=kept_fields(self._types, "sensitive"), personal=kept_fields(self._types, "personal"),
            personal_days=self._policy.personal_days, entrance_days=KEPT_S / DAY_S, looks=looks,
        )

    def download(self, account: str, now: float) -> Iterator[bytes]:
        """One JSON object, part by part, as it is read.

        Raises:
            RateLimited: it was asked for `DOWNLOADS_A_DAY` times within a day already.
        """
        with self._database.write() as connection:
            note(connection, account, "member.download", account, {})  # first: whoever asks beside us waits here
            if count_acts(connection, account, "member.download", now - DAY_S) > DOWNLOADS_A_DAY:
                raise RateLimited(
                    "your data were fetched three times within a day; come back tomorrow",
                    zh="24 小时内已下载三次，请明天再来。",
                    en="Your data were fetched three times within a day. Come back tomorrow.",
                )
        return self._write_out(account, now)

    def forget_talks(self, account: str) -> int:
        """Remove every talk with the assistant for good, as each can be on its own page; how many there were."""
        with self._database.write() as connection:
            talks = consultations.consultations_of(connection, self._database.vault, account, MOST_ROWS)
            for talk in talks:
                consultations.delete_consultation(connection, talk.id, account)
                note(connection, account, "consultation.delete", talk.id, {})
        return len(talks)

    def _write_out(self, account: str, now: float) -> Iterator[bytes]:
        yield b'{"account": %s, "made_at": %s' % (msgspec.json.encode(account), msgspec.json.encode(_moment(now)))
        for part in PARTS:
            with self._database.read() as connection:
                vault = self._database.vault
                rows = [
                    row | part.adds(connection, vault, row) for row in part.read(connection, vault, account)
                ]
            yield _written(part.name, rows)
        yield _written("looks", self._looks(account, now))
        yield b"}\n"

    def _looks(self, account: str, now: float) -> list[Row]:
        """Who looked, as their page says it: by side and role, never by name."""
        with self._database.read() as connection:
            found = looks_at(connection, account, _own_ids(connection, self._database.vault, account), now, MOST_ROWS)
        return [{"at": one.at, "what": LOOKS[one.act].title, "by": one.by, "roles": one.roles} for one in found]


def _own_ids(connection: Connection, vault: Vault, account: str) -> list[str]:
    """By what the audit log names what this member handed in or was given."""
    filed = appeals.appeals_of(connection, account)
    applied = payouts.applications_of(connection, account)
    talks = consultations.consultations_of(connection, vault, account)
    asked = [one.case_id for talk in talks for one in consultations.requests_of(connection, vault, talk.id)]
    return [
        *(one.id for one in filed), *(one.case_id for one in filed), *(one.id for one in applied),
        *(one.case_id for one in applied), *asked,
        *(one.id for one in containments.containments_of(connection, account)),
        *(one.id for one in recovery.claims_for(connection, account, CLAIM_STATES)),
    ]


def _written(name: str, rows: Sequence[Row]) -> bytes:
    body = msgspec.json.format(msgspec.json.encode([_spoken(row) for row in rows]), indent=2)
    return b',\n"%s": %s' % (name.encode(), body)


def _spoken(row: Row) -> Row:
    """Times as people read them: whatever is called `at`, ends in `_at` or is `until` holds seconds."""
    return {
        name: _moment(value) if isinstance(value, float) and _is_time(name) else value for name, value in row.items()
    }


def _is_time(name: str) -> bool:
    return name in ("at", "until") or name.endswith("_at")


def _moment(seconds: float) -> str:
    return clock.to_rfc3339(seconds)
