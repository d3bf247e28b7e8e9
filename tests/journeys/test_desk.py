"""The desk from end to end: message, finding, case, blind judgements, closed group, money out, an appeal won."""

import re
from collections.abc import Iterator

import pytest
from consoled import Consoled, Visitor
from deskwork import ADMINS, GROUP, MEMBERS, OWNER, Platform, open_case, until
from platforms import Receiver
from sqlalchemy import func, select

from anlan.store.audit_report import verify
from anlan.store.tables import appeals, member_notices, sanctions


@pytest.fixture
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    made = Consoled(tmp_path_factory.mktemp("desk"), allow_http_endpoints=True).start()
    yield made
    made.stop()


@pytest.fixture
def platform(console: Consoled) -> Iterator[Platform]:
    with Receiver() as receiver:
        made = Platform(console, receiver)
        yield made
        made.http.close()


def judge(reviewer: Visitor, case_id: str, answer: str, **more: str) -> None:
    """Take a case by hand and judge it."""
    page = f"/cases/{case_id}"
    assert reviewer.post(f"{page}/claim", form_on=page).status_code == 303
    stage = reviewer.field(page, "stage")
    said = reviewer.post(f"{page}/judge", form_on=page, stage=stage, answer=answer, reason="seen and weighed", **more)
    assert said.status_code == 303, said.text


def test_from_a_message_to_a_closed_group_to_money_out_to_an_appeal_that_reverses(
    console: Consoled, platform: Platform
) -> None:
    for name in ("rui", "rong", "rao"):
        console.add_person(name, "reviewer")
    console.add_person("su", "service")
    console.add_person("shen", "senior")

    platform.tell_of_the_group()

    # A machine found it; two people judge, neither sees what the machine or the other said.
    case_id = open_case(console, f"group:{GROUP}")
    first, second = console.signed_in("rui"), console.signed_in("rong")
    judge(first, case_id, "violation", severity="critical", category="fraud")
    assert "seen and weighed" not in second.get(f"/cases/{case_id}").text
    judge(second, case_id, "violation", severity="critical", category="fraud")

    # Closing the group touches those who ran it and nobody else.
    page = f"/cases/{case_id}/close-group"
    preview = first.get(page).text
    assert OWNER in preview
    assert not re.search(r"\bm1\d\d\b", preview)
    shown = first.field(page, "touched")
    assert first.post(page, form_on=page, touched=shown).status_code == 303
    orders = platform.obey("sanction.apply", 4)
    touched = {order["target"] for order in orders}
    assert touched == {f"group:{GROUP}", f"account:{OWNER}", *(f"account:{name}" for name in ADMINS)}
    assert {order["kind"] for order in orders if order["target"].startswith("account:")} == {"ban"}
    with console.house.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(sanctions)).scalar_one() == 4
        told = set(connection.execute(select(member_notices.c.account)).scalars())
    assert told.isdisjoint(f"account:{name}" for name in MEMBERS)
    assert told >= {f"account:{name}" for name in (OWNER, *ADMINS)}

    get_money_out(console, platform)
    win_an_appeal(console, platform, ADMINS[0])

    assert verify(console.house.database, "system").is_sound, "every judgement, sanction and payout has its trace"


def get_money_out(console: Consoled, platform: Platform) -> None:
    """The owner is banned; the owner's money is not."""
    owner = platform.member(OWNER)
    page = owner.get("/me/funds").text
    assert "1,234.56" in page
    apply = re.search(r'action="(/me/funds/[^"]+/apply)"', page)
    assert apply
    filled = {
        "legal_name": "Zhang San", "id_number": "11010519491231002X", "contact": "13800138000", "statement": "mine",
        "method": "bank", "payee": "Zhang San", "payee_account": "6222021234567894",
    }
    sent = owner.post(apply[1], form_on="/me/funds", **filled)
    assert sent.status_code == 303, sent.text
    service, senior = console.signed_in("su"), console.signed_in("shen")
    found = re.search(r'href="(/funds/payout_[0-9a-f]+)"', service.get("/funds").text)
    assert found
    payout = found[1]
    assert "6222021234567894" not in service.get(payout).text
    assert service.post(f"{payout}/check", form_on=payout).status_code == 303
    assert service.post(f"{payout}/approve", form_on=payout).status_code == 303
    assert service.post(f"{payout}/approve", form_on=payout).status_code == 403, "the same person twice"
    assert senior.post(f"{payout}/approve", form_on=payout).status_code == 303
    (order,) = until(lambda: platform.received("payout.order"))
    shown = platform.call("GET", f"/v1/payouts/{order['payout']}")
    assert (shown["amount"], shown["payee_account"]) == (123_456, "6222021234567894")
    for _ in range(2):  # said twice, paid once
        platform.call("POST", f"/v1/payouts/{order['payout']}:confirm", amount=123_456, reference="bank-1")
    (left,) = platform.call("GET", f"/v1/accounts/{OWNER}/holdings")["items"]
    assert (left["free"], left["held"]) == (0, 0)


def win_an_appeal(console: Consoled, platform: Platform, account: str) -> None:
    """An administrator was one in name only; somebody who had not judged it takes the ban back, with its effects."""
    with console.house.database.read() as connection:
        query = select(sanctions.c.id).where(sanctions.c.target == f"account:{account}")
        sanction = connection.execute(query).scalar_one()
    member = platform.member(account)
    form = f"/me/sanctions/{sanction}/appeal"
    words = "I was made an administrator the day before and never wrote there; the message is not mine."
    filed = member.post(form, form_on=form, words=words)
    assert filed.status_code == 303, filed.text
    with console.house.database.read() as connection:
        about = select(appeals.c.case_id).where(appeals.c.account == f"account:{account}")
        case_id = connection.execute(about).scalar_one()
    page = f"/cases/{case_id}"
    for judged_before in ("rui", "rong"):
        refused = console.signed_in(judged_before).post(f"{page}/claim", form_on=page)
        assert refused.status_code == 403
    judge(console.signed_in("rao"), case_id, "reverse")
    (lifted,) = until(lambda: platform.received("sanction.lift"))
    assert lifted["sanction"] == sanction
    platform.call("POST", f"/v1/sanctions/{sanction}:confirm", revision=lifted["revision"])
    (standing,) = platform.call("GET", f"/v1/sanctions?target=account:{account}")["items"]
    assert standing["state"] == "reversed"
    assert "sorry" in member.get(str(filed.headers["location"])).text.lower()
