"""raw_id and the hash chain (ADR 0002)."""

import hashlib
from typing import NamedTuple

LANES = 4096
GENESIS = bytes(32)


def raw_id_at(moment_us: int, lane: int = 0) -> int:
    """raw_id of lane `lane` at a moment (microseconds since 1970); with lane 0 the bound of an `as of` read."""
    return moment_us * LANES + lane


def moment_of(raw_id: int) -> int:
    """Microseconds since 1970 at which the raw message was stored."""
    return raw_id // LANES


class RawClock:
    """Strictly increasing raw ids of one lane, even when the wall clock steps back."""

    def __init__(self, lane: int, last_raw_id: int = 0) -> None:
        self.lane = lane
        self._last_us = moment_of(last_raw_id)

    def take(self, count: int, now_us: int) -> int:
        """Reserve `count` ids from now on; returns the first moment in microseconds, the others follow by 1 µs."""
        first = max(now_us, self._last_us + 1)
        self._last_us = first + count - 1
        return first


class Link(NamedTuple):
    """One link of the chain of (device, lane)."""

    chain_seq: int
    digest: bytes


def next_link(previous: Link | None, *, raw_id: int, topic: str, payload: bytes) -> tuple[Link, bytes]:
    """The following link and the hash it refers to.

    hash = SHA-256(previous hash ‖ raw_id as 8 bytes big-endian ‖ len(topic) as 4 bytes ‖ topic ‖ payload).
    """
    before = previous.digest if previous else GENESIS
    name = topic.encode()
    head = before + raw_id.to_bytes(8, "big") + len(name).to_bytes(4, "big") + name
    digest = hashlib.sha256(head + payload).digest()
    return Link((previous.chain_seq if previous else 0) + 1, digest), before
