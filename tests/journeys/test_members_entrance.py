"""Members come in by the platform's own sign-in: whole, once, in the browser that set out, and never past a guard."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from consoled import Consoled, Visitor
from identity_provider import CLIENT, SECRET, SmallProvider, challenge, small_provider
from sqlalchemy import select

from anlan import clock
from anlan.center import identity_provider
from anlan.center.identity_provider import KEPT_S, MOST_AT_ONCE, Client, IdentityProvider
from anlan.errors import InvalidRequest, InvalidSettings, Unavailable
from anlan.store.audit import latest_entries
from anlan.store.tables import member_sessions, spent_entrances
from anlan.web.pages import entrance
from anlan.web.pages.turns import TurnsByAddress


@pytest.fixture(scope="module")
def provider() -> Iterator[SmallProvider]:
    with small_provider() as running:
        yield running


@pytest.fixture(scope="module")
def house(provider: SmallProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    running = Consoled(
        tmp_path_factory.mktemp("entrance"), oidc_issuer=provider.url, oidc_client_id=CLIENT, oidc_client_secret=SECRET,
        allow_http_endpoints=True,
    ).start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def straight(provider: SmallProvider) -> Iterator[None]:
    yield
    provider.straighten()


def set_out(visitor: Visitor, leads_to: str = "/me") -> str:
    """Where the platform sends the member back to."""
    begun = visitor.http.get("/me/enter", params={"next": leads_to})
    assert begun.status_code == 303, begun.text
    return httpx.get(begun.headers["location"], timeout=30).headers["location"]


def come_back(house: Consoled, leads_to: str = "/me") -> tuple[Visitor, httpx.Response]:
    visitor = house.visitor()
    return visitor, visitor.get(set_out(visitor, leads_to))


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/me").status_code == 200


def test_a_member_comes_in_and_lands_where_they_wanted(house: Consoled) -> None:
    visitor, answer = come_back(house, "/me/funds")
    assert (answer.status_code, answer.headers["location"]) == (303, "/me/funds")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert visitor.get("/me/funds").status_code == 200
    assert "ann" in visitor.get("/me").text
    with house.house.database.read() as connection:
        noted = [(entry.actor, entry.act, entry.subject) for entry in latest_entries(connection, 20)]
        vouched = set(connection.execute(select(member_sessions.c.path)).scalars())
    assert ("account:ann", "member.enter", "account:ann") in noted
    assert vouched == {"/me"}, "a page that the member chose is none for which the platform vouched"


def test_pages_end_with_the_session_that_the_platform_signed_in_with(house: Consoled, provider: SmallProvider) -> None:
    provider.bent = {"sid": "s-77"}
    visitor, _ = come_back(house)
    provider.bent = {"sid": "s-78"}
    other, _ = come_back(house)
    house.house.sessions.confirm_ended("account:ann", ["s-77"], "key:k", clock.now())
    assert (is_in(visitor), is_in(other)) == (False, True)


def test_a_page_that_is_closed_shows_the_door(house: Consoled) -> None:
    visitor = house.visitor()
    closed = visitor.get("/me/reports")
    assert closed.status_code == 401
    assert "/me/enter?next=%2Fme%2Freports" in closed.text


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/me/../staff", "/\\evil", "/staff"])
def test_nobody_is_led_elsewhere(house: Consoled, elsewhere: str) -> None:
    assert come_back(house, elsewhere)[1].headers["location"] == "/me"


def test_the_way_in_is_asked_for_as_it_should_be(house: Consoled, provider: SmallProvider) -> None:
    first, second = (house.visitor().get("/me/enter") for _ in range(2))
    asked = [parse_qs(urlsplit(one.headers["location"]).query) for one in (first, second)]
    assert asked[0]["code_challenge_method"] == ["S256"]
    assert asked[0]["redirect_uri"] == [f"{house.url}/me/enter/back"]
    assert asked[0]["scope"] == ["openid"]
    assert all(asked[0][name] != asked[1][name] for name in ("state", "nonce", "code_challenge"))
    cookie = first.headers["set-cookie"]
    assert "Path=/me/enter" in cookie
    assert asked[0]["state"][0] not in cookie
    assert "HttpOnly" in cookie


def test_another_browser_gets_nothing_by_the_same_address(house: Consoled) -> None:
    owner, thief = house.visitor(), house.visitor()
    back = set_out(owner)
    assert thief.get(back).status_code == 401, "it never set out"
    set_out(thief)
    assert thief.get(back).status_code == 401, "it set out on another way"
    assert not is_in(thief)
    assert owner.get(back).status_code == 303


def test_a_way_lets_in_once_even_if_the_provider_would_again(house: Consoled, provider: SmallProvider) -> None:
    visitor = house.visitor()
    back = set_out(visitor)
    asked = provider.codes[parse_qs(urlsplit(back).query)["code"][0]]
    kept = visitor.http.cookies["anlan_entrance"]
    assert visitor.get(back).status_code == 303
    provider.codes[parse_qs(urlsplit(back).query)["code"][0]] = asked
    again = house.visitor()
    again.http.cookies.set("anlan_entrance", kept)
    assert again.get(back).status_code == 401
    assert not is_in(again)


def test_a_session_that_somebody_planted_ends(house: Consoled) -> None:
    visitor, _ = come_back(house)
    planted = visitor.http.cookies["anlan_member"]
    visitor.get(set_out(visitor))
    assert visitor.http.cookies["anlan_member"] != planted
    other = house.visitor()
    other.http.cookies.set("anlan_member", planted)
    assert not is_in(other)


def test_a_way_ends_in_time(house: Consoled, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = house.visitor()
    back, late = set_out(visitor), clock.now() + 601
    monkeypatch.setattr(clock, "now", lambda: late)
    assert visitor.get(back).status_code == 401
    monkeypatch.undo()
    with house.house.database.read() as connection:
        assert all(row.expires_at < late + 601 for row in connection.execute(select(spent_entrances)))


@pytest.mark.parametrize("bent", [{"iss": "https://other.example"}, {"nonce": "another"}], ids=str)
def test_a_bent_token_lets_nobody_in(house: Consoled, provider: SmallProvider, bent: dict[str, Any]) -> None:
    provider.bent = bent
    visitor, answer = come_back(house)
    assert answer.status_code == 401
    assert not is_in(visitor)


@pytest.mark.parametrize("change", [{"code": "made-up"}, {"code": ""}, {"iss": "https://other.example"},
                                    {"state": "x" * 9_000}, {"error": "access_denied"}])
def test_an_address_that_was_changed_lets_nobody_in(house: Consoled, change: dict[str, str]) -> None:
    visitor = house.visitor()
    parts = urlsplit(set_out(visitor))
    changed = {**{name: values[0] for name, values in parse_qs(parts.query).items()}, **change}
    assert visitor.http.get(parts.path, params=changed).status_code in (401, 422)
    assert not is_in(visitor)


@pytest.mark.parametrize("kept", ["", "forged", "AAAA" * 40, "%00"])
def test_a_forged_memory_lets_nobody_in(house: Consoled, kept: str) -> None:
    visitor = house.visitor()
    back = set_out(visitor)
    visitor.http.cookies.clear()
    visitor.http.cookies.set("anlan_entrance", kept)
    assert visitor.get(back).status_code == 401


def test_keys_are_kept_and_asked_for_again_when_one_is_new(
    house: Consoled, provider: SmallProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now() + 61
    monkeypatch.setattr(clock, "now", lambda: now)
    provider.turn_key("k2")
    assert is_in(come_back(house)[0])
    provider.asked.clear()
    assert is_in(come_back(house)[0])
    assert provider.asked == ["/token"]
    provider.turn_key("k3")
    assert come_back(house)[1].status_code == 401, "asked a moment ago: whoever made the key up gets no answer"
    now += 61
    assert is_in(come_back(house)[0])
    assert provider.asked.count("/keys") == 1


def client_of(provider: SmallProvider, **other: Any) -> Client:
    usual = {
        "issuer": provider.url, "id": CLIENT, "secret": SECRET, "account_claim": "sub", "scope": "openid",
        "returns_to": "http://here/me/enter/back", "allows_http": True,
    }
    return Client(**{**usual, **other})


@pytest.mark.parametrize("wrong", [{"id": ""}, {"scope": "profile"}, {"allows_http": False}], ids=str)
def test_settings_that_cannot_work_stop_the_start(provider: SmallProvider, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettings):
        IdentityProvider(client_of(provider, **wrong))


@pytest.mark.parametrize(
    "lie", [{"issuer": "https://other.example"}, {"token_endpoint": 7}, {"jwks_uri": "ftp://x"}], ids=str
)
def test_a_provider_that_is_not_itself_is_away(provider: SmallProvider, lie: dict[str, Any]) -> None:
    provider.metadata = lie
    with pytest.raises(Unavailable):
        IdentityProvider(client_of(provider)).keys()


def test_the_secret_goes_where_the_provider_takes_it(provider: SmallProvider) -> None:
    for metadata in ({"token_endpoint_auth_methods_supported": ["client_secret_post"]}, {}):
        provider.metadata = metadata
        provider.codes["c"] = {
            "code_challenge": challenge("v" * 43), "redirect_uri": "http://here/me/enter/back", "nonce": "n",
        }
        assert IdentityProvider(client_of(provider)).trade("c", "v" * 43).count(".") == 2
    provider.codes["c"] = {"code_challenge": challenge("other"), "redirect_uri": "http://here/me/enter/back"}
    with pytest.raises(InvalidRequest):
        IdentityProvider(client_of(provider)).trade("c", "v" * 43)


def test_whoever_knocks_and_knocks_is_asked_to_wait_and_whoever_is_let_in_is_not(
    house: Consoled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrance, "_knocks", TurnsByAddress(rate=0.0, burst=4.0))
    assert [come_back(house)[1].status_code for _ in range(4)] == [303] * 4, "each gave back what it took"
    answers = [house.visitor().get(path) for path in ("/me/enter", "/me/enter/back?state=x&code=y")]
    answers += [house.visitor().get(f"/me/open?token={number}") for number in range(4)]
    assert [one.status_code for one in answers] == [303, 401, 401, 401, 429, 429]
    assert "请等一分钟再试" in answers[-1].text
    assert house.visitor().get("/me/enter").status_code == 429


def test_turns_come_back_in_time_and_each_place_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, now = TurnsByAddress(rate=0.5, burst=1.0), clock.stopwatch()
    monkeypatch.setattr(clock, "stopwatch", lambda: now)
    assert turns.of("192.0.2.1").take()
    assert turns.of("2001:db8::1").take()
    assert [turns.of(ip).take() for ip in ("192.0.2.1", "192.0.2.2", "2001:db8::2")] == [False, True, False]
    now += 2.0
    assert turns.of("192.0.2.1").take()


def test_while_a_slow_provider_is_asked_again_others_go_on(
    provider: SmallProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = IdentityProvider(client_of(provider))
    known = ours.metadata
    provider.asked.clear()
    later = clock.now() + KEPT_S + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    provider.is_free.clear()
    with ThreadPoolExecutor(1) as others:
        asking = others.submit(lambda: ours.metadata)
        wait_until_asked(provider, 1)
        assert ours.metadata == known
        assert not asking.done()
        provider.is_free.set()
        assert asking.result() == known
    assert len(provider.asked) == 2, "its word and its keys, once"


def test_few_wait_for_a_slow_provider_and_the_next_is_told_at_once(provider: SmallProvider) -> None:
    ours = IdentityProvider(client_of(provider))
    provider.asked.clear()
    provider.is_free.clear()
    with ThreadPoolExecutor(MOST_AT_ONCE) as others:
        waiting = [others.submit(lambda: ours.metadata) for _ in range(MOST_AT_ONCE)]
        wait_until_asked(provider, 1)
        with pytest.raises(Unavailable):
            until_refused(ours)
        provider.is_free.set()
        assert len({one.result().issuer for one in waiting}) == 1
    assert ours.metadata


def test_a_provider_that_never_finishes_is_away(provider: SmallProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity_provider, "TIMEOUT_S", 0.2)
    provider.drips_s = 0.05
    with pytest.raises(Unavailable):
        IdentityProvider(client_of(provider)).keys()


def wait_until_asked(provider: SmallProvider, times: int) -> None:
    deadline = time.monotonic() + 60
    while len(provider.asked) < times:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def until_refused(ours: IdentityProvider) -> None:
    """All others sit down within a moment."""
    deadline = time.monotonic() + 60
    while ours._seats._value:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    ours.keys()
