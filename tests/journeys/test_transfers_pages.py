"""A payment that looks like a fraud, on one running house: held, thought over on a page, then paid, stopped, held."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from consoled import Consoled
from deskwork import Platform, until
from platforms import Receiver
from transferred import LONG

from anlan import clock
from anlan.domain.circles import Consent
from anlan.domain.scenarios import HARMS
from anlan.store.audit import latest_entries

DAY_S = 86_400.0
POLICY = """
- id: test.risky_payee
  on: payment.initiated
  when: payee = 'card-9' AND NOT payment_was_thought_over
  because: "paid to a card of a fraud"
  reason: {zh: 请先核实。, en: Check first.}
  category: fraud
  severity: high
  then: [{hold: {}}, {alert: {scenario: coupon, to: payer, strength: stop}}, {cool_down: {minutes: 30}}]
  quota: 1000/h
  state: live
  examples:
    - {given: {payee: card-9, payment_was_thought_over: false}, hits: true}
    - {given: {payee: card-9, payment_was_thought_over: true}, hits: false}
"""


class Till(Platform):
    """The platform where ann pays."""

    def pay(self, event: str, payment_id: str, **more: Any) -> str:
        """The verdict on a payment of ann's."""
        data = {"payer": "ann", "payee": "card-9", "amount_minor": 99_00, "payment_id": payment_id, **more}
        return str(self.send_event(event, "payment.initiated", **data)["verdict"])

    def send_event(self, event: str, type_name: str, ago_s: float = 0.0, **data: Any) -> dict[str, Any]:
        """Something happened; the answer."""
        time = clock.to_rfc3339(clock.now() - ago_s)
        body = {"specversion": "1.0", "id": event, "source": "im", "type": type_name, "time": time, "data": data}
        answer: dict[str, Any] = self.call("POST", "/v1/events", **body)
        return answer

    def told(self, kind: str, payment_id: str) -> dict[str, Any]:
        """The message of one kind about a payment, once it has come."""
        return dict(until(lambda: next((m for m in self.received(kind) if m.get("payment_id") == payment_id), None)))


@pytest.fixture(scope="module")
def till(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("transfers")
    own = folder / "policies"
    own.mkdir()
    (own / "test.yaml").write_text(POLICY, "utf-8")
    console = Consoled(folder, allow_http_endpoints=True, policies_dir=own).start()
    try:
        with Receiver() as receiver:
            made = Till(console, receiver)
            yield made
            made.http.close()
    finally:
        console.stop()


def test_a_payer_thinks_it_over_and_goes_on(till: Till) -> None:
    assert till.pay("p1", "pay-1") == "hold"
    told = till.told("transfer.paused", "pay-1")
    assert (told["scenario"], told["strength"], told["amount_minor"]) == ("coupon", "stop", 9_900)
    ann = till.member("ann")
    assert "Payments that wait" in ann.get("/me").text
    page = ann.get(told["path"]).text
    assert "¥99.00" in page
    assert told["question"]["en"] in page
    assert "Consult the assistant" in page
    warning = ann.get("/me/alerts/" + page.partition("/me/assistant/from/")[2].partition('"')[0]).text
    assert told["path"] in warning
    short = ann.post(f"{told['path']}/release", form_on=told["path"], reason="family", answer="yes", words="ok")
    assert short.status_code == 422
    assert "Say in a sentence or two" in short.text
    long = ann.post(f"{told['path']}/release", form_on=told["path"], reason="family", answer="yes", words=LONG)
    assert long.status_code == 303
    assert "You chose to go on" in ann.get(told["path"]).text
    assert till.told("transfer.released", "pay-1")["by"] == "account:ann"
    assert till.pay("p1-again", "pay-1") == "allow"
    assert till.pay("p1-more", "pay-1", amount_minor=10_000) == "hold"
    till.send_event("s1", "payment.settled", payer="ann", payment_id="pay-1", outcome="paid")
    until(lambda: ann.get("/me/transfers").text.count("card-9") == 2)
    until(lambda: "Not paid" in ann.get("/me/transfers").text)


def test_and_says_so_when_it_was_a_fraud_after_all(till: Till) -> None:
    till.pay("p2", "pay-2")
    path = till.told("transfer.paused", "pay-2")["path"]
    ann = till.member("ann")
    ann.post(f"{path}/release", form_on=path, reason="other", answer="no", words=LONG)
    till.send_event("s2", "payment.settled", payer="ann", payment_id="pay-2", outcome="paid")
    until(lambda: "The payment was made" in ann.get(path).text)
    assert ann.post(f"{path}/regret", form_on=path).status_code == 303
    assert ann.post(f"{path}/freeze", form_on=path).headers["location"] == path
    assert "has been asked to stop the money" in ann.get(path).text
    assert "minutes count" in ann.get(path).text


def test_a_payer_stops(till: Till) -> None:
    assert till.pay("p3", "pay-3") == "hold"
    path = till.told("transfer.paused", "pay-3")["path"]
    ann = till.member("ann")
    assert ann.post(f"{path}/stop", form_on=path).status_code == 303
    assert till.told("transfer.stopped", "pay-3")["account"] == "account:ann"
    assert "Well done" in ann.get(path).text
    assert ann.post(f"{path}/release", form_on="/me", reason="family", answer="yes", words=LONG).status_code == 409
    assert till.member("bob").get(path).status_code == 404


def test_whom_a_payer_stopped_they_are_asked_about_again(till: Till) -> None:
    data = {"payer": "ann", "payee": "card-9", "amount_minor": 100, "payment_id": "pay-31"}
    found = till.send_event("p31", "payment.initiated", **data)["findings"]
    assert {one["policy"] for one in found} == {"test.risky_payee", "transfers.pays_what_was_stopped"}


def test_somebody_of_the_circle_holds_it_where_that_was_agreed(till: Till) -> None:
    circles, now = till.console.house.company.circles, clock.now()
    till.send_event("f1", "friendship.changed", 60 * DAY_S, account="ann", other="mum", change="added")
    everything = Consent(harms=HARMS, may_pause=True)
    invitation = circles.invite("account:ann", "account:mum", "guardian", everything, "account:ann", now)
    circles.accept(invitation, "account:mum", everything, "account:mum", now)
    assert till.pay("p4", "pay-4") == "hold"
    told = till.told("transfer.paused", "pay-4")
    ann, mum = till.member("ann"), till.member("mum")
    assert ann.post(f"{told['path']}/ask", form_on=told["path"], guardian="account:mum").status_code == 303
    asked = until(lambda: till.received("transfer.help_asked"))[0]
    assert (asked["account"], asked["asks"]) == ("account:mum", "account:ann")
    assert "Hold it" in mum.get(asked["path"]).text
    assert mum.post(asked["path"], form_on=asked["path"], answer="paused").status_code == 303
    assert until(lambda: till.received("transfer.help_answered"))[0]["answer"] == "paused"
    held = ann.post(f"{told['path']}/release", form_on=told["path"], reason="family", answer="yes", words=LONG)
    assert held.status_code == 409
    assert "asked you to wait" in held.text
    assert till.member("bob").get(asked["path"]).status_code == 404
    assert ann.post(f"{told['path']}/stop", form_on=told["path"]).status_code == 303


def test_a_platform_asks_in_its_own_dialogue(till: Till) -> None:
    till.pay("p5", "pay-5")
    name = till.told("transfer.paused", "pay-5")["transfer"]
    shown = till.call("GET", f"/v1/transfers/{name}")
    assert (shown["state"], shown["needs_words"]) == ("waiting", True)
    refused = till.http.post(f"/v1/transfers/{name}:release", json={"reason": "family", "said_yes": True})
    assert refused.status_code == 422
    after = till.call("POST", f"/v1/transfers/{name}:release", reason="family", said_yes=True, words=LONG)
    assert after["answer"] == "released"
    assert till.http.post(f"/v1/transfers/{name}:stop").status_code == 409
    assert till.told("transfer.released", "pay-5")["by"].startswith("key:")
    mine = till.call("GET", "/v1/accounts/ann/transfers")["transfers"]
    assert [one["payment_id"] for one in mine][:1] == ["pay-5"]
    assert LONG not in str(mine)
    with till.console.house.database.read() as connection:
        assert "transfer.list" in [entry.act for entry in latest_entries(connection, 20)]
    assert until(lambda: till.call("GET", f"/v1/transfers/{name}")["may_be_sent"])


def test_staff_see_what_it_comes_to_and_no_names(till: Till) -> None:
    till.pay("p6", "pay-6", amount_minor=66_600)
    till.told("transfer.paused", "pay-6")
    till.console.add_person("lin", "auditor")
    till.console.add_person("eng", "engineer")
    page = till.console.signed_in("lin").get("/alerts/transfers").text
    assert "CN¥666.00" in page
    assert "For family or friends" in page
    assert "card-9" not in page
    assert till.console.signed_in("eng").get("/alerts/transfers").status_code == 403
