"""A passport and a report that are in order, for tests to spoil."""

from datetime import UTC, datetime, timedelta

from uskat.blast.passport.model import Passport
from uskat.blast.passport.report import Report

FROM = datetime(2026, 6, 10, 6, 0, tzinfo=UTC)
"""13:00 in Novokuznetsk."""


def hole(number, *, delay_ms, charge_kg=277.7):
    # norms.md §5.4: 0.215 m, ρ 0.85 → 30.86 kg/m, a charge of 9 m = 277.7 kg
    return {
        "number": str(number), "depth_m": 13.5, "diameter_mm": 215, "charge_kg": charge_kg, "charge_length_m": 9.0,
        "stemming_m": 4.5, "delay_ms": delay_ms,
    }  # fmt: skip


def passport_data(**changes):
    holes = [hole(number, delay_ms=42.0 * number) for number in range(10)]
    data = {
        "blast_id": "kp-2026-061",
        "enterprise": "kedrovaya-pad-demo",
        "licence": "КЕМ 00000 ТЭ (демо)",
        "pit": "kedrovaya-pad",
        "block": "горизонт +210, блок 14",
        "window": {"planned_from": FROM.isoformat(), "planned_to": (FROM + timedelta(hours=2)).isoformat()},
        "hole_count": 10,
        "total_charge_kg": 2777.0,
        "max_charge_per_delay_kg": 277.7,
        "pattern": {"spacing_m": 6.0, "burden_m": 6.0, "bench_m": 12.0, "subdrill_m": 1.5},
        "rock": {"volume_m3": 4320.0, "name": "песчаник", "hardness_f": 8.0, "group": 7},
        "stemming": {"material": "cuttings", "length_m": 4.5},
        "initiation": {"system": "nonelectric"},
        "danger_zone": {"people_m": 500.0, "equipment_m": 400.0},
        "responsible": {"name": "Иванов И. И.", "position": "начальник участка БВР", "phone": "+7 000 000-00-00"},
        "block_polygon": [
            {"longitude": 87.0872, "latitude": 54.1305},
            {"longitude": 87.0880, "latitude": 54.1305},
            {"longitude": 87.0880, "latitude": 54.1309},
            {"longitude": 87.0872, "latitude": 54.1309},
        ],
        "holes": holes,
        "explosives": [{"product": "anfo", "name": "Игданит", "mass_kg": 2777.0, "permit": "00-0000"}],
    }
    return data | changes


def passport(**changes):
    return Passport.model_validate(passport_data(**changes))


def report_data(**changes):
    data = {
        "blast_id": "kp-2026-061",
        "enterprise": "kedrovaya-pad-demo",
        "fired_at": (FROM + timedelta(minutes=34)).isoformat(),
        "hole_count": 10,
        "total_charge_kg": 2777.0,
        "max_charge_per_delay_kg": 277.7,
        "broken_volume_m3": 4300.0,
        "explosives": [{"product": "anfo", "name": "Игданит", "mass_kg": 2777.0, "permit": "00-0000"}],
        "reported_by": {"name": "Иванов И. И.", "position": "начальник участка БВР", "phone": "+7 000 000-00-00"},
    }
    return data | changes


def report(**changes):
    return Report.model_validate(report_data(**changes))
