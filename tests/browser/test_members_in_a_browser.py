"""Members' pages in a browser, in both languages: an appeal by hand, nothing that axe-core minds, on a phone."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from appealed import PNG, WORDS, AppealDesk
from consoled import Consoled
from playwright.sync_api import Browser, Page
from spine import envelope
from sqlalchemy import select
from test_console_for_everybody import faults, is_too_wide

from anlan import clock
from anlan.store.members import OpenedLink, make_link
from anlan.store.sanctions import Sanction
from anlan.store.tables import outbox

WORDS_OF = {
    "zh": ("提交申诉", "审理中", "撤回申诉"),
    "en": ("Hand in the appeal", "Being looked at", "Take the appeal back"),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    running = Consoled(tmp_path_factory.mktemp("members")).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def banned(house: Consoled) -> Sanction:
    return AppealDesk(house.house.database).sanction()


def open_pages(browser: Browser, house: Consoled, language: str, *, theme: str, has_script: bool) -> Page:
    """Ann's first page on a phone, opened by a fresh link."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, base_url=house.url, java_script_enabled=has_script,
        color_scheme=theme,  # type: ignore[arg-type]
    )
    link = OpenedLink(account="account:ann", language=language, path="/me")
    with house.house.database.write() as connection:
        token = make_link(connection, link, "test", clock.now())
    page = context.new_page()
    page.goto(f"/me/open?token={token}")
    button = page.locator("main form button")
    if has_script:
        assert (faults(page), is_too_wide(page)) == ([], False)
        button.dblclick()  # a hasty tap does not spend the link twice
    else:
        button.click()
    page.wait_for_url("**/me")
    return page


@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("en", "dark")])
def test_an_appeal_by_hand(
    browser: Browser, house: Consoled, banned: Sanction, tmp_path: Path, language: str, theme: str
) -> None:
    hand_in, looked_at, take_back = WORDS_OF[language]
    page = open_pages(browser, house, language, theme=theme, has_script=True)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    picture = tmp_path / "proof.png"
    picture.write_bytes(PNG)
    found = faults(page)
    for path in ("/me/appeals", f"/me/sanctions/{banned.id}/appeal"):
        page.goto(path)
        found += faults(page)
        assert not is_too_wide(page), path
    page.fill("[name=words]", WORDS)
    page.set_input_files("[name=files]", picture)
    page.get_by_role("button", name=hand_in).click()
    assert looked_at in page.locator("h2").first.inner_text()
    found += faults(page)
    assert not is_too_wide(page)
    page.get_by_role("button", name=take_back).click()
    page.wait_for_load_state()
    assert "withdraw" not in page.url
    assert (found, complaints) == ([], [])
    page.context.close()


def test_it_all_works_without_a_script(browser: Browser, house: Consoled, banned: Sanction) -> None:
    page = open_pages(browser, house, "en", theme="light", has_script=False)
    page.goto(f"/me/sanctions/{banned.id}/appeal")
    page.fill("[name=words]", WORDS)
    page.get_by_role("button", name="Hand in the appeal").click()
    page.get_by_role("button", name="Take the appeal back").click()
    page.get_by_role("link", name="中文").click()
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.context.close()


def test_one_tap_on_a_phone(browser: Browser, house: Consoled) -> None:
    """The security page reads well with something on it, and "not me" works without a script."""
    there = {"account": "ann", "device": "phone", "session": "s"}
    for kind, data in (("account.login", {"result": "success"}), ("account.password_changed", {"way": "change"})):
        house.do(house.house.intake.accept(envelope(kind, kind, {**there, **data})))
    house.house.sign_ins.take_in(clock.now())
    with house.house.database.read() as connection:
        sent = select(outbox.c.body).where(outbox.c.kind == "login.reminder").order_by(outbox.c.created_at.desc())
        link = msgspec.json.decode(connection.execute(sent.limit(1)).scalar_one())["data"]["link"]
    page = open_pages(browser, house, "zh", theme="dark", has_script=True)
    found = []
    for path in ("/me/security", "/me/security/history", link):
        page.goto(path)
        found += faults(page)
        assert not is_too_wide(page), path
    assert found == []
    page.context.close()
    plain = open_pages(browser, house, "en", theme="light", has_script=False)
    plain.goto(link)
    plain.get_by_role("button", name="Not me").click()
    assert plain.get_by_role("button", name="Not me").count() == 0
    plain.context.close()


def test_the_assistant_answers_by_keyboard_without_loading_the_page_again(browser: Browser, house: Consoled) -> None:
    page = open_pages(browser, house, "zh", theme="dark", has_script=True)
    page.goto("/me/assistant")
    page.fill("#words", "有人让我把验证码告诉他")
    page.get_by_role("button", name="问一问").click()
    page.wait_for_url("**/talk_*")
    page.evaluate("document.body.dataset.same = 'yes'")
    page.fill("#words", "我的验证码是 482913，他还要我转钱")
    page.press("#words", "Enter")
    log = page.get_by_role("log")
    page.locator("#turns > li").nth(4).wait_for()
    page.locator("#ask button:enabled").wait_for()
    assert page.locator("body").get_attribute("data-same") == "yes"
    assert "482913" not in page.content()
    assert "遮住" in log.inner_text()
    assert page.locator("#words").input_value() == ""
    assert page.locator("#tools .offers > li").count() > 0
    assert faults(page) == []
    assert not is_too_wide(page)
