"""The desk in a browser, in both languages: judging by keyboard, a closed group, money out, an appeal that is won."""

from collections.abc import Iterator

import pytest
from consoled import PASSWORD, Consoled
from deskwork import ADMINS, GROUP, OWNER, Platform, open_case, until
from platforms import Receiver
from playwright.sync_api import Browser, Page, expect

LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}


@pytest.fixture
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    console = Consoled(tmp_path_factory.mktemp("desk"), allow_http_endpoints=True).start()
    with Receiver() as receiver:
        made = Platform(console, receiver)
        yield made
        made.http.close()
    console.stop()


class People:
    """Browsers of staff and members; whatever the browser complains about is kept."""

    def __init__(self, browser: Browser, console: Consoled) -> None:
        self._browser, self._console = browser, console
        self.complaints: list[str] = []

    def page(self, language: str) -> Page:
        """A page in a profile of its own."""
        context = self._browser.new_context(locale=LANGUAGES[language], base_url=self._console.url)
        page = context.new_page()
        page.on("console", lambda message: self._hear(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self._hear(str(error)))
        return page

    def staff(self, name: str, role: str, language: str) -> Page:
        """Signed in."""
        self._console.add_person(name, role, language=language)
        page = self.page(language)
        page.goto("/sign-in")
        page.fill("[name=name]", name)
        page.fill("[name=password]", PASSWORD)
        page.click("form[action$='/sign-in'] button")
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN" if language == "zh" else "en")
        return page

    def _hear(self, text: str) -> None:
        self.complaints.append(text)


def judge(page: Page, case_id: str, keys: str, words: str = "") -> None:
    """By the keyboard alone: take it, answer, perhaps in words, send it off."""
    page.goto(f"/cases/{case_id}")
    page.keyboard.press("c")
    expect(page.locator("form[data-judge]")).to_have_attribute("action", f"/cases/{case_id}/judge")
    for key in keys:
        page.keyboard.press(key)
    if words:
        page.keyboard.press("/")
        page.keyboard.insert_text(words)
        page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases**after=*")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_chain(browser: Browser, platform: Platform, language: str) -> None:
    console = platform.console
    people = People(browser, console)
    first, second, third = (people.staff(name, "reviewer", language) for name in ("rui", "rong", "rao"))
    service, senior = people.staff("su", "service", language), people.staff("shen", "senior", language)
    platform.tell_of_the_group()

    case_id = open_case(console, f"group:{GROUP}")
    judge(first, case_id, "v4q")
    judge(second, case_id, "v4q")
    first.goto(f"/cases/{case_id}/close-group")
    expect(first.locator("main")).to_contain_text(OWNER)
    first.locator("main form button").last.click()
    first.wait_for_url("**/sanctions/**")
    platform.obey("sanction.apply", 4)

    owner = people.page(language)
    owner.goto(platform.link(OWNER, language))
    owner.locator("main form button").click()
    expect(owner.locator("html")).to_have_attribute("lang", "zh-CN" if language == "zh" else "en")
    owner.goto("/me/funds")
    for field, value in {"legal_name": "张三", "id_number": "11010519491231002X", "contact": "13800138000",
                         "statement": "是我的钱", "payee": "张三", "payee_account": "6222021234567894"}.items():
        owner.fill(f"[name={field}]", value)
    owner.locator("form[action$='/apply'] button").last.click()
    expect(owner.locator("form[action$='/withdraw']")).to_be_visible()
    service.goto("/funds")
    service.locator("a[href*='/funds/payout_']").first.click()
    for page, act in ((service, "check"), (service, "approve"), (senior, "approve")):
        page.goto(service.url)
        page.locator(f"form[action$='/{act}'] button").click()
    (order,) = until(lambda: platform.received("payout.order"))
    platform.call("POST", f"/v1/payouts/{order['payout']}:confirm", amount=123_456, reference="bank-1")

    member = people.page(language)
    member.goto(platform.link(ADMINS[0], language))
    member.locator("main form button").click()
    member.locator("a[href$='/me/notices']").first.click()
    member.locator("a[href*='/me/notices/']").first.click()
    member.locator("a[href$='/appeal']").first.click()
    member.fill("[name=words]", "我前一天才被设为管理员，从来没有在群里说过话，这些消息不是我发的。")
    member.locator("form[action$='/appeal'] button").last.click()
    member.wait_for_url("**/me/appeals/**")
    appeal = open_case(console, f"account:{ADMINS[0]}", "appeal")
    judge(third, appeal, "r", "记录显示账号当天才被设为管理员，没有发言。")
    until(lambda: platform.received("sanction.lift"))
    assert people.complaints == []
