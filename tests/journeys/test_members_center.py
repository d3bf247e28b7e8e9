"""The members' center as one place: home, privacy, taking one's data along, and standing in another site's frame."""

import re
from collections.abc import Iterator

import httpx
import msgspec
import pytest
from appealed import AppealDesk
from consoled import Consoled, Visitor

from anlan import clock
from anlan.domain.events import CATALOGUE, fields_of
from anlan.domain.keys import event_key
from anlan.domain.privacy import FIELDS, LATER_S
from anlan.errors import InvalidSettings
from anlan.store.audit import latest_entries, note
from anlan.store.members import OpenedLink, make_link
from anlan.store.sanctions import Sanction
from anlan.web.embedding import read_origins

APP = "https://im.example"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    running = Consoled(tmp_path_factory.mktemp("center"), embed_origins=f"{APP}, https://www.im.example:8443").start()
    running.add_person("zhao", "reviewer", "senior")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def banned(house: Consoled) -> Sanction:
    return AppealDesk(house.house.database).sanction()


def member(house: Consoled, account: str, **more: str) -> tuple[Visitor, httpx.Response]:
    """A member who came in by a link, in English, and the answer that let them in."""
    with house.house.database.write() as connection:
        token = make_link(
            connection, OpenedLink(account=f"account:{account}", language="en", path="/me"), "test", clock.now()
        )
    visitor = house.visitor()
    return visitor, visitor.open_link("/me/open", token=token, **more)


def test_home_is_calm_or_says_what_comes_first(house: Consoled) -> None:
    calm = member(house, "bob")[0].get("/me").text
    assert "All is calm" in calm
    assert "First this" not in calm
    eve, _ = member(house, "eve")
    assert eve.post("/me/safety/alarm", form_on="/me/safety").status_code == 303
    pressed = eve.get("/me").text
    assert "All is calm" not in pressed
    first = pressed.index("First this")
    assert first < pressed.index("Your account is protected") < pressed.index("My account")


def test_the_bar_says_where_one_is(house: Consoled) -> None:
    ann, _ = member(house, "ann")
    for path in ("/me", "/me/security", "/me/security/history", "/me/alerts"):
        page = ann.get(path).text
        bar = page[page.index('class="shore-bar"') : page.index("<main")]
        here = [line for line in bar.splitlines() if 'aria-current="page"' in line]
        assert len(here) == 1, path
        assert f'href="{path.removesuffix("/history")}"' in here[0]
    assert "shore-bar" not in house.visitor().get("/public").text


def test_type_grows_on_this_device(house: Consoled) -> None:
    ann, _ = member(house, "ann")
    assert "data-type" not in ann.get("/me").text
    assert ann.get("/me/looks?type=large&next=/me/privacy").headers["location"] == "/me/privacy"
    assert 'data-type="large"' in ann.get("/me").text
    ann.get("/me/looks?type=normal")
    assert "data-type" not in ann.get("/me").text


def test_every_personal_field_has_words() -> None:
    personal = {
        field.name for one in CATALOGUE for field in fields_of(one.data) if field.privacy in ("personal", "sensitive")
    }
    assert set(FIELDS) == personal


def test_privacy_says_what_is_kept_and_for_how_long(house: Consoled, banned: Sanction) -> None:
    page = member(house, "ann")[0].get("/me/privacy").text
    assert "Network addresses" in page
    assert "Your phone number" in page
    assert "Kept for 180 days" in page
    assert "1 entry" in page


def test_who_looked_is_told_by_role_and_in_time(house: Consoled) -> None:
    database, cleo = house.house.database, member(house, "cleo")[0]
    assert "Nobody has looked lately" in cleo.get("/me/privacy").text
    event = {
        "specversion": "1.0", "id": "looked-at", "source": "im", "type": "message.sent",
        "data": {"sender": "cleo", "recipient": "dan", "text": "hello"},
    }
    house.do(house.house.intake.accept(msgspec.json.encode(event)))
    with database.write() as connection:
        note(connection, "staff:zhao", "account.personal", "account:cleo", {})
        note(connection, "staff:gone", "decision.sensitive", f"event:{event_key('im', 'looked-at')}", {})
        note(connection, "staff:zhao", "account.personal", "account:dan", {})
        note(connection, "staff:zhao", "sanction.lift", "account:cleo", {})
    assert "Nobody has looked lately" in cleo.get("/me/privacy").text, "told later, so that nobody is warned"
    later = house.house.company.own_data.look("account:cleo", clock.now() + LATER_S + 1).looks
    assert [(one.act, one.by, one.roles) for one in later] == [
        ("decision.sensitive", "staff", ()), ("account.personal", "staff", ("reviewer", "senior")),
    ]
    with database.write() as connection:
        note(connection, "staff:zhao", "containment.read", "account:cleo", {})
    page = cleo.get("/me/privacy").text
    assert "A reviewer" in page
    assert "zhao" not in page


def test_the_download_has_what_is_theirs_and_is_noted(house: Consoled, banned: Sanction) -> None:
    ann, _ = member(house, "ann")
    assert ann.http.post("/me/privacy/download").status_code == 403
    fetched = ann.post("/me/privacy/download", form_on="/me/privacy")
    assert fetched.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    found = fetched.json()
    assert found["account"] == "account:ann"
    assert [one["id"] for one in found["sanctions"]] == [banned.id]
    assert found["sanctions"][0]["starts_at"].startswith("20")
    assert "judged_by" not in str(found)
    assert "staff:" not in fetched.text
    with house.house.database.read() as connection:
        assert ("account:ann", "member.download") in [(one.actor, one.act) for one in latest_entries(connection, 20)]


def test_all_talks_go_at_once(house: Consoled) -> None:
    fay, gil = member(house, "fay")[0], member(house, "gil")[0]
    assert "Delete all talks" not in fay.get("/me/privacy").text
    for visitor in (fay, fay, gil):
        assert visitor.post("/me/assistant", form_on="/me/assistant", words="he wants a fee").status_code == 303
    assert "Delete all talks" in fay.get("/me/privacy").text
    gone = fay.post("/me/privacy/talks/delete", form_on="/me/privacy")
    assert "gone for good" in fay.get(gone.headers["location"]).text
    assert fay.post("/me/privacy/download", form_on="/me/privacy").json()["consultations"] == []
    assert len(gil.post("/me/privacy/download", form_on="/me/privacy").json()["consultations"]) == 1
    with house.house.database.read() as connection:
        acts = [one.act for one in latest_entries(connection, 10) if one.subject.startswith("talk_")]
    assert acts == ["consultation.delete"] * 2


def test_three_downloads_a_day(house: Consoled) -> None:
    dora, _ = member(house, "dora")
    answers = [dora.post("/me/privacy/download", form_on="/me/privacy").status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    assert "Come back tomorrow" in dora.post("/me/privacy/download", form_on="/me/privacy").text


def test_only_named_sites_frame_members_own_pages(house: Consoled) -> None:
    ann, _ = member(house, "ann")
    mine = ann.get("/me").headers
    assert f"frame-ancestors {APP} https://www.im.example:8443;" in mine["content-security-policy"]
    assert "x-frame-options" not in mine
    for path in ("/public", "/public/recover", "/sign-in", "/static/pages.css"):
        other = ann.get(path).headers
        assert "frame-ancestors 'none'" in other["content-security-policy"], path
        assert other["x-frame-options"] == "DENY", path


def test_a_frame_keeps_its_session_apart(house: Consoled) -> None:
    _, usual = member(house, "ann")
    assert "SameSite=lax" in usual.headers["set-cookie"]
    assert "Partitioned" not in usual.headers["set-cookie"]
    _, framed = member(house, "ann", embed="1")
    cookies = framed.headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert {"SameSite=none", "Secure", "Partitioned", "HttpOnly"} <= {part.strip() for part in cookie.split(";")}


def test_a_hurried_exit_out_of_a_frame_leaves_the_whole_window_and_ends_the_session(house: Consoled) -> None:
    flo, _ = member(house, "flo")
    framed = flo.http.get("/me/circles", headers={"sec-fetch-dest": "iframe"}).text
    (way, name), = re.findall(r'href="(/me/circles/exit\?ends=([0-9a-f]{64}))" target="_top"', framed)
    assert "target=" not in flo.get("/me/circles").text
    assert flo.http.cookies["anlan_member"] not in framed
    window = house.visitor()  # to the window the browser does not give the frame's cookie
    assert window.get(way).status_code == 303
    assert flo.get("/me/circles").status_code == 401
    assert window.get(f"/me/circles/exit?ends={name[:-1]}x").status_code == 422


def test_a_framed_page_has_no_head_and_tells_its_height_to_named_sites_alone(house: Consoled) -> None:
    ann, _ = member(house, "ann")
    framed = ann.http.get("/me", headers={"sec-fetch-dest": "iframe"}).text
    assert "shore-head" not in framed
    assert f'data-origins="{APP} https://www.im.example:8443"' in framed
    assert "embed.js" not in ann.get("/me").text
    assert "shore-head" in ann.get("/me").text


@pytest.mark.parametrize(
    "text",
    ["*", "https://*.example", "http://im.example", "https://im.example/", "https://im.example/x", "im.example",
     "https://u@im.example", "https://", "https://im.example; script-src *", "https://im.example 'self'",
     "https://im.example:port", "javascript:x", "null"],
)
def test_what_is_no_origin_stops_the_start(text: str) -> None:
    with pytest.raises(InvalidSettings):
        read_origins(text)


def test_origins_are_read_in_order() -> None:
    assert read_origins("") == ()
    assert read_origins(f" {APP} ,, http://localhost:3000") == (APP, "http://localhost:3000")
