"""An owner and their account: told of a stranger by a link, answers with one tap, and keeps house on their own page."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from consoled import Consoled, Visitor
from deskwork import until
from spine import envelope
from sqlalchemy import func, select

from anlan import clock
from anlan.domain.sign_ins import session_in, session_name
from anlan.store.containments import standing_containment
from anlan.store.factors import Secret, add_factor
from anlan.store.members import OpenedLink, make_link
from anlan.store.sign_ins import devices_of, sessions_of
from anlan.store.tables import outbox, own_events, sign_in_reminders

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0"
HOME, FAR = "203.0.113.7", "198.51.100.9"


class Door:
    """The platform's own door: sends what happens there, and lets Anlan's clocks turn."""

    def __init__(self, running: Consoled) -> None:
        self.running, self.house = running, running.house
        self._number = 0

    def say(self, kind: str, **data: Any) -> str:
        """Send an event; returns the verdict."""
        self._number += 1
        body = envelope(kind, f"owner{self._number}", data)
        return str(msgspec.json.decode(self.running.do(self.house.intake.accept(body)))["verdict"])

    def log_in(self, account: str, device: str, agent: str, ip: str, result: str = "success", **more: Any) -> str:
        return self.say(
            "account.login", account=account, result=result, device=device, session=f"s-{account}-{device}",
            user_agent=agent, ip=ip, **more,
        )

    def sign_in(self, account: str, device: str, agent: str, ip: str) -> None:
        """Come in, showing more where it is asked for."""
        if self.log_in(account, device, agent, ip) == "challenge":
            shown = {"session": f"s-{account}-{device}", "device": device, "ip": ip}
            self.say("verification.completed", account=account, result="passed", method="sms_code", **shown)
        self.turn()

    def turn(self) -> None:
        """One round of the book."""
        self.house.sign_ins.take_in(clock.now())

    def messages(self, kind: str, account: str) -> list[dict[str, Any]]:
        """What the platform was sent of this kind about an account, oldest first."""
        with self.house.database.read() as connection:
            query = select(outbox.c.body).where(outbox.c.kind == kind).order_by(outbox.c.created_at)
            told = [msgspec.json.decode(body)["data"] for body in connection.execute(query).scalars()]
        return [one for one in told if one["account"] == f"account:{account}"]

    def stranger(self) -> Visitor:
        """A browser that nobody has signed in with."""
        visitor = self.running.visitor()
        visitor.http.headers["accept-language"] = "en"
        return visitor

    def member(self, account: str, path: str = "/me/security") -> Visitor:
        """Their browser, after a link from the platform."""
        session, name = session_in(path), f"account:{account}"
        came_from = session_name(name, session) if session else None
        link = OpenedLink(account=name, language="en", path=path, platform_session=came_from)
        with self.house.database.write() as connection:
            token = make_link(connection, link, "test", clock.now())
        visitor = self.running.visitor()
        assert visitor.open_link(f"/me/open?token={token}").status_code == 303
        return visitor


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    running = Consoled(tmp_path_factory.mktemp("owners")).start()
    yield Door(running)
    running.stop()


def strange(door: Door, account: str) -> str:
    """The path of the reminder's link after a sign-in on the owner's phone and then one by a stranger."""
    door.sign_in(account, f"{account}-phone", IPHONE, HOME)
    door.sign_in(account, f"{account}-pc", WINDOWS, FAR)
    (told,) = door.messages("login.reminder", account)
    assert "Chrome on Windows" in told["text"]["en"]
    return str(told["link"]).removeprefix(door.house.settings.address)


def test_the_first_device_tells_nobody_and_a_new_one_tells_its_owner(door: Door) -> None:
    assert strange(door, "ann").startswith("/public/sign-in/")


def test_looking_at_the_link_changes_nothing_and_one_tap_contains(door: Door) -> None:
    path, stranger = strange(door, "bea"), door.stranger()
    for _ in range(3):  # a mail scanner looks before the owner does
        page = stranger.get(path)
        assert (page.status_code, "Was this you?" in page.text) == (200, True)
        stranger.http.head(path)
    with door.house.database.read() as connection:
        assert standing_containment(connection, "account:bea") is None
    for _ in range(2):  # a second tap changes nothing more
        assert stranger.http.post(path, data={"answer": "not_own"}).headers["location"] == path
    assert "being protected" in stranger.get(path).text
    with door.house.database.read() as connection:
        containment = standing_containment(connection, "account:bea")
    assert containment is not None
    assert containment.ground == "owner"
    assert "bea-pc" in containment.traces.devices
    assert stranger.http.post(path, data={"answer": "own"}).status_code == 303
    assert "being protected" in stranger.get(path).text, "a link does not take an alarm back"
    with door.house.database.write() as connection:
        door.house.containments.lift(connection, containment.id, "staff:li", "she came to us", clock.now())
    assert "The protection has ended since" in stranger.get(path).text


def test_this_was_me_marks_the_device(door: Door) -> None:
    path, visitor = strange(door, "cai"), door.stranger()
    visitor.http.post(path, data={"answer": "own"})
    with door.house.database.read() as connection:
        known = devices_of(connection, door.house.database.vault, "account:cai")
        assert standing_containment(connection, "account:cai") is None
    assert {one.device: one.state for one in known} == {"cai-phone": "known", "cai-pc": "own"}


def test_forged_and_hostile_answers_do_nothing(door: Door) -> None:
    path, visitor = strange(door, "dan"), door.stranger()
    forged = path[:-4] + "AAAA"
    assert visitor.get(forged).status_code == 404
    assert visitor.http.post(forged, data={"answer": "not_own"}).status_code == 404
    assert visitor.http.post(path, data={"answer": "maybe"}).status_code in (400, 422)
    cross = visitor.http.post(path, data={"answer": "not_own"}, headers={"sec-fetch-site": "cross-site"})
    assert cross.status_code == 403
    with door.house.database.read() as connection:
        query = select(sign_in_reminders.c.answer).where(sign_in_reminders.c.account == "account:dan")
        assert connection.execute(query).scalar_one() is None


def test_the_page_shows_devices_and_sessions_and_ends_them(door: Door) -> None:
    strange(door, "eva")
    eva = door.member("eva", "/me/security/at/s-eva-eva-phone")
    page = eva.get("/me/security").text
    assert "Chrome on Windows" in page
    assert "WeChat on iPhone" in page
    assert "This one" in page
    assert "eva-pc" not in page, "the device's own name is a secret"
    vault = door.house.database.vault
    with door.house.database.read() as connection:
        pc = next(one for one in devices_of(connection, vault, "account:eva") if one.device == "eva-pc")
    assert eva.post(f"/me/security/devices/{pc.id}/remove", form_on="/me/security").status_code == 303
    (order,) = door.messages("session.end", "eva")
    assert order["sessions"] == ["s-eva-eva-pc"]
    assert "Being ended" in eva.get("/me/security").text
    eva.post("/me/security/sessions/end-others", form_on="/me/security")
    assert door.messages("session.end", "eva")[-1]["kept"] == ["s-eva-eva-phone"]
    door.say("session.changed", account="eva", change="ended", session="s-eva-eva-pc")
    door.turn()
    with door.house.database.read() as connection:
        left = sessions_of(connection, vault, "account:eva")
    assert [one.session for one in left] == ["s-eva-eva-phone"]


def test_pages_end_with_the_session_of_the_platform_that_they_were_opened_from(door: Door) -> None:
    strange(door, "ivy")
    phone, pc = (door.member("ivy", f"/me/security/at/s-ivy-ivy-{one}") for one in ("phone", "pc"))
    unknown = door.member("ivy")
    door.say("session.changed", account="ivy", change="ended", session="s-ivy-ivy-pc")
    door.turn()
    assert [one.get("/me").status_code for one in (phone, pc, unknown)] == [200, 401, 200]
    door.say("session.changed", account="ivy", change="others_ended", session="s-ivy-ivy-phone")
    door.turn()
    assert [one.get("/me").status_code for one in (phone, unknown)] == [200, 401], "nobody knows where it came from"
    with door.house.database.read() as connection:
        (own,) = sessions_of(connection, door.house.database.vault, "account:ivy")
    phone.post(f"/me/security/sessions/{own.id}/end", form_on="/me/security")
    assert phone.get("/me").status_code == 401


def test_a_removed_device_becomes_a_stranger_by_the_path_of_every_event(door: Door) -> None:
    strange(door, "fay")
    fay = door.member("fay")
    with door.house.database.read() as connection:
        known = devices_of(connection, door.house.database.vault, "account:fay")
    phone = next(one for one in known if one.device == "fay-phone")
    fay.post(f"/me/security/devices/{phone.id}/remove", form_on="/me/security")

    def is_taken() -> bool:
        with door.house.database.read() as connection:
            return connection.execute(select(func.count()).select_from(own_events)).scalar_one() == 0

    until(is_taken)
    tie = "tie:account:fay|device:fay-phone"
    assert door.house.engine.profiles.fact(tie, "is_known", clock.now()) is False


def test_a_thief_inside_cannot_make_strangers_of_the_owners_devices(door: Door) -> None:
    strange(door, "hua")
    vault = door.house.database.vault
    with door.house.database.write() as connection:
        phone = next(one for one in devices_of(connection, vault, "account:hua") if one.device == "hua-phone")
        assert add_factor(connection, vault, "account:hua", "totp", Secret(totp="JBSWY3DPEHPK3PXP"), clock.now())
    inside = door.member("hua")
    answer = inside.post(f"/me/security/devices/{phone.id}/remove", form_on="/me/security")
    assert answer.headers["location"].startswith("/public/verify/")
    assert door.messages("session.end", "hua") == []
    with door.house.database.read() as connection:
        known = devices_of(connection, vault, "account:hua")
    assert {one.state for one in known} == {"known"}


def test_one_member_reaches_nothing_of_another(door: Door) -> None:
    strange(door, "gus")
    ivy = door.member("ivy")
    vault = door.house.database.vault
    with door.house.database.read() as connection:
        device = devices_of(connection, vault, "account:gus")[0].id
        session = sessions_of(connection, vault, "account:gus")[0].id
        query = select(sign_in_reminders.c.id).where(sign_in_reminders.c.account == "account:gus")
        reminder = connection.execute(query).scalar_one()
    token = ivy.token("/me/security")
    for path in (f"devices/{device}/remove", f"sessions/{session}/end", f"reminders/{reminder}/not_own"):
        assert ivy.http.post(f"/me/security/{path}", data={"csrf": token}).status_code == 404, path
    assert door.messages("session.end", "gus") == []


def test_failures_are_folded_by_day_and_network(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()  # no day ends meanwhile
    monkeypatch.setattr(clock, "now", lambda: now)
    for number in range(37):
        door.log_in("jim", "none", WINDOWS, f"203.0.{number % 12}.5", result="failure")
    door.turn()
    page = door.member("jim").get("/me/security/history").text
    assert "37 failed tries" in page
    assert "from 12 networks" in page


def test_a_change_is_told_and_the_platform_reads_the_same(door: Door) -> None:
    door.say("account.password_changed", account="kim", way="change", password_is_breached=True)
    door.say("account.binding_changed", account="kim", binding="phone", change="replaced")
    door.turn()
    causes = [one["cause"] for one in door.messages("login.reminder", "kim")]
    assert sorted(causes) == ["binding", "password"]
    assert "The phone number of your account was changed" in door.member("kim").get("/me/security").text
    _, secret = door.house.keys.create("owner", ("decisions:read", "accounts:write"), 1_000.0)
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=door.running.url, headers=headers, timeout=30) as client:
        while (found := client.get("/v1/accounts/kim/security")).status_code == 401:
            time.sleep(0.2)
        shown = found.json()
        assert {one["code"]: one["got"] for one in shown["items"]}["password"] == 0
        assert shown["score"] < 50
        door.sign_in("kim", "kim-phone", IPHONE, HOME)
        assert client.get("/v1/accounts/kim/security").json()["sign_ins"][0]["ip"] is None
        ended = {"account": "kim", "sessions": ["s-kim-kim-phone", "other"]}
        assert client.post("/v1/sessions:ended", json=ended).json() == {"ended": 1}
        assert client.post("/v1/sessions:ended", json=ended).json() == {"ended": 0}
