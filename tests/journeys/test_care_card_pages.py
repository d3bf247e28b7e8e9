"""A minor meets hurtful words: the card comes at once, on a page of their own; others see only what they may."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import httpx
import pytest
from consoled import Consoled, Visitor
from deskwork import until

from anlan.center.card_file import load_cards

HURTFUL = "没人喜欢你，滚出我们班"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("anlan.app.DESK_EVERY_S", 3_600.0)  # so that nothing but the commit can call for a look
        running = Consoled(tmp_path_factory.mktemp("cards")).start()
        running.add_person("rui", "reviewer")
        running.add_person("eng", "engineer")
        yield running
        running.stop()


@pytest.fixture(scope="module")
def platform(house: Consoled) -> Iterator[httpx.Client]:
    _, secret = house.house.keys.create("platform", ("events:write", "members:write", "alerts:write"), 1_000.0)
    with httpx.Client(base_url=house.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as client:
        for account, band in (("kim77", "12_to_15"), ("lee77", "under_12"), ("ann", "adult")):
            send(client, "account.registered", account=account, age_band=band)
        yield client


def send(platform: httpx.Client, kind: str, **data: Any) -> dict[str, Any]:
    event = {"specversion": "1.0", "id": f"e{time.monotonic_ns()}", "source": "im", "type": kind, "data": data}
    answer = platform.post("/v1/events", json=event)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def member(house: Consoled, platform: httpx.Client, account: str, language: str = "en") -> Visitor:
    made = platform.post("/v1/members:link", json={"account": account, "language": language}).json()["url"]
    visitor = house.visitor()
    visitor.open_link(f"{urlsplit(made).path}?{urlsplit(made).query}")
    return visitor


def cards_of(house: Consoled, account: str, wanted: int) -> list[str]:
    """The paths of this account's cards, newest first, once there are so many."""
    shown = partial(house.house.company.care_cards.list_shown, f"account:{account}")
    until(lambda: len(shown()) >= wanted)
    found = shown()
    assert len(found) == wanted
    return [f"/me/cards/{card.id}" for card in found]


def test_the_card_comes_at_once_and_only_to_the_minor(house: Consoled, platform: httpx.Client) -> None:
    verdict = send(platform, "message.sent", sender="sly77", recipient="kim77", text=HURTFUL)
    send(platform, "message.sent", sender="sly77", recipient="ann", text=HURTFUL)
    assert verdict["verdict"] in ("allow", "warn")
    path, = cards_of(house, "kim77", 1)
    kim = member(house, platform, "kim77")
    assert path in kim.get("/me/cards").text
    assert "/me/cards" in kim.get("/me").text
    page = kim.get(path).text
    assert load_cards()["bullying"].says["12_to_15"]["en"] in page
    assert "<script" not in page
    assert 'role="img"' in page
    ann = member(house, platform, "ann")
    assert "/me/cards" not in ann.get("/me").text
    assert ann.get(path).status_code == 404
    assert cards_of(house, "ann", 0) == []


def test_each_offer_is_one_tap_and_counts(house: Consoled, platform: httpx.Client) -> None:
    send(platform, "message.sent", sender="sly77", recipient="lee77", text=HURTFUL)
    path, = cards_of(house, "lee77", 1)
    lee = member(house, platform, "lee77", "zh")
    for offer, expected in (("trusted_adult", "怎么开口"), ("hotline", "12355"), ("block", "怎么拉黑")):
        went = lee.post(f"{path}/answer", form_on=path, answer=offer).headers["location"]
        assert expected in lee.get(went).text
    assert "替我拉黑" in lee.get(f"{path}?show=block").text
    assert lee.post(f"{path}/block", form_on=f"{path}?show=block").headers["location"] == path
    assert "已请平台替你拉黑对方" in lee.get(path).text
    assert [one.about for one in house.house.company.errands.of("account:lee77")] == ["account:sly77"]
    assert lee.post(f"{path}/answer", form_on=path, answer="talk").headers["location"] == "/me/assistant"
    assert lee.get("/me/report").status_code == 200
    assert lee.post(f"{path}/answer", form_on=path, answer="report").headers["location"] == "/me/report"
    assert "太好了" in lee.get(lee.post(f"{path}/answer", form_on=path, answer="helpful").headers["location"]).text
    assert lee.post(f"{path}/answer", form_on=path, answer="angry").status_code == 422
    assert lee.http.post(f"{path}/answer", data={"answer": "helpful"}).status_code == 403


def test_words_of_not_wanting_to_live_call_a_person_and_show_whom_to_call(
    house: Consoled, platform: httpx.Client
) -> None:
    send(platform, "message.sent", sender="kim77", recipient="tom", text="我真的不想活了")
    path = cards_of(house, "kim77", 2)[0]
    page = member(house, platform, "kim77", "zh").get(path).text
    assert "我们请了一个人来陪你" in page
    assert page.index("tel:12356") < page.index("tel:12355")


def test_staff_see_what_cards_do_and_never_for_whom(house: Consoled, platform: httpx.Client) -> None:
    cards_of(house, "lee77", 1)
    staff = house.signed_in("rui")
    page = staff.get("/alerts/cards").text
    assert "&lt; 10" in page
    assert not [name for name in ("kim77", "lee77", "sly77") if name in page]
    sheet = staff.get("/alerts/cards/sheet").text
    assert sheet.count('loading="lazy"') == len(load_cards()) * 6
    picture = staff.get("/alerts/cards/dare.svg?lang=en&band=under_12")
    assert ElementTree.fromstring(picture.text).tag.endswith("svg")
    assert "script-src" not in picture.headers["content-security-policy"]
    assert staff.get("/alerts/cards/none_such.svg").status_code == 404
    assert house.signed_in("eng").get("/alerts/cards").status_code == 403


def test_platforms_fetch_cards_as_words_and_as_pictures(house: Consoled, platform: httpx.Client) -> None:
    listed = platform.get("/v1/care-cards").json()["items"]
    assert {one["theme"] for one in listed} == set(load_cards())
    drawn = platform.get("/v1/care-cards/bullying.svg", params={"lang": "zh", "band": "under_12"})
    assert drawn.headers["content-type"].startswith("image/svg+xml")
    assert load_cards()["bullying"].says["under_12"]["zh"] in "".join(ElementTree.fromstring(drawn.text).itertext())
    assert platform.get("/v1/care-cards/none_such.svg").status_code == 404
    assert platform.get("/v1/care-cards/bullying.svg", params={"band": "adult"}).status_code in (400, 422)
    assert httpx.get(f"{house.url}/v1/care-cards", timeout=30).status_code == 401
