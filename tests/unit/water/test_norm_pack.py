"""Packs as data: the sanitary one, packs of one water body, the published schema, species that cannot be mixed up."""

import json
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from uskat.water.norm_pack import Form, Level, PackError, load_pack, norm_packs, pack_schema, packs_by_id
from uskat.water.norms import WaterBody, choose_norm, is_judged, needs_background, norm_in_force
from uskat.water.pollution_level import pollution_thresholds

JULY = datetime(2024, 7, 10, tzinfo=UTC)
EXAMPLE = (Path(__file__).parent / "data/local_pack_example.json").read_text(encoding="utf-8")
SANITARY = "sanitary-1.2.3685-21"


def sanitary(parameter, use="household", moment=JULY):
    return norm_in_force(parameter, moment, water_use=use)


@pytest.mark.parametrize(
    ("parameter", "use", "low", "high", "level"),
    [  # shared sheet water/norms.md §1.2, columns «household / recreation»
        ("ph", "household", 6.0, 9.0, Level.VERIFIED), ("do", "recreation", 4.0, None, Level.VERIFIED),
        ("nh4", "household", None, 1.93, Level.MEMORY), ("no2", "household", None, 3.0, Level.MEMORY),
        ("no3", "household", None, 45.0, Level.SECONDARY), ("po4_p", "household", None, 1.14, Level.MEMORY),
        ("cod", "household", None, 15.0, Level.SECONDARY), ("cod", "recreation", None, 30.0, Level.SECONDARY),
        ("bod5", "household", None, 2.0, Level.MEMORY), ("bod5", "recreation", None, 4.0, Level.MEMORY),
        ("tds", "household", None, 1000.0, Level.SECONDARY), ("oil", "household", None, 0.3, Level.SECONDARY),
        ("cl", "household", None, 350.0, Level.MEMORY), ("so4", "household", None, 500.0, Level.MEMORY),
        ("mn", "household", None, 0.1, Level.MEMORY), ("zn", "household", None, 5.0, Level.MEMORY),
    ],
)  # fmt: skip
def test_the_sanitary_pack_holds_the_sheets_numbers_with_their_flags(parameter, use, low, high, level):
    norm = sanitary(parameter, use)
    assert (norm.minimum, norm.maximum, norm.level, norm.pack) == (low, high, level, SANITARY)


def test_the_sanitary_act_ends_at_local_midnight_of_march_2027():
    last, after = datetime(2027, 2, 28, 16, 59, tzinfo=UTC), datetime(2027, 2, 28, 17, 0, tzinfo=UTC)
    assert sanitary("nh4", moment=last).maximum == 1.93
    assert sanitary("nh4", moment=after) is None
    assert norm_packs()[SANITARY].valid_to == date(2027, 3, 1)


def test_a_norm_against_a_climate_is_declared_and_needs_no_post():
    norm = sanitary("temp")
    assert (norm.form, norm.delta, norm.rise.reference) == (Form.BACKGROUND_DELTA, 3.0, "hottest_month")
    assert not needs_background("temp", "household")
    assert needs_background("temp", "fishery_2")
    assert needs_background("tss", "household")
    assert not is_judged("temp", "household")


def test_ceilings_of_temperature_follow_the_season():
    summer = norm_in_force("temp", JULY, water_use="fishery_2").rise
    winter = norm_in_force("temp", datetime(2024, 1, 10, tzinfo=UTC), water_use="fishery_2").rise
    assert (summer.delta, summer.ceiling, winter.ceiling) == (5.0, 28.0, 8.0)


def with_example(**changes):
    example = load_pack(json.dumps(json.loads(EXAMPLE) | changes))
    return packs_by_id([*norm_packs().values(), example])


@pytest.mark.parametrize(
    ("body", "maximum"),
    [
        (WaterBody(), 0.01), (WaterBody("uskat", "U-25"), 0.01), (WaterBody("talda", "TA-1"), 0.07),
        (WaterBody("uskat", "U-21"), 0.07),
    ],
)  # fmt: skip
def test_a_local_pack_goes_before_the_general_one_only_where_it_applies(body, maximum):
    norm = choose_norm(with_example(), "mn", water_use="fishery_2", day=date(2026, 6, 1), body=body)
    assert norm.maximum == maximum
    assert norm.local == (maximum == 0.07)


def test_a_local_pack_holds_only_while_it_is_valid_and_for_what_it_names():
    packs, talda = with_example(), WaterBody("talda")
    before = choose_norm(packs, "mn", water_use="fishery_2", day=date(2025, 8, 31), body=talda)
    other = choose_norm(packs, "nh4", water_use="fishery_2", day=date(2026, 6, 1), body=talda)
    assert (before.maximum, other.maximum) == (0.01, 0.5)


def test_the_norm_of_a_station_goes_before_that_of_its_river():
    station = {"id": "example-station", "applies_to": {"stations": ["TA-1"]}, "valid_from": "2020-01-01"}
    item = json.loads(EXAMPLE)["norms"][0] | {"values": {"fishery_2": {"max": 0.09}}}
    packs = packs_by_id(
        [*with_example().values(), load_pack(json.dumps(json.loads(EXAMPLE) | station | {"norms": [item]}))]
    )
    body = WaterBody("talda", "TA-1")
    assert choose_norm(packs, "mn", water_use="fishery_2", day=date(2026, 6, 1), body=body).maximum == 0.09


def test_no_shipped_pack_sets_norms_of_one_water_body():
    assert [pack.id for pack in norm_packs().values() if pack.applies_to is not None] == []


@pytest.mark.parametrize(
    "item",
    [
        {"parameter": "nh4", "unit": "mg/L", "basis": "N", "values": {"fishery_2": {"max": 0.4}}},
        {"parameter": "no3", "unit": "mg/L", "basis": "N", "values": {"fishery_2": {"max": 9.1}}},
        {"parameter": "mn", "unit": "ug/L", "basis": "Mn"},
        {"parameter": "unobtainium"},
    ],
)
def test_a_limit_in_another_species_or_unit_never_becomes_a_norm(item):
    pack = json.loads(EXAMPLE)
    pack["norms"] = [pack["norms"][0] | item]
    with pytest.raises(PackError):
        load_pack(json.dumps(pack))


def test_two_packs_of_one_name_and_borrowed_values_of_borrowed_values_are_refused():
    packs = list(norm_packs().values())
    with pytest.raises(PackError, match="same id"):
        packs_by_id([*packs, packs[0]])
    borrowed = {"id": "x", "norms": [], "values_from": "fishery-296-2025", "applies_to": None}
    with pytest.raises(PackError, match="values of its own"):
        with_example(**borrowed)


def test_applies_to_must_name_a_water_body():
    with pytest.raises(ValueError, match="neither a river nor a station"):
        with_example(applies_to={})


def test_the_published_schema_is_current_and_true_of_every_pack():
    folder = files("uskat.data")
    published = folder.joinpath("norm_pack.schema.json").read_text(encoding="utf-8")
    assert published == pack_schema(), "write uskat.water.norm_pack.pack_schema() to uskat/data/norm_pack.schema.json"
    validator = Draft202012Validator(json.loads(published))
    texts = [entry.read_text(encoding="utf-8") for entry in folder.joinpath("norms").iterdir()]
    for text in [*texts, EXAMPLE]:
        validator.validate(json.loads(text))
    assert list(validator.iter_errors(json.loads(EXAMPLE) | {"surprise": 1}))


def test_the_thresholds_written_into_the_packs_are_those_of_the_rule():
    """norms.md §2.2 and the precomputed columns of the sheet: one rule, two writings."""
    checked = 0
    for pack in norm_packs().values():
        for item in pack.norms:
            for values in item.values.values():
                wanted = pollution_thresholds(item.parameter, limit=values.max, hazard_class=item.hazard_class)
                levels = item.pollution_levels
                if levels is not None:
                    assert wanted is not None
                    written = (levels.high_from, levels.extreme_from, levels.extreme_inclusive)
                    ruled = (wanted.high_from, wanted.extreme_from, wanted.extreme_inclusive)
                    assert written == pytest.approx(ruled), item.parameter
                    checked += 1
    assert checked > 60
