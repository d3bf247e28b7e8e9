"""What members do from a talk: report, have the account protected, ask for a person, not be asked again tomorrow."""

from typing import Protocol

import msgspec

from anlan.center.assistant.talks import PAGE, Assistant, Spoken
from anlan.desk.reports import NewReport, Reports
from anlan.domain.consultation_messages import follow_up_message
from anlan.domain.consultations import Offer
from anlan.errors import InvalidReport
from anlan.store import consultations as kept
from anlan.store import outbox
from anlan.store.alerts import find_alert
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
        self, database: Database, assistant: Assistant, reports: Reports, safety: Protecting, address: str
    ) -> None:
        self._database, self._assistant = database, assistant
        self._reports, self._safety, self._address = reports, safety, address

    def take(
        self, account: str, talk_id: str, act: Offer, language: str, now: float, *, shows_talk: bool = False
    ) -> Spoken:
        """Do what the assistant offered; see the act's own method for what may go wrong."""
        match act:
            case "report":
                return self.report(account, talk_id, language, now)
            case "protect":
                return self.protect(account, talk_id, language, now)
            case "person":
                return self.ask_person(account, talk_id, language, now, shows_talk=shows_talk)
            case "no_follow_up":
                return self.drop_follow_up(account, talk_id, language, now)

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
        known = self._assistant.look(account, talk_id).consultation.known
        with self._database.read() as connection:
            alert = find_alert(connection, known.alert, account) if known.alert else None
            key = event_key_at(connection, alert.event_seq) if alert else None
        if alert is None or not alert.other.startswith(("account:", "group:")):
            raise InvalidReport("say whom you report, on the page for reports", zh="请在举报页写明要举报谁")
        return NewReport(reporter=account, reason="fraud", target=alert.other, cites=(key,) if key else ())

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
