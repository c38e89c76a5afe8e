"""The visual rating of a blast's NOx cloud and the concentrations it is compared with.

Source: AEISG Code of Practice on blast-generated NOx gases, ed. 2 (2011), as retold in `blasting/norms.md` §4.5
(wording unverified: the code's own colour chart must lie beside it); thresholds: `uskat/data/blast/fume.json`.
"""

from enum import StrEnum
from functools import cache
from typing import Annotated

from pydantic import Field

from uskat.blast.passport.model import Moment
from uskat.blast.provenance import Act, Frozen, Number, Sourced, parse_data

MOLAR_VOLUME_25C_L = 24.465
"""Molar volume of an ideal gas at 25 °C and 101.325 kPa, l/mol."""
MOLAR_MASS_G = {"CO": 28.010, "NO": 30.006, "NO2": 46.005}
RATING_PATTERN = r"^(0|[1-5][ABC])$"
Rating = Annotated[str, Field(pattern=RATING_PATTERN)]


class Extent(StrEnum):
    """How much of the blast the cloud comes from."""

    LOCALISED = "A"
    MEDIUM = "B"
    EXTENSIVE = "C"


class FumeLevel(Sourced):
    """What a level looks like at the cloud's largest extent."""

    level_number: int = Field(alias="number", ge=0, le=5)
    look: str
    look_en: str


class FumeNorms(Act):
    """Levels and thresholds."""

    levels: tuple[FumeLevel, ...] = Field(min_length=6, max_length=6)
    incident_from_level: Number
    max_once_mg_m3: dict[str, Number]
    visible_no2_ppm: Number
    stel_no2_ppm: Number


class FumeObservation(Frozen):
    """What an observer saw. rating «0», «1A» … «5C»: level and extent; 0 has no letter."""

    rating: Rating = Field(title="Оценка облака", description="0 или уровень 1–5 с буквой A, B, C, например 2B")
    seconds_after: float | None = Field(
        None, title="Через сколько после взрыва", ge=0, le=86_400, json_schema_extra={"unit": "с"}
    )
    left_site: bool = Field(default=False, title="Облако вышло за границу участка")
    observer: str | None = Field(None, title="Наблюдатель", max_length=200)
    photo_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(None, title="SHA-256 снимка")
    observed_at: Moment | None = Field(None, title="Когда снято")

    @property
    def level(self) -> int:
        """0 … 5."""
        return int(self.rating[0])

    @property
    def extent(self) -> Extent | None:
        """None for level 0."""
        return Extent(self.rating[1]) if self.level else None


def is_incident(observation: FumeObservation, norms: FumeNorms) -> bool:
    """True for a level that needs an analysis of causes, or any visible cloud that left the site (§4.5)."""
    return observation.level >= norms.incident_from_level.value or (observation.left_site and observation.level > 0)


def mg_m3_of_ppm(gas: str, ppm: float) -> float:
    """Concentration at 25 °C, 101.325 kPa; gas: CO, NO or NO2; raises KeyError for another (§4.3)."""
    return ppm * MOLAR_MASS_G[gas] / MOLAR_VOLUME_25C_L


def ppm_of_mg_m3(gas: str, mg_m3: float) -> float:
    """Inverse of `mg_m3_of_ppm`."""
    return mg_m3 * MOLAR_VOLUME_25C_L / MOLAR_MASS_G[gas]


@cache
def fume_norms() -> FumeNorms:
    """The package's levels and thresholds."""
    return parse_data("fume.json", FumeNorms)
