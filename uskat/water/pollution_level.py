"""High (ВЗ) and extremely high (ЭВЗ) pollution by multiples of the norm.

Source: shared sheet `water/norms.md` §2.1–2.2 – the Hydrochemical Institute's textbook quoting Rosgidromet, not the act
itself. No threshold for pH was found there, so pH has none; suspended solids need a configured base and have none here.
"""

from dataclasses import dataclass

from uskat.finding import Severity
from uskat.water.norm_pack import Level

LEVEL = Level.SECONDARY
WITHOUT_LEVELS = frozenset({"ph", "tss", "temp"})
LATE_HIGH = frozenset({"oil", "phenol", "cu", "fe", "mn"})
"""Substances of class 3–4 whose high pollution begins at 30 and not at 10 norms."""


@dataclass(frozen=True, slots=True)
class PollutionThresholds:
    """Where ВЗ and ЭВЗ begin, in the parameter's unit; for oxygen both are reached downwards."""

    high_from: float
    extreme_from: float
    extreme_inclusive: bool
    rule: str


OXYGEN = PollutionThresholds(3.0, 2.0, extreme_inclusive=True, rule="O2 in (2;3]; O2 <= 2")
BOD5 = PollutionThresholds(10.0, 40.0, extreme_inclusive=False, rule="BOD5 in [10;40]; BOD5 > 40")
ABSOLUTE = {"do": OXYGEN, "bod5": BOD5}


def pollution_thresholds(
    parameter: str, *, limit: float | None, hazard_class: int | None
) -> PollutionThresholds | None:
    """Thresholds of a parameter by its norm and hazard class; None where the rule names none."""
    if parameter in ABSOLUTE:
        return ABSOLUTE[parameter]
    if parameter in WITHOUT_LEVELS or limit is None or hazard_class is None:
        return None
    if hazard_class <= 2:
        low, high = 3, 5
    else:
        low, high = (30 if parameter in LATE_HIGH else 10), 50
    rule = f"C/PDK in [{low};{high}); C/PDK >= {high}"
    return PollutionThresholds(round(low * limit, 9), round(high * limit, 9), extreme_inclusive=True, rule=rule)


def pollution_severity(
    parameter: str, value: float, *, limit: float | None, hazard_class: int | None
) -> Severity | None:
    """HIGH or EXTREME for a value in the parameter's unit, None below both or where the rule names no threshold."""
    thresholds = pollution_thresholds(parameter, limit=limit, hazard_class=hazard_class)
    if thresholds is None:
        return None
    sign = -1 if parameter == "do" else 1
    beyond = sign * (value - thresholds.extreme_from)
    if beyond > 0 or (beyond == 0 and thresholds.extreme_inclusive):
        return Severity.EXTREME
    return Severity.HIGH if sign * (value - thresholds.high_from) >= 0 else None
