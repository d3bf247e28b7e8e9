"""The path of an event, read top to bottom: signals, policies, fuses, one decision; and the second look.

Everything here is synchronous and pure but for counters, profiles and fuses, which belong to this process and are
rebuilt from the journal when a commit fails.
"""

import asyncio
import inspect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from anlan.clock import stopwatch
from anlan.domain.actions import KINDS, Action
from anlan.domain.decisions import Decision, Finding, Judged
from anlan.domain.events import Event
from anlan.domain.facts import MAX_NOTICE_ID_CHARS, StaffNotice
from anlan.domain.keys import decision_id, event_key, fitted
from anlan.domain.policies import Policy
from anlan.domain.ports import Recollection
from anlan.domain.signals import Signal
from anlan.engine.evaluator import HANGS_ALLOWED, Evaluator, OutOfService, SignalStats, Step, usable
from anlan.engine.fuses import Fuses
from anlan.engine.hang import HangGuard, HungSignal, run_beside
from anlan.engine.inline import compile_condition
from anlan.engine.lists import Lists
from anlan.engine.policies import CheckedPolicy, PolicySet, is_enforcement, is_friction_only, render_because
from anlan.engine.profiles import Profiles, facts_of
from anlan.engine.resolve import order_findings, resolve
from anlan.engine.signals import Registry

EMPTY_SET = PolicySet((), "empty")
DEFERRED_BUDGET_S = 30.0


class Engine:
    """Judges events one at a time.

    Args:
        steps: event type to the counters that count or are read on it.
        models: name to version of the models behind the registry's signals; stored with each decision.
        deferred_models: likewise of those that only the second pass asks; stored with its decisions only.
        guard: stops signals that hang; make it in the main thread.
        deferred_budget_s: wall time after which a deferred signal counts as hung.
    """

    def __init__(
        self,
        registry: Registry,
        steps: Mapping[str, Sequence[Step]],
        *,
        models: Mapping[str, str] | None = None,
        deferred_models: Mapping[str, str] | None = None,
        profiles: Profiles | None = None,
        guard: HangGuard | None = None,
        deferred_budget_s: float = DEFERRED_BUDGET_S,
    ) -> None:
        self.registry = registry
        self.profiles = profiles or Profiles()
        self.lists = Lists()
        self.fuses = Fuses()
        self.stats = SignalStats()
        self._inline_models = dict(models or {})
        self._deferred_models = dict(deferred_models or {})
        self._signal_versions = {made.name: made.version for made in registry.by_name.values() if made.version > 1}
        self._steps = steps
        self._guard = guard or HangGuard()
        self._ahead = {made.name: made.look_ahead for made in registry.by_name.values() if made.look_ahead}
        watched = [made.compute for made in registry.by_name.values() if not made.counts]
        self._guard.watch([*watched, *self._ahead.values()])
        self._deferred_budget_s = deferred_budget_s
        self._deferred_hangs: Counter[str] = Counter()
        self._told_signals: set[str] = set()
        self.swap(EMPTY_SET)

    @property
    def models(self) -> Mapping[str, str]:
        """Name to version of everything behind the signals of both passes."""
        return {**self._inline_models, **self._deferred_models}

    def name_model(self, name: str, version: str) -> None:
        """What the decisions of events from now on say that their inline signals come from."""
        self._inline_models = {**self._inline_models, name: version}

    @property
    def policies(self) -> PolicySet:
        """The set in force."""
        return self._in_force[0]

    def swap(self, policies: PolicySet) -> None:
        """Put a checked set in force; the next event is judged by it, whole, whichever thread this is called in."""
        made = {
            entry.name: Evaluator(
                entry, self.registry, self._steps.get(entry.name, ()), policies.on(entry.name), self.stats
            )
            for entry in self.registry.catalogue
        }
        self._in_force = policies, made
        self._deferred_hangs.clear()

    def look_ahead(self, events: Iterable[Event]) -> None:
        """Let signals prepare for events that wait together; what fails here is computed one by one, as without it."""
        texts = [text for text in map(content_text, events) if text] if self._ahead else []
        for name, prepare in self._ahead.items() if len(texts) > 1 else ():
            self._guard.arm()
            try:
                prepare(texts)
            except (Exception, HungSignal) as error:  # the signal's edge
                self.stats.fail(name, type(error).__name__)
            finally:
                self._guard.disarm()

    def judge(self, event: Event, received_at: float) -> Judged:
        """The first pass: everything that is ready, resolved into one decision. Counts the event."""
        began = stopwatch()
        policies, evaluators = self._in_force
        evaluator = evaluators[event.type.name]
        self.fuses.count_event(event.type.name, event.time)
        self._guard.arm()
        try:
            (signals, hits, undecided), failed = evaluator.run(event, self.profiles, self.lists)
        finally:
            self._guard.disarm()
        key = event_key(event.source, event.id)
        notices: list[StaffNotice] = []
        findings: list[Finding] = []
        shadow: list[Finding] = []
        pending: list[CheckedPolicy] = []
        for index in hits:
            member = evaluator.policies[index]
            finding = self._finding(member, event, key, signals, notices, is_unknown=False)
            (findings if member.is_live else shadow).append(finding)
            if self._waits(member, signals):
                pending.append(member)
        for index in undecided:
            member = evaluator.policies[index]
            if self._waits(member, signals):
                pending.append(member)
            else:
                finding = self._finding(member, event, key, signals, notices, is_unknown=True)
                (findings if member.is_live else shadow).append(finding)
        if failed:
            notices += self._tell_failing(failed, received_at)
        models = self._inline_models
        decision = self._decide(key, 1, findings, shadow, pending, signals, failed, policies.hash, models, began)
        facts = facts_of(event, self.profiles, decision.verdict)
        self.profiles.learn(facts)
        return Judged(event, decision, received_at, facts=facts, notices=tuple(notices))

    async def judge_again(
        self, event: Event, first: Decision, received_at: float, recollection: Recollection
    ) -> Judged:
        """The second pass: computes the deferred signals that pending policies read, then asks every policy again.

        Inline signals keep the values of the first pass; counters are not touched. Policies that came into force since
        then are asked too, on those values.
        """
        began, policies = stopwatch(), self.policies
        second = _SecondPass(
            self.registry, event, first, self.profiles, self.lists, recollection, self._deferred_budget_s,
            self._deferred_hangs,
        )
        for policy_id in dict.fromkeys((*first.pending, *first.shadow_pending)):
            for member in policies.versions(policy_id):
                for name in member.condition.names:
                    await second.value(name)
        await second.complete()
        known = {(finding.policy, finding.version): finding for finding in first.findings}
        for name, reason in second.failed.items():
            self.stats.fail(name, reason)
        notices = list(self._tell_failing(second.failed, received_at))
        findings: list[Finding] = []
        shadow: list[Finding] = []
        for member in policies.on(event.type.name):
            outcome = compile_condition(member.condition)(second.row(member.condition.names))
            if outcome is False or (outcome is None and member.policy.on_unknown == "skip"):
                continue
            finding = known.get((member.policy.id, member.policy.version)) if outcome else None
            if finding is None:
                key = event_key(event.source, event.id)
                finding = self._finding(member, event, key, second.signals, notices, is_unknown=outcome is None)
            (findings if member.is_live else shadow).append(finding)
        key = event_key(event.source, event.id)
        failed = {**first.failed, **second.failed}
        models = {**first.models, **self._deferred_models}
        decision = self._decide(key, 2, findings, shadow, [], second.signals, failed, policies.hash, models, began)
        return Judged(event, decision, received_at, first, notices=tuple(notices))

    def _decide(
        self, key: str, pass_number: int, findings: list[Finding], shadow: list[Finding], pending: list[CheckedPolicy],
        signals: dict[str, Any], failed: dict[str, str], policy_set: str, models: dict[str, str], began: float,
    ) -> Decision:
        verdict, ordered, actions = resolve(findings) if findings else ("allow", (), ())
        return Decision(
            id=decision_id(key, pass_number),
            pass_number=pass_number,
            verdict=verdict,
            findings=ordered,
            shadow=order_findings(shadow) if shadow else (),
            actions=actions,
            pending=_ids(pending, is_live=True),
            shadow_pending=_ids(pending, is_live=False),
            signals=signals,
            failed=failed,
            policy_set=policy_set,
            models=models,
            took_us=(stopwatch() - began) * 1e6,
            signal_versions=self._signal_versions,
        )

    def _waits(self, member: CheckedPolicy, signals: Mapping[str, Any]) -> bool:
        return any(
            name not in signals and self.registry.by_name[name].cost == "deferred" for name in member.condition.names
        )

    def _finding(
        self, member: CheckedPolicy, event: Event, key: str, signals: Mapping[str, Any], notices: list[StaffNotice],
        *, is_unknown: bool,
    ) -> Finding:
        policy = member.policy
        values = self._storable_values(member, event, signals)
        fuse = None
        if member.is_live and is_enforcement(policy) and not is_unknown:
            fuse = self.fuses.check_hit(policy, event.time, is_friction_only=is_friction_only(policy))
            notices += [_fuse_notice(*trip) for trip in self.fuses.take_trips()]
        softened = fuse is not None or is_unknown
        return Finding(
            policy=policy.id,
            version=policy.version,
            verdict="allow" if softened else policy.verdict,
            severity=policy.severity,
            category=policy.category,
            because=render_because(policy, values),
            reason=policy.reason,
            values=values,
            actions=(
                _case_instead(policy, event, key, is_unknown=is_unknown) if softened
                else actions_of(policy, event, key)
            ),
            is_unknown=is_unknown,
            fuse=fuse,
        )

    def _storable_values(self, member: CheckedPolicy, event: Event, signals: Mapping[str, Any]) -> dict[str, Any]:
        """What the condition read, without personal fields: those stay in the event, under its retention (law 10)."""
        fields = self.registry.fields[event.type.name]
        return {
            name: getattr(event.data, name) if name in fields else signals.get(name)
            for name in member.condition.names
            if name not in fields or fields[name].privacy in ("public", "internal")
        }

    def _tell_failing(self, failed: Mapping[str, str], time: float) -> Iterable[StaffNotice]:
        """One notice a signal, reason and day, however often it fails: a spent budget is news after a timeout."""
        day = int(time // 86_400)
        for name, reason in failed.items():
            notice_id = fitted(f"signal_failing.{name}.{reason}.{day}", MAX_NOTICE_ID_CHARS)
            if notice_id not in self._told_signals:
                self._told_signals.add(notice_id)
                yield StaffNotice(
                    id=notice_id, at=time, kind="signal_failing", subject=name, details={"reason": reason}
                )


class _SecondPass:
    """Values for one event's second look: what the first pass recorded, plus what is computed when asked for."""

    def __init__(
        self, registry: Registry, event: Event, first: Decision, profiles: Profiles, lists: Lists,
        recollection: Recollection, budget_s: float, hangs: Counter[str],
    ) -> None:
        self._registry = registry
        self._budget_s = budget_s
        self._hangs = hangs
        self._values: dict[str, Any] = {
            "event": event, "profiles": profiles, "lists": lists, "journal": recollection,
            "content_text": content_text(event),
        }
        self.signals = dict(first.signals)
        self.failed: dict[str, str] = {}

    def row(self, names: Iterable[str]) -> dict[str, Any]:
        data = self._values["event"].data
        return {name: self.signals.get(name, getattr(data, name, None)) for name in names}

    async def complete(self) -> None:
        """Also record what costs nothing more: the other signals of the deferred readings that were made."""
        by_name = self._registry.by_name
        made = {name for name in self._values if name in by_name and by_name[name].cost == "deferred"}
        readings = {name for name in made if by_name[name].type == "object"}
        for name, entry in self._registry.available_on(self._values["event"].type.name).items():
            if entry.cost == "deferred" and entry.reads and readings.issuperset(entry.reads):
                await self.value(name)

    async def value(self, name: str) -> Any:
        """A signal's or input's value; computed at most once, failures are recorded and unknown."""
        if name in self.signals or name in self._values:
            return self.signals.get(name, self._values.get(name))
        if name in self._registry.field_names:
            return getattr(self._values["event"].data, name, None)
        made = self._registry.by_name[name]
        if made.cost == "inline" and (made.type != "object" or made.counts):
            return None  # It was unknown in the first pass, and stays what it was then; or it counts only there.
        arguments = [await self.value(read) for read in made.reads]
        is_short = any(
            value is None and read not in made.optional_reads for read, value in zip(made.reads, arguments, strict=True)
        )
        self._values[name] = None if is_short else await self._compute(name, arguments)
        if made.type != "object" and self._values[name] is not None:
            self.signals[name] = self._values[name]
        return self._values[name]

    async def _compute(self, name: str, arguments: list[Any]) -> Any:
        made = self._registry.by_name[name]
        try:
            value = await self._call(made, arguments)
        except Exception as error:
            self.failed[name] = type(error).__name__
            return None
        if value is None or made.type == "object":
            return value
        checked = usable(made, value)
        if checked is None:
            self.failed[name] = "nonsense"
        return checked


    async def _call(self, made: Signal, arguments: list[Any]) -> Any:
        if made.cost == "inline":
            return made.compute(*arguments)
        if self._hangs[made.name] >= HANGS_ALLOWED:
            raise OutOfService
        is_coroutine = inspect.iscoroutinefunction(made.compute)
        work = made.compute(*arguments) if is_coroutine else run_beside(made.compute, arguments)
        try:
            return await asyncio.wait_for(work, self._budget_s)
        except TimeoutError:
            self._hangs[made.name] += 1
            raise


def content_text(event: Event) -> str:
    """What content signals read of an event: its text fields, a line each; empty if it has none."""
    texts = [getattr(event.data, name) for name in event.type.text_fields]
    return "\n".join([text for text in texts if text])


def _ids(members: Sequence[CheckedPolicy], *, is_live: bool) -> tuple[str, ...]:
    return tuple([member.policy.id for member in members if member.is_live is is_live]) if members else ()


def actions_of(policy: Policy, event: Event, key: str) -> tuple[Action, ...]:
    """The policy's actions with their targets; one whose target the event does not name is left out."""
    made = []
    for kind, parameters in policy.actions:
        target = _target(str(parameters.get("to", KINDS[kind].target)), event, key)
        if target is not None:
            made.append(Action(kind=kind, target=target, policy=policy.id, parameters=parameters))
    return tuple(made)


def _target(wanted: str, event: Event, key: str) -> str | None:
    if wanted == "event":
        return f"event:{key}"
    if wanted == "staff":
        return "staff"
    if wanted == "actor":
        return event.actor.name
    entity = event.entity(wanted) or (event.entity("group") if wanted == "recipient" else None)
    return entity.name if entity else None


def _case_instead(policy: Policy, event: Event, key: str, *, is_unknown: bool) -> tuple[Action, ...]:
    """A case instead of what would be done to a member; a fuse leaves what only helps, such as a warning."""
    own = next((parameters for kind, parameters in policy.actions if kind == "case"), {"queue": "fuse", "priority": 3})
    case = Action(kind="case", target=f"event:{key}", policy=policy.id, parameters=own)
    helping = () if is_unknown else (one for one in actions_of(policy, event, key) if KINDS[one.kind].is_help)
    return (case, *helping)


def _fuse_notice(policy_id: str, fuse: str, time: float) -> StaffNotice:
    name = fitted(f"fuse.{policy_id}.{fuse}.{int(time)}", MAX_NOTICE_ID_CHARS)
    return StaffNotice(id=name, at=time, kind=f"fuse_{fuse}", subject=policy_id)
