"""Pits with their outlines and what lies around them, as a file: what a pre-check needs to know of the land.

The file (`uskat/data/blast/demo_surroundings.json` is the example) has `schema` 1, `demo`, `note`, `pits` and
`receptors`. A receptor with `place` instead of `shape` lies where the network's settlement of that code does.
"""

from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from uskat.blast.geometry import Point, area_m2, centre, crosses_itself
from uskat.blast.norm.curve import Receptor
from uskat.blast.passport.model import LEAST_BLOCK_M2, Code, Ground, Latitude, Longitude, Words
from uskat.blast.provenance import Frozen
from uskat.blast.shape import Shape


class ReceptorKind(StrEnum):
    """What stands there, as people say it; the class of the limits is a `Receptor`."""

    SETTLEMENT = "settlement"
    SCHOOL = "school"
    HOSPITAL = "hospital"
    BUILDING = "building"
    PIPELINE = "pipeline"


KIND_RU = {
    ReceptorKind.SETTLEMENT: "населённый пункт",
    ReceptorKind.SCHOOL: "школа",
    ReceptorKind.HOSPITAL: "больница",
    ReceptorKind.BUILDING: "здание",
    ReceptorKind.PIPELINE: "трубопровод",
}
PROTECTED_PLACES = frozenset({ReceptorKind.SETTLEMENT, ReceptorKind.SCHOOL, ReceptorKind.HOSPITAL})
"""Where people live or stay: wind and distances are watched towards these."""
PIPES = frozenset({Receptor.PIPE_STEEL, Receptor.PIPE_CONCRETE, Receptor.PIPE_MASONRY})
BUILDING_OF = {Receptor.INDUSTRIAL: "industrial_frame", Receptor.FRAME: "industrial_frame"}
"""Row of the seismic distance of ФНП 494 by class; all others are settlements there."""


class SurroundingsError(ValueError):
    """A file that is not one of surroundings; the text says where."""


class PitOutline(Frozen):
    """An open pit; outline without its first point repeated."""

    code: Code
    name: Words
    enterprise: Code
    outline: tuple[tuple[Longitude, Latitude], ...] = Field(min_length=3, max_length=500)

    @model_validator(mode="after")
    def _is_an_area(self) -> Self:
        if crosses_itself(self.outline) or area_m2(self.outline) < LEAST_BLOCK_M2:
            raise ValueError(f"{self.code}: the outline is no area")
        return self

    @property
    def middle(self) -> Point:
        """Centroid."""
        return centre(self.outline)


class ReceptorSite(Frozen):
    """What a blast may hurt. ground: under it; nmu_zone: whose warnings of adverse weather hold there."""

    code: Code
    name: Words
    kind: ReceptorKind
    receptor: Receptor
    shape: Shape | None = None
    place: Code | None = None
    ground: Ground = Ground.SOIL_WET
    nmu_zone: Words | None = None
    source: Words

    @model_validator(mode="after")
    def _lies_somewhere(self) -> Self:
        if (self.shape is None) == (self.place is None):
            raise ValueError(f"{self.code}: give either its shape or its place")
        if (self.kind is ReceptorKind.PIPELINE) != (self.receptor in PIPES):
            raise ValueError(f"{self.code}: a pipeline and only a pipeline has a class of pipes")
        return self

    @property
    def building(self) -> str:
        """Row of the seismic distance of ФНП 494."""
        return BUILDING_OF.get(self.receptor, "settlement")


class Surroundings(Frozen):
    """A whole file."""

    schema_version: Literal[1] = Field(alias="schema")
    demo: bool = False
    note: str = ""
    pits: tuple[PitOutline, ...] = ()
    receptors: tuple[ReceptorSite, ...] = ()

    @model_validator(mode="after")
    def _codes_are_unique(self) -> Self:
        for items in (self.pits, self.receptors):
            codes = [item.code for item in items]
            twice = sorted({code for code in codes if codes.count(code) > 1})
            if twice:
                raise ValueError(f"{', '.join(twice)}: more than once")
        return self


def load_surroundings(text: str | bytes) -> Surroundings:
    """The file as values; raises SurroundingsError."""
    try:
        return Surroundings.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(key) for key in first["loc"])
        raise SurroundingsError(f"{place}: {first['msg']} ({error.error_count()} in all)") from None


@cache
def demo_surroundings() -> Surroundings:
    """Invented pits and receptors around the demo network's enterprises."""
    return load_surroundings(files("uskat.data").joinpath("blast", "demo_surroundings.json").read_text("utf-8"))
