"""Which records belong together: coincidence, then the location throws out what does not fit; wrong clocks found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from uskat.blast.event.clock_history import ClockReading, RecordKey, corrected, corrections
from uskat.blast.event.coincidence import Trigger, partition
from uskat.blast.event.district import District
from uskat.blast.event.location import EPOCH, Location, locate
from uskat.blast.event.record import RecordFeatures
from uskat.blast.event.rules import event_rules
from uskat.blast.event.signal import SourceClass, classified, record_evidence
from uskat.blast.event.verdict import ClockFault

LOCAL = (SourceClass.TRAFFIC, SourceClass.HANDLING, SourceClass.NOISE)
SURE_STATIONS = 3
PASSES = 3
CLEAR_SNR = 6.0
CLEAR_QUIET_S = 1.0
SIMILAR_LOG_FREQUENCY = 0.3
AIR_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Group:
    """Records of one event, one a station, by station; its location as a blast; wrong clocks among its stations."""

    records: tuple[RecordFeatures, ...]
    location: Location
    clocks: tuple[ClockFault, ...] = ()

    @property
    def first(self) -> RecordFeatures:
        """The record that names the event: the earliest by its own clock."""
        return min(self.records, key=_order)

    @property
    def id(self) -> str:
        """Name of the event: station and start of its first record."""
        return f"{self.first.station}:{self.first.start.isoformat(timespec='milliseconds')}"


@dataclass(frozen=True, slots=True)
class Stray:
    """A single record that is another event's, by a clock that is `ahead_s` ahead."""

    record: RecordFeatures
    of: Group
    ahead_s: float


def group_records(records: Sequence[RecordFeatures], district: District) -> tuple[list[Group], list[Stray]]:
    """Groups in time order, and single records explained by a wrong clock. Order and repeats do not matter.

    Records of stations that the district does not know are left out.
    """
    unique = {(record.station, record.start): record for record in sorted(records, key=_order)}
    known = sorted((r for r in unique.values() if r.station in district.by_code), key=_order)
    groups, strays = _pass(known, district, clocks={})
    clocks: dict[RecordKey, float] = {}
    for _ in range(PASSES):
        moves = corrections(known, _readings(groups, strays, clocks), settled=_settled(groups))
        fresh = {key: value for key, value in moves.items() if key not in clocks}
        if not fresh:
            break
        clocks |= fresh
        moved = [corrected(r, clocks[r.key]) if r.key in clocks else r for r in known]
        groups, strays = _pass(moved, district, clocks=clocks)
    return groups, strays


def _pass(
    records: Sequence[RecordFeatures], district: District, *, clocks: Mapping[RecordKey, float]
) -> tuple[list[Group], list[Stray]]:
    """Groups of records whose clocks were corrected by what `clocks` says."""
    window = event_rules().network.window_s
    triggers = []
    for index, record in enumerate(records):
        onset = (record.onset_at - EPOCH).total_seconds()
        triggers.append(Trigger(onset, onset + window, record.station, index))
    groups = []
    for coincidence in partition(triggers):
        members = [records[trigger.index] for trigger in coincidence.triggers]
        groups += _groups_of(members, district, clocks=clocks)
    return _with_strays(groups, district)


def _settled(groups: Sequence[Group]) -> frozenset[RecordKey]:
    """Records that three stations or more agree on."""
    return frozenset(
        record.key
        for group in groups
        if len(group.location.residuals) >= SURE_STATIONS
        for record in group.records
        if record.station in dict(group.location.residuals)
    )


def _readings(
    groups: Sequence[Group], strays: Sequence[Stray], clocks: Mapping[RecordKey, float]
) -> dict[str, list[ClockReading]]:
    """What well placed events say of the clocks of their stations."""
    found: dict[str, list[ClockReading]] = {}
    for group in groups:
        if len(group.location.residuals) < SURE_STATIONS:
            continue
        wrong = dict(group.location.outliers)
        for record in group.records:
            known = clocks.get(record.key, 0.0)
            if record.station not in wrong or record.snr >= CLEAR_SNR:
                ahead = known + wrong.get(record.station, 0.0)
                at_s = (group.location.at - EPOCH).total_seconds()
                found.setdefault(record.station, []).append(ClockReading(at_s, ahead, record.key))
    for stray in strays:
        if len(stray.of.location.residuals) >= SURE_STATIONS:
            at_s = (stray.of.location.at - EPOCH).total_seconds()
            reading = ClockReading(at_s, stray.ahead_s + clocks.get(stray.record.key, 0.0), stray.record.key)
            found.setdefault(stray.record.station, []).append(reading)
    return found


def is_local(record: RecordFeatures) -> bool:
    """True when the record by itself looks like traffic, hands or electronics."""
    found = classified(record_evidence(record)).probabilities
    return sum(found[item] for item in LOCAL) > 0.5


def _order(record: RecordFeatures) -> tuple[object, ...]:
    return (record.start, record.station, record.onset_at, record.ppv_mm_s)


def _groups_of(
    members: Sequence[RecordFeatures], district: District, *, clocks: Mapping[RecordKey, float]
) -> list[Group]:
    """One group, and local trouble and strangers that happened to come at the same time as groups of their own."""
    if len(members) == 1:
        return [_group(members, district, clocks=clocks)]
    location = locate(members, district)
    residuals = dict(location.outliers)
    apart = [record for record in members if record.station in residuals and is_local(record)]
    if len(members) == 2 and residuals:
        apart = list(members)
    together = [record for record in members if record not in apart]
    groups = [_group([record], district, clocks=clocks) for record in apart]
    return [_group(together, district, clocks=clocks), *groups] if together else groups


def _group(members: Sequence[RecordFeatures], district: District, *, clocks: Mapping[RecordKey, float]) -> Group:
    ordered = tuple(sorted(members, key=lambda record: record.station))
    location = locate(ordered, district)
    of_station = {record.station: record for record in ordered}
    least = event_rules().clock.least_s
    wrong = {record.station: clocks[record.key] for record in ordered if record.key in clocks}
    if len(location.residuals) >= SURE_STATIONS:
        for station, residual in location.outliers:
            record = of_station[station]
            clear = record.snr >= CLEAR_SNR and record.quiet_s >= CLEAR_QUIET_S
            if clear and abs(residual) >= least:
                wrong[station] = wrong.get(station, 0.0) + residual
    return Group(ordered, location, tuple(ClockFault(station, ahead) for station, ahead in sorted(wrong.items())))


def _with_strays(groups: Sequence[Group], district: District) -> tuple[list[Group], list[Stray]]:
    network = [group for group in groups if len(group.records) > 1]
    kept, strays = list(network), []
    for group in groups:
        if len(group.records) > 1:
            continue
        record = group.records[0]
        owner = None if is_local(record) else _owner(record, network, district)
        if owner is None:
            kept.append(group)
        else:
            strays.append(Stray(record, *owner))
    found: dict[str, list[ClockFault]] = {}
    for stray in strays:
        found.setdefault(stray.of.id, []).append(ClockFault(stray.record.station, stray.ahead_s))
    merged = [
        Group(group.records, group.location, tuple(sorted((*group.clocks, *found.get(group.id, ())), key=_station)))
        for group in kept
    ]
    return sorted(merged, key=lambda group: (group.location.at, group.id)), strays


def _station(fault: ClockFault) -> str:
    return fault.station


def _owner(record: RecordFeatures, network: Sequence[Group], district: District) -> tuple[Group, float] | None:
    """The event whose missing record this is, and how far the station's clock is ahead."""
    rules = event_rules()
    best: tuple[float, str, Group, float] | None = None
    for group in network:
        if any(other.station == record.station for other in group.records):
            continue
        place = district.place_of[record.station]
        distance = max(float(np.hypot(*(place - group.location.place))), 0.1)
        arrival = (group.location.at - EPOCH).total_seconds() + distance / rules.ground.p_km_s
        ahead = (record.onset_at - EPOCH).total_seconds() - arrival
        if abs(ahead) > rules.clock.most_s:
            continue
        unlike = _unlikeness(record, group, distance_km=distance, district=district)
        if unlike is not None and (best is None or (unlike, group.id) < best[:2]):
            best = (unlike, group.id, group, ahead)
    return None if best is None else (best[2], best[3])


def _unlikeness(record: RecordFeatures, group: Group, *, distance_km: float, district: District) -> float | None:
    """How badly a record fits as one of a group: 0 perfect, None not at all."""
    rules = event_rules()
    beta = district.law_at(group.location.place)[1]
    strength = []
    for other in group.records:
        apart = max(float(np.hypot(*(district.place_of[other.station] - group.location.place))), 0.1)
        strength.append(np.log10(other.ppv_mm_s) - beta * np.log10(apart))
    size = abs(np.log10(record.ppv_mm_s) - beta * np.log10(distance_km) - float(np.median(strength)))
    tone = abs(np.log10(record.frequency_hz) - float(np.median([np.log10(r.frequency_hz) for r in group.records])))
    if size > rules.clock.amplitude_log10 or tone > SIMILAR_LOG_FREQUENCY:
        return None
    lag = record.air_after_s
    expected = distance_km / rules.air.sound_km_s - distance_km / rules.ground.p_km_s
    if lag is not None and lag > rules.air.least_s and abs(lag - expected) > AIR_WITHIN_S + 0.1 * expected:
        return None
    return float(size / rules.clock.amplitude_log10 + tone / SIMILAR_LOG_FREQUENCY)
