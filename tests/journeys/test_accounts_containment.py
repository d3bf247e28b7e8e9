"""A thief is inside, with a whole server and a platform that does what it is told: stopped, undone, told, put back."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from consoled import Consoled, Visitor
from contained import OWN, THIEF
from deskwork import Platform, until
from platforms import Receiver

from anlan import clock

ANN = "ann"


class Story(Platform):
    """The platform where ann has an account."""

    def happen(self, name: str, type_name: str, ago_s: float, **data: Any) -> dict[str, Any]:
        """Something happened some seconds ago; the verdict."""
        role = {"message.sent": "sender"}.get(type_name, "account")
        event = {
            "specversion": "1.0", "id": name, "source": "im", "type": type_name,
            "time": clock.to_rfc3339(clock.now() - ago_s), "data": {role: ANN, **data},
        }
        answer: dict[str, Any] = self.call("POST", "/v1/events", **event)
        return answer

    def steal(self) -> None:
        """Ann's phone, then the thief's, then what the thief does."""
        self.happen("in-1", "account.login", 86_400.0 * 20, result="success", **OWN)
        self.happen("hi-1", "message.sent", 7_200.0, text="晚上一起吃饭", recipient="bob", message_id="m-own", **OWN)
        self.happen("in-2", "account.login", 600.0, result="success", **THIEF)
        # What the door said to that sign-in is another story: here the thief got in with the right answer to it.
        proof = {"result": "passed", "method": "sms_code", "session": THIEF["session"], "device": THIEF["device"]}
        self.happen("in-3", "verification.completed", 595.0, **proof)
        for number, contact in enumerate(("bob", "cat")):
            self.happen(f"plea-{number}", "message.sent", 500.0 - number, text="借我两千，急用", recipient=contact,
                        message_id=f"m-{number}", **THIEF)
        self.happen("bind", "account.binding_changed", 400.0, binding="phone", change="replaced",
                    phone="+8613900000002", former_phone="+8613800000001", **THIEF)

    def orders(self, count: int) -> list[dict[str, Any]]:
        """So many orders, in order of revision, once they are there."""
        found = until(lambda: found if len(found := self.received("containment.order")) >= count else None)
        return sorted(found, key=lambda order: int(order["revision"]))

    def obey_steps(self, order: dict[str, Any], share: slice = slice(None)) -> None:
        """Do steps of an order and say so."""
        steps = [step["id"] for step in order["steps"]][share]
        path = f"/v1/containments/{order['containment']}:confirm"
        self.call("POST", path, revision=order["revision"], steps=steps)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder: Path = tmp_path_factory.mktemp("containment")
    console = Consoled(folder, allow_http_endpoints=True).start()
    try:
        with Receiver() as receiver:
            made = Story(console, receiver)
            # What policies see of a thief is another story; here the owner is faster.
            console.house.life.move("takeover.contain_a_thief", 1, "retired", "staff:sun")
            console.house.reload_policies()
            made.steal()
            yield made
            made.http.close()
    finally:
        console.stop()


def _safety(story: Story) -> Visitor:
    return story.member(ANN)


def test_the_owner_gives_the_alarm_and_everything_is_undone(story: Story) -> None:
    owner = _safety(story)
    assert "Is somebody in your account now?" in owner.get("/me/safety").text
    sign_in = until(lambda: _thiefs_sign_in(owner))
    answer = owner.post("/me/safety/alarm", form_on="/me/safety", sign_in=sign_in)
    assert answer.status_code == 303, answer.text
    [order] = story.orders(1)
    kinds = {step["kind"] for step in order["steps"]}
    assert {"end_sessions", "end_session", "distrust_device", "limit", "take_back_message", "restore_binding"} <= kinds
    assert "+86" not in json.dumps(order)
    until(lambda: _warned(story) == {"account:bob", "account:cat"})
    [told] = until(lambda: story.received("owner.notice"))
    assert told["former_channels_of"] == ["bind"]
    shown = story.call("GET", f"/v1/containments/{order['containment']}")
    assert "+8613800000001" in json.dumps(shown)
    story.obey_steps(order, slice(None, None, 2))
    page = owner.get("/me/safety").text
    assert "This is not a punishment" in page
    assert "Carried out" in page
    assert "On its way" in page
    assert "Your account is protected" in owner.get("/me").text


def test_the_platforms_alarm_joins_what_stands(story: Story) -> None:
    answer = story.call("POST", f"/v1/accounts/{ANN}:contain", since=clock.now() - 700.0, session=THIEF["session"])
    assert answer["containment"] == story.orders(1)[0]["containment"]
    assert answer["ground"] == "owner"


def test_nobody_lifts_it_without_a_proof_from_before(story: Story) -> None:
    owner = _safety(story)
    assert owner.post("/me/safety/end", form_on="/me/safety", ending="lifted").status_code == 403
    assert owner.post("/me/safety/prove", form_on="/me/safety").status_code == 403
    assert "Recover the account" in owner.get("/me/safety").text


def test_what_the_thief_does_after_that_is_undone_too(story: Story) -> None:
    story.happen("late", "message.sent", 1.0, text="还在吗", recipient="dan", message_id="m-late", **THIEF)
    latest = story.orders(2)[-1]
    assert [step["details"].get("message") for step in latest["steps"]] == ["m-late"]
    until(lambda: "account:dan" in _warned(story))


def test_staff_call_it_a_false_alarm_and_it_is_put_back(story: Story) -> None:
    story.console.add_person("sun", "senior")
    staff = story.console.signed_in("sun")
    name = story.orders(1)[0]["containment"]
    assert name in staff.get("/containments").text
    answer = staff.post(
        f"/containments/{name}/end", form_on=f"/containments/{name}", ending="false_alarm", reason="it was ann's tablet"
    )
    assert answer.status_code == 303, answer.text
    latest = story.orders(3)[-1]
    assert latest["state"] == "false_alarm"
    assert {step["act"] for step in latest["steps"]} == {"undo"}
    story.obey_steps(latest)
    until(lambda: sum(one["is_withdrawn"] for one in story.received("contact.warning")) == 3)
    assert "This was a false alarm" in _safety(story).get("/me/safety").text


def _warned(story: Story) -> set[str]:
    return {one["contact"] for one in story.received("contact.warning")}


def _thiefs_sign_in(owner: Visitor) -> str | None:
    """The newest sign-in on the page, once the book has taken it in."""
    time.sleep(0.2)
    page = owner.get("/me/safety").text
    values = [part.split('"')[0] for part in page.split('name="sign_in" value="')[1:]]
    return values[0] if len(values) >= 3 else None
