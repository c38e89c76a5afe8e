"""Which instruments a blast of a given charge must have moved."""

from datetime import datetime
from functools import cache

import numpy as np

from uskat.blast.event.district import District
from uskat.blast.event.rules import event_rules
from uskat.blast.provenance import Act, Number, parse_data

LEAST_M = 50.0


class BlastAlertRules(Act):
    """How long records are waited for, when an instrument counts as alive, its trigger where the registry has none."""

    record_grace_h: Number
    alive_within_h: Number
    default_trigger_mm_s: Number


@cache
def blast_alert_rules() -> BlastAlertRules:
    """The rules that ship with the product."""
    return parse_data("alert_rules.json", BlastAlertRules)


def must_record(
    district: District, *, latitude: float, longitude: float, charge_kg: float, moment: datetime
) -> tuple[str, ...]:
    """Stations alive at a moment (UTC) whose trigger a blast of `charge_kg` per delay there exceeds by far.

    PPV = K·(R/√Q)^β of the nearest pit's law, against `silent_ratio` (event.json) times the trigger.
    """
    place = district.to_km(latitude, longitude)
    k, beta, _ = district.law_at(place)
    ratio = event_rules().network.silent_ratio

    def expected(code: str) -> float:
        """PPV at a station, mm/s."""
        distance = max(1000 * float(np.hypot(*(district.place_of[code] - place))), LEAST_M)
        return float(k * (distance / np.sqrt(charge_kg)) ** beta)

    return tuple(
        station.code
        for station in district.stations
        if station.was_alive(moment) and expected(station.code) >= ratio * station.trigger_mm_s
    )
