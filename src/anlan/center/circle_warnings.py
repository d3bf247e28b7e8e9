"""Warns guardians at once when a ward is at risk, once for each person and alert, with the least that helps.

They learn who, which kind of risk and when: never a word that was written, and nothing that the ward is not told too.
Whoever is part of the event itself is not warned: it may be the thief.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from anlan.center.followers import AlertRaised
from anlan.domain.circle_messages import changed_message, warning_message
from anlan.domain.circles import DAY_S, GuardianAnswer, is_told_to_circles, warning_state
from anlan.domain.messages import OutgoingMessage
from anlan.domain.scenarios import Harm, Scenario
from anlan.errors import NotFound
from anlan.store import circle_warnings, circles, outbox
from anlan.store.audit import note
from anlan.store.circle_warnings import Recent, Risk, Warned
from anlan.store.circles import Watching
from anlan.store.database import Database


class CircleWarnings:
    """What guardians are told and answer.

    Args:
        scenarios: by id; says which kind of risk an alert is about.
        address: how browsers reach Anlan.
    """

    def __init__(self, database: Database, scenarios: Mapping[str, Scenario], address: str) -> None:
        self._database, self._scenarios, self._address = database, scenarios, address

    def on_alerts_raised(self, connection: Connection, alerts: Sequence[AlertRaised], now: float) -> None:
        """Warn who agreed to be warned, in the transaction of the alerts; the same alerts again warn nobody twice."""
        told = [
            (alert, self._scenarios[alert.scenario].harm) for alert in alerts
            if is_told_to_circles(alert.strength, was_sent=alert.was_sent) and alert.scenario in self._scenarios
        ]
        if not told:
            return
        watching = circles.hold_watching(connection, (alert.account for alert, _ in told))
        if not watching:
            return
        made = _choose(connection, told, watching, now)
        if not made:
            return
        circle_warnings.add_warnings(connection, self._database.vault, made)
        outbox.put(connection, [self._message(one, now) for one in made if one.state == "sent"], now)
        note(connection, "system", "circle.warn", "circles", {"warnings": [one.id for one in made]})

    def _message(self, one: Warned, now: float) -> OutgoingMessage:
        link = f"{self._address}/me/circles/warnings/{one.id}"
        risk = one.risk
        return warning_message(one.id, one.guardian, one.ward, risk.harm, risk.strength, one.at, link, now)

    def read(self, warning_id: str, guardian: str, now: float) -> Warned:
        """A warning of this guardian.

        Raises:
            NotFound: it is not theirs, or older than they are shown.
        """
        with self._database.read() as connection:
            return self._find(connection, warning_id, guardian, now)

    def answer(self, warning_id: str, guardian: str, answer: GuardianAnswer, by: str, now: float) -> Warned:
        """Note what a guardian did, and tell the ward; the same answer again changes nothing.

        Raises:
            NotFound: it is not theirs, or older than they are shown.
        """
        with self._database.write() as connection:
            found = self._find(connection, warning_id, guardian, now)
            if circle_warnings.record_answer(connection, warning_id, guardian, answer, now):
                note(connection, by, f"circle.{answer}", guardian, {"warning": warning_id, "ward": found.ward})
                self._tell_ward(connection, found, answer, now)
            return self._find(connection, warning_id, guardian, now)

    def _tell_ward(self, connection: Connection, found: Warned, answer: GuardianAnswer, now: float) -> None:
        """Only while the bond stands: whoever has left gets nothing from there any more."""
        if circles.standing(connection, found.ward, found.guardian):
            link, cause = f"{self._address}/me/circles", f"{found.id}|{answer}"
            message = changed_message(cause, found.ward, found.guardian, "answered", link, now)
            outbox.put(connection, [message], now)

    def _find(self, connection: Connection, warning_id: str, guardian: str, now: float) -> Warned:
        found = circle_warnings.find_warning(connection, self._database.vault, warning_id, guardian, now)
        if found is None:
            raise NotFound(
                "there is no such warning any more", zh="这条提醒不存在，或已超过保留时间。",
                en="There is no such warning any more.",
            )
        return found


def _choose(
    connection: Connection, told: Sequence[tuple[AlertRaised, Harm]], watching: Sequence[Watching], now: float
) -> list[Warned]:
    """The warnings of these alerts, in order; what is too much for one guardian is held."""
    recent = circle_warnings.recent(connection, (bond.id for bond in watching), now - DAY_S)
    wanted = _wanted(told, watching)
    known = circle_warnings.known_warnings(connection, wanted)
    made = []
    for name, (alert, harm, bond) in wanted.items():
        if name in known or bond.guardian in alert.people:
            continue
        before = recent.get(bond.id, Recent(0, 0.0))
        state = warning_state(alert.strength, before.count, before.last_at or None, now)
        if state == "sent":
            recent[bond.id] = Recent(before.count + 1, now)
        made.append(Warned(
            id=name, alert_id=alert.alert_id, bond_id=bond.id, ward=bond.ward, guardian=bond.guardian, at=alert.at,
            made_at=now, state=state, risk=Risk(harm, alert.strength),
        ))
    return made


def _wanted(
    told: Sequence[tuple[AlertRaised, Harm]], watching: Sequence[Watching]
) -> dict[str, tuple[AlertRaised, Harm, Watching]]:
    """What both sides of a bond agreed to tell, by the id that the warning will have."""
    by_ward: dict[str, list[Watching]] = {}
    for bond in watching:
        by_ward.setdefault(bond.ward, []).append(bond)
    return {
        circle_warnings.warning_id(alert.alert_id, bond.guardian): (alert, harm, bond)
        for alert, harm in told
        for bond in by_ward.get(alert.account, ())
        if harm in bond.harms
    }
