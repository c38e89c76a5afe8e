"""A passport and a report as examples of the documentation: two holes of an invented enterprise."""

from typing import Any

WINDOW = {"planned_from": "2026-06-10T06:00:00Z", "planned_to": "2026-06-10T08:00:00Z"}
PERSON = {"name": "Иванов И. И.", "position": "начальник участка БВР", "phone": "+7 000 000-00-00"}
EXPLOSIVES = [{"product": "anfo", "name": "Игданит", "mass_kg": 555.4, "permit": "00-0000"}]


def _hole(number: str, delay_ms: float) -> dict[str, Any]:
    return {
        "number": number, "depth_m": 13.5, "diameter_mm": 215, "charge_kg": 277.7, "charge_length_m": 9.0,
        "stemming_m": 4.5, "delay_ms": delay_ms,
    }  # fmt: skip


PASSPORT_EXAMPLE = {
    "schema": 1, "blast_id": "kp-2026-061", "enterprise": "kedrovaya-pad-demo", "licence": "КЕМ 00000 ТЭ (демо)",
    "pit": "kedrovaya-pad", "block": "горизонт +210, блок 14", "window": WINDOW, "hole_count": 2,
    "total_charge_kg": 555.4, "max_charge_per_delay_kg": 277.7,
    "pattern": {"spacing_m": 6.0, "burden_m": 6.0, "bench_m": 12.0, "subdrill_m": 1.5},
    "rock": {"volume_m3": 864.0, "name": "песчаник", "hardness_f": 8.0, "group": 7},
    "stemming": {"material": "cuttings", "length_m": 4.5}, "initiation": {"system": "nonelectric"},
    "danger_zone": {"people_m": 500.0, "equipment_m": 400.0}, "responsible": PERSON,
    "block_polygon": [
        {"longitude": 87.0872, "latitude": 54.1305}, {"longitude": 87.0880, "latitude": 54.1305},
        {"longitude": 87.0880, "latitude": 54.1309},
    ],
    "holes": [_hole("1", 0), _hole("2", 42)], "explosives": EXPLOSIVES,
}  # fmt: skip
REPORT_EXAMPLE = {
    "schema": 1, "blast_id": "kp-2026-061", "enterprise": "kedrovaya-pad-demo", "fired_at": "2026-06-10T06:34:00Z",
    "hole_count": 2, "total_charge_kg": 555.4, "max_charge_per_delay_kg": 277.7, "broken_volume_m3": 860.0,
    "explosives": EXPLOSIVES, "reported_by": PERSON,
}  # fmt: skip
