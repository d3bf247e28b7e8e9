"""Policies over the API: read every version, check a text, hand in a draft; going further takes people."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from anlan.domain.policies import State
from anlan.engine.policies import CheckedPolicy, check_each
from anlan.engine.signals import Registry
from anlan.errors import InvalidPolicy, NotFound
from anlan.store.policies import PolicyVersion
from anlan.web.api.calls import CallerDep, HouseDep, answer, body_of
from anlan.web.api.documented import PolicyId, Version, documented

router = APIRouter(tags=["policies"])


class PolicyVersionShown(msgspec.Struct, kw_only=True):
    """One version of one policy; `yaml` is its text."""

    id: str
    version: int
    state: State
    author: str
    created_at: float
    approved_by: str | None
    approved_at: float | None
    yaml: str


class PolicyList(msgspec.Struct, kw_only=True):
    """Policies (each in its newest version), or the versions of one, newest first."""

    items: tuple[PolicyVersionShown, ...]


class PolicyText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Policies as they are written: a YAML list."""

    yaml: str


class PolicyFault(msgspec.Struct, kw_only=True):
    """One thing that is wrong; `line` and `column` point into the condition, when it is the condition."""

    detail: str
    detail_zh: str | None = None
    line: int | None = None
    column: int | None = None


class PolicyCheck(msgspec.Struct, kw_only=True):
    """Whether the policies could be loaded; every fault is listed."""

    is_valid: bool
    policies: tuple[str, ...]
    faults: tuple[PolicyFault, ...]


class Drafted(msgspec.Struct, kw_only=True):
    """A new draft."""

    id: str
    version: int
    state: State


@router.get("/v1/policies", **documented("policies:read", PolicyList))
def list_policies(house: HouseDep) -> Response:
    """Every policy in its newest version."""
    return answer(PolicyList(items=tuple(map(_show, house.policies.newest()))))


@router.get("/v1/policies/{policy_id}/versions", **documented("policies:read", PolicyList, problems=(404,)))
def list_versions(house: HouseDep, policy_id: PolicyId) -> Response:
    """Every version of one policy, newest first."""
    found = house.policies.versions(policy_id)
    if not found:
        raise NotFound(f"there is no policy {policy_id}; GET /v1/policies lists them")
    return answer(PolicyList(items=tuple(map(_show, found))))


@router.get(
    "/v1/policies/{policy_id}/versions/{version}", **documented("policies:read", PolicyVersionShown, problems=(404,))
)
def get_version(house: HouseDep, policy_id: PolicyId, version: Version) -> Response:
    """One version of one policy."""
    return answer(_show(house.policies.get(policy_id, version)))


@router.post("/v1/policies:check", **documented("policies:read", PolicyCheck, takes=PolicyText))
def check_policies(house: HouseDep, text: Annotated[PolicyText, body_of(PolicyText)]) -> Response:
    """Whether policies could be loaded, with everything that is wrong; nothing is stored."""
    return answer(check_text(text.yaml, house.registry))


@router.post(
    "/v1/policies",
    **documented("policies:write", Drafted, status=201, takes=PolicyText, problems=(409, 422), says="Kept."),
)
def hand_in_draft(caller: CallerDep, text: Annotated[PolicyText, body_of(PolicyText)]) -> Response:
    """Keep one policy as a new draft, with this key as its author. People bring it into shadow and live."""
    policy_id, version = caller.house.life.draft(text.yaml, caller.actor)
    return answer(Drafted(id=policy_id, version=version, state="draft"), 201)


def check_text(text: str, registry: Registry) -> PolicyCheck:
    """Every fault of every policy in a YAML text."""
    found = check_each(text, "yaml", registry)
    faults = tuple(_fault(one) for one in found if isinstance(one, InvalidPolicy))
    valid = tuple(one.policy.id for one in found if isinstance(one, CheckedPolicy))
    return PolicyCheck(is_valid=not faults, policies=valid, faults=faults)


def _fault(error: InvalidPolicy) -> PolicyFault:
    told: Any = error.details
    return PolicyFault(
        detail=error.message, detail_zh=told.get("zh"), line=told.get("line"), column=told.get("column")
    )


def _show(found: PolicyVersion) -> PolicyVersionShown:
    return PolicyVersionShown(
        id=found.id, version=found.version, state=found.state, author=found.author, created_at=found.created_at,
        approved_by=found.approved_by, approved_at=found.approved_at, yaml=found.body,
    )
