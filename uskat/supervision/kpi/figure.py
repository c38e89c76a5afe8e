"""An indicator: its wording, its figure of a year and of every month, and what is behind each."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Behind(StrEnum):
    """What a figure was reckoned from, and what its numbers name."""

    CASES = "cases"
    ALERTS = "alerts"
    STATIONS = "stations"
    ENTERPRISES = "enterprises"


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure of a period.

    value None: nothing to reckon it from. n: how many are behind it; counted: how many of those have what a share asks
    for. more: the same otherwise (median, interval, split). behind: their names.
    """

    value: float | None
    n: int
    counted: int | None = None
    more: dict[str, Any] = field(default_factory=dict)
    behind: tuple[int | str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Without the names: who may see them is decided where they are asked for."""
        return {"value": self.value, "n": self.n, "counted": self.counted, **self.more}


@dataclass(frozen=True, slots=True)
class Wording:
    """What an indicator is. title: as the source words it; target: by year. source: of the wording and the formula."""

    code: str
    title: str
    title_en: str
    unit: str
    formula: str
    source: str
    behind: Behind
    target: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator of a local year; months by their code («2026-06»), the twelve in order."""

    wording: Wording
    year: Cell
    months: dict[str, Cell]


def share(counted: Sequence[int | str], others: Sequence[int | str], **more: Any) -> Cell:
    """Share of those that count, of both."""
    n = len(counted) + len(others)
    return Cell(len(counted) / n if n else None, n, len(counted), dict(more), (*counted, *others))


def delay(hours: Sequence[tuple[int, float]], **more: Any) -> Cell:
    """Mean of hours by number, with the median; a few forgotten ones move a mean and not a median."""
    values = [value for _, value in hours]
    told = {"median": statistics.median(values) if values else None, **more}
    return Cell(statistics.fmean(values) if values else None, len(values), None, told, tuple(name for name, _ in hours))
