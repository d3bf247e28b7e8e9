"""Many findings become one verdict and one list of actions, whatever order the policies stand in."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from anlan.domain.actions import Action
from anlan.domain.decisions import Finding
from anlan.domain.policies import SEVERITIES, VERDICT_WORDS
from anlan.engine.resolve import resolve


def finding(policy: str, verdict: str = "warn", severity: str = "low", *actions: Action) -> Finding:
    return Finding(
        policy=policy, version=1, verdict=verdict, severity=severity, category="c", because="", values={},
        actions=actions,
    )


def action(kind: str = "mute", target: str = "account:a", policy: str = "p", **parameters: object) -> Action:
    return Action(kind=kind, target=target, policy=policy, parameters=parameters)


ACTIONS = st.builds(
    lambda kind, target, hours, queue: action(
        kind, target, **({"hours": hours} if kind == "mute" else {"queue": queue, "priority": int(hours)})
    ),
    st.sampled_from(["mute", "case"]), st.sampled_from(["account:a", "account:b"]), st.sampled_from([1.0, 2.0, 24.0]),
    st.sampled_from(["fraud", "spam"]),
)
FINDINGS = st.lists(
    st.tuples(st.sampled_from(VERDICT_WORDS), st.sampled_from(SEVERITIES), st.lists(ACTIONS, max_size=2)), max_size=6
).map(lambda rows: [finding(f"p.{n}", verdict, severity, *does) for n, (verdict, severity, does) in enumerate(rows)])


@given(FINDINGS, st.randoms())
def test_the_order_of_policies_does_not_matter(findings: list[Finding], chance: Random) -> None:
    shuffled = list(findings)
    chance.shuffle(shuffled)
    assert resolve(shuffled) == resolve(findings)


@given(FINDINGS)
def test_the_verdict_is_the_most_severe_and_its_finding_comes_first(findings: list[Finding]) -> None:
    verdict, ordered, actions = resolve(findings)
    assert verdict == max((one.verdict for one in findings), key=VERDICT_WORDS.index, default="allow")
    assert not ordered or ordered[0].verdict == verdict
    assert {(a.kind, a.target) for a in actions} == {(a.kind, a.target) for one in findings for a in one.actions}


def test_of_equal_verdicts_the_graver_explains_and_then_the_name_decides() -> None:
    _, ordered, _ = resolve([finding("p.b"), finding("p.c", severity="high"), finding("p.a")])
    assert [one.policy for one in ordered] == ["p.c", "p.a", "p.b"]


def test_the_same_act_is_done_once_and_as_strongly_as_anybody_asked() -> None:
    short, long = action(hours=1.0, policy="p.a"), action(hours=24.0, policy="p.b")
    _, _, (only,) = resolve([finding("p.a", "warn", "high", short), finding("p.b", "warn", "low", long)])
    assert (only.policy, only.parameters) == ("p.a", {"hours": 24.0})


def test_different_queues_scenarios_and_targets_are_different_acts() -> None:
    acts = (
        action("case", queue="fraud", priority=3), action("case", queue="spam"), action(hours=1.0),
        action(target="account:b", hours=1.0), action("case", queue="fraud", priority=1),
    )
    _, _, actions = resolve([finding("p.a", "warn", "low", *acts)])
    assert [one.parameters.get("priority") for one in actions if one.parameters.get("queue") == "fraud"] == [1]
    assert len(actions) == 4
