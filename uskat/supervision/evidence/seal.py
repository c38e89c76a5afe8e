"""A day of raw messages closed by a signed statement (ADR 0012). Ed25519 (RFC 8032).

The day is that of storing, UTC: it is read from `raw_id`, so what is stored later never belongs to a closed day.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from uskat.supervision.evidence.merkle import leaf_hash

EPOCH = date(1970, 1, 1)
LANES = 4096
DAY_US = 86_400_000_000
DAY_PREFIX = b"uskat sealed day 1\n"
"""Put before what is signed, so that a signature of one kind of document is none of another."""
MANIFEST_PREFIX = b"uskat evidence manifest 1\n"


class KeyUnusable(ValueError):
    """The file is no Ed25519 key of the kind that is needed."""


@dataclass(frozen=True, slots=True)
class DayStatement:
    """What is signed of a day. previous: SHA-256 of the statement before, None for the first; root, hashes: hex."""

    day: date
    messages: int
    root: str
    previous: str | None
    key_id: str

    def text(self) -> str:
        """The one spelling that is signed: JSON, sorted keys, no spaces."""
        fields = {
            "day": self.day.isoformat(), "key_id": self.key_id, "messages": self.messages, "previous": self.previous,
            "root": self.root,
        }  # fmt: skip
        return canonical(fields).decode()

    def digest(self) -> str:
        """SHA-256 of the statement, hex: what the next one refers to."""
        return hashlib.sha256(self.text().encode()).hexdigest()


def statement_of(text: str) -> DayStatement:
    """The statement of its text. Raises ValueError for anything that `DayStatement.text` would not have written."""
    try:
        fields: Mapping[str, Any] = json.loads(text)
        found = DayStatement(
            date.fromisoformat(fields["day"]), int(fields["messages"]), str(fields["root"]), fields["previous"],
            str(fields["key_id"]),
        )  # fmt: skip
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"not a statement of a day: {error!r}") from None
    if found.text() != text:
        raise ValueError("not in the spelling that is signed")
    return found


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and without spaces, UTF-8: equal values are equal bytes. Raises ValueError for NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def day_of(raw_id: int) -> date:
    """UTC day on which a raw message was stored."""
    return EPOCH + timedelta(days=raw_id // LANES // DAY_US)


def raw_ids_of(day: date) -> tuple[int, int]:
    """Half-open range of the raw ids of a day."""
    first = (day - EPOCH).days * DAY_US * LANES
    return first, first + DAY_US * LANES


def final_at(day: date, grace: timedelta) -> datetime:
    """When a day may be closed: `grace` after its end, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) + grace


def message_leaf(raw_id: int, link: bytes) -> bytes:
    """Leaf hash of a raw message: its id and the hash of its link, which covers topic, payload and what was before."""
    return leaf_hash(raw_id.to_bytes(8, "big") + link)


def private_key(pem: bytes) -> Ed25519PrivateKey:
    """The signing key of a PEM file without password. Raises KeyUnusable."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise KeyUnusable(f"not a private key: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"{type(key).__name__} where an Ed25519 key is needed")
    return key


def public_key(pem: bytes) -> Ed25519PublicKey:
    """The public key of a PEM file. Raises KeyUnusable."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError) as error:
        raise KeyUnusable(f"not a public key: {error}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyUnusable(f"{type(key).__name__} where an Ed25519 key is needed")
    return key


def public_pem(key: Ed25519PublicKey) -> str:
    """The key as a PEM file."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def key_id_of(key: Ed25519PublicKey) -> str:
    """Name of a key: the first 16 hex digits of SHA-256 of its 32 bytes."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def signed_by(key: Ed25519PublicKey, signature: bytes, *, message: bytes) -> bool:
    """True when the signature over the message is the key's."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def sign_day(statement: DayStatement, key: Ed25519PrivateKey) -> bytes:
    """Signature over a day, 64 bytes."""
    return key.sign(DAY_PREFIX + statement.text().encode())


def day_signed_by(key: Ed25519PublicKey, signature: bytes, *, text: str) -> bool:
    """True when the statement of this text was signed by the key."""
    return signed_by(key, signature, message=DAY_PREFIX + text.encode())
