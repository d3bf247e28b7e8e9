"""Sensitive values rest sealed, open only where they belong, and keys can be changed."""

import json

import pytest

from anlan.domain.declarations import declare
from anlan.domain.events import Catalogue
from anlan.domain.facts import Fact
from anlan.errors import InvalidSettings
from anlan.store.vault import Codec, Vault, redacted_data, shown_data

OLD, NEW = b"o" * 32, b"n" * 32
CATALOGUE = Catalogue()
DATA = {"account": "a1", "phone": "+8613800138000", "nickname": "Ann", "ip": "192.0.2.7", "unknown": {"phone": "x"}}


def registration(**data: object) -> tuple[bytes, str]:
    """(stored bytes, key) of a registration sealed with the old key."""
    event = CATALOGUE.decode(
        json.dumps(
            {"specversion": "1.0", "id": "1", "source": "im", "type": "account.registered", "data": DATA | data}
        ).encode(),
        1.0,
    )
    return Codec(Vault(OLD)).seal_data(event, "key1"), "key1"


def test_sensitive_fields_are_sealed_and_the_rest_stays_readable() -> None:
    stored, key = registration()
    assert b"13800138000" not in stored
    assert json.loads(shown_data(stored)) == {name: value for name, value in DATA.items() if name != "phone"}
    assert json.loads(Codec(Vault(OLD)).open_data(stored, key)) == DATA


def test_data_without_sensitive_values_is_stored_as_received() -> None:
    body = b'{"specversion":"1.0","id":"1","source":"im","type":"message.sent","data":{ "sender" : "a" }}'
    event = CATALOGUE.decode(body, 1.0)
    assert Codec(Vault(OLD)).seal_data(event, "k") == b'{ "sender" : "a" }'
    declared = Catalogue((declare("sms.sent", "sender", {"sender": "account", "to": "phone?"}),))
    event = declared.decode(body.replace(b"message.sent", b"sms.sent"), 1.0)
    assert Codec(Vault(OLD)).seal_data(event, "k") == b'{ "sender" : "a" }'


def test_after_a_change_of_keys_old_values_open_and_new_ones_use_the_new_key() -> None:
    stored, key = registration()
    both = Vault(NEW, older=[OLD])
    assert json.loads(Codec(both).open_data(stored, key)) == DATA
    assert Vault(NEW).open(both.seal(b"x", b"c"), b"c") == b"x"
    with pytest.raises(InvalidSettings, match="add it as an older key"):
        Codec(Vault(NEW)).open_data(stored, key)


def test_a_value_that_was_altered_or_moved_to_another_place_does_not_open() -> None:
    vault = Vault(OLD)
    sealed = vault.seal(b"secret", b"staff:1")
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for wrong, context in ((sealed, b"staff:2"), (altered, b"staff:1"), (sealed[:9], b"staff:1")):
        with pytest.raises(InvalidSettings, match="altered or belongs elsewhere"):
            vault.open(wrong, context)


def test_the_same_value_never_looks_the_same() -> None:
    assert Vault(OLD).seal(b"x", b"c") != Vault(OLD).seal(b"x", b"c")


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(InvalidSettings, match="32 random bytes"):
        Vault(bytes(length))


def test_redaction_leaves_public_and_internal_fields_and_needs_no_key() -> None:
    stored, _ = registration()
    kind = CATALOGUE["account.registered"].data
    assert json.loads(redacted_data(stored, kind)) == {"account": "a1"}
    assert redacted_data(redacted_data(stored, kind), kind) == b'{"account":"a1"}'
    assert redacted_data(stored, None) == b"{}"


def test_a_platform_cannot_smuggle_in_something_that_looks_sealed() -> None:
    stored, key = registration(nickname="\x01\x00\x00\x00\x04seal")
    assert json.loads(Codec(Vault(OLD)).open_data(stored, key))["nickname"] == "\x01\x00\x00\x00\x04seal"


@pytest.mark.parametrize("privacy", ["public", "internal", "personal", "sensitive"])
@pytest.mark.parametrize("value", [None, "Ann", 3.5, [1, {"a": "b"}]])
def test_facts_come_back_as_they_were_and_only_sensitive_ones_are_sealed(privacy: str, value: object) -> None:
    codec, fact = Codec(Vault(OLD)), Fact("account:a", "f", 1.0, value, privacy)
    stored = codec.seal_value(fact)
    assert codec.open_value(stored, "account:a", "f") == value
    assert stored.startswith(b"\x01") == (privacy == "sensitive")
    if privacy == "sensitive":
        with pytest.raises(InvalidSettings):
            codec.open_value(stored, "account:b", "f")
