"""Native water packets: JSON object, or an array of buffered packets (DESIGN §4)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from uskat.wire.errors import Refusal, RejectReason, WireError

MAX_SEQ = 2**63 - 1
NESTING_HINT = "expected a packet {t, v, ...} or an array of packets"


class Mode(StrEnum):
    """Operating mode of the station; readings of service and calibration never count as water quality."""

    NORMAL = "normal"
    SERVICE = "service"
    CALIBRATION = "calibration"


class WaterPacket(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=False):
    """One scan of a water station.

    t: moment of the scan, RFC 3339, any offset, stored as UTC. v: parameter code → value in the
    parameter's unit. seq: the logger's own counter, confirmed by the `ack` topic. q: QARTOD-like flag per
    parameter given by the instrument (1 pass, 3 suspect, 4 fail, 9 missing). ams, equipment, seal: state
    channels of the automatic measuring system, the controlled equipment and the electronic seal.
    """

    t: Annotated[datetime, msgspec.Meta(tz=True)]
    v: dict[str, float]
    seq: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQ)] | None = None
    q: dict[str, int] | None = None
    mode: Mode = Mode.NORMAL
    ams: str | None = None
    equipment: str | None = None
    seal: str | None = None
    device: str | None = None


@dataclass(slots=True)
class DecodedWater:
    """Packets that can be used and the parts that cannot."""

    packets: list[WaterPacket]
    refusals: list[Refusal] = field(default_factory=list)


_packet_decoder = msgspec.json.Decoder(WaterPacket)
_array_decoder = msgspec.json.Decoder(list[WaterPacket])
_any_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


def encode_water(packets: WaterPacket | list[WaterPacket]) -> bytes:
    """JSON bytes of one packet or of an array of buffered packets."""
    return _encoder.encode(packets)


def decode_water(payload: bytes) -> DecodedWater:
    """Decode a native water payload; a bad value never takes the packet with it, nor a bad packet the array.

    Raises WireError(undecodable | wrong_shape | empty) when nothing at all can be read.
    """
    try:
        if payload[:1] == b"{":
            packet = _packet_decoder.decode(payload)
            if packet.v:
                return DecodedWater([packet])
        elif payload[:1] == b"[":
            packets = _array_decoder.decode(payload)
            if packets and all(packet.v for packet in packets):
                return DecodedWater(packets)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    return _decode_leniently(payload)


def _decode_leniently(payload: bytes) -> DecodedWater:
    try:
        document = _any_decoder.decode(payload)
    except RecursionError:
        raise WireError(RejectReason.UNDECODABLE, "JSON is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireError(RejectReason.UNDECODABLE, f"not JSON: {str(error)[:200]}") from None
    if isinstance(document, dict):
        items = [document]
    elif isinstance(document, list):
        items = document
    else:
        raise WireError(RejectReason.WRONG_SHAPE, f"{NESTING_HINT}, found {type(document).__name__}")
    if not items:
        raise WireError(RejectReason.EMPTY, "array holds no packet")
    decoded = DecodedWater([])
    for index, item in enumerate(items):
        _take_packet(item, index if isinstance(document, list) else None, decoded)
    return decoded


def _take_packet(item: object, index: int | None, decoded: DecodedWater) -> None:
    if not isinstance(item, dict):
        decoded.refusals.append(Refusal(RejectReason.WRONG_SHAPE, NESTING_HINT, readings=0, index=index))
        return
    seq = item.get("seq") if isinstance(item.get("seq"), int) and not isinstance(item.get("seq"), bool) else None
    seq = seq if seq is None or 0 <= seq <= MAX_SEQ else None
    values = item.get("v")
    count = len(values) if isinstance(values, dict) else 0
    try:
        good, bad = _split_values(values, seq, index)
        packet = msgspec.convert(item | {"v": good}, WaterPacket)
    except WireError as error:
        decoded.refusals.append(Refusal(error.reason, error.detail, readings=count, seq=seq, index=index))
        return
    except (msgspec.ValidationError, RecursionError) as error:
        reason = RejectReason.BAD_TIME if "$.t" in str(error) or "`t`" in str(error) else RejectReason.WRONG_SHAPE
        decoded.refusals.append(Refusal(reason, str(error)[:200], readings=count, seq=seq, index=index))
        return
    decoded.refusals.extend(bad)
    if good:
        decoded.packets.append(packet)


def _split_values(values: object, seq: int | None, index: int | None) -> tuple[dict[str, float], list[Refusal]]:
    if not isinstance(values, dict):
        raise WireError(RejectReason.WRONG_SHAPE, "`v` must be an object {parameter: number}")
    if not values:
        raise WireError(RejectReason.EMPTY, "`v` holds no value")
    good: dict[str, float] = {}
    bad: list[Refusal] = []
    for name, value in values.items():
        if is_number(value):
            good[str(name)] = float(value)
            continue
        detail = f"value of {str(name)[:60]!r} must be a finite number, found {_short(value)}"
        bad.append(Refusal(RejectReason.BAD_VALUE, detail, parameter=str(name)[:60], seq=seq, index=index))
    return good, bad


def is_number(value: object) -> bool:
    """True for an int or float that fits a finite double; a bool is not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        number = float(value)
    except OverflowError:
        return False
    return number - number == 0


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def utc(moment: datetime) -> datetime:
    """The same moment with the zone UTC."""
    return moment.astimezone(UTC)
