"""Every page of members, found by walking its links: light enough, whole without a script, fit for everybody."""

from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest
from consoled import Consoled, Visitor, waking_zone
from membered import begin, come_in, fill, routes, walk
from playwright.sync_api import Browser, Page
from test_console_for_everybody import AXE, RULES, is_too_wide

from anlan import clock
from anlan.store.members import OpenedLink, make_link

MAX_BYTES = 100_000
"""Of a page with its styles, scripts and pictures, as they are before anything compresses them."""

BEHIND_A_TOKEN = {
    "/public/alert/{token}", "/public/sign-in/{token}", "/public/verify/{token}", "/public/recover/{token}",
    "/public/recover/stop/{token}",
    "/me/factors/totp/{enrolment_id}", "/me/vouch/{claim_id}", "/me/security/at/{session}",
    "/me/groups/{group_id}", "/public/bulletins/{campaign_id}", "/public/questions/{campaign_id}",
    "/me/transfers/asked/{transfer_id}",
}
"""Pages that no link of ann's leads to; the tests of their own parts look at them."""

FILES = {"/me/assistant/{talk_id}/export", "/me/appeals/{appeal_id}/files/{file_id}"}


class Parts(HTMLParser):
    """What a page loads, and what on it would do nothing without a script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: set[str] = set()
        self.idle: list[str] = []
        self._form = ""
        self._hidden: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        is_loaded = tag in ("link", "script", "img", "use")
        self.loads |= {said[name] or "" for name in ("src", "href") if is_loaded and name in said}
        if tag == "form":
            self._form = said.get("method", "get") or "get"
        href = said.get("href")
        is_idle = (
            any(name.startswith("on") for name in said)
            or (href is not None and (href.startswith("javascript:") or href == "#"))
            or (tag == "a" and href is None)
            or (tag == "button" and not self._form and "form" not in said and "hidden" not in said)
            or (tag == "button" and said.get("type") == "button" and "hidden" not in said)
        )
        if is_idle:
            self.idle.append(self.get_starttag_text() or tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = ""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, site: "Site") -> Iterator[Consoled]:
    origins = f"http://localhost:{site.port}"
    running = Consoled(
        tmp_path_factory.mktemp("everywhere"), embed_origins=origins, time_zone=waking_zone()
    ).start()
    fill(running)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def ann(house: Consoled) -> Visitor:
    visitor = come_in(house, "zh")
    begin(visitor)
    return visitor


@pytest.fixture(scope="module")
def pages(ann: Visitor) -> dict[str, str]:
    return walk(ann)


def test_links_lead_to_every_page(pages: dict[str, str]) -> None:
    assert {one.path for one in routes()} - pages.keys() == BEHIND_A_TOKEN


def test_every_page_is_light_and_whole_without_a_script(ann: Visitor, pages: dict[str, str]) -> None:
    sizes: dict[str, int] = {}
    for path in (path for name, path in pages.items() if name not in FILES):
        answer = ann.get(path)
        assert answer.status_code == 200, path
        parts = Parts(answer.text)
        assert parts.idle == [], path
        addresses = {urlsplit(one)._replace(fragment="").geturl() for one in parts.loads}
        for one in addresses - sizes.keys():
            sizes[one] = len(ann.get(one).content)
        assert len(answer.content) + sum(sizes[one] for one in addresses) < MAX_BYTES, path


def open_page(browser: Browser, house: Consoled, language: str, theme: str, width: int = 390) -> Page:
    """A phone on which ann is in."""
    context = browser.new_context(
        viewport={"width": width, "height": 844}, base_url=house.url, color_scheme=theme,  # type: ignore[arg-type]
    )
    cookies = come_in(house, language).http.cookies
    context.add_cookies([{"name": name, "value": value, "url": house.url} for name, value in cookies.items()])
    return context.new_page()


@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("en", "dark")])
def test_axe_finds_nothing_on_any_page(
    browser: Browser, house: Consoled, pages: dict[str, str], language: str, theme: str
) -> None:
    page, found = open_page(browser, house, language, theme), []
    for path in (path for name, path in pages.items() if name not in FILES):
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == ("zh-CN" if language == "zh" else "en")
        page.evaluate(AXE)
        said = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
        found += [f"{one['id']} on {path}: {one['nodes'][0]['html'][:160]}" for one in said["violations"]]
        found += [f"too wide: {path}"] if is_too_wide(page) else []
    page.context.close()
    assert found == []


def test_large_type_on_a_small_screen_breaks_nothing(
    browser: Browser, house: Consoled, pages: dict[str, str]
) -> None:
    """320 px in type of 20 px: what remains of 1280 px at more than 400 %."""
    page = open_page(browser, house, "en", "light", width=320)
    page.context.add_cookies([{"name": "anlan_type", "value": "large", "url": house.url}])
    wide = []
    for path in (path for name, path in pages.items() if name not in FILES):
        page.goto(path)
        wide += [path] if is_too_wide(page) else []
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "20px"
    page.context.close()
    assert wide == []


def test_the_keyboard_goes_through_and_out_again(browser: Browser, house: Consoled, pages: dict[str, str]) -> None:
    page = open_page(browser, house, "en", "light")
    for path in ("/me", pages["/me/alerts/{alert_id}"], "/me/privacy"):
        page.goto(path)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        seen: list[str] = []
        while (here := _focus_next(page)) and len(seen) < 120:
            seen.append(here)
        assert 2 < len(seen) < 120, f"{path} keeps the keyboard"
    page.context.close()


def _focus_next(page: Page) -> str:
    """What the next press of Tab lands on, which must be seen to have the focus; empty at the end of the page."""
    page.keyboard.press("Tab")
    here = page.evaluate(
        """() => {
          const one = document.activeElement, style = getComputedStyle(one);
          if (one === document.body) return "";
          const box = one.getBoundingClientRect(), bar = document.querySelector(".shore-bar").getBoundingClientRect();
          const isSeen = style.boxShadow !== "none" || style.outlineStyle !== "none";
          const isFree = box.top < bar.top || one.closest(".shore-bar");
          return `${isSeen && isFree ? "" : "unseen "}${one.outerHTML.slice(0, 80)}`;
        }"""
    )
    assert not here.startswith("unseen"), here
    return str(here)


class Site:
    """Another site on this machine that shows Anlan in a frame and writes down what the frame tells it."""

    PAGE = """<!doctype html><title>im</title><script>
      window.told = [];
      addEventListener("message", (said) => told.push([said.origin, said.data.type, said.data.height]));
    </script><iframe width="390" height="300" src="%s"></iframe>"""

    def __init__(self) -> None:
        self.shows = ""
        site = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = (site.PAGE % site.shows).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing of it matters here."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.port = self._server.server_port
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.stop()


def test_a_named_site_shows_the_center_in_a_frame_and_another_does_not(
    browser: Browser, house: Consoled, site: Site
) -> None:
    for name, is_named in (("localhost", True), ("127.0.0.1", False)):
        with house.house.database.write() as connection:
            link = OpenedLink(account="account:framed", language="en", path="/me")
            token = make_link(connection, link, "test", clock.now())
        site.shows = f"{house.url}/me/open?token={token}&embed=1"
        page = browser.new_page()
        page.goto(f"http://{name}:{site.port}/")
        frame = page.frames[1]
        if is_named:
            frame.locator("main form button").click()
            frame.get_by_role("link", name="Account security").click()
            frame.get_by_role("heading", name="Account security", level=1).wait_for()
            page.wait_for_function("told.length > 1")
            origin, kind, height = page.evaluate("told.at(-1)")
            assert (origin, kind) == (house.url, "anlan.height")
            assert height > 300
        else:
            assert frame.url.startswith("chrome-error://")
            assert page.evaluate("told") == []
        page.close()
