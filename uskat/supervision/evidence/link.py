"""One link of the chain of raw messages of (device, lane), as ingest writes it (ADR 0002)."""

import hashlib

GENESIS = bytes(32)


def link_hash(before: bytes, *, raw_id: int, topic: str, payload: bytes) -> bytes:
    """SHA-256(previous hash ‖ raw_id as 8 bytes big-endian ‖ len(topic) as 4 bytes ‖ topic ‖ payload)."""
    name = topic.encode()
    return hashlib.sha256(before + raw_id.to_bytes(8, "big") + len(name).to_bytes(4, "big") + name + payload).digest()
