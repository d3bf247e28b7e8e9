"""A browser, and a console to look at: both made once for the whole run."""

import shutil
from collections.abc import Iterator

import pytest
from consoled import Consoled
from desks import Desk
from playwright.sync_api import Browser, expect, sync_playwright

expect.set_options(timeout=30_000)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-extensions"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without a window it does the same for half the processor time."""
    found = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if found is None:
        pytest.fail("browser tests need Chromium: run tests/install.sh, as `make test` does", pytrace=False)
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


@pytest.fixture
def desk(browser: Browser, console: Consoled) -> Iterator[Desk]:
    """Pages of a console; the test fails if the browser complained about one of them."""
    made = Desk(browser, console)
    yield made
    for context in browser.contexts:
        context.close()
    assert made.complaints == []
