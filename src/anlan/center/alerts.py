"""Warns members: takes in what decisions order, weighs whether and how to say it, and keeps what members answer.

It is called at each commit that orders an alert, and by the clock for what other processes committed. Everything is
read and weighed before the store is written, so that events wait for nothing but the writing itself. What comes of
events of long ago, which somebody brought in, is kept and told to nobody.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import NamedTuple
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from anlan.center.followers import AlertFollower, AlertRaised
from anlan.domain.actions import Action
from anlan.domain.alert_messages import AlertEvent, alert_message
from anlan.domain.alerts import (
    DAY_S,
    FRESH_S,
    LOOK_BACK_S,
    AlertAnswer,
    AlertState,
    Cap,
    Order,
    Past,
    QuietHours,
    arm_of,
    cap_on,
    is_held_by_night,
    may_withhold,
    moment_of,
    softened,
    strength_at,
)
from anlan.domain.messages import OutgoingMessage
from anlan.domain.scenarios import STRENGTHS, Scenario, ScenarioBase
from anlan.errors import InvalidSettings, NotFound
from anlan.store import alerts as rows
from anlan.store import outbox
from anlan.store.alerts import Alert, Named, Ordered
from anlan.store.automatic import Step, follow
from anlan.store.batch import storable
from anlan.store.database import Database
from anlan.store.marks import ALERTS

log = structlog.get_logger(__name__)

LINK = b"alert link"
LINK_S = 30 * DAY_S
GENERAL = "general"
"""The scenario that stands in where a policy names one that is gone."""


class _Wanted(NamedTuple):
    """One member to be warned of one event."""

    order: Order
    policy: str
    ordered: Ordered


class Alerts:
    """What members are warned of.

    Args:
        followers: told of every alert in the transaction that makes it, held-back ones too.
        address: how browsers reach Anlan.
        zone: IANA name of the zone in which members' nights and days are told.
        control_share: 0 to 1, of members who are not told of a scenario, so that its effect can be known; nobody is
            ever left untold where money moves.
    """

    def __init__(
        self, database: Database, scenarios: ScenarioBase, followers: Sequence[AlertFollower], *, address: str,
        zone: str, control_share: float = 0.0,
    ) -> None:
        self._database = database
        self.scenarios = scenarios
        self._followers = followers
        self._address = address
        self._zone = ZoneInfo(zone)
        self._control_share = control_share

    def take_in(self, now: float) -> int:
        """Follow decisions to the journal's end; returns how many alerts were made."""
        def keep(connection: Connection, made: Sequence[tuple[Alert, Ordered]]) -> int:
            self._write(connection, made, now)
            return len(made)

        return follow(self._database, ALERTS, partial(self._look, now=now), keep)

    def _look(self, connection: Connection, step: Step, *, now: float) -> list[tuple[Alert, Ordered]]:
        """The alerts that a step asks for, weighed."""
        found = rows.ordered_in(connection, step)
        told = rows.warned_at(connection, [one.event_seq for one in found if one.pass_number > 1])
        wanted = self._wanted(found, told)
        if not wanted:
            return []
        accounts = {storable(one.order.account) for one in wanted}
        past = rows.past_of(connection, accounts, min(one.order.at for one in wanted) - LOOK_BACK_S)
        quiet = rows.quiet_hours_of(connection, accounts)
        return [(self._weigh(one, past, quiet, now), one.ordered) for one in wanted]

    def _wanted(self, found: Iterable[Ordered], told: set[tuple[int, str]]) -> list[_Wanted]:
        """One for each event and member: the strongest of what policies ask for, the first of equals."""
        kept: dict[tuple[int, str], _Wanted] = {}
        for ordered in found:
            for action in ordered.actions:
                name = ordered.event_seq, storable(action.target)
                if not action.target.startswith("account:") or name in told:
                    continue
                order = self._order(ordered, action)
                other = kept.get(name)
                if order is not None and (other is None or _level(order) > _level(other.order)):
                    kept[name] = _Wanted(order, action.policy, ordered)
        return list(kept.values())

    def _order(self, ordered: Ordered, action: Action) -> Order | None:
        scenario = self._scenario_for(ordered, action)
        if scenario is None:
            log.warning("alert_without_scenario", policy=action.policy, event_seq=ordered.event_seq)
            return None
        wanted = action.parameters.get("strength")
        moment = moment_of(ordered.type, wanted)
        return Order(
            account=action.target, scenario=scenario.id, moment=moment, strength=strength_at(moment, wanted),
            other=other_than(action.target, ordered.named), is_own_act=ordered.actor == action.target, at=ordered.time,
        )

    def _scenario_for(self, ordered: Ordered, action: Action) -> Scenario | None:
        """The one that a signal of the decision names, where the policy says which; else the policy's own."""
        recognised = ordered.signals.get(action.parameters.get("named_by", ""))
        names: tuple[str, ...] = (str(recognised), action.parameters["scenario"], GENERAL)
        return next((self.scenarios[name] for name in names if name in self.scenarios), None)

    def _weigh(
        self, wanted: _Wanted, past: dict[str, list[Past]], quiet: Mapping[str, QuietHours], now: float
    ) -> Alert:
        """The alert as it will stand; `past` learns of it, so that the next of the same batch knows."""
        account = storable(wanted.order.account)
        mine = past.setdefault(account, [])
        order = softened(wanted.order, mine)
        scenario = self.scenarios[order.scenario]
        local = datetime.fromtimestamp(order.at, self._zone)
        is_past = now - order.at > FRESH_S
        cap = None if is_past else cap_on(order, mine)
        arm = arm_of(order.account, scenario, order.strength, self._control_share)
        is_quiet = is_held_by_night(order, quiet.get(account, QuietHours()), local.hour * 60 + local.minute)
        is_control = arm == "control" and may_withhold(order)
        state = "past" if is_past else _state(cap, is_quiet=is_quiet, is_control=is_control)
        if state not in ("past", "capped"):
            mine.append(Past(
                scenario=order.scenario, other=storable(order.other), strength=order.strength, answer=None, at=order.at
            ))
        return Alert(
            id=alert_id(wanted.ordered.key, order.account, order.scenario), event_seq=wanted.ordered.event_seq,
            account=account, scenario=scenario.id, version=scenario.version, strength=order.strength,
            moment=order.moment, other=storable(order.other), policy=wanted.policy,
            arm="usual" if arm == "control" and state != "control" else arm, state=state, cap=cap,
            day=local.date().isoformat(), at=order.at, made_at=now,
        )

    def _write(self, connection: Connection, made: Sequence[tuple[Alert, Ordered]], now: float) -> None:
        if not made:
            return
        rows.add_alerts(connection, [alert for alert, _ in made])
        outbox.put(connection, [self._message(*one, now) for one in made if one[0].state == "sent"], now)
        raised = [_raised(*one) for one in made]
        for tell in self._followers:
            tell(connection, raised, now)

    def _message(self, alert: Alert, ordered: Ordered, now: float) -> OutgoingMessage:
        event = AlertEvent(
            id=ordered.event_id, source=ordered.source, type=ordered.type, message_id=ordered.named.message_id,
            payment_id=ordered.named.payment_id,
        )
        return alert_message(
            alert.id, alert.account, self.scenarios[alert.scenario], alert.strength, alert.moment, alert.arm,
            self.link_to(alert.id), f"{self._address}/public/alert/{self._token_of(alert)}", event, now,
        )

    def link_to(self, alert_id: str) -> str:
        """The member's page of an alert."""
        return f"{self._address}/me/alerts/{alert_id}"

    def _token_of(self, alert: Alert) -> str:
        """What lets whoever has it read and answer this alert: sealed, so nothing needs to be kept for it."""
        sealed = self._database.vault.seal(f"{alert.id}|{alert.account}".encode(), LINK)
        return urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def read_by_link(self, token: str, now: float) -> Alert:
        """The alert behind a link; nothing changes, because scanners of links look too.

        Raises:
            NotFound: the link is forged or over.
        """
        with self._database.read() as connection:
            found = self._behind(connection, token)
        if found is None or now - found.made_at > LINK_S:
            raise NotFound(
                "this link is over; open the security center from the app",
                zh="这个链接已失效，请从应用内打开安全中心。",
                en="This link is over. Open the security center from the app.",
            )
        return found

    def _behind(self, connection: Connection, token: str) -> Alert | None:
        try:
            sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            name, _, account = self._database.vault.open(sealed, LINK).decode().partition("|")
        except (ValueError, InvalidSettings):
            return None
        return rows.find_alert(connection, name, account)

    def open(self, account: str, alert_id: str, now: float) -> Alert:
        """The alert as its member looks at it, which is noted.

        Raises:
            NotFound: this account was told no such thing.
        """
        with self._database.read() as connection:
            found = _find(connection, account, alert_id)
        if found.opened_at is None:
            with self._database.write() as connection:
                rows.note_opened(connection, found, now)
        return found

    def answer(self, account: str, alert_id: str, answer: AlertAnswer, now: float) -> Alert:
        """Note what the member did; the same answer again changes nothing, another takes its place.

        Raises:
            NotFound: this account was told no such thing.
        """
        with self._database.write() as connection:
            found = _find(connection, account, alert_id)
            rows.record_answer(connection, found, answer, now)
            return _find(connection, account, alert_id)


def other_than(account: str, named: Named) -> str:
    """Who is on the other side of the event from `account`, as `kind:id`; empty for nobody."""
    mine = account.removeprefix("account:")
    people = (
        named.sender, named.recipient, named.payee_account, named.viewer, named.during_call_with, named.other,
        named.account, named.payer,
    )
    other = next((name for name in people if name is not None and name != mine), None)
    if other is not None:
        return f"account:{other}"
    return f"payee:{named.payee}" if named.payee else ""


def alert_id(event_key: str, account: str, scenario: str) -> str:
    """The same event, account and scenario always give the same id."""
    digest = blake2b(f"{event_key}|{scenario}|{account}".encode(), digest_size=12).hexdigest()
    return f"alert_{digest}"


def _level(order: Order) -> int:
    return STRENGTHS.index(order.strength)


def _state(cap: Cap | None, *, is_quiet: bool, is_control: bool) -> AlertState:
    if cap is not None:
        return "capped"
    if is_control:
        return "control"
    return "quiet" if is_quiet else "sent"


def _raised(alert: Alert, ordered: Ordered) -> AlertRaised:
    return AlertRaised(
        alert_id=alert.id, account=alert.account, scenario=alert.scenario, strength=alert.strength,
        was_sent=alert.state == "sent", people=ordered.people, at=alert.at,
    )


def _find(connection: Connection, account: str, alert_id: str) -> Alert:
    found = rows.find_alert(connection, alert_id, account)
    if found is None:
        raise NotFound(
            "there is no such alert of this member", zh="没有这条提醒，或它不是给您的。",
            en="There is no such alert, or it is not for you.",
        )
    return found
