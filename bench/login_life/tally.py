"""What came of it: who was stopped at the door, how soon the others were contained, and what honest members felt."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bench.login_life.anchors import DAY_S
from bench.login_life.attacks import SPRAY_DAYS, STUFFING_DAYS
from bench.login_life.door import Knock, Visit
from bench.login_life.world import BEGIN, Theft, World

SCENARIOS = ("brute force", "guessing", "stuffing", "spraying", "phished", "targeted", "session theft")
PROMPT_EVENTS = 10
BUDGETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
RISK = "login_risk"
"""The signal by which the door's policies weigh a sign-in; what they decide without it stands at every budget."""


class Door(NamedTuple):
    """One knock with the right proof, boiled down: its risk, and whether policies ask without looking at the risk."""

    risk: float
    is_asked_anyway: bool


class Outcome(NamedTuple):
    """One scenario.

    Attributes:
        thefts: accounts for which the right proof was in hand.
        stopped: of them never entered.
        contained: of those entered, contained within `PROMPT_EVENTS` of the thief's events.
        events: of the thief until containment, sorted; those never contained are left out.
        seconds: from getting in until containment, sorted, likewise.
    """

    thefts: int
    stopped: int
    contained: int
    events: tuple[int, ...]
    seconds: tuple[float, ...]

    @property
    def entered(self) -> int:
        """Thieves who got in."""
        return self.thefts - self.stopped

    @property
    def stopped_share(self) -> float:
        """Of 1."""
        return self.stopped / self.thefts if self.thefts else 1.0

    @property
    def contained_share(self) -> float:
        """Of those who got in, of 1."""
        return self.contained / self.entered if self.entered else 1.0


class Record(NamedTuple):
    """Everything measured in one world; records of several worlds add up.

    Attributes:
        attacked: accounts at whose door a thief tried anything; `entered` of them were entered.
        owners: members who came in the watched days; `owners_asked` were asked at least once, `owners_kept_out` came
            and were never let in though they could prove themselves.
        visits: honest visits in the watched days; `asked` of them met anything but a free way.
        asked_in_peace, visits_in_peace: the same outside of mass attacks.
        kept_from_known: honest right proofs with a known device that were not let through freely.
        honest: honest knocks with the right proof; `thieves` those of thieves, the first one of each.
    """

    outcomes: dict[str, Outcome]
    attacked: int
    entered: int
    owners: int
    owners_asked: int
    owners_kept_out: int
    visits: int
    asked: int
    visits_in_peace: int
    asked_in_peace: int
    known_knocks: int
    kept_from_known: int
    honest_sessions: int
    wrongly_contained: int
    honest: list[Door]
    thieves: dict[str, list[Door]]


def record(world: World) -> Record:
    """What happened in a world that has been played to its end."""
    visits = [visit for _, visit in world.honest if visit.knocks]
    peaceful = [visit for at, visit in world.honest if visit.knocks and not _is_in_mass_attack(at)]
    right = [knock for visit in visits for knock in visit.knocks if knock.is_right]
    known = [knock for knock in right if knock.is_known]
    blind = _blind_policies(world)
    owners = {visit.account for visit in visits}
    return Record(
        outcomes={name: _outcome(theft for theft in world.thefts if theft.scenario == name) for name in SCENARIOS},
        attacked=len(world.attacked), entered=len(world.entered & world.attacked),
        owners=len(owners), owners_asked=len({visit.account for visit in visits if visit.is_asked}),
        owners_kept_out=len(_kept_out(visits)),
        visits=len(visits), asked=sum(visit.is_asked for visit in visits),
        visits_in_peace=len(peaceful), asked_in_peace=sum(visit.is_asked for visit in peaceful),
        known_knocks=len(known), kept_from_known=sum(not knock.is_free for knock in known),
        honest_sessions=world.honest_sessions, wrongly_contained=world.wrongly_contained,
        honest=[_weigh(knock, blind) for knock in right],
        thieves={
            name: [_weigh(knock, blind) for theft in world.thefts if theft.scenario == name for knock in _first(theft)]
            for name in SCENARIOS
        },
    )


def _kept_out(visits: Sequence[Visit]) -> set[str]:
    """Owners who were able to prove themselves and had the right password, and yet never got in."""
    able = [visit for visit in visits if visit.visitor.can_prove and any(knock.is_right for knock in visit.knocks)]
    return {visit.account for visit in able} - {visit.account for visit in able if visit.session}


def _is_in_mass_attack(at: float) -> bool:
    day = (at - BEGIN) / DAY_S
    return SPRAY_DAYS[0] <= day < SPRAY_DAYS[1] or any(began <= day < began + 0.25 for began in STUFFING_DAYS)


def _outcome(thefts: Iterable[Theft]) -> Outcome:
    held = [theft for theft in thefts if theft.is_inside or any(_first(theft))]
    entered = [theft for theft in held if theft.is_inside]
    ended = [(theft.contained_at, theft.contained_after_s) for theft in entered if theft.contained_at is not None]
    events = sorted(number for number, _ in ended)
    seconds = sorted(after for _, after in ended)
    prompt = sum(number <= PROMPT_EVENTS for number in events)
    return Outcome(len(held), len(held) - len(entered), prompt, tuple(events), tuple(seconds))


def _first(theft: Theft) -> list[Knock]:
    return [knock for visit in theft.visits for knock in visit.knocks if knock.is_right][:1]


def _blind_policies(world: World) -> frozenset[str]:
    """Policies that do not read the risk."""
    members = world.workshop.engine.policies.on("account.login")
    return frozenset(member.policy.id for member in members if RISK not in member.condition.names)


def _weigh(knock: Knock, blind: frozenset[str]) -> Door:
    asked = any(
        finding.policy in blind and finding.verdict not in ("allow", "warn") for finding in knock.decision.findings
    )
    return Door(float(knock.decision.signals.get(RISK, 0.0)), asked or bool(knock.wait_s))


def add(records: Sequence[Record]) -> Record:
    """All records as one."""
    first, *others = records
    for other in others:
        first = Record(*(_sum(one, two) for one, two in zip(first, other, strict=True)))
    return first


def _sum(one: Any, two: Any) -> Any:
    if isinstance(one, dict) and isinstance(two, dict):
        return {name: _sum(one[name], two[name]) for name in one}
    if isinstance(one, Outcome):
        return Outcome(*(mine + theirs for mine, theirs in zip(one, two, strict=True)))
    return one + two


class Point(NamedTuple):
    """At one threshold of risk: the share of honest right proofs that is asked, and of thieves' by scenario."""

    threshold: float
    honest: float
    thieves: Mapping[str, float]


def curve(record: Record, budgets: Sequence[float] = BUDGETS) -> list[Point]:
    """For each budget the lowest threshold that keeps within it, and what it would ask of whom.

    Policies that do not read the risk ask as they did; a budget that they alone exceed gets a threshold above 1.
    """
    risks = sorted({door.risk for door in record.honest}, reverse=True)
    points = []
    for budget in budgets:
        threshold = 1.01
        for risk in risks:
            if _asked(record.honest, risk) > budget:
                break
            threshold = risk
        shares = {name: _asked(doors, threshold) for name, doors in record.thieves.items() if doors}
        points.append(Point(threshold, _asked(record.honest, threshold), shares))
    return points


def _asked(doors: Sequence[Door], threshold: float) -> float:
    return sum(door.is_asked_anyway or door.risk >= threshold for door in doors) / max(1, len(doors))
