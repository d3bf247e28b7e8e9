"""In the demo community, who is led towards a scam is warned before the money moves, and honest talk is left alone."""

from collections import defaultdict
from typing import NamedTuple

import pytest
from dialogued import make_spine

from anlan.demo.simulation import Tempo, simulate
from anlan.domain.decisions import Decision
from anlan.domain.event_data import MessageSent, PaymentInitiated
from anlan.domain.events import Event
from anlan.engine.profiles import wanted

START = 1_764_547_200.0
LED, PAYER = "dialogue.led_towards_fraud", "dialogue.payer_was_led"
BUSY = Tempo(events_per_person_day=60.0, attacks_per_person_day=1.5)


class Seen(NamedTuple):
    """One judged event of a story."""

    event: Event
    decision: Decision
    label: str
    role: str

    def was_hit(self, policy: str) -> bool:
        return any(finding.policy == policy for finding in self.decision.findings)


@pytest.fixture(scope="module")
def stories() -> dict[str, list[Seen]]:
    spine, _ = make_spine()
    told: dict[str, list[Seen]] = defaultdict(list)
    for labelled in simulate(23, START, 24, people=120, tempo=BUSY):
        event = spine.catalogue.decode(labelled.cloudevent, START + 30 * 86_400.0)
        spine.engine.profiles.load(spine.engine.profiles.missing(wanted(event)), ())
        decision = spine.judge(event).decision
        told[labelled.story].append(Seen(event, decision, labelled.label, labelled.actor_role))
    return told


def paid(story: list[Seen]) -> int | None:
    """The place of the first payment that a victim makes to the gang; None if nobody paid."""
    return next((
        place for place, seen in enumerate(story)
        if isinstance(seen.event.data, PaymentInitiated) and seen.role == "victim"
    ), None)


def test_scripted_scams_are_flagged_before_the_money_moves(stories: dict[str, list[Seen]]) -> None:
    scams = [story for name, story in stories.items() if name.startswith("scam_by") and paid(story) is not None]
    assert len(scams) >= 10
    early = [any(seen.was_hit(LED) for seen in story[: paid(story)]) for story in scams]
    assert sum(early) / len(scams) >= 0.8
    stopped = [story[paid(story) or 0].was_hit(PAYER) for story in scams]
    assert sum(one or other for one, other in zip(early, stopped, strict=True)) / len(scams) >= 0.95


def test_the_victim_is_alerted_and_nobody_is_punished(stories: dict[str, list[Seen]]) -> None:
    hits = [seen for story in stories.values() for seen in story if seen.was_hit(LED)]
    assert hits
    for seen in hits:
        assert isinstance(seen.event.data, MessageSent)
        made = [action for action in seen.decision.actions if action.policy == LED]
        assert [(action.kind, action.target) for action in made] == [("alert", f"account:{seen.event.data.recipient}")]


def test_the_payment_waits_and_the_payer_is_stopped_with_a_question(stories: dict[str, list[Seen]]) -> None:
    hits = [seen for story in stories.values() for seen in story if seen.was_hit(PAYER)]
    assert hits
    for seen in hits:
        assert seen.decision.verdict == "hold"
        made = {action.kind: action.parameters for action in seen.decision.actions if action.policy == PAYER}
        assert set(made) == {"alert", "cool_down"}
        assert made["alert"]["strength"] == "stop"


def test_honest_conversations_are_left_alone(stories: dict[str, list[Seen]]) -> None:
    honest = [
        story for story in stories.values()
        if all(seen.label == "normal" and seen.role == "ordinary" for seen in story)
    ]
    assert len(honest) > 1_000
    alarmed = [story for story in honest if any(seen.was_hit(LED) or seen.was_hit(PAYER) for seen in story)]
    assert len(alarmed) / len(honest) <= 0.005
