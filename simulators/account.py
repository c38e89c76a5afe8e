"""The status file: how many readings were made, confirmed and are still buffered, per device and in all."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simulators.logger import FieldLogger


def account_of(loggers: Sequence[FieldLogger]) -> dict[str, Any]:
    """Sums over all loggers (generated = confirmed + buffered; rejected is a part of confirmed), and each one's own."""
    devices: dict[str, dict[str, Any]] = {}
    sums: dict[str, int] = {}
    for logger in loggers:
        totals = asdict(logger.buffer.totals())
        for name, value in totals.items():
            sums[name] = sums.get(name, 0) + value
        devices[logger.device] = totals | {
            "online": logger.link.ready,
            "packets_buffered": len(logger.delivery),
            "packets_unconfirmed": logger.delivery.unconfirmed,
        }
    return sums | {
        "offline": [logger.device for logger in loggers if not logger.wanted_online],
        "disconnected": [logger.device for logger in loggers if logger.wanted_online and not logger.link.ready],
        "devices": devices,
    }


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Replace a JSON file as a whole: a reader never sees half of it."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    os.replace(temporary, path)  # noqa: PTH105 - Path.replace is the same call; this one names what it does
