"""Cross-checks that catch a bad passport or report (issue 4 item 1; norms.md §5.4, §2.1.1, trap 5)."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.blast.passports import FROM, hole, passport, passport_data, report
from uskat.blast.explosive.register import Permit, explosive_register
from uskat.blast.passport.check import check_danger_zone, check_passport
from uskat.blast.passport.check_report import Observed, Residual, check_report
from uskat.blast.passport.delay import charge_per_delay
from uskat.blast.passport.discrepancy import Weight
from uskat.blast.passport.in_order import passport_in_order
from uskat.blast.passport.rules import passport_rules
from uskat.blast.passport.same_block import WaitingBlock, same_block
from uskat.blast.provenance import Level

RULES, REGISTER = passport_rules(), explosive_register()
CLOSED = RULES.delay_window
HALF_OPEN = CLOSED.model_copy(update={"closed": False})


def found(**changes):
    return {item.code: item for item in check_passport(passport(**changes), register=REGISTER, rules=RULES)}


def found_in_report(observed=None, planned=None, **changes):
    told = check_report(report(**changes), planned or passport(), register=REGISTER, rules=RULES, observed=observed)
    return {item.code: item for item in told}


def test_charge_per_delay_depends_on_the_convention_5_4():
    times, charges = [0, 17, 17, 25, 42], [100.0] * 5
    closed = charge_per_delay(times, charges, convention=CLOSED)
    assert (closed.charge_kg, closed.from_ms, closed.to_ms, closed.charges) == (300, 17, 25, 3)
    assert charge_per_delay(times, charges, convention=HALF_OPEN).charge_kg == 200
    assert CLOSED.closed, "the package's convention gives the larger charge"


def test_delays_that_floating_point_cannot_write_are_compared_exactly():
    assert charge_per_delay([0.1, 8.1], [1, 1], convention=CLOSED).charge_kg == 2
    assert charge_per_delay([0.1, 8.1], [1, 1], convention=HALF_OPEN).charge_kg == 1


@given(
    st.lists(st.tuples(st.integers(0, 120), st.integers(1, 400)), min_size=1, max_size=40),
    st.booleans(),
)
def test_charge_per_delay_is_that_of_the_slow_twin(fired, closed):
    window = CLOSED.model_copy(update={"closed": closed})
    slow = max(
        sum(mass for other, mass in fired if start <= other and (other - start < 8 or (closed and other - start == 8)))
        for start, _ in fired
    )
    times, charges = zip(*fired, strict=True)
    assert charge_per_delay(times, charges, convention=window).charge_kg == slow


def test_no_charges_have_no_charge_per_delay():
    with pytest.raises(ValueError, match="0 times"):
        charge_per_delay([], [], convention=CLOSED)


def test_a_passport_in_order_has_no_discrepancy():
    assert found() == {}


@pytest.mark.parametrize(
    ("changes", "code", "weight"),
    [
        ({"total_charge_kg": 3500.0}, "charge_sum", Weight.ERROR),
        ({"total_charge_kg": 3500.0}, "explosive_sum", Weight.ERROR),
        ({"hole_count": 12}, "hole_count", Weight.ERROR),
        ({"holes": [hole(1, delay_ms=0), *(hole(1, delay_ms=42.0 * n) for n in range(9))]}, "hole_twice", Weight.ERROR),
        ({"holes": [hole(n, delay_ms=4.0 * n) for n in range(10)]}, "charge_per_delay", Weight.ERROR),
        ({"max_charge_per_delay_kg": 900.0}, "charge_per_delay", Weight.WARNING),
        ({"rock": {"volume_m3": 900.0, "name": "песчаник", "hardness_f": 8}}, "powder_factor", Weight.WARNING),
        ({"rock": {"volume_m3": 20000.0, "name": "песчаник", "hardness_f": 8}}, "powder_factor", Weight.WARNING),
        ({"rock": {"volume_m3": 9000.0, "name": "песчаник", "hardness_f": 8}}, "volume", Weight.WARNING),
        (
            {"holes": [hole(n, delay_ms=42.0 * n) | {"stemming_m": 7.0} for n in range(10)]},
            "column_length",
            Weight.ERROR,
        ),
        (
            {"holes": [hole(n, delay_ms=42.0 * n) | {"charge_length_m": 4.0} for n in range(10)]},
            "column_mass",
            Weight.ERROR,
        ),
        ({"pattern": {"spacing_m": 6, "burden_m": 6, "bench_m": 12, "subdrill_m": 6}}, "depth", Weight.WARNING),
        (
            {"window": {"planned_from": FROM.isoformat(), "planned_to": (FROM + timedelta(days=90)).isoformat()}},
            "window_long",
            Weight.WARNING,
        ),
        ({"explosives": [{"product": "new-1", "name": "Новое", "mass_kg": 2777.0}]}, "product_unknown", Weight.WARNING),
        (
            {"holes": [hole(n, delay_ms=42.0 * n) | {"product": "emulsion"} for n in range(10)]},
            "hole_product",
            Weight.ERROR,
        ),
        (
            {"holes": [hole(n, delay_ms=42.0 * n) | {"longitude": 87.09, "latitude": 54.1307} for n in range(10)]},
            "hole_outside",
            Weight.WARNING,
        ),
    ],
)
def test_a_bad_passport_is_caught(changes, code, weight):
    discrepancies = found(**changes)
    assert discrepancies[code].weight is weight
    told = discrepancies[code].to_json()
    assert told["text"]
    assert told["text_en"]
    assert "{" not in told["text"] + told["text_en"]


def test_masses_of_two_products_are_checked_hole_by_hole():
    loads = [
        {"product": "anfo", "name": "Игданит", "mass_kg": 1000.0},
        {"product": "emulsion", "name": "Эмульсия", "mass_kg": 1777.0},
    ]
    halves = [hole(n, delay_ms=42.0 * n) | {"product": "anfo" if n < 5 else "emulsion"} for n in range(10)]
    discrepancies = found(explosives=loads, holes=halves)
    assert discrepancies["product_sum"].found == pytest.approx(1388.5)
    assert found(explosives=loads)["hole_product"].path == "holes"


def test_a_name_with_braces_is_text_and_no_template():
    strange = [hole("{0.__class__}", delay_ms=0) | {"stemming_m": 9.0}, *(hole(n, delay_ms=42.0 * n) for n in range(9))]
    assert "{0.__class__}" in found(holes=strange)["column_length"].text


def test_decks_of_one_hole_are_one_hole():
    decks = [
        hole(number, delay_ms=42.0 * number + 21 * deck, charge_kg=138.85)
        | {"deck": deck + 1, "charge_length_m": 4.5, "stemming_m": 2.25}
        for number in range(10)
        for deck in range(2)
    ]
    assert set(found(holes=decks)) == {"charge_per_delay"}, "half the charge in a delay: more was declared than needed"


def test_a_product_without_a_permit_of_that_day_is_caught():
    permit = Permit(number="1", product="anfo", valid_from=date(2025, 1, 1), valid_to=date(2026, 6, 10))
    for day, codes in ((date(2026, 6, 9), []), (date(2026, 6, 10), ["permit"])):
        told = check_passport(passport(), register=REGISTER, rules=RULES, permits=[permit], day=day)
        assert [item.code for item in told] == codes


def test_a_window_that_has_passed_is_an_error_when_filed_or_announced_only():
    zone = ZoneInfo("Asia/Novokuznetsk")
    end = passport().window.planned_to
    assert passport_in_order(passport(), zone=zone) == []
    assert passport_in_order(passport(), zone=zone, now=end - timedelta(seconds=1)) == []
    (found,) = passport_in_order(passport(), zone=zone, now=end)
    assert (found.code, found.weight) == ("window_past", Weight.ERROR)
    assert "10.06.2026 15:00" in found.text, "local time"


def test_a_second_passport_for_one_block_is_told_and_a_neighbour_is_not():
    zone, block = ZoneInfo("Asia/Novokuznetsk"), passport().ring
    width = max(longitude for longitude, _ in block) - min(longitude for longitude, _ in block)

    def other(share):
        return WaitingBlock(
            "kp-2026-060", [(longitude + share * width, latitude) for longitude, latitude in block], FROM
        )

    (found,) = same_block(passport(), [other(0)], zone=zone)
    assert (found.code, found.weight) == ("block_twice", Weight.WARNING)
    assert "kp-2026-060, окно с 10.06.2026 13:00" in found.text
    assert len(same_block(passport(), [other(0.3)], zone=zone)) == 1
    assert same_block(passport(), [other(1.0), other(-1.0), other(5.0)], zone=zone) == []


def test_a_danger_zone_smaller_than_computed_is_an_error():
    told = check_danger_zone(passport(), 550, equipment_m=300, level=Level.SECONDARY)
    assert [(item.code, item.found, item.expected) for item in told] == [("danger_zone_people", 500, 550)]


@pytest.mark.parametrize(
    "changes",
    [
        {"window": {"planned_from": FROM.isoformat(), "planned_to": FROM.isoformat()}},
        {"window": {"planned_from": "2026-06-10T13:00:00", "planned_to": "2026-06-10T15:00:00"}},
        {"block_polygon": passport_data()["block_polygon"][:2]},
        {"block_polygon": [passport_data()["block_polygon"][n] for n in (0, 2, 1, 3)]},
        {"block_polygon": [{"longitude": 87.0 + n, "latitude": 54.0} for n in range(3)]},
        {"total_charge_kg": float("inf")},
        {"blast_id": "Взрыв 1"},
        {"unknown": 1},
    ],
)
def test_what_is_no_passport_is_refused(changes):
    with pytest.raises(ValidationError):
        passport(**changes)


def test_a_report_in_order_has_no_discrepancy():
    assert found_in_report() == {}


MISFIRE = {"hole": "3", "found_at": "2026-06-10T08:00:00Z", "explosive_left_kg": 277.7}


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"total_charge_kg": 4000.0}, {"explosive_sum", "report_total_charge_kg"}),
        ({"broken_volume_m3": 6000.0}, {"report_broken_volume_m3"}),
        ({"hole_count": 9}, {"report_holes"}),
        ({"hole_count": 9, "misfires": [MISFIRE]}, {"misfire_open"}),
        ({"hole_count": 9, "misfires": [MISFIRE | {"eliminated_at": "2026-06-11T08:00:00Z"}]}, set()),
        ({"hole_count": 9, "misfires": [MISFIRE | {"hole": "77"}]}, {"misfire_open", "misfire_unknown"}),
        ({"fired_at": (FROM + timedelta(hours=3)).isoformat()}, {"report_window"}),
        ({"max_charge_per_delay_kg": 100.0}, {"charge_per_delay"}),
        ({"explosives": [{"product": "emulsion", "name": "Эмульсия", "mass_kg": 2777.0}]}, {"report_product"}),
        ({"broken_volume_m3": 2500.0}, {"powder_factor", "report_broken_volume_m3"}),
    ],
)
def test_a_bad_report_is_caught(changes, codes):
    assert set(found_in_report(**changes)) == codes


def test_a_report_of_another_blast_is_refused():
    with pytest.raises(ValueError, match="another"):
        found_in_report(blast_id="another")


FIRED = report().fired_at


@pytest.mark.parametrize(
    ("observed", "codes"),
    [
        (Observed(origin_time=FIRED + timedelta(seconds=59)), set()),
        (Observed(origin_time=FIRED + timedelta(seconds=61)), {"record_time"}),
        (Observed(origin_time=FIRED + timedelta(seconds=61), origin_uncertainty_s=5), set()),
        (Observed(place=(87.0876, 54.1400), place_uncertainty_m=500), {"record_place"}),
        (Observed(place=(87.0876, 54.1400), place_uncertainty_m=1500), set()),
        (Observed(duration_s=4.0), set()),
        (Observed(duration_s=9.0), {"record_duration"}),
        (Observed(magnitude=2.0, magnitude_expected=(1.5, 2.1)), set()),
        (Observed(magnitude=2.6, magnitude_expected=(1.5, 2.1)), {"record_magnitude"}),
        (Observed(magnitude=1.0, magnitude_expected=(1.5, 2.1)), {"record_magnitude"}),
        (Observed(residuals=(Residual("A", 0.1, 0.2), Residual("B", 0.3, 0.2))), set()),
        (Observed(residuals=(Residual("A", 0.5, 0.2), Residual("B", 0.6, 0.2))), {"record_ppv"}),
        (Observed(residuals=(Residual("A", -0.05, 0.2), Residual("B", 0.6, 0.2))), {"record_ppv_station"}),
    ],
)
def test_a_report_that_does_not_fit_the_record_is_caught(observed, codes):
    assert set(found_in_report(observed)) == codes
