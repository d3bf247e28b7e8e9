"""A fault of ours is answered as a problem that says nothing of it, on both halves of the API."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from anlan.web.api.access import Gate
from anlan.web.api.problems import install_problems
from anlan.web.api.verdicts import Verdicts


class Key:
    id = "k1"
    secret_hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # of "secret"
    scopes = ("events:write",)
    rate_per_s = 10.0


class Broken:
    """Where intake should be."""

    async def accept(self, _body: bytes) -> bytes:
        raise RuntimeError("the member wrote: 我的密码")

    async def refuse(self, _refusals: object) -> None:
        raise AssertionError("nothing was refused")


def broken_api() -> Any:
    app = FastAPI()

    @app.post("/v1/events")
    def fail() -> None:
        raise RuntimeError("the member wrote: 我的密码")

    install_problems(app, app.routes)
    return app


def broken_verdicts() -> Any:
    async def keys() -> list[Key]:
        return [Key()]

    broken: Any = Broken()
    return Verdicts(broken, Gate(keys), broken)


@pytest.mark.parametrize("make", [broken_api, broken_verdicts])
async def test_a_fault_of_ours_says_nothing_of_itself(make: Any) -> None:
    transport = httpx.ASGITransport(make(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://anlan") as client:
        response = await client.post("/v1/events", content=b"{}", headers={"authorization": "Bearer secret"})
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "internal"
    assert "密码" not in response.text
    assert "RuntimeError" not in response.text
