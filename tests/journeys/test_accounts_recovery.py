"""A lost account comes back: registered facts, a claim by page, friends, the stop button, two people, the platform."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx
import msgspec
import pytest
from consoled import Consoled, Visitor
from sqlalchemy import insert, select

from anlan import clock
from anlan.commands.demo_claims import GRANDPA, TANG, claim_lost_accounts, lived_before
from anlan.domain.claims import CLAIM_STATES
from anlan.domain.digests import salted_digest
from anlan.store import recovery
from anlan.store.staff import find_by_name, set_active
from anlan.store.tables import facts, outbox

DAY_S = 86_400.0
HOSTILE = "<script>alert(1)</script>'; DROP TABLE recovery_claims;--"
PDF = b"%PDF-1.4 proof of death"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    running = Consoled(tmp_path_factory.mktemp("recovery"), identity_url="https://platform.example/identity").start()
    people = (("cai", "service"), ("dan", "service"), ("fay", "service"), ("eli", "senior"), ("adm", "admin"))
    for name, role in people:
        running.add_person(name, role)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def platform(house: Consoled) -> Iterator[httpx.Client]:
    _, secret = house.house.keys.create("platform", ("accounts:write", "members:write"), 1000.0)
    with httpx.Client(base_url=house.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as client:
        yield client


def has_past(house: Consoled, platform: httpx.Client, account: str, value_class: str = "ordinary") -> None:
    """The platform registers what it knows, and the journal has seen old friends and a device."""
    told = {
        "value_class": value_class, "registered_at": 1_600_000_000, "city": "杭州", "nickname": "小船", "inviter": "",
        "passwords": [{"digest": salted_digest("saltsalt", "old pass 1")}],
        "phones": [salted_digest("saltsalt", "13800001111")],
    }
    assert platform.put(f"/v1/accounts/{account}/recovery", json=told).status_code == 200
    now = clock.now()
    rows: list[tuple[str, str, object, float]] = [
        (f"tie:account:{account}|device:phone-{account}", "is_known", True, 300.0)
    ]
    for number in range(3):
        friend = f"{account}-f{number}"
        rows += [
            (f"tie:account:{account}|account:{friend}", "friends_since", now - 400 * DAY_S, 400.0),
            (f"account:{friend}", "registered_at", now - (500 + 9 * number) * DAY_S, 500.0),
        ]
    with house.house.database.write() as connection:
        connection.execute(insert(facts), [
            {"entity": entity, "field": field, "since": now - days * DAY_S, "value": msgspec.json.encode(value),
             "privacy": "internal", "event_seq": 1}
            for entity, field, value, days in rows
        ])


def lives(house: Consoled, account: str) -> None:
    """A month ago the account made a group and paid for something."""
    at = clock.to_rfc3339(clock.now() - 30 * DAY_S)
    acts = (
        ("group.changed", {"group": "g-fish", "account": account, "change": "created", "group_name": "钓鱼"}),
        ("payment.initiated", {"payer": account, "payee": "shop", "amount_minor": 12_300}),
    )
    for number, (kind, data) in enumerate(acts):
        event = {"specversion": "1.0", "id": f"{account}-{number}", "source": "im", "type": kind, "time": at,
                 "data": data}
        house.do(house.house.intake.accept(msgspec.json.encode(event)))
    house.house.recovery_desk.take_in(clock.now())
    assert house.house.recovery_desk.take_in(clock.now()) == 0


def sent(house: Consoled, kind: str) -> list[dict[str, Any]]:
    with house.house.database.read() as connection:
        rows = connection.execute(select(outbox.c.body).where(outbox.c.kind == kind).order_by(outbox.c.created_at))
        return [msgspec.json.decode(body)["data"] for body in rows.scalars()]


def begins(visitor: Visitor, account: str, way: str = "owner") -> str:
    """Open a claim on the page; its path."""
    opened = visitor.http.post("/public/recover", data={"account": account, "contact": HOSTILE, "way": way})
    assert opened.status_code == 303, opened.text
    return str(opened.headers["location"])


def answers(visitor: Visitor, path: str, said: dict[str, str]) -> None:
    """Go through the wizard as its pages ask, not knowing what is not in `said`."""
    while kind := re.search(r'name="kind" value="([a-z]+)"', visitor.get(path).text):
        if 'id="code"' in visitor.get(path).text:
            return
        words = said.get(kind[1], "")
        form = {"kind": kind[1], "said": words} if words else {"kind": kind[1], "skip": "1"}
        assert visitor.http.post(f"{path}/answer", data=form).status_code == 303


def comes_in(house: Consoled, platform: httpx.Client, account: str, path: str) -> Visitor:
    made = platform.post("/v1/members:link", json={"account": account, "path": path, "language": "en"})
    visitor = house.visitor()
    visitor.open_link("/me/open" + made.json()["url"].partition("/me/open")[2])
    return visitor


KNOWS = {
    "password": "old pass 1", "registered": "2020-09", "city": "杭州", "nickname": "小船",
}


def test_an_owner_comes_back_by_page_friends_and_time(house: Consoled, platform: httpx.Client) -> None:
    has_past(house, platform, "ann")
    lives(house, "ann")
    claimant = house.visitor()
    assert "Get your account back" in claimant.http.get("/public/recover", headers={"accept-language": "en"}).text
    path = begins(claimant, "ann")
    friends = {f"ann-f{number}" for number in range(3)}
    month = clock.to_rfc3339(clock.now() - 30 * DAY_S)[:7]
    answers(claimant, path, {
        **KNOWS, "contacts": "\n".join(friends), "groups": "钓鱼", "payment": f"123\n{month}",
        "phone": "138 0000 1111",
    })
    (code,) = [one["code"] for one in sent(house, "recovery.code")]
    wrong = "000000" if code != "000000" else "111111"
    assert claimant.http.post(f"{path}/code", data={"kind": "phone", "code": wrong}).status_code == 422
    assert claimant.http.post(f"{path}/code", data={"kind": "phone", "code": code}).status_code == 303
    answers(claimant, path, {"friends": "\n".join(friends)})
    assert "https://platform.example/identity?claim=recovery_" in claimant.get(path).text
    asked = sent(house, "recovery.vouch")
    assert {one["account"] for one in asked} == {f"account:{name}" for name in friends}
    assert HOSTILE not in str(asked)
    for name in sorted(friends)[:2]:
        friend = comes_in(house, platform, name, asked[0]["path"])
        page = friend.get(asked[0]["path"])
        assert "Is it really ann?" in page.text
        assert friend.post(asked[0]["path"], form_on=asked[0]["path"], answer="spoken").status_code == 303
    stranger = comes_in(house, platform, "mallory", "/me")
    assert stranger.get(asked[0]["path"]).status_code == 404
    assert claimant.http.post(f"{path}/send").status_code == 303
    assert "Not before" in claimant.http.get(path, headers={"accept-language": "en"}).text
    assert "<script>alert" not in claimant.get(path).text
    shown = platform.get(f"/v1/recoveries/{asked[0]['claim']}").json()
    assert shown["state"] == "cooling"
    with house.house.database.read() as connection:
        outcomes = {one.kind: one.outcome for one in recovery.evidence_of(connection, shown["claim"])}
    assert outcomes == {
        "password": "right", "registered": "right", "city": "right", "nickname": "right", "contacts": "right",
        "groups": "right", "payment": "right", "phone": "right", "inviter": "unknown", "mail": "moot",
        "friends": "unknown", "device": "moot", "place": "moot", "habit": "moot",
    }
    house.house.recovery_desk.round(shown["cool_off_until"])
    (granted,) = sent(house, "recovery.grant")
    assert (granted["account"], granted["settlement"]) == ("account:ann", None)
    assert platform.get(f"/v1/recoveries/{asked[0]['claim']}").json()["state"] == "granted"


def claims_by_api(platform: httpx.Client, account: str, said: dict[str, str], **opening: str) -> dict[str, Any]:
    made = platform.post("/v1/recoveries", json={"account": account, "contact": "a@b.example", **opening}).json()
    for kind, words in said.items():
        body = {"token": made["token"], "kind": kind, "said": words}
        assert platform.post(f"/v1/recoveries/{made['claim']}:answer", json=body).status_code == 200
    return {**made, "path": f"/v1/recoveries/{made['claim']}"}


def test_a_claimant_takes_a_claim_back_by_the_api(platform: httpx.Client) -> None:
    made = claims_by_api(platform, "gil", {})
    other = claims_by_api(platform, "hal", {})
    assert platform.post(f"{made['path']}:withdraw", json={"token": other["token"]}).status_code == 404
    assert platform.post(f"{made['path']}:withdraw", json={"token": made["token"]}).json()["state"] == "withdrawn"
    assert platform.post(f"{made['path']}:withdraw", json={"token": made["token"]}).status_code == 409


def test_the_owner_stops_a_forger_who_got_that_far(house: Consoled, platform: httpx.Client) -> None:
    has_past(house, platform, "bea")
    made = claims_by_api(platform, "bea", {**KNOWS, "contacts": "bea-f0\nbea-f1\nbea-f2"}, device="phone-bea")
    document = platform.post(f"{made['path']}:document", json={"result": "passed"})
    assert document.status_code == 200
    submitted = platform.post(f"{made['path']}:submit", json={"token": made["token"]}).json()
    assert submitted["state"] == "cooling"
    (notice,) = [one for one in sent(house, "recovery.notice") if one["claim"] == made["claim"]]
    page = notice["stop_url"].partition(str(house.port))[2]
    owner = house.visitor()
    assert "stop" in owner.http.get(page, headers={"accept-language": "en"}).text
    assert owner.http.post(f"{page}/prove").status_code == 409
    assert owner.http.post(page).status_code == 200
    assert platform.get(made["path"]).json()["state"] == "review"
    wrong = platform.post(f"{made['path']}:stop", json={"account": "ann", "device": "phone-bea"})
    assert wrong.status_code == 404
    stopped = platform.post(f"{made['path']}:stop", json={"account": "bea", "device": "phone-bea"})
    assert stopped.json()["state"] == "stopped"
    assert platform.post(f"{made['path']}:submit", json={"token": made["token"]}).status_code == 409


def test_value_is_decided_by_two_people_on_the_evidence(house: Consoled, platform: httpx.Client) -> None:
    has_past(house, platform, "eve", "high")
    said = {**KNOWS, "contacts": f"eve-f0\neve-f1\neve-f2\n{HOSTILE}"}
    made = claims_by_api(platform, "eve", said, device="phone-eve")
    platform.post(f"{made['path']}:submit", json={"token": made["token"]})
    cai, dan = house.signed_in("cai"), house.signed_in("dan")
    assert "account:eve" in cai.get("/recoveries").text
    path = f"/recoveries/{made['claim']}"
    page = cai.get(path).text
    assert "<script>alert" not in page
    assert "a former partner" in page
    assert "old pass 1" not in page
    assert "a@b.example" not in page
    assert "a@b.example" in cai.post(f"{path}/look").text
    assert cai.post(f"{path}/judge", answer="grant", words="spoke to her").status_code == 303
    assert cai.post(f"{path}/judge", answer="grant").status_code == 403
    assert "Your answer is kept: Give it back" in cai.get(path).text
    unseen = dan.get(path).text
    assert "one of two has answered" in unseen
    assert "cai" not in unseen
    assert "spoke to her" not in unseen
    assert dan.post(f"{path}/judge", answer="grant").status_code == 303
    assert "spoke to her" in dan.get(path).text
    assert platform.get(made["path"]).json()["state"] == "cooling"
    with house.house.database.read() as connection:
        claim = recovery.find_claim(connection, made["claim"])
    assert claim is not None
    assert f"/recoveries/{made['claim']}" in dan.get(f"/cases/{claim.case_id}").text


def goes(house: Consoled, name: str, *, is_active: bool = False) -> None:
    with house.house.database.write() as connection:
        member = find_by_name(connection, name)
        assert member
        set_active(connection, member.id, is_active=is_active)


def test_relatives_bring_documents_that_only_staff_see(house: Consoled, platform: httpx.Client) -> None:
    has_past(house, platform, "old")
    relative = house.visitor()
    path = begins(relative, "old", "relative")
    large = PDF + b" " * 64_000
    refused = relative.http.post(f"{path}/files", files={"files": ("x.exe", b"MZ" + b" " * 64_000)})
    assert refused.status_code == 400
    handed = relative.http.post(f"{path}/files", files={"files": ("proof.pdf", large)})
    assert handed.status_code == 303
    assert relative.http.post(f"{path}/files", files={"files": ("proof.pdf", large)}).status_code == 401
    cai, dan = house.signed_in("cai"), house.signed_in("dan")
    with house.house.database.read() as connection:
        (claim,) = recovery.claims_for(connection, "account:old")
    page = f"/recoveries/{claim.id}"
    (file,) = re.findall(r"/files/file_[0-9a-f]+", cai.get(page).text)
    assert cai.get(page + file).content == large
    assert cai.post(f"{page}/judge").status_code == 400
    assert cai.post(f"{page}/judge", answer="memorial").status_code == 303
    assert dan.post(f"{page}/judge", answer="close").status_code == 303
    fay, adm = house.signed_in("fay"), house.signed_in("adm")
    assert "A senior reviewer decides between the two: eli." in fay.get(page).text
    goes(house, "eli")
    for reader in (cai, fay):
        assert "Nobody is left to decide between the two" in reader.get(page).text
        assert "nobody is left to decide" in reader.get("/recoveries").text
    house.house.recovery_desk.round(clock.now())
    assert "appoint another" in adm.get("/health").text
    assert "no senior reviewer left to decide: 1." in adm.get("/staff").text
    goes(house, "eli", is_active=True)
    assert "no senior reviewer left" not in adm.get("/staff").text
    eli = house.signed_in("eli")
    assert "Close the account" in eli.get(page).text
    asked = eli.post(f"{page}/judge", answer="refuse", words="please send the page with your name")
    assert asked.status_code == 303
    assert "please send the page" in relative.get(path).text


def test_the_demo_has_claims_for_two_people_and_one_that_knew_too_little(house: Consoled) -> None:
    house.do(house.house.intake.accept_many(lived_before(clock.now())))
    claim_lost_accounts(house.house, clock.now())
    with house.house.database.read() as connection:
        found = [one for name in (TANG, GRANDPA) for one in recovery.claims_for(
            connection, f"account:{name}", CLAIM_STATES)]
    assert sorted((one.account, one.way, one.state, one.needs_two) for one in found) == [
        (f"account:{GRANDPA}", "relative", "review", True), (f"account:{TANG}", "owner", "refused", False),
        (f"account:{TANG}", "owner", "review", True),
    ]
    page = house.signed_in("cai").get(f"/recoveries/{next(one.id for one in found if one.state == 'refused')}").text
    assert "the claimant's, not used before" in unescape(page)
    assert "the claimant is elsewhere" in page
    assert "shop-1" in page


def test_digests_that_prove_nothing_are_refused(platform: httpx.Client) -> None:
    for digest in ("secret", "sha256$short$00", "pbkdf2_sha256$9999999$saltsalt$" + "A" * 43 + "="):
        told = platform.put("/v1/accounts/zoe/recovery", json={"passwords": [{"digest": digest}]})
        assert told.status_code == 422
