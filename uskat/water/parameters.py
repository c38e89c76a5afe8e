"""The vocabulary of what a station measures: codes, units, physical ranges, resolution of aggregates."""

import csv
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

FIXED_POINT_LIMIT = 2**31
"""|value|·10^scale stays below this inside the gross range, so that squares stay exact in 64 bits."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One measured quantity.

    code: name on the wire. unit: UCUM-like, as sent. gross_min, gross_max: physical range in `unit`, outside
    which a reading fails the gross-range check. scale: decimals kept by exact aggregates (10^-scale is finer
    than any field instrument resolves). basis: chemical species the number speaks of (N, NH4, P …).
    """

    code: str
    name_ru: str
    name_en: str
    unit: str
    unit_ru: str
    gross_min: float
    gross_max: float
    scale: int
    basis: str = ""

    def __post_init__(self) -> None:
        largest = max(abs(self.gross_min), abs(self.gross_max)) * 10**self.scale
        if not self.gross_min < self.gross_max or largest >= FIXED_POINT_LIMIT:
            raise ValueError(f"parameter {self.code}: range {self.gross_min}..{self.gross_max} at scale {self.scale}")


@cache
def parameters() -> dict[str, Parameter]:
    """Every known parameter by code. Ranges: shared norms sheet §6.3 (USGS TM1-D3 practice, unverified)."""
    text = files("uskat.data").joinpath("parameters.csv").read_text(encoding="utf-8")
    return {row.code: row for row in map(_parameter, csv.DictReader(io.StringIO(text)))}


def _parameter(row: dict[str, str]) -> Parameter:
    return Parameter(
        code=row["code"],
        name_ru=row["name_ru"],
        name_en=row["name_en"],
        unit=row["unit"],
        unit_ru=row["unit_ru"],
        gross_min=float(row["gross_min"]),
        gross_max=float(row["gross_max"]),
        scale=int(row["scale"]),
        basis=row["basis"],
    )
