"""What is known of entities as of event time: facts with the moment from which they hold.

Facts come only from events, so a replay rebuilds them. A tie between two entities is an entity of its own, named
`tie:<a>|<b>`; friendships are stored both ways round.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from anlan.domain.event_data import (
    AccountLogin,
    AccountRegistered,
    BindingChanged,
    Data,
    DeviceDisowned,
    DeviceOwned,
    FriendshipChanged,
    GroupChanged,
    PasswordChanged,
    PaymentThoughtOver,
    ProfileUpdated,
    ReportOverturned,
    ReportUpheld,
    VerificationCompleted,
)
from anlan.domain.events import Event, entity_fields
from anlan.domain.facts import MAX_VERSIONS, Fact

History = list[tuple[float, Any]]
"""(since, value) of one field, oldest first."""

def tie(a: str, b: str) -> str:
    """The entity that stands for the relation of `a` to `b`."""
    return f"tie:{a}|{b}"


def facts_of(event: Event, known: "Profiles", verdict: str = "allow") -> tuple[Fact, ...]:
    """The facts that an event establishes, when it was judged so.

    What seems to change nothing is written too: an earlier event that comes late may make it a change.
    """
    rule = _rule_for(type(event.data))
    if rule is None:
        return ()
    return tuple(fact for fact in rule(event, known, verdict) if fact.field not in _ONCE or not _is_held(fact, known))


_LETS_IN = frozenset({"allow", "warn"})
_ONCE = frozenset({"is_known"})
"""Fields of which nothing is written while they hold already: to say so again tells nothing."""


def _is_held(fact: Fact, known: "Profiles") -> bool:
    return bool(known.fact(fact.entity, fact.field, fact.since) == fact.value)


def _of_registration(event: Event, *_: object) -> list[Fact]:
    data: AccountRegistered = event.data  # type: ignore[assignment]
    account = f"account:{data.account}"
    return [Fact(account, "registered_at", event.time, event.time), *_age(account, event.time, data.age_band)]


def _age(account: str, time: float, band: str | None) -> list[Fact]:
    return [] if band is None else [Fact(account, "age_band", time, band, privacy="sensitive")]


def _of_profile(event: Event, *_: object) -> list[Fact]:
    data: ProfileUpdated = event.data  # type: ignore[assignment]
    account = f"account:{data.account}"
    made = _age(account, event.time, data.age_band)
    if data.verified is not None:
        made.append(Fact(account, "is_verified", event.time, data.verified))
    return made if data.nickname is None else [*made, Fact(account, "renamed_at", event.time, event.time)]


def _of_friendship(event: Event, *_: object) -> list[Fact]:
    data: FriendshipChanged = event.data  # type: ignore[assignment]
    if data.change not in ("added", "removed"):
        return []
    since = event.time if data.change == "added" else None
    pairs = ((data.account, data.other), (data.other, data.account))
    return [Fact(tie(f"account:{a}", f"account:{b}"), "friends_since", event.time, since) for a, b in pairs]


def _of_group(event: Event, *_: object) -> list[Fact]:
    data: GroupChanged = event.data  # type: ignore[assignment]
    group, account = f"group:{data.group}", f"account:{data.account}"
    made = [Fact(group, "member_count", event.time, data.member_count)] if data.member_count is not None else []
    if data.change == "created":
        made.append(Fact(group, "created_at", event.time, event.time))
    role = {
        "created": "owner", "joined": "member", "promoted": "admin", "demoted": "member", "left": None, "removed": None,
    }.get(data.change, ...)
    if data.change == "transferred" and data.new_owner is not None:
        owner = f"account:{data.new_owner}"
        return [*made, Fact(tie(group, account), "role", event.time, "member"),
                Fact(tie(group, owner), "role", event.time, "owner")]
    return made if role is ... else [*made, Fact(tie(group, account), "role", event.time, role)]


def _of_login(event: Event, _: "Profiles", verdict: str) -> list[Fact]:
    """A success that was let in is remembered with where it came from: the last `MAX_VERSIONS` are the habits.

    One that was not let in is no habit: whoever stole a password must not become usual by trying it again. It waits
    for the proof that was asked for.
    """
    data: AccountLogin = event.data  # type: ignore[assignment]
    if data.result != "success":
        return []
    seen = {"ip": data.ip, "device": data.device, "agent": data.user_agent, "method": data.method}
    if verdict not in _LETS_IN:
        waiting = {**seen, "session": data.session}
        return [Fact(f"account:{data.account}", "sign_in_waiting", event.time, waiting, privacy="personal")]
    return _signed_in(f"account:{data.account}", event.time, seen)


def _of_verification(event: Event, known: "Profiles", _: str) -> list[Fact]:
    """Who passed what a sign-in asked for has signed in, from where that sign-in came."""
    data: VerificationCompleted = event.data  # type: ignore[assignment]
    if data.result != "passed" or data.purpose != "sign_in":
        return []
    account = f"account:{data.account}"
    said = {"ip": data.ip, "device": data.device, "session": data.session}
    waiting = known.fact(account, "sign_in_waiting", event.time) or {}
    pairs = [(value, waiting.get(name)) for name, value in said.items()]
    both = [(one, other) for one, other in pairs if one is not None and other is not None]
    if not both or any(one != other for one, other in both):
        waiting = {}
    seen = {name: waiting.get(name) for name in ("ip", "device", "agent", "method")}
    own = {name: said[name] for name in ("ip", "device") if said[name] is not None}
    return _signed_in(account, event.time, {**seen, **own}) if own or waiting else []


def _signed_in(account: str, time: float, seen: dict[str, Any]) -> list[Fact]:
    made = [
        Fact(account, "last_login_at", time, time),
        Fact(account, "sign_in", time, seen, privacy="personal"),
    ]
    device = seen["device"]
    return made if device is None else [*made, Fact(tie(account, f"device:{device}"), "is_known", time, value=True)]


def _of_disowning(event: Event, *_: object) -> list[Fact]:
    data: DeviceDisowned = event.data  # type: ignore[assignment]
    account = f"account:{data.account}"
    return [
        Fact(account, "disowned_device", event.time, data.device),
        Fact(tie(account, f"device:{data.device}"), "is_known", event.time, value=False),
    ]


def _of_owning(event: Event, *_: object) -> list[Fact]:
    data: DeviceOwned = event.data  # type: ignore[assignment]
    account = f"account:{data.account}"
    return [
        Fact(account, "owned_device", event.time, data.device),
        Fact(tie(account, f"device:{data.device}"), "is_known", event.time, value=True),
    ]


def _of_password(event: Event, *_: object) -> list[Fact]:
    data: PasswordChanged = event.data  # type: ignore[assignment]
    return [Fact(f"account:{data.account}", "password_changed_at", event.time, event.time)]


def _of_binding(event: Event, *_: object) -> list[Fact]:
    data: BindingChanged = event.data  # type: ignore[assignment]
    return [Fact(f"account:{data.account}", f"{data.binding}_changed_at", event.time, event.time)]


def _of_second_thought(event: Event, *_: object) -> list[Fact]:
    """What was released is good for the payment as it was looked at: this payee, and no more than this amount."""
    data: PaymentThoughtOver = event.data  # type: ignore[assignment]
    if data.answer != "released":
        return []
    released = {
        "payment_id": data.payment_id, "payee": data.payee, "amount_minor": data.amount_minor,
        "currency": data.currency,
    }
    return [Fact(f"account:{data.payer}", "released_payment", event.time, released, privacy="personal")]


def _of_upheld_report(event: Event, *_: object) -> list[Fact]:
    data: ReportUpheld = event.data  # type: ignore[assignment]
    found = {"case": data.case, "category": data.category}
    return [Fact(f"account:{data.account}", "upheld_report", event.time, found, privacy="personal")]


def _of_overturned_report(event: Event, *_: object) -> list[Fact]:
    data: ReportOverturned = event.data  # type: ignore[assignment]
    return [Fact(f"account:{data.account}", "overturned_report", event.time, data.case, privacy="personal")]


_RULES: dict[type, Callable[[Event, "Profiles", str], list[Fact]]] = {
    AccountRegistered: _of_registration,
    ProfileUpdated: _of_profile,
    FriendshipChanged: _of_friendship,
    GroupChanged: _of_group,
    AccountLogin: _of_login,
    VerificationCompleted: _of_verification,
    DeviceDisowned: _of_disowning,
    DeviceOwned: _of_owning,
    PasswordChanged: _of_password,
    BindingChanged: _of_binding,
    PaymentThoughtOver: _of_second_thought,
    ReportUpheld: _of_upheld_report,
    ReportOverturned: _of_overturned_report,
}


@cache
def _rule_for(data: type[Data]) -> Callable[[Event, "Profiles", str], list[Fact]] | None:
    """An earlier version of a type is read by a class made from the built-in one."""
    return next((_RULES[made] for made in data.__mro__ if made in _RULES), None)


def wanted(event: Event) -> list[str]:
    """The entities and ties whose facts signals may ask for or the event changes; what must be loaded before judging.

    A fact about what is not loaded would be missed by whoever loads that before the fact is committed.
    """
    data, role = event.data, event.type.actor
    actor_prefix, others = _prefixes(event.type.data, role)
    actor = actor_prefix + getattr(data, role)
    names = [actor]
    for role, prefix in others:
        value = getattr(data, role)
        if value is not None:
            name = prefix + value
            names.append(name)
            names.append(tie(name, actor) if prefix == _GROUP else tie(actor, name))
    device = getattr(data, "device", None)
    if device is not None:
        names.append(tie(actor, f"device:{device}"))
    if isinstance(data, FriendshipChanged):
        names.append(tie(_ACCOUNT + data.other, actor))
    if isinstance(data, GroupChanged) and data.new_owner is not None:
        names.append(tie(_GROUP + data.group, _ACCOUNT + data.new_owner))
    return names


_ACCOUNT, _GROUP = "account:", "group:"


@cache
def _prefixes(data: type[Data], actor: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """How the actor's name begins, and (role, how its name begins) of the other accounts and groups."""
    begins = {role: f"{kind}:" for role, kind in entity_fields(data)}
    others = tuple((r, begin) for r, begin in begins.items() if begin in (_ACCOUNT, _GROUP) and r != actor)
    return begins[actor], others


class Profiles:
    """Facts in memory, least recently used first out; the store is asked for entities that are not here.

    Args:
        max_entities: how many entities are kept, with or without facts (knowing that there are none is knowledge too).
    """

    def __init__(self, max_entities: int = 200_000) -> None:
        self._entities: OrderedDict[str, dict[str, History]] = OrderedDict()
        self._max_entities = max_entities

    def missing(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that must be loaded first."""
        return [name for name in names if name not in self._entities]

    def fact(self, entity: str, field: str, time: float) -> Any:
        """The value of `field` that held at `time`; None if there was none (or the entity is not loaded)."""
        fields = self._entities.get(entity)
        if not fields:
            return None
        history = fields.get(field)
        if history is None:
            return None
        if history[-1][0] <= time:
            return history[-1][1]
        index = bisect_right(history, time, key=lambda version: version[0])
        return history[index - 1][1] if index else None

    def history(self, entity: str, field: str, time: float) -> Sequence[Any]:
        """The values that `field` took until `time`, oldest first, `MAX_VERSIONS` at most."""
        known = self._entities.get(entity, {}).get(field, [])
        return [value for since, value in known if since <= time and value is not None]

    def disowned_devices(self, account: str, time: float) -> frozenset[str]:
        """Devices that turned out not to be the account's own, less those that are after all; as of `time`.

        Args:
            account: `account:<id>`.
        """
        known = self._entities.get(account, {})
        told = [(since, device, field) for field in ("disowned_device", "owned_device")
                for since, device in known.get(field, ()) if since <= time]
        last = {device: field for _, device, field in sorted(told)}
        return frozenset(device for device, field in last.items() if field == "disowned_device")

    def dated_history(self, entity: str, field: str, time: float) -> Sequence[tuple[float, Any]]:
        """(since, value) of the values that `field` took until `time`, as `history`."""
        known = self._entities.get(entity, {}).get(field, ())
        return [version for version in known if version[0] <= time and version[1] is not None]

    def load(self, names: Iterable[str], facts: Iterable[Fact]) -> None:
        """Take over what the store knows of `names`; of those loaded meanwhile, events may have taught more already."""
        fresh = {name for name in names if name not in self._entities}
        for name in fresh:
            self._entities[name] = {}
        for fact in facts:
            if fact.entity in fresh:
                self._put(fact)
        while len(self._entities) > self._max_entities:
            self._entities.popitem(last=False)

    def learn(self, facts: Iterable[Fact]) -> None:
        """Take over facts that an event has just established, for entities that are loaded."""
        for fact in facts:
            if fact.entity in self._entities:
                self._put(fact)

    def touch(self, names: Iterable[str]) -> None:
        """Mark entities as recently used."""
        for name in names:
            if name in self._entities:
                self._entities.move_to_end(name)

    def clear(self) -> None:
        """Forget everything; it will be loaded again."""
        self._entities.clear()

    def __len__(self) -> int:
        return len(self._entities)

    def _put(self, fact: Fact) -> None:
        history = self._entities.setdefault(fact.entity, {}).setdefault(fact.field, [])
        if not history or history[-1][0] <= fact.since:
            history.append((fact.since, fact.value))
        else:
            index = bisect_right(history, fact.since, key=lambda version: version[0])
            history.insert(index, (fact.since, fact.value))
        del history[:-MAX_VERSIONS]
