"""Codes, work and passkeys by themselves: what is taken, and that nothing strange breaks them."""

import hashlib
import json

import httpx
import pyotp
import pytest
from fido2.utils import websafe_encode
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.center.captcha import Captcha
from anlan.center.passkeys import Passkeys
from anlan.domain.challenges import Held, methods_for
from anlan.domain.factors import (
    LEVELS,
    METHODS,
    STEP_S,
    STRENGTHS,
    accepted_step,
    is_at_least,
    new_recovery_code,
    recovery_digest,
)
from anlan.domain.proof_of_work import LEAST_BITS, MOST_BITS, bits_for, is_done
from anlan.errors import Unavailable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
ENCODED = st.binary(max_size=200).map(websafe_encode) | JSON
CLIENT = st.sampled_from(("webauthn.create", "webauthn.get")).map(
    lambda kind: websafe_encode(json.dumps(
        {"type": kind, "challenge": websafe_encode(b"c" * 32), "origin": "https://im.example"}
    ).encode())
)
FIELDS = st.fixed_dictionaries(
    {
        "id": st.just("Y2M") | JSON, "rawId": st.just("Y2M") | JSON, "type": st.just("public-key") | JSON,
        "response": st.fixed_dictionaries({
            "clientDataJSON": CLIENT | ENCODED, "attestationObject": ENCODED, "authenticatorData": ENCODED,
            "signature": ENCODED,
        }) | JSON,
    }
)


@given(st.integers(0, 2**32), st.integers(-3 * STEP_S, 3 * STEP_S))
def test_a_code_holds_for_its_step_and_its_neighbours(now: int, drift: int) -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    now += 10 * STEP_S
    code = pyotp.TOTP(secret).at(now + drift)
    step = accepted_step(secret, code, now)
    distance = abs((now + drift) // STEP_S - now // STEP_S)
    assert (step is not None) >= (distance <= 1)
    if step is not None:
        assert pyotp.TOTP(secret).generate_otp(step) == code


def test_recovery_codes_are_read_as_people_write_them() -> None:
    code = new_recovery_code()
    assert recovery_digest("f", code) == recovery_digest("f", f" {code.upper().replace('-', ' ')} ")
    assert recovery_digest("f", code) != recovery_digest("g", code)


@given(st.sampled_from(LEVELS), st.frozensets(st.sampled_from(("totp", "passkey", "recovery_codes"))),
       st.frozensets(st.sampled_from(("email", "sms"))), st.booleans())
def test_what_is_offered_is_worth_what_was_asked(level, kinds, channels, has_captcha) -> None:  # type: ignore[no-untyped-def]
    held = Held(kinds=kinds, channels=channels)
    offered = methods_for(held, level, has_captcha=has_captcha)
    assert all(is_at_least(method, level) for method in offered)
    assert not (kinds or channels) or not {"captcha", "proof_of_work"} & set(offered), "the weak way is not a choice"
    assert list(offered) == sorted(offered, key=METHODS.index)
    assert offered or level != "human"


def test_every_method_has_a_worth() -> None:
    assert set(STRENGTHS) == set(METHODS)


@given(st.text(max_size=30))
def test_work_is_a_number_whose_digest_begins_with_zeros(text: str) -> None:
    done = is_done("salt", 4, text)
    digest = hashlib.sha256(f"salt:{text}".encode()).digest()
    assert done == (text.isascii() and text.isdigit() and len(text) <= 16 and digest[0] < 16)


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_work_grows_with_what_a_network_asks_for(few: int, many: int) -> None:
    few, many = sorted((few, many))
    assert LEAST_BITS <= bits_for(few) <= bits_for(many) <= bits_for(many, is_under_attack=True) <= MOST_BITS


@pytest.mark.parametrize(
    ("address", "is_possible"),
    [
        ("https://im.example", True), ("http://localhost:8030", True), ("http://im.example", False),
        ("http://127.0.0.1:8030", False), ("https://[::1]", False), ("", False),
    ],
)
def test_passkeys_need_a_safe_connection_to_a_name(address: str, is_possible: bool) -> None:
    assert Passkeys(address).is_possible is is_possible


@settings(max_examples=60)
@given(FIELDS | st.dictionaries(st.text(max_size=8), JSON, max_size=3))
def test_no_answer_of_a_browser_breaks_anything(answer: dict[str, object]) -> None:
    passkeys = Passkeys("https://im.example")
    assert passkeys.read_made(b"c" * 32, answer) is None
    assert passkeys.read_signed(b"c" * 32, [], answer) is None


@pytest.mark.parametrize("said", ['{"success": false}', "[]", '{"success": "true"}', '{"success": 1}'])
def test_only_a_plain_yes_solves_a_captcha(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpx, "post", _answering(200, said))
    assert not Captcha("https://captcha.example", "s").is_solved("r", "")
    monkeypatch.setattr(httpx, "post", _answering(200, '{"success": true}'))
    assert Captcha("https://captcha.example", "s").is_solved("r", "192.0.2.1")


@pytest.mark.parametrize(("status", "said"), [(500, '{"success": true}'), (200, "<html>"), (302, "")])
def test_a_captcha_that_cannot_be_asked_is_not_solved(status: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpx, "post", _answering(status, said))
    with pytest.raises(Unavailable):
        Captcha("https://captcha.example", "s").is_solved("r", "")


def _answering(status: int, text: str):  # type: ignore[no-untyped-def]
    return lambda url, **_: httpx.Response(status, text=text, request=httpx.Request("POST", url))
