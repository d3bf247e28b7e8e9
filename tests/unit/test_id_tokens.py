"""Whom an id token signs in: each claim that is bent, each key that is not the provider's, and nobody is signed in."""

from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from anlan.domain.id_tokens import LEEWAY_S, MAX_AGE_S, MAX_TOKEN_BYTES, Expected, read_header, read_signed_in
from anlan.domain.key_sets import find_key, read_key_set
from anlan.errors import InvalidRequest

NOW = 1_795_262_400.0
ISSUER, CLIENT = "https://im.example", "anlan"
EXPECTED = Expected(issuer=ISSUER, client_id=CLIENT, nonce="once", account_claim="sub")
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())


def key_set(**other: Any) -> bytes:
    public = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
    return read_key_set(msgspec.json.encode({"keys": [{**public, "kid": "k1", **other}]}))


def token(key: Any = KEY, algorithm: str = "ES256", header: dict[str, Any] | None = None, **bent: Any) -> str:
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": "ann", "iat": NOW, "exp": NOW + 300, "nonce": "once", **bent}
    said = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(said, key, algorithm, {"kid": "k1", **(header or {})})


def account_in(made: str, expected: Expected = EXPECTED) -> str:
    found = find_key(key_set(), read_header(made))
    assert found is not None
    return read_signed_in(made, found, expected, NOW).account


@pytest.mark.parametrize(
    "said",
    [{}, {"aud": [CLIENT]}, {"aud": [CLIENT, "another"], "azp": CLIENT}, {"exp": NOW - LEEWAY_S + 1},
     {"iat": NOW + LEEWAY_S}, {"nbf": NOW}],
    ids=str,
)
def test_a_good_token_says_who_came(said: dict[str, Any]) -> None:
    assert account_in(token(**said)) == "account:ann"


def test_another_claim_may_name_the_account() -> None:
    by_number = msgspec.structs.replace(EXPECTED, account_claim="uid")
    assert account_in(token(uid=7), by_number) == "account:7"


@pytest.mark.parametrize(
    "bent",
    [
        {"iss": "https://other.example"}, {"iss": None}, {"aud": "another"}, {"aud": None},
        {"aud": [CLIENT, "another"]}, {"aud": [CLIENT, "another"], "azp": "another"}, {"azp": "another"},
        {"nonce": "another"}, {"nonce": None}, {"nonce": 7}, {"exp": NOW - LEEWAY_S - 1}, {"exp": None},
        {"exp": "soon"}, {"iat": NOW - MAX_AGE_S - 1}, {"iat": NOW + LEEWAY_S + 1}, {"iat": None}, {"iat": "now"},
        {"iat": True}, {"nbf": NOW + LEEWAY_S + 1}, {"sub": None}, {"sub": ""}, {"sub": "a\nb"}, {"sub": "a" * 257},
        {"sub": True}, {"sub": ["ann"]},
    ],
    ids=str,
)
def test_a_bent_token_signs_nobody_in(bent: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        account_in(token(**bent))


def test_only_the_provider_signs() -> None:
    for made in (token(None, "none"), token(b"s" * 32, "HS256"), token(OTHER), token(header={"crit": ["exp"]})):
        with pytest.raises(InvalidRequest):
            account_in(made)
    for nonsense in ("", "a.b.c", "a" * (MAX_TOKEN_BYTES + 1)):
        with pytest.raises(InvalidRequest):
            read_header(nonsense)


def test_a_key_is_found_by_its_name_and_for_its_own_algorithm() -> None:
    assert find_key(key_set(), {"alg": "ES256", "kid": "k1"}) is not None
    assert find_key(key_set(), {"alg": "ES256"}) is not None
    assert find_key(key_set(), {"alg": "ES256", "kid": "k2"}) is None
    for header, keys in (({"alg": "ES256"}, key_set(alg="ES384")), ({"alg": "RS256"}, key_set())):
        with pytest.raises(InvalidRequest):
            find_key(keys, header)
    for useless in (b"[]", b"{}", b'{"keys": [{"kty": "oct", "k": "AAAA"}]}'):
        with pytest.raises(InvalidRequest):
            read_key_set(useless)
