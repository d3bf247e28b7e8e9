"""Coming in to the console over HTTP, and everything that must not get in."""

import re
from collections.abc import Iterator

import httpx
import pyotp
import pytest
from consoled import PASSWORD, Consoled, Visitor
from sqlalchemy import select

from anlan import clock
from anlan.domain.factors import STEP_S
from anlan.store import staff
from anlan.store.tables import staff_sessions
from anlan.web.console.pace import FREE_FAILURES
from anlan.web.console.people import csrf_token, digest

OWN_PASSWORD = "海晏河清 a quiet harbour"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    made = Consoled(tmp_path_factory.mktemp("console"), require_second_factor=True).start()
    yield made
    made.stop()


def place(answer: httpx.Response) -> str:
    assert answer.status_code == 303, (answer.status_code, answer.text)
    return answer.headers["location"]


def enrol(visitor: Visitor) -> str:
    """Set up an authenticator and return its secret."""
    page = visitor.get("/sign-in/enrol").text
    groups = re.search(r'class="mono break">([A-Z2-7 ]+)<', page)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert groups
    assert sealed
    assert token
    secret = groups[1].replace(" ", "")
    fields = {"csrf": token[1], "sealed": sealed[1], "code": pyotp.TOTP(secret).at(clock.now())}
    assert place(visitor.http.post("/sign-in/enrol", data=fields)) == "/"
    return secret


def test_the_first_sign_in_asks_for_a_password_of_ones_own_and_a_second_factor(console: Consoled) -> None:
    console.add_person("mei", "analyst", must_change_password=True)
    visitor = console.visitor()
    assert place(visitor.get("/policies")) == "/sign-in?next=/policies"
    assert place(visitor.sign_in("mei")) == "/"
    for path in ("/", "/policies", "/account", "/sign-in/enrol", "/sign-in/code"):
        assert place(visitor.get(path)) == "/sign-in/password"

    def choose(password: str, again: str) -> httpx.Response:
        return visitor.post("/sign-in/password", form_on="/sign-in/password", password=password, again=again)

    for password, again in ((OWN_PASSWORD, "other"), ("short", "short"), (PASSWORD, PASSWORD)):
        assert choose(password, again).status_code == 422
    assert place(choose(OWN_PASSWORD, OWN_PASSWORD)) == "/"
    assert place(visitor.get("/policies")) == "/sign-in/enrol"
    secret = enrol(visitor)
    assert visitor.get("/policies").status_code == 200

    again = console.visitor()
    assert again.sign_in("mei", PASSWORD).status_code == 401
    assert place(again.sign_in("mei", OWN_PASSWORD)) == "/"
    assert place(again.get("/policies")) == "/sign-in/code"
    code = pyotp.TOTP(secret).at(clock.now() + STEP_S)  # later than the one that enrolled; good now and in a while
    assert again.post("/sign-in/code", form_on="/sign-in/code", code="000000").status_code == 401
    assert place(again.post("/sign-in/code", form_on="/sign-in/code", code=code)) == "/"
    assert again.get("/policies").status_code == 200

    thief = console.visitor()
    assert place(thief.sign_in("mei", OWN_PASSWORD)) == "/"
    assert thief.post("/sign-in/code", form_on="/sign-in/code", code=code).status_code == 401, "a code works once"
    assert place(thief.get("/policies")) == "/sign-in/code"


def test_a_session_seen_before_the_second_factor_is_worth_nothing_after_it(console: Consoled) -> None:
    console.add_person("lin", "analyst")
    visitor = console.visitor()
    visitor.sign_in("lin")
    before = visitor.http.cookies["anlan_session"]
    enrol(visitor)
    assert visitor.http.cookies["anlan_session"] != before
    old = console.visitor()
    old.http.cookies.set("anlan_session", before)
    assert place(old.get("/account")).startswith("/sign-in?")


def test_guessing_is_slowed_but_locks_nobody_out(console: Consoled, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    console.add_person("wen", "analyst")
    guesser = console.visitor()
    answers = [guesser.sign_in("wen", f"guess number {n}").status_code for n in range(FREE_FAILURES + 2)]
    assert answers == [401] * FREE_FAILURES + [429, 429]
    assert guesser.sign_in("wen").status_code == 429, "even the right password waits for its turn"
    assert guesser.sign_in("somebody else").status_code == 401


def test_unknown_and_closed_accounts_are_refused_alike(console: Consoled) -> None:
    console.add_person("gone", "analyst")
    with console.house.database.write() as connection:
        member = staff.find_by_name(connection, "gone")
        assert member
        staff.set_active(connection, member.id, is_active=False)
    texts = [console.visitor().sign_in(name).text for name in ("gone", "never was")]
    plain = [re.sub(r'value="[^"]*"', "", text) for text in texts]
    assert plain[0] == plain[1]


def test_cookies_and_headers_keep_the_session_at_home(console: Consoled) -> None:
    console.add_person("hua", "analyst")
    visitor = console.visitor()
    answer = visitor.sign_in("hua")
    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("anlan_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    page = visitor.get("/sign-in/enrol")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", page.text)


def test_cookies_insist_on_https_behind_https(console: Consoled) -> None:
    answer = httpx.get(f"{console.url}/sign-in", headers={"x-forwarded-proto": "https"}, timeout=30)
    assert all("Secure" in line for line in answer.headers.get_list("set-cookie"))
    assert "strict-transport-security" in answer.headers


def test_forms_of_other_sites_are_refused(console: Consoled) -> None:
    console.add_person("xia", "analyst")
    visitor = console.visitor()
    visitor.sign_in("xia")
    token = visitor.token("/sign-in/enrol")
    others = console.visitor()
    forged = others.token("/sign-in")
    for fields, headers in (
        ({}, {}), ({"csrf": ""}, {}), ({"csrf": forged}, {}), ({"csrf": csrf_token("")}, {}),
        ({"csrf": token}, {"sec-fetch-site": "cross-site"}), ({"csrf": token}, {"sec-fetch-site": "same-site"}),
    ):
        answer = visitor.http.post("/looks", data={**fields, "theme": "dark"}, headers=headers)
        assert answer.status_code == 403, (fields, headers)
    assert visitor.http.post("/looks", data={"csrf": token, "theme": "dark"}).status_code == 303


def test_a_session_ends(console: Consoled) -> None:
    console.add_person("qiu", "analyst")
    visitor = console.visitor()
    visitor.sign_in("qiu")
    token = visitor.http.cookies["anlan_session"]
    with console.house.database.write() as connection:
        ours = staff_sessions.c.token_hash == digest(token)
        connection.execute(staff_sessions.update().where(ours).values(expires_at=clock.now() - 1))
    assert place(visitor.get("/sign-in/enrol")) == "/sign-in"

    visitor.sign_in("qiu")
    token = visitor.http.cookies["anlan_session"]
    assert place(visitor.post("/sign-out", form_on="/sign-in/enrol")) == "/sign-in"
    visitor.http.cookies.set("anlan_session", token)
    assert place(visitor.get("/sign-in/enrol")) == "/sign-in"


def test_the_way_back_is_our_own(console: Consoled) -> None:
    visitor = console.visitor()
    assert visitor.field("/sign-in?next=/policies", "next") == "/policies"
    assert visitor.field("/sign-in?next=https://evil.example/", "next") == "/"


def test_a_page_that_polls_keeps_no_session_alive(console: Consoled) -> None:
    console.add_person("dong", "analyst")
    visitor = console.visitor()
    visitor.sign_in("dong")
    ours = staff_sessions.c.token_hash == digest(visitor.http.cookies["anlan_session"])

    def ends_in_s() -> float:
        with console.house.database.read() as connection:
            ends: float = connection.execute(select(staff_sessions.c.expires_at).where(ours)).scalar_one()
        return ends - clock.now()

    with console.house.database.write() as connection:
        connection.execute(staff_sessions.update().where(ours).values(expires_at=clock.now() + 60))
    visitor.http.get("/sign-in/enrol", headers={"hx-request": "true"})
    assert ends_in_s() < 61
    visitor.get("/sign-in/enrol")
    assert ends_in_s() > 3_600


def test_large_forms_are_refused_unread(console: Consoled) -> None:
    assert console.visitor().http.post("/sign-in", content=b"x" * 300_000).status_code == 413
    chunks = (b"x" for _ in range(3))
    assert console.visitor().http.post("/sign-in", content=chunks).status_code == 413


def test_a_store_that_is_away_is_a_page_that_says_so(console: Consoled) -> None:
    console.add_person("bei", "analyst")
    visitor = console.visitor()
    visitor.sign_in("bei")
    with console.house.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE staff_sessions RENAME TO away")
    try:
        answer = visitor.http.get("/decisions", headers={"accept-language": "en"})
    finally:
        with console.house.database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO staff_sessions")
    assert answer.status_code == 503
    assert "Not available right now" in answer.text
    assert answer.headers["hx-reswap"] == "none"
    assert place(visitor.get("/decisions")) == "/sign-in/enrol"


def test_assets_are_kept_by_browsers_and_pages_are_not(console: Consoled) -> None:
    page = console.visitor().get("/sign-in")
    assets = re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text)
    assert len(assets) >= 3
    for path in assets:
        answer = console.visitor().get(path.replace("&amp;", "&"))
        assert answer.status_code == 200, path
        assert "immutable" in answer.headers["cache-control"], path
    assert page.headers["cache-control"] == "no-store"
