"""A model in shadow scores its share of the texts afterwards, and neither its failures nor a crowd hold anything up."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from anlan.domain.decisions import Decision, Judged
from anlan.domain.events import Catalogue
from anlan.domain.keys import decision_id, event_key
from anlan.domain.text_scores import Compared
from anlan.engine.shadow_model import AT_ONCE, MAX_WAITING, ShadowModel

SIGNALS = {
    "text_abuse_score": 0.1, "text_porn_score": 0.0, "text_gambling_score": 0.2, "text_fraud_score": 0.3,
    "text_ad_score": 0.0, "text_harm_score": 0.6,
}
NEW = (0.5, 0.1, 0.1, 0.1, 0.1, 0.1)


class Scorer:
    """Scores every text alike, or fails."""

    def __init__(self, share: float = 1.0, version: str = "m1") -> None:
        self.shadow_version, self.shadow_share = version, share
        self.fails = False

    def score_in_shadow(self, texts: Sequence[str]) -> tuple[str, list[tuple[float, ...]]]:
        if self.fails:
            raise ValueError("broken")
        return self.shadow_version, [NEW for _ in texts] if self.shadow_version else []


class Kept:
    """What was kept."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str, Compared]] = []

    def keep(self, model: str, beside: str, pairs: Sequence[Compared]) -> None:
        self.found += [(model, beside, pair) for pair in pairs]


def judged(number: int, text: str = "hello", model: str = "m0", **signals: float) -> Judged:
    body = {
        "specversion": "1.0", "id": f"e{number}", "source": "im", "type": "message.sent",
        "data": {"sender": "u1", "recipient": "u2", "text": text},
    }
    event = Catalogue().decode(msgspec.json.encode(body), 1_000.0)
    decision = Decision(
        id=decision_id(event_key("im", f"e{number}"), 1), pass_number=1, verdict="allow", findings=(), shadow=(),
        actions=(), pending=(), signals={**SIGNALS, **signals}, failed={}, policy_set="p",
        models={"text_model": model}, took_us=1.0,
    )
    return Judged(event, decision, 1_000.0)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def run_all(shadow: ShadowModel) -> int:
    async def work() -> int:
        total = 0
        while done := await shadow.run_once():
            total += done
        return total

    return asyncio.run(work())


def test_what_both_models_say_is_kept_beside_each_model_in_force(kept: Kept) -> None:
    shadow = ShadowModel(Scorer(), kept.keep)
    for number, model in ((1, "m0"), (2, "m9"), (3, "m0")):
        shadow.note(judged(number, model=model))
    assert run_all(shadow) == 3
    assert sorted((beside, pair.key) for _, beside, pair in kept.found) == sorted(
        (beside, event_key("im", name)) for beside, name in (("m0", "e1"), ("m9", "e2"), ("m0", "e3"))
    )
    _, _, pair = kept.found[0]
    assert (tuple(pair.old), tuple(pair.new)) == ((0.4, 0.1, 0.0, 0.2, 0.3, 0.0), NEW)


def test_only_its_share_and_always_the_same_texts(kept: Kept) -> None:
    shadow = ShadowModel(Scorer(share=0.2), kept.keep)
    for number in range(1_000):
        shadow.note(judged(number))
    first = run_all(shadow)
    assert 140 < first < 260
    for number in range(1_000):
        shadow.note(judged(number))
    run_all(shadow)
    assert len({pair.key for _, _, pair in kept.found}) == first


def test_what_it_does_not_score(kept: Kept) -> None:
    none, scorer = ShadowModel(Scorer(version=""), kept.keep), Scorer()
    none.note(judged(1))
    shadow = ShadowModel(scorer, kept.keep)
    one = judged(1)
    shadow.note(msgspec.structs.replace(one, earlier=one.decision))
    unscored = msgspec.structs.replace(one.decision, signals={})
    shadow.note(msgspec.structs.replace(one, decision=unscored))
    assert run_all(none) + run_all(shadow) == 0
    shadow.note(one)
    scorer.shadow_version = ""
    assert run_all(shadow) == 1
    assert kept.found == []


def test_a_failing_model_loses_its_batch_and_nothing_else(kept: Kept) -> None:
    scorer = Scorer()
    shadow = ShadowModel(scorer, kept.keep)
    for number in range(AT_ONCE + 1):
        shadow.note(judged(number))
    scorer.fails = True
    assert asyncio.run(shadow.run_once()) == AT_ONCE
    scorer.fails = False
    assert run_all(shadow) == 1
    assert len(kept.found) == 1


def test_in_a_crowd_the_oldest_are_left_out(kept: Kept) -> None:
    shadow = ShadowModel(Scorer(), kept.keep)
    for number in range(MAX_WAITING + 5):
        shadow.note(judged(number))
    assert shadow.left_out == 5
    assert run_all(shadow) == MAX_WAITING
    assert event_key("im", "e4") not in {pair.key for _, _, pair in kept.found}
