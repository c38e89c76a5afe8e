"""The test set: thresholds by parameter and season as versioned data (`uskat/data/quality/tests.json`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from uskat.water.norms import Level
from uskat.water.parameters import parameters
from uskat.water.quality.flag import QualityTest

FloatArray = NDArray[np.float64]
SCHEMA = 1
NEVER = np.inf


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Spike(_Model):
    floor: float = Field(ge=0)
    share: float = Field(ge=0)


class _Rate(_Model):
    per_hour: float = Field(gt=0)


class _Flat(_Model):
    fail_readings: int = Field(ge=3)
    fail_hours: float = Field(gt=0, le=5)
    exempt: tuple[float, float] | None = None


class ParameterLimits(_Model):
    """Thresholds of one parameter, in its unit; what is absent is not tested."""

    gross_suspect: tuple[float, float] | None = None
    seasonal: dict[str, tuple[float, float]] = {}
    spike: _Spike | None = None
    rate: _Rate | None = None
    flat: _Flat | None = None
    attenuated_range: float | None = Field(None, gt=0)
    neighbour: float | None = Field(None, gt=0)


class _Season(_Model):
    months: tuple[int, ...]


class _SpikeRule(_Model):
    k: float = Field(gt=0)
    window: int
    scale_readings: int = Field(ge=5, le=60)
    noise_readings: int = Field(ge=5, le=60)


class _FlatRule(_Model):
    suspect_readings: int = Field(ge=3)
    suspect_hours: float = Field(gt=0)


class _GapRule(_Model):
    intervals: float = Field(gt=1)


class _OutOfWater(_Model):
    ec25_sure: float
    ec25: float
    air_difference: float
    oxygen_share: float
    dry_level: float


class _OxygenAtNight(_Model):
    saturation: float
    from_hour: float
    to_hour: float


class _PhStep(_Model):
    step: float
    hours: float = Field(le=1.5)
    ec25_share: float
    orp: float


class _NeighbourRule(_Model):
    minutes: float = Field(le=60)


class _DriftLimit(_Model):
    criteria: float = Field(ge=1)
    least_days: int = Field(ge=6)
    correct: float = Field(ge=0)
    correct_share: float = Field(ge=0)
    discard: float = Field(ge=0)
    discard_share: float = Field(ge=0)


class DriftRule(_Model):
    """How a slow departure from the neighbouring posts is judged, by parameter (docs/algorithms/faults.md)."""

    source: str
    window_days: int
    base_days: int
    k: float
    discard_share: float
    others: int
    parameters: dict[str, _DriftLimit]


class TestSet(_Model):
    """All thresholds. required: tests without which nothing passes; advisory: tests that do not enter the roll-up."""

    __test__ = False

    schema_version: int = Field(alias="schema")
    id: str
    version: str
    title: str
    title_en: str
    level: Level
    sources: tuple[str, ...]
    note: str
    required: tuple[QualityTest, ...]
    advisory: tuple[QualityTest, ...]
    seasons: dict[str, _Season]
    spike: _SpikeRule
    flat: _FlatRule
    time_gap: _GapRule
    out_of_water: _OutOfWater
    oxygen_at_night: _OxygenAtNight
    ph_step: _PhStep
    neighbour: _NeighbourRule
    drift: DriftRule
    default: ParameterLimits
    parameters: dict[str, ParameterLimits]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.schema_version != SCHEMA:
            raise ValueError(f"test set {self.id}: schema {self.schema_version}, known is {SCHEMA}")
        months = sorted(month for season in self.seasons.values() for month in season.months)
        if months != list(range(1, 13)):
            raise ValueError(f"test set {self.id}: the seasons must share the twelve months")
        unknown = set(self.parameters) - set(parameters())
        if unknown:
            raise ValueError(f"test set {self.id}: unknown parameters {sorted(unknown)}")
        return self

    @property
    def name(self) -> str:
        """What is stored with every judgement: id and version."""
        return f"{self.id}/{self.version}"

    def of(self, parameter: str) -> ParameterLimits:
        """Thresholds of a parameter, or those of an unknown one."""
        return self.parameters.get(parameter, self.default)


@cache
def test_set() -> TestSet:
    """The test set in force; raises pydantic.ValidationError for a file that is not one."""
    text = files("uskat.data").joinpath("quality").joinpath("tests.json").read_text(encoding="utf-8")
    return TestSet.model_validate_json(text)


test_set.__test__ = False  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class LimitTable:
    """Thresholds as arrays by place of a series; nan or inf where a test is off.

    gross: (fail low, fail high, suspect low, suspect high). seasonal: by month of the year − 1: (low, high).
    """

    gross: FloatArray
    seasonal: FloatArray
    spike_floor: FloatArray
    spike_share: FloatArray
    rate_per_s: FloatArray
    flat_readings: FloatArray
    flat_s: FloatArray
    exempt: FloatArray
    attenuated: FloatArray


@lru_cache(maxsize=4096)
def limit_table(codes: tuple[str, ...]) -> LimitTable:
    """Thresholds of the test set in force for series of these parameters, in their order."""
    rows = [test_set().of(code) for code in codes]
    return LimitTable(
        gross=np.array([_gross(code, row) for code, row in zip(codes, rows, strict=True)]).reshape(-1, 4),
        seasonal=np.array([_by_month(row) for row in rows]).reshape(-1, 12, 2),
        spike_floor=_column([row.spike.floor if row.spike else NEVER for row in rows]),
        spike_share=_column([row.spike.share if row.spike else 0.0 for row in rows]),
        rate_per_s=_column([row.rate.per_hour / 3600.0 if row.rate else NEVER for row in rows]),
        flat_readings=_column([row.flat.fail_readings if row.flat else NEVER for row in rows]),
        flat_s=_column([row.flat.fail_hours * 3600.0 if row.flat else NEVER for row in rows]),
        exempt=np.array(
            [row.flat.exempt if row.flat and row.flat.exempt else (np.nan, np.nan) for row in rows]
        ).reshape(-1, 2),
        attenuated=_column([row.attenuated_range or np.nan for row in rows]),
    )


def _column(values: Sequence[float]) -> FloatArray:
    return np.array(values, np.float64)


def _gross(code: str, row: ParameterLimits) -> tuple[float, float, float, float]:
    known = parameters().get(code)
    fail = (known.gross_min, known.gross_max) if known else (-NEVER, NEVER)
    return (*fail, *(row.gross_suspect or fail))


def _by_month(row: ParameterLimits) -> list[tuple[float, float]]:
    by_month = {month: name for name, season in test_set().seasons.items() for month in season.months}
    return [row.seasonal.get(by_month[month], (-NEVER, NEVER)) for month in range(1, 13)]
