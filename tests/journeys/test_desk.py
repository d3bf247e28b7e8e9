"""The desk from end to end: message, finding, case, blind judgements, closed group, money out, an appeal that is won."""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from consoled import Consoled, Visitor
from platforms import Receiver
from sqlalchemy import func, select

from anlan import clock
from anlan.delivery.registration import register_endpoint
from anlan.store.audit import first_break
from anlan.store.keys import ApiKeys
from anlan.store.tables import member_notices, sanctions
from anlan.web.api.access import SCOPES

GROUP, OWNER, ADMINS = "g-loan", "boss", ("adam", "ada")
MEMBERS = tuple(f"m{number}" for number in range(200))
HARM = "刷单兼职日结佣金 {0}{0}8 元，先垫付后返，加微信 abc{0}9876"


class Platform:
    """The platform's side: it sends events, receives orders by webhook, does them and says so."""

    def __init__(self, console: Consoled, receiver: Receiver) -> None:
        secret = ApiKeys(console.house.database).create("platform", tuple(SCOPES), 10_000)[1]
        self.http = httpx.Client(base_url=console.url, headers={"authorization": f"Bearer {secret}"}, timeout=30)
        self._console, self._receiver = console, receiver
        register_endpoint(console.house.database, receiver.url, (), clock.now(), allows_private=True)

    def call(self, method: str, path: str, **body: Any) -> Any:
        """The answer's JSON; a refusal fails the test."""
        answer = self.http.request(method, path, json=body or None)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def send(self, number: int, sender: str) -> None:
        """A harmful message to the group."""
        data = {"sender": sender, "group": GROUP, "text": HARM.format(number)}
        event = {"specversion": "1.0", "id": f"h{number}", "source": "im", "type": "message.sent", "data": data}
        self.call("POST", "/v1/events", **event)

    def received(self, kind: str) -> list[dict[str, Any]]:
        """`data` of the messages of one kind, each order once."""
        told = [json.loads(body) for body in self._receiver.bodies]
        return list({json.dumps(one["data"]): one["data"] for one in told if one["type"] == kind}.values())

    def obey(self, kind: str, wanted: int) -> list[dict[str, Any]]:
        """Wait for so many orders of one kind, do them and say so."""
        orders = until(lambda: found if len(found := self.received(kind)) >= wanted else None)
        for order in orders:
            self.call("POST", f"/v1/sanctions/{order['sanction']}:confirm", revision=order["revision"])
        return orders

    def member(self, account: str) -> Visitor:
        """A browser at the member's own pages."""
        visitor = self._console.visitor()
        visitor.http.headers["accept-language"] = "en"
        answer = visitor.get(self.call("POST", "/v1/members:link", account=account, language="en")["url"])
        assert answer.status_code == 303
        return visitor


def until(look: Callable[[], Any], seconds: float = 40.0) -> Any:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)
    return found


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


def open_case(console: Consoled, about: str) -> str:
    """The id of the open case about an entity."""
    query = "SELECT id FROM cases WHERE state = 'open' AND target = :about"

    def look() -> str | None:
        with console.house.database.read() as connection:
            return connection.exec_driver_sql(query.replace(":about", "?"), (about,)).scalars().first()

    return str(until(look))


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

    # The platform tells who runs the group and what its owner has; members write what they write.
    people = [{"account": OWNER, "role": "owner"}, *({"account": name, "role": "admin"} for name in ADMINS)]
    count = len(people) + len(MEMBERS)
    platform.call("PUT", f"/v1/groups/{GROUP}/roster", people=people, member_count=count)
    wallet = {"kind": "wallet", "unit": "CNY", "title": "Wallet", "amount": 123_456}
    platform.call("PUT", f"/v1/accounts/{OWNER}/holdings", as_of=clock.now(), holdings=[wallet])
    for number, sender in enumerate((OWNER, *ADMINS, *MEMBERS[:6])):
        platform.send(number, sender)

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
    touched = first.field(page, "touched")
    assert first.post(page, form_on=page, touched=touched).status_code == 303
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

    with console.house.database.read() as connection:
        assert first_break(connection) is None


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
        about = "SELECT case_id FROM appeals WHERE account = ?"
        case_id = connection.exec_driver_sql(about, (f"account:{account}",)).scalar_one()
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
