"""A place to look at pages from, as somebody who may do everything."""

from consoled import PASSWORD, Consoled
from playwright.sync_api import Browser, Page

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


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
            viewport=PHONE if is_phone else WIDE, locale="zh-CN" if language == "zh" else "en-GB",
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
