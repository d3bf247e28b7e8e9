"""A browser, and a console to look at: both made once for the whole run."""

import shutil
from collections.abc import Iterator

import pytest
from consoled import PASSWORD, Consoled
from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-extensions"]
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    found = shutil.which("chromium")
    if found is None:
        pytest.fail("browser tests need Chromium: run tests/browser/install.sh, as `make test` does", pytrace=False)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    """A console with a few hours of community behind it, and `mei`, who may do everything."""
    made = Consoled(tmp_path_factory.mktemp("console")).start()
    made.live_through(hours=3)
    made.block_a_message("what nobody was to read")
    made.add_person("mei", "admin", "analyst", "engineer", "reviewer", "auditor", "service")
    yield made
    made.stop()


class Desk:
    """Opens pages as `mei`, and gathers what the browser complains about."""

    def __init__(self, browser: Browser, console: Consoled) -> None:
        self._browser = browser
        self._console = console
        self.complaints: list[str] = []

    def open(
        self, path: str, *, language: str = "en", theme: str = "light", is_phone: bool = False, has_script: bool = True
    ) -> Page:
        """One page in a fresh browser profile in which mei is signed in."""
        context = self._browser.new_context(
            viewport=PHONE if is_phone else DESK, locale="zh-CN" if language == "zh" else "en-GB",
            color_scheme=theme, java_script_enabled=has_script, base_url=self._console.url,  # type: ignore[arg-type]
        )
        page = context.new_page()
        page.on("console", lambda message: self.complain(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complain(str(error)))
        page.goto("/sign-in")
        page.fill("[name=name]", "mei")
        page.fill("[name=password]", PASSWORD)
        page.click("form[action$='/sign-in'] button")
        if page.locator("html").get_attribute("lang") != ("zh-CN" if language == "zh" else "en"):
            if is_phone:
                page.click(".rail-toggle")
            page.locator("form:has([name=language]) button").first.click()
        page.goto(path)
        return page

    def complain(self, text: str) -> None:
        """Remember one complaint."""
        self.complaints.append(text)


@pytest.fixture
def desk(browser: Browser, console: Consoled) -> Iterator[Desk]:
    """Pages of a console; the test fails if the browser complained about one of them."""
    made = Desk(browser, console)
    yield made
    for context in browser.contexts:
        context.close()
    assert made.complaints == []
