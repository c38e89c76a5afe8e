"""Which ID tokens are believed: one that fits in everything; each single fault is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from services.api.errors import Unauthenticated
from services.api.openid import Provider

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
T = int(NOW.timestamp())
KEY = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
OTHER = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
PROVIDER = Provider("https://id.example.org", "uskat", None, "https://uskat.example.org/back")
GOOD: dict[str, Any] = {
    "iss": "https://id.example.org", "aud": "uskat", "sub": "248289", "nonce": "n-1", "iat": T - 5, "exp": T + 300,
}  # fmt: skip
KEYS: Any = {"keys": [KEY.as_dict(private=False)]}


def claims(payload: dict[str, Any], *, key: Any = KEY, algorithm: str = "RS256") -> dict[str, Any]:
    header = {"alg": algorithm, "kid": "one"}
    token = jwt.encode(header, payload, key, algorithms=[algorithm])
    return PROVIDER._claims(token, KEYS, nonce="n-1", at=NOW)


def test_a_token_that_fits_is_believed() -> None:
    assert claims(GOOD)["sub"] == "248289"
    assert claims(GOOD | {"aud": ["uskat", "other"], "azp": "uskat"})["sub"] == "248289"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example.org"}, {"aud": "other"}, {"aud": ["other", "uskat"]}, {"azp": "other"},
        {"nonce": "n-2"}, {"exp": T - 120}, {"iat": T + 600}, {"sub": 7}, {"sub": None}, {"iss": None}, {"aud": None},
        {"nonce": None}, {"exp": None}, {"iat": None}, {"nbf": T + 600},
    ],
)  # fmt: skip
def test_each_fault_is_refused(change: dict[str, Any]) -> None:
    payload = {name: value for name, value in (GOOD | change).items() if value is not None}
    with pytest.raises(Unauthenticated, match="cannot be believed"):
        claims(payload)


def test_a_token_of_another_key_without_signature_or_by_a_shared_key_is_refused() -> None:
    with pytest.raises(Unauthenticated):
        claims(GOOD, key=OTHER)
    with pytest.raises(Unauthenticated):
        claims(GOOD, key=OctKey.import_key("a shared secret of thirty-two bytes"), algorithm="HS256")
    plain = "eyJhbGciOiJub25lIn0." + jwt.encode({"alg": "RS256"}, GOOD, KEY).split(".")[1] + "."
    for token in (plain, "", "a.b.c", "x" * 5000):
        with pytest.raises(Unauthenticated):
            PROVIDER._claims(token, KEYS, nonce="n-1", at=NOW)
