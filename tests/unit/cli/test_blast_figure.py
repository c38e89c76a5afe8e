"""`uskat blast figure` on files of instruments and tables of records."""

import json

import pytest
from typer.testing import CliRunner

from services.cli.blast.command import blast
from tests.unit.blast.passports import passport_data
from tests.unit.cli.test_blast_record import COLUMNS, RATE, table, write_csv
from uskat.blast.propagation.published import published_tables

runner = CliRunner()
READ = (*COLUMNS, "--rate", RATE)


def draw(*arguments):
    return runner.invoke(blast, ["figure", *map(str, arguments)])


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("waveform", ["--norm", "din4150-3"], ["Вертикальная", "; предел", "DIN 4150-3"]),
        ("limits", ["--norm", "din4150-3,bs7385-2", "--receptor", "school"], ["Строка 2", "Линия 2", "вертикальная:"]),
        ("spectrum", [], ["преобладает", "Гц"]),
    ],
)
def test_a_record_is_drawn_in_each_kind(tmp_path, kind, options, words):
    file, out = write_csv(tmp_path / "a.csv"), tmp_path / "a.svg"
    result = draw("record", file, "--out", out, "--kind", kind, *READ, *options)
    assert result.exit_code == 0, result.output
    assert str(out) in result.output
    text = out.read_text("utf-8")
    assert all(word in text for word in words), [word for word in words if word not in text]
    assert draw("record", file, "--out", tmp_path / "a.png", "--kind", kind, *READ, *options).exit_code == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_the_law_of_a_published_table_is_drawn_with_a_line(tmp_path):
    rows = [(r.distance_m, r.charge_kg, r.ppv_mm_s, r.label) for r in published_tables()["dowding-H"]]
    out = tmp_path / "law.svg"
    result = draw("law", table(tmp_path / "d.csv", rows), "--out", out, "--limit", 40)
    assert result.exit_code == 0, result.output
    assert "предел 40 мм/с" in out.read_text("utf-8")
    assert "K = 880" in out.read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--out", "a.gif"], ".png или .svg"),
        (["--out", "a.png", "--norm", "nothing"], "nothing"),
        (["--out", "a.png", "--norm", "osmre"], "osmre"),
        (["--out", "a.png", "--norm", "a,b,c,d,e"], "не больше 4"),
        (["--out", "a.png", "--receptor", "castle"], "castle"),
        (["--out", "nowhere/a.png"], "nowhere"),
    ],
)
def test_what_cannot_be_drawn_is_named(tmp_path, monkeypatch, options, word):
    monkeypatch.chdir(tmp_path)
    result = draw("record", write_csv(tmp_path / "a.csv"), *READ, *options)
    assert result.exit_code == 2
    assert word in result.output
    assert "Traceback" not in result.output


def test_the_map_of_a_planned_blast_tells_every_receptor_of_the_demo(tmp_path):
    passport, out = tmp_path / "passport.json", tmp_path / "map.svg"
    passport.write_text(json.dumps(passport_data()), encoding="utf-8")
    result = draw("map", passport, "--out", out)
    assert result.exit_code == 0, result.output
    text = out.read_text("utf-8")
    assert "по общему закону" in text
    assert all(name in text for name in ("Большая Талда", "Терентьевское", "Водовод Ускат"))
    records = [(r.distance_m, r.charge_kg, r.ppv_mm_s, r.label) for r in published_tables()["dowding-H"]]
    own = draw("map", passport, "--out", out, "--law", table(tmp_path / "d.csv", records))
    assert own.exit_code == 0, own.output
    assert "по закону карьера" in out.read_text("utf-8")


def test_a_map_needs_a_passport_and_places_that_are_known(tmp_path):
    (tmp_path / "broken.json").write_text("{}")
    assert draw("map", tmp_path / "broken.json", "--out", tmp_path / "a.png").exit_code == 2
    passport = tmp_path / "passport.json"
    passport.write_text(json.dumps(passport_data()), encoding="utf-8")
    receptor = {
        "code": "a",
        "name": "А",
        "kind": "settlement",
        "receptor": "dwelling",
        "place": "somewhere",
        "source": "-",
    }
    (tmp_path / "land.json").write_text(json.dumps({"schema": 1, "receptors": [receptor]}), encoding="utf-8")
    lost = draw("map", passport, "--out", tmp_path / "a.png", "--surroundings", tmp_path / "land.json")
    assert lost.exit_code == 2
    assert "где a;" in lost.output
