"""What 10, 100 and 500 policies over 60 ready signals cost an event, beside plain Python and three rule engines."""

import json
import re
from collections.abc import Callable
from typing import Any

import cel
import rule_engine
import zen

from anlan.domain.declarations import declare
from anlan.domain.events import Catalogue, Event
from anlan.domain.policies import Policy
from anlan.engine.conditions import parse
from anlan.engine.evaluator import Evaluator, SignalStats
from anlan.engine.lists import Lists
from anlan.engine.policies import CheckedPolicy
from anlan.engine.profiles import Profiles
from anlan.engine.signals import Registry
from bench.measure import Figure, at_least, at_most, interleave, run_alone, show_table
from bench.workload import SIGNALS, Rule, make_rows, make_rules, plain_python

FIELDS = {"actor": "account", **{name: f"{kind}?" for name, kind in SIGNALS.items()}}
MEASURED = declare("bench.measured", "actor", FIELDS)
Judge = Callable[[Any], list[int]]


def make_events(rows: list[dict[str, Any]]) -> list[Event]:
    """The rows as decoded events."""
    return [Event(str(n), "bench", MEASURED, 1.7e9, MEASURED.data(actor="a", **row), b"") for n, row in enumerate(rows)]


def ours(rules: list[Rule]) -> Judge:
    """The evaluator that the server uses."""
    registry = Registry(Catalogue((MEASURED,)), (), {})
    types = registry.types_on((MEASURED.name,))
    members = tuple(
        CheckedPolicy(
            Policy(
                id=f"bench.p{n}", on=(MEASURED.name,), when=(when := rule.write("sql")), because={}, reason={},
                category="",
            ),
            parse(when, types),
        )
        for n, rule in enumerate(rules)
    )
    evaluator = Evaluator(MEASURED, registry, (), members, SignalStats())
    profiles, lists = Profiles(), Lists()
    return lambda event: evaluator.run(event, profiles, lists)[0][1]


def by_hand(rules: list[Rule]) -> Judge:
    """What one would write by hand: one function, values in locals, cheap claims first, unknowns impossible."""
    conditions, bound = plain_python(rules)
    read = [name for name in SIGNALS if any(re.search(rf"\b{name}\b", condition) for condition in conditions)]
    lines = ["def judge(event):", "    data = event.data", "    hits = []"]
    lines += [f"    {name} = data.{name}" for name in read]
    for index, condition in enumerate(conditions):
        lines += [f"    if {condition}:", f"        hits.append({index})"]
    exec("\n".join([*lines, "    return hits"]), bound)
    judge: Judge = bound["judge"]
    return judge


def rust_cel(rules: list[Rule]) -> Judge:
    """common-expression-language: compiled programs over one shared context an event."""
    programs = [cel.compile(rule.write("cel")) for rule in rules]

    def judge(row: dict[str, Any]) -> list[int]:
        context = cel.Context(variables=row)
        return [index for index, program in enumerate(programs) if program.execute(context)]

    return judge


def zen_graph(rules: list[Rule]) -> Judge:
    """zen-engine: one decision graph whose expression node holds every condition."""
    expressions = [{"id": f"e{n}", "key": f"r{n}", "value": rule.write("zen")} for n, rule in enumerate(rules)]
    graph = {
        "nodes": [
            {"id": "in", "name": "in", "type": "inputNode"},
            {"id": "rules", "name": "rules", "type": "expressionNode", "content": {"expressions": expressions}},
            {"id": "out", "name": "out", "type": "outputNode"},
        ],
        "edges": [
            {"id": "1", "sourceId": "in", "targetId": "rules"}, {"id": "2", "sourceId": "rules", "targetId": "out"},
        ],
    }
    decision = zen.ZenEngine().create_decision(json.dumps(graph))
    names = [f"r{index}" for index in range(len(rules))]

    def judge(row: dict[str, Any]) -> list[int]:
        result = decision.evaluate(row)["result"]
        return [index for index, name in enumerate(names) if result[name]]

    return judge


def rule_engine_rules(rules: list[Rule]) -> Judge:
    """rule-engine: one rule object a condition."""
    made = [rule_engine.Rule(rule.write("rule_engine")) for rule in rules]
    return lambda row: [index for index, rule in enumerate(made) if rule.matches(row)]


PEERS: dict[str, Callable[[list[Rule]], Judge]] = {
    "common-expression-language": rust_cel, "zen-engine": zen_graph, "rule-engine": rule_engine_rules,
}


def works_of(count: int, events: int) -> dict[str, tuple[Callable[[], object], int]]:
    """Each way to ask `count` policies, with how many events it asks them of; all have been found to agree."""
    rules = make_rules(count)
    rows, holed = make_rows(events), make_events(make_rows(events, unknown_share=0.2))
    known = make_events(rows)
    few = rows[: max(10, 4_000 // count)]
    judges = {name: make(rules) for name, make in PEERS.items()}
    own, hand = ours(rules), by_hand(rules)
    expected = [hand(event) for event in known]
    assert [own(event) for event in known] == expected
    for name, judge in judges.items():
        assert [judge(row) for row in few] == expected[: len(few)], name
    works: dict[str, tuple[Callable[[], object], int]] = {
        "by hand": (lambda: [hand(event) for event in known], events),
        "Anlan": (lambda: [own(event) for event in known], events),
        "Anlan, 20 % unknown": (lambda: [own(event) for event in holed], events),
    }
    for name, judge in judges.items():
        works[name] = (lambda judge=judge: [judge(row) for row in few], len(few))  # type: ignore[misc]
    return works


def run(quick: bool) -> list[Figure]:
    """Print the table; the figures of the Reach."""
    counts = (10, 100, 500)
    made = {(count, name): work for count in counts for name, work in works_of(count, 2_000).items()}
    seconds = interleave({str(key): work for key, (work, _) in made.items()}, 3 if quick else 11)
    taken: dict[int, dict[str, float]] = {count: {} for count in counts}
    for (count, name), (_, events) in made.items():
        taken[count][name] = seconds[str((count, name))] / events * 1e6
    names = list(taken[100])
    show_table(
        "Policies over 60 ready signals: CPU µs an event (× Anlan), and events/s a core for 100 policies",
        ["", *(f"{count} policies" for count in counts), "events/s at 100"],
        [
            [name, *(f"{taken[c][name]:,.1f} (×{taken[c][name] / taken[c]['Anlan']:.2f})" for c in counts),
             f"{1e6 / taken[100][name]:,.0f}"]
            for name in names
        ],
    )
    us = {count: taken[count]["Anlan"] for count in counts}
    return [
        Figure("100 policies over 60 ready signals, µs an event", f"{us[100]:.1f}"),
        Figure("the same, events/s on one core", f"{1e6 / us[100]:,.0f}"),
        at_most("100 policies: times a hand-compiled function", us[100] / taken[100]["by hand"], 2.5),
        at_least("100 policies: times faster than Rust CEL", taken[100]["common-expression-language"] / us[100], 10),
        at_most("500 policies: times the cost of 100 (linear is 5)", us[500] / us[100], 6.0),
    ]


if __name__ == "__main__":
    run_alone(run)
