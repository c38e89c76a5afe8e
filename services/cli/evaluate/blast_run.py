"""A simulated district with known truth through the judgement of events: records out of the field, verdicts in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from simulators.blast_case import BlastCase, TrueEvent, plan_case
from simulators.blast_field import CALIBRATION, PLACES, TRIGGER_MM_S, Instrument, make_instruments, record_case
from uskat.blast.event.district import DeclaredBlast, District, PitSite, Station
from uskat.blast.event.features import extract_features, record_samples
from uskat.blast.event.judge import judge_events
from uskat.blast.event.record import RecordFeatures
from uskat.blast.event.verdict import JudgedEvent

UTC_OFFSET_H = 7.0
LAW_SD_LOG10 = 0.05
"""What a site says of its own fit of log10 K; the simulated sites are wrong by 0.04."""

RecordKey = tuple[str, datetime]


@dataclass(frozen=True, slots=True)
class PlayedBlasts:
    """A judged case. truth_of: which event each record came from."""

    case: BlastCase
    instruments: tuple[Instrument, ...]
    district: District
    truth_of: dict[RecordKey, TrueEvent]
    features: tuple[RecordFeatures, ...]
    judged: tuple[JudgedEvent, ...]


def play_blasts(seed: int, events: int) -> PlayedBlasts:
    """Plan, record, extract features, judge."""
    case = plan_case(seed, events, stations=np.array(PLACES))
    instruments = make_instruments(seed, case.days)
    district = _district(case, instruments)
    truth_of: dict[RecordKey, TrueEvent] = {}
    features = []
    for record in record_case(case, instruments):
        samples = record_samples(record.instrument.code, record.channels, calibration=CALIBRATION)
        found = None if samples is None else extract_features(samples)
        if found is not None:
            truth_of[found.station, found.start] = record.event
            features.append(found)
    judged = judge_events(features, declared_blasts(case), district=district, utc_offset_h=UTC_OFFSET_H)
    return PlayedBlasts(case, instruments, district, truth_of, tuple(features), tuple(judged))


def declared_blasts(case: BlastCase) -> Sequence[DeclaredBlast]:
    """What the enterprises declared."""
    return [
        DeclaredBlast(
            item.id,
            item.pit,
            _utc(item.at_s),
            item.latitude,
            item.longitude,
            item.charge_kg,
            (item.groups - 1) * item.delay_s,
            delay_s=item.delay_s,
        )
        for item in case.declarations
    ]


def _district(case: BlastCase, instruments: Sequence[Instrument]) -> District:
    stations = tuple(
        Station(
            item.code,
            item.latitude,
            item.longitude,
            TRIGGER_MM_S,
            tuple((_utc(start), _utc(end)) for start, end in item.dead),
        )
        for item in instruments
    )
    pits = tuple(
        PitSite(p.code, p.latitude, p.longitude, p.radius_m / 1000, p.believed_k, p.rock_beta, LAW_SD_LOG10)
        for p in case.pits
    )
    return District(stations, pits)


def _utc(moment_s: float) -> datetime:
    return datetime.fromtimestamp(moment_s, UTC)
