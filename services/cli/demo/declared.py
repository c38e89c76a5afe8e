"""The demo's invented enterprises file and publish a passport for every declared blast of the scenario, ahead of it.

Without that each of them would rightly be found undeclared. What the scenario marks `declared: false` is left to the
seismographs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.cli.demo.weather import tell_weather
from services.storage.blast_store import BlastTaken, NoSuchBlast, file_blast
from services.storage.engine import make_engine, unit_of_work
from simulators.scenario import Blast, Scenario, load_scenario
from simulators.seismograph import occurrences
from uskat.blast.passport.delay import charge_per_delay
from uskat.blast.passport.lifecycle import declare, publish
from uskat.blast.passport.model import Passport
from uskat.blast.passport.rules import passport_rules
from uskat.water.network import Network, Pit, demo_network

MINUTE_S = 60.0
WINDOW = timedelta(minutes=10)
AHEAD = timedelta(hours=24)
AGAIN_S = 3600.0
LOOK_S = 0.5
LINEAR_KG_M = 30.86
"""Of a hole of 215 mm at 0.85 g/cm³ (blasting/norms.md §5.4)."""
STEMMING_M, POWDER_KG_M3, HALF_BLOCK_DEGREES = 4.5, 0.6, 0.0004


def passports(
    network: Network, scenario: Scenario, *, zero_s: float, since_s: float, until_s: float
) -> Iterator[tuple[datetime, Passport]]:
    """Moment of firing and passport of every declared blast of the scenario in [since, until), Unix seconds."""
    pits = {pit.code: pit for pit in network.pits}
    for blast in scenario.blasts:
        if not blast.declared:
            continue
        for number in occurrences(blast, zero_s=zero_s, from_s=since_s, to_s=until_s):
            at_s = zero_s + (blast.at_min + number * (blast.every_min or 0.0)) * MINUTE_S
            if since_s <= at_s < until_s:
                fired = datetime.fromtimestamp(at_s, UTC)
                yield fired, passport_of(blast, pits[blast.pit], fired)


def passport_of(blast: Blast, pit: Pit, fired: datetime) -> Passport:
    """The passport of one blast: a square block in the middle of the pit, holes of 215 mm."""
    delays = [blast.delay_ms * (hole // blast.holes_per_delay) for hole in range(blast.holes)]
    charges = [blast.charge_per_hole_kg] * blast.holes
    total = sum(charges)
    return Passport.model_validate(
        {
            "blast_id": f"demo-{pit.code}-{fired:%Y%m%d-%H%M%S}",
            "enterprise": pit.organisation,
            "licence": "КЕМ 00000 ТЭ (демо)",
            "pit": pit.code,
            "block": "блок демо",
            "window": {"planned_from": fired - WINDOW, "planned_to": fired + WINDOW},
            "hole_count": blast.holes,
            "total_charge_kg": total,
            "max_charge_per_delay_kg": charge_per_delay(
                delays, charges, convention=passport_rules().delay_window
            ).charge_kg,
            "pattern": {"spacing_m": 6.0, "burden_m": 6.0, "bench_m": 15.0},
            "rock": {"volume_m3": total / POWDER_KG_M3, "name": "песчаник (демо)", "hardness_f": 8.0},
            "stemming": {"material": "cuttings", "length_m": STEMMING_M},
            "initiation": {"system": "nonelectric"},
            "danger_zone": {"people_m": 500.0, "equipment_m": 300.0},
            "responsible": {"name": "Демо Д. Д.", "position": "начальник участка (демо)", "phone": "демо"},
            "block_polygon": _square(pit),
            "holes": [_hole(number, blast.charge_per_hole_kg, delay) for number, delay in enumerate(delays, 1)],
            "explosives": [{"product": "anfo", "name": "Игданит (демо)", "mass_kg": total}],
        }
    )


async def file_declared(
    database_url: str, scenario: Scenario, *, zero_s: float, since: datetime, until: datetime
) -> int:
    """File what is not filed yet of the declared blasts in [since, until), UTC; returns how many were."""
    filed = 0
    engine = make_engine(database_url, pool_size=1, application="uskat-demo-enterprises")
    found = passports(demo_network(), scenario, zero_s=zero_s, since_s=since.timestamp(), until_s=until.timestamp())
    try:
        for fired, passport in found:
            told = fired - 2 * AHEAD
            declaration = publish(declare(passport, at=told, by="демо"), at=told, by="демо")
            try:
                async with unit_of_work(engine) as connection:
                    await file_blast(connection, declaration)
                filed += 1
            except (BlastTaken, NoSuchBlast):
                continue
    finally:
        await engine.dispose()
    return filed


async def keep_filing(database_url: str, scenario_name: str, world: Path) -> None:
    """File a day ahead as soon as the simulators have set their zero, and again every hour, until cancelled.

    The weather of those blasts (invented) is told with them.
    """
    scenario = load_scenario(scenario_name, demo_network())
    while True:
        zero_s = _zero(world, scenario)
        if zero_s is not None:
            now = datetime.now(UTC)
            since = now - timedelta(hours=scenario.backfill_hours)
            await file_declared(database_url, scenario, zero_s=zero_s, since=since, until=now + AHEAD)
            await tell_weather(database_url, since=since, now=now, until=now + 2 * AHEAD)
        await asyncio.sleep(LOOK_S if zero_s is None else AGAIN_S)


def _zero(world: Path, scenario: Scenario) -> float | None:
    """Zero of the scenario that the simulators play; None before they have begun with it."""
    if not world.exists():
        return None
    known = json.loads(world.read_text(encoding="utf-8"))
    same = known["scenario"] == scenario.name and known["seed"] == scenario.seed
    return float(known["zero_s"]) if same else None


def _square(pit: Pit) -> list[dict[str, float]]:
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return [
        {"longitude": pit.longitude + east * HALF_BLOCK_DEGREES, "latitude": pit.latitude + north * HALF_BLOCK_DEGREES}
        for east, north in corners
    ]


def _hole(number: int, charge_kg: float, delay_ms: float) -> dict[str, Any]:
    length_m = charge_kg / LINEAR_KG_M
    return {
        "number": str(number), "depth_m": length_m + STEMMING_M, "diameter_mm": 215.0, "charge_kg": charge_kg,
        "charge_length_m": length_m, "stemming_m": STEMMING_M, "delay_ms": delay_ms,
    }  # fmt: skip
