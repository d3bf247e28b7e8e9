"""The parts of what is kept of a member: what each reads, for whom it is, and how long it is kept.

`tests/contract/test_own_data.py` compares them with all tables: a new one that holds something of an account belongs
here, or there with the reason why not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from anlan import clock
from anlan.center.security_view import look_at
from anlan.domain.circles import INVITATION_DAYS, SHOWN_DAYS
from anlan.domain.claims import CLAIM_STATES
from anlan.domain.privacy import Words
from anlan.store import (
    alerted_payments,
    alerts,
    appeals,
    attachments,
    care_cards,
    circle_invitations,
    circle_warnings,
    circles,
    consultations,
    containments,
    errands,
    factors,
    funds,
    member_notices,
    payouts,
    recovery,
    reports,
    sanctions,
    sign_ins,
    transfer_helpers,
    transfers,
    trusted_devices,
)
from anlan.store.retention import RetentionDays
from anlan.store.vault import Vault

DAY_S = 86_400.0
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


def _picked(rows: Sequence[Any], *names: str, **more: Callable[[Any], Any]) -> list[Row]:
    """These attributes of each row, and what `more` makes of it."""
    return [{name: getattr(row, name) for name in names} | {key: of(row) for key, of in more.items()} for row in rows]


def _read_alerts(connection: Connection, _: Vault, account: str) -> list[Row]:
    found = alerts.alerts_of(connection, account, MOST_ROWS)
    return _picked(found, "id", "scenario", "strength", "moment", "at", "opened_at", "answer", "answered_at")


def _read_wishes(connection: Connection, _: Vault, account: str) -> list[Row]:
    quiet = alerts.quiet_hours_of(connection, [account]).values()
    return [{"quiet_from": _time_of_day(one.start), "quiet_to": _time_of_day(one.end)} for one in quiet]


def _time_of_day(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _read_payments(connection: Connection, _: Vault, account: str) -> list[Row]:
    found = alerted_payments.payments_of(connection, account, MOST_ROWS)
    return _picked(found, "payment_id", "other", "amount_minor", "currency", "at", "outcome", "settled_at")


def _read_talks(connection: Connection, vault: Vault, account: str) -> list[Row]:
    found = consultations.consultations_of(connection, vault, account, MOST_ROWS)
    return _picked(found, "id", "language", "state", "opened_at", "spoken_at")


def _add_turns(connection: Connection, vault: Vault, talk: Row) -> Row:
    asked = consultations.requests_of(connection, vault, talk["id"])
    return {
        "turns": msgspec.to_builtins(consultations.turns_of(connection, vault, talk["id"])),
        "people_asked": [msgspec.to_builtins(one) for one in asked],
    }


def _read_circles(connection: Connection, vault: Vault, account: str) -> list[Row]:
    """As this member sees their circle; that the other has gone quietly stands nowhere."""
    return _picked(
        circles.bonds_of(connection, vault, account), "id", "began_at", "may_pause",
        role=lambda one: "ward" if one.ward == account else "guardian", harms=lambda one: one.shown_harms(account),
        other=lambda one: one.other(account), called=lambda one: one.called(account),
    )


def _read_invitations(connection: Connection, vault: Vault, account: str) -> list[Row]:
    """As this member knows them: whom they asked has not said no as far as they can tell."""
    found = circle_invitations.all_invitations_of(connection, vault, account, clock.now())
    return _picked(
        found, "id", "inviter", "invitee", "state", "made_at", asked_to_be=lambda one: one.role,
        offered=lambda one: msgspec.to_builtins(one.offer) if one.inviter == account else None,
    )


def _read_warnings(connection: Connection, vault: Vault, account: str) -> list[Row]:
    now = clock.now()
    came = circle_warnings.warnings_for(connection, vault, account, now)
    went = circle_warnings.warnings_about(connection, vault, account, now)
    shared = ("id", "at", "called_at", "vouched_at")
    return [
        *_picked(came, *shared, "ward", harm=lambda one: one.risk.harm, kind=lambda _: "about_another"),
        *_picked(went, *shared, "guardian", harm=lambda one: one.risk.harm, kind=lambda _: "about_you"),
    ]


def _read_transfers(connection: Connection, _: Vault, account: str) -> list[Row]:
    found = transfers.transfers_of(connection, account, MOST_ROWS)
    return _picked(
        found, "id", "payee", "amount_minor", "currency", "scenario", "paused_at", "until", "state", "answer",
        "answered_at", "reason",
    )


def _add_reason(connection: Connection, vault: Vault, transfer: Row) -> Row:
    asked = transfer_helpers.helpers_of(connection, transfer["id"])
    return {
        "words": transfers.read_words(connection, vault, transfer["id"]),
        "asked": [msgspec.to_builtins(one) for one in asked],
    }


def _read_errands(connection: Connection, _: Vault, account: str) -> list[Row]:
    found = errands.errands_of(connection, account, MOST_ROWS)
    return _picked(found, "id", "kind", "about", "state", "asked_at", "answered_at", "taken_back_at")


def _read_sign_ins(connection: Connection, vault: Vault, account: str) -> list[Row]:
    view = look_at(connection, vault, account, clock.now())
    came = _picked(
        view.sign_ins, "at", "state", "country", "client", "device_id", "session_id", ip=lambda one: one.particulars.ip,
        kind=lambda _: "sign_in",
    )
    devices = _picked(view.devices, "id", "client", "country", "first_seen_at", "state", kind=lambda _: "device")
    sessions = _picked(view.sessions, "id", "client", "country", "started_at", "state", kind=lambda _: "session")
    tries = _picked(view.failures, "network", "country", "count", at=lambda one: one.hour, kind=lambda _: "failures")
    told = _picked(view.reminders, "id", "cause", "at", "answer", "answered_at", kind=lambda _: "told")
    return [*came, *devices, *sessions, *tries, *told, *_standing(connection, account)]


def _standing(connection: Connection, account: str) -> list[Row]:
    """What the platform told of how the account is secured; nothing where it told nothing."""
    told = msgspec.structs.asdict(sign_ins.standing_of(connection, account))
    known = {name: value for name, value in told.items() if value is not None}
    return [{"kind": "standing"} | known] if known else []


def _read_factors(connection: Connection, vault: Vault, account: str) -> list[Row]:
    """Kinds and times; what proves the account is not written into a file."""
    own = _picked(factors.factors_of(connection, account), "id", "kind", "added_at", "used_at", "codes_left")
    trusted = trusted_devices.trusted_of(connection, vault, account, clock.now())
    known = _picked(trusted, "label", "trusted_at", "expires_at", kind=lambda _: "trusted_device")
    sent = factors.hints_of(connection, vault, account)
    return [*own, *known, *({"kind": "channel", "channel": name, "hint": hint} for name, hint in sent.items())]


def _read_protection(connection: Connection, _: Vault, account: str) -> list[Row]:
    found = containments.containments_of(connection, account, MOST_ROWS)
    return _picked(found, "id", "ground", "opened_at", "ends_at", "state", "closed_at", since_at=lambda one: one.since)


def _add_steps(connection: Connection, vault: Vault, containment: Row) -> Row:
    steps = containments.steps_of(connection, vault, containment["id"])
    return {"steps": _picked(steps, "kind", "details", "act", "answer", "made_at", "answered_at")}


def _read_recoveries(connection: Connection, _: Vault, account: str) -> list[Row]:
    """What stands on their page, and what is over: never who claimed, nor what they said."""
    claims = recovery.claims_for(connection, account, [state for state in CLAIM_STATES if state != "open"])
    friends = recovery.vouches_by(connection, account)
    return [
        *_picked(claims, "id", "way", "state", "opened_at", "ended_at", "is_flagged", kind=lambda _: "claim",
                 until=lambda one: one.cool_off_until),
        *_picked(friends, "claim_id", "asked_at", "answer", "answered_at", kind=lambda _: "vouch"),
    ]


def _read_files(connection: Connection, _: Vault, account: str) -> list[Row]:
    """What was handed in with appeals and applications: the files are where the member has them."""
    filed, applied = appeals.appeals_of(connection, account), payouts.applications_of(connection, account)
    cases = [*(one.case_id for one in filed), *(one.case_id for one in applied)]
    found = attachments.files_by(connection, account, cases)
    return _picked(found, "id", "media_type", "byte_count", "made_at", "is_gone")


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


def _add_card_answers(connection: Connection, _: Vault, card: Row) -> Row:
    return {"answers": care_cards.answers_to(connection, [card["id"]])[card["id"]]}


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
    _part("alerted_payments", "/me/alerts", _read_payments, {
        "zh": ("提醒前后的付款", "看提醒是否及时，帮您避免了多少损失"),
        "en": ("Payments after a warning", "To see whether a warning came in time, and what it kept safe"),
    }),
    _part("quiet_hours", "/me/alerts", _read_wishes, {
        "zh": ("免打扰时间", "在您休息时不打扰您"),
        "en": ("Your quiet hours", "Not to disturb you while you rest"),
    }, days=_always),
    _part("consultations", "/me/assistant", _read_talks, {
        "zh": ("与助手的对话", "帮您弄清状况；您可以随时删除"),
        "en": ("Talks with the assistant", "To help you see clearly; delete them whenever you like"),
    }, days=lambda policy: policy.consulted_days, adds=_add_turns),
    _part("cards", "/me/cards", _read_cards, {
        "zh": ("给您的卡片", "在需要时递上几句有用的话，并且不反复打扰"),
        "en": ("Cards for you", "To offer words that help, and not too often"),
    }, days=lambda _: care_cards.KEPT_S / DAY_S, adds=_add_card_answers),
    _part("circles", "/me/circles", _read_circles, {
        "zh": ("守护圈", "在有风险时告诉您选定的人；您可以随时退出"),
        "en": ("Your circle", "To tell those whom you chose when you are at risk; leave whenever you like"),
    }, days=_always),
    _part("invitations", "/me/circles", _read_invitations, {
        "zh": ("守护圈邀请", "您邀请了谁，谁邀请了您"),
        "en": ("Invitations into circles", "Whom you asked, and who asked you"),
    }, days=lambda _: INVITATION_DAYS + SHOWN_DAYS),
    _part("circle_warnings", "/me/circles", _read_warnings, {
        "zh": ("守护圈里的提醒", "让被选定的人知道有风险，仅此而已"),
        "en": ("Warnings in your circle", "To let those who were chosen know of a risk, and no more"),
    }, days=lambda _: SHOWN_DAYS),
    _part("transfers", "/me/transfers", _read_transfers, {
        "zh": ("暂缓的转账", "转账前多留一点时间想清楚"),
        "en": ("Payments that were paused", "To leave a moment for a second thought"),
    }, adds=_add_reason),
    _part("errands", "/me/errands", _read_errands, {
        "zh": ("您请平台做的事", "替您拉黑、拦截已付的钱，并让您能撤回"),
        "en": ("What you asked the platform to do", "To block somebody or stop money for you, and to undo it"),
    }),
    _part("sign_ins", "/me/security", _read_sign_ins, {
        "zh": ("登录、设备和会话", "看出是谁在使用您的账号"),
        "en": ("Sign-ins, devices and sessions", "To notice when somebody else uses your account"),
    }),
    _part("factors", "/me/factors", _read_factors, {
        "zh": ("验证方式和信任的设备", "让只有您能进入账号"),
        "en": ("Ways to prove yourself, devices you trust", "So that nobody but you comes in"),
    }, days=_always),
    _part("protection", "/me/safety", _read_protection, {
        "zh": ("账号受到保护的时段", "把盗号的人挡在外面，并撤回其所为"),
        "en": ("Times when your account was protected", "To keep a thief out and undo what they did"),
    }, days=_always, adds=_add_steps),
    _part("recoveries", "/me/recovery", _read_recoveries, {
        "zh": ("找回账号的申请", "让您能拦下冒领，并帮朋友作证"),
        "en": ("Claims to recover an account", "So that you can stop a false one, and vouch for friends"),
    }, days=_always),
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
    _part("files", "/me/appeals", _read_files, {
        "zh": ("您提交的文件", "核实您说的情况；到期删除"),
        "en": ("Files that you handed in", "To look into what you say; they go in time"),
    }),
    _part("funds", "/me/funds", _read_funds, {
        "zh": ("您的资产", "保管并如数归还；结束后，证件与收款信息到期删除"),
        "en": ("Your money", "To keep it and give it back; when it is over, your documents go in time"),
    }, days=_always),
)
"""Everything of a member's own, in the order of their first page."""
