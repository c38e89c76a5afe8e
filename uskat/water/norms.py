"""Norm packs: limits of water quality as versioned data with their validity, source and degree of verification.

A pack is a JSON file in `uskat/data/norms`. Which one holds is decided by the local date (Asia/Novokuznetsk) of the
sample, never by today. Source of the values and of the ВЗ/ЭВЗ rule: shared sheet `water/norms.md` §1–2.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from uskat.finding import Severity

LOCAL_ZONE = ZoneInfo("Asia/Novokuznetsk")
SCHEMA = 1
LIMIT_DECIMALS = 9
"""Finer than any norm and any parameter's resolution."""


class Form(StrEnum):
    """How a limit is meant. background_delta needs a background station and is declared, not evaluated, here."""

    MAX = "max"
    MIN = "min"
    RANGE = "range"
    BACKGROUND_DELTA = "background_delta"


class Level(StrEnum):
    """How far a value is verified: in the act itself, in a secondary source, or not at all."""

    VERIFIED = "verified"
    SECONDARY = "secondary"
    MEMORY = "memory"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Values(_Model):
    min: float | None = None
    max: float | None = None
    delta: float | None = None


class _PollutionLevels(_Model):
    high_from: float
    extreme_from: float
    extreme_inclusive: bool
    level: Level
    rule: str
    source: str


class _Season(_Model):
    months: tuple[int, ...]
    level: Level
    note: str | None = None


class Judgement(_Model):
    """Project rules of a pack: share of valid readings, margin and number of intervals for the way back."""

    valid_share: float = Field(0.75, gt=0, le=1)
    return_margin: float = Field(0.05, ge=0, lt=1)
    return_consecutive: int = Field(2, ge=1)
    note: str | None = None


class _Item(_Model):
    parameter: str
    name: str
    unit: str
    basis: str = ""
    season: str | None = None
    form: Form
    values: dict[str, _Values]
    hazard_class: int | None = Field(None, ge=1, le=4)
    limiting_sign: str | None = None
    pollution_levels: _PollutionLevels | None = None
    level: Level
    class_level: Level | None = None
    source: str
    note: str | None = None

    @model_validator(mode="after")
    def _values_fit_the_form(self) -> Self:
        wanted = {Form.MAX: {"max"}, Form.MIN: {"min"}, Form.RANGE: {"min", "max"}, Form.BACKGROUND_DELTA: {"delta"}}
        for use, values in self.values.items():
            if set(values.model_dump(exclude_none=True)) != wanted[self.form]:
                raise ValueError(f"{self.parameter}, {use}: form {self.form.value} needs {wanted[self.form]}")
        return self


class NormPack(_Model):
    """One act: when it holds, for which water uses, and its limits – its own or those of `values_from`."""

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
    water_uses: tuple[str, ...] = ()
    seasons: dict[str, _Season] = {}
    judgement: Judgement = Judgement()
    norms: tuple[_Item, ...] = ()

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


@dataclass(frozen=True, slots=True)
class Norm:
    """A limit in force for one parameter, water use and moment, in the parameter's unit."""

    pack: str
    pack_title: str
    parameter: str
    form: Form
    minimum: float | None
    maximum: float | None
    delta: float | None
    season: str | None
    hazard_class: int | None
    high_from: float | None
    extreme_from: float | None
    extreme_inclusive: bool
    level: Level
    source: str
    values_from: str | None
    judgement: Judgement

    def to_json(self) -> dict[str, Any]:
        """Reference for an alert: pack, clause, limits, and whether it is verified."""
        return {
            "pack": self.pack,
            "title": self.pack_title,
            "values_from": self.values_from,
            "form": self.form.value,
            "min": self.minimum,
            "max": self.maximum,
            "season": self.season,
            "hazard_class": self.hazard_class,
            "level": self.level.value,
            "verified": self.level is Level.VERIFIED,
            "source": self.source,
        }


def exceeds(norm: Norm, value: float) -> bool:
    """True when a value breaks the limit; the limit itself does not break it."""
    above = norm.maximum is not None and value > norm.maximum
    below = norm.minimum is not None and value < norm.minimum
    return above or below


def is_back(norm: Norm, value: float) -> bool:
    """True when a value is inside by the pack's margin: of the limit, or of a range's width."""
    margin = norm.judgement.return_margin
    if norm.minimum is not None and norm.maximum is not None:
        reserve = margin * (norm.maximum - norm.minimum)
        return _decimal(norm.minimum + reserve) <= value <= _decimal(norm.maximum - reserve)
    if norm.maximum is not None:
        return value <= _decimal(norm.maximum * (1 - margin))
    return norm.minimum is not None and value >= _decimal(norm.minimum * (1 + margin))


def _decimal(limit: float) -> float:
    """The limit without the last bits of a product: 6.0 · 1.05 is 6.3 and not 6.300000000000001."""
    return round(limit, LIMIT_DECIMALS)


def excess(norm: Norm, value: float) -> float:
    """How far outside a value is, in its unit; 0 inside."""
    if norm.maximum is not None and value > norm.maximum:
        return value - norm.maximum
    if norm.minimum is not None and value < norm.minimum:
        return norm.minimum - value
    return 0.0


def severity_of(norm: Norm, value: float) -> Severity:
    """Violation, ВЗ or ЭВЗ (norms.md §2.2) of an exceeding value."""
    if norm.high_from is None or norm.extreme_from is None:
        return Severity.VIOLATION
    sign = -1 if norm.form is Form.MIN else 1
    beyond = sign * (value - norm.extreme_from)
    if beyond > 0 or (beyond == 0 and norm.extreme_inclusive):
        return Severity.EXTREME
    return Severity.HIGH if sign * (value - norm.high_from) >= 0 else Severity.VIOLATION


@cache
def norm_packs() -> dict[str, NormPack]:
    """Every pack of `uskat/data/norms` by id; raises pydantic.ValidationError for a file that is not one."""
    folder = files("uskat.data").joinpath("norms")
    texts = [entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".json")]
    packs = {pack.id: pack for pack in map(NormPack.model_validate_json, texts)}
    for pack in packs.values():
        if pack.values_from is not None and packs[pack.values_from].values_from is not None:
            raise ValueError(f"pack {pack.id}: values_from must name a pack with values of its own")
    return packs


@cache
def is_judged(parameter: str, water_use: str) -> bool:
    """True when some pack holds a limit for the parameter that readings alone can be compared with."""
    return any(
        item.parameter == parameter and water_use in item.values and item.form is not Form.BACKGROUND_DELTA
        for pack in norm_packs().values()
        for item in pack.norms
    )


def norm_in_force(parameter: str, moment: datetime, *, water_use: str) -> Norm | None:
    """The limit that held at a moment (UTC) for a parameter code and a station's water use; None where none does."""
    return _norm_on(parameter, water_use, moment.astimezone(LOCAL_ZONE).date())


@lru_cache(maxsize=65536)
def _norm_on(parameter: str, water_use: str, day: date) -> Norm | None:
    for pack in sorted(norm_packs().values(), key=lambda pack: pack.valid_from, reverse=True):
        if pack.valid_from <= day and (pack.valid_to is None or day < pack.valid_to):
            found = _norm_of(pack, parameter, water_use=water_use, day=day)
            if found is not None:
                return found
    return None


def _norm_of(pack: NormPack, parameter: str, *, water_use: str, day: date) -> Norm | None:
    origin = norm_packs()[pack.values_from] if pack.values_from else pack
    for item in origin.norms:
        in_season = item.season is None or day.month in origin.seasons[item.season].months
        if item.parameter != parameter or not in_season or water_use not in item.values:
            continue
        values, levels = item.values[water_use], item.pollution_levels
        return Norm(
            pack=pack.id,
            pack_title=pack.title,
            parameter=parameter,
            form=item.form,
            minimum=values.min,
            maximum=values.max,
            delta=values.delta,
            season=item.season,
            hazard_class=item.hazard_class,
            high_from=levels.high_from if levels else None,
            extreme_from=levels.extreme_from if levels else None,
            extreme_inclusive=levels.extreme_inclusive if levels else True,
            level=Level.MEMORY if pack.verified is False else item.level,
            source=item.source,
            values_from=pack.values_from,
            judgement=origin.judgement,
        )
    return None
