"""What members do from a talk: stop money, report, have the account protected, ask for a person, not be asked again."""

from typing import Protocol

import msgspec

from anlan.center.assistant.talks import PAGE, Assistant, Spoken
from anlan.center.errands import Errands
from anlan.desk.reports import NewReport, Reports
from anlan.domain.consultation_messages import follow_up_message
from anlan.domain.consultations import Offer
from anlan.errors import InvalidReport
from anlan.store import consultations as kept
from anlan.store import outbox
from anlan.store.alerts import Alert, find_alert
from anlan.store.consultations import Consultation
from anlan.store.database import Database
from anlan.store.surroundings import event_key_at

FOLLOW_UPS_AT_ONCE = 100


class Protecting(Protocol):
    """What keeps an account safe when its owner says so."""

    def give_alarm(self, account: str, sign_in: int | None, now: float) -> str:
        """Contain the account; returns the containment's id."""


class TalkActs:
    """What may be done with one press beside a talk."""

    def __init__(
        self, database: Database, assistant: Assistant, reports: Reports, safety: Protecting, errands: Errands,
        address: str,
    ) -> None:
        self._database, self._assistant = database, assistant
        self._reports, self._safety, self._errands, self._address = reports, safety, errands, address

    def take(
        self, account: str, talk_id: str, act: Offer, language: str, now: float, *, shows_talk: bool = False
    ) -> Spoken:
        """Do what the assistant offered; see the act's own method for what may go wrong."""
        match act:
            case "freeze":
                return self.freeze(account, talk_id, language, now)
            case "report":
                return self.report(account, talk_id, language, now)
            case "protect":
                return self.protect(account, talk_id, language, now)
            case "person":
                return self.ask_person(account, talk_id, language, now, shows_talk=shows_talk)
            case "no_follow_up":
                return self.drop_follow_up(account, talk_id, language, now)

    def freeze(self, account: str, talk_id: str, language: str, now: float) -> Spoken:
        """Ask the platform to stop money that has gone, to whom the alert was about where the talk began with one.

        Raises:
            NotFound: the talk is gone.
            RateLimited: too many today.
        """
        alert = self._alert_of(account, talk_id)
        self._errands.ask(account, "freeze", alert.other if alert else "", now)
        return self._finish(account, talk_id, "freeze", "frozen", language, now)

    def report(self, account: str, talk_id: str, language: str, now: float) -> Spoken:
        """Report whom the alert was about, with the event that it came from.

        Raises:
            NotFound: the talk is gone.
            InvalidReport: the talk did not begin with an alert, or that names nobody.
            RateLimited: too many reports within the hour.
        """
        self._reports.file(self._report_of(account, talk_id), "member")
        return self._finish(account, talk_id, "report", "reported", language, now)

    def _report_of(self, account: str, talk_id: str) -> NewReport:
        alert = self._alert_of(account, talk_id)
        with self._database.read() as connection:
            key = event_key_at(connection, alert.event_seq) if alert else None
        if alert is None or not alert.other.startswith(("account:", "group:")):
            raise InvalidReport("say whom you report, on the page for reports", zh="请在举报页写明要举报谁")
        return NewReport(reporter=account, reason="fraud", target=alert.other, cites=(key,) if key else ())

    def _alert_of(self, account: str, talk_id: str) -> Alert | None:
        """What the talk began with; None for nothing."""
        known = self._assistant.look(account, talk_id).consultation.known
        with self._database.read() as connection:
            return find_alert(connection, known.alert, account) if known.alert else None

    def protect(self, account: str, talk_id: str, language: str, now: float) -> Spoken:
        """Give the alarm for the account.

        Raises:
            NotFound: the talk is gone.
        """
        self._assistant.look(account, talk_id)
        self._safety.give_alarm(account, None, now)
        return self._finish(account, talk_id, "protect", "protected", language, now)

    def ask_person(self, account: str, talk_id: str, language: str, now: float, *, shows_talk: bool) -> Spoken:
        """Hand over to a person.

        Args:
            shows_talk: the member lets that person read what was said so far.

        Raises:
            NotFound: the talk is gone.
        """
        with self._database.write() as connection:
            talk = self._assistant.hold(connection, account, talk_id)
            talk = self._assistant.people.ask(connection, talk, talk.known, now)
            if shows_talk:
                kept.show_turns(connection, talk.id, talk.turns)
            return self._assistant.say(connection, _with_done(talk, "person"), "person_called", language, now)

    def drop_follow_up(self, account: str, talk_id: str, language: str, now: float) -> Spoken:
        """Do not ask the next day.

        Raises:
            NotFound: the talk is gone.
        """
        return self._finish(account, talk_id, "no_follow_up", "follow_up_off", language, now)

    def _finish(self, account: str, talk_id: str, act: Offer, word: str, language: str, now: float) -> Spoken:
        with self._database.write() as connection:
            talk = _with_done(self._assistant.hold(connection, account, talk_id), act)
            if act == "no_follow_up":
                talk = msgspec.structs.replace(talk, follow_up_at=None)
            return self._assistant.say(connection, talk, word, language, now)

    def round(self, now: float) -> int:
        """Ask those how things are whose next day has come; returns how many."""
        with self._database.write() as connection:
            due = kept.due_follow_ups(connection, self._database.vault, now, FOLLOW_UPS_AT_ONCE)
            for talk in due:
                self._assistant.ask_again(connection, talk, now)
                message = follow_up_message(talk.id, talk.account, f"{self._address}{PAGE}/{talk.id}", now)
                outbox.put(connection, [message], now)
        return len(due)


def _with_done(talk: Consultation, act: Offer) -> Consultation:
    known = talk.known
    done = (*known.done, act) if act not in known.done else known.done
    return msgspec.structs.replace(talk, known=msgspec.structs.replace(known, done=done))
