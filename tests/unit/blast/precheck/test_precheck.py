"""The pre-check against worked numbers of `blasting/norms.md`, and what it says when it does not know."""

import json
import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.unit.blast.passports import FROM, hole, passport
from tests.unit.blast.restriction_world import NOW, weather
from uskat.blast.geometry import Plane, distance_m
from uskat.blast.norm.curve import Receptor
from uskat.blast.passport.model import Ground as Soil
from uskat.blast.precheck.compose import Surrounded, ground_of, precheck
from uskat.blast.precheck.outlook import Outcome
from uskat.blast.precheck.words import chance_ru, precheck_lines
from uskat.blast.precheck.zones import precheck_features
from uskat.blast.propagation.fit import fit_site
from uskat.blast.propagation.published import published_tables
from uskat.blast.restriction.conflict import Circumstances, OtherBlast
from uskat.blast.restriction.nmu import NmuWarning
from uskat.blast.restriction.rules import Hours, LocalRule, Place
from uskat.blast.shape import Shape
from uskat.blast.surroundings import ReceptorKind, ReceptorSite

ZONE = ZoneInfo("Asia/Novokuznetsk")
EDGE = Plane(87.0880, 54.1307)
"""Middle of the eastern edge of the block of `passports`."""
VIGO = published_tables()["vigo-V"]
HOURS = LocalRule(
    pit="kedrovaya-pad", level="memory", source="проект",
    hours=(Hours(days=tuple(range(7)), opens="08:00", closes="20:00", level="memory", source="проект"),),
)  # fmt: skip


def site(east_m, *, receptor=Receptor.DWELLING, kind=ReceptorKind.SETTLEMENT, name="Посёлок", **more):
    shape = Shape(kind="Point", points=(EDGE.to_globe((east_m, 0.0)),))
    code = f"{receptor.value.replace('_', '-')}-{east_m:.0f}"
    return ReceptorSite(code=code, name=name, kind=kind, receptor=receptor, shape=shape, source="проба", **more)


def quiet(**changes):
    known = {
        "zone": ZONE,
        "zones": frozenset({"Новокузнецк"}),
        "local": HOURS,
        "weather": [weather(0.5, from_deg=90.0)],
    }
    return Circumstances(**known | changes)


def checked(*sites, plan=None, law=None, records=(), around=None):
    known = Surrounded(sites, ground_of(law, records))
    return precheck(plan or passport(), known, circumstances=around or quiet(), now=NOW)


def said(found, topic):
    return [line.text for line in precheck_lines(found) if line.topic == topic]


def test_2_3_2_at_scaled_distance_20_the_bound_is_that_of_the_table():
    law = fit_site(VIGO).law
    # norms.md §2.3.2: SD 20 → mean 10.5141, one-sided 95 % 26.3457; R = SD·√Q
    charge = passport().max_charge_per_delay_kg
    (one,) = checked(site(20 * charge**0.5), law=law, records=VIGO).receptors
    assert one.forecast.basis == "site"
    assert one.forecast.distance_m == pytest.approx(20 * charge**0.5, abs=0.05)
    assert one.forecast.median_mm_s == pytest.approx(10.5141, rel=1e-3)
    assert one.forecast.bound_mm_s == pytest.approx(26.3457, rel=1e-3)
    assert one.kept is False


def test_the_largest_charge_of_all_keeps_the_bound_where_it_was_set():
    law = fit_site(VIGO).law
    found = checked(site(900), site(700, name="Ближний"), law=law, records=VIGO)
    most, decisive = found.largest_charge
    assert decisive.place.name == "Ближний"
    holes = [hole(number, delay_ms=42.0 * number, charge_kg=most) for number in range(10)]
    mass = 10 * most
    plan = passport(holes=holes, max_charge_per_delay_kg=most, total_charge_kg=mass,
                    explosives=[{"product": "anfo", "name": "Игданит", "mass_kg": mass}])  # fmt: skip
    again = checked(site(900), site(700, name="Ближний"), plan=plan, law=law, records=VIGO)
    assert again.receptors[0].forecast.bound_mm_s == pytest.approx(again.receptors[0].forecast.limit_mm_s, rel=1e-4)


def test_1_5_7_a_the_seismic_distance_of_a_receptor_is_that_of_its_ground_and_building():
    # norms.md §1.5.7 (a): Q 1000 kg, K_г 20, K_с 2 → 400 m with one group; 10 groups of 42 ms divide by 10^(1/4)
    holes = [hole(number, delay_ms=42.0 * number, charge_kg=100.0) for number in range(10)]
    plan = passport(holes=holes, total_charge_kg=1000.0, max_charge_per_delay_kg=100.0,
                    explosives=[{"product": "anfo", "name": "Игданит", "mass_kg": 1000.0}])  # fmt: skip
    (one,) = checked(site(5000, ground=Soil.SOIL_SATURATED), plan=plan).receptors
    assert one.seismic.metres == pytest.approx(400 / 10**0.25)
    (near,) = checked(site(200, ground=Soil.SOIL_SATURATED), plan=plan).receptors
    assert near.seismic_kept is False
    assert (
        "Ближе сейсмического: Посёлок"
        in said(checked(site(200, ground=Soil.SOIL_SATURATED), plan=plan), "distances")[0]
    )


def test_1_5_7_d_the_zones_are_those_of_the_block():
    found = checked(site(5000))
    assert found.distances.people_m == 350.0
    zones = {feature["properties"].get("kind"): feature for feature in precheck_features(found)["features"]}
    assert {"declared", "flyrock", "seismic", "glazing", "gas", "block"} <= set(zones)
    assert zones["declared"]["properties"]["radius_m"] == 500
    layer = [f for f in precheck_features(found)["features"] if f["properties"].get("layer") == "receptor"]
    assert [f["geometry"]["type"] for f in layer] == ["Point"]


def test_a_charge_that_the_delays_gather_counts_not_the_declared_one():
    holes = [hole(number, delay_ms=42.0 * (number // 2)) for number in range(10)]
    found = checked(site(2000), plan=passport(holes=holes))
    assert found.charge_kg == pytest.approx(555.4)
    assert any("555" in text for text in said(found, "charge"))
    assert found.outcome is Outcome.STOP  # the passport contradicts itself
    assert said(found, "paper.error")


def test_without_a_law_the_prior_speaks_and_says_so():
    found = checked(site(3000))
    assert (found.basis, found.receptors[0].forecast.basis) == ("prior", "prior")
    assert "общему закону" in said(found, "basis")[0]
    narrow = checked(site(3000), law=fit_site(VIGO).law, records=VIGO)
    assert narrow.basis == "site"
    assert narrow.receptors[0].forecast.basis == "both"  # beyond the records


def test_a_law_that_was_refused_is_not_used_and_its_reason_is_told():
    law = fit_site(VIGO[:8]).law
    assert law.refused
    found = checked(site(500), law=law, records=VIGO[:8])
    assert found.basis == "prior"
    assert law.refused[0] in said(found, "basis")[0]


def test_each_receptor_is_judged_by_its_own_norm_and_class():
    found = checked(
        site(600, receptor=Receptor.LISTED, kind=ReceptorKind.BUILDING),
        site(610, receptor=Receptor.FRAME, kind=ReceptorKind.BUILDING),
        site(620, receptor=Receptor.PIPE_STEEL, kind=ReceptorKind.PIPELINE),
        site(630),
    )
    limits = {one.site.receptor: (one.norm.id, one.forecast.limit_mm_s) for one in found.receptors}
    assert limits[Receptor.LISTED] == ("din4150-3", 3.0)
    assert limits[Receptor.DWELLING] == ("din4150-3", 5.0)
    assert limits[Receptor.PIPE_STEEL] == ("din4150-3", 100.0)
    assert limits[Receptor.FRAME][0] == "bs7385-2"
    assert found.receptors[0].site.receptor is Receptor.LISTED  # nearest to its limit


def test_wind_towards_a_place_raises_its_airblast_and_brings_the_cloud():
    towards = checked(site(1500), around=quiet(weather=[weather(0.5, from_deg=270.0)]))
    away = checked(site(1500), around=quiet(weather=[weather(0.5, from_deg=90.0)]))
    (loud,), (usual,) = towards.receptors, away.receptors
    assert loud.forecast.airblast.high_dbl > usual.forecast.airblast.high_dbl
    assert loud.no2.towards
    assert not usual.no2.towards
    assert said(towards, "cloud")
    assert not said(away, "cloud")


def test_a_pipeline_counts_where_it_comes_nearest():
    ends = tuple(EDGE.to_globe(point) for point in ((500.0, -3000.0), (500.0, 3000.0)))
    pipe = ReceptorSite(code="pipe", name="Водовод", kind=ReceptorKind.PIPELINE, receptor=Receptor.PIPE_STEEL,
                        shape=Shape(kind="LineString", points=ends), source="проба")  # fmt: skip
    (one,) = checked(pipe).receptors
    assert one.forecast.distance_m == pytest.approx(500, abs=1)
    assert distance_m(EDGE.to_globe((500.0, 0.0)), one.forecast.place.point) < 50


def test_conflicts_stop_it():
    warning = NmuWarning(zone="Новокузнецк", degree=2, valid_from=FROM, valid_to=FROM + timedelta(hours=9),
                         issued_at=FROM - timedelta(days=3), source="ЦГМС")  # fmt: skip
    other = OtherBlast("sl-1", "sukhoy-log-demo", FROM, FROM + timedelta(hours=1), EDGE.to_globe((300.0, 0.0)), 400.0)
    place = Place(name="Посёлок", longitude=EDGE.to_globe((300.0, 0))[0], latitude=EDGE.latitude)
    found = checked(site(3000), around=quiet(warnings=[warning], others=[other], places=[place]))
    codes = {conflict.code for conflict in found.restrictions.conflicts}
    assert {"other_blast", "inside_danger_zone"} <= codes
    assert found.outcome is Outcome.STOP
    assert "нельзя" in said(found, "verdict")[0]


def test_what_was_not_checked_is_never_in_order_without_saying_so():
    found = checked(around=Circumstances(zone=ZONE))
    assert found.outcome is Outcome.UNKNOWN
    assert "Проверено не всё." in said(found, "verdict")[0]
    unchecked = " ".join(said(found, "unchecked"))
    for word in ("Погода", "НМУ", "Часы", "охраняемого объекта"):
        assert word in unchecked
    assert all("Not checked: " not in line.text_en for line in precheck_lines(found))


def test_all_in_order_is_said_in_so_many_words():
    found = checked(site(6000))
    assert found.outcome is Outcome.WITHIN
    assert said(found, "verdict") == ["По расчёту в пределах у всех объектов."]
    assert "не измерение" in said(found, "level")[0]


def test_an_explosive_without_a_factor_is_never_nought():
    (line,) = said(checked(site(6000)), "emission")
    assert line == "Игданит, 2,78 т: нет официального коэффициента; это не ноль."


def test_nothing_is_ever_called_safe_and_no_number_is_said_twice():
    found = checked(site(900), around=quiet(weather=[weather(0.5, from_deg=270.0)]))
    text = " ".join(line.text for line in precheck_lines(found)).lower()
    assert "безопасно" not in text
    assert not re.search(r"\b(\d+(?:,\d+)?)–\1\b(?!,)", text)


def test_after_the_end_of_the_act_the_page_warns():
    later = FROM.replace(year=2027)
    window = {"planned_from": later.isoformat(), "planned_to": (later + timedelta(hours=2)).isoformat()}
    assert any("истёк" in text for text in said(checked(site(6000), plan=passport(window=window)), "distances"))


@pytest.mark.parametrize(
    ("probability", "words"),
    [(None, "–"), (0.0, "меньше 0,1 %"), (1.0, "больше 99,9 %"), (0.125, "12,5 %"), (0.0009, "меньше 0,1 %")],
)
def test_a_chance_is_never_nought_and_never_certain(probability, words):
    assert chance_ru(probability) == words


def test_everything_can_be_told_as_json():
    found = checked(site(700), site(6000, receptor=Receptor.FRAME, kind=ReceptorKind.BUILDING))
    for value in (found.to_json(), precheck_features(found), [line.to_json() for line in precheck_lines(found)]):
        json.dumps(value, allow_nan=False)


def test_a_receptor_without_a_shape_is_an_error_not_a_guess():
    lost = ReceptorSite(code="lost", name="x", kind=ReceptorKind.SETTLEMENT, receptor=Receptor.DWELLING,
                        place="somewhere", source="проба")  # fmt: skip
    with pytest.raises(ValueError, match="lies nowhere"):
        checked(lost)
