"""`uskat blast figure` on files of instruments and tables of records."""

import pytest
from typer.testing import CliRunner

from services.cli.blast.command import blast
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
