"""Rules of the restrictions (`uskat/data/blast/restrictions.json`) and local rules of an enterprise or pit."""

from datetime import datetime, time, tzinfo
from functools import cache
from typing import Self

from pydantic import Field, model_validator

from uskat.blast.provenance import Act, Frozen, Number, Sourced, parse_data


class Hours(Sourced):
    """Local hours on weekdays (0 Monday) in which blasting is allowed; both ends included."""

    days: tuple[int, ...] = Field(min_length=1)
    opens: time
    closes: time

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.closes <= self.opens or not set(self.days) <= set(range(7)):
            raise ValueError("hours run forward on days 0 to 6")
        return self

    def allow(self, moment: datetime, zone: tzinfo) -> bool:
        """True for a moment inside the hours of its local day."""
        local = moment.astimezone(zone)
        return local.weekday() in self.days and self.opens <= local.time() <= self.closes


class LocalRule(Sourced):
    """What a permit or project sets for one pit; None: it sets nothing."""

    pit: str
    hours: tuple[Hours, ...] = ()
    wind_at_most_m_s: float | None = None
    visibility_at_least_m: float | None = None


class RestrictionRules(Act):
    """All rules of the restrictions."""

    nmu_increase: dict[int, Number]
    nmu_stop_from_degree: Number
    wind_angle_deg: Number
    wind_distance_m: Number
    sanitary_zone_m: Number
    weather_age_s: Number
    daylight_elevation_deg: Number
    inversion_below_m: Number
    simultaneous_s: Number
    publish_ahead_h: Number
    hours_for_comparison: Hours


class Place(Frozen):
    """A settlement or another protected place; zone: of НМУ warnings."""

    name: str
    longitude: float = Field(ge=-180, le=180)
    latitude: float = Field(ge=-85, le=85)
    zone: str | None = None


@cache
def restriction_rules() -> RestrictionRules:
    """The packaged rules."""
    return parse_data("restrictions.json", RestrictionRules)
