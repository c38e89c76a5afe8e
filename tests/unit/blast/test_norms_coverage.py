"""Every row, golden number and trap of the shared sheet blasting/norms.md: which tests hold it, or why none can.

The listing is compared with the sheet where that lies beside the checkout, and with the tests themselves everywhere:
a test that is renamed or deleted, or that no longer names its section, fails here.
"""

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SHEET = HERE.parents[3] / "shared/blasting/norms.md"

TESTS = {
    "1.1.1": ["test_waveform:test_the_offset_is_the_mean", "norm/test_verdict:test_1_1_6_every_axis"],
    "1.1.2": ["test_waveform:test_the_vector_sum_is_of_simultaneous", "test_norms_sheet:test_1_1_3_trap_1"],
    "1.1.3": ["test_norms_sheet:test_1_1_3_trap_1"],
    "1.1.4": ["record/test_motion:test_1_1_4", "test_norms_sheet:test_1_1_4"],
    "1.1.5": ["record/test_motion:test_1_1_5_trap_2"],
    "1.1.6": ["norm/test_verdict:test_1_1_6_the_tape", "test_norms_sheet:test_1_1_6"],
    "1.1.7": ["record/test_motion:test_1_1_7_the_sine", "record/test_motion:test_1_1_7_the_numeric"],
    "1.1.8": ["test_waveform:test_airblast_levels", "test_waveform:test_airblast_pressures"],
    "1.1.9": ["propagation/test_airblast:test_1_1_9"],
    "1.2.1": ["record/test_trigger:test_1_2_1_the_level", "record/test_trigger:test_1_2_1_a_record_of"],
    "1.2.3": ["record/test_trigger:test_1_2_3"],
    "1.2.4": ["record/test_trigger:test_1_2_4", "test_norms_sheet:test_1_2_4"],
    "1.2.6": ["event/test_coincidence:test_the_events_are_those_of_obspy"],
    "1.3": ["record/test_histogram:test_1_3_every", "record/test_histogram:test_1_3_a_missed_event"],
    "1.4.1": ["record/test_calibration:test_1_4_1_every_channel_is_calibrated"],
    "1.4.5": ["norm/test_verdict:test_1_4_5"],
    "1.4.10": ["record/test_judgement:test_1_1_an_arrival_before"],
    "1.4.12": ["record/test_judgement:test_flags_tell"],
    "1.5.1": ["norm/test_curve:test_1_5_1_ri_8507", "norm/test_curve:test_1_5_1_corner", "norm/test_curve:test_1_5_1_osmre"],
    "1.5.2": ["norm/test_curve:test_1_5_2_din", "norm/test_curve:test_1_5_2_buried", "norm/test_curve:test_1_5_2_floors"],
    "1.5.3": ["norm/test_curve:test_1_5_3_bs", "norm/test_curve:test_1_5_3_human"],
    "1.5.4": ["norm/test_curve:test_1_5_4_une", "norm/test_curve:test_1_5_4_dgms", "norm/test_verdict:test_1_5_4_forty",
              "norm/test_verdict:test_1_5_4_nbr", "test_norms_sheet:test_1_5_4_nbr", "test_norms_sheet:test_1_5_4_what"],
    "1.5.5": ["norm/test_curve:test_1_5_5"],
    "1.5.6": ["norm/test_curve:test_1_5_6", "test_norms_sheet:test_1_5_6"],
    "1.5.7 a": ["test_distance:test_seismic_distance_of_one_charge_a"],
    "1.5.7 b": ["test_distance:test_seismic_distance_of_delayed_groups"],
    "1.5.7 c": ["test_distance:test_charges_at_unequal_distances_c"],
    "1.5.7 d": ["test_distance:test_flyrock_is_rounded_up_to_50_m_d"],
    "1.5.7 e": ["test_distance:test_flyrock_downhill_e", "test_distance:test_downhill_factor_e"],
    "1.5.7 f": ["test_distance:test_airblast_on_buildings_f"],
    "1.5.7 g": ["test_distance:test_glazing_g", "test_distance:test_glazing_jumps_down"],
    "1.5.7 h": ["test_distance:test_equivalent_charge_of_long_holes_h", "test_distance:test_stemming_factor_h"],
    "1.5.7 i": ["test_distance:test_frost_multiplies"],
    "1.5.7 j": ["test_distance:test_people_and_the_shock_wave_j"],
    "1.5.7 l": ["test_distance:test_the_gas_zone_takes_tonnes_l"],
    "1.5.7 n": ["test_distance:test_signals_n"],
    "2.1.1": ["propagation/test_coefficients:test_2_1_1"],
    "2.1.2": ["propagation/test_coefficients:test_2_1_2"],
    "2.1.3": ["test_norms_sheet:test_2_1_3"],
    "2.1.4": ["propagation/test_airblast:test_2_1_4_and_2_1_5"],
    "2.1.5": ["propagation/test_airblast:test_2_1_4_and_2_1_5"],
    "2.1.6": ["propagation/test_airblast:test_2_1_6"],
    "2.2": ["test_norms_sheet:test_2_2_trap_9", "propagation/test_fit:test_2_2_few", "propagation/test_fit:test_2_2_no"],
    "2.3.1": ["propagation/test_fit:test_2_3_1"],
    "2.3.2": ["propagation/test_fit:test_2_3_2"],
    "2.3.3": ["test_norms_sheet:test_2_3_3"],
    "2.3.4": ["propagation/test_fit:test_2_3_4", "norm/test_verdict:test_2_3_4"],
    "2.3.5": ["test_norms_sheet:test_2_1_3_and_2_3_5", "test_norms_sheet:test_2_3_5"],
    "3.1.1": ["magnitude/test_law:test_station_magnitude", "magnitude/test_wood_anderson:test_obspy_estimates"],
    "3.1.2": ["magnitude/test_law:test_station_magnitude"],
    "3.1.3": ["magnitude/test_law:test_station_magnitude"],
    "3.1.4": ["magnitude/test_law:test_station_magnitude", "magnitude/test_law:test_seiscomp_table"],
    "3.1.5": ["magnitude/test_law:test_the_two_magnifications", "magnitude/test_wood_anderson:test_a_tone"],
    "3.1.6": ["magnitude/test_network:test_the_median", "magnitude/test_network:test_the_trimmed_mean"],
    "3.2": ["magnitude/test_law:test_energy_class", "magnitude/test_law:test_class_eight", "magnitude/test_law:test_gutenberg"],
    "3.3": ["magnitude/test_charge:test_the_synthetic_law", "magnitude/test_charge:test_a_falsified_charge"],
    "3.5": ["catalogue/test_day_pattern:test_three_means", "catalogue/test_day_pattern:test_the_table_of_norms_3_5"],
    "3.6.4": ["event/test_signal:test_the_p_s_rule_is_right"],
    "3.6.5": ["catalogue/test_day_pattern:test_the_shipped_pattern_has"],
    "3.6.7": ["test_norms_sheet:test_3_6_7"],
    "4.1": ["test_emission:test_the_published_example_4_1", "test_emission:test_water_stemming",
            "test_emission:test_gas_that_leaves", "test_emission:test_rates_4_1"],
    "4.2": ["test_emission:test_dust_by_volume_4_2"],
    "4.3": ["test_emission:test_densities_and_ppm_4_3", "test_emission:test_gas_of_tnt", "test_emission:test_the_cloud_4_3"],
    "4.4": ["test_emission:test_the_range_runs", "test_emission:test_no_official_factor"],
    "4.5": ["test_emission:test_the_sixteen_ratings", "test_emission:test_thresholds_4_5", "test_emission:test_an_incident"],
    "5.1": ["test_explosive_composition:test_oxygen_balance_of_substances", "test_explosive_composition:test_zero_balance",
            "test_explosive_composition:test_oxygen_balance_of_mixtures", "test_explosive_composition:test_alanfo",
            "test_explosive_composition:test_gas_of_anfo"],
    "5.2": ["test_explosive_composition:test_ideal_detonation"],
    "5.3": ["test_norms_sheet:test_5_3"],
    "5.4": ["test_explosive_composition:test_charge_column_5_4", "test_passport_check:test_charge_per_delay_depends",
            "propagation/test_fit:test_5_4_9", "test_explosive_quality:test_vod_is_accepted"],
    "6.1": ["test_restriction_weather:test_a_substance_is_listed", "test_restriction_weather:test_higher_degrees"],
    "6.2": ["test_restriction_weather:test_wind_towards", "propagation/test_airblast:test_6_2"],
    "6.3": ["test_restriction:test_no_rule_of_hours_forbids"],
    "6.4": ["test_passport_lifecycle:test_a_blast_runs_from_plan"],
    "7.1": ["record/test_calibration:test_7_1"],
    "trap 1": ["test_norms_sheet:test_1_1_3_trap_1"],
    "trap 2": ["record/test_motion:test_1_1_5_trap_2", "norm/test_curve:test_trap_2"],
    "trap 3": ["propagation/test_coefficients:test_2_1_2_trap_3"],
    "trap 4": ["test_norms_sheet:test_1_1_8_trap_4"],
    "trap 5": ["test_distance:test_seismic_distance_of_delayed_groups"],
    "trap 6": ["test_distance:test_flyrock_is_rounded", "test_distance:test_rounding_never_goes_down"],
    "trap 7": ["test_distance:test_the_gas_zone"],
    "trap 8": ["propagation/test_fit:test_2_3_4_trap_8"],
    "trap 9": ["propagation/test_fit:test_trap_9", "test_norms_sheet:test_2_2_trap_9"],
    "trap 10": ["test_blast_kpi:test_more_small_events", "test_blast_kpi:test_the_indicator_is_refused"],
    "trap 11": ["test_emission:test_no2_and_no_do_not_add"],
    "trap 12": ["test_emission:test_no_official_factor"],
    "trap 13": ["catalogue/test_day_pattern:test_in_utc"],
    "trap 14": ["record/test_judgement:test_trap_14_the_handled", "record/test_judgement:test_trap_14_a_manual"],
    "trap 15": ["norm/test_verdict:test_trap_15", "test_blast_kpi:test_the_95_percent_rule"],
    "trap 16": ["norm/test_curve:test_trap_16"],
}  # fmt: skip
"""Item of the sheet → "file:beginning of the test's name"; folders are those of tests/unit/blast."""

NO_NUMBER = {
    "1.2.2": "advice to whoever sets a level",
    "1.2.5": "defaults of another picker; ours is the level trigger and 1.2.3",
    "1.4.2": "rate of the instrument, of which records say their own",
    "1.4.3": "range of the instrument: full_scale of the registry, clipping is tested",
    "1.4.4": "accuracy of the instrument, from memory",
    "1.4.6": "yearly calibration: in the registry's papers, no number of a record",
    "1.4.7": "how a sensor is buried",
    "1.4.8": "slant distance: the register of receptors has no heights",
    "1.4.9": "filter of the instrument, from memory",
    "1.4.11": "channel codes: read from the registry, never guessed",
    "1.5.7 k": "stores of explosives; only its existence is known",
    "1.5.7 m": "underground; the pits are open",
    "3.4": "totals of news reports with different thresholds, which may not be compared",
    "3.6.1": "accuracy that others published",
    "3.6.2": "accuracy that others published",
    "3.6.3": "accuracy that others published",
    "3.6.6": "existence of methods only",
    "7": "other systems",
    "8": "the data sets themselves; private waveforms may not be redistributed",
}
"""Items without a number that our code could reproduce, and why."""


@lru_cache
def functions(name):
    """{name of a test: its text, decorators included}, and the text before the first of them."""
    text = (HERE / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(text)
    return {
        node.name: ast.get_source_segment(text, node)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }, ast.get_docstring(tree) or ""


def names(item, name, source, docstring):
    """True when a test says which item of the sheet it holds, or its module which section."""
    section = item.split(" ")[0]
    if section == "trap":
        number = item.split(" ")[1]
        return re.search(rf"trap[s]?_?[^:]*\b{number}\b|trap_{number}(?!\d)", f"{name} {docstring}") is not None
    wanted = [section, section.rsplit(".", 1)[0]] if section.count(".") == 2 else [section, section.split(".")[0]]
    return any(
        re.search(rf"(?<![\d.]){re.escape(word)}(?!\d)", f"{source} {docstring}")
        or re.search(rf"_{word.replace('.', '_')}(?!\d)", name)
        for word in wanted
    )


@pytest.mark.parametrize("item", TESTS)
def test_what_holds_an_item_of_the_sheet_exists_and_names_it(item):
    for place in TESTS[item]:
        file, beginning = place.split(":")
        found, docstring = functions(file)
        own = [name for name in found if name.startswith(beginning)]
        assert own, f"{item}: no test begins with {beginning} in {file}.py"
        assert any(names(item, name, found[name], docstring) for name in own), f"{item}: {place} does not name it"


def items_of_sheet(text):
    """Numbered rows of tables, sections without them, rows of ФНП 494, traps."""
    rows = re.findall(r"^\| (\d\.\d\.\d+) \|", text, re.MULTILINE)
    heads = re.findall(r"^#{1,3} (\d(?:\.\d)*)\.? ", text, re.MULTILINE)
    act = text[text.index("### 1.5.7") : text.index("# 2. Propagation")]
    letters = [f"1.5.7 {letter}" for letter in re.findall(r"^\| ([a-n]) \|", act, re.MULTILINE)]
    traps = text[text.index("# 9. Traps") :]
    return {*rows, *heads, *letters, *(f"trap {number}" for number in re.findall(r"^(\d+)\. ", traps, re.MULTILINE))}


def test_the_sheet_has_no_item_that_is_not_listed():
    if not SHEET.exists():
        pytest.skip("the shared sheet is not beside the repository")
    items = items_of_sheet(SHEET.read_text(encoding="utf-8"))
    listed = {*TESTS, *NO_NUMBER}
    parents = {item for item in items if any(other.startswith((f"{item}.", f"{item} ")) for other in items)}
    assert items - parents - {"9"} - listed == set()
    assert listed - items == set(), "listed, and no longer in the sheet"
    assert len([item for item in TESTS if item.startswith("trap")]) == 16
    assert not TESTS.keys() & NO_NUMBER.keys()
