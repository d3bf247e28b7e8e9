"""The coupon scam on a phone: warned, the assistant asked while it answers, the payment stopped, the circle told."""

from collections.abc import Iterator

import pytest
from consoled import Consoled, waking_zone
from deskwork import until
from led_astray import ANN, BEN, Harbor, form_circle
from platforms import Receiver
from playwright.sync_api import Browser, BrowserContext, Page, expect

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def harbor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbor]:
    console = Consoled(tmp_path_factory.mktemp("coupon"), allow_http_endpoints=True, time_zone=waking_zone()).start()
    try:
        with Receiver() as receiver:
            made = Harbor(console, receiver)
            yield made
            made.http.close()
    finally:
        console.stop()


def open_pages(browser: Browser, harbor: Harbor, account: str) -> tuple[BrowserContext, Page]:
    """A member's phone, come in by a link of the platform's."""
    context = browser.new_context(viewport=PHONE, locale="zh-CN")
    page = context.new_page()
    page.goto(harbor.link(account, "zh"))
    page.locator("main form button").click()
    return context, page


def test_a_member_is_warned_asks_and_does_not_pay(browser: Browser, harbor: Harbor) -> None:
    harbor.live()
    form_circle(harbor, harbor.visit(ANN), harbor.visit(BEN))
    harbor.lure()
    warned = harbor.alert("banner")
    context, page = open_pages(browser, harbor, ANN)
    try:
        page.goto(warned["link"])
        expect(page.get_by_role("heading", level=1)).to_contain_text("优惠券")
        page.get_by_role("button", name="咨询助手").click()
        page.get_by_label("您想说的").fill("他让我先交299元激活费才能领优惠券")
        page.get_by_role("button", name="发送").click()
        talk = page.get_by_role("log")
        expect(talk.locator("q").first).to_contain_text("299元激活")
        expect(talk).to_contain_text("不要付款")

        assert harbor.pay()["verdict"] == "hold"
        paused = until(lambda: harbor.received("transfer.paused"))[0]
        page.goto(f"{harbor.console.url}/me/transfers/{paused['transfer']}")
        expect(page.locator("main")).to_contain_text("299")
        page.locator('form[action$="/stop"] button').first.click()
        page.wait_for_load_state()
        assert until(lambda: harbor.received("transfer.stopped"))[0]["payment_id"] == "p1"
    finally:
        context.close()

    (warning, *_) = until(lambda: harbor.received("circle.warning"))
    context, page = open_pages(browser, harbor, BEN)
    try:
        page.goto(warning["link"])
        expect(page.locator("main")).not_to_contain_text("激活费")
        page.goto(f"{harbor.console.url}/me")
        expect(page.locator('a[href$="/me/circles"]').first).to_be_visible()
    finally:
        context.close()
