"""Which of an account's acts were the thief's, and what has to be done about each of them.

What comes from a device that the account knew before the thief came is the owner's own and stays, whatever else is
true of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from anlan.domain.containment import LIMITS


class Said(msgspec.Struct, frozen=True):
    """The fields of events that a theft is read from; what an event does not have, or has lost, is None."""

    device: str | None = None
    session: str | None = None
    result: str | None = None
    message_id: str | None = None
    recipient: str | None = None
    group: str | None = None
    binding: str | None = None
    change: str | None = None
    phone: str | None = None
    email: str | None = None
    former_phone: str | None = None
    former_email: str | None = None
    new_owner: str | None = None
    other: str | None = None
    payee: str | None = None
    amount_minor: int | None = None
    currency: str | None = None


class OwnAct(msgspec.Struct, frozen=True):
    """One event of the account's own.

    Attributes:
        seq: place in the journal.
        event: its id on the platform.
        time: event time, seconds since the epoch.
    """

    seq: int
    event: str
    type: str
    time: float
    said: Said


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """By what the thief is told from the owner.

    Attributes:
        devices, sessions: the thief's.
        known: devices that were the owner's before the thief came.
        is_named: somebody said which they are; otherwise every device that was new counts as the thief's.
    """

    devices: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    is_named: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether nothing tells the thief from the owner."""
        return not (self.devices or self.sessions)

    def is_thiefs(self, said: Said) -> bool:
        """Whether the thief did this."""
        if said.device is not None and said.device in self.known:
            return False
        return said.device in self.devices or said.session in self.sessions


class NewStep(msgspec.Struct, frozen=True):
    """Something to be done; kind and subject name it within one containment."""

    kind: str
    subject: str
    details: dict[str, Any] = {}


def follow(traces: Traces, acts: Iterable[OwnAct], opened_at: float) -> Traces:
    """The traces with the devices and sessions that the acts, in order, tie to the thief.

    Args:
        acts: since the thief came.
        opened_at: when the alarm was given; a device that is new only afterwards was let in knowing of it.
    """
    for act in acts:
        said = act.said
        if said.device in traces.known:
            continue
        is_entry = act.type == "account.login" and said.result == "success"
        if traces.is_thiefs(said) or (is_entry and not traces.is_named and act.time <= opened_at):
            traces = _with(traces, said)
    return traces


def _with(traces: Traces, said: Said) -> Traces:
    return msgspec.structs.replace(
        traces, devices=traces.devices | ({said.device} - {None}), sessions=traces.sessions | ({said.session} - {None}),
    )


def first_steps(traces: Traces) -> list[NewStep]:
    """What is done at once, whatever the thief did; without a trace of them every session ends."""
    kept = [] if traces.is_blank else sorted(traces.known - traces.devices)
    return [
        NewStep("end_sessions", "all", {"kept_devices": kept}),
        *(NewStep("limit", feature, {"feature": feature}) for feature in LIMITS),
        NewStep("renew_password", ""),
    ]


def trace_steps(traces: Traces) -> list[NewStep]:
    """What is done about the thief's own sessions and devices."""
    return [
        *(NewStep("end_session", session, {"session": session}) for session in sorted(traces.sessions)),
        *(NewStep("distrust_device", device, {"device": device}) for device in sorted(traces.devices)),
    ]


def undoing_steps(traces: Traces, acts: Sequence[OwnAct], undone_since: float) -> Iterator[NewStep]:
    """What is done about each act of the thief's, in order; of several on one thing the first decides.

    Args:
        undone_since: event time; bindings, groups and friendships that changed before stay as they are.
    """
    for act in acts:
        if traces.is_thiefs(act.said):
            yield from _of_message(act) if act.type == "message.sent" else _of_change(act, undone_since)


def _of_message(act: OwnAct) -> Iterator[NewStep]:
    said = act.said
    where = {"group": said.group} if said.group else {"recipient": said.recipient} if said.recipient else {}
    message = {"message": said.message_id} if said.message_id else {}
    yield NewStep("take_back_message", act.event, {"event": act.event, **message, **where})
    if said.recipient:
        yield NewStep("warn_contact", said.recipient, {"contact": said.recipient})


def _of_change(act: OwnAct, undone_since: float) -> Iterator[NewStep]:
    said = act.said
    if act.type == "payment.initiated":
        amount = {"payee": said.payee, "amount_minor": said.amount_minor, "currency": said.currency}
        yield NewStep("hold_payment", act.event, {"event": act.event, **amount})
    elif act.time < undone_since:
        return
    elif act.type == "account.binding_changed":
        yield _of_binding(act)
    elif act.type == "group.changed" and said.change == "transferred" and said.group:
        yield NewStep("restore_group", said.group, {"event": act.event, "group": said.group, "from": said.new_owner})
    elif act.type == "friendship.changed" and said.change in ("added", "removed") and said.other:
        friend = {"event": act.event, "other": said.other, "change": said.change}
        yield NewStep("restore_friendship", said.other, friend)


def _of_binding(act: OwnAct) -> NewStep:
    """There is one phone and one mail address, so their first change tells what was the owner's."""
    said = act.said
    values = {name: getattr(said, name) for name in ("phone", "email", "former_phone", "former_email")}
    told = {name: value for name, value in values.items() if value is not None}
    subject = said.binding if said.binding in ("phone", "email") else act.event
    details = {"event": act.event, "binding": said.binding, "change": said.change, **told}
    return NewStep("restore_binding", subject or act.event, details)
