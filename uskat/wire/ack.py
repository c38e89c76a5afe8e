"""The `ack` topic: what the server has stored, so that a logger may forget it (DESIGN §2.1, §4)."""

import hashlib

import msgspec

from uskat.wire.errors import RejectReason

DIGEST_LENGTH = 16


class AckReject(msgspec.Struct, omit_defaults=True):
    """A refused packet, or (when `parameter` is set) a refused value of a packet that was stored."""

    reason: RejectReason
    detail: str
    seq: int | None = None
    digest: str | None = None
    parameter: str | None = None


class Ack(msgspec.Struct, omit_defaults=True):
    """Confirmation after COMMIT. `stored` holds inclusive [first, last] ranges of seq; `seq` the highest of them."""

    seq: int | None = None
    stored: list[tuple[int, int]] = []
    digests: list[str] = []
    rejects: list[AckReject] = []


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Ack)


def encode_ack(ack: Ack) -> bytes:
    """JSON bytes of a confirmation."""
    return _encoder.encode(ack)


def decode_ack(payload: bytes) -> Ack:
    """Confirmation from its JSON bytes; raises msgspec.DecodeError."""
    return _decoder.decode(payload)


def payload_digest(payload: bytes) -> str:
    """How a message without `seq` is named in a confirmation: first 16 hex digits of its SHA-256."""
    return hashlib.sha256(payload).hexdigest()[:DIGEST_LENGTH]


def seq_ranges(seqs: list[int]) -> list[tuple[int, int]]:
    """Inclusive runs of consecutive numbers, ascending: [1, 2, 3, 7] → [(1, 3), (7, 7)]."""
    runs: list[tuple[int, int]] = []
    for seq in sorted(set(seqs)):
        if runs and runs[-1][1] == seq - 1:
            runs[-1] = (runs[-1][0], seq)
        else:
            runs.append((seq, seq))
    return runs
