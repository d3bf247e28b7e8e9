"""Who is about to pay an account that was named by somebody they have only just met is warned, whatever was said."""

import random

import msgspec
import pytest
from dialogued import text_reading, url_domain
from judged import event
from spine import NOON, Spine

from anlan.domain.decisions import Decision
from anlan.domain.events import Event
from anlan.engine.profiles import wanted
from anlan.engine.signals import signal
from anlan.protections import entities
from anlan.protections.fraud import signals as fraud
from anlan.protections.fraud.named_payees import OVER_S, NamedPayees, Teller, accounts_in
from anlan.protections.registry import HERE

DAY_S = 86_400.0
BEGAN = 1_795_000_000.0
PAYEE = "wallet-6222000012345678"
POLICY = "fraud.payee_named_by_newcomer"


def said(number: int, at: float, text: str, recipient: str | None = "kim") -> Event:
    names = {"sender": "sly", "text": text} | ({"recipient": recipient} if recipient else {"group": "g"})
    return msgspec.structs.replace(event(number, **names), time=at)


def paying(at: float, payee: str = PAYEE) -> Event:
    made = event(999, "payment.initiated", payer="kim", payee=payee, amount_minor=90_000)
    return msgspec.structs.replace(made, time=at)


@pytest.mark.parametrize(
    "text",
    [
        "请转到 6222 0000 1234 5678 张三", "to wallet-6222000012345678 please", "6222-0000-1234-5678",
        "收款\N{FULLWIDTH DIGIT SIX}222000012345678",
    ],
)
def test_an_account_is_the_same_however_it_is_written(text: str) -> None:
    assert accounts_in(text) == accounts_in(PAYEE) != frozenset()


def test_a_mail_address_is_an_account_and_small_talk_names_none() -> None:
    assert accounts_in("pay A.b+c@Pay.example.com now") == accounts_in("a.b+c@pay.example.com")
    for text in ("晚上7点半见", "amount 12345", "hello", "@all 明天开会"):
        assert accounts_in(text) == frozenset(), text


def test_of_several_tellers_the_one_known_least_counts_for_a_week() -> None:
    kept = NamedPayees(100)
    kept.count(said(1, BEGAN, f"pay {PAYEE}"), 400.0, 300.0)
    assert kept.teller_of("kim", PAYEE, paying(BEGAN)) == Teller(400.0, 300.0)
    kept.count(said(2, BEGAN + DAY_S, f"转{PAYEE}"), 2.0, None)
    assert kept.teller_of("kim", PAYEE, paying(BEGAN + DAY_S)) == Teller(2.0, 0.0)
    assert kept.teller_of("kim", PAYEE, paying(BEGAN)) == Teller(400.0, 300.0), "nobody had told yet"
    assert kept.teller_of("lee", PAYEE, paying(BEGAN + DAY_S)) is None
    assert kept.teller_of("kim", "wallet-700000099", paying(BEGAN + DAY_S)) is None
    assert kept.teller_of("kim", PAYEE, paying(BEGAN + DAY_S + OVER_S)) is None, "the week is over"


def test_groups_and_talk_without_an_account_leave_no_trace() -> None:
    kept = NamedPayees(100)
    kept.count(said(1, BEGAN, f"pay {PAYEE}", recipient=None), 1.0, None)
    kept.count(said(2, BEGAN, "see you at 7"), 1.0, None)
    assert kept.snapshot() == NamedPayees(100).snapshot()


def test_replayed_and_restored_it_reads_the_same_and_keeps_no_words() -> None:
    chance = random.Random(7)
    live, replayed = NamedPayees(50), NamedPayees(50)
    for number in range(200):
        text = f"account {chance.randrange(10**6, 10**6 + 9)}"
        happened = said(number, BEGAN + number * 3_000, text, chance.choice("abc"))
        age, known = chance.choice([None, 0.5, 90.0]), chance.choice([None, 3.0])
        live.count(happened, age, known)
        replayed.observe(happened, {"sender_age_days": age, "sender_contact_days": known})
    assert live.snapshot() == replayed.snapshot()
    restored = NamedPayees(50)
    assert restored.restore(live.snapshot())
    assert restored.snapshot() == live.snapshot()
    assert b"account" not in live.snapshot()
    assert not restored.restore(b"nonsense")
    assert not restored.restore(msgspec.msgpack.encode((b"another", [])))
    restored.clear()
    assert restored.snapshot() == NamedPayees(50).snapshot()


@signal(title={"zh": "骗局", "en": "a fraud"}, applies_to=("payment.initiated",))
def payer_dialogue_scenario_7d(payer: str) -> str | None:
    """Nothing was found in what anybody said."""
    return None


COUNTERS = """
- {name: payer_payee_last_payment_s, kind: last_seen, on: [payment.initiated], by: [payer, payee], over: 30d,
   title: {zh: 秒数, en: seconds}}
"""


@pytest.fixture(scope="module")
def spine() -> Spine:
    """The policy as it ships, where no text tells anything."""
    file = (HERE / "fraud" / "policies.yaml").read_text("utf-8")
    block = next(block for block in file.split("\n- id: ") if block.startswith(POLICY))
    own = (text_reading, url_domain, payer_dialogue_scenario_7d, *NamedPayees(100).signals)
    return Spine((*own, *entities.SIGNALS, *fraud.SIGNALS), f"- id: {block}", COUNTERS)


def judge(spine: Spine, happened: Event) -> Decision:
    """Everybody is known from the events before."""
    profiles = spine.engine.profiles
    profiles.load(profiles.missing(wanted(happened)), ())
    return spine.judge(happened).decision


def is_warned(spine: Spine, payer: str, *, registered_days_ago: float, tie_days_ago: float | None) -> bool:
    """Whether `payer` is, about to pay whom somebody named whose account is of that age."""
    teller = f"teller-of-{payer}"
    for who, ago in ((payer, 400.0), (teller, registered_days_ago)):
        judge(spine, spine.event("account.registered", 0, NOON - ago * DAY_S, account=who, nickname=who))
    if tie_days_ago is not None:
        tie = {"account": payer, "other": teller, "change": "added"}
        judge(spine, spine.event("friendship.changed", 1, NOON - tie_days_ago * DAY_S, **tie))
    judge(spine, spine.message(2, NOON, sender=teller, recipient=payer, text=f"麻烦您 {PAYEE}"))
    asked = {"payer": payer, "payee": PAYEE, "amount_minor": 90_000}
    decision = judge(spine, spine.event("payment.initiated", 3, NOON + 60, **asked))
    alerts = [action for action in decision.actions if action.kind == "alert"]
    assert all(one.target == f"account:{payer}" and one.parameters["strength"] == "banner" for one in alerts)
    assert decision.verdict == ("warn" if alerts else "allow")
    return bool(alerts)


def test_a_newcomers_account_is_warned_of_and_an_old_friends_is_not(spine: Spine) -> None:
    assert is_warned(spine, "ann", registered_days_ago=0.2, tie_days_ago=0.1)
    assert is_warned(spine, "bea", registered_days_ago=20.0, tie_days_ago=None)
    assert not is_warned(spine, "cyd", registered_days_ago=400.0, tie_days_ago=300.0)
    assert not is_warned(spine, "dan", registered_days_ago=20.0, tie_days_ago=10.0)
