"""How much of the demo's traffic would be put to a language model, were one connected: nothing is asked here."""

from collections import Counter

from anlan import clock
from anlan.demo.simulation import simulate
from anlan.engine.profiles import wanted
from anlan.settings import Settings
from anlan.workshop import Workshop, build_workshop, starter_set
from bench.measure import Figure, at_most, run_alone, show_table

SEEDS = (1, 2, 3)
GREY_FROM, GREY_TO = 0.5, 0.8
"""The band of the shipped policy `content.fraud_second_opinion`, here of any harm."""
NOWHERE = Settings(llm_url="http://127.0.0.1:9/v1", llm_model="none")


def asking_policies(workshop: Workshop) -> frozenset[str]:
    """Those that read what only the language model says."""
    said = {made.name for made in workshop.registry.by_name.values() if made.reads == ("llm_reading",)}
    members = workshop.engine.policies.members
    return frozenset(member.policy.id for member in members if said.intersection(member.condition.names))


def count_asked(seed: int, hours: int) -> Counter[str]:
    """Texts of one demo, those that the starter policies would ask about, and those in the grey band."""
    workshop = build_workshop(NOWHERE)
    engine = workshop.engine
    engine.swap(starter_set(workshop.registry))
    asking = asking_policies(workshop)
    counted: Counter[str] = Counter()
    for made in simulate(seed, clock.now() - 3_600.0 * hours, hours):
        now = clock.now()
        event = workshop.catalogue.decode(made.cloudevent, now)
        engine.profiles.load(engine.profiles.missing(wanted(event)), ())
        decision = engine.judge(event, now).decision
        harm = decision.signals.get("text_harm_score")
        counted["texts"] += harm is not None
        counted["asked"] += not asking.isdisjoint((*decision.pending, *decision.shadow_pending))
        counted["grey"] += harm is not None and GREY_FROM <= harm <= GREY_TO
    return counted


def run(quick: bool) -> list[Figure]:
    """Print one row a community; the figure of the Reach."""
    seeds = SEEDS[:1] if quick else SEEDS
    found = [count_asked(seed, 4 if quick else 24) for seed in seeds]
    rows = [
        [f"demo {seed}", f"{one['texts']:,}", f"{one['asked']:,}", f"{one['asked'] / one['texts']:.2%}",
         f"{one['grey'] / one['texts']:.2%}"]
        for seed, one in zip(seeds, found, strict=True)
    ]
    show_table("Texts put to a language model", ["", "texts", "asked", "share", "grey in any harm"], rows)
    total = sum(found, Counter[str]())
    return [
        at_most("texts that the starter policies put to a language model, %", 100 * total["asked"] / total["texts"], 3),
        Figure("texts whose harm is in the grey band at all, %", f"{100 * total['grey'] / total['texts']:.2f}"),
    ]


if __name__ == "__main__":
    run_alone(run)
