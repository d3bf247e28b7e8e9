"""Which policies are in force: read from YAML, checked against the signal catalogue, held as one immutable set."""

import difflib
import hashlib
import re
import string
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, get_args

import msgspec

from anlan.domain.actions import KINDS, check_action
from anlan.domain.policies import SEVERITIES, VERDICT_WORDS, Example, Policy, State
from anlan.engine.conditions import Condition, parse
from anlan.engine.inline import compile_condition
from anlan.engine.signals import Registry
from anlan.engine.yaml_text import dump_yaml, load_yaml
from anlan.errors import InvalidPolicy

_PERIODS = {"m": 60.0, "h": 3600.0, "d": 86400.0}
_KEYS = {
    "id", "on", "when", "because", "reason", "category", "severity", "then", "on_unknown", "quota", "state", "version",
    "owner", "examples",
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "severity": SEVERITIES, "state": get_args(State), "on_unknown": ("skip", "review"),
}
MAX_POLICY_CHARS = 20_000
KEPT_READINGS = 512
"""Likewise of texts: see KEPT_CONDITIONS."""
MAX_QUOTA = 1_000_000
POLICY_ID = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
MAX_POLICY_ID_CHARS = 64
_WORD = re.compile(r"[\w.:-]{1,64}")
_NUMBER_FORM = re.compile(r",?(\.\d)?[dfg%]?")
"""A width could ask for a sentence of gigabytes."""
THOUGHT_OVER = "payment_was_thought_over"
"""The signal by which a policy lets go of a payment that its payer has released."""
PRIVATE = "personal and must not outlive its retention in a stored sentence"


class CheckedPolicy(msgspec.Struct, frozen=True):
    """A policy whose condition, actions and examples hold together; `condition` is its checked tree."""

    policy: Policy
    condition: Condition

    @property
    def is_live(self) -> bool:
        """Live policies act; shadow ones only write findings."""
        return self.policy.state == "live"


class PolicySet(msgspec.Struct, frozen=True):
    """What is in force at one moment: live and shadow policies, in order of id.

    A policy may stand here twice: its live version, and the version that would replace it in shadow.

    Attributes:
        hash: SHA-256 over every member's content; stored with each decision.
    """

    members: tuple[CheckedPolicy, ...]
    hash: str

    def on(self, event_type: str) -> tuple[CheckedPolicy, ...]:
        """The members that are asked about `event_type`."""
        return tuple(member for member in self.members if event_type in member.policy.on)

    def get(self, policy_id: str, version: int | None = None) -> CheckedPolicy | None:
        """This version of the policy if it is in force; without a version the live one, else the one in shadow."""
        found = [m for m in self.versions(policy_id) if version is None or m.policy.version == version]
        return min(found, key=lambda member: not member.is_live, default=None)

    def versions(self, policy_id: str) -> tuple[CheckedPolicy, ...]:
        """The live and the shadow version of this policy, as far as they are in force."""
        return tuple(member for member in self.members if member.policy.id == policy_id)


def read_policies(text: str, where: str) -> list[Policy]:
    """The policies written in one YAML text; fields are checked, conditions not yet.

    Args:
        where: file or page that errors name.

    Raises:
        InvalidPolicy: not YAML, not a list of policies, or a field that is missing, unknown or of the wrong form.
    """
    return list(_read_policies(text, where))


@lru_cache(maxsize=KEPT_READINGS)
def _read_policies(text: str, where: str) -> tuple[Policy, ...]:
    return tuple(_read_policy(document, where) for document in _documents(text, where))


def check_each(text: str, where: str, registry: Registry) -> list[CheckedPolicy | InvalidPolicy]:
    """Each policy of one YAML text, or what is wrong with it, in order."""
    try:
        documents = _documents(text, where)
    except InvalidPolicy as error:
        return [error]
    found: list[CheckedPolicy | InvalidPolicy] = []
    for document in documents:
        try:
            found.append(check_policy(_read_policy(document, where), registry, where))
        except InvalidPolicy as error:
            found.append(error)
    return found


def _documents(text: str, where: str) -> list[Any]:
    try:
        documents = load_yaml(text, where)
    except ValueError as error:
        raise InvalidPolicy(str(error)) from error
    if not isinstance(documents, list):
        raise InvalidPolicy(f"{where}: a policy file is a YAML list of policies, each beginning with '- id:'")
    return documents


def _read_policy(document: Any, where: str) -> Policy:
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        raise InvalidPolicy(f"{where}: every policy is a mapping with an id")
    _check_id(document["id"], where)
    where = f"{where}: {document['id']}"
    _refuse_unknown_keys(document, where)
    for key, choices in _CHOICES.items():
        if key in document and document[key] not in choices:
            raise InvalidPolicy(f"{where}: {key} is one of {', '.join(choices)}, not {str(document[key])[:40]!r}")
    missing = [key for key in ("on", "when", "because", "reason", "category", "then") if key not in document]
    if missing:
        raise InvalidPolicy(f"{where}: missing {', '.join(missing)}")
    verdict, actions = _read_then(document["then"], where)
    text = write_policy(document)
    if len(text) > MAX_POLICY_CHARS:
        raise InvalidPolicy(f"{where}: a policy has at most {MAX_POLICY_CHARS:,} characters")
    fields = {
        "id": document["id"],
        "on": [document["on"]] if isinstance(document["on"], str) else document["on"],
        "when": document["when"],
        "because": _read_because(document["because"], where),
        "reason": document["reason"],
        "category": document["category"],
        "severity": document.get("severity", "medium"),
        "verdict": verdict,
        "actions": actions,
        "on_unknown": document.get("on_unknown", "skip"),
        "quota": _read_quota(document.get("quota"), where),
        "state": document.get("state", "draft"),
        "version": document.get("version", 1),
        "owner": document.get("owner", ""),
        "examples": document.get("examples", ()),
        "source": text,
    }
    try:
        return msgspec.convert(fields, Policy)
    except msgspec.ValidationError as error:
        raise InvalidPolicy(f"{where}: {error}") from error


def _check_id(policy_id: str, where: str) -> None:
    if len(policy_id) > MAX_POLICY_ID_CHARS or not POLICY_ID.fullmatch(policy_id):
        raise InvalidPolicy(
            f"{where}: {policy_id[:MAX_POLICY_ID_CHARS]!r} is no policy id; write up to {MAX_POLICY_ID_CHARS} "
            "characters of a-z, 0-9 and _ in parts joined by dots, such as fraud.new_sender"
        )


def _refuse_unknown_keys(document: Mapping[str, Any], where: str) -> None:
    for key in document:
        if key not in _KEYS:
            close = difflib.get_close_matches(str(key), _KEYS, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise InvalidPolicy(f"{where}: unknown field {key!r}{hint}")


def _read_then(then: Any, where: str) -> tuple[str, tuple[tuple[str, dict[str, Any]], ...]]:
    if not isinstance(then, list) or not all(isinstance(step, dict) and len(step) == 1 for step in then):
        raise InvalidPolicy(f"{where}: then is a list such as [{{hold: {{}}}}, {{case: {{queue: fraud}}}}]")
    verdict, actions = "allow", []
    for step in then:
        ((kind, parameters),) = step.items()
        parameters = parameters or {}
        if not isinstance(parameters, dict):
            raise InvalidPolicy(f"{where}: the parameters of {kind} are a mapping")
        if kind in VERDICT_WORDS:
            if parameters:
                raise InvalidPolicy(f"{where}: {kind} takes no parameters; write {kind}: {{}}")
            verdict = max(verdict, kind, key=VERDICT_WORDS.index)
        else:
            check_action(kind, parameters, where)
            actions.append((kind, parameters))
    return verdict, tuple(actions)


def _read_because(because: Any, where: str) -> dict[str, str]:
    """A plain sentence serves both languages."""
    if isinstance(because, dict) and set(because) == {"zh", "en"} and all(isinstance(s, str) for s in because.values()):
        return because
    if not isinstance(because, str):
        raise InvalidPolicy(f"{where}: because is a sentence, or one for each language: {{zh: ..., en: ...}}")
    return {"zh": because, "en": because}


def _read_quota(quota: Any, where: str) -> tuple[int, float] | None:
    if quota is None:
        return None
    number, _, period = str(quota).partition("/")
    is_whole = number.isascii() and number.isdigit() and len(number) <= len(str(MAX_QUOTA))
    if not is_whole or period not in _PERIODS or not 0 < int(number) <= MAX_QUOTA:
        raise InvalidPolicy(
            f"{where}: quota is a number up to {MAX_QUOTA:,} per m, h or d, such as 500/h, not {str(quota)[:40]!r}"
        )
    return int(number), _PERIODS[period]


def write_policy(document: Mapping[str, Any]) -> str:
    """One policy as the YAML text that is stored and shown."""
    return dump_yaml([dict(document)])


def check_policy(policy: Policy, registry: Registry, where: str = "") -> CheckedPolicy:
    """Everything that must hold before a policy may be loaded.

    Raises:
        InvalidPolicy: naming `where`, the policy, and for conditions the column.
    """
    where = f"{where}: {policy.id}" if where else policy.id
    for name in policy.on:
        if name not in registry.catalogue:
            close = difflib.get_close_matches(name, [entry.name for entry in registry.catalogue], 1)
            raise InvalidPolicy(f"{where}: no event type {name!r}" + (f"; did you mean {close[0]}?" if close else ""))
    if not policy.on:
        raise InvalidPolicy(f"{where}: on needs at least one event type")
    condition = parse(policy.when, registry.types_on(policy.on), where)
    _check_because(policy, condition, registry, where)
    _check_people_can_read(policy, where)
    _check_fuse(policy, where)
    _check_targets(policy, registry, where)
    _check_names(policy, condition, registry, where)
    _check_cool_down(policy, condition, where)
    checked = CheckedPolicy(policy, condition)
    check_examples(checked, registry, where)
    return checked


def _check_because(policy: Policy, condition: Condition, registry: Registry, where: str) -> None:
    try:
        every = "".join(policy.because.values())
        parsed = [part for part in string.Formatter().parse(every) if part[1] is not None]
    except ValueError as error:
        raise InvalidPolicy(f"{where}: because: {error}") from error
    for _, name, form, conversion in parsed:
        if conversion or not _NUMBER_FORM.fullmatch(form or ""):
            raise InvalidPolicy(f"{where}: because: write {{{name}}} or a number's digits such as {{{name}:.2f}}")
    fields = [str(name) for _, name, _, _ in parsed]
    private = {
        field.name
        for event_type in policy.on
        for field in registry.fields[event_type].values()
        if field.privacy in ("personal", "sensitive")
    }
    for name in fields:
        if name in private:
            raise InvalidPolicy(f"{where}: because names {name!r}, which is {PRIVATE}; the event itself shows it")
        if name not in condition.names:
            raise InvalidPolicy(
                f"{where}: because names {name!r}, but may only name what when reads: {', '.join(condition.names)}"
            )
    try:
        render_because(policy, {name: _SAMPLES[registry.by_name[name].type] for name in condition.names})
    except (ValueError, IndexError) as error:
        raise InvalidPolicy(f"{where}: because: {error}") from error


def _check_people_can_read(policy: Policy, where: str) -> None:
    for language in ("zh", "en"):
        if not policy.reason.get(language, "").strip():
            raise InvalidPolicy(f"{where}: reason.{language} is missing; members read it")
    if not _WORD.fullmatch(policy.category):
        raise InvalidPolicy(f"{where}: category is one word of at most 64 letters, digits and _ . : -")


def is_enforcement(policy: Policy) -> bool:
    """Whether the policy does something to a member against their will."""
    return VERDICT_WORDS.index(policy.verdict) >= VERDICT_WORDS.index("challenge") or any(
        KINDS[kind].is_enforcement for kind, _ in policy.actions
    )


def is_friction_only(policy: Policy) -> bool:
    """Whether all that an enforcing policy does is to ask members to prove themselves, or to think a payment over."""
    kinds = {kind for kind, _ in policy.actions}
    asks = policy.verdict == "challenge" or (policy.verdict == "hold" and "cool_down" in kinds)
    return asks and not any(KINDS[kind].is_enforcement for kind in kinds - {"cool_down"})


def _check_fuse(policy: Policy, where: str) -> None:
    if policy.quota is None and is_enforcement(policy):
        raise InvalidPolicy(f"{where}: a policy that acts on members needs a quota such as 500/h (law 7)")


def _check_targets(policy: Policy, registry: Registry, where: str) -> None:
    """An alert to a role that the event does not have would be left out without a word."""
    for event_type in policy.on:
        roles = {field.name for field in registry.fields[event_type].values() if field.entity}
        known = {"actor", "event", "staff", *roles, *(("recipient",) if "group" in roles else ())}
        for kind, parameters in policy.actions:
            target = str(parameters.get("to", KINDS[kind].target))
            if target not in known:
                raise InvalidPolicy(
                    f"{where}: {kind} goes to {target}, but {event_type} names nobody by that role; "
                    f"write to: with one of {', '.join(sorted(known))}"
                )


def _check_names(policy: Policy, condition: Condition, registry: Registry, where: str) -> None:
    """An alert of a scenario that nobody has written would say nothing."""
    for kind, parameters in policy.actions:
        for name, value in parameters.items():
            known = registry.known.get(name)
            if known is not None and value not in known:
                close = difflib.get_close_matches(str(value), known, 1)
                hint = f"; did you mean {close[0]}?" if close else f"; there are {', '.join(sorted(known))}"
                raise InvalidPolicy(f"{where}: {kind}: no {name} {str(value)[:40]!r}{hint}")
        named_by = parameters.get("named_by")
        if named_by is not None and named_by not in condition.names:
            raise InvalidPolicy(
                f"{where}: {kind}.named_by names {named_by!r}, which when does not read, so it may be unknown; "
                f"it reads {', '.join(condition.names)}"
            )


def _check_cool_down(policy: Policy, condition: Condition, where: str) -> None:
    """Whoever thought a payment over would otherwise be stopped again by the same policy, for ever."""
    if not any(kind == "cool_down" for kind, _ in policy.actions):
        return
    if policy.on != ("payment.initiated",) or policy.verdict != "hold":
        raise InvalidPolicy(f"{where}: cool_down is for payment.initiated alone, and needs hold: {{}} beside it")
    if THOUGHT_OVER not in condition.names:
        raise InvalidPolicy(f"{where}: a policy with cool_down needs AND NOT {THOUGHT_OVER} in when")


def check_examples(checked: CheckedPolicy, registry: Registry, where: str) -> None:
    """Run the policy's own examples; a live or shadow one needs at least one hit and one miss.

    Raises:
        InvalidPolicy: an example names a signal that `when` does not read, or comes out otherwise than it says.
    """
    policy = checked.policy
    if policy.state in ("shadow", "live") and {example.hits for example in policy.examples} != {True, False}:
        raise InvalidPolicy(f"{where}: needs examples that hit and examples that miss before it is {policy.state}")
    holds = compile_condition(checked.condition)
    for number, example in enumerate(policy.examples, 1):
        _check_given(example, checked.condition, registry, f"{where}: example {number}")
        outcome = holds({name: example.given.get(name) for name in checked.condition.names})
        if (outcome is True) != example.hits:
            said = "hit" if example.hits else "miss"
            was = {True: "hits", False: "misses", None: "is undecided, because a signal is missing"}[outcome]
            raise InvalidPolicy(f"{where}: example {number} should {said} but {was}: {example.given}")


def _check_given(example: Example, condition: Condition, registry: Registry, where: str) -> None:
    for name, value in example.given.items():
        if name not in condition.names:
            raise InvalidPolicy(f"{where}: when does not read {name!r}; it reads {', '.join(condition.names)}")
        kind = registry.by_name[name].type
        if value is not None and not _FITS[kind](value):
            raise InvalidPolicy(f"{where}: {name} is {kind}, not {str(value)[:40]!r}")


_FITS: dict[str, Callable[[Any], bool]] = {
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 2**53,
    "text": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
}


_SAMPLES: dict[str, Any] = {"number": 1.5, "text": "a", "bool": True}
"""A value of each type: a sentence that cannot show them must be refused at load, not when it holds."""


class _Unknown:
    """Stands for an unknown value in a rendered sentence, whatever number format is asked for."""

    def __init__(self, word: str) -> None:
        self._word = word

    def __format__(self, _: str) -> str:
        return self._word


_UNKNOWN = {"zh": _Unknown("未知"), "en": _Unknown("unknown")}


def render_because(policy: Policy, values: Mapping[str, Any]) -> dict[str, str]:
    """The policy's sentence in each language with the values that made it hold; text is cut at 80 characters."""
    known = {name: value[:80] if isinstance(value, str) else value for name, value in values.items()}
    return {
        language: sentence.format_map({n: _UNKNOWN[language] if v is None else v for n, v in known.items()})
        for language, sentence in policy.because.items()
    }


def make_set(
    policies: Iterable[tuple[Policy, str]], registry: Registry, check: Callable[..., CheckedPolicy] = check_policy
) -> PolicySet:
    """Check every policy and make one immutable set of the shadow and live ones.

    Args:
        policies: (policy, where it was read) pairs; drafts and retired ones are checked too but left out.

    Raises:
        InvalidPolicy: with every problem found, one a line; nothing is loaded then.
    """
    members: dict[tuple[str, str], CheckedPolicy] = {}
    problems: list[str] = []
    for policy, where in policies:
        try:
            checked = check(policy, registry, where)
            if (policy.id, policy.state) in members:
                raise InvalidPolicy(f"{where}: {policy.id} is {policy.state} twice")
            if policy.state in ("shadow", "live"):
                members[policy.id, policy.state] = checked
        except InvalidPolicy as error:
            problems.append(error.message)
    if problems:
        raise InvalidPolicy("\n".join(problems), problems=problems)
    ordered = tuple(members[name] for name in sorted(members))
    content = msgspec.json.encode([(m.policy.version, m.policy.state, m.policy.source) for m in ordered])
    return PolicySet(ordered, hashlib.sha256(content).hexdigest())
