"""Allow, block and watch lists: who stands on them, put on and taken off."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.domain.lists import ListEntry, Purpose
from anlan.errors import NotFound
from anlan.web.api.calls import CallerDep, HouseDep, answer, body_of
from anlan.web.api.documented import EntityName, Limit, ListName, documented

router = APIRouter(tags=["lists"])


class ListSize(msgspec.Struct, kw_only=True):
    """How many entries of one purpose a list has."""

    list: str
    purpose: Purpose
    entries: int


class ListSizes(msgspec.Struct, kw_only=True):
    """Every list that has entries."""

    items: tuple[ListSize, ...]


class ListPage(msgspec.Struct, kw_only=True):
    """Entries in order of entity; `next_after` continues, null on the last page."""

    items: tuple[ListEntry, ...]
    next_after: str | None


class ListChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What it means that the entity stands on the list.

    Attributes:
        source: where the knowledge comes from.
        expires_at: event time in seconds since the epoch; null for no end.
    """

    purpose: Purpose
    source: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*$")] = "api"
    note: Annotated[str, Meta(max_length=1000, pattern=r"^[^\x00]*$")] = ""
    expires_at: Annotated[float, Meta(ge=0, le=32_503_680_000)] | None = None


@router.get("/v1/lists", **documented("lists:write", ListSizes))
def list_lists(house: HouseDep) -> Response:
    """Every list that has entries, with how many."""
    sizes = (ListSize(list=name, purpose=purpose, entries=count) for name, purpose, count in house.lists.sizes())
    return answer(ListSizes(items=tuple(sizes)))


@router.get("/v1/lists/{list_name}", **documented("lists:write", ListPage))
def list_entries(
    house: HouseDep, list_name: ListName, limit: Limit = 50,
    after: Annotated[str, Query(max_length=300, pattern=r"^[^\x00]*$")] = "",
) -> Response:
    """The entries of one list; a list without entries is an empty one."""
    found = house.lists.entries(list_name, limit + 1, after)
    page = tuple(found[:limit])
    return answer(ListPage(items=page, next_after=page[-1].entity if len(found) > limit else None))


@router.get("/v1/lists/{list_name}/{entity:path}", **documented("lists:write", ListEntry, problems=(404,)))
def get_entry(house: HouseDep, list_name: ListName, entity: EntityName) -> Response:
    """One entry."""
    return answer(house.lists.get(list_name, entity))


@router.put("/v1/lists/{list_name}/{entity:path}", **documented("lists:write", ListEntry, takes=ListChange))
def put_entry(
    caller: CallerDep, list_name: ListName, entity: EntityName, change: Annotated[ListChange, body_of(ListChange)]
) -> Response:
    """Put an entity on a list; one that stands there already is replaced. It holds for events from now on."""
    entry = ListEntry(
        list=list_name, entity=entity, purpose=change.purpose, owner=caller.actor, source=change.source,
        note=change.note, created_at=clock.now(), expires_at=change.expires_at,
    )
    caller.house.lists.add([entry])
    caller.note("list.put", f"{list_name}: {entity}", purpose=change.purpose, expires_at=change.expires_at)
    return answer(entry)


@router.delete("/v1/lists/{list_name}/{entity:path}", **documented("lists:write", None, status=204, problems=(404,)))
def remove_entry(caller: CallerDep, list_name: ListName, entity: EntityName) -> Response:
    """Take an entity off a list."""
    if not caller.house.lists.remove(list_name, entity):
        raise NotFound(f"{entity} is not on the list {list_name}")
    caller.note("list.remove", f"{list_name}: {entity}")
    return Response(status_code=204)
