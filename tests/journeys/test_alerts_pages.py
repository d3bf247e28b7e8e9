"""A warning from the message that set it off to what its member made of it, in the browser's words and by the API."""

from collections.abc import Iterator
from typing import cast
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from consoled import Consoled, Visitor, waking_zone
from deskwork import until
from sqlalchemy import select

from anlan.store.alerts import Alert, alerts_of
from anlan.store.tables import outbox

POLICY = """
- id: fraud.test_words
  on: message.sent
  when: text = 'SCAM'
  because: it said so
  reason: {zh: 提醒, en: watch}
  category: fraud
  then: [{alert: {scenario: coupon, strength: stop, to: recipient}}]
  state: live
  examples:
    - {given: {text: SCAM}, hits: true}
    - {given: {text: ok}, hits: false}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    folder = tmp_path_factory.mktemp("alerts")
    (folder / "policies").mkdir()
    (folder / "policies" / "own.yaml").write_text(POLICY, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("anlan.app.DESK_EVERY_S", 3_600.0)  # so that nothing but the commit can call for a look
        running = Consoled(folder / "data", policies_dir=folder / "policies", time_zone=waking_zone()).start()
        running.add_person("wen", "analyst")
        running.add_person("rev", "reviewer")
        yield running
        running.stop()


@pytest.fixture(scope="module")
def platform(house: Consoled) -> Iterator[httpx.Client]:
    _, secret = house.house.keys.create("platform", ("events:write", "members:write", "alerts:write"), 1_000.0)
    with httpx.Client(base_url=house.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as client:
        yield client


def warned(house: Consoled, platform: httpx.Client, account: str) -> Alert:
    """Somebody writes what a policy waits for; the alert of who gets it."""
    data = {"sender": "sly<b>", "recipient": account, "text": "SCAM"}
    event = {"specversion": "1.0", "id": f"to-{account}", "source": "im", "type": "message.sent", "data": data}
    assert platform.post("/v1/events", json=event).json()["actions"][0]["kind"] == "alert"

    def look() -> list[Alert]:
        with house.house.database.read() as connection:
            return alerts_of(connection, f"account:{account}")

    return cast(Alert, until(look)[0])


def member(house: Consoled, platform: httpx.Client, account: str, path: str) -> Visitor:
    made = platform.post("/v1/members:link", json={"account": account, "language": "en", "path": path})
    assert made.status_code == 201, made.text
    parts = urlsplit(made.json()["url"])
    visitor = house.visitor()
    assert visitor.open_link(f"{parts.path}?{parts.query}").headers["location"] == path
    return visitor


def test_a_member_reads_why_and_says_that_they_stopped(house: Consoled, platform: httpx.Client) -> None:
    alert = warned(house, platform, "bob")
    page = f"/me/alerts/{alert.id}"
    bob = member(house, platform, "bob", page)
    shown = bob.get(page).text
    scenario = house.house.company.alerts.scenarios["coupon"]
    for words in (scenario.say["stop"], scenario.question, scenario.do[0], scenario.honest[0], scenario.signs[0].says):
        assert words["en"] in shown
    assert "96110" in shown
    assert f"/me/assistant/from/{alert.id}" in shown
    assert "Account sly&lt;b&gt;" in shown
    assert len(shown) < 100_000
    assert bob.post(f"{page}/answer", form_on="/me", answer="stopped").headers["location"] == page
    assert "Well done" in bob.get(page).text
    assert "I have stopped" in bob.get("/me/alerts").text
    eve = member(house, platform, "eve", "/me/alerts")
    assert eve.get(page).status_code == 404
    assert eve.post(f"{page}/answer", form_on="/me", answer="wrong").status_code == 404
    assert "Nothing to warn you of" in eve.get("/me/alerts").text


def test_a_member_has_the_other_blocked_and_the_money_stopped_and_takes_it_back(
    house: Consoled, platform: httpx.Client
) -> None:
    alert = warned(house, platform, "mia")
    page = f"/me/alerts/{alert.id}"
    mia = member(house, platform, "mia", page)
    assert mia.post(f"{page}/block", form_on=page).headers["location"] == page
    assert mia.post(f"{page}/freeze", form_on=page).status_code == 303
    shown = mia.get(page).text
    assert "has been asked to block this account" in shown
    assert "asked to stop the money" in shown
    stop, block = house.house.company.errands.of("account:mia")
    assert platform.post(f"/v1/errands/{block.id}:answer", json={"outcome": "done"}).json()["other"] == "account:sly<b>"
    assert "This account is blocked for you" in mia.get(page).text
    assert platform.post(f"/v1/errands/{stop.id}:answer", json={"outcome": "refused"}).json()["state"] == "refused"
    assert "could not stop the money" in mia.get(page).text
    back = mia.post(f"/me/errands/{block.id}/take-back", form_on=page, leads_to=page)
    assert (back.status_code, back.headers["location"]) == (303, page)
    assert "Block this account" in mia.get(page).text
    listed = mia.get("/me/errands").text
    assert "Account sly&lt;b&gt;" in listed
    assert ("taken back" in listed, "not possible" in listed) == (True, True)
    assert platform.post(f"/v1/errands/{block.id}:answer", json={"outcome": "done"}).status_code == 409
    assert platform.get(f"/v1/errands/{block.id}").json()["state"] == "taken_back"
    kinds = kinds_about(house, block.id) + kinds_about(house, stop.id)
    assert kinds == ["member.block_asked", "member.block_taken_back", "payment.freeze_asked"]


def test_nobody_asks_for_anything_from_what_another_was_warned_of(house: Consoled, platform: httpx.Client) -> None:
    page = f"/me/alerts/{warned(house, platform, 'ned').id}"
    ned, eve = member(house, platform, "ned", page), member(house, platform, "eve2", "/me/alerts")
    for act in ("block", "freeze"):
        assert eve.post(f"{page}/{act}", form_on="/me").status_code == 404
    assert ned.http.post(f"{page}/block").status_code == 403, "a form of ours alone"
    assert ned.post(f"{page}/ban", form_on="/me").status_code == 422
    ned.post(f"{page}/block", form_on=page)
    mine, = house.house.company.errands.of("account:ned")
    assert eve.post(f"/me/errands/{mine.id}/take-back", form_on="/me").status_code == 404
    lured = ned.post(f"/me/errands/{mine.id}/take-back", form_on="/me", leads_to="https://evil.example")
    assert lured.headers["location"] == "/me"


def kinds_about(house: Consoled, errand_id: str) -> list[str]:
    query = select(outbox.c.kind).where(outbox.c.id.like(f"msg_{errand_id}.%")).order_by(outbox.c.created_at)
    with house.house.database.read() as connection:
        return list(connection.execute(query).scalars())


def quick_link(house: Consoled, alert: Alert) -> str:
    """The path of the link that the platform got."""
    query = select(outbox.c.body).where(outbox.c.id == f"msg_{alert.id}")
    with house.house.database.read() as connection:
        body = msgspec.json.decode(connection.execute(query).scalar_one())
    return urlsplit(str(body["data"]["quick_link"])).path


def test_whoever_has_the_quick_link_answers_by_one_tap(house: Consoled, platform: httpx.Client) -> None:
    alert = warned(house, platform, "kim")
    path, anybody = quick_link(house, alert), house.visitor()
    shown = anybody.get(path).text.replace(path, "")  # any letters may stand in it
    assert house.house.company.alerts.scenarios["coupon"].question["zh"] in shown
    assert "kim" not in shown, "a link that got astray tells nobody's name"
    assert "sly" not in shown
    with house.house.database.read() as connection:
        assert alerts_of(connection, "account:kim")[0].opened_at is None, "a look changes nothing"
    assert anybody.http.post(path, data={"answer": "stopped"}).headers["location"] == path
    with house.house.database.read() as connection:
        assert alerts_of(connection, "account:kim")[0].answer == "stopped"
    forged = path[:-6] + ("AAAAAA" if not path.endswith("AAAAAA") else "BBBBBB")
    assert anybody.get(forged).status_code == anybody.get("/public/alert/" + "x" * 60).status_code == 404
    assert anybody.http.post(forged, data={"answer": "wrong"}).status_code == 404


def test_quiet_hours_are_chosen_on_the_page(house: Consoled, platform: httpx.Client) -> None:
    fay = member(house, platform, "fay", "/me/alerts")
    assert 'value="23:00"' in fay.get("/me/alerts").text
    fay.post("/me/alerts/quiet", form_on="/me", start="01:30", end="05:45", is_on="true")
    assert 'value="01:30"' in fay.get("/me/alerts").text
    fay.post("/me/alerts/quiet", form_on="/me", start="01:30", end="05:45", is_on="false")
    assert "You have no quiet hours now" in fay.get("/me/alerts").text
    assert fay.post("/me/alerts/quiet", form_on="/me", start="25:00", end="05:45", is_on="true").status_code == 422


def test_the_first_page_asks_to_read_it(house: Consoled, platform: httpx.Client) -> None:
    warned(house, platform, "gil")
    assert "Read this before you answer or pay anybody." in member(house, platform, "gil", "/me").get("/me").text


def test_a_platform_shows_it_in_a_dialogue_of_its_own(house: Consoled, platform: httpx.Client) -> None:
    alert = warned(house, platform, "hal")
    [listed] = platform.get("/v1/accounts/hal/alerts").json()["alerts"]
    assert (listed["alert"], listed["strength"], listed["other"]) == (alert.id, "stop", "account:sly<b>")
    assert listed["question"]["zh"] == house.house.company.alerts.scenarios["coupon"].question["zh"]
    path = f"/v1/alerts/{alert.id}:answer"
    for said in ("opened", "wrong", "wrong"):
        told = platform.post(path, json={"account": "hal", "answer": said})
        assert told.status_code == 200, told.text
    assert (told.json()["answer"], told.json()["opened_at"] is not None) == ("wrong", True)
    assert platform.post(path, json={"account": "eve", "answer": "wrong"}).status_code == 404
    assert platform.post(path, json={"account": "hal", "answer": "shrugged"}).status_code == 400
    scenarios = {one["id"]: one for one in platform.get("/v1/scenarios").json()["scenarios"]}
    assert len(scenarios) >= 24
    assert scenarios["coupon"]["say"]["stop"]["en"]


def test_staff_see_what_came_of_it_and_no_names(house: Consoled, platform: httpx.Client) -> None:
    warned(house, platform, "ida")
    wen = house.signed_in("wen")
    figures = wen.get("/alerts").text
    assert "fraud.test_words" in figures
    assert "Time-limited coupons" in figures
    assert "account:" not in figures
    coupon = wen.get("/alerts/scenarios/coupon").text
    assert house.house.company.alerts.scenarios["coupon"].question["en"] in coupon
    assert "Anti-fraud line" in coupon
    assert ">fee_in_advance<" not in coupon, "in words"
    assert "police" in wen.get("/alerts/scenarios").text
    assert wen.get("/alerts/scenarios/no-such").status_code == 404
    assert "Members told" in wen.get("/alerts?days=7").text
