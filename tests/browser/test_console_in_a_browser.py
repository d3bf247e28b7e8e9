"""What pages do in a browser: live without reloading, and whole without a script."""

import msgspec
from consoled import PASSWORD, Consoled
from desks import Desk
from playwright.sync_api import expect


def send(console: Consoled, number: int) -> None:
    event = {
        "specversion": "1.0", "id": f"seen-{number}", "source": "browser-test", "type": "message.sent",
        "data": {"sender": f"u-seen-{number}", "recipient": "u-other", "text": "good morning"},
    }
    console.do(console.house.intake.accept(msgspec.json.encode(event)))


def test_a_new_decision_appears_in_the_stream_until_it_is_paused(desk: Desk, console: Consoled) -> None:
    page = desk.open("/decisions")
    send(console, 1)
    expect(page.locator("#rows tbody tr").first).to_contain_text("u-seen-1")
    expect(page.locator("#rows tr.arrives")).to_have_count(1)
    page.get_by_role("link", name="Pause", exact=True).click()
    send(console, 2)
    page.wait_for_timeout(3_000)
    expect(page.locator("#rows tbody tr").first).to_contain_text("u-seen-1")
    page.get_by_role("link", name="Go on").click()
    expect(page.locator("#rows tbody tr").first).to_contain_text("u-seen-2")


def test_a_filter_applies_when_it_is_chosen(desk: Desk) -> None:
    page = desk.open("/decisions")
    page.select_option("[name=type]", "account.login")
    page.wait_for_url("**/decisions?*type=account.login*")
    assert set(page.locator("#rows tbody tr td:nth-child(3)").all_inner_texts()) == {"Sign-in"}


def test_signals_are_found_and_put_where_one_writes(desk: Desk) -> None:
    page = desk.open("/investigate")
    page.fill("textarea", "NOT ")
    page.locator("textarea").press_sequentially("sender_is_con")
    shown = page.locator("#signal-list li:visible code")
    assert "sender_is_contact" in shown.all_inner_texts()
    assert all("sender_is_con" in text for text in shown.all_inner_texts())
    page.locator("#signal-list li:visible", has_text="sender_is_contact").first.click()
    assert page.input_value("textarea") == "NOT sender_is_contact"
    page.press("textarea", "Control+Enter")
    page.wait_for_url("**when=NOT+sender_is_contact*")


def test_a_chart_tells_what_the_pointer_is_over(desk: Desk) -> None:
    page = desk.open("/")
    page.locator(".chart .hit").nth(30).hover()
    expect(page.locator(".chart-tip")).to_contain_text("events")


def test_a_threshold_moves_its_figures_along(desk: Desk) -> None:
    page = desk.open("/model?category=abuse&threshold=0.5")
    recall = page.locator("[data-out=recall]")
    before, place = recall.inner_text(), page.locator("[data-out=line]").get_attribute("x1")
    slider = page.locator("input[type=range]")
    slider.evaluate("input => { input.value = 0.9; input.dispatchEvent(new Event('input', {bubbles: true})); }")
    expect(page.locator("[data-out=threshold]")).to_have_text("0.90")
    moved = recall.inner_text()
    assert moved != before
    assert page.locator("[data-out=line]").get_attribute("x1") != place
    slider.evaluate("input => input.dispatchEvent(new Event('change', {bubbles: true}))")
    page.wait_for_url("**threshold=0.9*")
    assert page.locator("[data-out=recall]").inner_text() == moved, "the server says what the script said"


def test_a_backtest_shows_its_progress_and_its_report(desk: Desk) -> None:
    page = desk.open("/policies/content.fraud_leads_elsewhere")
    page.locator("#backtest button").click()
    expect(page.locator("#backtest")).to_contain_text("Would hit")


def test_a_whole_day_of_work_needs_no_script(desk: Desk) -> None:
    page = desk.open("/", has_script=False, language="zh")
    page.get_by_role("link", name="调查").first.click()
    page.fill("textarea", "text_length > 2 AND sender_messages_1h >= 1")
    page.get_by_role("button", name="查询").click()
    page.get_by_role("button", name="存为策略草稿").click()
    draft = page.input_value("textarea")
    page.fill("textarea", draft.replace("custom.give_it_a_name", "custom.no_script"))
    page.get_by_role("button", name="检查并存为草稿").click()
    expect(page.locator(".note")).to_contain_text("已存为草稿")
    page.get_by_role("button", name="进入影子运行").click()
    expect(page.locator(".note")).to_contain_text("影子运行中")
    page.goto("/decisions?verdict=notable")
    page.locator("#rows tbody a").first.click()
    page.get_by_role("button", name="查看个人信息").click()
    expect(page.locator(".note")).to_contain_text("审计日志")


def test_light_and_dark_follow_the_choice(desk: Desk) -> None:
    page = desk.open("/account", theme="light")

    def brightness() -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(float(part)) for part in colour.removeprefix("rgb(").rstrip(")").split(",")[:3])

    light = brightness()
    page.get_by_role("button", name="Auto").click()
    page.wait_for_load_state()
    assert brightness() < light / 3


def test_signing_in_by_the_page(desk: Desk) -> None:
    page = desk.open("/account")
    page.get_by_role("button", name="Sign out").click()
    page.fill("[name=name]", "mei")
    page.fill("[name=password]", "wrong " + PASSWORD)
    desk.complaints.clear()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not fit together")
    desk.complaints[:] = [text for text in desk.complaints if "401" not in text]
    assert page.input_value("[name=name]") == "mei"
    assert page.input_value("[name=password]") == ""
