"""A scenario being played: worlds, instruments and loggers of all devices, in one thread, restartable at any moment.

State folder: `world.json` (scenario and its zero), `loggers/*.sqlite` (buffers), `truth.jsonl`, `simulator.json`.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from simulators.account import account_of, write_json
from simulators.field import serve
from simulators.instrument import WaterInstruments, is_silent
from simulators.link import Broker
from simulators.logger import FieldLogger, LoggerOptions, seismic_packet
from simulators.river import MINUTE_S, World
from simulators.scenario import Offline, Scenario
from simulators.seismograph import HISTOGRAM_S, SeismicInstrument
from simulators.truth import TruthLog, iso
from uskat.water.network import Network

TURN_S = 0.05
STATUS_EVERY_S = 1.0
FAREWELL_S = 8.0
LONGEST_GAP_S = 48 * 3600.0
STEPS_AT_ONCE = 720
MARK = "measured_until"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a simulation runs. speed: how fast the past is delivered until it meets the present; None: at once."""

    state: Path
    broker: Broker
    credentials: Mapping[str, str]
    speed: float | None = None
    logger: LoggerOptions = field(default_factory=LoggerOptions)


class Simulation:
    """Everything that is simulated. `say` gets sentences for a person; `clock` is Unix time."""

    def __init__(
        self,
        network: Network,
        scenario: Scenario,
        settings: Settings,
        *,
        say: Callable[[str], None] = print,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._say = say
        self._clock = clock
        settings.state.mkdir(parents=True, exist_ok=True)
        self._started_s = clock()
        self.world = World(network, scenario, zero_s=self._zero(scenario))
        self.truth = TruthLog(settings.state / "truth.jsonl", self.world)
        self.loggers = [self._logger(device.code) for device in network.devices]
        self._by_device = {logger.device: logger for logger in self.loggers}
        self._water = {d.code: WaterInstruments(self.world, d) for d in network.devices if d.kind == "logger"}
        self._seismic = {
            code: SeismicInstrument(network, scenario, settings_of, zero_s=self.world.zero_s)
            for code, settings_of in network.seismograph_of.items()
        }
        # Loggers of a network do not transmit in one second: each waits its own part of the interval.
        self._delay = {code: place / len(self._water) for place, code in enumerate(self._water)}
        self._until = {code: self._first_unmeasured(code) for code in self._by_device}
        self._begin_s = min(self._until.values())
        self._status_due_s = 0.0
        self.truth.write_plan()

    def run(self, stopped: Callable[[], bool]) -> None:
        """Play until `stopped`; then deliver what can be and close, the rest stays buffered.

        Packets of an earlier life may be stored already, unconfirmed: whoever adds up must know their fate too.
        """
        scenario = self.world.scenario
        self._say(f"scenario {scenario.name}, zero at {iso(self.world.zero_s)}, {len(self.loggers)} devices")
        try:
            while not stopped():
                self.turn(TURN_S)
            farewell_s = time.monotonic() + FAREWELL_S
            while time.monotonic() < farewell_s and any(
                logger.wanted_online and len(logger.delivery) for logger in self.loggers
            ):
                serve(self.loggers, TURN_S)
        finally:
            self.close()

    def turn(self, wait_s: float) -> None:
        """Measure what is due, send, receive, report."""
        now_s = self._simulated_now()
        self._connect_or_not(self._clock())
        for code, instruments in self._water.items():
            self._measure_water(code, instruments, now_s)
        for code, instrument in self._seismic.items():
            self._measure_ground(code, instrument, now_s)
        self.truth.write_intervals(now_s)
        serve(self.loggers, wait_s)
        if time.monotonic() >= self._status_due_s:
            self._status_due_s = time.monotonic() + STATUS_EVERY_S
            self._write_status(running=True)

    def close(self) -> None:
        """Write the last status, close connections and files."""
        self._write_status(running=False)
        for logger in self.loggers:
            logger.close()
        self.truth.close()

    def _zero(self, scenario: Scenario) -> float:
        path = self._settings.state / "world.json"
        if path.exists():
            known = json.loads(path.read_text(encoding="utf-8"))
            if known["scenario"] == scenario.name and known["seed"] == scenario.seed:
                return float(known["zero_s"])
            self._say(f"{path} is of scenario {known['scenario']!r}: beginning {scenario.name!r} anew")
            (self._settings.state / "truth.jsonl").unlink(missing_ok=True)
        zero_s = self._clock()
        write_json(path, {"scenario": scenario.name, "seed": scenario.seed, "zero_s": zero_s, "zero_at": iso(zero_s)})
        return zero_s

    def _logger(self, device: str) -> FieldLogger:
        password = self._settings.credentials.get(device)
        return FieldLogger(
            device,
            self._settings.state / "loggers",
            self._settings.broker,
            password=password,
            options=self._settings.logger,
            say=self._say,
        )

    def _simulated_now(self) -> float:
        now_s = self._clock()
        if self._settings.speed is None:
            return now_s
        return min(now_s, self._begin_s + (now_s - self._started_s) * self._settings.speed)

    def _first_unmeasured(self, device: str) -> float:
        fresh_s = self.world.zero_s - self.world.scenario.backfill_hours * 3600
        known_s = self._by_device[device].buffer.mark(MARK, int(fresh_s))
        return max(known_s, self._started_s - max(LONGEST_GAP_S, self.world.scenario.backfill_hours * 3600))

    def _measure_water(self, code: str, instruments: WaterInstruments, now_s: float) -> None:
        logger, interval_s = self._by_device[code], instruments.interval_s
        first = -int(-self._until[code] // interval_s)
        last = int((now_s - self._delay[code] * interval_s) // interval_s) + 1
        while first < last:
            until = min(last, first + STEPS_AT_ONCE)
            packets = [logger.water(scan) for scan in instruments.packets(first, until)]
            self._until[code] = float(until * interval_s)
            if packets:
                logger.keep(packets, {MARK: until * interval_s})
            first = until

    def _measure_ground(self, code: str, instrument: SeismicInstrument, now_s: float) -> None:
        from_s, to_s = self._until[code], float(int(now_s))
        if to_s <= from_s:
            return
        logger, packets = self._by_device[code], []
        for event in instrument.events(from_s, to_s):
            if self._is_silent(code, event.at_s):
                continue
            record = instrument.record(event)
            self.truth.write_ground_motion(instrument, event, triggered=record is not None)
            if record is not None:
                packets.append(seismic_packet(record))
        packets += [
            logger.histogram(instrument.histogram(minute))
            for minute in range(int(from_s // HISTOGRAM_S), int(to_s // HISTOGRAM_S))
            if not self._is_silent(code, minute * HISTOGRAM_S)
        ]
        # Without packets nothing is written: after a kill the same seconds are looked at again, to the same effect.
        self._until[code] = to_s
        if packets:
            logger.keep(packets, {MARK: int(to_s)})

    def _is_silent(self, code: str, moment_s: float) -> bool:
        return is_silent(self.world.scenario.silent, code, zero_s=self.world.zero_s, moment_s=moment_s)

    def _connect_or_not(self, now_s: float) -> None:
        minutes = (now_s - self.world.zero_s) / MINUTE_S
        away: dict[str, Offline | None] = dict.fromkeys(window.device for window in self.world.scenario.offline)
        for window in self.world.scenario.offline:
            if window.start_min <= minutes < window.start_min + window.duration_min:
                away[window.device] = window
        for device, current in away.items():
            logger = self._by_device[device]
            if (current is not None) == logger.wanted_online:
                logger.wanted_online = current is None
                self._say(f"{device}: {'goes offline' if current else 'comes back'}")
            if current is not None:
                logger.delivery.disorder, logger.delivery.repeat = current.disorder, current.repeat
            elif not len(logger.delivery):
                logger.delivery.disorder, logger.delivery.repeat = False, 1

    def _write_status(self, *, running: bool) -> None:
        now_s = self._clock()
        head = {"at": iso(now_s), "running": running, "scenario": self.world.scenario.name,
                "zero_at": iso(self.world.zero_s), "simulated_until": iso(self._simulated_now())}  # fmt: skip
        write_json(self._settings.state / "simulator.json", head | account_of(self.loggers))
