"""Everything that platforms and engineers ask of Anlan but verdicts: one FastAPI application, routers by noun."""

from functools import cache
from typing import Any

from fastapi import FastAPI

from anlan.app import House
from anlan.web.api import (
    access_checks,
    alerts,
    care_cards,
    catalogue,
    challenges,
    circles,
    consultations,
    containments,
    decisions,
    deliveries,
    description,
    errands,
    funds,
    health,
    lexicon,
    lists,
    members,
    passwords,
    policies,
    questions,
    recoveries,
    reports,
    sanctions,
    security,
    security_events,
    texts,
    transfers,
)
from anlan.web.api.access import Gate
from anlan.web.api.document import describe
from anlan.web.api.problems import install_problems

ROUTERS = (
    decisions.router, texts.router, policies.router, questions.router, catalogue.router, lists.router, lexicon.router,
    deliveries.router, reports.router, recoveries.router, funds.router, sanctions.router, members.router,
    alerts.router, challenges.router, care_cards.router, circles.router, consultations.router,
    containments.router, access_checks.router, security.router,
    security_events.router, passwords.router, transfers.router, errands.router, health.router, description.router,
)


def build_api(house: House, gate: Gate) -> FastAPI:
    """The API over `house`; `gate` admits keys, for the verdict routes too."""
    app = FastAPI(title="Anlan", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.house, app.state.gate = house, gate
    for router in ROUTERS:
        app.include_router(router)
    install_problems(app, [route for router in ROUTERS for route in router.routes])

    @cache
    def document() -> dict[str, Any]:
        """Takes a second, which nobody who starts should wait for."""
        return describe(app, house)

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way to say so
    return app
