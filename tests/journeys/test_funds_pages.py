"""A member's money from the platform's count to the payout, through the API, the console and the member's own page."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from consoled import Consoled, Visitor

from anlan import clock
from anlan.desk.followers import SanctionMoved
from anlan.store.audit import latest_entries
from anlan.store.payouts import applications_of

HOSTILE = "<script>alert(1)</script>'; DROP TABLE holdings;--"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    running = Consoled(tmp_path_factory.mktemp("funds")).start()
    running.add_person("cai", "service")
    running.add_person("dan", "service")
    running.add_person("eve", "auditor", language="zh")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def platform(house: Consoled) -> Iterator[httpx.Client]:
    _, secret = house.house.keys.create("platform", ("funds:write", "members:write"), 1000.0)
    with httpx.Client(base_url=house.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as client:
        yield client


def count(platform: httpx.Client, account: str, amount: int, **other: Any) -> httpx.Response:
    one = {"kind": "wallet", "unit": "CNY", "title": "零钱", "amount": amount, **other}
    return platform.put(f"/v1/accounts/{account}/holdings", json={"as_of": clock.now(), "holdings": [one]})


def ban(house: Consoled, account: str, move: str = "ordered") -> None:
    moved = SanctionMoved(
        sanction_id=f"ban-{account}", target=f"account:{account}", kind="ban", is_permanent=True, move=move,
        by="staff:judge", at=clock.now(),
    )
    with house.house.database.write() as connection:
        for follower in house.house.sanction_followers:
            follower(connection, moved)


def comes_in(house: Consoled, platform: httpx.Client, account: str, language: str = "en") -> Visitor:
    made = platform.post("/v1/members:link", json={"account": account, "path": "/me/funds", "language": language})
    visitor = house.visitor()
    path = made.json()["url"].partition("/me/open")[2]
    assert visitor.open_link(f"/me/open{path}").status_code == 303
    return visitor


def applies(member: Visitor, holding: str, **fields: str) -> httpx.Response:
    form = {
        "legal_name": "王小明", "id_number": "110101199001011234", "contact": "13800000000", "method": "bank",
        "payee": "王小明", "payee_account": "6222020000001234567", "statement": HOSTILE, **fields,
    }
    return member.post(f"/me/funds/{holding}/apply", form_on="/me/funds", **form)


def test_a_banned_members_money_comes_out_through_every_door(house: Consoled, platform: httpx.Client) -> None:
    assert count(platform, "ann", 12_345, title=HOSTILE).status_code == 200
    ban(house, "ann")
    shown = platform.get("/v1/accounts/ann/holdings").json()
    assert shown["channel_opened_at"]
    (holding,) = shown["items"]
    assert (holding["free"], holding["held"]) == (0, 12_345)
    assert count(platform, "ann", 1).status_code == 409

    member = comes_in(house, platform, "ann")
    page = member.get("/me/funds").text
    assert "CN¥123.45" in page
    assert "<script>alert" not in page
    kept = applies(member, holding["id"], contact=" ")
    assert (kept.status_code, "110101199001011234" in kept.text) == (400, True)
    assert applies(member, holding["id"]).status_code == 303
    again = applies(member, holding["id"])
    assert (again.status_code, "applied for already" in again.text) == (409, True)

    cai, dan = house.signed_in("cai"), house.signed_in("dan")
    listed = cai.get("/funds").text
    assert "account:ann" in listed
    name = listed.partition("/funds/payout_")[2][:24]
    path, order = f"/funds/payout_{name}", f"/v1/payouts/payout_{name}"
    masked = cai.get(path).text
    assert "110101199001011234" not in masked
    assert "<script>alert" not in masked
    assert "110101199001011234" in cai.post(f"{path}/look").text
    assert platform.get(order).json()["payee_account"] is None
    assert cai.post(f"{path}/check").status_code == 303
    assert cai.post(f"{path}/approve").status_code == 303
    assert cai.post(f"{path}/approve").status_code == 403
    assert dan.post(f"{path}/approve").status_code == 303
    assert platform.get(order).json()["payee_account"] == "6222020000001234567"
    assert "Being paid by the platform" in dan.get(path).text

    paid = {"amount": 12_345, "reference": "bank-7"}
    assert platform.post(f"{order}:confirm", json={**paid, "amount": 12_344}).status_code == 409
    for _ in range(2):
        assert platform.post(f"{order}:confirm", json=paid).json()["state"] == "paid"
    assert platform.post(f"{order}:fail", json={"reason": "late"}).status_code == 409
    assert "bank-7" in member.get("/me/funds").text
    assert "¥123.45" in house.signed_in("eve").get("/funds?state=paid").text
    with house.house.database.read() as connection:
        looks = [entry.actor for entry in latest_entries(connection) if entry.act == "funds.look"]
    assert [actor for actor in looks if actor.startswith("staff:")] == ["staff:cai"]


def test_a_member_sees_and_moves_only_their_own(house: Consoled, platform: httpx.Client) -> None:
    count(platform, "bob", 500)
    ban(house, "bob")
    holding = platform.get("/v1/accounts/bob/holdings").json()["items"][0]["id"]
    bob, mallory = comes_in(house, platform, "bob", "zh"), comes_in(house, platform, "mallory")
    assert applies(mallory, holding).status_code == 404
    assert applies(bob, holding).status_code == 303
    with house.house.database.read() as connection:
        (made,) = applications_of(connection, "account:bob")
    assert "¥5.00" not in mallory.get("/me/funds").text
    for act in ("withdraw", "object"):
        answer = mallory.post(f"/me/funds/applications/{made.id}/{act}", form_on="/me/funds", words="it is mine")
        assert answer.status_code == 404
    assert "已提交申请" in bob.get("/me/funds").text
    assert bob.post(f"/me/funds/applications/{made.id}/withdraw", form_on="/me/funds").status_code == 303
    assert "已撤回" in bob.get("/me/funds").text
    assert house.visitor().get("/me/funds").status_code == 401


def test_a_refusal_says_why_and_the_member_can_object_to_somebody_else(house: Consoled, platform: httpx.Client) -> None:
    count(platform, "cleo", 7, kind="goods", unit="sword.gold", title="金剑")
    ban(house, "cleo")
    holding = platform.get("/v1/accounts/cleo/holdings").json()["items"][0]["id"]
    member, cai, dan = comes_in(house, platform, "cleo"), house.signed_in("cai"), house.signed_in("dan")
    applies(member, holding)
    with house.house.database.read() as connection:
        (made,) = applications_of(connection, "account:cleo")
    path = f"/funds/{made.id}"
    unsaid = cai.post(f"{path}/refuse", ground="identity", words="no")
    assert unsaid.status_code == 400
    assert cai.post(f"{path}/refuse", ground="identity", words=f"the number is cut off {HOSTILE}").status_code == 303
    page = member.get("/me/funds").text
    assert "the number is cut off &lt;script&gt;" in page
    act = path.replace("/funds/", "/me/funds/applications/") + "/object"
    assert member.post(act, form_on="/me/funds", words="it was whole").status_code == 303
    assert "it was whole" in dan.get(path).text
    assert cai.post(f"{path}/check").status_code == 403
    assert dan.post(f"{path}/check").status_code == 303
    case = cai.get(path).text.partition("/cases/case_")[2][:24]
    assert cai.get(f"/cases/case_{case}").status_code == 200
