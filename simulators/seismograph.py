"""A blast seismograph: triggered records with a pre-trigger, and peaks of every minute (histogram mode)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from simulators.noise import key_of, uniform
from simulators.river import MINUTE_S
from simulators.scenario import Blast, Scenario
from simulators.waveform import (
    AIR_NOISE_PA,
    COMPONENTS,
    GROUND_NOISE_MM_S,
    SOUND_M_S,
    BlastSource,
    Motion,
    blast_motion,
    distance_m,
    earthquake_motion,
    truck_motion,
    with_noise,
)
from uskat.water.network import Network, Seismograph
from uskat.wire.seismic import Channel
from uskat.wire.status import HistogramPeak

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HISTOGRAM_S = 60
LEAD_S = 1.0
PRE_TRIGGER_S = 0.5
MAX_EVENT_S = 240.0
FULL_SCALE_COUNTS = 2**23 - 1


@dataclass(frozen=True, slots=True)
class GroundEvent:
    """Something that shakes one seismograph. at_s: Unix time of t = 0 of its motion; length_s: of the motion."""

    kind: str
    at_s: float
    length_s: float
    key: int
    facts: dict[str, Any]


class SeismicInstrument:
    """One seismograph in a scenario. Everything is a pure function of the scenario's seed and zero."""

    def __init__(self, network: Network, scenario: Scenario, seismograph: Seismograph, *, zero_s: float) -> None:
        self.settings = seismograph
        self.zero_s = zero_s
        self._network = network
        self._scenario = scenario
        station = next(d.station for d in network.devices if d.code == seismograph.device)
        self._place = network.station_of[station]
        self._motions: dict[int, Motion] = {}

    def events(self, from_s: float, to_s: float) -> list[GroundEvent]:
        """Events whose motion ends in [from, to), in time order."""
        found = [*self._blasts(from_s, to_s), *self._earthquakes(), *self._trucks(from_s, to_s)]
        ending = [event for event in found if from_s <= event.at_s + event.length_s + LEAD_S < to_s]
        return sorted(ending, key=lambda event: (event.at_s, event.kind))

    def motion(self, event: GroundEvent) -> Motion:
        """What the event does here, without the instrument's noise."""
        known = self._motions.get(event.key)
        if known is None:
            if len(self._motions) > 16:
                self._motions.clear()
            known = self._motions[event.key] = self._make_motion(event)
        return known

    def record(self, event: GroundEvent) -> list[Channel] | None:
        """The triggered record of an event, in counts; None when it stays below both triggers."""
        rate = self.settings.sampling_hz
        signals = with_noise(self.motion(event), before_s=LEAD_S, key=key_of(event.key, "noise"))
        over = np.abs(signals["MIC"]) >= self.settings.trigger_pa
        for axis in COMPONENTS[:3]:
            over |= np.abs(signals[axis]) >= self.settings.trigger_mm_s
        if not over.any():
            return None
        first = max(0, int(np.argmax(over)) - int(PRE_TRIGGER_S * rate))
        start = EPOCH + timedelta(milliseconds=round(1000 * (event.at_s - LEAD_S + first / rate)))
        channels = []
        for channel in self.settings.channels:
            counts = np.round(signals[channel.component][first:] * channel.counts_per_unit)
            counts = np.clip(counts, -FULL_SCALE_COUNTS, FULL_SCALE_COUNTS).astype(np.int32)
            channels.append(Channel(self.settings.nslc(channel.code), start, rate, counts))
        return channels

    def histogram(self, step: int) -> HistogramPeak:
        """Peaks of the minute that begins at Unix time step × 60 s, with the frequency at the peak."""
        begin = step * HISTOGRAM_S
        luck = 1 + 0.3 * uniform(key_of(self.settings.device, "histogram"), np.arange(4 * step, 4 * step + 4))
        peaks = {axis: 3.2 * GROUND_NOISE_MM_S * float(luck[i]) for i, axis in enumerate(COMPONENTS[:3])}
        peaks["MIC"] = 3.2 * AIR_NOISE_PA * float(luck[3])
        frequencies = dict.fromkeys(COMPONENTS, 50.0)
        for event in self.events(begin, begin + HISTOGRAM_S + MAX_EVENT_S):
            if begin <= event.at_s < begin + HISTOGRAM_S:
                motion = self.motion(event)
                for axis in COMPONENTS:
                    peak = float(np.abs(motion.signals[axis]).max())
                    if peak > peaks[axis]:
                        peaks[axis], frequencies[axis] = peak, float(event.facts.get("frequency_hz", 10.0))
        rounded = {axis: round(peak, 4) for axis, peak in peaks.items()}
        return HistogramPeak(EPOCH + timedelta(seconds=begin), float(HISTOGRAM_S), rounded, frequencies)

    def _make_motion(self, event: GroundEvent) -> Motion:
        rate, facts = self.settings.sampling_hz, event.facts
        if event.kind == "blast":
            return blast_motion(facts["source"], facts["distance_m"], rate_hz=rate, key=event.key)
        if event.kind == "earthquake":
            return earthquake_motion(facts["ppv_mm_s"], facts["distance_km"], rate_hz=rate, key=event.key)
        return truck_motion(facts["ppv_mm_s"], rate_hz=rate, key=event.key)

    def _blasts(self, from_s: float, to_s: float) -> Iterator[GroundEvent]:
        pits = {pit.code: pit for pit in self._network.pits}
        for place, blast in enumerate(self._scenario.blasts):
            pit = pits[blast.pit]
            distance = distance_m(
                pit.latitude, pit.longitude, to_latitude=self._place.latitude, to_longitude=self._place.longitude
            )
            groups = -(-blast.holes // blast.holes_per_delay)
            charge = blast.charge_per_hole_kg * blast.holes_per_delay
            source = BlastSource(
                pit.latitude, pit.longitude, groups, charge, blast.delay_ms / 1000, pit.rock_k, pit.rock_beta
            )
            length_s = groups * blast.delay_ms / 1000 * 1.05 + distance / SOUND_M_S + 2.0
            facts = {"pit": blast.pit, "distance_m": distance, "source": source, "declared": blast.declared}
            for number in occurrences(blast, zero_s=self.zero_s, from_s=from_s - MAX_EVENT_S, to_s=to_s):
                at_s = self.zero_s + (blast.at_min + number * (blast.every_min or 0.0)) * MINUTE_S
                key = key_of(self._scenario.seed, "blast", place, number, self.settings.device)
                yield GroundEvent("blast", at_s, length_s, key, facts)

    def _earthquakes(self) -> Iterator[GroundEvent]:
        for place, quake in enumerate(self._scenario.earthquakes):
            at_s = self.zero_s + quake.at_min * MINUTE_S + quake.distance_km / 6.0
            facts = {"distance_km": quake.distance_km, "ppv_mm_s": quake.ppv_mm_s, "frequency_hz": 1.3}
            key = key_of(self._scenario.seed, "earthquake", place, self.settings.device)
            yield GroundEvent("earthquake", at_s, quake.distance_km / 8.0 + 26.0, key, facts)

    def _trucks(self, from_s: float, to_s: float) -> Iterator[GroundEvent]:
        for trucks in self._scenario.trucks:
            if trucks.device != self.settings.device:
                continue
            minutes = np.arange(int((from_s - MAX_EVENT_S) // MINUTE_S), int(to_s // MINUTE_S) + 1, dtype=np.int64)
            key = key_of(self._scenario.seed, "truck", trucks.device)
            passing = uniform(key, minutes) < trucks.per_hour / 60
            peaks = 0.15 * np.exp(0.6 * (uniform(key + 1, minutes) * 2 - 0.7))
            for minute, peak in zip(minutes[passing], peaks[passing], strict=True):
                facts = {"ppv_mm_s": float(peak), "frequency_hz": 13.0}
                yield GroundEvent("truck", float(minute) * MINUTE_S + 20.0, 12.0, key_of(key, int(minute)), facts)


def occurrences(blast: Blast, *, zero_s: float, from_s: float, to_s: float) -> Iterator[int]:
    """Numbers of the repetitions of a blast that may fall into [from, to), Unix seconds; one too many at an end."""
    if blast.every_min is None:
        yield 0
        return
    period_s = blast.every_min * MINUTE_S
    first_s = zero_s + blast.at_min * MINUTE_S
    begin = max(0, int((from_s - first_s) // period_s))
    yield from range(begin, int(max(to_s - first_s, -period_s) // period_s) + 1)
