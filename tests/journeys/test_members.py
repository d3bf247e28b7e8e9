"""The time-limited coupon, from its first message to the payment that was not made: warned, asked, watched over."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from consoled import Consoled, Visitor
from deskwork import Platform, until
from platforms import Receiver

from anlan import clock

DAY_S = 86_400.0
ANN, BEN, STRANGER = "ann", "ben", "kefu-88"
LINK = "http://quan.example.net/lq"
SAID = (
    f"亲，恭喜您抽中周年庆限时优惠券，面额888元，半小时内点 {LINK} 领取，过时作废",
    "填好姓名和银行卡了吗？名额马上就没有了，抓紧",
    "领券之前要先交 299 元激活费，转到 card-77，激活后和优惠券一起退给您，别告诉别人",
)


class Harbor(Platform):
    """A messenger whose members are led astray."""

    def happen(self, name: str, type_name: str, ago_s: float = 0.0, **data: Any) -> dict[str, Any]:
        """Something happened some seconds ago; the whole answer."""
        moment = clock.to_rfc3339(clock.now() - ago_s)
        event = {"specversion": "1.0", "id": name, "source": "harbor", "type": type_name, "time": moment, "data": data}
        answer: dict[str, Any] = self.call("POST", "/v1/events", **event)
        return answer

    def live(self) -> None:
        """Two old friends, and an account that was made this morning."""
        for number, (account, days) in enumerate(((ANN, 500), (BEN, 700), (STRANGER, 0.2))):
            self.happen(f"r{number}", "account.registered", days * DAY_S, account=account, device=f"{account}-phone")
        self.happen("tie", "friendship.changed", 300 * DAY_S, account=ANN, other=BEN, change="added")
        self.happen("lure", "friendship.changed", 3_000.0, account=ANN, other=STRANGER, change="added")

    def visit(self, account: str) -> Visitor:
        """A member at their own pages, in Chinese."""
        visitor = self.console.visitor()
        assert visitor.get(self.link(account, "zh")).status_code == 303
        return visitor

    def alert(self, strength: str) -> dict[str, Any]:
        """What ann was last told this strongly."""
        return dict(until(lambda: [a for a in self.received("alert.raised") if a["strength"] == strength])[-1])


@pytest.fixture(scope="module")
def harbor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbor]:
    console = Consoled(tmp_path_factory.mktemp("members"), allow_http_endpoints=True).start()
    try:
        with Receiver() as receiver:
            made = Harbor(console, receiver)
            yield made
            made.http.close()
    finally:
        console.stop()


def form_circle(harbor: Harbor, ann: Visitor, ben: Visitor) -> None:
    """Ann asks ben to look out for her, and he agrees."""
    harms = ["impersonation", "money", "goods", "account", "device"]
    asked = ann.post(
        "/me/circles/invite", form_on="/me/circles/invite", account=BEN, role="guardian", harms=harms, may_pause="true"
    )
    assert asked.status_code == 303, asked.text
    invited = until(lambda: harbor.received("circle.invited"))[0]
    page = "/me" + invited["link"].split("/me", 1)[1]
    assert ben.post(f"{page}/accept", form_on=page, harms=harms).status_code == 303
    assert BEN in ann.get("/me/circles").text


def talk_of(answer: Any) -> str:
    """Where a talk with the assistant goes on."""
    assert answer.status_code == 303, answer.text
    return re.sub(r"^.*(/me/assistant/talk_[0-9a-f]{24}).*$", r"\1", str(answer.headers["location"]))


def test_the_coupon_that_was_not_paid_for(harbor: Harbor) -> None:
    harbor.live()
    ann, ben = harbor.visit(ANN), harbor.visit(BEN)
    form_circle(harbor, ann, ben)

    # The script goes on; at its turn ann is warned, in a strength and in words that fit.
    for number, text in enumerate(SAID):
        harbor.happen(
            f"m{number}", "message.sent", 600.0 - 100 * number, sender=STRANGER, recipient=ANN, text=text,
            message_id=f"m{number}", device="odd-box",
        )
        if number == 0:
            harbor.happen("open", "link.opened", 550.0, account=ANN, url=LINK, sender=STRANGER, message_id="m0")
    banner = harbor.alert("banner")
    assert banner["scenario"] == "coupon"
    assert banner["account"] == f"account:{ANN}"
    page = "/me" + banner["link"].split("/me", 1)[1]
    shown = ann.get(page).text
    assert "96110" in shown
    assert SAID[2][:12] not in shown, "the alert says what it is, not what others wrote"

    # Her circle is warned at once, once, and reads nothing that was written to her.
    (warning,) = until(lambda: harbor.received("circle.warning"))
    assert warning["account"] == f"account:{BEN}"
    told = ben.get("/me" + warning["link"].split("/me", 1)[1])
    assert told.status_code == 200
    for private in ("优惠券", "激活费", STRANGER, "card-77", LINK):
        assert private not in told.text

    # She asks the assistant, which knows the alert and takes her own words apart.
    talk = talk_of(ann.post(f"/me/assistant/from/{banner['alert']}", form_on=page))
    said = ann.post(f"{talk}/say", form_on=talk, words="他说我中了优惠券，要先交299元激活费，转到一张卡上才能领")
    assert said.status_code == 303
    answer = ann.get(talk).text
    assert "激活费" in re.sub(r"<[^>]+>", "", answer.split('role="log"')[1])
    assert "<q>" in answer, "risk points quote her"
    assert ann.post(f"{talk}/say", form_on=talk, words="还没有付，我现在该怎么办？").status_code == 303
    assert "96110" in ann.get(talk).text

    # The payment waits; she reads why and does not make it.
    payment = {"payer": ANN, "payee": "card-77", "amount_minor": 299_00, "payment_id": "p1", "device": "ann-phone"}
    assert harbor.happen("pay", "payment.initiated", **payment)["verdict"] == "hold"
    stop = harbor.alert("stop")
    assert stop["scenario"] == "coupon"
    assert stop["question"]["zh"]
    paused = until(lambda: harbor.received("transfer.paused"))[0]
    transfer = f"/me/transfers/{paused['transfer']}"
    assert "299" in ann.get(transfer).text
    assert ann.post(f"{transfer}/stop", form_on=transfer).status_code == 303
    assert until(lambda: harbor.received("transfer.stopped"))[0]["payment_id"] == "p1"
    harbor.happen("settled", "payment.settled", payer=ANN, payment_id="p1", outcome="cancelled", amount_minor=299_00)

    # One place shows it all, and nobody was told twice.
    home = ann.get("/me").text
    for place in ("/me/alerts", "/me/assistant", "/me/circles"):
        assert place in home
    alerts = harbor.received("alert.raised")
    assert len({one["alert"] for one in alerts}) == len(alerts)
    warnings = harbor.received("circle.warning")
    assert len({one["link"] for one in warnings}) == len(warnings)


def test_friends_who_lend_each_other_money_are_left_alone(harbor: Harbor) -> None:
    before = len(harbor.received("alert.raised"))
    for number, (sender, text) in enumerate((
        (BEN, "昨天饭钱一共三百二，你给我一百六就行"), (ANN, "好的，晚点转你"), (BEN, "不急的，周末一起打球吗"),
    )):
        other = ANN if sender == BEN else BEN
        harbor.happen(f"h{number}", "message.sent", sender=sender, recipient=other, text=text, device=f"{sender}-phone")
    paid = harbor.happen(
        "lend", "payment.initiated", payer=ANN, payee="wallet-ben", payee_account=BEN, amount_minor=160_00,
        payment_id="p2", device="ann-phone",
    )
    assert paid["verdict"] == "allow"
    assert len(harbor.received("alert.raised")) == before
