"""Norm packs: one act, or one local decision, as a JSON file with schema, source, validity and verified flags.

Files live in `uskat/data/norms`; their JSON Schema (`pack_schema`) is published as `uskat/data/norm_pack.schema.json`.
Source of the values: shared sheet `water/norms.md` §1.
"""

import json
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from uskat.water.background import Rise
from uskat.water.parameters import parameters

SCHEMA = 1


class Form(StrEnum):
    """How a limit is meant. background_delta limits the rise above a background and needs one to be judged."""

    MAX = "max"
    MIN = "min"
    RANGE = "range"
    BACKGROUND_DELTA = "background_delta"


class Level(StrEnum):
    """How far a value is verified: in the act itself, in a secondary source, or not at all."""

    VERIFIED = "verified"
    SECONDARY = "secondary"
    MEMORY = "memory"


NEEDED = {Form.MAX: {"max"}, Form.MIN: {"min"}, Form.RANGE: {"min", "max"}, Form.BACKGROUND_DELTA: {"delta"}}
ALLOWED = NEEDED | {Form.BACKGROUND_DELTA: {"delta", "ceiling", "natural_above", "natural_share"}}


class PackError(ValueError):
    """A pack that is well-formed and still cannot be: it contradicts the vocabulary or another pack."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Values(_Model):
    """Numbers of a limit for one water use, in the item's unit; which of them are needed follows from its form."""

    min: float | None = None
    max: float | None = None
    delta: float | None = None
    ceiling: float | None = None
    natural_above: float | None = None
    natural_share: float | None = Field(None, gt=0, lt=1)


class PollutionLevels(_Model):
    """Thresholds of high (ВЗ) and extremely high (ЭВЗ) pollution, in the item's unit."""

    high_from: float
    extreme_from: float
    extreme_inclusive: bool
    level: Level
    rule: str
    source: str


class Season(_Model):
    """Months of a season of the norms, local calendar."""

    months: tuple[int, ...]
    level: Level
    note: str | None = None


class Judgement(_Model):
    """Project rules of a pack: share of valid readings, margin and number of intervals for the way back."""

    valid_share: float = Field(0.75, gt=0, le=1)
    return_margin: float = Field(0.05, ge=0, lt=1)
    return_consecutive: int = Field(2, ge=1)
    note: str | None = None


class AppliesTo(_Model):
    """Water bodies of a local pack, by code: whole rivers, single stations."""

    rivers: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.rivers and not self.stations:
            raise ValueError("applies_to names neither a river nor a station")
        return self


class Item(_Model):
    """One limit: a parameter, a form, numbers by water use, and how far each is verified."""

    parameter: str
    name: str
    unit: str
    basis: str = ""
    season: str | None = None
    form: Form
    reference: Literal["upstream", "hottest_month"] = "upstream"
    values: dict[str, Values]
    hazard_class: int | None = Field(None, ge=1, le=4)
    limiting_sign: str | None = None
    pollution_levels: PollutionLevels | None = None
    level: Level
    class_level: Level | None = None
    source: str
    note: str | None = None

    @model_validator(mode="after")
    def _values_fit_the_form(self) -> Self:
        for use, values in self.values.items():
            given = set(values.model_dump(exclude_none=True))
            if not NEEDED[self.form] <= given <= ALLOWED[self.form]:
                raise ValueError(f"{self.parameter}, {use}: form {self.form.value} needs {NEEDED[self.form]}")
            if ("natural_above" in given) != ("natural_share" in given):
                raise ValueError(f"{self.parameter}, {use}: natural_above and natural_share come together")
        return self

    def rise(self, water_use: str) -> Rise | None:
        """What the item allows above a background; None for forms that need none."""
        values = self.values[water_use]
        if values.delta is None:
            return None
        return Rise(values.delta, values.ceiling, values.natural_above, values.natural_share, self.reference)


class NormPack(_Model):
    """One act: when it holds, for which water uses and bodies, and its limits – its own or those of `values_from`."""

    schema_version: int = Field(alias="schema")
    id: str
    title: str
    title_en: str
    valid_from: date
    valid_to: date | None
    act_verified: bool
    sources: tuple[str, ...]
    note: str | None = None
    values_from: str | None = None
    verified: bool | None = None
    applies_to: AppliesTo | None = None
    water_uses: tuple[str, ...] = ()
    seasons: dict[str, Season] = {}
    judgement: Judgement = Judgement()
    norms: tuple[Item, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.schema_version != SCHEMA:
            raise ValueError(f"pack {self.id}: schema {self.schema_version}, known is {SCHEMA}")
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError(f"pack {self.id}: it ends before it begins")
        if bool(self.norms) == bool(self.values_from):
            raise ValueError(f"pack {self.id}: either own norms or values_from")
        missing = {item.season for item in self.norms if item.season} - set(self.seasons)
        if missing:
            raise ValueError(f"pack {self.id}: unknown seasons {sorted(missing)}")
        return self

    def holds_on(self, day: date) -> bool:
        """True when the act is in force on a local date."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def load_pack(text: str) -> NormPack:
    """A pack from its file; raises pydantic.ValidationError, or PackError for a unit or species not its parameter's.

    A limit for N and a reading of NH4 can therefore never meet: both speak the unit and species of the vocabulary.
    """
    pack = NormPack.model_validate_json(text)
    for item in pack.norms:
        known = parameters().get(item.parameter)
        if known is None:
            raise PackError(f"pack {pack.id}: no parameter {item.parameter!r} in the vocabulary")
        if (item.unit, item.basis) != (known.unit, known.basis):
            raise PackError(
                f"pack {pack.id}, {item.parameter}: {item.unit} {item.basis} is not {known.unit} {known.basis}; "
                "convert the number (uskat.water.units) and note it"
            )
    return pack


@cache
def norm_packs() -> dict[str, NormPack]:
    """Every pack of `uskat/data/norms` by id; raises like `load_pack` for a file that is not one."""
    folder = files("uskat.data").joinpath("norms")
    texts = [entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".json")]
    return packs_by_id([load_pack(text) for text in texts])


def packs_by_id(packs: list[NormPack]) -> dict[str, NormPack]:
    """Packs by id; raises PackError for two of one id, or values taken from a pack that has none of its own."""
    found = {pack.id: pack for pack in packs}
    if len(found) < len(packs):
        raise PackError("two packs have the same id")
    for pack in packs:
        if pack.values_from is not None and found[pack.values_from].values_from is not None:
            raise PackError(f"pack {pack.id}: values_from must name a pack with values of its own")
    return found


def pack_schema() -> str:
    """JSON Schema of a pack file, as text."""
    schema: dict[str, Any] = NormPack.model_json_schema(by_alias=True)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
