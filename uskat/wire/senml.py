"""SenML JSON (RFC 8428) to water packets: base fields resolved, records grouped by time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from uskat.wire.errors import Refusal, RejectReason, WireError
from uskat.wire.water import DecodedWater, WaterPacket, is_number

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RELATIVE_TIME_BELOW_S = 2**28
"""RFC 8428 §4.5.3: a resolved time below this is relative to now; a logger must send absolute time."""
SUPPORTED_VERSION = 10
NAME_SEPARATORS = ("/", ":")

UNIT_OF_PARAMETER = {
    "temp": ("Cel",), "ph": ("pH",), "ec25": ("uS/cm",), "do": ("mg/L", "mg/l"), "turb": ("NTU", "FNU"), "orp": ("mV",),
    "nh4": ("mg/L", "mg/l"), "no3": ("mg/L", "mg/l"), "level": ("cm",), "discharge": ("m3/s",),
}  # fmt: skip
"""SenML units that need no conversion; without a converter others are refused."""
Converter = Callable[[str, float, str], float]
"""Parameter code, value and stated unit to the value in the parameter's unit; raises ValueError for one it cannot."""


def _unconverted(parameter: str, value: float, unit: str) -> float:
    accepted = UNIT_OF_PARAMETER.get(parameter, ())
    if unit not in accepted:
        expected = " or ".join(accepted) or "no unit"
        raise ValueError(f"{parameter[:60]!r} in {unit[:20]!r}; expected {expected}")
    return value


def decode_senml(payload: bytes, convert: Converter = _unconverted) -> DecodedWater:
    """Decode a SenML pack (RFC 8428 §4); refused records do not take the others with them.

    The last segment of a resolved name (after the last '/' or ':') is the parameter code, what stands before it names
    the device. convert: what becomes of a value whose record states a unit. Raises WireError(undecodable |
    wrong_shape | empty).
    """
    try:
        records = msgspec.json.decode(payload)
    except RecursionError:
        raise WireError(RejectReason.UNDECODABLE, "JSON is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireError(RejectReason.UNDECODABLE, f"not JSON: {str(error)[:200]}") from None
    if not isinstance(records, list):
        raise WireError(RejectReason.WRONG_SHAPE, "a SenML pack is an array of records")
    if not records:
        raise WireError(RejectReason.EMPTY, "the SenML pack holds no record")
    base: dict[str, Any] = {}
    packets: dict[tuple[datetime, str], WaterPacket] = {}
    refusals: list[Refusal] = []
    for index, record in enumerate(records):
        try:
            _take_record(record, base, packets, convert)
        except WireError as error:
            refusals.append(Refusal(error.reason, error.detail, parameter=_name_of(record, base), index=index))
    if not packets and not refusals:
        raise WireError(RejectReason.EMPTY, "the SenML pack holds no measurement")
    return DecodedWater(list(packets.values()), refusals)


def _name_of(record: object, base: dict[str, Any]) -> str | None:
    if not isinstance(record, dict):
        return "?"
    return f"{base.get('bn', '')}{record.get('n', '')}"[-60:] or "?"


def _take_record(
    record: object, base: dict[str, Any], packets: dict[tuple[datetime, str], WaterPacket], convert: Converter
) -> None:
    if not isinstance(record, dict):
        raise WireError(RejectReason.WRONG_SHAPE, "a SenML record is an object")
    version = record.get("bver", SUPPORTED_VERSION)
    if not isinstance(version, int) or version > SUPPORTED_VERSION:
        raise WireError(RejectReason.WRONG_SHAPE, f"SenML version {version!r} is not supported")
    unknown = [key for key in record if isinstance(key, str) and key.endswith("_")]
    if unknown:
        raise WireError(RejectReason.WRONG_SHAPE, f"field {unknown[0]!r} must be understood, and is not")
    base.update({key: record[key] for key in ("bn", "bt", "bu", "bv") if key in record})
    if not any(key in record for key in ("v", "vs", "vb", "vd", "s")):
        if "n" in record:
            raise WireError(RejectReason.BAD_VALUE, "the record carries no value")
        return
    device, parameter = _split_name(f"{base.get('bn', '')}{record.get('n', '')}")
    moment = _resolve_time(base.get("bt", 0), record.get("t", 0))
    value = _in_unit(parameter, _resolve_value(base.get("bv", 0), record), record.get("u", base.get("bu")), convert)
    packet = packets.setdefault((moment, device), WaterPacket(t=moment, v={}, device=device or None))
    packet.v[parameter] = value


def _split_name(name: str) -> tuple[str, str]:
    cut = max(name.rfind(separator) for separator in NAME_SEPARATORS)
    device = name[: max(cut, 0)]
    for separator in NAME_SEPARATORS:
        device = device.rsplit(separator, 1)[-1]
    return device, name[cut + 1 :]


def _resolve_time(base_time: object, record_time: object) -> datetime:
    if not is_number(base_time) or not is_number(record_time):
        raise WireError(RejectReason.BAD_TIME, "SenML time must be a number of seconds")
    seconds = float(base_time) + float(record_time)  # type: ignore[arg-type]
    if seconds < RELATIVE_TIME_BELOW_S:
        raise WireError(RejectReason.BAD_TIME, f"time {seconds} is relative; send seconds since 1970 in UTC")
    try:
        return EPOCH + timedelta(microseconds=round(seconds * 1e6))
    except OverflowError:
        raise WireError(RejectReason.BAD_TIME, f"time {seconds} is out of range") from None


def _in_unit(parameter: str, value: float, unit: object, convert: Converter) -> float:
    if unit is None:
        return value
    try:
        return convert(parameter, value, str(unit))
    except ValueError as error:
        raise WireError(RejectReason.WRONG_UNIT, str(error)) from None


def _resolve_value(base_value: object, record: dict[str, Any]) -> float:
    value = record.get("v")
    if not is_number(value) or not is_number(base_value):
        raise WireError(RejectReason.BAD_VALUE, "only finite numeric values `v` are taken")
    total = float(base_value) + float(value)  # type: ignore[arg-type]
    if not is_number(total):
        raise WireError(RejectReason.BAD_VALUE, "the value is not finite")
    return total
