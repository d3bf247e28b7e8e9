"""The generated evaluator: the sampled (timed) function must find what the plain one finds."""

from itertools import product

from anlan.domain.declarations import declare
from anlan.domain.events import Catalogue, Event
from anlan.domain.policies import Policy
from anlan.engine.conditions import parse
from anlan.engine.evaluator import SAMPLE_EVERY, Evaluator, SignalStats
from anlan.engine.inline import compile_condition
from anlan.engine.lists import Lists
from anlan.engine.policies import CheckedPolicy
from anlan.engine.profiles import Profiles
from anlan.engine.signals import Registry

ENTRY = declare("test.happened", "actor", {"actor": "account", "word": "text?", "score": "number?", "flag": "bool?"})


def make_evaluator(*conditions: str) -> Evaluator:
    registry = Registry(Catalogue((ENTRY,)), (), {})
    types = registry.types_on((ENTRY.name,))
    members = tuple(
        CheckedPolicy(
            Policy(id=f"test.p{n}", on=(ENTRY.name,), when=when, because={}, reason={}, category="c"),
            parse(when, types),
        )
        for n, when in enumerate(conditions)
    )
    return Evaluator(ENTRY, registry, (), members, SignalStats())


def test_sampled_events_are_judged_like_all_others() -> None:
    evaluator = make_evaluator("word IN ('a', 'b')", "regexp_matches(word, 'a+')", "score > 0.5 AND word LIKE 'x%y_'")
    event = Event("1", "test", ENTRY, 1.0, ENTRY.data(actor="a1", word="a", score=0.7), b"")  # type: ignore[call-arg]
    hits = [evaluator.run(event, Profiles(), Lists())[0][1] for _ in range(2 * SAMPLE_EVERY)]
    assert hits == [[0, 1]] * (2 * SAMPLE_EVERY)


CONDITIONS = (
    "flag AND score > 0.5",
    "flag AND word = 'a'",
    "NOT flag AND score > 0.2",
    "NOT flag",
    "score > 0.5 AND word IN ('a', 'b')",
    "score > 0.1 AND (word = 'a' OR flag)",
    "score > 0.5 OR word = 'b'",
    "score IS NULL AND word = 'a'",
    "coalesce(score, 1) > 0.5 AND NOT flag",
    "CASE WHEN flag THEN score ELSE 0.9 END > 0.5 AND word <> 'b'",
)


def test_conditions_that_share_their_beginning_mean_what_they_mean_alone() -> None:
    evaluator = make_evaluator(*CONDITIONS)
    alone = [compile_condition(member.condition) for member in evaluator.policies]
    for flag, word, score in product((True, False, None), ("a", "b", None), (0.0, 0.3, 0.9, None)):
        values = {"flag": flag, "word": word, "score": score}
        event = Event("1", "test", ENTRY, 1.0, ENTRY.data(actor="a1", **values), b"")  # type: ignore[call-arg]
        hits = evaluator.run(event, Profiles(), Lists())[0][1]
        assert hits == [index for index, holds in enumerate(alone) if holds(values)], values
