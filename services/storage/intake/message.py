"""What goes into the intake and what comes out of it."""

from dataclasses import dataclass, field
from typing import NamedTuple

from uskat.wire.ack import Ack, AckReject, payload_digest, seq_ranges
from uskat.wire.errors import Refusal
from uskat.wire.topic import MessageKind


class Incoming(NamedTuple):
    """One raw message.

    `device` and `kind` are set when the way in already knows them (HTTP, import), else they are read from the MQTT
    topic. `received_us`: microseconds since 1970, UTC.
    """

    topic: str
    payload: bytes
    received_us: int
    device: str | None = None
    kind: MessageKind | None = None


@dataclass(slots=True)
class Outcome:
    """The fate of one message. Readings: received = stored + duplicate + conflict + rejected."""

    raw_id: int
    device: str | None = None
    device_id: int | None = None
    station_id: int = 0
    received: int = 0
    stored: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: int = 0
    seqs: list[int] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def refuse(self, refusal: Refusal) -> None:
        """Count and keep a refused part; a part whose readings cannot be counted is one."""
        count = max(1, refusal.readings)
        self.received += count
        self.rejected += count
        self.refusals.append(refusal)


def ack_of(pairs: list[tuple[Incoming, Outcome]]) -> Ack:
    """Confirmation to one device for messages whose transaction has been committed."""
    ack = Ack()
    seqs: list[int] = []
    for incoming, outcome in pairs:
        seqs.extend(outcome.seqs)
        needs_digest = not outcome.seqs or any(refusal.seq is None for refusal in outcome.refusals)
        digest = payload_digest(incoming.payload) if needs_digest else None
        if not outcome.seqs and digest is not None:
            ack.digests.append(digest)
        for refusal in outcome.refusals:
            ack.rejects.append(
                AckReject(refusal.reason, refusal.detail, seq=refusal.seq, digest=digest, parameter=refusal.parameter)
            )
    ack.stored = seq_ranges(seqs)
    ack.seq = ack.stored[-1][1] if ack.stored else None
    return ack
