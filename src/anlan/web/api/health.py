"""Whether this process lives, is ready for events, and what a monitoring system may know of it."""

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from anlan.errors import AnlanError, Unavailable
from anlan.web.api.calls import HouseDep, answer
from anlan.web.api.documented import documented

router = APIRouter(tags=["health"])


class Health(msgspec.Struct, kw_only=True):
    """`ok`, and for readiness the state of each part."""

    status: str
    parts: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


@router.get("/healthz", **documented(None, Health))
def tell_liveness() -> Response:
    """The process answers."""
    return answer(Health(status="ok"))


@router.get("/readyz", **documented(None, Health, problems=(503,)))
def tell_readiness(house: HouseDep) -> Response:
    """The store answers with the right schema, the writer commits, the models are there."""
    parts = {
        "store": _store_answers(house), "writer": house.writer.is_alive, "models": bool(house.engine.models),
    }
    if not all(parts.values()):
        missing = ", ".join(name for name, is_there in parts.items() if not is_there)
        raise Unavailable(f"not ready: {missing}; see the log", retry_after_s=5.0)
    return answer(Health(status="ok", parts=dict.fromkeys(parts, "ok")))


@router.get("/metrics", **documented("metrics:read", None))
def expose_metrics(house: HouseDep) -> Response:
    """Prometheus' text format."""
    house.measure()
    body, content_type = house.metrics.exposition()
    return Response(body, media_type=content_type)


def _store_answers(house: HouseDep) -> bool:
    try:
        house.database.check()
    except AnlanError:
        return False
    return True
