"""What a pre-check costs: 200 receptors around a block of 200 holes, on one core.

    .venv/bin/python -m benchmarks.blast_precheck

Goal: below 200 ms. Processor time is what counts on a machine that others use; both are printed, and beside them the
largest passport that is taken (5000 holes).
"""

import json
import math
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from uskat.blast.geometry import Plane
from uskat.blast.norm.curve import Receptor
from uskat.blast.passport.model import Passport
from uskat.blast.precheck.compose import Surrounded, ground_of, precheck
from uskat.blast.precheck.words import precheck_lines
from uskat.blast.precheck.zones import precheck_features
from uskat.blast.propagation.fit import fit_site
from uskat.blast.propagation.published import published_tables
from uskat.blast.restriction.conflict import Circumstances
from uskat.blast.restriction.rules import Place
from uskat.blast.restriction.weather import Weather
from uskat.blast.shape import Shape
from uskat.blast.surroundings import PIPES, ReceptorKind, ReceptorSite

RECEPTORS, HOLES, MOST_HOLES, RUNS = 200, 200, 5000, 15
GOAL_MS = 200.0
"""Issue 4: a pre-check with 200 receptors."""
START = datetime(2026, 6, 10, 6, tzinfo=UTC)
CHARGE_KG, VOLUME_M3 = 277.7, 432.0
PLANE = Plane(87.0872, 54.1305)


def made_passport(holes: int) -> Passport:
    """A block of so many holes, 42 ms apart, with an outline of twelve corners."""
    corners = [PLANE.to_globe((150 * math.cos(a), 80 * math.sin(a))) for a in (math.tau * i / 12 for i in range(12))]
    made: list[dict[str, Any]] = [
        {"number": str(number), "depth_m": 13.5, "diameter_mm": 215, "charge_kg": CHARGE_KG, "charge_length_m": 9.0,
         "stemming_m": 4.5, "delay_ms": 42.0 * number}
        for number in range(holes)
    ]  # fmt: skip
    person = {"name": "Иванов И. И.", "position": "начальник участка БВР", "phone": "+7 000 000-00-00"}
    mass = holes * CHARGE_KG
    return Passport.model_validate(
        {
            "blast_id": "kp-1", "enterprise": "kedrovaya-pad-demo", "licence": "КЕМ 00000 ТЭ (демо)",
            "pit": "kedrovaya-pad", "block": "горизонт +210", "window": {
                "planned_from": START.isoformat(), "planned_to": (START + timedelta(hours=2)).isoformat(),
            },
            "hole_count": holes, "total_charge_kg": mass, "max_charge_per_delay_kg": CHARGE_KG,
            "pattern": {"spacing_m": 6.0, "burden_m": 6.0, "bench_m": 12.0, "subdrill_m": 1.5},
            "rock": {"volume_m3": holes * VOLUME_M3, "name": "песчаник", "hardness_f": 8.0, "group": 7},
            "stemming": {"material": "cuttings", "length_m": 4.5}, "initiation": {"system": "nonelectric"},
            "danger_zone": {"people_m": 500.0, "equipment_m": 400.0}, "responsible": person,
            "block_polygon": [{"longitude": longitude, "latitude": latitude} for longitude, latitude in corners],
            "holes": made, "explosives": [{"product": "anfo", "name": "Игданит", "mass_kg": mass}],
        }
    )  # fmt: skip


def made_receptors() -> list[ReceptorSite]:
    """Receptors of every class on a spiral from 0.5 to 8 km; pipelines as lines of 30 bends."""
    found = []
    for number in range(RECEPTORS):
        receptor = list(Receptor)[number % len(Receptor)]
        away, turn = 500.0 + 7500.0 * number / RECEPTORS, 2.4 * number
        east, north = away * math.cos(turn), away * math.sin(turn)
        pipe = receptor in PIPES
        bends = [(east + 40 * bend, north + 15 * (bend % 3)) for bend in range(30 if pipe else 1)]
        points = tuple(PLANE.to_globe(point) for point in bends)
        kind = ReceptorKind.PIPELINE if pipe else ReceptorKind.SETTLEMENT if number % 2 else ReceptorKind.BUILDING
        shape = Shape(kind="LineString" if pipe else "Point", points=points)
        found.append(ReceptorSite(code=f"r-{number}", name=f"Объект {number}", kind=kind, receptor=receptor,
                                  shape=shape, source="измерение скорости"))  # fmt: skip
    return found


def timed(passport: Passport, around: Surrounded, circumstances: Circumstances) -> tuple[float, float]:
    """Wall and processor milliseconds of a pre-check with its words and its map."""
    begun, used = time.perf_counter(), time.process_time()
    found = precheck(passport, around, circumstances=circumstances, now=START - timedelta(days=1))
    lines, zones = precheck_lines(found), precheck_features(found)
    json.dumps([found.to_json(), [line.to_json() for line in lines], zones], allow_nan=False)
    return 1000 * (time.perf_counter() - begun), 1000 * (time.process_time() - used)


def main() -> None:
    """Print the table and one JSON line."""
    receptors = made_receptors()
    records = published_tables()["vigo-V"]
    around = Surrounded(receptors, ground_of(fit_site(records).law, records))
    weather = [Weather.model_validate({"at": START, "source": "x", "wind": {"from_deg": 200, "speed_m_s": 4}})]
    places = [Place(name=one.name, longitude=one.shape.middle[0], latitude=one.shape.middle[1])
              for one in receptors if one.shape is not None and one.kind is ReceptorKind.SETTLEMENT]  # fmt: skip
    known = Circumstances(zone=ZoneInfo("Asia/Novokuznetsk"), weather=weather, places=places)
    usual, largest = made_passport(HOLES), made_passport(MOST_HOLES)
    timed(usual, around, known)
    runs = [timed(usual, around, known) for _ in range(RUNS)]
    most = [timed(largest, around, known) for _ in range(3)]
    figures = {
        "precheck_ms": round(statistics.median(wall for wall, _ in runs), 1),
        "precheck_cpu_ms": round(statistics.median(cpu for _, cpu in runs), 1),
        "largest_passport_ms": round(statistics.median(wall for wall, _ in most), 1),
        "largest_passport_cpu_ms": round(statistics.median(cpu for _, cpu in most), 1),
    }
    figures["cpu_share_of_goal"] = round(figures["precheck_cpu_ms"] / GOAL_MS, 2)
    print(f"{RECEPTORS} receptors, {HOLES} holes (largest: {MOST_HOLES}); median of {RUNS}")
    for name, value in figures.items():
        print(f"  {name:28s} {value:8.2f}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
