"""Factors and challenges over HTTP: members without a script, platforms by the API, and those who are neither."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import msgspec
import pyotp
import pytest
from consoled import Consoled, Visitor
from sqlalchemy import select

from anlan import clock
from anlan.domain.challenges import MAX_TRIES
from anlan.domain.factors import STEP_S
from anlan.store.members import OpenedLink, make_link
from anlan.store.tables import challenges, outbox


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    running = Consoled(tmp_path_factory.mktemp("factors")).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def platform(house: Consoled) -> Iterator[httpx.Client]:
    _, secret = house.house.keys.create("platform", ("accounts:write",), 1_000.0)
    with httpx.Client(base_url=house.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as client:
        yield client


def member(house: Consoled, account: str) -> Visitor:
    with house.house.database.write() as connection:
        link = OpenedLink(account=f"account:{account}", language="en", path="/me/factors")
        token = make_link(connection, link, "test", clock.now())
    visitor = house.visitor()
    assert visitor.open_link(f"/me/open?token={token}").status_code == 303
    return visitor


def add_totp(visitor: Visitor) -> pyotp.TOTP:
    """Through the page, by the present code, so that the next one is still good."""
    begun = visitor.post("/me/factors/totp", form_on="/me/factors", title="my <b>phone</b>")
    path = begun.headers["location"]
    page = visitor.get(path).text
    assert "<svg" in page
    secret = re.search(r'<p class="mono break">([A-Z2-7 ]+)</p>', page)
    assert secret
    app = pyotp.TOTP(secret[1].replace(" ", ""))
    assert visitor.post(path, form_on=path, code="000000").status_code == 400
    assert visitor.post(path, form_on=path, code=app.at(clock.now())).status_code == 303
    return app


def verify(visitor: Visitor, path: str, **form: str) -> httpx.Response:
    return visitor.http.post(path, data=form)


def start(platform: httpx.Client, account: str, purpose: str = "payment", **more: object) -> httpx.Response:
    return platform.post("/v1/challenges", json={"account": account, "purpose": purpose, "ip": "192.0.2.4", **more})


def path_of(started: httpx.Response) -> str:
    assert started.status_code == 201, started.text
    return urlsplit(started.json()["url"]).path


def test_a_member_sets_up_and_removes_a_factor_without_a_script(house: Consoled) -> None:
    visitor = member(house, "ann")
    app = add_totp(visitor)
    page = visitor.get("/me/factors").text
    assert "my &lt;b&gt;phone&lt;/b&gt;" in page
    assert "Prove that it is me" in page
    assert visitor.post("/me/factors/recovery-codes", form_on="/me/factors").status_code == 403

    check = visitor.post("/me/factors/prove", form_on="/me/factors").headers["location"]
    assert verify(visitor, check, method="totp", answer="000000").status_code == 422
    passed = verify(visitor, check, method="totp", answer=app.at(clock.now() + STEP_S))
    assert passed.headers["location"] == check
    assert 'href="/me/factors"' in visitor.get(check).text
    codes = re.findall(r'<li class="mono">([a-z2-7-]{19})</li>', visitor.post(
        "/me/factors/recovery-codes", form_on="/me/factors").text)
    assert len(codes) == 10
    factor = re.search(r"/me/factors/(fac_\w+)/remove", visitor.get("/me/factors").text)
    assert factor
    assert member(house, "eve").post(f"/me/factors/{factor[1]}/remove", form_on="/me/factors").status_code == 404
    assert visitor.post(f"/me/factors/{factor[1]}/remove", form_on="/me/factors").status_code == 303


def test_whoever_has_nothing_to_prove_by_while_contained_is_shown_the_way(house: Consoled) -> None:
    with house.house.database.write() as connection:
        now = clock.now()
        house.house.containments.open(connection, "account:zed", "staff", now, by="staff:li", since=now - 60)
    visitor = member(house, "zed")
    page = visitor.get("/me/factors").text
    assert "Prove that it is me" not in page
    assert 'href="/public/recover"' in page
    assert 'value="zed"' in visitor.get("/public/recover").text


def test_a_proof_is_good_in_its_own_session_only(house: Consoled) -> None:
    first, second = member(house, "bo"), member(house, "bo")
    app = add_totp(first)
    check = first.post("/me/factors/prove", form_on="/me/factors").headers["location"]
    assert verify(first, check, method="totp", answer=app.at(clock.now() + STEP_S)).status_code == 303
    assert first.post("/me/factors/recovery-codes", form_on="/me/factors").status_code == 200
    assert second.post("/me/factors/recovery-codes", form_on="/me/factors").status_code == 403


def test_looking_at_a_check_changes_nothing_and_a_forged_address_shows_nothing(
    house: Consoled, platform: httpx.Client
) -> None:
    path = path_of(start(platform, "cy"))
    stranger = house.visitor()
    before = rows(house)
    assert stranger.get(path).status_code == 200
    assert stranger.get(f"{path}?method=nonsense").status_code == 200
    assert rows(house) == before
    for forged in ("x", "%00", "' OR 1=1 --", "a" * 500):
        assert stranger.get(f"/public/verify/{forged}").status_code == 404
    assert verify(stranger, "/public/verify/forged", method="totp", answer="1").status_code == 404
    cross = stranger.http.post(path, data={"method": "totp"}, headers={"sec-fetch-site": "cross-site"})
    assert cross.status_code == 403
    assert verify(stranger, path, method="trusted_device", answer="1").status_code == 422
    assert verify(stranger, path, method="nonsense", answer="1").status_code == 400


def rows(house: Consoled) -> list[tuple[object, ...]]:
    with house.house.database.read() as connection:
        return [tuple(row) for row in connection.execute(select(challenges).order_by(challenges.c.id))]


def test_a_platform_starts_follows_and_uses_a_challenge(house: Consoled, platform: httpx.Client) -> None:
    started = start(platform, "di", session="s1", device="d1", channels={"email": "d***@im.example"}, level="channel")
    path, name = path_of(started), started.json()["id"]
    assert started.json()["methods"] == ["email_code"]
    assert platform.get(f"/v1/challenges/{name}").json()["state"] == "open"
    visitor = house.visitor()
    assert "d***@im.example" in visitor.get(path).text
    assert verify(visitor, f"{path}/code", channel="email").status_code == 303
    assert verify(visitor, f"{path}/code", channel="email").status_code == 429
    assert verify(visitor, f"{path}/code", channel="pigeon").status_code == 404
    answered = verify(visitor, path, method="email_code", answer=code_for(house, name), trust="yes")
    assert answered.status_code == 303
    shown = platform.get(f"/v1/challenges/{name}").json()
    assert (shown["state"], shown["method"], shown["level"]) == ("passed", "email_code", "channel")

    def use(account: str, purpose: str) -> int:
        return platform.post(f"/v1/challenges/{name}:use", json={"account": account, "purpose": purpose}).status_code

    assert [use("di", "sign_in"), use("ann", "payment"), use("di", "payment"), use("di", "payment")] == [
        403, 403, 200, 403,
    ]
    again = start(platform, "di", device="d1", accepts_trusted_device=True)
    assert again.json()["state"] == "passed"


def code_for(house: Consoled, challenge: str) -> str:
    with house.house.database.read() as connection:
        bodies = connection.execute(select(outbox.c.body).where(outbox.c.kind == "factor.code")).scalars()
        data = [msgspec.json.decode(body)["data"] for body in bodies]
    return str(next(one["code"] for one in data if one["challenge"] == challenge))


def test_an_app_without_a_browser_answers_by_the_api(house: Consoled, platform: httpx.Client) -> None:
    name = start(platform, "fay", channels={"sms": ""}).json()["id"]
    assert platform.post(f"/v1/challenges/{name}:code", json={"channel": "email"}).status_code == 422
    assert platform.post(f"/v1/challenges/{name}:code", json={"channel": "sms"}).status_code == 200
    code = code_for(house, name)

    def answer(text: str) -> httpx.Response:
        return platform.post(f"/v1/challenges/{name}:answer", json={"method": "sms_code", "answer": text})

    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert answer(wrong).json() == {"is_passed": False, "tries_left": MAX_TRIES - 1}
    assert answer(code).json()["is_passed"]
    assert answer(code).status_code == 409


def test_what_an_account_cannot_prove_is_said_at_once(platform: httpx.Client) -> None:
    assert start(platform, "gus", level="factor").status_code == 409
    started = start(platform, "gus")
    assert started.json()["methods"] == ["proof_of_work"]
    work = platform.get(f"/v1/challenges/{started.json()['id']}").json()["work"]
    assert work["bits"] >= 15


def test_one_network_cannot_start_challenges_without_end(
    platform: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()  # turns are counted by windows of the clock, and none may end meanwhile
    monkeypatch.setattr(clock, "now", lambda: now)
    statuses = [start(platform, "hal", ip="198.51.100.7").status_code for _ in range(31)]
    assert (statuses[0], statuses[-1]) == (201, 429)
    assert start(platform, "hal", ip="192.0.2.200").status_code == 201
