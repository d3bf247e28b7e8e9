"""Sanctions through every door: the console that orders and lifts, the API that answers, the page that tells."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from consoled import Consoled, Visitor
from judged import judged
from sanctioned import judged_case

from anlan import clock
from anlan.desk.automatic import AutomaticSanctions
from anlan.domain.actions import Action
from anlan.store.audit import latest_entries
from anlan.store.sanctions import Sanction, sanctions_of
from anlan.web.console.access import MAY, ROLES, Act

WARRANT = "a longer look showed more"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    running = Consoled(tmp_path_factory.mktemp("sanctions")).start()
    for role in ROLES:
        running.add_person(f"{role}_one", role)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def senior(house: Consoled) -> Visitor:
    return house.signed_in("senior_one")


@pytest.fixture(scope="module")
def platform(house: Consoled) -> Iterator[httpx.Client]:
    _, secret = house.house.keys.create("platform", ("sanctions:write", "members:write"), 1_000.0)
    with httpx.Client(base_url=house.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as client:
        yield client


def standing(house: Consoled, target: str) -> list[Sanction]:
    with house.house.database.read() as connection:
        return sanctions_of(connection, target)


def test_from_the_case_to_the_order_to_the_platform_to_the_apology(
    house: Consoled, senior: Visitor, platform: httpx.Client
) -> None:
    case_id = judged_case(house.house.database, number=1)
    page = f"/cases/{case_id}/sanction"
    assert page in senior.get(f"/cases/{case_id}").text
    shown = senior.get(page).text
    assert "is held and stays theirs" in shown
    assert "Permanent ban" in shown
    milder = senior.get(f"{page}?rung=suspend_7d").text
    assert "Suspension, 7 days</strong>" in milder

    refused = senior.post(page, form_on=page, rung="suspend_7d")
    assert (refused.status_code, standing(house, "account:ann")) == (400, [])
    assert "give a reason" in refused.text
    made = senior.post(page, form_on=page, rung="suspend_7d", deviation=WARRANT, removes_content="yes")
    assert made.status_code == 303
    [sanction] = standing(house, "account:ann")
    assert made.headers["location"].startswith(f"/sanctions/{sanction.id}")
    assert [ground.words["en"] for ground in sanction.grounds][-1] == f"Changed: {WARRANT}"
    [removal] = standing(house, "event:e1")
    again = senior.post(page, form_on=page, rung="suspend_7d", deviation=WARRANT)
    assert (again.status_code, "ordered already" in again.text) == (409, True)

    confirmed = platform.post(f"/v1/sanctions/{sanction.id}:confirm", json={"revision": 1})
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "in_force")
    told = {"target": "account:ann", "in_force": []}
    differs = platform.put("/v1/platform-state", json={"targets": [told]}).json()["differing"]
    assert [(one["target"], one["differences"][0]["what"]) for one in differs] == [("account:ann", "missing")]
    assert "not in force on the platform" in senior.get("/sanctions?group=drift").text
    [known] = platform.get("/v1/sanctions", params={"target": "account:ann"}).json()["items"]
    assert (known["kind"], known["revision"]) == ("suspend", 2)

    lifting = senior.post(f"/sanctions/{sanction.id}/lift", form_on=f"/sanctions/{sanction.id}", reason="not hers")
    assert lifting.status_code == 303
    assert {one.state for one in (*standing(house, "account:ann"), *standing(house, removal.target))} == {"lifting"}
    answered = platform.post(f"/v1/sanctions/{sanction.id}:confirm", json={"revision": 3}).json()
    assert (answered["state"], answered["revision"]) == ("reversed", 3)
    assert "not hers" in senior.get(f"/sanctions/{sanction.id}").text
    with house.house.database.read() as connection:
        acts = {entry.act for entry in latest_entries(connection) if entry.subject == sanction.id}
    assert acts == {"sanction.order", "sanction.confirm", "sanction.lift"}


def test_a_group_closes_from_its_case_and_a_wrong_administrator_is_let_off(
    house: Consoled, senior: Visitor, platform: httpx.Client
) -> None:
    people = [{"account": "boss", "role": "owner"}, {"account": "aide", "role": "admin"}]
    roster = platform.put("/v1/groups/den/roster", json={"people": people, "member_count": 202})
    assert (roster.status_code, roster.json()["people"]) == (200, people)
    case_id = judged_case(house.house.database, "group:den", number=2)
    page = f"/cases/{case_id}/close-group"
    shown = senior.get(page).text
    assert re.search(r"big-number[^<]*>\s*200\s*<", shown)
    outdated = senior.post(page, form_on=page, touched="1")
    assert (outdated.status_code, standing(house, "group:den")) == (400, [])
    assert senior.post(page, form_on=page, touched="2").status_code == 303
    [aide] = standing(house, "account:aide")
    wrong = senior.post(f"/sanctions/{aide.id}/correct", form_on=f"/sanctions/{aide.id}", reason="never was one")
    assert wrong.status_code == 303
    assert platform.get("/v1/sanctions", params={"target": "account:boss"}).json()["items"][0]["state"] == "ordered"
    assert standing(house, "account:aide")[0].state == "lifting"
    assert "never was one" in senior.get(f"/sanctions/{aide.id}").text


def test_what_the_platform_refuses_waits_for_staff(house: Consoled, senior: Visitor, platform: httpx.Client) -> None:
    case_id = judged_case(house.house.database, "account:cai", number=3)
    page = f"/cases/{case_id}/sanction"
    assert senior.post(page, form_on=page, rung="ban").status_code == 303
    [ban] = standing(house, "account:cai")
    no = {"revision": 1, "detail": "no such account"}
    assert platform.post(f"/v1/sanctions/{ban.id}:refuse", json=no).json()["state"] == "refused"
    assert "account:cai" in senior.get("/sanctions?group=refused").text
    assert "no such account" in senior.get(f"/sanctions/{ban.id}").text
    assert senior.post(f"/sanctions/{ban.id}/send", form_on=f"/sanctions/{ban.id}").status_code == 303
    assert standing(house, "account:cai")[0].state == "ordered"
    assert platform.post(f"/v1/sanctions/{ban.id}:confirm", json={"revision": 9}).status_code == 404


def test_a_member_reads_only_their_own_notice(house: Consoled, senior: Visitor, platform: httpx.Client) -> None:
    case_id = judged_case(house.house.database, "account:dai", number=4)
    page = f"/cases/{case_id}/sanction"
    assert senior.post(page, form_on=page, rung="ban").status_code == 303

    def member(account: str, language: str) -> Visitor:
        made = platform.post("/v1/members:link", json={"account": account, "language": language, "path": "/me/notices"})
        parts, visitor = urlsplit(made.json()["url"]), house.visitor()
        assert visitor.open_link(f"{parts.path}?{parts.query}").status_code == 303
        return visitor

    dai = member("dai", "en")
    [path] = re.findall(r'/me/notices/notice_[0-9a-f]+', dai.get("/me/notices").text)
    notice = dai.get(path)
    assert notice.status_code == 200
    for words in ("Your account was banned for good.", "No fraud:", "stays yours", "appeal", "/me/funds"):
        assert words in notice.text
    for secret in ("text_ad_score", "p.spam", "staff:", "senior_one"):
        assert secret not in notice.text
    assert "永久封禁" in member("dai", "zh").get(path).text
    assert member("eve", "en").get(path).status_code == 404
    [sanction] = standing(house, "account:dai")
    assert "Opened by account:dai" in senior.get(f"/sanctions/{sanction.id}").text


def test_statements_come_in_pages_and_name_nobody(house: Consoled, platform: httpx.Client) -> None:
    seen, after = [], 0
    while after is not None:
        page = platform.get("/v1/statements", params={"limit": 2, "after": after}).json()
        seen += page["items"]
        after = page["next_after"]
    assert [one["seq"] for one in seen] == list(range(1, len(seen) + 1))
    assert {one["category"] for one in seen} == {"STATEMENT_CATEGORY_SCAMS_AND_FRAUD"}
    assert not any(name in str(seen) for name in ("ann", "boss", "cai", "dai", "staff:"))


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/groups/g/roster", {"people": [{"account": "a", "role": "member"}], "member_count": 9}, 400),
        ("/v1/groups/g/roster", {"people": [{"account": "a", "role": "owner"}] * 2, "member_count": 9}, 422),
        ("/v1/groups/g/roster", {"people": [{"account": "a", "role": "owner"}], "member_count": 0}, 422),
        ("/v1/platform-state", {"targets": [{"target": "device:d", "in_force": []}]}, 400),
        ("/v1/platform-state", {"targets": [{"target": "account:a", "in_force": [{"kind": "exile"}]}]}, 400),
    ],
)
def test_the_platform_is_told_what_is_wrong(
    platform: httpx.Client, path: str, body: dict[str, object], status: int
) -> None:
    assert platform.put(path, json=body).status_code == status


def test_every_role_meets_its_own_doors(house: Consoled) -> None:
    """Role by act, on the pages themselves."""
    case_id = judged_case(house.house.database, "account:fei", number=5)
    order = f"/cases/{case_id}/sanction"
    assert house.signed_in("senior_one").post(order, form_on=order, rung="ban").status_code == 303
    [ban] = standing(house, "account:fei")
    doors: list[tuple[str, str, Act]] = [
        ("GET", "/sanctions", "see_sanctions"), ("GET", f"/sanctions/{ban.id}", "see_sanctions"),
        ("GET", order, "order_sanctions"), ("POST", order, "order_sanctions"),
        ("GET", f"/cases/{case_id}/close-group", "order_sanctions"),
        ("POST", f"/cases/{case_id}/close-group", "order_sanctions"),
        ("POST", f"/sanctions/{ban.id}/send", "order_sanctions"),
        ("POST", f"/sanctions/{ban.id}/lift", "lift_sanctions"),
        ("POST", f"/sanctions/{ban.id}/correct", "lift_sanctions"),
    ]
    for role in ROLES:
        visitor = house.signed_in(f"{role}_one")
        for method, path, act in doors:
            answer = visitor.get(path) if method == "GET" else visitor.post(path)
            assert (answer.status_code == 403) == (act not in MAY[role]), (role, method, path, answer.status_code)
    assert standing(house, "account:fei")[0].state in ("ordered", "in_force")


def test_a_feature_of_the_platforms_own_that_a_policy_limits_is_drawn_by_its_word(
    house: Consoled, senior: Visitor
) -> None:
    limit = Action(
        kind="restrict", target="account:fay", policy="p.spam", parameters={"feature": "lucky_draws", "hours": 3.0}
    )
    house.house.journal.commit([msgspec.structs.replace(judged(901, "hold", (limit,)), received_at=clock.now())])
    AutomaticSanctions(house.house.sanctions).take_in(clock.now())
    assert "lucky_draws" in senior.get("/sanctions?target=account:fay").text
    [sanction] = standing(house, "account:fay")
    assert "lucky_draws" in senior.get(f"/sanctions/{sanction.id}").text
