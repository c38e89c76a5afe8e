"""Limits of ground vibration as versioned data (`uskat/data/blast`)."""

from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HandlingRule(_Model):
    """A record stronger than this on every axis and slower than this was made by hands on the sensor."""

    pvs_above_mm_s: float = Field(gt=0)
    zc_below_hz: float = Field(gt=0)
    verified: bool
    source: str


class VibrationLimit(_Model):
    """Largest PPV of a component, mm/s, with its source and degree of verification."""

    schema_version: Literal[1] = Field(alias="schema")
    id: str
    title: str
    title_en: str
    valid_from: date
    valid_to: date | None
    ppv_mm_s: float = Field(gt=0)
    verified: bool
    source: str
    handling: HandlingRule

    def to_json(self) -> dict[str, Any]:
        """Reference for an alert."""
        return {
            "pack": self.id,
            "title": self.title,
            "max": self.ppv_mm_s,
            "verified": self.verified,
            "level": "verified" if self.verified else "memory",
            "source": self.source,
        }


@cache
def default_limit() -> VibrationLimit:
    """The limit that holds where no other is set."""
    text = files("uskat.data").joinpath("blast", "limits_default.json").read_text(encoding="utf-8")
    return VibrationLimit.model_validate_json(text)
