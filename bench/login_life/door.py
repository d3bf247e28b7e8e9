"""The simulated platform's door: it looks at the proof, asks Anlan, obeys, and treats right and wrong proofs alike."""

from collections.abc import Generator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import NamedTuple

from anlan.domain.decisions import Decision
from anlan.domain.event_data import AccountLogin, VerificationCompleted
from bench.login_life.devices import Gear, new_token
from bench.login_life.stage import Planned, Stage

_SESSIONS = count()
MAX_WAITS = 3
"""How often a visitor who is told to wait comes back with the same proof."""


class Knock(NamedTuple):
    """One try at the door, as it was decided.

    Attributes:
        is_right: the proof was right.
        is_known: it came with a secret that the platform gave at an earlier sign-in to this account.
        wait_s: how long the visitor was told to wait.
    """

    time: float
    is_right: bool
    is_known: bool
    decision: Decision
    wait_s: float

    @property
    def is_free(self) -> bool:
        """Let through without anything being asked."""
        return self.decision.verdict in ("allow", "warn") and not self.wait_s


class Visitor(NamedTuple):
    """Who stands at the door, and where.

    Attributes:
        can_prove: whether they would pass a challenge.
    """

    gear: Gear
    ip: str
    can_prove: bool


@dataclass(eq=False, slots=True)
class Visit:
    """One visitor's way to one account, with every knock.

    Attributes:
        session: theirs once they are in.
    """

    account: str
    visitor: Visitor
    knocks: list[Knock] = field(default_factory=list)
    session: str | None = None

    @property
    def is_asked(self) -> bool:
        """Anything but a free way at any knock."""
        return any(not knock.is_free for knock in self.knocks)


class Door:
    """Keeps which secrets it gave to whom; whoever is not let in gets none."""

    def __init__(self, stage: Stage, rng: Random) -> None:
        self._stage = stage
        self._rng = rng
        self._given: set[tuple[str, str]] = set()

    def enter(
        self, visit: Visit, *, is_right: bool, delay_s: float = 0.0, method: str = "password"
    ) -> Generator[Planned, Decision, bool]:
        """One proof, offered again after a wait, and a challenge if one is put; whether the visitor is in."""
        token = visit.visitor.gear.token or new_token()
        session = f"session-{next(_SESSIONS)}"
        for _ in range(MAX_WAITS):
            decision = yield Planned(delay_s, self._login(visit, token, session, is_right, method))
            knock = self._note(visit, token, decision, is_right)
            if decision.verdict == "challenge":
                passed = visit.visitor.can_prove
                yield Planned(self._rng.uniform(10, 60), _proof(visit, token, session, passed))
                return is_right and passed and self._admit(visit, token, session)
            if not knock.wait_s:
                return is_right and knock.is_free and self._admit(visit, token, session)
            delay_s = knock.wait_s + self._rng.uniform(1, 5)
        return False

    def _login(self, visit: Visit, token: str, session: str, is_right: bool, method: str) -> AccountLogin:
        # A visitor without a secret is named by a fresh one, which is given to them only if they are let in.
        return AccountLogin(
            account=visit.account, result="success" if is_right else "failure", ip=visit.visitor.ip, device=token,
            method=method, failure_reason=None if is_right else "wrong_password", session=session,
            user_agent=visit.visitor.gear.agent(self._stage.now),
        )

    def _note(self, visit: Visit, token: str, decision: Decision, is_right: bool) -> Knock:
        waits = [float(action.parameters["seconds"]) for action in decision.actions if action.kind == "wait"]
        is_known = (visit.account, token) in self._given
        visit.knocks.append(Knock(self._stage.now, is_right, is_known, decision, max(waits, default=0.0)))
        return visit.knocks[-1]

    def _admit(self, visit: Visit, token: str, session: str) -> bool:
        visit.visitor.gear.token = token
        visit.session = session
        self._given.add((visit.account, token))
        return True


def _proof(visit: Visit, token: str, session: str, passed: bool) -> VerificationCompleted:
    return VerificationCompleted(
        account=visit.account, result="passed" if passed else "failed", method="totp", session=session, device=token,
        ip=visit.visitor.ip,
    )
