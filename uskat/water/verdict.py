"""How sure an exceedance is: «достоверно» when even C − U lies beyond the norm, «возможно» when only C does.

U is the expanded uncertainty (k = 2) of a 20-minute mean. It is taken as that of a single reading: what dominates it
(calibration, fouling) does not average out. Rule: shared sheet `water/norms.md` §4.4.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from uskat.water.norm_pack import Level


class Verdict(StrEnum):
    """certain: beyond the norm by more than the uncertainty; possible: beyond it by less; within: not beyond it."""

    CERTAIN = "certain"
    POSSIBLE = "possible"
    WITHIN = "within"


VERDICT_RU = {Verdict.CERTAIN: "достоверно", Verdict.POSSIBLE: "возможно", Verdict.WITHIN: "в пределах нормы"}


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Expanded uncertainty of a reading (k = 2): the larger of an absolute part, in the unit, and a share of the value.

    instrument: from the instrument's own data; else the project's default for the parameter, `level` says how sure.
    """

    absolute: float
    relative: float
    level: Level
    source: str
    instrument: bool = False

    def uncertainty(self, value: float) -> float:
        """U (k = 2) at a value, in the parameter's unit."""
        return max(self.absolute, self.relative * abs(value))


@cache
def default_accuracies() -> dict[str, Accuracy]:
    """The project's default accuracy by parameter code (`uskat/data/uncertainty.csv`)."""
    text = files("uskat.data").joinpath("uncertainty.csv").read_text(encoding="utf-8")
    return {
        row["parameter"]: Accuracy(
            absolute=float(row["absolute"]),
            relative=float(row["relative"]),
            level=Level(row["level"]),
            source=row["source"],
        )
        for row in csv.DictReader(io.StringIO(text))
    }


def accuracy_of(parameter: str, stated: Mapping[str, Any] | None = None) -> Accuracy | None:
    """Accuracy of a series: what its instrument states, else the default; None for a parameter without either.

    stated: `{"absolute": U, "relative": share, "k": 2, "source": …}` as kept in the instrument's properties, at the
    coverage factor k it names (2 when it names none); numbers that cannot be are left aside.
    """
    if stated is not None:
        found = _from_instrument(stated)
        if found is not None:
            return found
    return default_accuracies().get(parameter)


def _from_instrument(stated: Mapping[str, Any]) -> Accuracy | None:
    try:
        absolute, relative = float(stated.get("absolute", 0.0)), float(stated.get("relative", 0.0))
        factor = 2.0 / float(stated.get("k", 2.0))
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not (absolute >= 0 and 0 <= relative < 1 and absolute + relative > 0 and factor > 0):
        return None
    return Accuracy(
        absolute=absolute * factor,
        relative=relative * factor,
        level=Level.SECONDARY,
        source=str(stated.get("source", "сведения о приборе")),
        instrument=True,
    )


def judge(value: float, uncertainty: float, *, minimum: float | None, maximum: float | None) -> Verdict:
    """Verdict on a value against a limit from below, from above, or both; the limit itself breaks nothing."""
    if (maximum is not None and value - uncertainty > maximum) or (
        minimum is not None and value + uncertainty < minimum
    ):
        return Verdict.CERTAIN
    beyond = (maximum is not None and value > maximum) or (minimum is not None and value < minimum)
    return Verdict.POSSIBLE if beyond else Verdict.WITHIN
