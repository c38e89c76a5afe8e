"""A second opinion on whether a payload is well-formed: the wire reference (docs/reference/wire.md) read anew.

Written with the standard library only and apart from `uskat.wire`, to tell which mutated payloads are still good.
GOOD must not be refused, BAD must be; UNSURE (the reference leaves it open) must only be accounted for.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, NoReturn

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
OLDEST = datetime(2015, 1, 1, tzinfo=UTC)
AHEAD, MARGIN = timedelta(seconds=600), timedelta(seconds=120)
MODES = {"normal", "service", "calibration"}
CHANNELS = {"V", "L", "T", "MIC"}
SENML_UNITS = {
    "temp": {"Cel"}, "ph": {"pH"}, "ec25": {"uS/cm"}, "do": {"mg/L", "mg/l"}, "turb": {"NTU", "FNU"}, "orp": {"mV"},
    "nh4": {"mg/L", "mg/l"}, "no3": {"mg/L", "mg/l"}, "level": {"cm"}, "discharge": {"m3/s"},
}  # fmt: skip


class Judgement(Enum):
    """What must become of a payload."""

    GOOD = "good"
    BAD = "bad"
    UNSURE = "unsure"


class _Bad(Exception):
    pass


class _Unsure(Exception):
    pass


def judge(kind: str, payload: bytes, *, device: str, parameters: frozenset[str]) -> Judgement:
    """Judge a JSON payload of a kind: water, senml, status or histogram."""
    rules = {"water": _water, "senml": _senml, "status": _status, "histogram": _histogram}
    repeated: list[str] = []
    try:
        document = _load(payload, repeated)
        rules[kind](document, device, parameters)
    except _Bad:
        # With a repeated name it depends on which of the two is read (RFC 8259 §4 leaves it open).
        return Judgement.UNSURE if repeated else Judgement.BAD
    except _Unsure:
        return Judgement.UNSURE
    return Judgement.UNSURE if repeated else Judgement.GOOD


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _load(payload: bytes, repeated: list[str]) -> Any:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in found]
        repeated.extend(name for name in set(names) if names.count(name) > 1)
        return dict(found)

    try:
        document = json.loads(payload.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=pairs)
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise _Unsure from None  # a lone surrogate: JSON's grammar allows it, Unicode does not
    except (ValueError, RecursionError):
        repeated.clear()
        raise _Bad from None
    return document


def _want(condition: object) -> None:
    if not condition:
        raise _Bad


def _number(value: Any) -> None:
    _want(isinstance(value, int | float) and not isinstance(value, bool))
    try:
        _want(math.isfinite(float(value)))
    except OverflowError:
        raise _Bad from None


def _integer(value: Any, low: float, high: float) -> None:
    if isinstance(value, float) and value.is_integer():
        raise _Unsure
    _want(isinstance(value, int) and not isinstance(value, bool) and low <= value <= high)


def _flag(value: Any) -> None:
    _integer(value, -math.inf, math.inf)
    if abs(value) >= 2**63:
        raise _Unsure


def _moment(value: Any) -> None:
    _want(isinstance(value, str))
    try:
        moment = datetime.fromisoformat(value)
        _want(moment.tzinfo)
        age = datetime.now(UTC) - moment
    except (ValueError, OverflowError):
        raise _Bad from None
    if RFC3339.fullmatch(value) is None:
        raise _Unsure
    if abs(age + AHEAD) < MARGIN or abs(moment - OLDEST) < MARGIN:
        raise _Unsure
    _want(age > -AHEAD and moment >= OLDEST)


def _optional(document: dict[str, Any], name: str, types: type | tuple[type, ...]) -> None:
    value = document.get(name)
    _want(value is None or isinstance(value, types))
    if isinstance(value, str) and "\0" in value:
        raise _Unsure


def _seq(document: dict[str, Any]) -> None:
    if document.get("seq") is not None:
        _integer(document["seq"], 0, 2**63 - 1)


def _all(items: list[Any], rule: Any) -> None:
    """Bad when any is bad, whatever comes before it."""
    doubt = False
    for item in items:
        try:
            rule(item)
        except _Unsure:
            doubt = True
    if doubt:
        raise _Unsure


def _water(document: Any, device: str, parameters: frozenset[str]) -> None:
    packets = document if isinstance(document, list) else [document]
    _want(packets)
    _all(packets, lambda packet: _water_packet(packet, device, parameters))


def _water_packet(packet: Any, device: str, parameters: frozenset[str]) -> None:
    _want(isinstance(packet, dict))
    values = packet.get("v")
    _want(isinstance(values, dict) and values)
    for name, value in values.items():
        _want(name in parameters)
        _number(value)
    _want(packet.get("device") in {None, "", device} if not isinstance(packet.get("device"), list | dict) else False)
    mode = packet.get("mode", "normal")
    _want(isinstance(mode, str) and mode in MODES)
    flags = packet.get("q")
    _want(flags is None or isinstance(flags, dict))
    doubts = [lambda: _moment(packet.get("t")), lambda: _seq(packet)]
    doubts += [lambda value=value: _flag(value) for value in (flags or {}).values()]
    doubts += [lambda name=name: _optional(packet, name, str) for name in ("ams", "equipment", "seal")]
    _all(doubts, lambda check: check())


def _senml(document: Any, device: str, parameters: frozenset[str]) -> None:
    _want(isinstance(document, list) and document)
    base: dict[str, Any] = {}
    measured = False
    doubt = False
    for record in document:
        try:
            measured |= _senml_record(record, base, device, parameters)
        except _Unsure:
            doubt = measured = True
    _want(measured)
    if doubt:
        raise _Unsure


def _senml_record(record: Any, base: dict[str, Any], device: str, parameters: frozenset[str]) -> bool:
    _want(isinstance(record, dict))
    _want(not any(name.endswith("_") for name in record))
    if "bver" in record:
        version = record["bver"]
        if isinstance(version, bool) or (isinstance(version, int) and version < 1):
            raise _Unsure
        _want(isinstance(version, int) and version <= 10)
    base.update({name: record[name] for name in ("bn", "bt", "bu", "bv") if name in record})
    if not {"v", "vs", "vb", "vd", "s"} & set(record):
        _want("n" not in record)
        return False
    _want(isinstance(base.get("bn", ""), str) and isinstance(record.get("n", ""), str))
    sender, _, parameter = f"{base.get('bn', '')}{record.get('n', '')}".replace("/", ":").rpartition(":")
    _want(parameter in parameters)
    _want(sender.rpartition(":")[2] in {"", device})
    for value in (base.get("bt", 0), record.get("t", 0), base.get("bv", 0), record.get("v")):
        _number(value)
    unit = record.get("u", base.get("bu"))
    _want(unit is None or (isinstance(unit, str) and unit in SENML_UNITS.get(parameter, ())))
    _want(math.isfinite(float(base.get("bv", 0)) + float(record["v"])))
    seconds = float(base.get("bt", 0)) + float(record.get("t", 0))
    try:
        _moment((datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat())
    except OverflowError:
        raise _Bad from None
    return True


def _status(document: Any, _device: str, _parameters: frozenset[str]) -> None:
    _want(isinstance(document, dict))
    _want(isinstance(document.get("state"), str))
    for name in ("battery_v", "clock_offset_s", "temperature_c"):
        if document.get(name) is not None:
            _number(document[name])
    _want(document.get("door_open") is None or isinstance(document["door_open"], bool))
    checks = [lambda name=name: _optional(document, name, str) for name in ("state", "firmware")]
    checks.append(lambda: _seq(document))
    if document.get("queue_length") is not None:
        checks.append(lambda: _integer(document["queue_length"], 0, 2**63 - 1))
    if document.get("t") is not None:
        checks.append(lambda: _moment(document["t"]))
    _all(checks, lambda check: check())


def _histogram(document: Any, _device: str, _parameters: frozenset[str]) -> None:
    peaks = document if isinstance(document, list) else [document]
    _want(peaks)
    _all(peaks, _peak)


def _peak(peak: Any) -> None:
    _want(isinstance(peak, dict))
    _number(peak.get("length_s"))
    _want(0 < float(peak["length_s"]) <= 3600)
    values, frequencies = peak.get("peak"), peak.get("freq_hz", {})
    _want(isinstance(values, dict) and values and isinstance(frequencies, dict))
    _want(set(values) <= CHANNELS)
    for value in (*values.values(), *frequencies.values()):
        _number(value)
    if peak.get("pvs_mm_s") is not None:
        _number(peak["pvs_mm_s"])
    over = peak.get("over", [])
    _want(isinstance(over, list) and all(isinstance(name, str) for name in over))
    checks = [lambda: _moment(peak.get("t")), lambda: _seq(peak)]
    _all(checks, lambda check: check())
    if any("\0" in name for name in (*frequencies, *over)):
        raise _Unsure
