"""Where a number of the blasting room comes from, how far it is verified, and when its act holds.

Numbers live in `uskat/data/blast`, never in code; a number without a source is not a number (`blasting/norms.md`,
flags: V verified, V2 secondary, M memory). A project rule of ours counts as `memory` and says so in its source.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Level(StrEnum):
    """How far a value is verified: in the document itself, in a secondary source, or not at all."""

    VERIFIED = "verified"
    SECONDARY = "secondary"
    MEMORY = "memory"


LEVEL_RU = {
    Level.VERIFIED: "проверено по документу",
    Level.SECONDARY: "по вторичному источнику",
    Level.MEMORY: "не проверено по документу",
}
LEVELS = tuple(Level)


def weakest(levels: Iterable[Level]) -> Level:
    """The least verified of several: a result is no better than its worst input. No levels: verified."""
    return max(levels, key=LEVELS.index, default=Level.VERIFIED)


class Frozen(BaseModel):
    """A value type: unknown fields are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, by the names of the wire."""
        return self.model_dump(mode="json", by_alias=True)


class Sourced(Frozen):
    """Anything that must say where it is from."""

    level: Level
    source: str = Field(min_length=1)
    clause: str | None = None

    @property
    def verified(self) -> bool:
        """True when the number was read in the document itself."""
        return self.level is Level.VERIFIED


class Number(Sourced):
    """One number with its unit and source."""

    value: float
    unit: str


class Span(Sourced):
    """A range of published numbers; low = high when there is one."""

    low: float
    high: float
    unit: str

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.high < self.low:
            raise ValueError(f"{self.low} .. {self.high} is no range")
        return self

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


class Act(Frozen):
    """A versioned data file: which act, when it holds (local dates, half-open), what is known of the act itself."""

    schema_version: int = Field(alias="schema", ge=1, le=1)
    id: str
    title: str
    title_en: str
    valid_from: date
    valid_to: date | None
    act_level: Level
    sources: tuple[str, ...] = Field(min_length=1)
    note: str | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError(f"{self.id}: it ends before it begins")
        return self

    def holds_on(self, day: date) -> bool:
        """True when the act is in force on a local date."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


ActT = TypeVar("ActT", bound=Act)
ModelT = TypeVar("ModelT", bound=BaseModel)


class NoActError(LookupError):
    """No act known to the product was in force on that day, nor before it."""


@dataclass(frozen=True, slots=True)
class Choice(Generic[ActT]):
    """The act used for a day. in_force False: the newest known one has ended and its successor is not loaded."""

    act: ActT
    in_force: bool

    @property
    def warning(self) -> str | None:
        """What a person must know before using an ended act, in Russian."""
        if self.in_force:
            return None
        return f"Срок действия акта истёк {self.act.valid_to:%d.%m.%Y}, преемник не загружен: {self.act.title}."


def act_on(acts: Iterable[ActT], day: date) -> Choice[ActT]:
    """The act in force on a local date, or the newest ended one, marked so; raises NoActError before the first."""
    begun = sorted((act for act in acts if act.valid_from <= day), key=lambda act: act.valid_from)
    if not begun:
        raise NoActError(f"no act in force on {day}")
    newest = begun[-1]
    return Choice(newest, newest.holds_on(day))


def parse_data(name: str, model: type[ModelT]) -> ModelT:
    """A file of `uskat/data/blast`; raises pydantic.ValidationError for a file that is not what it says."""
    return model.model_validate_json(_text(name))


@cache
def _text(name: str) -> str:
    return files("uskat.data").joinpath("blast", name).read_text(encoding="utf-8")
