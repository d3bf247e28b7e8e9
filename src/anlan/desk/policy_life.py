"""The life of a policy as people lead it: a draft is checked, runs in shadow, and goes live by a second person."""

from collections.abc import Iterable

import msgspec
import structlog

from anlan import clock
from anlan.domain.facts import MAX_NOTICE_ID_CHARS, StaffNotice
from anlan.domain.keys import fitted
from anlan.domain.policies import Policy, State
from anlan.engine.policies import CheckedPolicy, PolicySet, check_policy, make_set, read_policies
from anlan.engine.signals import Registry
from anlan.errors import InvalidPolicy
from anlan.store.database import Database
from anlan.store.notices import tell_staff
from anlan.store.policies import Policies, PolicyVersion

log = structlog.get_logger(__name__)

PACK_AUTHOR = "starter pack"
PACK_APPROVER = "release review"
FILES_AUTHOR = "policy files"
FILES_APPROVER = "file review"
_WAY_TO: dict[State, tuple[State, ...]] = {
    "draft": (), "shadow": ("shadow",), "live": ("shadow", "live"), "retired": ("retired",),
}


class PolicyLife:
    """Adds, moves and loads policy versions; every step is checked against the signal catalogue first."""

    def __init__(self, database: Database, policies: Policies, registry: Registry) -> None:
        self._database = database
        self._policies = policies
        self._registry = registry

    def seed(self, pack: Iterable[tuple[Policy, str]]) -> int:
        """Bring in policies of the pack that the store does not know yet; how many those were."""
        known = {version.id for version in self._policies.newest()}
        fresh = [policy for policy, _ in pack if policy.id not in known]
        return self._policies.add_pack(fresh, PACK_AUTHOR, PACK_APPROVER) if fresh else 0

    def follow(self, files: Iterable[tuple[Policy, str]]) -> int:
        """Bring in what an operator's files say and did not say before; how many policies that changes.

        Files are reviewed where they are kept, so they may say `live` at once. What somebody writes in the console
        stands until the file says something new.

        Raises:
            InvalidPolicy: with every problem found; nothing was changed then.
        """
        said = list(files)
        make_set(said, self._registry)
        fresh = [policy for policy, _ in said if self._last_said(policy.id) != policy.source]
        for policy in fresh:
            version = self._policies.add(policy.id, policy.source, FILES_AUTHOR)
            for state in _WAY_TO[policy.state]:
                self._policies.move(policy.id, version, state, FILES_APPROVER)
            if policy.state == "retired":
                self._retire_others(policy.id)
        return len(fresh)

    def _last_said(self, policy_id: str) -> str | None:
        said = (one.body for one in self._policies.versions(policy_id) if one.author == FILES_AUTHOR)
        return next(said, None)

    def _retire_others(self, policy_id: str) -> None:
        for one in self._policies.versions(policy_id):
            if one.state != "retired":
                self._policies.move(policy_id, one.version, "retired", FILES_APPROVER)

    def draft(self, body: str, author: str) -> tuple[str, int]:
        """Check and store one policy's YAML as a new draft; (id, version).

        Raises:
            InvalidPolicy: what is wrong, with the column for conditions.
        """
        policy = self._read_one(body, "draft", 0)
        check_policy(policy, self._registry)
        return policy.id, self._policies.add(policy.id, body, author)

    def move(self, policy_id: str, version: int, state: State, by: str, backtest: bytes | None = None) -> None:
        """Move a version on, if it may be in that state and the whole set with it still holds together.

        Raises:
            InvalidPolicy, Conflict, Forbidden, NotFound.
        """
        found = self._policies.get(policy_id, version)
        if state != "retired":
            check_policy(self._read_one(found.body, state, version), self._registry)
        self._policies.move(policy_id, version, state, by, backtest)

    def checked(self, found: PolicyVersion) -> CheckedPolicy:
        """A stored version, read and checked."""
        return check_policy(self._read_one(found.body, found.state, found.version), self._registry)

    def load(self) -> PolicySet:
        """The set that the store says is in force, recorded under its hash.

        A version that no longer holds (a signal was removed, say) is set aside, and staff are told: the others go on
        protecting people.
        """
        sound: dict[str, CheckedPolicy] = {}
        for one in self._policies.in_force():
            try:
                sound[f"{one.id} v{one.version}"] = self.checked(one)
            except InvalidPolicy as error:
                self._tell_set_aside(one, error.message)
        every = [(checked.policy, where) for where, checked in sound.items()]
        found = make_set(every, self._registry, lambda _policy, _registry, where: sound[where])
        members = [(m.policy.id, m.policy.version, m.policy.state) for m in found.members]
        self._policies.record_set(found.hash, msgspec.json.encode(members))
        return found

    def _tell_set_aside(self, version: PolicyVersion, problem: str) -> None:
        subject, now = f"{version.id} v{version.version}", clock.now()
        log.error("policy_set_aside", policy=version.id, version=version.version, reason=problem)
        name = fitted(f"policy_set_aside.{subject}", MAX_NOTICE_ID_CHARS)
        told = StaffNotice(id=name, at=now, kind="policy_set_aside", subject=subject, details={"reason": problem})
        with self._database.write() as connection:
            tell_staff(connection, [told], now)

    def _read_one(self, body: str, state: State, version: int) -> Policy:
        policies = read_policies(body, "policy")
        if len(policies) != 1:
            raise InvalidPolicy("write exactly one policy here, as a YAML list with one entry")
        return msgspec.structs.replace(policies[0], state=state, version=version)
