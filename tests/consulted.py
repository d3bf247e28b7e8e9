"""Talks with the assistant for tests: a recogniser that goes by a few plain words, and everything around it real."""

from collections.abc import Sequence

from anlan.center.assistant.acts import TalkActs
from anlan.center.assistant.people import People
from anlan.center.assistant.talks import Assistant
from anlan.center.errands import Errands
from anlan.center.hotline_file import load_hotlines
from anlan.desk.reports import Reports
from anlan.domain.scenarios import Quote, Recognised, Scenario, ScenarioBase, Sign, Speaker, Step, Understood
from anlan.store.database import Database
from anlan.store.facts import Facts
from anlan.store.vault import Codec

ANN = "account:ann"
DAY_S = 86_400.0


def both(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


COUPON = Scenario(
    id="coupon", version=3, owner="fraud", harm="money", title=both("限时优惠券", "Time-limited coupons"),
    summary=both("先给甜头，再要手续费。", "First a prize, then a fee."),
    signs=(
        Sign(id="too_good", says=both("从未参加却中奖", "A prize you never entered for")),
        Sign(id="fee_first", says=both("领取之前先要付钱", "You are to pay before you get anything")),
    ),
    stages=(Step(title=both("发券", "The offer"), said=("恭喜中奖",)),),
    say={strength: both("先别付款。", "Do not pay yet.") for strength in ("hint", "banner", "stop")},  # type: ignore[misc]
    question=both("是官方活动吗？", "Is it official?"), do=(both("不要付款", "Do not pay"),),
    evidence=(both("对方的消息", "Their messages"),), hotlines=("fraud", "police"),
    honest=(both("官方页面发券，不收费", "A shop gives it on its own page, free"),),
    asks=(both("要您先付钱吗？", "Are you to pay first?"),),
)
SCENARIOS = ScenarioBase([COUPON])
SHOWN_BY = {"too_good": ("中奖", "prize"), "fee_first": ("手续费", "fee")}
SHOWN_AS = {1: 0.7, 2: 0.99}


class PlainRecogniser:
    """Knows one fraud by two words: one of them makes it possible, both make it likely."""

    knows_meaning = False

    def recognise(self, texts: Sequence[tuple[Speaker, str]]) -> list[Recognised]:
        quotes = [
            Quote(sign, word, number, text.index(word), text.index(word) + len(word))
            for number, (_, text) in enumerate(texts) for sign, words in SHOWN_BY.items()
            for word in words if word in text
        ]
        shown = {quote.sign for quote in quotes}
        return [Recognised("coupon", SHOWN_AS[len(shown)], tuple(quotes))] if shown else []

    def understand(self, texts: Sequence[tuple[Speaker, str]], told: Sequence[str]) -> Understood:
        is_off_topic = any("knitting" in words for words in told)
        return Understood(self.recognise(texts), is_off_topic)


class Alarm:
    """Stands where an owner gives the alarm; remembers for whom."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def give_alarm(self, account: str, sign_in: int | None, now: float) -> str:
        self.given.append(account)
        return f"containment_{len(self.given)}"


class TalkDesk:
    """The assistant over one database."""

    def __init__(self, database: Database) -> None:
        self.database, self.alarm = database, Alarm()
        codec = Codec(database.vault)
        facts = Facts(database, codec)
        self.assistant = Assistant(
            database, SCENARIOS, PlainRecogniser(), load_hotlines(), facts, People(database.vault)
        )
        self.acts = TalkActs(
            database, self.assistant, Reports(database, codec, facts), self.alarm, Errands(database),
            "https://safe.example",
        )

    def begin(self, account: str = ANN, language: str = "en", now: float = 1_000.0) -> str:
        """Open a talk from nothing; returns its id."""
        return self.assistant.open(account, language, now).talk.id

    def hear(self, talk_id: str, words: str, account: str = ANN, language: str = "en", now: float = 1_000.0) -> str:
        """What the assistant answers, as plain text."""
        return self.assistant.hear(account, talk_id, words, language, now).turns[-1].words
