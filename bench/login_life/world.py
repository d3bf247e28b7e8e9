"""One simulated community: months of honest habits, then days in which thieves come, all through one engine."""

from dataclasses import dataclass, field
from random import Random

from anlan.demo.scripts import phrasebook
from anlan.domain.decisions import Decision
from anlan.domain.event_data import DeviceDisowned, PasswordChanged, SessionChanged
from anlan.settings import Settings
from anlan.workshop import build_workshop, starter_set
from bench.login_life import anchors
from bench.login_life.anchors import DAY_S
from bench.login_life.deeds import Hand, live, plunder
from bench.login_life.devices import Gear
from bench.login_life.door import Door, Visit, Visitor
from bench.login_life.members import Member, past_of, people, sign_in_times
from bench.login_life.stage import Planned, Stage, Story

START = 1_780_000_000.0
HABIT_DAYS = 100.0
TALK_FROM_DAY = 88.0
"""Before, members only sign in: what they say costs time and tells the door nothing."""
WATCHED_DAYS = 12.0
BEGIN = START + HABIT_DAYS * DAY_S
END = BEGIN + WATCHED_DAYS * DAY_S


@dataclass(eq=False, slots=True)
class Theft:
    """One thief's way to one account.

    Attributes:
        visits: at the door, while the right proof was in hand or being sought.
        deeds: events that the thief caused once inside.
        contained_at: how many of them there had been when the account was contained; None if it never was.
        contained_after_s: since they got in.
    """

    scenario: str
    member: Member
    visits: list[Visit] = field(default_factory=list)
    is_inside: bool = False
    deeds: int = 0
    contained_at: int | None = None
    inside_since: float = 0.0
    contained_after_s: float = 0.0

    def enter(self, now: float) -> None:
        """The thief is in."""
        self.is_inside, self.inside_since = True, now

    def end(self, now: float) -> None:
        """The account is contained."""
        self.contained_at, self.contained_after_s = self.deeds, now - self.inside_since


class World:
    """A community of `count` members that belongs to `seed`."""

    def __init__(self, seed: int, count: int) -> None:
        workshop = build_workshop(Settings(max_profiles=5_000_000))
        workshop.engine.swap(starter_set(workshop.registry))
        self.workshop = workshop
        self.rng = Random(f"logins:{seed}")
        self.book = phrasebook()
        self.stage = Stage(workshop, START - 1000 * DAY_S)
        self.door = Door(self.stage, self.rng)
        self.members = people(self.rng, count, START, BEGIN)
        self.honest: list[tuple[float, Visit]] = []
        self.wrongly_contained = 0
        self.honest_sessions = 0
        self.thefts: list[Theft] = []
        self.attacked: set[str] = set()
        self.entered: set[str] = set()

    def live_through_habits(self) -> None:
        """The past, the months in which habits form, and the plan of the days to come."""
        for at, data in past_of(self.members, self.rng, START):
            self.stage.judge(data, at)
        self.stage.now = START
        for member in self.members:
            for gear in member.gear:
                self.stage.begin(self.sign_in(member, gear), START + self.rng.random() * DAY_S)
            for at in sign_in_times(member, self.rng, START + DAY_S, END):
                self.stage.begin(self.sign_in(member), at)
        self.stage.play(BEGIN)

    def sign_in(self, member: Member, gear: Gear | None = None) -> Story:
        """An owner signs in, after typing errors or with a forgotten password, and lives on; `gear` from home."""
        rng, now = self.rng, self.stage.now
        member.pass_time(rng, now)
        used, ip = (gear, member.home_ip) if gear else member.stand_somewhere(rng, now)
        visit = Visit(member.account, Visitor(used, ip, rng.random() < anchors.OWNER_PROVES))
        if now >= BEGIN:
            self.honest.append((now, visit))
        method = "password"
        if rng.random() < anchors.FORGOTTEN_A_MONTH / (30.4 * member.sign_ins_a_day):
            method = "sms_code"
            for _ in range(rng.randrange(2, 6)):
                yield from self.door.enter(visit, is_right=False, delay_s=rng.uniform(4, 40))
            yield Planned(120.0, PasswordChanged(account=member.account, way="reset", ip=ip))
        while rng.random() < anchors.TYPO_CHANCE:
            yield from self.door.enter(visit, is_right=False, delay_s=rng.uniform(3, 20))
        is_in = yield from self.door.enter(visit, is_right=True, delay_s=rng.uniform(3, 20), method=method)
        member.session = visit.session or member.session
        if is_in and visit.session and self.stage.now >= START + TALK_FROM_DAY * DAY_S:
            yield from self._live(Hand(member, visit.session, used.token, ip))

    def _live(self, hand: Hand) -> Story:
        self.honest_sessions += 1
        for planned in live(self.rng, self.book, hand):
            decision = yield planned
            if is_contained(decision):
                self.wrongly_contained += 1
                return

    def steal(self, theft: Theft, visitor: Visitor, *, is_right: bool = True, delay_s: float = 0.0) -> Story:
        """One proof offered by a thief; who gets in plunders the account until it is contained."""
        if theft.is_inside:
            return
        visit = Visit(theft.member.account, visitor)
        theft.visits.append(visit)
        self.attacked.add(visit.account)
        is_in = yield from self.door.enter(visit, is_right=is_right, delay_s=delay_s)
        if is_in and visit.session:
            theft.enter(self.stage.now)
            self.entered.add(visit.account)
            hand = Hand(theft.member, visit.session, visitor.gear.token, visitor.ip)
            yield from self.plunder(theft, hand, visitor.can_prove)

    def steal_session(self, theft: Theft, visitor: Visitor) -> Story:
        """A thief who copied a live session: no sign-in, only its use from another place."""
        theft.enter(self.stage.now)
        own = theft.member.gear[0]
        hand = Hand(theft.member, theft.member.session, own.token, visitor.ip)
        begun = SessionChanged(
            account=theft.member.account, change="refreshed", session=hand.session, device=own.token, ip=visitor.ip,
            user_agent=visitor.gear.agent(self.stage.now),
        )
        theft.deeds += 1
        decision = yield Planned(0.0, begun)
        if self._notice(theft, decision, can_prove=False):
            return
        yield from self.plunder(theft, hand, can_prove=False)

    def plunder(self, theft: Theft, hand: Hand, can_prove: bool) -> Story:
        """Deeds, one after the other, until Anlan ends them; then the device is the owner's no more."""
        for planned in plunder(self.rng, self.book, hand):
            theft.deeds += 1
            decision = yield planned
            if self._notice(theft, decision, can_prove=can_prove):
                break
        if theft.scenario != "session theft" and hand.device:
            yield Planned(3600.0, DeviceDisowned(account=hand.member.account, device=hand.device))

    def _notice(self, theft: Theft, decision: Decision, *, can_prove: bool) -> bool:
        """Whether this decision ends the theft: the account is contained, or a proof is asked that the thief lacks."""
        is_asked = decision.verdict == "challenge" and not can_prove
        if is_contained(decision) or is_asked:
            theft.end(self.stage.now)
        return theft.contained_at is not None


def is_contained(decision: Decision) -> bool:
    """The account is cut off from whoever acts with it."""
    return any(action.kind in ("contain", "end_sessions") for action in decision.actions)
