"""Circles as members and platforms meet them: asked, agreed with an example before their eyes, warned, and left."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from consoled import Consoled, Visitor

from anlan import clock
from anlan.center.followers import AlertRaised
from anlan.store.audit import latest_entries
from anlan.store.transfers import Transfer, add_transfer

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    running = Consoled(tmp_path_factory.mktemp("circles"), neutral_url="https://neutral.example/").start()
    running.add_person("hua", "service")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def platform(house: Consoled) -> Iterator[httpx.Client]:
    _, secret = house.house.keys.create("platform", ("members:write", "circles:write"), 1_000.0)
    with httpx.Client(base_url=house.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as client:
        yield client


def member(house: Consoled, platform: httpx.Client, account: str, language: str = "en") -> Visitor:
    made = platform.post("/v1/members:link", json={"account": account, "language": language}).json()["url"]
    visitor = house.visitor()
    visitor.open_link(f"{urlsplit(made).path}?{urlsplit(made).query}")
    return visitor


def ask(platform: httpx.Client, account: str, other: str, **wanted: object) -> str:
    """The platform answers for the tie of the two."""
    body = {"account": account, "other": other, "role": "guardian", "harms": ["money", "goods"], "is_vouched": True}
    made = platform.post("/v1/circles:invite", json={**body, **wanted})
    assert made.status_code == 201, made.text
    return str(made.json()["invitation"])


def bind(platform: httpx.Client, ward: str, guardian: str) -> None:
    name = ask(platform, ward, guardian)
    agreed = platform.post(
        f"/v1/circles/invitations/{name}:accept", json={"account": guardian, "harms": ["money", "goods"]}
    )
    assert agreed.status_code == 200, agreed.text


def warn(house: Consoled, ward: str, name: str) -> None:
    alert = AlertRaised(
        alert_id=name, account=f"account:{ward}", scenario="coupon", strength="stop", was_sent=True, people=frozenset(),
        at=clock.now(),
    )
    with house.house.database.write() as connection:
        house.house.company.circle_warnings.on_alerts_raised(connection, [alert], clock.now())


def test_two_members_agree_and_one_is_warned_and_answers(house: Consoled, platform: httpx.Client) -> None:
    name = ask(platform, "gran", "mei", may_pause=True)
    mei, gran = member(house, platform, "mei"), member(house, platform, "gran")
    assert "Somebody asks you into their circle." in mei.get("/me").text
    page = f"/me/circles/invitations/{name}"
    shown = mei.get(page).text
    assert "What you would see when gran is at risk" in shown
    assert "Never: what was written" in shown
    assert mei.post(f"{page}/accept", form_on=page).status_code == 422, "nothing is ticked"
    assert mei.post(f"{page}/accept", form_on=page, harms=["goods", "threat"]).status_code == 303
    assert "Buying, selling, refunds and tickets" in mei.get("/me/circles").text
    warn(house, "gran", "alert_not_agreed")
    assert "may be at risk" not in mei.get("/me").text, "only both ticks count"
    bond = re.search(r"/me/circles/bonds/(bond_[0-9a-f]{22})", mei.get("/me/circles").text)
    assert bond is not None
    page = f"/me/circles/bonds/{bond[1]}"
    assert mei.post(f"{page}/consent", form_on=page, harms=["goods", "money"]).status_code == 303
    assert mei.post(f"{page}/name", form_on=page, name=f"Nana {HOSTILE}").status_code == 303
    warn(house, "gran", "alert_agreed")
    assert "gran may be at risk. A call from you helps." in mei.get("/me").text
    circle = mei.get("/me/circles").text
    assert HOSTILE not in circle
    assert "Nana &lt;script&gt;" in circle
    warning = re.search(r"/me/circles/warnings/warned_[0-9a-f]{32}", circle)
    assert warning is not None
    shown = mei.get(warning[0]).text
    assert "Money bait" in shown
    assert "coupon" not in shown
    assert mei.post(f"{warning[0]}/answer", form_on=warning[0], answer="called").status_code == 303
    assert "You have spoken with them" in mei.get(warning[0]).text
    told = gran.get("/me/circles").text
    assert "mei was told" in told
    assert "says they called you" in told
    assert gran.get(warning[0]).status_code == 404


def test_a_member_asks_by_the_form_and_hears_what_is_not_possible(house: Consoled, platform: httpx.Client) -> None:
    visitor = member(house, platform, "ann")
    page = "/me/circles/invite"
    for account, harms in (("ann", ["money"]), ("bob", []), ("bob", ["money"]), (HOSTILE, ["money"])):
        answer = visitor.post(page, form_on=page, account=account, harms=harms, role="both")
        assert answer.status_code in (403, 422)
        assert HOSTILE not in answer.text
    assert "friends for at least 30 days" in visitor.post(page, form_on=page, account="bob", harms=["money"]).text


def test_leaving_is_seen_by_who_leaves_and_not_by_the_guardian(house: Consoled, platform: httpx.Client) -> None:
    bind(platform, "wang", "li")
    wang, li = member(house, platform, "wang"), member(house, platform, "li")
    bond = re.search(r"/me/circles/bonds/bond_[0-9a-f]{22}", wang.get("/me/circles").text)
    assert bond is not None
    before = li.get("/me/circles").text
    assert wang.post(f"{bond[0]}/leave", form_on=bond[0]).status_code == 303
    assert wang.get(bond[0]).status_code == 404
    assert li.get("/me/circles").text == before
    assert li.get(bond[0]).status_code == 200


def test_a_guardian_finds_the_payment_only_where_the_ward_agreed(house: Consoled, platform: httpx.Client) -> None:
    house.block_a_message("hello")
    now = clock.now()
    waiting = Transfer(
        id=f"pay_{'a' * 24}", payer="account:xu", payee="card-9", payee_account=None, amount_minor=200_000,
        currency="CNY", payment_id="p1", event_seq=1, event="e1", scenario="coupon", strength="stop", policy="p",
        happened_at=now, paused_at=now, until=now + 600,
    )
    with house.house.database.write() as connection:
        assert add_transfer(connection, waiting)
    for guardian, may_pause in (("he2", True), ("shi", False)):
        name = ask(platform, "xu", guardian, may_pause=may_pause)
        consent = {"account": guardian, "harms": ["money"]}
        platform.post(f"/v1/circles/invitations/{name}:accept", json=consent)
    warn(house, "xu", "alert_xu")
    for guardian, may_pause in (("he2", True), ("shi", False)):
        name = platform.get(f"/v1/accounts/{guardian}/circle").json()["warnings"][0]["warning"]
        visitor = member(house, platform, guardian)
        path = f"/me/transfers/asked/{waiting.id}"
        assert (path in visitor.get(f"/me/circles/warnings/{name}").text) == may_pause
        assert visitor.get(path).status_code == (200 if may_pause else 404)


def test_safe_mode_changes_no_page_and_no_answer(house: Consoled, platform: httpx.Client) -> None:
    """Neither on the phone of whoever turned it on, nor anywhere else."""
    bind(platform, "zhou", "wu")
    zhou, wu = member(house, platform, "zhou"), member(house, platform, "wu")
    pages = ("/me", "/me/circles", "/me/circles/safety")
    before = [[visitor.get(page).text for page in pages] for visitor in (zhou, wu)]
    shown = [platform.get(f"/v1/accounts/{name}/circle").json() for name in ("zhou", "wu")]
    off = zhou.post("/me/circles/safety", form_on="/me/circles/safety", act="look")
    assert "It is off." in off.text
    on = zhou.post("/me/circles/safety", form_on="/me/circles/safety", act="on")
    assert "This is shown only now" in on.text
    assert [[visitor.get(page).text for page in pages] for visitor in (zhou, wu)] == before
    assert [platform.get(f"/v1/accounts/{name}/circle").json() for name in ("zhou", "wu")] == shown
    warn(house, "zhou", "alert_safe")
    assert platform.get("/v1/accounts/wu/circle").json()["warnings"] == []
    assert "Nothing that was there comes back" in zhou.post("/me/circles/safety/end", form_on="/me/circles/safety").text


def test_the_platform_sets_safe_mode_and_leads_the_whole_way(house: Consoled, platform: httpx.Client) -> None:
    name = ask(platform, "he", "lin", role="both")
    received, = platform.get("/v1/accounts/lin/circle").json()["invitations"]
    assert (received["invitation"], received["is_own"], received["other"]) == (name, False, "he")
    consent = {"account": "lin", "harms": ["money"], "may_pause": True}
    first = platform.post(f"/v1/circles/invitations/{name}:accept", json=consent).json()["bonds"]
    assert {(bond["ward"], bond["guardian"]) for bond in first} == {("he", "lin"), ("lin", "he")}
    bond = next(bond["bond"] for bond in first if bond["ward"] == "lin")
    changed = platform.post(f"/v1/circles/bonds/{bond}:change", json={**consent, "harms": ["money", "device"]}).json()
    assert next(one for one in changed["bonds"] if one["bond"] == bond)["own_harms"] == ["money", "device"]
    warn(house, "lin", "alert_lin")
    warning, = platform.get("/v1/accounts/he/circle").json()["warnings"]
    said = {"account": "he", "answer": "vouched"}
    assert platform.post(f"/v1/circles/warnings/{warning['warning']}:answer", json=said).json()["vouched_at"]
    assert platform.post("/v1/circles:safe-mode", json={"account": "lin", "is_on": True}).status_code == 204
    warn(house, "lin", "alert_lin_safe")
    assert len(platform.get("/v1/accounts/he/circle").json()["warnings"]) == 1
    left = platform.post(f"/v1/circles/bonds/{bond}:leave", json={"account": "lin"})
    assert bond not in left.text
    assert bond in platform.get("/v1/accounts/he/circle").text
    blocked = platform.post("/v1/circles:block", json={"account": "lin", "other": "he"}).json()
    assert blocked["bonds"] == []


def test_staff_turn_safe_mode_on_for_somebody_who_calls(house: Consoled, platform: httpx.Client) -> None:
    bind(platform, "sun", "feng")
    hua = house.signed_in("hua")
    wanted = {"account": "sun", "act": "on"}
    assert hua.post("/circles/safe-mode", form_on="/circles", reason=" ", **wanted).status_code == 400
    done = hua.post("/circles/safe-mode", form_on="/circles", reason=f"called us {HOSTILE}", **wanted)
    assert "Safe mode of sun is on since" in done.text
    assert "feng" not in done.text
    look = hua.post("/circles/safe-mode", form_on="/circles", account="feng", reason="asks", act="look")
    assert "Safe mode of feng is off." in look.text
    warn(house, "sun", "alert_sun")
    assert platform.get("/v1/accounts/feng/circle").json()["warnings"] == []
    with house.house.database.read() as connection:
        acts = [(entry.actor, entry.act) for entry in latest_entries(connection, limit=5)]
    assert ("staff:hua", "circle.assist") in acts


def test_what_is_over_is_said_so(house: Consoled, platform: httpx.Client) -> None:
    name = ask(platform, "tang", "shen")
    shen = member(house, platform, "shen")
    page = f"/me/circles/invitations/{name}"
    token = shen.token(page)
    assert platform.post(f"/v1/circles/invitations/{name}:withdraw", json={"account": "tang"}).status_code == 200
    late = shen.http.post(f"{page}/accept", data={"csrf": token, "harms": ["money"]})
    assert late.status_code == 409
    assert "This invitation is over" in late.text
    again = platform.post(f"/v1/circles/invitations/{name}:decline", json={"account": "shen"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_the_hurried_exit_signs_out_and_leads_away(house: Consoled, platform: httpx.Client) -> None:
    visitor = member(house, platform, "ann")
    away = visitor.get("/me/circles/exit")
    assert (away.status_code, away.headers["location"]) == (303, "https://neutral.example/")
    assert visitor.get("/me/circles").status_code == 401
    assert house.visitor().get("/me/circles/exit").status_code == 303


def test_everybody_reads_it_in_chinese(house: Consoled, platform: httpx.Client) -> None:
    bind(platform, "zhao", "qian")
    visitor = member(house, platform, "qian", "zh")
    for page in ("/me/circles", "/me/circles/invite", "/me/circles/safety"):
        assert "守护" in visitor.get(page).text
