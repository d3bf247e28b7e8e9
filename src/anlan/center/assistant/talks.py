"""Members' talks with the assistant: each of their turns is heard, weighed and answered, and kept for them alone.

What is slow (reading, recognising) happens before the store is written. Whoever speaks holds the talk's row for the
writing, and thinks again when somebody else spoke meanwhile: the same member in another window.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec
from sqlalchemy import Connection

from anlan.center.assistant.composing import Composer, Reader
from anlan.center.assistant.people import People
from anlan.center.assistant.reading import built_in_cues, evidence_of
from anlan.domain import consultations as rules
from anlan.domain.care_cards import band_of
from anlan.domain.consultation_turns import Grounds, Part, Turn, Wording, head_of
from anlan.domain.consultations import Answer, Known
from anlan.domain.facts import Fact
from anlan.domain.hotlines import Hotlines
from anlan.domain.ports import ReadImage, Recogniser
from anlan.domain.scenarios import ScenarioBase
from anlan.domain.secrets_in_text import Covered, cover_secrets
from anlan.errors import Conflict, InvalidRequest, NotFound, RateLimited
from anlan.store import consultations as kept
from anlan.store.alerts import find_alert
from anlan.store.audit import note
from anlan.store.consultations import Consultation
from anlan.store.database import Database

MAX_WORDS_CHARS = 2_000
MAX_TURNS = 200
"""Of one talk; a longer one begins anew."""
MEMBER_TURNS_1H = 60
WEIGHED_TURNS = 20
"""So many of the member's last turns are weighed together."""
TRIES = 3
PAGE = "/me/assistant"
PICTURE = "[🖼]"
"""What stands in place of a picture that could not be read."""


class KnownFacts(Protocol):
    """What is known of accounts."""

    def load(self, names: Sequence[str]) -> list[Fact]:
        """The newest versions of every fact of these entities, oldest first for each."""


class Spoken(NamedTuple):
    """The talk as it stands after an exchange, and what was said in it."""

    talk: Consultation
    turns: tuple[Turn, ...]


class Talk(NamedTuple):
    """One talk as its member sees it."""

    consultation: Consultation
    turns: tuple[Turn, ...]


class Assistant:
    """Listens and answers.

    Args:
        facts: say who is known to be under 18.
        read_image: reads pictures of chats; None for nobody, and then the assistant says that it cannot.
        wording: says answers in better words, for whoever streams them; None for the words of `words.yaml`.
    """

    def __init__(
        self, database: Database, scenarios: ScenarioBase, recogniser: Recogniser, hotlines: Hotlines,
        facts: KnownFacts, people: People, read_image: ReadImage | None = None, wording: Wording | None = None,
    ) -> None:
        self._database = database
        self._scenarios, self._recogniser = scenarios, recogniser
        self._composer = Composer(scenarios, hotlines)
        self._facts = facts
        self.people = people
        self._read_image = read_image
        self.wording = wording
        self._cues = built_in_cues()

    @property
    def scenarios(self) -> ScenarioBase:
        """Every scenario that it knows of."""
        return self._scenarios

    @property
    def reads_pictures(self) -> bool:
        """Whether a picture of a chat can be shown to it."""
        return self._read_image is not None

    def open(self, account: str, language: str, now: float, alert_id: str = "") -> Spoken:
        """Begin a talk, from an alert or from nothing; one that began from the same alert goes on.

        Raises:
            NotFound: the account was told no such alert.
            RateLimited: too many turns within the hour.
        """
        reader = self._reader(account, language)
        with self._database.write() as connection:
            scenario = ""
            if alert_id:
                alert = find_alert(connection, alert_id, account)
                if alert is None:
                    raise NotFound("there is no such alert", zh="没有这条提醒")
                if earlier := self._from_alert(connection, account, alert_id):
                    return Spoken(earlier, ())
                scenario = alert.scenario if alert.scenario in self._scenarios else ""
            self._count(connection, account, now)
            known, answer = rules.begin(alert_id, scenario)
            talk = kept.add_consultation(connection, self._database.vault, account, language, known, now)
            return self._speak(connection, talk, known, answer, reader, now)

    def _from_alert(self, connection: Connection, account: str, alert_id: str) -> Consultation | None:
        mine = kept.consultations_of(connection, self._database.vault, account)
        return next((talk for talk in mine if talk.known.alert == alert_id), None)

    def hear(
        self, account: str, talk_id: str, words: str, language: str, now: float, picture: bytes = b""
    ) -> Spoken:
        """Answer what a member says; secrets in it are covered before anything is kept.

        Args:
            picture: of a chat; its words are taken for quoted, the picture itself is not kept.

        Raises:
            InvalidRequest: no words, or more than `MAX_WORDS_CHARS`.
            NotFound: the talk is not theirs, or is gone.
            Conflict: the talk is over, or too many windows speak at once.
            RateLimited: too many turns within the hour; a picture counts as one more.
        """
        read = self._read(account, talk_id, picture, now)
        if not (words.strip() or read or picture) or len(words) > MAX_WORDS_CHARS:
            raise InvalidRequest(
                f"write between 1 and {MAX_WORDS_CHARS} characters", zh=f"请写 1 到 {MAX_WORDS_CHARS} 个字"
            )
        reader = self._reader(account, language)
        covered = cover_secrets("\n".join((words.strip(), *read)).strip())
        for _ in range(TRIES):
            talk, turns = self.look(account, talk_id)
            known, answer = self._think(talk.known, turns, covered)
            if picture:
                answer = answer._replace(says=("picture_read" if read else "no_pictures", *answer.says))
            with self._database.write() as connection:
                held = self._held(connection, account, talk_id)
                if held.turns != talk.turns:
                    continue
                self._count(connection, account, now)
                said = (Part("text", "member", covered.text or PICTURE),)
                held = kept.add_turn(connection, self._database.vault, held, "member", said, now)
                own = Turn(ordinal=held.turns, by="member", at=now, parts=said)
                spoken = self._speak(connection, held, known, answer, reader, now)
                return spoken._replace(turns=(own, *spoken.turns))
        raise Conflict("this talk goes on in another window; look there", zh="这段对话正在另一个窗口继续")

    def _read(self, account: str, talk_id: str, picture: bytes, now: float) -> list[str]:
        """The words of a picture, as a member would quote them, so that they are not taken for their own."""
        if not picture or self._read_image is None:
            return []
        with self._database.write() as connection:  # reading is slow and costs the operator: first whether they may
            self._held(connection, account, talk_id)
            self._count(connection, account, now)
        said = [(speaker, words) for speaker, words in self._read_image(picture) if words.strip()]
        lines = [words if speaker == "me" else f"> {words}" for speaker, words in said]
        return "\n".join(lines)[:MAX_WORDS_CHARS].splitlines()

    def _think(self, known: Known, turns: Sequence[Turn], covered: Covered) -> tuple[Known, Answer]:
        """What is known now, and what is said to it."""
        if not covered.text:
            return known, Answer(())
        heard = self._cues.hear(covered.text)
        if covered.had_secret:
            heard = msgspec.structs.replace(heard, intents=heard.intents | {"told_secret"})
        said = [turn.parts[0].text for turn in turns if turn.by == "member"][1 - WEIGHED_TURNS :]
        told = [words for words in (*said, covered.text) if self._cues.hear(words).is_evidence]
        evidence = evidence_of(told)
        understood = self._recogniser.understand(evidence.parts, told)
        if understood.is_off_topic:
            heard = msgspec.structs.replace(heard, intents=heard.intents | {"other_topic"})
        return rules.answer(rules.learn(known, heard, understood.frauds, evidence.own_words), heard)

    def _speak(
        self, connection: Connection, talk: Consultation, known: Known, answer: Answer, reader: Reader, now: float
    ) -> Spoken:
        """Say it, in the caller's transaction."""
        parts = self._composer.compose(answer, known, reader)
        talk = kept.add_turn(connection, self._database.vault, talk, "assistant", parts, now, answer.offers)
        may_ask = known.is_serious and "no_follow_up" not in known.done and "how_are_you" not in known.put
        talk = msgspec.structs.replace(
            talk, known=known, language=reader.language, follow_up_at=now + rules.FOLLOW_UP_S if may_ask else None
        )
        if answer.wants_person:
            talk = self.people.ask(connection, talk, known, now, is_urgent=True)
        kept.save_consultation(connection, self._database.vault, talk)
        turn = Turn(ordinal=talk.turns, by="assistant", at=now, parts=parts, offers=answer.offers)
        return Spoken(talk, (turn,))

    def say(
        self, connection: Connection, talk: Consultation, word: str, language: str, now: float
    ) -> Spoken:
        """Let the assistant say one text after an act, in the caller's transaction, which holds the talk."""
        reader = self._reader(talk.account, language)
        part = self._composer.say(word, reader)
        talk = kept.add_turn(connection, self._database.vault, talk, "assistant", (part,), now)
        kept.save_consultation(connection, self._database.vault, talk)
        return Spoken(talk, (Turn(ordinal=talk.turns, by="assistant", at=now, parts=(part,)),))

    def ask_again(self, connection: Connection, talk: Consultation, now: float) -> None:
        """Ask how things are, in the caller's transaction, which holds the talk."""
        known, answer = rules.follow_up(talk.known)
        self._speak(connection, talk, known, answer, self._reader(talk.account, talk.language), now)

    def look(self, account: str, talk_id: str) -> Talk:
        """A talk of this account with everything that was said.

        Raises:
            NotFound: it is not theirs, or is gone.
        """
        with self._database.read() as connection:
            talk = kept.find_consultation(connection, self._database.vault, talk_id, account)
            if talk is None:
                raise _gone()
            return Talk(talk, tuple(kept.turns_of(connection, self._database.vault, talk_id)))

    def talks_of(self, account: str) -> list[Consultation]:
        """A member's talks, the last spoken in first."""
        with self._database.read() as connection:
            return kept.consultations_of(connection, self._database.vault, account)

    def delete(self, account: str, talk_id: str) -> None:
        """Remove a talk for good, with every summary of it that was given to a person.

        Raises:
            NotFound: it is not theirs, or is gone already.
        """
        with self._database.write() as connection:
            if not kept.delete_consultation(connection, talk_id, account):
                raise _gone()
            note(connection, account, "consultation.delete", talk_id, {})

    def grounds(self, account: str, talk_id: str, language: str) -> Grounds:
        """All that the last answer may rest upon, for whoever words it anew.

        Raises:
            NotFound: see `look`.
        """
        talk, turns = self.look(account, talk_id)
        reader = self._reader(account, language)
        return Grounds(
            known=talk.known, turns=turns[:-1], draft=turns[-1].parts, scenario=self._composer.scenario_of(talk.known),
            language=language, is_young=reader.is_young,
        )

    def reword(self, account: str, talk_id: str, ordinal: int, text: str) -> tuple[Part, ...]:
        """Keep the assistant's turn `ordinal` with `text` in place of the texts at its head; returns its parts.

        Raises:
            NotFound: the talk is gone by now.
        """
        with self._database.write() as connection:
            self._held(connection, account, talk_id)
            turns = kept.turns_of(connection, self._database.vault, talk_id)
            turn = next((one for one in turns if one.ordinal == ordinal and one.by == "assistant"), None)
            if turn is None:
                raise _gone()
            changed = msgspec.structs.replace(turn, parts=reworded(turn.parts, text))
            kept.replace_parts(connection, self._database.vault, talk_id, changed)
        return changed.parts

    def hold(self, connection: Connection, account: str, talk_id: str) -> Consultation:
        """The talk, held until the caller's transaction ends.

        Raises:
            NotFound: it is not theirs, or is gone.
        """
        talk = kept.hold_consultation(connection, self._database.vault, talk_id, account)
        if talk is None:
            raise _gone()
        return talk

    def _held(self, connection: Connection, account: str, talk_id: str) -> Consultation:
        talk = self.hold(connection, account, talk_id)
        if talk.turns >= MAX_TURNS:
            raise Conflict("this talk is over; begin a new one", zh="这段对话已结束，请开始新的对话")
        return talk

    def _count(self, connection: Connection, account: str, now: float) -> None:
        if not kept.count_turn(connection, account, MEMBER_TURNS_1H, now):
            raise RateLimited(
                "that is a lot within an hour; come back a little later, or call the police if it is urgent",
                retry_after_s=kept.HOUR_S - now % kept.HOUR_S,
                zh="一小时内说得太多了，请稍后再来；情况紧急请直接报警",
            )

    def _reader(self, account: str, language: str) -> Reader:
        bands = [fact.value for fact in self._facts.load([account]) if fact.field == "age_band"]
        return Reader(language, is_young=bool(bands) and band_of(bands[-1]) is not None)


def reworded(parts: Sequence[Part], text: str) -> tuple[Part, ...]:
    """The parts with one text in place of those at the head, up to the first list or question."""
    head = head_of(parts)
    source = next((part.source for part in head if part.source), "")
    return (Part("text", "worded", text, source=source), *parts[len(head):])


def _gone() -> NotFound:
    return NotFound("there is no such talk; it may have been deleted", zh="没有这段对话，可能已经删除")
