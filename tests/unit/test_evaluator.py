"""The generated evaluator: the sampled (timed) function must find what the plain one finds."""

from anlan.domain.declarations import declare
from anlan.domain.events import Catalogue, Event
from anlan.domain.policies import Policy
from anlan.engine.conditions import parse
from anlan.engine.evaluator import SAMPLE_EVERY, Evaluator, SignalStats
from anlan.engine.lists import Lists
from anlan.engine.policies import CheckedPolicy
from anlan.engine.profiles import Profiles
from anlan.engine.signals import Registry

ENTRY = declare("test.happened", "actor", {"actor": "account", "word": "text?", "score": "number?"})


def make_evaluator(*conditions: str) -> Evaluator:
    registry = Registry(Catalogue((ENTRY,)), (), {})
    types = registry.types_on((ENTRY.name,))
    members = tuple(
        CheckedPolicy(
            Policy(id=f"test.p{n}", on=(ENTRY.name,), when=when, because={}, reason={}, category="c"), parse(when, types)
        )
        for n, when in enumerate(conditions)
    )
    return Evaluator(ENTRY, registry, (), members, SignalStats())


def test_sampled_events_are_judged_like_all_others() -> None:
    evaluator = make_evaluator("word IN ('a', 'b')", "regexp_matches(word, 'a+')", "score > 0.5 AND word LIKE 'x%y_'")
    event = Event("1", "test", ENTRY, 1.0, ENTRY.data(actor="a1", word="a", score=0.7), b"")  # type: ignore[call-arg]
    hits = [evaluator.run(event, Profiles(), Lists())[0].hits for _ in range(2 * SAMPLE_EVERY)]
    assert hits == [[0, 1]] * (2 * SAMPLE_EVERY)
