"""The time-limited coupon, from its first message to the payment that was not made: warned, asked, watched over."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from consoled import Consoled, waking_zone
from deskwork import until
from led_astray import ANN, BEN, LINK, SAID, STRANGER, Harbor, form_circle
from platforms import Receiver


@pytest.fixture(scope="module")
def harbor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbor]:
    console = Consoled(tmp_path_factory.mktemp("members"), allow_http_endpoints=True, time_zone=waking_zone()).start()
    try:
        with Receiver() as receiver:
            made = Harbor(console, receiver)
            yield made
            made.http.close()
    finally:
        console.stop()


def talk_of(answer: Any) -> str:
    """Where a talk with the assistant goes on."""
    assert answer.status_code == 303, answer.text
    return re.sub(r"^.*(/me/assistant/talk_[0-9a-f]{24}).*$", r"\1", str(answer.headers["location"]))


def test_the_coupon_that_was_not_paid_for(harbor: Harbor) -> None:
    harbor.live()
    ann, ben = harbor.visit(ANN), harbor.visit(BEN)
    form_circle(harbor, ann, ben)

    # The script goes on; at its turn ann is warned, in a strength and in words that fit.
    harbor.lure()
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
    assert harbor.pay()["verdict"] == "hold"
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


def test_a_person_goes_on_where_the_assistant_ends(harbor: Harbor) -> None:
    ann = harbor.visit(ANN)
    words = "有人让我先交激活费才能领优惠券，我已经付了"
    talk = talk_of(ann.post("/me/assistant", form_on="/me/assistant", words=words))
    assert ann.post(f"{talk}/do", form_on=talk, what="person", shows_talk="true").status_code == 303

    wu = harbor.console.signed_in(harbor.console.add_person("wu", "service", language="zh"))
    queue = wu.get("/assistance").text
    case = re.findall(r"/assistance/(case_[0-9a-f]+)", queue)[0]
    page = f"/assistance/{case}"
    shown = wu.get(page).text
    assert "已付款" in shown
    assert "激活费才能领" not in shown, "a look at the talk is a deed of its own"
    read = wu.post(f"{page}/read", form_on=page)
    assert "激活费才能领" in read.text
    answered = wu.post(f"{page}/answer", form_on=page, words="您好，我是小吴。请先给银行打电话止付，我陪您一起。")
    assert answered.status_code == 303
    told = until(lambda: harbor.received("consultation.answered"))[0]
    assert told["account"] == f"account:{ANN}"
    assert "我是小吴" in ann.get(talk).text
    assert wu.post(f"{page}/close", form_on=page, has_helped="true").status_code == 303
    assert wu.post(f"{page}/answer", form_on="/account", words="再见").status_code == 409
    mei = harbor.console.signed_in(harbor.console.add_person("mei", "analyst"))
    assert mei.get(page).status_code == 403
