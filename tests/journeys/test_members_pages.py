"""Members at their own pages: the way in, what is only theirs, and an appeal from the form to the reviewer's page."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from appealed import PDF, PNG, WORDS, AppealDesk
from consoled import Consoled, Visitor
from fastapi.routing import APIRoute
from sanctioned import judged_case
from sqlalchemy import select, text, update

from anlan import clock
from anlan.desk.review import Answered, Reviewer
from anlan.store.audit import latest_entries
from anlan.store.members import LINK_S, SESSION_S
from anlan.store.sanctions import Sanction
from anlan.store.tables import member_links, member_sessions, outbox
from anlan.web.pages.app import MAX_FORM_BYTES, ROOMS

JPEG = b"\xff\xd8\xff\xe0" + b"2" * 64
OPEN = {"/me/open", "/me/looks", "/me/enter", "/me/enter/back", "/me/circles/exit"}
"""Ways in and out; they show nothing of anybody."""
HOSTILE_NAME = '../../etc/"pass\r\nwd<script>.png'


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    running = Consoled(tmp_path_factory.mktemp("members")).start()
    running.add_person("zhao", "reviewer")
    running.add_person("aud", "auditor")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def platform(house: Consoled) -> Iterator[httpx.Client]:
    _, secret = house.house.keys.create("platform", ("members:write",), 1_000.0)
    with httpx.Client(base_url=house.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def banned(house: Consoled) -> Sanction:
    """A ban of ann that she may appeal against."""
    return AppealDesk(house.house.database).sanction()


def link(platform: httpx.Client, account: str, **wanted: str) -> str:
    """The path of a fresh link."""
    made = platform.post("/v1/members:link", json={"account": account, **wanted})
    assert made.status_code == 201, made.text
    parts = urlsplit(made.json()["url"])
    return f"{parts.path}?{parts.query}"


def member(house: Consoled, platform: httpx.Client, account: str, path: str = "/me") -> Visitor:
    visitor = house.visitor()
    answer = visitor.open_link(link(platform, account, language="en", path=path))
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    return visitor


def appeal(visitor: Visitor, sanction: Sanction, *files: tuple[str, bytes], words: str = WORDS) -> httpx.Response:
    path = f"/me/sanctions/{sanction.id}/appeal"
    return visitor.http.post(
        path, data={"csrf": visitor.token(path), "words": words},
        files=[("files", (name, content, "application/octet-stream")) for name, content in files],
    )


def test_a_link_opens_once_and_carries_the_language(house: Consoled, platform: httpx.Client) -> None:
    path, first, second = link(platform, "ann", language="zh"), house.visitor(), house.visitor()
    for _ in range(2):  # a mail scanner or a preview looks before the member does
        looked = second.get(path)
        assert (looked.status_code, "set-cookie" in looked.headers) == (200, False)
        assert "打开您的安全中心" in looked.text
        second.http.head(path)
    token = path.partition("token=")[2]
    elsewhere = second.http.post("/me/open", data={"token": token}, headers={"sec-fetch-site": "cross-site"})
    assert elsewhere.status_code == 403, "another site sends a browser into an account of its choice"
    answer = first.open_link(path)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "首页" in first.get("/me").text
    assert second.http.post("/me/open", data={"token": token}).status_code == 401
    assert second.get(path).status_code == 401
    assert second.get("/me").status_code == 401


@pytest.mark.parametrize("token", ["", "forged", "a" * 5_000, "%00", "' OR 1=1 --"])
def test_a_forged_link_opens_nothing(house: Consoled, token: str) -> None:
    visitor = house.visitor()
    assert visitor.get(f"/me/open?token={token}").status_code == 401
    assert visitor.http.post("/me/open", data={"token": token}).status_code == 401
    assert not visitor.http.cookies


def test_links_and_sessions_end(house: Consoled, platform: httpx.Client) -> None:
    path, visitor = link(platform, "ann"), member(house, platform, "ann")
    assert visitor.get("/me").status_code == 200
    with house.house.database.write() as connection:
        past = {"expires_at": clock.now() - 1}
        lasted = connection.execute(select(member_links.c.expires_at - member_links.c.made_at)).scalars().all()
        assert set(lasted) == {LINK_S}
        lasted = connection.execute(select(member_sessions.c.expires_at - member_sessions.c.created_at)).scalars().all()
        assert set(lasted) == {SESSION_S}
        connection.execute(update(member_links).values(past))
        connection.execute(update(member_sessions).values(past))
    assert house.visitor().get(path).status_code == 401
    assert visitor.get("/me").status_code == 401


def test_no_token_is_stored(house: Consoled, platform: httpx.Client) -> None:
    visitor = member(house, platform, "ann")
    token = visitor.http.cookies["anlan_member"]
    with house.house.database.read() as connection:
        kept = connection.execute(select(member_sessions.c.token_hash)).scalars().all()
    assert token not in "".join(kept)
    assert len(kept[0]) == 64


@pytest.mark.parametrize(
    "body",
    [{"account": ""}, {"account": "a\nb"}, {"account": "a", "path": "//evil.example"}, {"account": "a", "path": "/"},
     {"account": "a", "path": "/me/../staff"}, {"account": "a", "path": "/me?next=x"},
     {"account": "a", "language": "fr"},
     {"account": "a" * 257}, {"account": "a", "more": 1}],
)
def test_a_link_that_leads_elsewhere_is_refused(platform: httpx.Client, body: dict[str, object]) -> None:
    assert platform.post("/v1/members:link", json=body).status_code == 400


def test_other_keys_make_no_links(house: Consoled) -> None:
    _, secret = house.house.keys.create("other", ("events:write", "personal:read"), 10.0)
    headers, status = {"Authorization": f"Bearer {secret}"}, 401
    while status == 401:  # the server looks for new keys once a second
        made = httpx.post(f"{house.url}/v1/members:link", json={"account": "ann"}, headers=headers, timeout=30)
        status = made.status_code
    assert status == 403


def test_every_page_under_me_is_closed_to_strangers_and_staff(house: Consoled) -> None:
    routes = [one for room in ROOMS for one in room.router.routes if isinstance(one, APIRoute)]
    doors = [one for one in routes if one.path.startswith("/me") and one.path not in OPEN]
    assert len(doors) > 8
    for visitor in (house.visitor(), house.signed_in("zhao")):
        for route in doors:
            for method in route.methods:
                answer = visitor.http.request(method, route.path.replace("{", "").replace("}", ""))
                assert answer.status_code in ((401,) if method == "GET" else (401, 403, 413)), (method, route.path)


def test_a_member_sees_nothing_of_another(house: Consoled, platform: httpx.Client, banned: Sanction) -> None:
    ann, bob = member(house, platform, "ann"), member(house, platform, "bob")
    filed = appeal(ann, banned, ("a.png", PNG))
    mine = filed.headers["location"].partition("?")[0]
    file = next(line for line in ann.get(mine).text.split('"') if f"{mine}/files/" in line)
    token = bob.token("/me")
    for path in (mine, file, f"/me/sanctions/{banned.id}/appeal", "/me/groups/g1"):
        assert ann.get(path).status_code == (404 if "groups" in path else 200), path
        assert bob.get(path).status_code == 404, path
    for path in (f"{mine}/withdraw", f"/me/sanctions/{banned.id}/appeal", "/me/groups/g1/content"):
        assert bob.http.post(path, data={"csrf": token, "words": WORDS}).status_code == 404, path
    assert banned.id not in bob.get("/me/appeals").text
    assert ann.post(f"{mine}/withdraw", form_on="/me").status_code == 303


def test_forms_of_others_are_refused(house: Consoled, platform: httpx.Client, banned: Sanction) -> None:
    ann, bob = member(house, platform, "ann"), member(house, platform, "bob")
    path = f"/me/sanctions/{banned.id}/appeal"
    for token in ("", "0" * 64, bob.token("/me")):
        assert ann.http.post(path, data={"csrf": token, "words": WORDS}).status_code == 403
    good = {"csrf": ann.token("/me"), "words": WORDS}
    cross = {"sec-fetch-site": "cross-site"}
    assert ann.http.post(path, data=good, headers=cross).status_code == 403


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([("a.exe", b"MZ" + b"0" * 99)], "Only pictures"),
        ([("a.png", b"<html><script>alert(1)</script>")], "Only pictures"),
        ([("a.svg", b"<svg onload=alert(1)>")], "Only pictures"),
        ([("a.png", PNG + b"0" * 5 * 1024 * 1024)], "larger than 5 MB"),
        ([(f"{n}.png", PNG + bytes([n])) for n in range(4)], "three files"),
    ],
)
def test_files_that_are_not_taken(
    house: Consoled, platform: httpx.Client, banned: Sanction, files: list[tuple[str, bytes]], says: str
) -> None:
    answer = appeal(member(house, platform, "ann"), banned, *files)
    assert answer.status_code in (400, 413)
    assert says in answer.text
    assert WORDS.replace("'", "&#39;") in answer.text


def test_a_form_that_is_far_too_large_is_not_read(house: Consoled, platform: httpx.Client) -> None:
    ann = member(house, platform, "ann")
    whole = b"x" * (MAX_FORM_BYTES + 1)
    for content in (whole, iter([b"x"])):  # what comes in pieces says no length
        assert ann.http.post("/me/leave", content=content).status_code == 413
    stranger = house.visitor()
    stranger.http.cookies.set("anlan_member", "made up")
    assert stranger.http.post("/me/leave", content=whole[: 2**20]).status_code == 401


def test_an_appeal_from_the_form_to_the_outcome(house: Consoled, platform: httpx.Client, banned: Sanction) -> None:
    ann = member(house, platform, "ann", f"/me/sanctions/{banned.id}/appeal")
    words = "<script>alert(1)</script> {{ 7*7 }} that was my cousin's money"
    filed = appeal(ann, banned, (HOSTILE_NAME, PNG), ("二.pdf", PDF), ("c.jpg", JPEG), words=words)
    path = filed.headers["location"].partition("?")[0]
    page = ann.get(path).text
    assert "<script>alert" not in page
    assert "{{ 7*7 }}" in page
    files = [line for line in page.split('"') if f"{path}/files/" in line]
    names = [ann.get(one).headers for one in files]
    assert {one["content-type"] for one in names} == {"image/png", "image/jpeg", "application/pdf"}
    for one in names:
        assert one["content-disposition"].startswith("attachment;")
        assert not set('<>/\\\r\n') & set(one["content-disposition"].partition("filename=")[2])
        assert one["content-security-policy"] == "default-src 'none'; sandbox"
    decide(house, path.rsplit("/", 1)[-1], "reverse")
    assert "we are sorry" in ann.get(path).text
    assert "we were right to look again" in ann.get(path).text
    assert "The sanction was taken back" in ann.get("/me/appeals").text


def decide(house: Consoled, appeal_id: str, answer: str) -> None:
    """Zhao reads it on the review page and answers it."""
    room, zhao = house.house, house.signed_in("zhao")
    with room.database.read() as connection:
        case_id = connection.execute(
            text("SELECT case_id FROM appeals WHERE id = :id"), {"id": appeal_id}
        ).scalar_one()
    person = Reviewer(actor="staff:zhao", may=frozenset({("appeal", 1)}))
    claim = zhao.post(f"/cases/{case_id}/claim", form_on="/account", stage="1")
    assert claim.status_code in (200, 303), claim.text
    page = zhao.get(f"/cases/{case_id}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }}" in page
    assert "The appellant reads the reason" in page
    file = next(line for line in page.split('"') if f"/appeals/{appeal_id}/files/" in line)
    assert zhao.get(file).status_code == 200
    assert house.signed_in("aud").get(file).status_code == 403
    reduced = zhao.post(f"/appeals/{appeal_id}/reduction", kind="mute", days="3")
    assert reduced.status_code == 303
    assert "value=\"3\"" in zhao.get(f"/cases/{case_id}").text
    with room.database.read() as connection:
        acts = {entry.act for entry in latest_entries(connection, 50) if entry.actor == "staff:zhao"}
    assert {"appeal.read", "appeal.open_file"} <= acts
    said = Answered(case_id=case_id, stage=1, answer=answer, reason="we were right to look again")
    room.review.judge(person, said, clock.now())
    assert "account:ann" in zhao.get("/appeals?state=closed").text


def test_a_member_of_a_closed_group_may_ask_why_and_have_what_they_wrote(
    house: Consoled, platform: httpx.Client
) -> None:
    desk = AppealDesk(house.house.database)
    case_id = judged_case(desk.database, "group:g-1", number=5)
    with desk.database.write() as connection:
        house.house.closures.close(connection, case_id, "staff:li", clock.now())
    path = "/me/groups/g-1"
    dan, far = member(house, platform, "dan", path), member(house, platform, "far")
    assert "Nothing happens to your account" in dan.get(path).text
    for _ in range(2):
        assert dan.post(f"{path}/content", form_on=path).status_code == 303
    assert "You asked for it" in dan.get(path).text
    assert far.get(path).status_code == 404
    assert far.post(f"{path}/content", form_on="/me").status_code == 404
    with desk.database.read() as connection:
        asked = connection.execute(select(outbox.c.body).where(outbox.c.kind == "export.content")).scalars().all()
    assert [b'"account:dan"' in one for one in asked] == [True]


def test_leaving_ends_the_session(house: Consoled, platform: httpx.Client) -> None:
    ann = member(house, platform, "ann")
    token = ann.http.cookies["anlan_member"]
    assert "You have left" in ann.post("/me/leave", form_on="/me").text
    ann.http.cookies.set("anlan_member", token)
    assert ann.get("/me").status_code == 401


def test_looks_are_kept_and_lead_nowhere_else(house: Consoled) -> None:
    visitor = house.visitor()
    for path in ("//evil.example", "https://evil.example", "/me/\\evil", "/staff", "/me//e.example", "/me/../staff"):
        assert visitor.get(f"/me/looks?language=en&theme=dark&next={path}").headers["location"] == "/me"
    page = visitor.get("/me").text
    assert 'lang="en"' in page
    assert 'data-theme="dark"' in page


def test_the_platform_hears_of_appeals(house: Consoled) -> None:
    with house.house.database.read() as connection:
        kinds = connection.execute(select(outbox.c.kind).where(outbox.c.kind.like("appeal.%"))).scalars().all()
    assert {"appeal.filed", "appeal.closed"} <= set(kinds)
