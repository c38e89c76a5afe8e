"""Records judged by the norm of what stands there. Numbers: blasting/norms.md §1.5.2 (DIN 4150-3), 1.4.5 (airblast)."""

from datetime import UTC, datetime, timedelta

import pytest

from uskat.blast.limits import default_limit
from uskat.blast.norm.curve import Receptor
from uskat.blast.norm.receptor import receptor_rules, site_receptor
from uskat.blast.record.airblast import airblast_pressure_pa
from uskat.blast.shake import Shake, shake_of_measures
from uskat.blast.vibration import find_vibration
from uskat.finding import FindingKind, Severity

T0 = datetime(2026, 6, 1, 7, tzinfo=UTC)
DWELLING = site_receptor({"receptor": "dwelling"})


def shake(ppv, zc, *, air_dbl=None, clipped=(), kept_back=None, waveform=True):
    pressure = None if air_dbl is None else airblast_pressure_pa(air_dbl)
    end = T0 + timedelta(seconds=3)
    return Shake(1, T0, end, waveform, ppv, zc, max(ppv.values()), pressure, clipped, kept_back)


def find(*shakes, site=DWELLING):
    return find_vibration(shakes, default_limit(), site=site)


def test_every_axis_is_judged_at_its_own_frequency():
    """DIN line 2: 5 mm/s up to 10 Hz, 5 → 15 mm/s from 10 to 50 Hz: 12 mm/s at 45 Hz is within, 6 at 8 Hz is not."""
    (found,) = find(shake({"V": 12.0, "L": 6.0, "T": 1.0}, {"V": 45.0, "L": 8.0, "T": 20.0}))
    assert (found.kind, found.severity, found.published) == (FindingKind.VIBRATION, Severity.VIOLATION, True)
    assert found.title == "Колебания грунта 6 мм/с при пределе 5 мм/с"
    assert found.norm["pack"] == "din4150-3"
    assert found.norm["clause"] == "строка 2"
    assert found.norm["verified"] is False
    assert found.norm["margin_percent"] == pytest.approx(-20.0)
    assert found.norm["margin_db"] == pytest.approx(-1.5836, abs=1e-3)
    by_axis = {axis["axis"]: axis for axis in found.detail["axes"]}
    assert by_axis["V"]["limit_mm_s"] == pytest.approx(13.75)
    assert by_axis["V"]["compliance"] == "within"
    assert any("жилой дом" in reason and "вторичному" in reason for reason in found.reasons)


def test_the_same_record_is_within_where_only_fast_motion_is_strong():
    assert find(shake({"V": 12.0, "L": 3.0, "T": 1.0}, {"V": 45.0, "L": 8.0, "T": 20.0})) == []
    assert len(find(shake({"V": 12.0, "L": 3.0, "T": 1.0}, {"V": 45.0, "L": 8.0, "T": 20.0}), site=None)) == 1


def test_a_peak_without_a_frequency_falls_back_on_the_default_limit_and_says_so():
    (found,) = find(shake({"V": 6.0, "L": 1.0, "T": 1.0}, {}, waveform=False))
    assert found.norm["pack"] == "blast-default-1"
    assert {axis["norm_says"] for axis in found.detail["axes"]} == {"no_frequency"}
    assert any("частота не определена" in reason for reason in found.reasons)


def test_airblast_is_judged_by_the_corner_of_the_microphone():
    quiet = {"V": 1.0, "L": 1.0, "T": 1.0}
    assert find(shake(quiet, {}, air_dbl=132.9)) == []
    (found,) = find(shake(quiet, {}, air_dbl=133.5))
    assert (found.kind, found.key) == (FindingKind.AIRBLAST, "airblast:1")
    assert found.title == "Воздушная волна 134 дБ при пределе 133 дБ"
    assert found.norm["clause"] == "816.67(b)(1)(i)"
    assert found.figures["margin_db"].value == pytest.approx(-0.5)
    strict = site_receptor({"receptor": {"class": "school", "microphone_corner_hz": 5.0}})
    assert find(shake(quiet, {}, air_dbl=130.0), site=strict)[0].norm["max"] == 129
    deaf = site_receptor({"receptor": {"class": "school", "microphone_corner_hz": 20.0}})
    assert find(shake(quiet, {}, air_dbl=150.0), site=deaf) == []


def test_a_record_kept_back_raises_no_violation_but_is_told_to_the_agency():
    (found,) = find(shake({"V": 60.0, "L": 1.0, "T": 1.0}, {"V": 30.0}, air_dbl=140.0, kept_back=("spike", "Импульс.")))
    assert (found.kind, found.severity, found.published) == (FindingKind.FAULT, Severity.MAINTENANCE, False)
    assert any("Импульс." in reason for reason in found.reasons)


def test_the_stored_judgement_of_a_record_is_read():
    measures = {"ppv_mm_s": {"V": 60.0}, "judgement": {"quarantined": True, "kind": "noise", "reasons": ["Шум.", "x"]}}
    assert shake_of_measures(measures, device_id=1, start=T0, end=T0).kept_back == ("noise", "Шум.")
    measures["judgement"]["quarantined"] = False
    assert shake_of_measures(measures, device_id=1, start=T0, end=T0).kept_back is None


@pytest.mark.parametrize(
    "entry", [None, "castle", {"class": "dwelling", "norm": "none"}, 5, {"class": "dwelling", "place": "x"}]
)
def test_what_the_registry_does_not_say_clearly_is_not_guessed(entry):
    assert site_receptor({"receptor": entry}) is None


def test_a_station_may_name_its_norm_and_place():
    site = site_receptor({"receptor": {"class": "dwelling", "place": "top_floor", "norm": "gost52892"}})
    assert (site.norm.id, site.curve.id) == ("gost52892", "gost52892-2-top")


def test_every_receptor_has_a_curve_of_its_norm():
    for receptor in Receptor:
        site = site_receptor({"receptor": receptor.value})
        assert site.curve is not None
        assert receptor in site.curve.receptors
    assert receptor_rules().microphone_corner_hz.value == 2.0
