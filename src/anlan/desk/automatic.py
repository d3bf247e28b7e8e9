"""What policies did to members without a person becomes a sanction that can be read, appealed and taken back.

The platform has been told by the policy's own action already. Past a policy's quota (law 7) the action is lifted again
and a case is opened: people decide.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from anlan.desk.sanctions import Sanctions, name_sanction
from anlan.domain.actions import Action
from anlan.domain.facts import MAX_NOTICE_ID_CHARS, StaffNotice
from anlan.domain.keys import fitted
from anlan.domain.ladder import DAY_S, HOUR_S
from anlan.domain.sanctions import LIFTABLE_STATES, Ground
from anlan.store.automatic import Judged, Step, follow, passes_in, sort_orders
from anlan.store.cases import NewCase, open_case
from anlan.store.marks import AUTOMATIC
from anlan.store.notices import tell_staff
from anlan.store.sanctions import Sanction, count_ordered_by, states_of

KIND_BY_ACTION = {"mute": "mute", "restrict": "limit_feature"}
QUEUE = "review"
WITHDRAWN = "a closer look took the measure back"
OVER_QUOTA = "this policy has used up its quota for the hour; a person decides"
_OVER_QUOTA_WORDS = {
    "zh": "这项自动限制已解除，将由人工审核后再决定。",
    "en": "This automatic limit was lifted again; a person looks at it first.",
}


class Measure(NamedTuple):
    """One action of a policy against an account, with the decision that asked for it."""

    sanction_id: str
    action: Action
    judged: Judged


class AutomaticSanctions:
    """Takes in what was decided since the last round, and second passes that came late."""

    def __init__(self, sanctions: Sanctions) -> None:
        self._sanctions = sanctions

    def take_in(self, now: float) -> int:
        """Keep every temporary measure of a policy as a sanction, each once; returns how many were new."""
        def look(connection: Connection, step: Step) -> tuple[list[Measure], list[Measure]]:
            stands, gone = sort_orders(passes_in(connection, step), lambda judged: _measures(judged, kinds))
            known = states_of(connection, [*stands, *gone])
            fresh = [measure for name, measure in stands.items() if name not in known]
            return fresh, [measure for name, measure in gone.items() if known.get(name) in LIFTABLE_STATES]

        def keep(connection: Connection, found: tuple[list[Measure], list[Measure]]) -> int:
            fresh, withdrawn = found
            for measure in withdrawn:
                by = f"policy:{measure.action.policy}"
                self._sanctions.lift(connection, measure.sanction_id, by, WITHDRAWN, now)
            for measure in fresh:
                self._keep(connection, measure, now)
            return len(fresh)

        kinds = self._sanctions.ladder.automatic.kinds
        return follow(self._sanctions.database, AUTOMATIC, look, keep)

    def _keep(self, connection: Connection, measure: Measure, now: float) -> None:
        sanction = self._sanction(measure, now)
        used = count_ordered_by(connection, sanction.ordered_by, now - HOUR_S)
        if used >= self._sanctions.ladder.automatic.quota_per_hour:
            self._hand_over(connection, sanction, measure, now)
        else:
            self._sanctions.adopt(connection, sanction, now)

    def _sanction(self, measure: Measure, now: float) -> Sanction:
        action, judged, rules = measure.action, measure.judged, self._sanctions.ladder.automatic
        finding = next((one for one in judged.decision.findings if one.policy == action.policy), None)
        ends_at = judged.decided_at + float(action.parameters["hours"]) * HOUR_S
        return Sanction(
            id=measure.sanction_id, target=action.target, kind=KIND_BY_ACTION[action.kind],
            feature=str(action.parameters.get("feature", "")), starts_at=judged.decided_at, ends_at=ends_at,
            is_permanent=False, rule=action.policy, category=finding.category if finding else "other",
            severity=finding.severity if finding else "low", strikes=rules.strikes,
            strikes_until=judged.decided_at + rules.window_days * DAY_S,
            grounds=(Ground("policy", finding.reason),) if finding else (), finding_seq=judged.event_seq,
            finding_pass=judged.decision.pass_number, finding_policy=action.policy,
            ordered_by=f"policy:{action.policy}", ordered_at=now, state="in_force" if ends_at > now else "ended",
        )

    def _hand_over(self, connection: Connection, sanction: Sanction, measure: Measure, now: float) -> None:
        """Past the quota: the measure is lifted, a person decides, and staff are told once an hour."""
        self._sanctions.disown(connection, sanction, OVER_QUOTA, _OVER_QUOTA_WORDS, now)
        case = NewCase(
            kind="review", queue=QUEUE, target=sanction.target, category=sanction.category, policy=sanction.rule,
            event_seq=measure.judged.event_seq,
        )
        open_case(connection, case, "system", now)
        notice_id = fitted(f"sanction_quota.{sanction.rule}.{int(now // HOUR_S)}", MAX_NOTICE_ID_CHARS)
        quota = {"quota_per_hour": self._sanctions.ladder.automatic.quota_per_hour}
        told = StaffNotice(id=notice_id, at=now, kind="sanction_quota", subject=sanction.rule, details=quota)
        tell_staff(connection, [told], now)


def _measures(judged: Judged, kinds: Sequence[str]) -> dict[str, Measure]:
    """By sanction."""
    found: dict[str, Measure] = {}
    for action in judged.decision.actions:
        kind = KIND_BY_ACTION.get(action.kind)
        is_lasting = float(action.parameters.get("hours", 0)) > 0
        if kind in kinds and kind is not None and is_lasting and action.target.startswith("account:"):
            feature = str(action.parameters.get("feature", ""))
            name = name_sanction(f"event:{judged.event_seq}", action.target, kind, feature, 0)
            found[name] = Measure(name, action, judged)
    return found
