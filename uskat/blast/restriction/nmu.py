"""Warnings of adverse weather for dispersion (НМУ) as values, and what they mean for a list of measures.

Source: order 811 of the Ministry of Natural Resources, 28.11.2019, as in `blasting/norms.md` §6.1.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pydantic import Field, ValidationError, model_validator

from uskat.blast.passport.model import Moment
from uskat.blast.provenance import Frozen
from uskat.blast.restriction.rules import RestrictionRules


class NmuWarning(Frozen):
    """One warning for one zone, half-open in time; withdrawn_at: it was called off."""

    zone: str = Field(min_length=1, max_length=100)
    degree: int = Field(ge=1, le=3)
    valid_from: Moment
    valid_to: Moment
    issued_at: Moment
    source: str = Field(min_length=1, max_length=500)
    withdrawn_at: Moment | None = None

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.valid_to <= self.valid_from:
            raise ValueError("a warning ends after it begins")
        return self

    @property
    def ends_at(self) -> datetime:
        """End of its validity: as issued, or when it was called off before."""
        return self.valid_to if self.withdrawn_at is None else min(self.valid_to, self.withdrawn_at)

    def meets(self, start: datetime, end: datetime) -> bool:
        """True when it holds at some moment of [start, end]."""
        return self.valid_from <= end and start < self.ends_at


@dataclass(frozen=True, slots=True)
class RowError:
    """A row of an imported table that is no warning; the first row of data is 2."""

    row: int
    problem: str


def read_nmu_table(text: str) -> tuple[list[NmuWarning], list[RowError]]:
    """Warnings of a CSV table (`,` or `;`) with columns named as the fields; bad rows are told, the others taken."""
    separator = ";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ","
    warnings, errors = [], []
    for row, cells in enumerate(csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=separator), 2):
        try:
            warnings.append(NmuWarning.model_validate(_filled(cells)))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            errors.append(RowError(row, f"{'.'.join(str(key) for key in first['loc'])}: {first['msg']}"))
    return warnings, errors


def warnings_during(
    warnings: Iterable[NmuWarning], zones: frozenset[str], *, start: datetime, end: datetime, known_at: datetime
) -> list[NmuWarning]:
    """Warnings of the zones that hold at some moment of [start, end] and were issued by `known_at`, gravest first."""
    found = [
        warning
        for warning in warnings
        if warning.zone in zones and warning.issued_at <= known_at and warning.meets(start, end)
    ]
    return sorted(found, key=lambda warning: (-warning.degree, warning.valid_from))


def listed_for(degree: int, concentration: float, *, limit: float, rules: RestrictionRules) -> bool:
    """True when a substance is on the list of a degree: its computed concentration, raised by it, exceeds the limit."""
    return concentration * (1 + rules.nmu_increase[degree].value) > limit


def _filled(cells: Mapping[str | None, str | list[str] | None]) -> dict[str, object]:
    """Named cells that are not empty."""
    return {
        str(name): value.strip() if isinstance(value, str) else value
        for name, value in cells.items()
        if name is not None and value
    }
