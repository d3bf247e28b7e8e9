"""Passkeys in a browser with a virtual authenticator, in both languages: made, used, worth nothing a second time."""

from collections.abc import Iterator

import pytest
from consoled import Consoled
from playwright.sync_api import Browser, CDPSession, Page
from test_console_for_everybody import faults, is_too_wide

from anlan import clock
from anlan.center.challenges import Started, Visitor
from anlan.store import factors
from anlan.store.members import OpenedLink, make_link

WORDS = {
    "zh": ("添加通行密钥", "使用通行密钥", "验证通过，谢谢"),
    "en": ("Add a passkey", "Use the passkey", "Thank you, that was right"),
}
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    """Reached by a name: browsers bind keys to names."""
    running = Consoled(tmp_path_factory.mktemp("passkeys"))
    running.serve_as("localhost").start()
    yield running
    running.stop()


def open_factors(browser: Browser, house: Consoled, account: str, language: str) -> Page:
    context = browser.new_context(viewport={"width": 390, "height": 844}, base_url=house.url)
    with house.house.database.write() as connection:
        link = OpenedLink(account=account, language=language, path="/me/factors")
        token = make_link(connection, link, "test", clock.now())
    page = context.new_page()
    page.goto(f"/me/open?token={token}")
    page.locator("main form button").click()
    return page


def plug_in(page: Page) -> tuple[CDPSession, str]:
    """An authenticator that knows its owner and answers at once."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return devtools, made["authenticatorId"]


def start(house: Consoled, account: str, purpose: str = "payment") -> Started:
    with house.house.database.write() as connection:
        return house.house.challenges.start(
            connection, account, purpose, clock.now(), level="strong", visitor=Visitor(ip="192.0.2.9"), by="key:test"
        )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_passkey_is_made_and_used(browser: Browser, house: Consoled, language: str) -> None:
    add, use, thanks = WORDS[language]
    account = f"account:{language}"
    page = open_factors(browser, house, account, language)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    plug_in(page)
    found = faults(page)
    page.fill("#passkey-name", "ann's phone")
    page.get_by_role("button", name=add).click()
    page.get_by_text("ann's phone").wait_for()
    found += faults(page)
    assert not is_too_wide(page)
    challenge = start(house, account)
    page.goto(challenge.path)
    found += faults(page)
    assert not is_too_wide(page)
    page.get_by_role("button", name=use).click()
    page.get_by_role("heading", name=thanks).wait_for()
    assert house.house.challenges.read(challenge.id).state == "passed"
    assert (found, complaints) == ([], [])
    page.context.close()


def test_an_assertion_is_good_once_and_a_copied_key_is_noticed(browser: Browser, house: Consoled) -> None:
    account = "account:copied"
    page = open_factors(browser, house, account, "en")
    devtools, authenticator = plug_in(page)
    page.get_by_role("button", name="Add a passkey").click()
    page.locator(".holders li").wait_for()
    [copied] = devtools.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]

    first = start(house, account)
    page.goto(first.path)
    with page.expect_request(lambda sent: sent.method == "POST" and sent.url.endswith(first.path)) as sent:
        page.get_by_role("button", name="Use the passkey").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    second = start(house, account)
    kept = sent.value.post_data or ""
    for path in (first.path, second.path):
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert page.request.post(path, data=kept, headers=form).status in (409, 422), "a replayed assertion"
    assert house.house.challenges.read(second.id).state == "open"

    devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": authenticator})
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]
    late = {**copied, "signCount": copied["signCount"] - 1}
    devtools.send("WebAuthn.addCredential", {"authenticatorId": made, "credential": late})
    page.goto(second.path)
    page.get_by_role("button", name="Use the passkey").click()
    page.get_by_text("That was not right").wait_for()
    with house.house.database.read() as connection:
        assert factors.factors_of(connection, account) == [], "a key that is there twice is out of force"
    page.context.close()


def test_work_is_done_by_the_page(browser: Browser, house: Consoled) -> None:
    with house.house.database.write() as connection:
        started = house.house.challenges.start(connection, "account:new", "sign_in", clock.now() - 60)
    page = browser.new_context(base_url=house.url).new_page()
    page.goto(started.path)
    page.get_by_role("heading", name="Thank you").or_(page.get_by_role("heading", name="验证通过")).wait_for()
    assert house.house.challenges.read(started.id).method == "proof_of_work"
    page.context.close()
