"""What a member may have of their own data, part by part, and how long each is kept; asked for rarely, and noted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from anlan import clock
from anlan.center.security_view import look_at
from anlan.domain.events import EventType
from anlan.domain.privacy import KeptField, Words, kept_fields
from anlan.errors import RateLimited
from anlan.store import (
    alerts,
    appeals,
    care_cards,
    circles,
    consultations,
    containments,
    funds,
    member_notices,
    payouts,
    recovery,
    reports,
    sanctions,
    transfers,
)
from anlan.store.audit import note
from anlan.store.database import Database
from anlan.store.looks import Looked, count_acts, looks_at
from anlan.store.members import KEPT_S
from anlan.store.retention import RetentionDays
from anlan.store.vault import Vault

DAY_S = 86_400.0
DOWNLOADS_A_DAY = 3
MOST_ROWS = 10_000
"""Of one part in one download; newer ones first."""

Row = dict[str, Any]
Read = Callable[[Connection, Vault, str], Sequence[Row]]
Adds = Callable[[Connection, Vault, Row], Row]
Days = Callable[[RetentionDays], float | None]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of what is kept.

    Attributes:
        path: the page on which the member sees it, and takes away what may be taken away.
        days: how long it is kept; None for as long as the account is there.
        read: rows in order, with what is the member's to know and nothing else.
        adds: what a row has beyond that when all is handed over: what would be slow to read only to be counted.
    """

    name: str
    title: Words
    purpose: Words
    path: str
    days: Days
    read: Read
    adds: Adds


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
            body = msgspec.json.format(msgspec.json.encode([_spoken(row) for row in rows]), indent=2)
            yield b',\n"%s": %s' % (part.name.encode(), body)
        yield b"}\n"


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
        *(one.id for one in recovery.claims_for(connection, account)),
    ]


def _picked(rows: Sequence[Any], *names: str, **more: Callable[[Any], Any]) -> list[Row]:
    """These attributes of each row, and what `more` makes of it."""
    return [{name: getattr(row, name) for name in names} | {key: of(row) for key, of in more.items()} for row in rows]


def _spoken(row: Row) -> Row:
    """Times as people read them: whatever is called `at`, ends in `_at` or is `until` holds seconds."""
    return {
        name: _moment(value) if isinstance(value, float) and _is_time(name) else value for name, value in row.items()
    }


def _is_time(name: str) -> bool:
    return name in ("at", "until") or name.endswith("_at")


def _moment(seconds: float) -> str:
    return clock.to_rfc3339(seconds)


def _read_alerts(connection: Connection, _: Vault, account: str) -> list[Row]:
    found = alerts.alerts_of(connection, account, MOST_ROWS)
    return _picked(found, "id", "scenario", "strength", "moment", "at", "opened_at", "answer", "answered_at")


def _read_talks(connection: Connection, vault: Vault, account: str) -> list[Row]:
    found = consultations.consultations_of(connection, vault, account, MOST_ROWS)
    return _picked(found, "id", "language", "state", "opened_at", "spoken_at")


def _add_turns(connection: Connection, vault: Vault, talk: Row) -> Row:
    return {"turns": msgspec.to_builtins(consultations.turns_of(connection, vault, talk["id"]))}


def _read_circles(connection: Connection, vault: Vault, account: str) -> list[Row]:
    """As this member sees their circle; that the other has gone quietly stands nowhere."""
    return _picked(
        circles.bonds_of(connection, vault, account), "id", "began_at", "may_pause",
        role=lambda one: "ward" if one.ward == account else "guardian", harms=lambda one: one.shown_harms(account),
        other=lambda one: one.other(account), called=lambda one: one.called(account),
    )


def _read_transfers(connection: Connection, _: Vault, account: str) -> list[Row]:
    found = transfers.transfers_of(connection, account, MOST_ROWS)
    return _picked(
        found, "id", "payee", "amount_minor", "currency", "scenario", "paused_at", "until", "state", "answer",
        "answered_at", "reason",
    )


def _add_reason(connection: Connection, vault: Vault, transfer: Row) -> Row:
    return {"words": transfers.read_words(connection, vault, transfer["id"])}


def _read_sign_ins(connection: Connection, vault: Vault, account: str) -> list[Row]:
    view = look_at(connection, vault, account, clock.now())
    came = _picked(
        view.sign_ins, "at", "state", "country", "client", "device_id", "session_id", ip=lambda one: one.particulars.ip,
        kind=lambda _: "sign_in",
    )
    devices = _picked(view.devices, "id", "client", "country", "first_seen_at", "state", kind=lambda _: "device")
    sessions = _picked(view.sessions, "id", "client", "country", "started_at", "state", kind=lambda _: "session")
    return [*came, *devices, *sessions]


def _read_reports(connection: Connection, vault: Vault, account: str) -> list[Row]:
    found = reports.reports_by(connection, account, MOST_ROWS)
    return _picked(found, "id", "subject", "reason", "at", "outcome", "answered_at")


def _read_appeals(connection: Connection, _: Vault, account: str) -> list[Row]:
    found = appeals.appeals_of(connection, account, MOST_ROWS)
    return _picked(found, "id", "sanction_id", "filed_at", "state", "outcome", "decided_at", "reason")


def _add_words(connection: Connection, vault: Vault, appeal: Row) -> Row:
    return {"words": appeals.words_of(connection, vault, appeal["id"])}


def _read_sanctions(connection: Connection, _: Vault, account: str) -> list[Row]:
    found = sanctions.sanctions_of(connection, account, MOST_ROWS)
    return _picked(found, "id", "kind", "feature", "starts_at", "ends_at", "rule", "category", "state", "lifted_at")


def _read_notices(connection: Connection, vault: Vault, account: str) -> list[Row]:
    found = member_notices.notices_of(connection, vault, account, MOST_ROWS)
    return _picked(
        found, "id", "sanction_id", "kind", "at", "read_at", body=lambda one: msgspec.to_builtins(one.body)
    )


def _read_funds(connection: Connection, _: Vault, account: str) -> list[Row]:
    held = _picked(funds.holdings_of(connection, account), "id", "kind", "unit", "title", "free", "held", "paid")
    asked = _picked(
        payouts.applications_of(connection, account, MOST_ROWS), "id", "title", "amount_minor", "unit", "state",
        "applied_at", "ended_at", "refusal", "refusal_words",
    )
    return [*held, *asked]


def _read_cards(connection: Connection, _: Vault, account: str) -> list[Row]:
    return _picked(care_cards.cards_of(connection, account), "id", "theme", "made_at")


def _personal(policy: RetentionDays) -> float:
    return policy.personal_days


def _always(_: RetentionDays) -> None:
    return None


def _nothing(_connection: Connection, _vault: Vault, _row: Row) -> Row:
    return {}


def _part(
    name: str, path: str, read: Read, words: Mapping[str, tuple[str, str]], days: Days = _personal,
    adds: Adds = _nothing,
) -> Part:
    """`words` are a title and a purpose by language."""
    return Part(
        name=name, path=path, read=read, days=days, adds=adds,
        title={code: said[0] for code, said in words.items()}, purpose={code: said[1] for code, said in words.items()},
    )


PARTS: tuple[Part, ...] = (
    _part("alerts", "/me/alerts", _read_alerts, {
        "zh": ("风险提醒", "在您可能受骗时提醒您，并且不反复打扰"),
        "en": ("Warnings", "To warn you in time, and not too often"),
    }),
    _part("consultations", "/me/assistant", _read_talks, {
        "zh": ("与助手的对话", "帮您弄清状况；您可以随时删除"),
        "en": ("Talks with the assistant", "To help you see clearly; delete them whenever you like"),
    }, days=lambda policy: policy.consulted_days, adds=_add_turns),
    _part("cards", "/me/cards", _read_cards, {
        "zh": ("给您的卡片", "在需要时递上几句有用的话，并且不反复打扰"),
        "en": ("Cards for you", "To offer words that help, and not too often"),
    }, days=lambda _: care_cards.KEPT_S / DAY_S),
    _part("circles", "/me/circles", _read_circles, {
        "zh": ("守护圈", "在有风险时告诉您选定的人；您可以随时退出"),
        "en": ("Your circle", "To tell those whom you chose when you are at risk; leave whenever you like"),
    }, days=_always),
    _part("transfers", "/me/transfers", _read_transfers, {
        "zh": ("暂缓的转账", "转账前多留一点时间想清楚"),
        "en": ("Payments that were paused", "To leave a moment for a second thought"),
    }, adds=_add_reason),
    _part("sign_ins", "/me/security", _read_sign_ins, {
        "zh": ("登录、设备和会话", "看出是谁在使用您的账号"),
        "en": ("Sign-ins, devices and sessions", "To notice when somebody else uses your account"),
    }),
    _part("reports", "/me/reports", _read_reports, {
        "zh": ("您的举报", "处理举报，并告诉您结果"),
        "en": ("Your reports", "To look into them, and to tell you what came of them"),
    }, days=_always),
    _part("sanctions", "/me/notices", _read_sanctions, {
        "zh": ("对账号的处理", "说明理由，接受申诉，在期满后解除"),
        "en": ("Decisions about your account", "To explain them, to take appeals, to end them in time"),
    }, days=_always),
    _part("notices", "/me/notices", _read_notices, {
        "zh": ("给您的通知", "让您随时可以重读"),
        "en": ("What you were told", "So that you can read it again"),
    }, days=_always),
    _part("appeals", "/me/appeals", _read_appeals, {
        "zh": ("您的申诉", "由没有参与处理的人重新审理；结束后，您写的话到期删除"),
        "en": ("Your appeals", "To have somebody new look; when it is over, your words go in time"),
    }, adds=_add_words),
    _part("funds", "/me/funds", _read_funds, {
        "zh": ("您的资产", "保管并如数归还；结束后，证件与收款信息到期删除"),
        "en": ("Your money", "To keep it and give it back; when it is over, your documents go in time"),
    }, days=_always),
)
"""Everything of a member's own, in the order of their first page."""
