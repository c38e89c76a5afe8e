"""The words of the demo's screen, in one place."""

from __future__ import annotations

from collections.abc import Mapping

from services.cli.demo.plan import Phase
from uskat.finding import Severity

TITLES: Mapping[str, str] = {
    "database": "база данных",
    "broker": "брокер",
    "ingest": "приём",
    "alerts": "тревоги",
    "notices": "извещения",
    "api": "API",
    "simulate": "имитаторы",
}
PHASES: Mapping[Phase, str] = {
    Phase.WAITING: "ждёт",
    Phase.STARTING: "запускается",
    Phase.RUNNING: "работает",
    Phase.PAUSE: "пауза перед запуском",
}
SEVERITIES: Mapping[str, str] = {
    Severity.MAINTENANCE: "прибор",
    Severity.NOTICE: "внимание",
    Severity.VIOLATION: "нарушение",
    Severity.HIGH: "высокое",
    Severity.EXTREME: "экстремальное",
}


def title(name: str) -> str:
    """Return the Russian name of a process."""
    return TITLES.get(name, name)


def grouped(count: int) -> str:
    """Write a count with narrow spaces between thousands."""
    return f"{count:,}".replace(",", "\u202f")
