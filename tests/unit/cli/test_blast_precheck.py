"""`uskat blast precheck` on files: words, numbers, map, and what it says of files that are none."""

import csv
import json

import pytest
from typer.testing import CliRunner

from services.cli.blast.command import blast
from tests.unit.blast.passports import passport
from uskat.blast.propagation.published import published_tables
from uskat.blast.surroundings import demo_surroundings

runner = CliRunner()


@pytest.fixture
def files(tmp_path):
    plan, around = tmp_path / "passport.json", tmp_path / "around.json"
    plan.write_text(passport().model_dump_json(by_alias=True), encoding="utf-8")
    around.write_text(demo_surroundings().model_dump_json(by_alias=True), encoding="utf-8")
    return plan, around


def run(files, *options):
    plan, around = files
    return runner.invoke(blast, ["precheck", str(plan), "--receptors", str(around), *options])


def test_the_page_is_told_in_words(files):
    result = run(files)
    assert result.exit_code == 0, result.output
    assert "По расчёту в пределах у всех объектов. Проверено не всё." in result.stdout
    assert "bolshaya-talda: лежит в сети, а не в файле" in result.stderr


def test_numbers_and_map_are_json(files):
    told = json.loads(run(files, "--json").stdout)
    assert len(told["receptors"]) == 7
    assert told["lines"][0]["topic"] == "verdict"
    assert {"type", "features"} == set(json.loads(run(files, "--geojson").stdout))


def test_own_records_give_the_law_and_the_wind_is_reckoned_with(files, tmp_path):
    table = tmp_path / "records.csv"
    with table.open("w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["distance_m", "charge_kg", "ppv_mm_s"])
        writer.writerows([one.distance_m, one.charge_kg, one.ppv_mm_s] for one in published_tables()["vigo-V"])
    told = json.loads(run(files, "--json", "--records", str(table), "--wind", "160,3").stdout)
    assert told["basis"] == "site"
    assert told["law"]["s"] == pytest.approx(0.2353596, abs=1e-7)  # norms.md §2.3.2
    assert told["weather"]["wind"]["from_deg"] == 160


def test_a_blast_that_should_not_be_is_an_exit_code(files):
    plan, _ = files
    plan.write_text(passport(danger_zone={"people_m": 100, "equipment_m": 100}).model_dump_json(by_alias=True))
    result = run(files)
    assert result.exit_code == 1
    assert "нельзя" in result.stdout


@pytest.mark.parametrize("spoil", ["passport", "receptors", "wind", "missing"])
def test_what_cannot_be_read_is_named(files, spoil, tmp_path):
    plan, around = files
    options = ["--wind", "север"] if spoil == "wind" else []
    if spoil == "passport":
        plan.write_text("{}")
    if spoil == "receptors":
        around.write_text('{"schema": 1, "pits": [{}]}')
    result = run((tmp_path / "none.json", around) if spoil == "missing" else files, *options)
    assert result.exit_code == 2
    assert "uskat blast precheck:" in result.stderr
