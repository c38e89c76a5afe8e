"""Cases that are no discharge, or a discharge seen through trouble: weather, faults, service, quiet, late delivery.

Minutes are from the case's zero; `spill` is a row of the table of discharges in `case_plan`.
"""

from dataclasses import dataclass, field

DAY = 1440.0
OPEN = ("summer", "autumn")
ANY = ("summer", "autumn", "ice")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One row: what a judge calls it, its parts as fields of a scenario, the seasons to draw from."""

    name: str
    kind: str
    seasons: tuple[str, ...]
    parts: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    spill: int | None = None
    warmup_days: float = 12.0
    after_days: float = 4.0


def _fault(
    device: str, kind: str, days: float, parameter: str | None = None, *, size: float = 0.0, at: float = 0.0
) -> dict[str, object]:
    return {
        "device": device,
        "kind": kind,
        "start_min": at,
        "duration_min": days * DAY,
        "parameter": parameter,
        "size": size,
    }


NATURAL = (
    Trouble("rain", "natural", OPEN, {"rain": [{"start_min": 60, "hours": 6, "mm": 14}]}),
    Trouble(
        "melt", "natural", ("melt",), {"rain": [{"start_min": 0, "hours": 60, "mm": 40, "kind": "melt"}]}, after_days=6
    ),
    Trouble(
        "wave",
        "natural",
        ("flood", "summer"),
        {"waves": [{"river": "krivoy_uskat", "start_min": 120, "peak_m3_s": 12.0}]},
    ),
    Trouble(
        "jam", "natural", ("melt", "ice"), {"jams": [{"station": "U-08", "start_min": 300, "hours": 20, "rise_cm": 90}]}
    ),
    Trouble("storm", "natural", OPEN, {"rain": [{"start_min": 0, "hours": 10, "mm": 45}]}),
    Trouble(
        "showers",
        "natural",
        ("summer",),
        {
            "rain": [
                {"start_min": 0, "hours": 2, "mm": 9},
                {"start_min": 1300, "hours": 3, "mm": 12},
                {"start_min": 2600, "hours": 1, "mm": 7},
            ]
        },
    ),
)

FAULTS = (
    Trouble(
        "stuck",
        "fault",
        OPEN,
        {"faults": [_fault("U-15", "stuck", 2, "turb"), _fault("U-08", "stuck", 1, "ph", at=300)]},
    ),
    Trouble(
        "spike",
        "fault",
        ANY,
        {"faults": [_fault("U-08", "spike", 2, "ph", size=2.4), _fault("TA-1", "spike", 2, "nh4", size=1.6, at=200)]},
    ),
    Trouble(
        "out_of_water",
        "fault",
        ("summer",),
        {"faults": [_fault("KU-2", "out_of_water", 0.5), _fault("U-43", "out_of_water", 1, at=900)]},
    ),
    Trouble(
        "noise",
        "fault",
        ANY,
        {"faults": [_fault("U-36", "noise", 2, "nh4", size=0.5), _fault("TA-2", "noise", 2, "ph", size=0.8, at=120)]},
    ),
    Trouble(
        "dead", "fault", ANY, {"faults": [_fault("U-21", "dead", 2, "nh4"), _fault("U-43", "dead", 2, "do", at=200)]}
    ),
    Trouble("frazil", "fault", ("ice",), {"faults": [_fault("U-08", "ice", 1), _fault("KU-1", "ice", 0.75, at=600)]}),
    Trouble(
        "drift",
        "fault",
        OPEN,
        {"faults": [_fault("U-25", "drift", 14, "do", size=-0.3), _fault("U-21", "drift", 14, "ec25", size=14)]},
        after_days=14,
    ),
    Trouble(
        "fouling",
        "fault",
        OPEN,
        {
            "faults": [_fault("U-15", "fouling", 10, "turb", size=1.2), _fault("KU-2", "fouling", 10, "do", size=-0.3)],
            "visits": [{"device": "U-15", "start_min": 10 * DAY - 20}, {"device": "KU-2", "start_min": 10 * DAY - 20}],
        },
        after_days=12,
    ),
)

SERVICE = (
    Trouble(
        "service",
        "service",
        ANY,
        {
            "visits": [
                {"device": "U-21", "start_min": 60, "duration_min": 60},
                {"device": "U-36", "start_min": 300, "duration_min": 45, "mode": "calibration"},
                {"device": "U-01", "start_min": 1500, "duration_min": 90, "mode": "calibration"},
            ],
            "silent": [{"device": "PU-1", "start_min": 400, "duration_min": 600}],
        },
    ),
)

QUIET = (
    Trouble("quiet", "quiet", ("summer", "autumn"), after_days=20),
    Trouble("quiet", "quiet", ("ice",), after_days=20),
    Trouble("quiet", "quiet", ("melt", "flood"), after_days=20),
)

MIXED = (
    Trouble(
        "dead-and-spill",
        "mixed",
        OPEN,
        {"faults": [_fault("U-21", "dead", 3, "nh4"), _fault("KU-1", "spike", 3, "ph", size=2.4)]},
        spill=5,
        after_days=4.5,
    ),
    Trouble(
        "drift-and-spill",
        "mixed",
        OPEN,
        {"faults": [_fault("U-15", "drift", 9, "ec25", size=12, at=-4 * DAY)]},
        spill=2,
        after_days=4.5,
    ),
    Trouble(
        "rain-and-spill", "mixed", OPEN, {"rain": [{"start_min": -240, "hours": 5, "mm": 12}]}, spill=0, after_days=4.5
    ),
)

LATE = (
    Trouble(
        "late-and-spill",
        "late",
        OPEN,
        {
            "offline": [
                {"device": "TA-2", "start_min": 100, "duration_min": 30 * 60, "disorder": True, "repeat": 2},
                {"device": "U-21", "start_min": 400, "duration_min": 20 * 60, "disorder": True},
            ]
        },
        spill=10,
        after_days=4.5,
    ),
    Trouble(
        "late-upstream",
        "late",
        ANY,
        {
            "offline": [
                {"device": "U-36", "start_min": 60, "duration_min": 40 * 60, "disorder": True, "repeat": 2},
                {"device": "U-25", "start_min": 300, "duration_min": 24 * 60},
            ]
        },
        spill=2,
        after_days=4.5,
    ),
)
