"""What can happen and what can be asked about it: event types with their schemas, and the signal catalogue."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from anlan.domain.entities import Privacy
from anlan.domain.events import EventType, Field, fields_of
from anlan.domain.signals import Cost, Signal, SignalType
from anlan.errors import NotFound
from anlan.web.api.calls import HouseDep, answer
from anlan.web.api.documented import documented

router = APIRouter(tags=["catalogue"])


class SignalShown(msgspec.Struct, kw_only=True):
    """One signal that conditions may name.

    Attributes:
        low, high: inclusive range.
        cost: `inline` is ready in microseconds; `deferred` is computed in the second pass, when a policy asks.
        on: the event types on which it can be asked.
    """

    name: str
    type: SignalType
    title: dict[str, str]
    unit: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    cost: Cost
    version: int
    reads: tuple[str, ...]
    privacy: Privacy
    on: tuple[str, ...]


class SignalList(msgspec.Struct, kw_only=True):
    """The signal catalogue, by name."""

    items: tuple[SignalShown, ...]


class EventTypeShown(msgspec.Struct, kw_only=True):
    """One event type; `json_schema` is that of its `data`."""

    name: str
    version: int
    dataschema: str
    actor: str
    title: str
    fields: tuple[Field, ...]
    json_schema: dict[str, Any]


class EventTypeList(msgspec.Struct, kw_only=True):
    """The event types that this installation accepts."""

    items: tuple[EventTypeShown, ...]


@router.get("/v1/signals", **documented("policies:read", SignalList, problems=(404,)))
def list_signals(
    house: HouseDep,
    on: Annotated[str | None, Query(max_length=128, description="Only those that can be asked on this type.")] = None,
) -> Response:
    """Every signal that a policy's condition may name."""
    registry = house.registry
    if on is not None and on not in registry.catalogue:
        raise NotFound(f"no event type {on!r}; GET /v1/event-types lists them")
    available = {entry.name: registry.available_on(entry.name) for entry in registry.catalogue}
    items = [
        show_signal(made, registry.privacy_of(name), tuple(t for t, known in available.items() if name in known))
        for name, made in sorted(registry.by_name.items())
        if made.type != "object" and (on is None or name in available[on])
    ]
    return answer(SignalList(items=tuple(items)))


@router.get("/v1/event-types", **documented("policies:read", EventTypeList))
def list_event_types(house: HouseDep) -> Response:
    """Every event type that is accepted, in its current version."""
    return answer(EventTypeList(items=tuple(_show_type(entry) for entry in house.registry.catalogue)))


def show_signal(made: Signal, privacy: Privacy, on: tuple[str, ...]) -> SignalShown:
    """A catalogue entry for people and programs."""
    kept = {
        name: getattr(made, name)
        for name in ("name", "type", "title", "unit", "low", "high", "choices", "cost", "version", "reads")
    }
    return SignalShown(**kept, privacy=privacy, on=on)


def _show_type(entry: EventType) -> EventTypeShown:
    return EventTypeShown(
        name=entry.name, version=entry.version, dataschema=entry.schema_uri, actor=entry.actor,
        title=(entry.data.__doc__ or entry.name).partition("\n")[0], fields=fields_of(entry.data),
        json_schema=msgspec.json.schema(entry.data),
    )
