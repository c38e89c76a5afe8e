"""The evaluation cases: discharges, natural events, faults, quiet months and late delivery, drawn from a seed.

What is tried is fixed by the tables below; when, how long, how strong and in which year is drawn, so that another seed
is another test. Sizes are set by what the first station with the right instrument sees, not by the outlet.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from simulators.case import Case
from simulators.case_trouble import FAULTS, LATE, MIXED, NATURAL, QUIET, SERVICE, Trouble
from simulators.discharge_size import sized
from simulators.scenario import Discharge, Scenario
from uskat.water.network import Network

WARMUP_DAYS = 12.0
AFTER_DAYS = 4.5
DATES = {
    "ice": ("2026-01-20", "2026-02-14", "2026-03-12", "2026-12-12"),
    "flood": ("2026-05-04", "2026-05-24"),
    "melt": ("2026-04-12", "2026-04-24"),
    "summer": ("2026-06-24", "2026-07-15", "2026-08-10"),
    "autumn": ("2026-09-12", "2026-10-06"),
}
SEASONS = ("summer", "ice", "autumn", "flood", "melt")
NORM_NH4 = 0.5
"""Norm of ammonium for fishery water, mg/L: what a discharge is sized by; the truth itself asks the norm packs."""


@dataclass(frozen=True, slots=True)
class Spill:
    """One discharge to try: where, what, how long (hours to draw from), in which seasons, and its peak at a station."""

    outlet: str
    station: str
    parameter: str
    peak: float
    hours: tuple[int, ...]
    seasons: tuple[str, ...]
    kind: str | None = None
    effluent: tuple[tuple[str, float], ...] = ()
    label: str = ""


SPILLS = (
    Spill("out-bg-1", "U-25", "nh4", 2 * NORM_NH4, (4, 8, 12), ("summer", "autumn")),
    Spill("out-kp-1", "TA-2", "nh4", 1.2 * NORM_NH4, (8, 12, 24), ("autumn", "summer"), label="small"),
    Spill("out-zv-1", "U-36", "nh4", 2 * NORM_NH4, (12, 24), ("summer", "autumn")),
    Spill("out-sk-1", "U-15", "turb", 60.0, (4, 8), ("summer", "autumn")),
    Spill("out-dl-1", "U-43", "nh4", 3 * NORM_NH4, (8, 12), ("flood", "summer"), label="heavy"),
    Spill("out-sl-1", "TA-2", "nh4", 2 * NORM_NH4, (8, 12), ("ice",)),
    Spill("out-kp-1", "TA-2", "nh4", 5 * NORM_NH4, (2, 4), ("ice",), label="heavy"),
    Spill("out-bg-1", "U-25", "nh4", 1.2 * NORM_NH4, (12, 24), ("ice",), label="small"),
    Spill("out-zv-1", "U-36", "nh4", 1.4 * NORM_NH4, (12, 24), ("ice", "melt"), label="small"),
    Spill("out-sk-1", "U-15", "turb", 400.0, (2, 4), ("flood", "ice"), label="heavy"),
    Spill("out-sl-1", "TA-2", "nh4", 5 * NORM_NH4, (4, 8), ("summer", "flood"), label="heavy"),
    Spill("out-dl-1", "U-43", "nh4", 1.5 * NORM_NH4, (12, 24), ("ice",)),
    Spill("out-sk-1", "U-08", "oil", 0.25, (4, 8), ("summer", "autumn"), kind="oil", label="oil"),
    Spill("out-bg-1", "U-25", "ph", 6.0, (4, 8), ("summer", "autumn"), kind="acid", label="acid"),
    Spill("out-kp-1", "TA-2", "nh4", 2 * NORM_NH4, (6, 12), ("summer", "autumn"), label="nitrogen",
          effluent=(("ec25", 800.0), ("so4", 90.0), ("turb", 7.0), ("nh4", 9.0), ("no3", 150.0))),
    Spill("out-sl-1", "TA-2", "ec25", 1300.0, (12, 24), ("summer", "ice"), label="salt",
          effluent=(("nh4", 0.25), ("no2", 0.02), ("no3", 15.0), ("turb", 8.0))),
)  # fmt: skip


def case_plan(network: Network, *, seed: int, count: int) -> list[Case]:
    """The first `count` cases of a seed; after every kind was tried the tables begin anew with other draws."""
    makers = _makers(network)
    return [
        makers[number % len(makers)](random.Random(f"{seed}/{number}"), seed * 1000 + number) for number in range(count)
    ]


def plan_length(network: Network) -> int:
    """Number of cases that try everything once."""
    return len(_makers(network))


def _makers(network: Network) -> list[Callable[[random.Random, int], Case]]:
    """Every kind in turn, so that a short run already meets all of them."""
    spills = [_spill_maker(network, spill) for spill in SPILLS]
    rows = [[_trouble_maker(network, one) for one in table] for table in (NATURAL, FAULTS, QUIET, MIXED, LATE, SERVICE)]
    makers: list[Callable[[random.Random, int], Case]] = []
    while spills or any(rows):
        for row in (spills, *rows[:2], spills, *rows[2:]):
            makers += [row.pop(0)] if row else []
    return makers


def _spill_maker(network: Network, spill: Spill) -> Callable[[random.Random, int], Case]:
    def make(dice: random.Random, seed: int) -> Case:
        season = dice.choice(spill.seasons)
        words = [spill.kind or spill.outlet, *([spill.label] if spill.label else []), season]
        scenario = _scenario("-".join(words), seed, dice)
        zero_s = _date(dice, season)
        discharge = draw_discharge(network, scenario, spill, dice, zero_s=zero_s)
        return Case(
            "discharge", msgspec.structs.replace(scenario, discharges=(discharge,)), zero_s, WARMUP_DAYS, AFTER_DAYS
        )

    return make


def draw_discharge(
    network: Network, scenario: Scenario, spill: Spill, dice: random.Random, *, zero_s: float
) -> Discharge:
    """The discharge of a table row with its drawn time, length and size."""
    discharge = msgspec.convert(
        {
            "outlet": spill.outlet, "kind": spill.kind, "start_min": dice.randrange(0, 720),
            "duration_min": 60.0 * dice.choice(spill.hours), "effluent": dict(spill.effluent), "share": 0.01,
        },
        Discharge,
    )  # fmt: skip
    strength = 1.0 if spill.parameter == "ph" else dice.uniform(0.95, 1.15)
    return sized(
        network, scenario, discharge,
        zero_s=zero_s, station=spill.station, parameter=spill.parameter, peak=spill.peak * strength,
    )  # fmt: skip


def _trouble_maker(network: Network, trouble: Trouble) -> Callable[[random.Random, int], Case]:
    def make(dice: random.Random, seed: int) -> Case:
        season = dice.choice(trouble.seasons)
        scenario = _scenario(f"{trouble.name}-{season}", seed, dice, parts=trouble.parts)
        zero_s = _date(dice, season)
        if trouble.spill is not None:
            discharge = draw_discharge(network, scenario, SPILLS[trouble.spill], dice, zero_s=zero_s)
            scenario = msgspec.structs.replace(scenario, discharges=(discharge,))
        return Case(trouble.kind, scenario, zero_s, trouble.warmup_days, trouble.after_days)

    return make


def _scenario(
    name: str, seed: int, dice: random.Random, parts: dict[str, list[dict[str, object]]] | None = None
) -> Scenario:
    """A scenario in a drawn year: drier or wetter than usual, its water slower or faster than the formula."""
    fields = {
        "name": f"{name}-{seed}", "title": name, "about": "drawn for evaluation", "seed": seed,
        "flow_ratio": dice.choice((0.7, 0.85, 1.0, 1.2, 1.5)), "travel_ratio": round(dice.uniform(0.85, 1.2), 3),
    }  # fmt: skip
    return msgspec.convert(fields | (parts or {}), Scenario)


def _date(dice: random.Random, season: str) -> float:
    return datetime.fromisoformat(dice.choice(DATES[season])).replace(tzinfo=UTC).timestamp()
