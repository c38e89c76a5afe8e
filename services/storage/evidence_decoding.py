"""Raw messages of a pack decoded anew by the decoder of ingest, with the registry that the pack carries."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from services.storage.intake.batch import Decoder, Limits
from services.storage.intake.columns import sorted_readings
from services.storage.intake.directory import DeviceEntry, Directory
from services.storage.intake.identity import moment_of
from services.storage.intake.message import Incoming
from services.storage.intake.reparse import AGAIN, sender_of
from uskat.blast.record.judgement import judge_record
from uskat.blast.record.trigger import level_trigger
from uskat.blast.waveform import measure_record
from uskat.supervision.evidence.pack import RawRecord
from uskat.supervision.evidence.verify import DecodedRow
from uskat.wire.seismic import decode_miniseed


def decode_again(registry: Mapping[str, Any], raw: Sequence[RawRecord]) -> dict[int, list[DecodedRow]]:
    """Readings by raw_id as ingest would store them, range check applied. Raises KeyError, TypeError, ValueError."""
    directory = _directory(registry)
    decoder = Decoder(directory, Limits())
    incoming = [_incoming(one) for one in raw]
    batch = decoder.decode(incoming)
    found: dict[int, list[DecodedRow]] = {one.raw_id: [] for one in raw}
    if batch.readings.values:
        readings = sorted_readings(batch.readings, directory)
        columns = (readings.series_id, readings.time_us, readings.value, readings.flag, readings.owner)
        for series, time_us, value, flag, owner in zip(*(one.tolist() for one in columns), strict=True):
            found[raw[owner].raw_id].append((series, time_us, value, flag))
    return found


def _incoming(one: RawRecord) -> Incoming:
    device, kind = sender_of(one.topic.removeprefix(AGAIN))
    return Incoming(one.topic.removeprefix(AGAIN), one.payload, moment_of(one.raw_id), device, kind)


def _directory(registry: Mapping[str, Any]) -> Directory:
    """registry: `devices` [{id, code, station_id}], `series` [{id, device, station_id, parameter, gross_min, …}]."""
    devices = {
        one["code"]: DeviceEntry(int(one["id"]), str(one["code"]), int(one["station_id"]), enabled=True, channels={})
        for one in registry["devices"]
    }
    series = registry["series"]
    for place, one in enumerate(series):
        devices[one["device"]].places[one["parameter"]] = place
    return Directory(
        devices=devices,
        series_id=np.array([one["id"] for one in series], np.int32),
        station_id=np.array([one["station_id"] for one in series], np.int32),
        lowest=np.array([one["gross_min"] for one in series], np.float64),
        highest=np.array([one["gross_max"] for one in series], np.float64),
        factor=np.array([10.0 ** one["scale"] for one in series], np.float64),
        place_of_series={one["id"]: place for place, one in enumerate(series)},
    )


def measure_again(calibration: Mapping[str, Any], raw: RawRecord) -> Any:
    """Measures and judgement of a seismic record as ingest stores them. Raises WireError (a ValueError), KeyError."""
    channels = calibration.get("channels", {})
    measures = measure_record(decode_miniseed(raw.payload), channels)
    judgement = judge_record(measures, trigger=level_trigger(calibration))
    return msgspec.json.decode(msgspec.json.encode(measures.to_json() | {"judgement": judgement.to_json()}))
