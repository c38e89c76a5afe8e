"""One logger that makes a fixed number of packets and delivers them: for kill tests and for measuring."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from simulators.account import account_of, write_json
from simulators.field import serve
from simulators.load_packet import water_payload
from simulators.logger import FieldLogger
from uskat.wire.water import WaterPacket, decode_water

TURN_S = 0.02
STATUS_EVERY_S = 0.5
PACKETS_AT_ONCE = 500
MARK = "packets_made"


@dataclass(frozen=True, slots=True)
class PacketSeries:
    """Scans number 0 … packets−1 at start + number × interval; values depend on the number only. rate: a second."""

    packets: int
    parameters: Sequence[str]
    start: datetime
    interval_s: float
    rate: float | None = None

    def scan(self, number: int) -> WaterPacket:
        """Scan of a number, without a `seq` yet."""
        moment = self.start + timedelta(seconds=number * self.interval_s)
        return decode_water(water_payload(moment, number, self.parameters)).packets[0]


def send_series(logger: FieldLogger, series: PacketSeries, stopped: Callable[[], bool], status: Path | None) -> bool:
    """Make and deliver the series; True when every packet's fate is known. A restart makes only what is missing."""
    begun_s, made_before = time.monotonic(), logger.buffer.mark(MARK)
    made, report_s = made_before, 0.0
    try:
        while not stopped():
            allowed = series.packets
            if series.rate is not None:
                allowed = min(allowed, made_before + int((time.monotonic() - begun_s) * series.rate))
            upto = min(allowed, made + PACKETS_AT_ONCE)
            if upto > made:
                logger.keep([logger.water(series.scan(number)) for number in range(made, upto)], {MARK: upto})
                made = upto
            serve([logger], 0.0 if made < allowed else TURN_S)
            finished = made == series.packets and not len(logger.delivery)
            if status is not None and (finished or time.monotonic() >= report_s):
                report_s = time.monotonic() + STATUS_EVERY_S
                write_json(status, {"running": not finished, **account_of([logger])})
            if finished:
                return True
        return False
    finally:
        logger.close()
