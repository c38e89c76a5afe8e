"""A station's clock from its own history: errors that several events agree on are taken out of its other records.

An event that at least three other stations place also says how far each clock is off. A record that fits nowhere is
moved by what the events around it say of its station, when most of them say the same (norms.md 1.4.10).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from uskat.blast.event.record import RecordFeatures
from uskat.blast.event.rules import event_rules

RecordKey = tuple[str, datetime]


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What one event says of a station's clock: Unix seconds, seconds ahead (0: right), of which record."""

    at_s: float
    ahead_s: float
    record: RecordKey


def corrections(
    records: Sequence[RecordFeatures], readings: Mapping[str, Sequence[ClockReading]], *, settled: frozenset[RecordKey]
) -> dict[RecordKey, float]:
    """Seconds that the clock was ahead, for records that are not settled and whose neighbours in time agree."""
    found: dict[RecordKey, float] = {}
    for record in records:
        key = record.key
        if key in settled:
            continue
        ahead = _ahead(record, [item for item in readings.get(record.station, ()) if item.record != key])
        if ahead is not None:
            found[key] = ahead
    return found


def corrected(record: RecordFeatures, ahead_s: float) -> RecordFeatures:
    """The same record by a right clock; its name, the start as sent, stays."""
    return replace(record, onset_at=record.onset_at - timedelta(seconds=ahead_s))


def _ahead(record: RecordFeatures, readings: Sequence[ClockReading]) -> float | None:
    rules = event_rules().clock
    at_s = record.onset_at.timestamp()
    near = sorted(readings, key=lambda item: (abs(item.at_s - at_s), item.at_s))[: rules.history]
    near = [item for item in near if abs(item.at_s - at_s) <= rules.history_s]
    faults = [item.ahead_s for item in near if abs(item.ahead_s) >= rules.least_s]
    if len(faults) < rules.agree:
        return None
    middle = float(np.median(faults))
    agreeing = [value for value in faults if abs(value - middle) <= rules.agree_s]
    if len(agreeing) < rules.agree or 2 * len(agreeing) <= len(near):
        return None
    return float(np.median(agreeing))
