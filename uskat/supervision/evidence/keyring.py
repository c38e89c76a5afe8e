"""Keys of an agency that whoever checks evidence trusts, each with its term: after a rotation there are several.

A day is signed after its end. So a key whose term is over signs no day that had not ended by then; a new one may close
an older day that was closed late.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from uskat.supervision.evidence.seal import KeyUnusable, key_id_of, public_key


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key. valid_from, valid_until: first and last UTC day on which it signed, None: not known."""

    key: Ed25519PublicKey
    valid_from: date | None = None
    valid_until: date | None = None

    @property
    def key_id(self) -> str:
        """Name of the key."""
        return key_id_of(self.key)

    def signed_on(self, day: date) -> bool:
        """True when it was in force on a UTC day."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_until is None or day <= self.valid_until)

    def may_close(self, day: date) -> bool:
        """True when it was in force at some time after a UTC day had ended."""
        return self.valid_until is None or day + timedelta(days=1) <= self.valid_until


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by name."""

    keys: Mapping[str, TrustedKey]

    def find(self, key_id: str) -> TrustedKey | None:
        """The key of this name."""
        return self.keys.get(key_id)


class _KeyEntry(msgspec.Struct, forbid_unknown_fields=True):
    public_key: str
    valid_from: date | None = None
    valid_until: date | None = None


class _KeyFile(msgspec.Struct, forbid_unknown_fields=True):
    keys: list[_KeyEntry]


def ring_of(keys: Sequence[TrustedKey]) -> KeyRing:
    """Keys as a ring. Raises KeyUnusable when one is given twice with different terms."""
    found: dict[str, TrustedKey] = {}
    for one in keys:
        known = found.setdefault(one.key_id, one)
        if (known.valid_from, known.valid_until) != (one.valid_from, one.valid_until):
            raise KeyUnusable(f"key {one.key_id} is given with two different terms")
    return KeyRing(found)


def read_keys(data: bytes) -> list[TrustedKey]:
    """Keys of a file: a PEM, or JSON `{"keys": [{"public_key": PEM, "valid_from": day, "valid_until": day}]}`.

    Raises KeyUnusable.
    """
    if not data.lstrip().startswith(b"{"):
        return [TrustedKey(public_key(data))]
    try:
        read = msgspec.json.decode(data, type=_KeyFile)
    except msgspec.DecodeError as error:
        raise KeyUnusable(f"not a list of keys: {error}") from None
    for one in read.keys:
        if one.valid_from is not None and one.valid_until is not None and one.valid_until < one.valid_from:
            raise KeyUnusable("valid_until of a key lies before its valid_from")
    return [TrustedKey(public_key(one.public_key.encode()), one.valid_from, one.valid_until) for one in read.keys]


def closing_key(ring: KeyRing, key_id: str, *, day: date) -> Ed25519PublicKey:
    """The key that may have closed a day. Raises KeyUnusable: not in the ring, or its term was over by then."""
    found = ring.find(key_id)
    if found is None:
        raise KeyUnusable(f"key {key_id} is none of those you trust: {', '.join(sorted(ring.keys)) or 'none'}")
    if not found.may_close(day):
        raise KeyUnusable(f"key {key_id} was in force to {found.valid_until} only, and signs {day}")
    return found.key
