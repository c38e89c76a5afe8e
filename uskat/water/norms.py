"""Norms in force: which limit held for a parameter, a water use and a water body at a moment, and what breaks it.

Which pack holds is decided by the local date (Asia/Novokuznetsk) of the sample, never by today; a pack made for the
water body goes before a general one. Source of the ВЗ/ЭВЗ rule: shared sheet `water/norms.md` §2.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from uskat.finding import Severity
from uskat.water.background import Background, BackgroundSource, Rise, allowed_maximum
from uskat.water.norm_pack import AppliesTo, Form, Item, Judgement, Level, NormPack, norm_packs

__all__ = [
    "LOCAL_ZONE",
    "Form",
    "Judgement",
    "Level",
    "Norm",
    "NormPack",
    "WaterBody",
    "choose_norm",
    "exceeds",
    "excess",
    "is_back",
    "is_judged",
    "least_maximum",
    "needs_background",
    "norm_in_force",
    "norm_packs",
    "severity_of",
    "with_background",
]

LOCAL_ZONE = ZoneInfo("Asia/Novokuznetsk")
LIMIT_DECIMALS = 9
"""Finer than any norm and any parameter's resolution."""


@dataclass(frozen=True, slots=True)
class WaterBody:
    """Where water was sampled, by code, for norms that hold only there."""

    river: str | None = None
    station: str | None = None


ANYWHERE = WaterBody()


@dataclass(frozen=True, slots=True)
class Norm:
    """A limit in force for one parameter, water use and moment, in the parameter's unit.

    rise: what is allowed above a background; minimum and maximum are then empty until `with_background`. local: from
    a pack of this water body.
    """

    pack: str
    pack_title: str
    parameter: str
    form: Form
    minimum: float | None
    maximum: float | None
    rise: Rise | None
    season: str | None
    hazard_class: int | None
    high_from: float | None
    extreme_from: float | None
    extreme_inclusive: bool
    level: Level
    source: str
    values_from: str | None
    judgement: Judgement
    local: bool = False
    background: Background | None = None

    @property
    def delta(self) -> float | None:
        """Allowed rise above the background."""
        return self.rise.delta if self.rise is not None else None

    def to_json(self) -> dict[str, Any]:
        """Reference for an alert: pack, clause, limits, and whether it is verified."""
        return {
            "pack": self.pack,
            "title": self.pack_title,
            "values_from": self.values_from,
            "form": self.form.value,
            "min": self.minimum,
            "max": self.maximum,
            "delta": self.delta,
            "season": self.season,
            "hazard_class": self.hazard_class,
            "local": self.local,
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
    """Violation, ВЗ or ЭВЗ (norms.md §2.2) of an exceeding value; notice where the background is only the season's."""
    if norm.background is not None and norm.background.source is BackgroundSource.SEASON:
        return Severity.NOTICE
    if norm.high_from is None or norm.extreme_from is None:
        return Severity.VIOLATION
    sign = -1 if norm.form is Form.MIN else 1
    beyond = sign * (value - norm.extreme_from)
    if beyond > 0 or (beyond == 0 and norm.extreme_inclusive):
        return Severity.EXTREME
    return Severity.HIGH if sign * (value - norm.high_from) >= 0 else Severity.VIOLATION


def with_background(norm: Norm, background: Background, *, uncertainty: float) -> Norm:
    """A norm of a rise made comparable: its maximum is what is allowed over the background, plus what noise explains.

    uncertainty: expanded (k = 2) of one reading, in the parameter's unit. A difference of two measured values within
    √(U² + U² + U_background²) proves no rise. Raises ValueError for a norm that limits no rise.
    """
    if norm.rise is None:
        raise ValueError(f"the norm of {norm.parameter} limits no rise above a background")
    noise = (2 * uncertainty**2 + background.uncertainty**2) ** 0.5
    return replace(norm, maximum=_decimal(allowed_maximum(norm.rise, background.value) + noise), background=background)


def least_maximum(norm: Norm) -> Norm:
    """A norm of a rise over the lowest background there is, zero: what is inside it is inside it over any other."""
    return replace(norm, maximum=norm.delta)


@cache
def is_judged(parameter: str, water_use: str) -> bool:
    """True when some pack holds a limit for the parameter that readings alone can be compared with."""
    return any(item.form is not Form.BACKGROUND_DELTA for item in _items(parameter, water_use))


@cache
def needs_background(parameter: str, water_use: str | None = None) -> bool:
    """True when some pack limits the rise above a background that posts can tell. water_use None: any use."""
    return any(
        item.form is Form.BACKGROUND_DELTA and item.reference == "upstream" for item in _items(parameter, water_use)
    )


def _items(parameter: str, water_use: str | None) -> list[Item]:
    items = [item for pack in norm_packs().values() for item in pack.norms if item.parameter == parameter]
    return [item for item in items if water_use is None or water_use in item.values]


def norm_in_force(parameter: str, moment: datetime, *, water_use: str, body: WaterBody | None = None) -> Norm | None:
    """The limit that held at a moment (UTC) for a parameter code, a station's water use and its water body.

    None where none does.
    """
    named = _named_in_packs()
    place = WaterBody(
        body.river if body and body.river in named.rivers else None,
        body.station if body and body.station in named.stations else None,
    )
    return _norm_on(parameter, water_use, moment.astimezone(LOCAL_ZONE).date(), place)


@cache
def _named_in_packs() -> AppliesTo:
    """Every water body with norms of its own, so that all the others share one entry of the cache."""
    local = [pack.applies_to for pack in norm_packs().values() if pack.applies_to is not None]
    return AppliesTo.model_construct(
        rivers=tuple(river for one in local for river in one.rivers),
        stations=tuple(station for one in local for station in one.stations),
    )


@lru_cache(maxsize=65536)
def _norm_on(parameter: str, water_use: str, day: date, body: WaterBody) -> Norm | None:
    return choose_norm(norm_packs(), parameter, water_use=water_use, day=day, body=body)


def choose_norm(
    packs: Mapping[str, NormPack], parameter: str, *, water_use: str, day: date, body: WaterBody = ANYWHERE
) -> Norm | None:
    """The same from given packs, for a local date: of the station before of the river before of any water body."""
    for pack in _by_precedence(packs.values(), body):
        if pack.holds_on(day):
            origin = packs[pack.values_from] if pack.values_from else pack
            found = _norm_of(pack, origin, parameter=parameter, water_use=water_use, day=day)
            if found is not None:
                return found
    return None


def _by_precedence(packs: Iterable[NormPack], body: WaterBody) -> list[NormPack]:
    ranked = [(_closeness(pack, body), pack) for pack in packs]
    held = [(rank, pack) for rank, pack in ranked if rank is not None]
    return [pack for _, pack in sorted(held, key=lambda entry: (entry[0], entry[1].valid_from), reverse=True)]


def _closeness(pack: NormPack, body: WaterBody) -> int | None:
    if pack.applies_to is None:
        return 0
    if body.station in pack.applies_to.stations:
        return 2
    return 1 if body.river in pack.applies_to.rivers else None


def _norm_of(pack: NormPack, origin: NormPack, *, parameter: str, water_use: str, day: date) -> Norm | None:
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
            rise=item.rise(water_use),
            season=item.season,
            hazard_class=item.hazard_class,
            high_from=levels.high_from if levels else None,
            extreme_from=levels.extreme_from if levels else None,
            extreme_inclusive=levels.extreme_inclusive if levels else True,
            level=Level.MEMORY if pack.verified is False else item.level,
            source=item.source,
            values_from=pack.values_from,
            judgement=origin.judgement,
            local=pack.applies_to is not None,
        )
    return None
