"""Stored miniSEED as numbers people can use: counts and physical units, sample by sample."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from services.api.table import Cell, csv_lines
from uskat.wire.seismic import Channel, decode_miniseed

HEADER: list[Cell] = ["channel", "component", "index", "time_utc", "counts", "value", "unit"]
ROWS_A_CHUNK = 4096


class Trace(Struct):
    """One gap-free piece of a channel.

    `value` = counts / counts_per_unit, in `unit`; null when the channel has no calibration in the registry.
    """

    channel: str
    component: str | None
    start: datetime
    rate_hz: float
    unit: str | None
    counts_per_unit: float | None
    counts: list[float]
    value: list[float] | None


class Waveform(Struct):
    """All traces of a record."""

    record: int
    traces: list[Trace]


def traces_of(payload: bytes, calibration: Mapping[str, Mapping[str, Any]]) -> list[Trace]:
    """Decode a stored record; a payload that was stored can be decoded. Calibration is by SEED channel code."""
    return [_trace(channel, calibration.get(channel.code)) for channel in decode_miniseed(payload)]


def _trace(channel: Channel, known: Mapping[str, Any] | None) -> Trace:
    counts = channel.counts
    factor = float(known["counts_per_unit"]) if known else None
    return Trace(
        channel=channel.nslc,
        component=str(known["component"]) if known else None,
        start=channel.start,
        rate_hz=channel.rate_hz,
        unit=str(known["unit"]) if known else None,
        counts_per_unit=factor,
        counts=counts.tolist(),
        value=(counts / factor).tolist() if factor else None,
    )


def waveform_csv(payload: bytes, calibration: Mapping[str, Mapping[str, Any]]) -> Iterator[bytes]:
    """The record as CSV, one line a sample, traces one after another."""
    yield csv_lines([HEADER])
    for trace in traces_of(payload, calibration):
        rows: list[list[Cell]] = []
        for index, counts in enumerate(trace.counts):
            time = trace.start + timedelta(seconds=index / trace.rate_hz)
            value = trace.value[index] if trace.value else None
            rows.append([trace.channel, trace.component, index, time, counts, value, trace.unit])
            if len(rows) == ROWS_A_CHUNK:
                yield csv_lines(rows)
                rows = []
        yield csv_lines(rows)
