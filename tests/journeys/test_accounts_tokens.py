"""A stolen account as other services hear of it, and as we hear of it from them: whole houses, over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from housed import running, settings_for
from spine import envelope

from anlan.app import House
from anlan.clock import now, to_rfc3339
from anlan.delivery.security_events.registration import TransmitterWanted, new_transmitter
from anlan.delivery.security_events.signing import SigningKey, make_key, sign
from anlan.domain import security_events as words
from anlan.store.containments import standing_containment
from anlan.store.keys import ApiKeys
from anlan.store.outbox import has_unrouted
from anlan.store.transmitters import add_transmitter, latest_received
from anlan.web.api import security_events as api
from anlan.web.api.access import Gate, Scope
from anlan.web.api.app import build_api

HALF = jwt.utils.base64url_encode(json.dumps({"iss": "\ud800"}).encode()).decode()
"""Claims with half of a sign, which JSON can say and no store can keep."""

STREAMS = "/v1/security-events/streams"
PARTNER, US = "https://partner.example", "https://anlan.example"
TYPE = {"content-type": "application/secevent+jwt"}


class Site:
    """A house, and one who calls it with a key of some scopes."""

    def __init__(self, house: House, client: httpx.AsyncClient) -> None:
        self.house, self.client = house, client

    async def add(self, **more: Any) -> str:
        body = {"aud": "rp", "delivery": {"method": "urn:ietf:rfc:8936"}} | more
        made = await self.client.post(STREAMS, json=body)
        assert made.status_code == 201, made.text
        return str(made.json()["stream_id"])

    async def poll(self, stream: str, **question: Any) -> dict[str, Any]:
        answer = await self.client.post(f"{STREAMS}/{stream}:poll", json={"returnImmediately": True} | question)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def said(self, stream: str) -> list[dict[str, Any]]:
        """Claims of what waits, verified with the keys that we publish."""
        known = jwt.PyJWKSet.from_dict((await self.client.get("/.well-known/jwks.json")).json())
        sets = (await self.poll(stream))["sets"]
        found = [
            jwt.decode(one, known[jwt.get_unverified_header(one)["kid"]], algorithms=["ES256"], audience="rp")
            for one in sets.values()
        ]
        assert [one["jti"] for one in found] == list(sets)
        return found

    def key(self, *scopes: Scope) -> tuple[str, str]:
        made, secret = ApiKeys(self.house.database).create("more", scopes, 1_000)
        return made.id, secret


@asynccontextmanager
async def site_of(folder: Path, url: str) -> AsyncIterator[Site]:
    async with running(settings_for(folder, url, public_url=US)) as house:
        keys = ApiKeys(house.database)
        secret = keys.create("test", ["security_events:read", "security_events:write"], 10_000)[1]

        async def load() -> Any:
            return keys.active()

        transport = httpx.ASGITransport(build_api(house, Gate(load)))
        headers = {"authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://anlan", headers=headers) as client:
            yield Site(house, client)


def event(kind: str, number: int, **data: Any) -> bytes:
    return envelope(kind, f"e{number}", data, time=to_rfc3339(now() - 5))


def types_of(claims: list[dict[str, Any]]) -> list[str]:
    return sorted(next(iter(one["events"])).rpartition("/")[2] for one in claims)


async def test_receivers_hear_what_happens_and_lose_nothing(
    tmp_path: Path, new_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site_of(tmp_path, new_url("sqlite")) as site:
        stream = await site.add()
        wide = await site.add(events_requested=list(words.SENT), subject_format="opaque")
        for number, (kind, data) in enumerate([
            ("account.password_changed", {"account": "ann", "way": "change", "password_is_breached": True}),
            ("account.binding_changed", {
                "account": "ann", "binding": "phone", "change": "replaced", "phone": "+8613900000002",
                "former_phone": "+8613900000001",
            }),
            ("session.changed", {"account": "ann", "change": "ended", "session": "s1"}),
            ("verification.completed", {"account": "ann", "result": "passed", "method": "totp", "session": "s2"}),
            ("verification.completed", {"account": "ann", "result": "failed", "method": "totp", "session": "s2"}),
        ]):
            await site.house.intake.accept(event(kind, number, **data))
        for make_round in site.house.desk_rounds:
            await asyncio.to_thread(make_round, now())
        usual = [
            "assurance-level-change", "credential-change", "credential-compromise", "recovery-information-changed",
            "session-revoked",
        ]
        told = await site.said(stream)
        assert types_of(told) == usual
        assert "1390000" not in json.dumps(told)
        assert types_of(await site.said(wide)) == sorted([*usual, "identifier-changed"])
        moved = next(one for one in await site.said(wide) if words.IDENTIFIER_CHANGED in one["events"])
        assert moved["sub_id"] == {"format": "phone_number", "phone_number": "+8613900000001"}
        for make_round in site.house.desk_rounds:
            await asyncio.to_thread(make_round, now())  # the same journal again says nothing new
        first = await site.poll(stream, maxEvents=2)
        assert (len(first["sets"]), first["moreAvailable"]) == (2, True)
        one, other = first["sets"]
        refused = {other: {"err": "invalid_key", "description": "?"}}
        assert await site.poll(stream, maxEvents=0, ack=[one, "unknown"], setErrs=refused) == {
            "sets": {}, "moreAvailable": True,
        }
        rest = await site.poll(stream)
        assert len(rest["sets"]) == 3
        assert not {one, other} & set(rest["sets"])
        shown = (await site.client.get(STREAMS, params={"stream_id": stream})).json()
        assert (shown["waiting"], shown["dead"]) == (3, 1)
        await site.poll(stream, ack=list(rest["sets"]))
        monkeypatch.setattr(api, "LOOK_EVERY_S", 0.02)
        waiting = asyncio.create_task(site.client.post(f"{STREAMS}/{stream}:poll", json={}))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        verify = {"stream_id": stream, "state": "xyz"}
        assert (await site.client.post("/v1/security-events/verification", json=verify)).status_code == 204
        (token,) = (await waiting).json()["sets"].values()
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["events"] == {words.VERIFICATION: {"state": "xyz"}}
        assert claims["sub_id"] == {"format": "opaque", "id": stream}


async def test_streams_are_led_as_the_framework_says(tmp_path: Path, new_url: Callable[[str], str]) -> None:
    async with site_of(tmp_path, new_url("sqlite")) as site:
        client = site.client
        about = (await client.get("/.well-known/ssf-configuration", headers={"authorization": ""})).json()
        assert about["issuer"] == US
        assert about["configuration_endpoint"] == f"{US}{STREAMS}"
        own, secret = site.key("security_events:read")
        stream = await site.add(receiver_key=own, events_requested=["session-revoked"])
        assert (await client.post(f"{STREAMS}/{stream}:poll", json={})).status_code == 403
        mine = {"authorization": f"Bearer {secret}"}
        await asyncio.sleep(1.0)  # unknown keys are looked for once a second
        asked = await client.post(f"{STREAMS}/{stream}:poll", json={"returnImmediately": True}, headers=mine)
        assert asked.status_code == 200
        assert (await client.get(STREAMS, headers=mine)).status_code == 403
        state = {"stream_id": stream, "status": "paused", "reason": "maintenance"}
        assert (await client.post("/v1/security-events/status", json=state)).json() == state
        assert (await client.get("/v1/security-events/status", params={"stream_id": stream})).json() == state
        change = {"stream_id": stream, "events_requested": [], "description": "d"}
        changed = (await client.patch(STREAMS, json=change)).json()
        assert set(changed["events_delivered"]) == set(words.SENT) - words.NAMED_ONLY
        assert [one["stream_id"] for one in (await client.get(STREAMS)).json()] == [stream]
        pushed = {"aud": "rp", "delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": "http://127.0.0.1/x"}}
        assert (await client.post(STREAMS, json=pushed)).status_code == 422
        assert (await client.delete(STREAMS, params={"stream_id": stream})).status_code == 204
        assert (await client.get(STREAMS, params={"stream_id": stream})).status_code == 404


def says(key: SigningKey, jti: str, type_: str, account: str = "ann", **payload: Any) -> str:
    claims = {
        "iss": PARTNER, "aud": US, "iat": int(now()), "jti": jti, "events": {type_: payload},
        "sub_id": {"format": "iss_sub", "iss": PARTNER, "sub": account},
    }
    return sign(key, json.dumps(claims).encode())


async def test_what_partners_say_has_the_effect_that_the_table_says(
    tmp_path: Path, backend: str, new_url: Callable[[str], str]
) -> None:
    async with site_of(tmp_path, new_url(backend)) as site:
        house, key = site.house, make_key()
        wanted = TransmitterWanted(issuer=PARTNER, audience=US, keys=b'{"keys":[' + key.public + b"]}")
        made, token = new_transmitter(wanted, now(), allows_private=False, pushes=True)
        with house.database.write() as connection:
            add_transmitter(connection, house.database.vault, made)
        login = {"account": "ann", "result": "success", "ip": "203.0.113.7", "device": "d1", "session": "s1"}
        await house.intake.accept(event("account.login", 1, **login))
        pushes = TYPE | {"authorization": f"Bearer {token}"}

        async def push(body: str, **headers: str) -> httpx.Response:
            return await site.client.post("/v1/security-events", content=body, headers=pushes | headers)

        spoken = [
            says(key, "t1", words.ACCOUNT_DISABLED), says(key, "t2", "https://schemas.example/odd"),
            says(key, "t3", words.CREDENTIAL_COMPROMISE, "nobody"),
            says(key, "t4", words.ACCOUNT_DISABLED, reason="hijacking"),
        ]
        for body in (*spoken, spoken[-1]):
            answer = await push(body)
            assert (answer.status_code, answer.content) == (202, b"")
        with house.database.read() as connection:
            outcomes = {one.jti: one.outcome for one in latest_received(connection)}
            contained = standing_containment(connection, "account:ann")
            assert standing_containment(connection, "account:nobody") is None
            assert has_unrouted(connection)
        assert outcomes == {"t1": "pass_on", "t2": "keep", "t3": "unknown_subject", "t4": "contain"}
        assert contained is not None
        assert (contained.ground, contained.opened_by) == ("partner", f"partner:{PARTNER}")
        for sent in ("Bearer anlan_set_guess", ""):
            answer = await push(spoken[0], authorization=sent)
            assert (answer.status_code, answer.json()["err"]) == (401, "authentication_failed")
        for answer, word in (
            (await push("x.y.z"), "invalid_request"),
            (await push(says(make_key(), "t5", words.ACCOUNT_DISABLED)), "invalid_key"),
            (await push(spoken[0], **{"content-type": "application/json"}), "invalid_request"),
            (await push("x" * 70_000), "invalid_request"),
            (await push("令牌"), "invalid_request"),
            (await push(f"{spoken[0].partition('.')[0]}.{HALF}.AA"), "invalid_request"),
        ):
            assert answer.status_code == 400
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["content-language"] == "en"
            assert answer.json()["err"] == word
