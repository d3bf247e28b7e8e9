"""The receiving library believes only signed, fresh messages, and calls a platform's code once for each."""

import msgspec
import pytest

from anlan import clock
from anlan.connectors.webhook.receiver import Data, Receiver
from anlan.delivery.posting import sign
from anlan.delivery.registration import new_secret
from anlan.domain.facts import StaffNotice
from anlan.domain.messages import StaffNoticed, outgoing_notice
from anlan.errors import InvalidRequest, InvalidSettings, Unauthorized

SECRET, OTHER = new_secret(), new_secret()
MESSAGE = outgoing_notice(StaffNotice(id="n1", at=5.0, kind="dead_letter", subject="endpoint:e"))


def headers(secret: str = SECRET, body: bytes = MESSAGE.body, age_s: float = 0.0) -> dict[str, str]:
    return sign([secret], MESSAGE.id, body, clock.now() - age_s)


class Platform:
    def __init__(self) -> None:
        self.got: list[Data] = []
        self.seen: set[str] = set()

    def receiver(self, *secrets: str) -> Receiver:
        return Receiver(secrets or (SECRET,), {"staff": self.got.append}, self.seen)


def test_a_signed_message_is_handled_once() -> None:
    platform = Platform()
    assert platform.receiver().receive(MESSAGE.body, headers()) is True
    assert platform.receiver().receive(MESSAGE.body, headers()) is False
    (data,) = platform.got
    assert isinstance(data, StaffNoticed)
    assert (data.kind, data.subject) == ("dead_letter", "endpoint:e")


def test_either_secret_serves_while_they_are_changed() -> None:
    for signed_with in (SECRET, OTHER):
        assert Platform().receiver(OTHER, SECRET).receive(MESSAGE.body, headers(signed_with))


@pytest.mark.parametrize(
    "wrong",
    [
        {}, headers(OTHER), headers(age_s=600), headers(body=MESSAGE.body + b" "), {**headers(), "webhook-id": "msg_2"},
        {**headers(), "webhook-signature": "v1"}, {**headers(), "webhook-signature": "v1,\u00e9=="},
        {**headers(), "webhook-signature": "v1,a,b"}, {**headers(), "webhook-timestamp": "nan"},
        {**headers(), "webhook-timestamp": "1e400"}, {**headers(), "webhook-signature": "v2," + "A" * 44},
    ],
)
def test_anything_else_is_refused_and_calls_nothing(wrong: dict[str, str]) -> None:
    platform = Platform()
    with pytest.raises(Unauthorized):
        platform.receiver().receive(MESSAGE.body, wrong)
    with pytest.raises(Unauthorized):
        platform.receiver().receive(b"\xff\xfe", headers())
    assert platform.got == []


def test_a_handler_that_fails_is_asked_again() -> None:
    calls: list[Data] = []

    def fail_first(data: Data) -> None:
        calls.append(data)
        if len(calls) == 1:
            raise RuntimeError("database away")

    receiver = Receiver([SECRET], {"staff.dead_letter": fail_first}, set())
    with pytest.raises(RuntimeError):
        receiver.receive(MESSAGE.body, headers())
    assert receiver.receive(MESSAGE.body, headers()) is True
    assert len(calls) == 2


def test_a_type_without_a_handler_is_taken_and_ignored() -> None:
    assert Receiver([SECRET], {"action": lambda _: None}, set()).receive(MESSAGE.body, headers()) is False
    newer = msgspec.json.encode({"type": "weather.rain", "timestamp": "2026-01-01T00:00:00Z", "data": 1})
    assert Platform().receiver().receive(newer, headers(body=newer)) is False


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type":"staff.x","data":{"kind":3}}', b'{"type":"staff.x"}'])
def test_a_signed_body_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        Platform().receiver().receive(body, headers(body=body))


def test_a_handler_for_a_type_that_does_not_exist_is_a_mistake_at_start() -> None:
    with pytest.raises(InvalidSettings, match="actoin"):
        Receiver([SECRET], {"actoin.mute": lambda _: None}, set())
