"""What a thief, a leaver, a stranger or a bored member tries on the members' pages, and what they must not get."""

from collections.abc import Iterator

import httpx
import pytest
from consoled import Consoled, Visitor
from membered import ANN, BEN, come_in, fill

from anlan import clock
from anlan.center.assistant import talks
from anlan.center.followers import AccountRecovered
from anlan.domain.digests import salted_digest
from anlan.domain.recovery_answers import Registered
from anlan.store.audit import latest_entries
from anlan.store.members import OpenedLink, make_link
from anlan.store.recovery_facts import register
from anlan.store.transfers import transfers_of


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    running = Consoled(tmp_path_factory.mktemp("hostile")).start()
    fill(running)
    yield running
    running.stop()


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/me").status_code == 200


def waiting_link(house: Consoled, account: str) -> str:
    with house.house.database.write() as connection:
        link = OpenedLink(account=account, language="en", path="/me")
        return f"/me/open?token={make_link(connection, link, 'test', clock.now())}"


@pytest.mark.parametrize(
    ("act", "form"), [
        ("/me/safety/alarm", "/me/safety"), ("/me/security/sessions/end-others", "/me/security"),
        ("/me/assistant/talk", "/me/assistant"),
    ], ids=["alarm", "end_others", "assistant"],
)
def test_whoever_throws_others_out_throws_them_out_of_these_pages_too(house: Consoled, act: str, form: str) -> None:
    account = f"account:owner-{form.rsplit('/', 1)[1]}"
    owner, thief, other = come_in(house, "en", account), come_in(house, "en", account), come_in(house, "en", BEN)
    link = waiting_link(house, account)
    if act.endswith("/talk"):
        talk = owner.post("/me/assistant", form_on=form, words="他骗走了我的验证码，进了我的账号").headers["location"]
        done = owner.post(f"{talk}/do", form_on=talk, what="protect")
    else:
        done = owner.post(act, form_on=form)
    assert done.status_code == 303, done.text
    assert (is_in(owner), is_in(thief), is_in(other)) == (True, False, True)
    assert house.visitor().get(link).status_code == 401, "a link that the thief had asked for before"


def test_a_thief_is_out_when_somebody_else_contains_the_account(house: Consoled) -> None:
    thief = come_in(house, "en", "account:kit")
    with house.house.database.write() as connection:
        house.house.containments.open(connection, "account:kit", "policy", clock.now(), by="policy:p", since=0.0)
    assert not is_in(thief)
    again = come_in(house, "en", "account:kit")
    house.house.containments.round(clock.now())
    assert is_in(again), "the owner is not thrown out over and over"


def test_a_recovery_takes_these_pages_from_whoever_had_the_account(house: Consoled) -> None:
    thief, now = come_in(house, "en", "account:lost"), clock.now()
    with house.house.database.write() as connection:
        for follow in house.house.recovery_desk._moves._followers:
            follow(connection, AccountRecovered(account="account:lost", claim_id="recovery_1", by="system", at=now))
    assert not is_in(thief)


def test_whoever_was_left_learns_nothing_more_of_a_payment(house: Consoled) -> None:
    with house.house.database.read() as connection:
        found = transfers_of(connection, ANN)[0]
    ann, ben, page = come_in(house, "en"), come_in(house, "en", BEN), f"/me/transfers/asked/{found.id}"
    ann.post(f"/me/transfers/{found.id}/ask", form_on=f"/me/transfers/{found.id}", guardian=BEN)
    assert 'name="answer"' in ben.get(page).text
    company = house.house.company
    company.circles.enter_safe_mode(ANN, ANN, clock.now())
    left = ben.get(page).text
    assert 'name="answer"' not in left
    assert ben.post(page, form_on="/me/circles", answer="vouched").status_code == 409
    company.transfers.stop(found.id, clock.now(), payer=ANN)
    assert ben.get(page).text == left, "nor whether it was paid"


def test_pictures_are_not_read_for_whoever_may_not_speak(house: Consoled, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    monkeypatch.setattr(talks, "MEMBER_TURNS_1H", 8)
    now = clock.now()  # turns are counted by hours of the clock, and none may end meanwhile
    monkeypatch.setattr(clock, "now", lambda: now)

    def read_image(picture: bytes) -> list[str]:
        read.append(picture)
        return []

    monkeypatch.setattr(house.house.company.assistant, "_read_image", read_image)
    owner, stranger = come_in(house, "en", "account:pat"), come_in(house, "en", "account:quinn")
    talk = owner.post("/me/assistant", form_on="/me/assistant", words="Is this real?").headers["location"]

    def show(visitor: Visitor, form: str) -> httpx.Response:
        files = {"picture": ("a.png", b"\x89PNG\r\n\x1a\n", "image/png")}
        return visitor.http.post(f"{talk}/say", data={"csrf": visitor.token(form)}, files=files)

    assert show(stranger, "/me/assistant").status_code == 404
    assert not read
    answers = [show(owner, talk).status_code for _ in range(4)]
    assert answers == [303, 303, 303, 429]
    assert len(read) == 3, "each costs a turn of its own"


def test_staff_see_a_claimants_number_only_by_a_look_that_is_noted(house: Consoled) -> None:
    claimant, phones = house.visitor(), (salted_digest("saltsalt", "13900139000"),)
    with house.house.database.write() as connection:
        told = Registered(phones=phones)
        register(connection, house.house.database.vault, "account:dora", "ordinary", told, "key:k", clock.now())
    page = claimant.http.post("/public/recover", data={"account": "dora", "contact": "a@b.example"}).headers["location"]
    claimant.http.post(f"{page}/answer", data={"kind": "phone", "said": "13800138000"})
    claimant.http.post(f"{page}/send")
    claim = house.house.recoveries.find(page.rsplit("/", 1)[1]).id
    house.add_person("hua", "service")
    staff = house.signed_in("hua")
    seen = staff.get(f"/recoveries/{claim}").text
    assert "••••8000" in seen
    assert "13800138000" not in seen
    assert "13800138000" in staff.post(f"/recoveries/{claim}/look").text
    with house.house.database.read() as connection:
        assert [one.actor for one in latest_entries(connection, 20) if one.act == "recovery.look"] == ["staff:hua"]
