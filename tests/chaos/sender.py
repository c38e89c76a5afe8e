"""The logger under test as a process of its own: a fixed series of packets through a durable buffer.

`python -m tests.chaos.sender`, started again after kill -9, goes on with what its buffer holds. Exit 0: every packet's
fate is known.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from simulators.link import broker_of
from simulators.logger import FieldLogger, LoggerOptions
from simulators.sending import PacketSeries, send_series

DEVICE = "U-43"
PARAMETERS = ("temp", "ph", "ec25", "do", "turb", "orp")
INTERVAL_S = 1.0
WINDOW = 2000
RESEND_AFTER_S = 3.0


def series(packets: int, start: datetime) -> PacketSeries:
    """The packets of a round: they depend on their number and on `start` only, so anybody can make them again."""
    return PacketSeries(packets, PARAMETERS, start, INTERVAL_S)


def main() -> int:
    """Send; 0 when everything is delivered."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mqtt-url", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--packets", type=int, required=True)
    parser.add_argument("--start", type=float, required=True, help="seconds since 1970, UTC")
    parser.add_argument("--unconfirmed", action="store_true", help="forget a packet at PUBACK")
    chosen = parser.parse_args()
    options = LoggerOptions(
        window=WINDOW, batch=1, resend_after_s=RESEND_AFTER_S, wait_for_ack=not chosen.unconfirmed
    )  # fmt: skip
    logger = FieldLogger(DEVICE, chosen.folder, broker_of(chosen.mqtt_url), options=options)
    made = series(chosen.packets, datetime.fromtimestamp(chosen.start, UTC))
    return 0 if send_series(logger, made, lambda: False, chosen.folder / "status.json") else 1


if __name__ == "__main__":
    sys.exit(main())
