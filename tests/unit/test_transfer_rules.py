"""When a payment may go on: how much of a reason it takes, what a release is good for, which policies may pause."""

import pytest
from spine import NOON, Spine, policy

from anlan.domain.signals import Signal, SignalType
from anlan.domain.transfers import CLOCK_SKEW_S, RELEASE_S, Reason, has_words, needs_words
from anlan.engine.policies import check_policy, read_policies
from anlan.engine.profiles import facts_of
from anlan.errors import InvalidPolicy
from anlan.protections import entities
from anlan.protections.fraud import signals as fraud
from anlan.protections.fraud.signals import payment_was_thought_over
from anlan.protections.registry import COUNTERS_FILE, HERE

UNTIL = NOON + 1_800.0
PAID = {"payer": "ann", "payee": "card-9", "amount_minor": 20_000, "payment_id": "pay-1"}
COOL_DOWN = "[{hold: {}}, {cool_down: {minutes: 30}}]"


@pytest.mark.parametrize(
    ("code", "has_doubt", "strength", "now", "is_vouched", "expected"),
    [
        ("family", False, "stop", NOON, False, True),
        ("family", False, "stop", UNTIL, False, False),
        ("family", False, "stop", NOON, True, False),
        ("family", False, "banner", NOON, False, False),
        ("family", False, "hint", NOON, False, False),
        ("family", True, "hint", UNTIL, True, True),
        ("other", False, "hint", UNTIL, True, True),
    ],
)
def test_how_much_of_a_reason_it_takes(
    code: str, has_doubt: bool, strength: str, now: float, is_vouched: bool, expected: bool
) -> None:
    reason = Reason(code=code, has_doubt=has_doubt)
    assert needs_words(reason, strength, UNTIL, now, is_vouched=is_vouched) is expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", False), ("I know her well", False), ("She is my aunt and called me today", True),
        ("我认识他", False), ("卖家是我同事，上周一起看过车", True), ("啊" * 60, False), ("哈哈哈呵呵" * 9, False),
        (" " * 200, False), ("asdf" * 20, False),
    ],
)
def test_what_counts_as_words_of_their_own(words: str, expected: bool) -> None:
    assert has_words(Reason(code="other", words=words)) is expected


@pytest.fixture
def spine() -> Spine:
    return Spine([payment_was_thought_over])


def _release(spine: Spine, at: float = NOON, answer: str = "released", **more: object) -> None:
    said = spine.event("payment.thought_over", 1, at, **{**PAID, "answer": answer, **more})
    spine.engine.profiles.load(["account:ann"], ())
    spine.engine.profiles.learn(facts_of(said, spine.engine.profiles))


def _is_thought_over(spine: Spine, at: float = NOON + 5, **more: object) -> bool:
    return bool(_signal(spine, at, {**PAID, **more}))


def _signal(spine: Spine, at: float, data: dict[str, object]) -> object:
    event = spine.event("payment.initiated", 2, at, **data)
    said = event.data
    return payment_was_thought_over.compute(
        said.payer, said.payee, said.amount_minor, said.currency, said.payment_id,  # type: ignore[attr-defined]
        spine.engine.profiles, event,
    )


def test_a_release_is_good_for_that_payment_and_for_a_day(spine: Spine) -> None:
    assert not _is_thought_over(spine)
    _release(spine)
    assert _is_thought_over(spine)
    assert _is_thought_over(spine, amount_minor=10_000)
    assert _is_thought_over(spine, NOON - CLOCK_SKEW_S)
    assert not _is_thought_over(spine, NOON - CLOCK_SKEW_S - 1)
    assert _is_thought_over(spine, NOON + RELEASE_S)
    assert not _is_thought_over(spine, NOON + RELEASE_S + 1)
    for other in ({"amount_minor": 20_001}, {"payee": "card-8"}, {"payment_id": "pay-2"}, {"currency": "USD"}):
        assert not _is_thought_over(spine, **other)


def test_a_stop_releases_nothing(spine: Spine) -> None:
    _release(spine, answer="stopped")
    assert not _is_thought_over(spine)


def test_a_payment_in_pieces_is_one_payment() -> None:
    led = {"scenario_score": 0.6, "fraud_score": 0.6, "stage": 3.0}
    signals = [
        *entities.SIGNALS, *fraud.SIGNALS, *(_always(f"payer_dialogue_{name}_7d", led[name]) for name in led),
        _always("payer_dialogue_scenario_7d", "task_rebate"), _always("url_domain", None),
    ]
    house = Spine(signals, (HERE / "fraud" / "transfers.yaml").read_text("utf-8"), COUNTERS_FILE.read_text("utf-8"))
    house.engine.profiles.load(["account:ann"], ())
    verdicts = []
    for number in range(4):
        event = house.event("payment.initiated", number, NOON + number * 600, payer="ann", payee="card-9",
                            amount_minor=15_000, payment_id=f"pay-{number}")
        verdicts.append(house.judge(event).decision.verdict)
    assert verdicts == ["allow", "allow", "hold", "hold"]


def _always(name: str, value: object) -> Signal:
    kind: SignalType = "number" if isinstance(value, float) else "text"
    return Signal(name=name, compute=lambda _: value, type=kind, reads=("event",), title={"zh": name, "en": name})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, None),
        ({"when": "amount_minor >= 100"}, "AND NOT payment_was_thought_over"),
        ({"then": "[{warn: {}}, {cool_down: {minutes: 30}}]"}, "needs hold"),
        ({"on": "[payment.initiated, payment.settled]"}, "alone"),
    ],
)
def test_a_policy_that_pauses_lets_go_of_what_was_thought_over(
    spine: Spine, change: dict[str, str], says: str | None
) -> None:
    when = change.get("when", "amount_minor >= 100 AND NOT payment_was_thought_over")
    rest = "" if "when" in change else ", payment_was_thought_over: false"
    made = policy(
        "fraud.pause", when, f"amount_minor: 200{rest}", f"amount_minor: 20{rest}", change.get("then", COOL_DOWN),
        on=change.get("on", "payment.initiated"),
    )
    [read] = read_policies(made, "p.yaml")
    if says is None:
        assert check_policy(read, spine.registry, "p.yaml").policy.id == "fraud.pause"
    else:
        with pytest.raises(InvalidPolicy, match=says):
            check_policy(read, spine.registry, "p.yaml")
