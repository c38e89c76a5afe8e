"""What stands at a station and by which norm its vibration is judged: the registry's word, else the project's rule.

Rules: `uskat/data/blast/receptor_rules.json`. A station says `receptor` in its properties: a class («dwelling»), or
{"class", "place", "norm", "microphone_corner_hz"}.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from pydantic import Field, model_validator

from uskat.blast.norm.curve import LimitCurve, Place, Receptor
from uskat.blast.norm.pack import LimitNorm, UnknownNormError, limit_norm
from uskat.blast.provenance import Act, Number, Sourced, parse_data


class NormChoice(Sourced):
    """Receptors that a norm judges."""

    receptors: tuple[Receptor, ...] = Field(min_length=1)
    norm: str


class ReceptorRules(Act):
    """Which norm judges which receptor, on the ground and in the air."""

    ground: tuple[NormChoice, ...] = Field(min_length=1)
    airblast: NormChoice
    microphone_corner_hz: Number

    @model_validator(mode="after")
    def _every_receptor_once(self) -> Self:
        named = [receptor for choice in self.ground for receptor in choice.receptors]
        if sorted(named) != sorted(Receptor):
            raise ValueError("every receptor has one norm of the ground")
        return self


@cache
def receptor_rules() -> ReceptorRules:
    """The rules that ship with the product."""
    return parse_data("receptor_rules.json", ReceptorRules)


def ground_norms() -> dict[Receptor, LimitNorm]:
    """The norm that judges the ground at each class of receptor."""
    return {receptor: limit_norm(choice.norm) for choice in receptor_rules().ground for receptor in choice.receptors}


def airblast_limit_dbl(receptor: Receptor) -> float | None:
    """Largest peak level in the air at a receptor, dB(L), for a usual microphone; None where none is set."""
    rules = receptor_rules()
    if receptor not in rules.airblast.receptors:
        return None
    limit = limit_norm(rules.airblast.norm).airblast_for(rules.microphone_corner_hz.value)
    return None if limit is None else limit.level_db


@dataclass(frozen=True, slots=True)
class SiteReceptor:
    """What is protected at a station, and the norms that protect it; corner_hz: lower corner of its microphone.

    curve None: the norm says nothing of such a receptor at such a place. air None: airblast is not judged there.
    """

    receptor: Receptor
    norm: LimitNorm
    curve: LimitCurve | None
    air: LimitNorm | None
    corner_hz: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "class": self.receptor.value,
            "norm": self.norm.id,
            "curve": self.curve.id if self.curve else None,
            "microphone_corner_hz": self.corner_hz,
        }


def site_receptor(properties: Mapping[str, Any]) -> SiteReceptor | None:
    """The receptor that a station's properties name.

    None when they name none, or a class, place or norm that is not known: then the default limit judges.
    """
    entry = properties.get("receptor")
    if isinstance(entry, str):
        entry = {"class": entry}
    if not isinstance(entry, Mapping):
        return None
    rules = receptor_rules()
    try:
        receptor = Receptor(entry.get("class", ""))
        place = Place(entry["place"]) if entry.get("place") else None
        norm = limit_norm(str(entry.get("norm") or _norm_of(receptor, rules)))
        corner_hz = float(entry.get("microphone_corner_hz") or rules.microphone_corner_hz.value)
    except (ValueError, TypeError, UnknownNormError):
        return None
    air = limit_norm(rules.airblast.norm) if receptor in rules.airblast.receptors else None
    return SiteReceptor(receptor, norm, _curve(norm, receptor, place), air, corner_hz)


def _norm_of(receptor: Receptor, rules: ReceptorRules) -> str:
    return next(choice.norm for choice in rules.ground if receptor in choice.receptors)


def _curve(norm: LimitNorm, receptor: Receptor, place: Place | None) -> LimitCurve | None:
    try:
        return norm.curve_for(receptor, place)
    except UnknownNormError:
        return None
