"""The way in for automatic systems of enterprises: the same payloads as over MQTT, the same decoder and ledger."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import check_content_type, read_body
from services.api.context import Shared
from services.api.errors import Forbidden
from services.api.reply import json_reply
from services.api.schema import answers
from services.storage.intake import Incoming, Outcome
from services.storage.intake.message import ack_of
from services.storage.observation_reading import EPOCH
from uskat.wire.ack import AckReject
from uskat.wire.topic import DEVICE_PATTERN, MessageKind

router = APIRouter(prefix=API, tags=["ingest"])

JSON_KINDS = ("application/json", "application/senml+json")
BINARY_KINDS = ("application/vnd.fdsn.mseed", "application/octet-stream")


class Kind(StrEnum):
    """What the body carries: the last level of the MQTT topic of the same name."""

    WATER = "water"
    SENML = "senml"
    SEISMIC = "seismic"
    HISTOGRAM = "histogram"
    STATUS = "status"


class Counts(msgspec.Struct):
    """Readings of this message: received = stored + duplicate + conflict + rejected."""

    received: int
    stored: int
    duplicate: int
    conflict: int
    rejected: int


class Receipt(msgspec.Struct):
    """The `ack` of MQTT, and the fate of the readings.

    stored: inclusive ranges of `seq`; seq: the highest of them; digests: first 16 hex digits of the SHA-256 of a body
    without `seq`. rejects: what was refused and why; with `parameter` only that value, without it a whole packet.
    raw_id: under which the bytes are kept.
    """

    raw_id: int
    seq: int | None
    stored: list[tuple[int, int]]
    digests: list[str]
    rejects: list[AckReject]
    readings: Counts


DESCRIPTION = """The body is exactly what the MQTT topic `uskat/v1/{device}/{kind}` carries: a packet or an array of
packets as JSON, SenML JSON, miniSEED, histogram peaks, or device health.

200 means: the bytes are kept and everything is accounted for, not that everything was good. Like 207 Multi-Status it
may mix fates: read `rejects` (a reason for each refused packet or value) and `readings`. What was refused would be
refused again, so do not send it again unchanged.

Safe to repeat: the same readings sent again are counted as duplicates and stored once. After 503, or when no answer
came, send the same body again."""

EXAMPLE_BODY = {"t": "2026-11-21T09:20:00Z", "seq": 41, "v": {"nh4": 0.31, "ph": 7.8}}
EXAMPLE = {
    "raw_id": 7352847823456231424, "seq": 41, "stored": [[41, 41]], "digests": [], "rejects": [],
    "readings": {"received": 2, "stored": 2, "duplicate": 0, "conflict": 0, "rejected": 0},
}  # fmt: skip


@router.post(
    "/ingest/{device}/{kind}",
    summary="Send data as a device",
    description=DESCRIPTION,
    responses=answers(Receipt, "Kept and accounted for", example=EXAMPLE, problems=(401, 403, 413, 415, 422)),
    openapi_extra={
        "security": [{"token": []}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"type": ["object", "array"]}, "example": EXAMPLE_BODY},
                "application/senml+json": {"schema": {"type": "array"}},
                "application/vnd.fdsn.mseed": {"schema": {"type": "string", "format": "binary"}},
            },
        },
    },
)
async def post_ingest(
    request: Request,
    context: Shared,
    asking: Asking,
    device: Annotated[str, Path(pattern=f"^{DEVICE_PATTERN}$")],
    kind: Kind,
) -> Response:
    """Store one body; see DESCRIPTION."""
    if asking.device is not None and asking.device != device:
        raise Forbidden(f"token {asking.name!r} may only send as device {asking.device!r}")
    check_content_type(request, BINARY_KINDS if kind is Kind.SEISMIC else JSON_KINDS)
    payload = await read_body(request, context.settings.ingest_payload_limit)
    message = Incoming(
        topic=f"http:{device}/{kind.value}",
        payload=payload,
        received_us=_micros(context.now()),
        device=device,
        kind=MessageKind(kind.value),
    )
    outcome = await context.intake.submit(message)
    return json_reply(_receipt(message, outcome), headers={"Cache-Control": "no-store"})


def _receipt(message: Incoming, outcome: Outcome) -> Receipt:
    ack = ack_of([(message, outcome)])
    counts = Counts(outcome.received, outcome.stored, outcome.duplicate, outcome.conflict, outcome.rejected)
    return Receipt(outcome.raw_id, ack.seq, ack.stored, ack.digests, ack.rejects, counts)


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
