"""Decides what the assistant says next: from what is known of a member's situation and what they just said.

Nothing here knows a language. What was said comes in as intents and facts, what to say goes out as names of words;
`center/assistant` reads the one and writes the other.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple, get_args

import msgspec

from anlan.domain.scenarios import Quote, Recognised

ConsultationState = Literal["open", "with_person"]
CONSULTATION_STATES: tuple[ConsultationState, ...] = get_args(ConsultationState)

Speaking = Literal["member", "assistant", "person"]
SPEAKERS: tuple[Speaking, ...] = get_args(Speaking)

Intent = Literal[
    "desperate", "in_danger", "cheated", "paid", "not_paid", "code_given", "wants_person", "wants_report",
    "wants_protection", "is_it_real", "what_to_do", "told_secret", "other_topic", "thanks", "goodbye", "greeting",
    "yes", "no", "unsure", "all_well", "afraid",
]
INTENTS: tuple[Intent, ...] = get_args(Intent)

Fact = Literal["who", "channel", "asked"]
FACTS: tuple[Fact, ...] = get_args(Fact)

Question = Literal["what", "asked", "paid", "who", "channel", "scenario", "honest", "how_are_you"]

Offer = Literal["freeze", "report", "protect", "person", "no_follow_up"]
OFFERS: tuple[Offer, ...] = get_args(Offer)

Sureness = Literal["likely", "possible", "none"]
Telling = Literal["nothing", "part", "whole"]

LIKELY_FROM, POSSIBLE_FROM = 0.8, 0.5
"""Calibrated probabilities of a scenario; whatever is said is never surer than these bands."""
UNASKED_FROM = 0.98
"""Probability of any fraud from which one is named while only a part was told: an honest deal often begins like a
fraud, and what was left out tells the two apart."""
RISKY_TO_GIVE = frozenset(("code", "screen", "account", "secrecy"))
"""What nobody should give, whoever asks."""
FEE_FIRST = "fee_first"
"""Money is to be paid before money comes: the one sign that many frauds share."""
NEVER_PAID = frozenset(("official", "mentor", "lender", "never_met"))
"""Who they are, or say they are, whose wish for money is a sign by itself."""
RISKY, TO_CHECK, SEEN_NOTHING = "risky", "check", "nothing"
"""What `Known.told` says beside verdicts."""
MOST_QUESTIONS = 4
FOLLOW_UP_S = 20 * 3_600.0
"""How long after the last word a member is asked how things are: the next day, and not at the same hour."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What a member just said, understood.

    Attributes:
        facts: what they told of who it is, by which channel, and what was asked of them; words of `cues.yaml`.
        is_telling: enough was said to be about a situation.
        is_long: enough was said to tell a situation whole.
    """

    intents: frozenset[Intent] = frozenset()
    facts: dict[Fact, tuple[str, ...]] = {}
    is_telling: bool = False
    is_long: bool = False

    @property
    def is_evidence(self) -> bool:
        """Whether a fraud may be recognised by it: more than a yes, a thanks or a question to the assistant."""
        return self.is_telling or not self.intents


class Point(msgspec.Struct, frozen=True):
    """Something that speaks for a scenario; `words` are the member's own, empty where they only agreed to it."""

    scenario: str
    sign: str
    words: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of one situation.

    Attributes:
        alert: id of the alert that it began with, `alert_scenario` what that warned of; both may be empty.
        scenario: what it most probably is; empty for nothing that we know.
        probability: 0 to 1, calibrated; `risk` that it is any fraud.
        points: what speaks for that scenario.
        paid: whether money is gone; None while nobody said.
        telling: how much of the situation was told: nothing, a part in a few words, or as much as they would.
        is_vouched: they said yes to what an honest deal of the likeliest kind has.
        put: questions that were put, in order; the last is open while `is_waiting`.
        told: what the member was last told it is: `<scenario>:<sureness>`, `RISKY`, `TO_CHECK`
            or `SEEN_NOTHING`.
        done: acts that were taken: `freeze`, `report`, `protect`, `person`.
        aided: first steps after a loss that were told: `paid`, `code_given`.
    """

    alert: str = ""
    alert_scenario: str = ""
    scenario: str = ""
    probability: float = 0.0
    risk: float = 0.0
    points: tuple[Point, ...] = ()
    facts: dict[Fact, tuple[str, ...]] = {}
    paid: bool | None = None
    is_code_given: bool = False
    was_cheated: bool = False
    was_desperate: bool = False
    telling: Telling = "nothing"
    is_vouched: bool = False
    put: tuple[Question, ...] = ()
    is_waiting: bool = False
    told: str = ""
    done: tuple[Offer, ...] = ()
    aided: tuple[str, ...] = ()

    @property
    def sureness(self) -> Sureness:
        """How sure one may sound: of some fraud, and then of this one."""
        if not self.scenario or self._any_fraud < self._named_from:
            return "none"
        return "likely" if self.probability >= LIKELY_FROM else "possible"

    @property
    def is_doubtful(self) -> bool:
        """Whether it may be a fraud, and the member should be asked before one is named."""
        return self.sureness == "none" and bool(self.scenario) and self._any_fraud >= POSSIBLE_FROM

    @property
    def _any_fraud(self) -> float:
        return max(self.risk, self.probability)

    @property
    def _named_from(self) -> float:
        is_told = self.telling == "whole" or bool(self.alert_scenario)
        return POSSIBLE_FROM if is_told and not self.is_vouched else UNASKED_FROM

    @property
    def verdict(self) -> str:
        """What would be told now, as `told` keeps it."""
        return f"{self.scenario}:{self.sureness}"

    @property
    def waits_for(self) -> Question | None:
        """The question that the member's next words may answer."""
        return self.put[-1] if self.is_waiting and self.put else None

    @property
    def is_asked_riskily(self) -> bool:
        """Whether something is wanted that nobody should give, whatever else may be true."""
        return bool((RISKY_TO_GIVE | {FEE_FIRST}) & set(self.facts.get("asked", ()))) or self.is_paid_riskily

    @property
    def is_asked_for_money(self) -> bool:
        """Whether somebody wants money of them."""
        return "money" in self.facts.get("asked", ())

    @property
    def is_asked_for_more(self) -> bool:
        """Whether something else is wanted that is worth a look first: a link, a scan, an app, particulars."""
        return bool({"link", "details"} & set(self.facts.get("asked", ())))

    @property
    def is_paid_riskily(self) -> bool:
        """Whether money is wanted by somebody of whom the real ones want none."""
        return self.is_asked_for_money and bool(NEVER_PAID & set(self.facts.get("who", ())))

    @property
    def is_serious(self) -> bool:
        """Whether something is at stake that is worth asking about again the next day."""
        is_lost = self.was_cheated or self.is_code_given
        return self.sureness != "none" or is_lost or self.is_asked_riskily or self.was_desperate


class Answer(NamedTuple):
    """What the assistant says.

    Attributes:
        says: names of words, in order.
        asks: the one question at the end.
        offers: what the member may do with one press.
        wants_person: a person is called at once, whether or not anybody pressed anything.
    """

    says: tuple[str, ...]
    asks: Question | None = None
    offers: tuple[Offer, ...] = ()
    wants_person: bool = False


def begin(alert: str = "", alert_scenario: str = "") -> tuple[Known, Answer]:
    """What the assistant opens with: from an alert it says why that was shown."""
    question: Question = "paid" if alert_scenario else "what"
    known = Known(alert=alert, alert_scenario=alert_scenario, put=(question,), is_waiting=True)
    return known, Answer(("hello_alert", "alert_signs", "do") if alert_scenario else ("hello",), question)


OwnWords = Callable[[Quote], str]
"""The words of the member's own that a quote stands for; empty where there are none."""


def learn(known: Known, heard: Heard, recognised: Sequence[Recognised], own_words: OwnWords) -> Known:
    """What is known after these words.

    Args:
        recognised: of everything that the member told so far, most probable first.
    """
    facts = {name: _joined(known.facts.get(name, ()), heard.facts.get(name, ())) for name in FACTS}
    best = recognised[0] if recognised else None
    return msgspec.structs.replace(
        known, facts={name: found for name, found in facts.items() if found}, paid=_paid(known, heard),
        is_code_given=known.is_code_given or "code_given" in heard.intents,
        was_cheated=known.was_cheated or "cheated" in heard.intents,
        was_desperate=known.was_desperate or "desperate" in heard.intents,
        telling=_telling(known, heard),
        is_vouched=known.is_vouched or (known.waits_for == "honest" and "yes" in heard.intents),
        scenario=best.scenario if best else "", probability=best.probability if best else 0.0,
        risk=sum(one.probability for one in recognised),
        points=_points(best, own_words) if best else (),
    )


def _points(best: Recognised, own_words: OwnWords) -> tuple[Point, ...]:
    """Each sign once, with the first words that show it and that the member really wrote."""
    first: dict[str, Point] = {}
    for quote in best.quotes:
        point = Point(best.scenario, quote.sign, own_words(quote))
        if quote.sign not in first or (point.words and not first[quote.sign].words):
            first[quote.sign] = point
    return tuple(first.values())


def _joined(before: Iterable[str], now: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*before, *now)))


def _telling(known: Known, heard: Heard) -> Telling:
    if heard.is_long or known.telling != "nothing":
        return "whole"
    return "part" if heard.is_evidence else "nothing"


def _paid(known: Known, heard: Heard) -> bool | None:
    if "paid" in heard.intents:
        return True
    if "not_paid" in heard.intents:
        return False if known.paid is None else known.paid
    if known.waits_for == "paid" and known.paid is None:
        return True if "yes" in heard.intents else False if "no" in heard.intents else None
    return known.paid


class Rule(NamedTuple):
    """When it holds, this is said; the first rule that holds is taken.

    Attributes:
        when: a claim about what is known and was heard.
        says: names of words.
        asks: whether a question may follow.
    """

    name: str
    when: Callable[[Known, Heard], bool]
    says: tuple[str, ...]
    offers: tuple[Offer, ...] = ()
    asks: bool = False


def _has(*intents: Intent) -> Callable[[Known, Heard], bool]:
    return lambda known, heard: bool(heard.intents & set(intents))


def _must_aid(known: Known, heard: Heard) -> bool:
    """Money is gone to somebody who may be a fraud, and the first steps were not told yet."""
    is_worried = known.is_serious or bool(known.alert_scenario) or "what_to_do" in heard.intents
    return known.paid is True and "paid" not in known.aided and is_worried


def _can_ask_first(known: Known) -> bool:
    return known.is_doubtful and next_question(known) == "honest"


def _tells_news(known: Known, sureness: Sureness) -> bool:
    """Whether this was not told yet; who was told that something is very likely is not told that it may be."""
    return known.sureness == sureness and known.told not in (known.verdict, f"{known.scenario}:likely")


RULES: tuple[Rule, ...] = (
    Rule("in despair", _has("desperate"), ("crisis", "crisis_lines"), ("person",)),
    Rule("in danger", _has("in_danger"), ("danger", "danger_lines"), ("person", "report")),
    Rule("asks for a person", _has("wants_person"), ("person",), ("person",)),
    Rule("money is gone", _must_aid, ("paid", "verdict", "points", "evidence", "lines"),
         ("freeze", "report", "protect", "person"), asks=True),
    Rule("a code is gone", lambda known, heard: known.is_code_given and "code_given" not in known.aided,
         ("code_given", "verdict", "points", "lines"), ("protect", "report", "person"), asks=True),
    Rule("says they were cheated", lambda known, heard: "cheated" in heard.intents and known.sureness == "none",
         ("cheated", "lines"), ("report", "person"), asks=True),
    Rule("wants to report", _has("wants_report"), ("report",), ("report",)),
    Rule("wants the account kept safe", _has("wants_protection"), ("protect",), ("protect",)),
    Rule("how things went", lambda known, heard: known.waits_for == "how_are_you" and bool(
        heard.intents & {"all_well", "no", "thanks", "not_paid"}), ("glad",)),
    Rule("very likely a fraud", lambda known, heard: _tells_news(known, "likely"),
         ("verdict", "points", "do", "lines"), ("report", "person"), asks=True),
    Rule("perhaps a fraud", lambda known, heard: _tells_news(known, "possible"),
         ("verdict", "points", "check", "do"), ("person",), asks=True),
    Rule("asks whether it is real, and it seems so",
         lambda known, heard: "is_it_real" in heard.intents and known.sureness != "none",
         ("verdict", "check"), ("report", "person"), asks=True),
    Rule("asks what to do", _has("what_to_do"), ("not_paid", "do", "lines"), ("report", "person"), asks=True),
    Rule("says thanks", lambda known, heard: "thanks" in heard.intents and not heard.is_telling, ("thanks",)),
    Rule("takes leave", lambda known, heard: "goodbye" in heard.intents and not heard.is_telling, ("goodbye",)),
    Rule("speaks of something else", lambda known, heard: "other_topic" in heard.intents, ("other_topic",)),
    Rule("greets", lambda known, heard: "greeting" in heard.intents and not heard.is_telling, ("hello",)),
    Rule("paid for what looks honest", lambda known, heard: "paid" in heard.intents and known.sureness == "none",
         ("paid_unsure",), asks=True),
    Rule("a fraud was named, and there is more to say", lambda known, heard: known.sureness != "none",
         ("not_paid", "still"), ("report", "person"), asks=True),
    Rule("what is asked for is never safe to give",
         lambda known, heard: known.is_asked_riskily and known.told != RISKY,
         ("risky_fee", "risky_ask", "risky_who", "lines"), ("person",), asks=True),
    Rule("may be a fraud, and one question tells", lambda known, heard: _can_ask_first(known), ("hold_on",), asks=True),
    Rule("is asked riskily, as was said", lambda known, heard: known.told == RISKY and next_question(known) is None,
         ("still", "check"), ("person",)),
    Rule("it is to be checked, as was said",
         lambda known, heard: known.told == TO_CHECK and (heard.is_telling or bool(heard.intents)),
         ("still_check", "check"), ("person",)),
    Rule("nothing was seen, as was said",
         lambda known, heard: known.told == SEEN_NOTHING and (heard.is_telling or bool(heard.intents)),
         ("still_nothing",), ("person",)),
    Rule("it hangs on who it really is",
         lambda known, heard: (known.is_asked_for_money or known.is_doubtful) and _is_told_enough(known, heard),
         ("verify_first", "check", "honest"), ("person",)),
    Rule("it hangs on where it leads",
         lambda known, heard: known.is_asked_for_more and _is_told_enough(known, heard),
         ("look_first", "check", "honest"), ("person",)),
    Rule("enough is known to see nothing", lambda known, heard: _is_told_enough(known, heard),
         ("no_sign", "honest", "check"), ("person",)),
    Rule("told a part", lambda known, heard: _is_answering(known, heard), ("noted",), asks=True),
    Rule("was not understood", lambda known, heard: True, ("not_understood",)),
)


def _is_answering(known: Known, heard: Heard) -> bool:
    """Whether these words belong to the matter: they tell something, or something was asked just now."""
    is_asked = known.waits_for not in (None, "what")
    return heard.is_telling or is_asked or bool(heard.intents & {"yes", "no", "unsure", "paid", "not_paid"})


def _is_told_enough(known: Known, heard: Heard) -> bool:
    """Whether one may say that nothing is seen: something was told, and they ask, or all questions were put."""
    return next_question(known) is None or ("is_it_real" in heard.intents and bool(known.facts.get("asked")))


COMFORTING = frozenset(("crisis", "danger", "paid", "cheated"))
"""Words that hold somebody already who is afraid."""


def answer(known: Known, heard: Heard) -> tuple[Known, Answer]:
    """What is said to these words, and what is known once it was said."""
    rule = next(rule for rule in RULES if rule.when(known, heard))
    says = tuple(word for word in rule.says if _is_worth_saying(word, known, heard))
    if "afraid" in heard.intents and not COMFORTING & set(says):
        says = ("comfort", *(word for word in says if word != "noted"))
    if "told_secret" in heard.intents:
        says = ("keep_codes", *says)
    asks = next_question(known) if rule.asks else None
    offers = tuple(offer for offer in rule.offers if offer not in known.done)
    said = msgspec.structs.replace(
        known, put=(*known.put, asks) if asks else known.put, is_waiting=asks is not None,
        told=_told(says, known),
        aided=_joined(known.aided, [word for word in ("paid", "code_given") if word in says]),
    )
    return said, Answer(says, asks, offers, wants_person="crisis" in says)


def _told(says: tuple[str, ...], known: Known) -> str:
    if "verdict" in says:
        return known.verdict
    return next((told for word, told in _TELLS.items() if word in says), known.told)


_TELLS = {
    "risky_fee": RISKY, "risky_ask": RISKY, "risky_who": RISKY, "no_sign": SEEN_NOTHING, "verify_first": TO_CHECK,
    "look_first": TO_CHECK,
}
"""What counts as told by these words."""


def _is_worth_saying(word: str, known: Known, heard: Heard) -> bool:
    """Verdicts and points need a scenario; what was told already is told again only to those who ask."""
    if word in ("verdict", "points") and known.told == known.verdict and "is_it_real" not in heard.intents:
        return False
    is_unharmed = known.paid is False and bool(heard.intents & {"no", "not_paid"})
    if word in ("not_paid", "noted"):
        return is_unharmed if word == "not_paid" else not is_unharmed or known.sureness == "none"
    if word == "points":
        return bool(known.points)
    if word == "verdict":
        return known.sureness != "none"
    if word == "risky_fee":
        return FEE_FIRST in known.facts.get("asked", ())
    if word == "risky_who":
        return known.is_paid_riskily and FEE_FIRST not in known.facts.get("asked", ())
    if word == "risky_ask":
        return bool(RISKY_TO_GIVE & set(known.facts.get("asked", ())))
    return True


def next_question(known: Known) -> Question | None:
    """What is asked next; None when enough was asked, or everything is known."""
    asked = [question for question in known.put if question not in ("what", "how_are_you")]
    if len(asked) >= MOST_QUESTIONS:
        return None
    if known.sureness == "likely" or known.was_cheated:
        return "paid" if known.paid is None and "paid" not in known.put else None
    return next((each for each in _ORDER if each not in known.put and _is_open(each, known)), None)


_ORDER: tuple[Question, ...] = ("honest", "asked", "scenario", "paid", "who", "channel")


def _is_open(question: Question, known: Known) -> bool:
    match question:
        case "asked" | "who" | "channel":
            return not known.facts.get(question)
        case "paid":
            return known.paid is None
        case "honest":
            return known.is_doubtful
        case _:
            return known.sureness == "possible"


def follow_up(known: Known) -> tuple[Known, Answer]:
    """What is asked the next day."""
    asked = msgspec.structs.replace(known, put=(*known.put, "how_are_you"), is_waiting=True)
    return asked, Answer(("follow_up",), "how_are_you", ("report", "person"))
