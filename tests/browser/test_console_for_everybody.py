"""Everybody can use the pages: axe-core finds nothing serious, on a desk in Chinese or on a phone in English."""

from pathlib import Path

import pytest
from desks import Desk
from playwright.sync_api import Page

AXE = Path(__file__).with_name("axe-4.14.1.min.js").read_text("utf-8")
WINGS = {
    "now": ("/", "/decisions", "/lists", "/deliveries"),
    "judging": ("/policies", "/policies/new", "/policies/content.fraud_leads_elsewhere", "/signals"),
    "texts": ("/texts", "/model", "/model?category=abuse&set=cold&threshold=0.9", "/model/candidates"),
    "asking": ("/investigate", "/investigate?when=text_length+%3E+3&hours=24"),
    "desk": ("/funds", "/cases", "/cases/next", "/cases/mine", "/cases/agreement", "/appeals"),
    "keeping the desk": ("/cases/queues", "/cases/golden", "/cases/tickets"),
    "running": ("/keys", "/health", "/audit", "/staff", "/account"),
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical, each with the first element that has it."""
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
    return [
        f"{one['id']} on {page.url}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary']}"
        for one in found["violations"] if one["impact"] in ("serious", "critical")
    ]


def is_too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize("wing", WINGS)
@pytest.mark.parametrize(("language", "theme", "is_phone"), [("zh", "light", False), ("en", "dark", True)])
def test_every_room(desk: Desk, wing: str, language: str, theme: str, is_phone: bool) -> None:
    page = desk.open("/account", language=language, theme=theme, is_phone=is_phone)
    found = []
    for path in WINGS[wing]:
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == ("zh-CN" if language == "zh" else "en")
        found += faults(page)
        assert not is_too_wide(page), path
    assert found == []


@pytest.mark.parametrize(("language", "theme", "is_phone"), [("zh", "light", False), ("en", "dark", True)])
@pytest.mark.parametrize("sample", ["fraud", "disguises"])
def test_a_text_that_was_tried(desk: Desk, sample: str, language: str, theme: str, is_phone: bool) -> None:
    page = desk.open("/texts", language=language, theme=theme, is_phone=is_phone)
    page.locator(f"button[value={sample}]").click()
    page.locator("#result").wait_for()
    assert "sample" not in page.url
    assert faults(page) == []
    assert not is_too_wide(page)


@pytest.mark.parametrize("is_phone", [False, True])
def test_one_decision(desk: Desk, is_phone: bool) -> None:
    page = desk.open("/decisions?verdict=notable", is_phone=is_phone)
    page.locator("#rows tbody a").first.click()
    assert faults(page) == []
    assert not is_too_wide(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_doorstep(desk: Desk, theme: str) -> None:
    page = desk.open("/account", theme=theme)
    page.goto("/sign-in/enrol")
    found = faults(page)
    page.context.clear_cookies()
    page.goto("/sign-in")
    assert found + faults(page) == []


def test_the_keyboard_reaches_everything_in_order(desk: Desk) -> None:
    page = desk.open("/policies")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert "New policy" in page.evaluate("document.activeElement.textContent")
    ring = page.evaluate("getComputedStyle(document.activeElement).boxShadow")
    assert ring != "none"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "find"


def test_the_menu_of_a_phone_opens_by_keyboard(desk: Desk) -> None:
    page = desk.open("/decisions", is_phone=True)
    link = page.locator(".rail nav a", has_text="Policies")
    assert not link.is_visible()
    page.focus("#rail-open")
    page.keyboard.press("Space")
    assert link.is_visible()
