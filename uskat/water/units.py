"""What a sender's unit means: into the unit and chemical species of the vocabulary, or a refusal.

Units are converted by pint. Writing: UCUM-like as in `uskat/data/parameters.csv` (`uS/cm`, `mg/L`, `Cel`), as SenML
(RFC 8428) writes them, and as Russian laboratories do (`мг/дм3`). A species stands behind the unit: `mg/L N`. Factors
between a species' element and its ion are data (`uskat/data/water_basis.json`). Different species have different types
here, so that 0.4 mg/L of nitrogen is never taken for 0.4 mg/L of ammonium.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import msgspec
import pint

from uskat.water.parameters import Parameter, parameters

SYNONYMS = {
    "Cel": "degC", "°C": "degC", "C": "degC", "degF": "degF", "[degF]": "degF", "K": "kelvin", "pH": "pH", "[pH]": "pH",
    "ед. pH": "pH", "1": "pH", "NTU": "NTU", "FNU": "NTU", "FTU": "NTU", "ЕМФ": "NTU", "мкСм/см": "uS/cm",
    "мСм/см": "mS/cm", "мг/л": "mg/L", "мг/дм³": "mg/L", "мг/дм3": "mg/L", "мкг/л": "ug/L", "мкг/дм³": "ug/L",
    "мкг/дм3": "ug/L", "г/л": "g/L", "г/дм³": "g/L", "г/дм3": "g/L", "мгО/дм³": "mg/L", "мгО/дм3": "mg/L",
    "мгО₂/дм³": "mg/L", "мгО2/дм3": "mg/L", "см": "cm", "мм": "mm", "м": "m", "м³/с": "m**3/s", "м3/с": "m**3/s",
    "m3/s": "m**3/s", "m3/h": "m**3/h", "л/с": "L/s", "мВ": "mV",
}  # fmt: skip
"""Ways to write a unit, and how pint reads it."""
SPECIES = re.compile(
    r"^(?P<unit>.+?)[ _](?:as[ _]|по[ _])?(?P<basis>NH4|NO2|NO3|PO4|N|P|O2|O|Fe|Mn|Cu|Zn|Al|Ni|Cl2|Cl|SO4|C)$"
)
PLAIN_UNIT = re.compile(r"[A-Za-z]{1,12}(\*\*[123])?(/[A-Za-z]{1,12}(\*\*[123])?)?")
"""What pint is asked to read: its parser evaluates arithmetic, which no sender shall have it do."""
LIKE_NO_OTHER = frozenset({"NTU", "pH"})
"""Scales of their own: nothing else converts into them."""


class UnitError(ValueError):
    """A unit that is unknown, of another dimension, or of a species that the parameter does not turn into."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """value · factor + offset is in the parameter's unit and species."""

    factor: float
    offset: float = 0.0

    def __call__(self, value: float) -> float:
        """The value in the parameter's unit."""
        return value if self.factor == 1.0 and self.offset == 0.0 else value * self.factor + self.offset


class BasisFactor(msgspec.Struct, frozen=True):
    """ion = element · factor, by mass."""

    element: str
    ion: str
    factor: float


class BasisFile(msgspec.Struct, frozen=True):
    """Factors between species with how far they are verified."""

    level: str
    source: str
    note: str
    factors: tuple[BasisFactor, ...]


@cache
def basis_factors() -> BasisFile:
    """The factors that come with the package."""
    return msgspec.json.decode(files("uskat.data").joinpath("water_basis.json").read_bytes(), type=BasisFile)


def species_factor(given: str, wanted: str) -> float:
    """Factor from a mass of one species to that of another of its element; raises UnitError where there is none."""
    if given == wanted:
        return 1.0
    for entry in basis_factors().factors:
        if (given, wanted) == (entry.element, entry.ion):
            return entry.factor
        if (given, wanted) == (entry.ion, entry.element):
            return 1.0 / entry.factor
    raise UnitError(f"{given} does not turn into {wanted or 'a value without a species'}")


@lru_cache(maxsize=4096)
def conversion(code: str, unit: str) -> Conversion:
    """How a value of a parameter, given in a unit, becomes one in the vocabulary's unit and species.

    A unit without a species means the parameter's own. Raises UnitError, also for an unknown parameter.
    """
    parameter = parameters().get(code)
    if parameter is None:
        raise UnitError(f"{code[:60]!r} is not in the vocabulary")
    written, basis = _split(unit.strip(), parameter)
    species = species_factor(basis, parameter.basis)
    given, wanted = _pint_name(written), _pint_name(parameter.unit)
    if given == wanted:
        return Conversion(species)
    if given in LIKE_NO_OTHER or wanted in LIKE_NO_OTHER or not PLAIN_UNIT.fullmatch(given):
        raise _refusal(parameter, unit)
    try:
        zero, one = (_quantity(number, given).to(wanted).magnitude for number in (0.0, 1.0))
    except (pint.PintError, ValueError) as error:  # a unit that reads as a number, «NaN», is a ValueError of pint
        raise _refusal(parameter, unit) from error
    return Conversion(round_factor(one - zero) * species, round_factor(zero) * species)


def to_parameter(code: str, value: float, *, unit: str) -> float:
    """A value in the vocabulary's unit and species; raises UnitError."""
    return conversion(code, unit)(value)


def round_factor(number: float) -> float:
    """Without the last bits of the conversion: 1000.0000000000001 is 1000."""
    return float(f"{number:.12g}")


def _split(unit: str, parameter: Parameter) -> tuple[str, str]:
    found = SPECIES.match(unit)
    if found is None or unit in SYNONYMS:
        return unit, parameter.basis
    return found["unit"], found["basis"]


def _pint_name(unit: str) -> str:
    return SYNONYMS.get(unit, unit.replace("µ", "u").replace("μ", "u").replace("mg/l", "mg/L").replace("ug/l", "ug/L"))


def _quantity(value: float, unit: str) -> Any:
    return _registry().Quantity(value, unit)


@cache
def _registry() -> Any:
    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def _refusal(parameter: Parameter, unit: str) -> UnitError:
    species = f" {parameter.basis}" if parameter.basis else ""
    return UnitError(
        f"{parameter.code!r} in {unit[:20]!r}; expected {parameter.unit}{species} or what converts into it"
    )
