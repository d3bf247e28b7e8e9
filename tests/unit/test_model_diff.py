"""What the difference of two models is made of."""

from anlan.desk.model_diff import SHOWN, compare, judged_figures
from anlan.domain.judgements import digest_of, is_kept_back
from anlan.domain.text_scores import TEXT_CATEGORIES, Compared, scores_of


def scores(category: str, score: float = 0.9) -> tuple[float, ...]:
    rest = (1.0 - score) / (len(TEXT_CATEGORIES) - 1)
    return tuple(score if name == category else rest for name in TEXT_CATEGORIES)


def pair(number: int, old: str, new: str, old_score: float = 0.9, new_score: float = 0.9) -> Compared:
    return Compared(f"k{number}", float(number), "message.sent", "im", scores(old, old_score), scores(new, new_score))


def test_volumes_agreement_and_what_newly_passes() -> None:
    pairs = [
        pair(4, "fraud", "fraud"), pair(3, "gambling", "normal"), pair(2, "normal", "abuse", new_score=0.75),
        pair(1, "normal", "abuse"),
    ]
    found = compare(pairs, 0.7)
    assert (found.texts, found.first, found.last, found.agreement) == (4, 1.0, 4.0, 0.25)
    assert [(one.category, one.old, one.new, one.both) for one in found.volumes if one.old or one.new] == [
        ("abuse", 0, 2, 0), ("gambling", 1, 0, 0), ("fraud", 1, 1, 1),
    ]
    assert [one.key for one in found.caught] == ["k1", "k2"]
    assert [one.key for one in found.passed] == ["k3"]
    assert found.matrix[0][1] == 2
    assert sum(map(sum, found.matrix)) == 4
    assert compare(pairs, 0.8).caught_count == 1


def test_nothing_compared_is_no_agreement() -> None:
    found = compare([], 0.7)
    assert (found.texts, found.agreement, found.first, found.caught) == (0, None, None, ())


def test_only_the_most_changed_are_shown() -> None:
    found = compare([pair(n, "normal", "fraud") for n in range(30)], 0.7)
    assert (len(found.caught), found.caught_count) == (SHOWN, 30)


def test_precision_and_recall_of_both() -> None:
    truth = ["fraud", "fraud", "normal", "normal"]
    old = [scores("fraud"), scores("normal"), scores("fraud"), scores("normal")]
    new = [scores("fraud"), scores("fraud"), scores("normal"), scores("normal")]
    found = {one.category: one for one in judged_figures(truth, old, new)}
    assert set(found) == {"normal", "fraud"}
    assert found["fraud"].old == (0.5, 0.5)
    assert found["fraud"].new == (1.0, 1.0)
    never = judged_figures(["porn"], [scores("normal")], [scores("normal")])[0]
    assert never.new == (None, 0.0)


def test_scores_are_read_back_from_a_decision() -> None:
    signals = {
        "text_abuse_score": 0.1, "text_porn_score": 0.0, "text_gambling_score": 0.2, "text_fraud_score": 0.3,
        "text_ad_score": 0.0, "text_harm_score": 0.6,
    }
    assert scores_of(signals) == (0.4, 0.1, 0.0, 0.2, 0.3, 0.0)
    assert scores_of({**signals, "text_porn_score": None}) is None
    assert scores_of({}) is None


def test_a_fifth_of_all_texts_never_teaches() -> None:
    kept = sum(is_kept_back(digest_of(str(number))) for number in range(5_000))
    assert 0.18 < kept / 5_000 < 0.22
