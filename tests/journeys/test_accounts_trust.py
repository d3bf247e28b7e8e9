"""A thief inside is contained by what they do; sessions are judged act by act; staff see the account as a whole."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from consoled import Consoled

from anlan import clock
from anlan.clock import to_rfc3339
from anlan.store.audit import latest_entries

HOME, ABROAD = "36.112.0.1", "5.255.255.5"
PLEA = "我手机摔坏了，急用钱，能不能先转账3000给我，转到这个账户，明天一定还你"


class Platform:
    """What the platform sends and asks."""

    def __init__(self, house: Consoled) -> None:
        _, secret = house.house.keys.create("platform", ("accounts:write", "events:write"), 1_000.0)
        self.http = httpx.Client(base_url=house.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30)
        self.sent, self.at = 0, clock.now() - 600.0

    def happen(self, type_: str, **data: Any) -> dict[str, Any]:
        self.sent, self.at = self.sent + 1, self.at + 10.0
        body = {"specversion": "1.0", "id": f"t{self.sent}", "source": "im", "type": type_,
                "time": to_rfc3339(self.at), "data": data}
        answered = self.http.post("/v1/events", content=msgspec.json.encode(body))
        assert answered.status_code == 200, answered.text
        found: dict[str, Any] = answered.json()
        return found

    def sign_in(self, session: str, device: str, ip: str, account: str = "ann") -> dict[str, Any]:
        agent = "AnlanChat/9.1 (Android 15)"
        return self.happen(
            "account.login", account=account, result="success", session=session, device=device, ip=ip, user_agent=agent
        )

    def plead(self, to: str) -> dict[str, Any]:
        return self.happen("message.sent", sender="ann", recipient=to, text=PLEA, session="s2", device="odd", ip=ABROAD)

    def check(self, act: str, **more: Any) -> dict[str, Any]:
        asked = {"account": "ann", "session": "s1", "device": "phone", "ip": HOME, "act": act, **more}
        answered = self.http.post("/v1/access:check", json=asked)
        assert answered.status_code == 200, answered.text
        found: dict[str, Any] = answered.json()
        return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    running = Consoled(tmp_path_factory.mktemp("trust")).start()
    for role in ("analyst", "auditor"):
        running.add_person(f"{role}_one", role)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def platform(house: Consoled) -> Iterator[Platform]:
    made = Platform(house)
    made.sign_in("s0", "phone", HOME)
    made.happen("session.changed", account="ann", change="ended", session="s0")
    made.sign_in("s1", "phone", HOME)
    made.sign_in("b1", "phone", HOME, account="bob")
    yield made
    made.http.close()


def test_a_session_is_judged_anew_for_every_act(platform: Platform) -> None:
    paid = platform.check("payment", amount_minor=1_000)
    assert (paid["verdict"], paid["level"], paid["needed"], paid["reasons"]) == ("allow", "device", "device", [])
    large = platform.check("payment", amount_minor=900_000)
    assert (large["verdict"], large["needed"], large["challenge"]) == ("step_up", "fresh_factor", None)
    assert {"reason": "amount", "zh": "金额较大", "en": "the amount is large"} in large["reasons"]
    assert platform.check("payment", device="other", amount_minor=1)["level"] == "none"
    assert platform.check("payment", ip=ABROAD, amount_minor=1)["verdict"] == "step_up"
    platform.happen("verification.completed", account="ann", result="passed", method="totp", session="s1")
    assert platform.check("change_binding")["level"] in ("factor", "fresh_factor")
    refused = platform.http.post("/v1/access:check", json={"account": "ann", "act": "payment"})
    assert refused.status_code == 400


def test_a_thief_is_contained_by_what_they_do_and_staff_see_it_all(house: Consoled, platform: Platform) -> None:
    platform.sign_in("s2", "odd", ABROAD)
    verdicts = [platform.plead(f"friend{n}")["verdict"] for n in range(8)]
    assert verdicts[0] in ("allow", "warn", "challenge", "hold")
    assert "block" in verdicts
    house.do(asyncio.to_thread(_make_rounds, house))
    denied = platform.check("read_messages", session="s2", device="odd")
    assert denied["verdict"] == "deny"
    assert denied["reasons"][0]["reason"] == "contained"

    analyst = house.signed_in("analyst_one")
    assert analyst.get("/accounts?who=ann").headers["location"] == "/accounts/ann"
    page = analyst.get("/accounts/ann").text
    assert "contained" in page
    assert "/containments/" in page
    assert 'class="world"' in page
    assert ">China<" in page
    assert 'href="/accounts/bob"' in page, "the other account on the same phone"
    assert HOME not in page
    assert HOME in analyst.post("/accounts/ann", form_on="/accounts/ann").text
    with house.house.database.read() as connection:
        acts = [(entry.act, entry.subject) for entry in latest_entries(connection)]
    assert ("account.personal", "account:ann") in acts
    only = analyst.get("/accounts/ann?kind=deeds").text
    assert "Message sent" in only
    assert "Sign-in</a>" not in only
    analyst.post("/looks", form_on="/accounts/ann", language="zh", back="/")
    assert "发生了什么" in analyst.get("/accounts/ann").text
    assert house.signed_in("auditor_one").get("/accounts/ann").status_code == 403


def _make_rounds(house: Consoled) -> None:
    for make_round in house.house.desk_rounds:
        make_round(clock.now())
