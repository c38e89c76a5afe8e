"""Ground truth as JSON lines: what happened where and when, and which 20-minute intervals exceed a norm.

Kinds of lines: `scenario`, `discharge` (one a station it reaches), `rain`, `wave`, `jam`, `fault`, `visit`, `silent`,
`offline`, `ground_motion` (one an event and seismograph; a kill at the wrong moment repeats the line), `interval` (true
mean beyond a norm; `close` within 5 % of it), and `intervals_until`, the mark up to which intervals are written. Times
are ISO 8601 in UTC.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from simulators.high_water import WAVE_FALL
from simulators.river import MINUTE_S, World
from simulators.seismograph import GroundEvent, SeismicInstrument
from uskat.water.norms import exceeds, norm_in_force

INTERVAL_S = 1200
CLOSE_SHARE = 0.05
READINGS_PER_INTERVAL = 20


class TruthLog:
    """Append-only file of the truth; a restart goes on where the last whole line ends."""

    def __init__(self, path: Path, world: World) -> None:
        self._world = world
        self._path = path
        self._until = self._recover()
        self._file = path.open("a", encoding="utf-8")

    def close(self) -> None:
        """Flush and close."""
        self._file.close()

    def write_plan(self) -> None:
        """Everything the scenario says will happen; once, into an empty file."""
        if self._path.stat().st_size == 0:
            self._write([*_plan(self._world)])

    def write_intervals(self, now_s: float) -> None:
        """Exceeding intervals that ended by `now_s` and are not written yet."""
        first = self._until or int((self._world.zero_s - self._world.scenario.backfill_hours * 3600) // INTERVAL_S) + 1
        last = int(now_s // INTERVAL_S)
        if last <= first:
            return
        lines = [line for number in range(first, last) for line in _exceedances(self._world, number)]
        self._write([*lines, {"kind": "intervals_until", "number": last, "at": iso(last * INTERVAL_S)}])
        self._until = last

    def write_ground_motion(self, instrument: SeismicInstrument, event: GroundEvent, *, triggered: bool) -> None:
        """What an event did at one seismograph, without its noise."""
        motion = instrument.motion(event)
        facts = {key: value for key, value in event.facts.items() if key in {"pit", "distance_m", "declared"}}
        line = {
            "kind": "ground_motion",
            "event": event.kind,
            "device": instrument.settings.device,
            "at": iso(event.at_s),
        }
        measured = {"ppv_mm_s": round(motion.ppv_mm_s, 4), "airblast_pa": round(motion.airblast_pa, 3)}
        self._write([line | measured | {"triggered": triggered} | facts])

    def _write(self, lines: list[dict[str, Any]]) -> None:
        self._file.write("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
        self._file.flush()

    def _recover(self) -> int | None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch()
        whole, until = 0, None
        with self._path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                entry = json.loads(line)
                if entry["kind"] == "intervals_until":
                    until = int(entry["number"])
        os.truncate(self._path, whole)
        return until


def iso(moment_s: float) -> str:
    """Unix time as ISO 8601, UTC."""
    return datetime.fromtimestamp(moment_s, UTC).isoformat()


def _plan(world: World) -> Iterator[dict[str, Any]]:
    scenario, zero_s = world.scenario, world.zero_s
    yield {"kind": "scenario", "name": scenario.name, "seed": scenario.seed, "zero_at": iso(zero_s)}
    for station, plumes in world.plumes.items():
        for plume in plumes:
            yield {
                "kind": "discharge", "outlet": plume.discharge.outlet, "outlet_kind": plume.kind, "station": station,
                "starts_at": iso(plume.start_s), "stops_at": iso(plume.start_s + plume.duration_s),
                "arrives_at": iso(plume.start_s + plume.way.time_s), "travel_h": round(plume.way.time_s / 3600, 3),
                "distance_km": plume.way.length_m / 1000, "share": round(plume.share, 5),
                "declared": plume.discharge.declared,
            }  # fmt: skip
    for rain in scenario.rain:
        start_s = zero_s + rain.start_min * MINUTE_S
        yield {"kind": "rain", "what": rain.kind, "starts_at": iso(start_s), "hours": rain.hours, "mm": rain.mm}
    for wave in scenario.waves:
        start_s, hours = zero_s + wave.start_min * MINUTE_S, wave.rise_h * (1 + WAVE_FALL)
        yield {"kind": "wave", "river": wave.river, "starts_at": iso(start_s), "hours": hours, "peak": wave.peak_m3_s}
    for jam in scenario.jams:
        start_s = zero_s + jam.start_min * MINUTE_S
        line = {"kind": "jam", "station": jam.station, "starts_at": iso(start_s), "hours": jam.hours}
        yield line | {"rise_cm": jam.rise_cm}
    yield from _windows(world)


def _windows(world: World) -> Iterator[dict[str, Any]]:
    scenario, zero_s = world.scenario, world.zero_s
    for visit in scenario.visits:
        start_s = zero_s + visit.start_min * MINUTE_S
        yield {
            "kind": "visit", "device": visit.device, "mode": visit.mode, "starts_at": iso(start_s),
            "stops_at": iso(start_s + visit.duration_min * MINUTE_S),
        }  # fmt: skip
    for kind, entries in (("fault", scenario.faults), ("silent", scenario.silent), ("offline", scenario.offline)):
        for entry in entries:
            start_s = zero_s + entry.start_min * MINUTE_S
            end = None if entry.duration_min is None else iso(start_s + entry.duration_min * MINUTE_S)
            line = {"kind": kind, "device": entry.device, "starts_at": iso(start_s), "stops_at": end}
            more = {name: getattr(entry, name) for name in ("kind", "parameter", "size") if kind == "fault"}
            if kind == "fault":
                more["fault"] = more.pop("kind")
            if kind == "silent":
                more["parameters"] = list(getattr(entry, "parameters", ()))
            yield line | more


def _exceedances(world: World, number: int) -> Iterator[dict[str, Any]]:
    start_s = number * INTERVAL_S
    moment = datetime.fromtimestamp(start_s, UTC)
    time_s = start_s + np.arange(READINGS_PER_INTERVAL, dtype=np.float64) * INTERVAL_S / READINGS_PER_INTERVAL
    for series in world.network.series:
        use = world.network.station_of[series.station].water_use
        norm = norm_in_force(series.parameter, moment, water_use=use) if use else None
        if norm is None:
            continue
        mean = float(np.mean(world.value(series.station, series.parameter, time_s)))
        if not exceeds(norm, mean):
            continue
        limits = [limit for limit in (norm.minimum, norm.maximum) if limit is not None]
        close = any(abs(mean - limit) <= CLOSE_SHARE * limit for limit in limits)
        yield {
            "kind": "interval", "station": series.station, "device": series.device, "parameter": series.parameter,
            "start": iso(start_s), "mean": round(mean, 5), "min": norm.minimum, "max": norm.maximum,
            "pack": norm.pack, "close": close,
        }  # fmt: skip
