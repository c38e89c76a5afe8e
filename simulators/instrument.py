"""From the true river to what a logger sends: noise, resolution, faults of instruments and of the clock, silence."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from simulators import season
from simulators.noise import gaussian, key_of, uniform
from simulators.river import MINUTE_S, World
from simulators.scenario import Fault, Silence
from simulators.water_kind import INSTRUMENTS, OTHER_INSTRUMENT
from uskat.water.network import Device
from uskat.water.parameters import parameters
from uskat.wire.water import Mode, WaterPacket

FloatArray = NDArray[np.float64]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SPIKE_SHARE = 0.04
FUTURE_S = 400 * season.DAY_S
AIR_EC = 3.0
FRAZIL_SHARE = 0.35
"""How often a scan meets ice on the probe while frazil is there."""
STANDARDS = {"ec25": 1413.0, "ph": 7.01, "turb": 20.0, "orp": 220.0}
"""What a probe stands in during a calibration."""


class WaterInstruments:
    """The instruments of one water station and the clock of its logger."""

    def __init__(self, world: World, device: Device) -> None:
        self.world = world
        self.device = device
        self.interval_s = device.expected_interval_s
        self._faults = [fault for fault in world.scenario.faults if fault.device == device.code]
        self._visits = [visit for visit in world.scenario.visits if visit.device == device.code]
        self._silences = [silence for silence in world.scenario.silent if silence.device == device.code]

    def packets(self, first_step: int, last_step: int) -> list[WaterPacket]:
        """Scans of the steps first..last−1 (step × interval is Unix time), one packet each; silent ones left out."""
        return [packet for _, packet in self.scans(first_step, last_step)]

    def scans(self, first_step: int, last_step: int) -> list[tuple[int, WaterPacket]]:
        """The same with the true step of each: its time by the logger's clock may be another."""
        steps = np.arange(first_step, last_step, dtype=np.int64)
        if not len(steps):
            return []
        time_s = steps.astype(np.float64) * self.interval_s
        columns = {code: self.readings(code, steps) for code in self.device.parameters}
        silent = {code: self._silent(code, time_s) for code in self.device.parameters}
        moments, modes = self._clock(time_s), self._modes(time_s)
        found = []
        for row, step in enumerate(steps.tolist()):
            values = {code: float(column[row]) for code, column in columns.items() if not silent[code][row]}
            if values:
                moment = EPOCH + timedelta(seconds=float(moments[row]))
                found.append((step, WaterPacket(t=moment, v=values, mode=modes[row])))
        return found

    def readings(self, code: str, steps: NDArray[np.int64]) -> FloatArray:
        """What the instrument of one parameter shows at some steps, faults included."""
        time_s = steps.astype(np.float64) * self.interval_s
        values = self._measured(code, steps)
        for fault in self._faults:
            if fault.kind.startswith("clock_") or fault.parameter not in {None, code}:
                continue
            active = _within(time_s, self._moment(fault.start_min), fault.duration_min)
            if active.any():
                values = np.where(active, self._faulty(fault, code, values, steps), values)
        for visit in self._visits:
            active = _within(time_s, self._moment(visit.start_min), visit.duration_min)
            if active.any():
                values = np.where(active, self._visited(visit.mode, code, values, time_s), values)
        resolution = INSTRUMENTS.get(code, OTHER_INSTRUMENT)[1]
        known = parameters()[code]
        digits = max(0, round(-math.log10(resolution)))
        clipped = np.clip(values, known.gross_min, known.gross_max)
        return np.round(clipped, digits).astype(np.float64)

    def _measured(self, code: str, steps: NDArray[np.int64]) -> FloatArray:
        values = self.world.value(self.device.station, code, steps.astype(np.float64) * self.interval_s)
        deviation = INSTRUMENTS[code][0] if code in INSTRUMENTS else OTHER_INSTRUMENT[0] * np.abs(values)
        noise = gaussian(key_of(self.world.scenario.seed, self.device.code, code, "noise"), steps)
        positive = code not in {"temp", "airtemp", "orp"}
        noisy = values + deviation * noise
        return np.maximum(noisy, 0.0) if positive else noisy

    def _faulty(self, fault: Fault, code: str, values: FloatArray, steps: NDArray[np.int64]) -> FloatArray:
        start_s = self._moment(fault.start_min)
        time_s = steps.astype(np.float64) * self.interval_s
        match fault.kind:
            case "stuck":
                start_step = np.array([int(start_s // self.interval_s)], dtype=np.int64)
                return np.full_like(values, self._measured(code, start_step)[0])
            case "spike":
                hit = uniform(key_of(self.world.scenario.seed, self.device.code, code, "spike"), steps) < SPIKE_SHARE
                return values + np.where(hit, fault.size, 0.0)
            case "noise":
                return values + fault.size * gaussian(
                    key_of(self.world.scenario.seed, self.device.code, code, "bad"), steps
                )
            case "dead":
                return np.zeros_like(values)
            case "ice":
                return self._iced(code, values, steps)
            case "drift" | "fouling":
                return values + fault.size * (time_s - start_s) / season.DAY_S
            case _:
                return self._in_air(code, values, time_s)

    def _in_air(self, code: str, values: FloatArray, time_s: FloatArray) -> FloatArray:
        air = self.world.value(self.device.station, "airtemp", time_s)
        dry = {"ec25": np.full_like(values, AIR_EC), "turb": np.zeros_like(values), "temp": np.maximum(air, -0.4)}
        dry["do"] = season.oxygen_saturation_mg_l(np.maximum(air, 0.0))
        return dry.get(code, values)

    def _iced(self, code: str, values: FloatArray, steps: NDArray[np.int64]) -> FloatArray:
        """Frazil: water at 0 °C, conductivity falls where ice covers the cell, turbidity and level jump."""
        key = key_of(self.world.scenario.seed, self.device.code, code, "frazil")
        hit = uniform(key, steps) < FRAZIL_SHARE
        strength = uniform(key + 1, steps)
        match code:
            case "temp":
                return np.clip(0.02 * gaussian(key, steps), -0.05, 0.1)
            case "ec25":
                return values * np.where(hit, 1.0 - 0.6 * strength, 1.0)
            case "turb":
                return values + np.where(hit, 40.0 * strength, 0.0)
            case "level":
                return values + np.where(hit, 25.0 * (strength - 0.3), 0.0)
            case _:
                return values

    def _visited(self, mode: str, code: str, values: FloatArray, time_s: FloatArray) -> FloatArray:
        if mode == "calibration" and code in STANDARDS:
            return np.full_like(values, STANDARDS[code])
        return self._in_air(code, values, time_s)

    def _modes(self, time_s: FloatArray) -> list[Mode]:
        modes = [Mode.NORMAL] * len(time_s)
        for visit in self._visits:
            active = _within(time_s, self._moment(visit.start_min), visit.duration_min)
            modes = [Mode(visit.mode) if now else mode for now, mode in zip(active, modes, strict=True)]
        return modes

    def _clock(self, time_s: FloatArray) -> FloatArray:
        shown = time_s.copy()
        for fault in self._faults:
            start_s = self._moment(fault.start_min)
            active = _within(time_s, start_s, fault.duration_min)
            match fault.kind:
                case "clock_jump":
                    shown = np.where(active, time_s + fault.size, shown)
                case "clock_1970":
                    shown = np.where(active, time_s - start_s, shown)
                case "clock_future":
                    shown = np.where(active, time_s + (fault.size or FUTURE_S), shown)
                case _:
                    pass
        return shown

    def _silent(self, code: str, time_s: FloatArray) -> NDArray[np.bool_]:
        silent = np.zeros(len(time_s), dtype=np.bool_)
        for silence in self._silences:
            if not silence.parameters or code in silence.parameters:
                silent |= _within(time_s, self._moment(silence.start_min), silence.duration_min)
        return silent

    def _moment(self, minutes: float) -> float:
        return self.world.zero_s + minutes * MINUTE_S


def is_silent(silences: Sequence[Silence], device: str, *, zero_s: float, moment_s: float) -> bool:
    """True while a whole device measures nothing."""
    return any(
        silence.device == device
        and not silence.parameters
        and bool(_within(np.array([moment_s]), zero_s + silence.start_min * MINUTE_S, silence.duration_min)[0])
        for silence in silences
    )


def _within(time_s: FloatArray, start_s: float, duration_min: float | None) -> NDArray[np.bool_]:
    end_s = np.inf if duration_min is None else start_s + duration_min * MINUTE_S
    return (time_s >= start_s) & (time_s < end_s)
