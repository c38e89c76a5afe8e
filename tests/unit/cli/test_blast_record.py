"""`uskat blast analyse` on files of obspy, on exports of instruments, and on what is neither."""

import json
from pathlib import Path

import numpy as np
import obspy
import pytest
from typer.testing import CliRunner

from services.cli.blast.command import blast
from tests.unit.blast.record.made import wavelet

runner = CliRunner()
BUNDLED = Path(obspy.__file__).parent / "io/mseed/tests/data"
RATE = 1024.0


def analyse(*arguments):
    return runner.invoke(blast, ["analyse", *map(str, arguments)])


def told(result):
    return json.loads(result.stdout)["records"]


@pytest.fixture
def rjob(tmp_path):
    """obspy's own example, as miniSEED with its StationXML."""
    stream = obspy.read()
    for trace in stream:
        trace.data = np.round(trace.data).astype(np.int32)
    stream.write(str(tmp_path / "rjob.mseed"), format="MSEED")
    obspy.read_inventory().write(str(tmp_path / "rjob.xml"), format="STATIONXML")
    return tmp_path / "rjob.mseed", tmp_path / "rjob.xml"


def write_csv(path, *, peak=8.0, divider=",", preamble="Serial 123\n", decimals=".", handled=False):
    frequency, width = (6, 0.3) if handled else (25, 0.1)
    shapes = [wavelet(share * peak, frequency, width_s=width) for share in (1, 0.8, 0.9)]
    rows = np.column_stack([np.arange(4096) / RATE, *shapes, wavelet(20, 9)])
    rows[:, 1:] += np.random.default_rng(1).normal(0, 0.01, (4096, 4))
    lines = [divider.join(f"{value:.6f}".replace(".", decimals) for value in row) for row in rows]
    path.write_text(preamble + divider.join(("Time", "Vert", "Long", "Tran", "MicL")) + "\n" + "\n".join(lines) + "\n")
    return path


COLUMNS = ("--columns", "V=Vert,L=Long,T=Tran,MIC=MicL")


def test_miniseed_with_stationxml_is_measured(rjob):
    file, station = rjob
    result = analyse(file, "--stationxml", station, "--json")
    assert result.exit_code == 0, result.output
    (record,) = told(result)
    assert set(record["measures"]["ppv_mm_s"]) == {"V", "L", "T"}
    assert record["measures"]["pvs_mm_s"] > record["measures"]["ppv_max_mm_s"]
    assert record["measures"]["ppv_at"]["V"].startswith("2009-08-24T00:20:")
    assert "V вертикальная" in analyse(file, "--stationxml", station).stdout


def test_miniseed_without_calibration_says_so_and_takes_a_scale(rjob):
    file, _ = rjob
    result = analyse(file)
    assert result.exit_code == 0
    assert "без калибровки" in result.stdout
    (record,) = told(analyse(file, "--counts-per-mm-s", "1000", "--json"))
    assert record["measures"]["ppv_mm_s"]["V"] == pytest.approx(np.abs(obspy.read()[0].data).max() / 1000, rel=0.05)


@pytest.mark.parametrize(
    "name",
    [
        "test.mseed",
        "two_channels.mseed",
        "gaps.mseed",
        "fullseed.mseed",
        "steim2.mseed",
        "1T_MONN_00_EDH.mseed",
        "BW.BGLD.__.EHE.D.2008.001.first_10_records",
    ],
)
def test_the_miniseed_files_that_come_with_obspy_are_read(name):
    result = analyse(BUNDLED / name, "--counts-per-mm-s", "1000", "--json")
    assert result.exit_code == 0, result.output
    assert all(channel["samples"] > 0 for record in told(result) for channel in record["channels"])


@pytest.mark.parametrize(
    ("divider", "decimals", "preamble"), [(",", ".", "Serial 123\nUnits mm/s\n\n"), (";", ",", ""), ("\t", ".", "a\n")]
)
def test_csv_of_instruments_is_read(tmp_path, divider, decimals, preamble):
    file = write_csv(tmp_path / "a.csv", divider=divider, decimals=decimals, preamble=preamble)
    (record,) = told(analyse(file, *COLUMNS, "--rate", RATE, "--json"))
    assert record["measures"]["ppv_mm_s"]["V"] == pytest.approx(8.0, abs=0.1)
    assert record["measures"]["zc_hz"]["V"] == pytest.approx(25, abs=0.5)
    assert record["measures"]["airblast_dbl"] == pytest.approx(120, abs=0.2)
    assert "ppv_at" not in record["measures"]


def test_the_rate_may_come_from_the_time_and_columns_may_be_numbers(tmp_path):
    file = write_csv(tmp_path / "a.csv")
    by_time = told(analyse(file, "--columns", "t=Time,V=Vert", "--json"))[0]
    assert by_time["channels"][0]["rate_hz"] == pytest.approx(RATE, rel=1e-4)
    by_number = told(analyse(file, "--columns", "V=2", "--rate", RATE, "--json"))[0]
    assert by_number["measures"]["ppv_mm_s"] == pytest.approx(by_time["measures"]["ppv_mm_s"])


def test_units_are_those_of_the_file(tmp_path):
    file = write_csv(tmp_path / "a.csv")
    (inches,) = told(analyse(file, *COLUMNS, "--rate", RATE, "--units", "in/s,Pa", "--json"))
    assert inches["measures"]["ppv_mm_s"]["V"] == pytest.approx(8.0 * 25.4, rel=0.02)


def test_a_limit_is_judged_with_exit_code_and_drawn(tmp_path):
    file, figure = write_csv(tmp_path / "a.csv"), tmp_path / "a.png"
    above = analyse(file, *COLUMNS, "--rate", RATE, "--norm", "din4150-3", "--receptor", "listed", "--plot", figure)
    assert above.exit_code == 1
    assert "выше предела" in above.stdout
    assert figure.read_bytes().startswith(b"\x89PNG")
    within = analyse(file, *COLUMNS, "--rate", RATE, "--norm", "din4150-3", "--receptor", "industrial")
    assert (within.exit_code, "в пределах" in within.stdout) == (0, True)
    air = told(analyse(file, *COLUMNS, "--rate", RATE, "--norm", "nbr9653", "--json"))[0]["airblast_verdict"]
    assert (air["limit_db"], air["compliance"]) == (134.0, "within")


def test_trap_14_a_handled_sensor_exceeds_nothing(tmp_path):
    file = write_csv(tmp_path / "a.csv", peak=174.8, handled=True)
    result = analyse(file, *COLUMNS, "--rate", RATE, "--norm", "din4150-3")
    assert result.exit_code == 0
    assert "не публикуется: handling" in result.stdout


def test_trap_14_below_the_trigger(tmp_path):
    file = write_csv(tmp_path / "a.csv", peak=0.07)
    result = analyse(file, *COLUMNS, "--rate", RATE, "--trigger-mm-s", "0.3", "--trigger-pa", "50")
    assert "below_trigger" in result.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "укажите --columns"),
        (("--columns", "V=Vert"), "нужна частота опроса"),
        (("--columns", "V=Nothing", "--rate", "1024"), "нет столбца Nothing; заголовки: Time, Vert"),
        (("--columns", "X=Vert", "--rate", "1024"), "ОСЬ=СТОЛБЕЦ"),
        (("--columns", "V=Vert", "--rate", "-1"), "невозможна"),
        (("--columns", "V=Vert", "--rate", "1024", "--units", "furlong"), "--units"),
        (("--columns", "V=Vert", "--rate", "1024", "--norm", "din"), "din4150-3"),
        (("--columns", "V=Vert", "--rate", "1024", "--norm", "ri8507", "--receptor", "pipe_steel"), "says nothing"),
        (("--columns", "V=Vert", "--rate", "1024", "--receptor", "hut"), "--receptor"),
        (("--columns", "V=Vert", "--rate", "1024", "--plot", "a.gif"), ".png или .svg"),
        (("--columns", "V=99", "--rate", "1024"), "нет чисел"),
    ],
)
def test_mistakes_are_told_in_words(tmp_path, options, words):
    result = analyse(write_csv(tmp_path / "a.csv"), *options)
    assert result.exit_code == 2
    assert words in result.output


def test_a_bad_cell_is_named_by_row_and_column(tmp_path):
    file = write_csv(tmp_path / "a.csv", preamble="")
    lines = file.read_text().splitlines()
    lines[10] = "0.1,oops,1,1,1"
    file.write_text("\n".join(lines))
    result = analyse(file, *COLUMNS, "--rate", RATE)
    assert "строка 11, столбец 2 (V): «oops»" in result.output


@pytest.mark.parametrize("name", ["not.mseed", "not2.mseed", "not3.mseed", "not4.mseed"])
def test_bundled_files_that_are_no_miniseed_end_in_words(name):
    result = analyse(BUNDLED / name)
    assert result.exit_code == 2
    assert result.output.startswith("uskat blast analyse:")
    assert "Traceback" not in result.output


def test_missing_empty_and_wrong_stationxml(tmp_path, rjob):
    (tmp_path / "empty").write_bytes(b"")
    assert "пустой файл" in analyse(tmp_path / "empty").output
    assert analyse(tmp_path / "nothing").exit_code == 2
    (tmp_path / "bad.xml").write_text("<a/>")
    assert "StationXML" in analyse(rjob[0], "--stationxml", tmp_path / "bad.xml").output


def table(path, rows):
    path.write_text("distance_m,charge_kg,ppv_mm_s,label\n" + "".join(f"{d},{q},{v},{n}\n" for d, q, v, n in rows))
    return path


def test_fit_tells_the_law_and_the_largest_charge(tmp_path):
    from uskat.blast.propagation.published import published_tables

    rows = [(r.distance_m, r.charge_kg, r.ppv_mm_s, r.label) for r in published_tables()["dowding-H"]]
    file, figure = table(tmp_path / "d.csv", rows), tmp_path / "d.svg"
    result = runner.invoke(
        blast, ["fit", str(file), "--limit", "40", "--distance", "200", "--plot", str(figure), "--json"]
    )
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["law"]["k_mm_s"] == pytest.approx(879.755160, abs=1e-5)
    assert 100 < document["largest_charge_kg"] < 228.130
    assert b"<svg" in figure.read_bytes()
    assert "K = 879.755" in runner.invoke(blast, ["fit", str(file)]).stdout


def test_fit_refuses_and_names_bad_cells(tmp_path):
    few = table(tmp_path / "few.csv", [(100, 10, 5, "a"), (200, 10, 2, "b"), (400, 10, 1, "c"), (800, 10, 0.4, "d")])
    result = runner.invoke(blast, ["fit", str(few)])
    assert (result.exit_code, "закона нет: Записей 4" in result.stdout) == (1, True)
    bad = table(tmp_path / "bad.csv", [(100, "x", 5, "a")])
    assert "строка 2, charge_kg: «x»" in runner.invoke(blast, ["fit", str(bad)]).output
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    assert "нет столбца distance_m" in runner.invoke(blast, ["fit", str(tmp_path / "other.csv")]).output


def test_coverage_prints_what_the_published_tables_show():
    result = runner.invoke(blast, ["coverage", "--halves", "20", "--json"])
    document = json.loads(result.stdout)
    assert set(document["tables"]) == {"dowding-H", "dowding-V", "dowding-T", "vigo-V"}
    assert 0.9 <= document["share"] <= 0.98
    assert "вместе" in runner.invoke(blast, ["coverage", "--halves", "5"]).stdout
