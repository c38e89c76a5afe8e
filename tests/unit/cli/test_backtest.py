"""`uskat backtest` reads the benchmark's layout, writes one prediction a row, and never reads the answers."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from services.cli.main import app

BENCH = Path(__file__).resolve().parents[4] / "shared/bench"
CALM_DAYS = 20


def write(path, *, label=True, flip=False):
    """A river at 15 minutes with one jump of everything after its warm-up."""
    rng = np.random.default_rng(3)
    n = CALM_DAYS * 96
    start = np.datetime64("2026-01-01T00:00:00", "s").astype(np.int64)
    event = np.zeros(n, dtype=int)
    event[16 * 96 : 16 * 96 + 8] = 1
    columns = {
        "time": pa.array((start + np.arange(n) * 900).astype("datetime64[s]")),
        "temp": 10 + np.cumsum(rng.normal(0, 0.05, n)) * 0.1,
        "cond": 350 + rng.normal(0, 0.5, n) + 90 * event,
        "ph": 8.2 + rng.normal(0, 0.01, n),
        "q_cond": rng.integers(0, 9, n) if flip else np.zeros(n),
        "warm": np.zeros(n, dtype=int),
    }
    if label:
        columns["label"] = 1 - event if flip else event
        columns["ignore"] = np.zeros(n, dtype=int)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return n


def run(*arguments):
    return CliRunner().invoke(app, ["backtest", *map(str, arguments)])


def alarms(path):
    with path.open(encoding="utf-8") as file:
        return [(row["time"], int(row["alarm"])) for row in csv.DictReader(file)]


def test_predictions_have_a_row_for_every_row_and_figures_are_printed(tmp_path):
    rows = write(tmp_path / "data/lro/a.parquet")
    result = run(tmp_path / "data", "--out", tmp_path / "pred", "--json")
    assert result.exit_code == 0, result.output
    predicted = alarms(tmp_path / "pred/lro/a.csv")
    assert len(predicted) == rows
    assert predicted[0][0] == "2026-01-01 00:00:00"
    figures = json.loads(result.output.strip().splitlines()[-1])["lro"]
    assert figures["event_recall"] == 1
    assert figures["false_alarms"] == 0


def test_labels_are_never_an_input(tmp_path):
    write(tmp_path / "one/lro/a.parquet")
    write(tmp_path / "two/lro/a.parquet", flip=True)
    run(tmp_path / "one", "--out", tmp_path / "p1")
    run(tmp_path / "two", "--out", tmp_path / "p2")
    assert alarms(tmp_path / "p1/lro/a.csv") == alarms(tmp_path / "p2/lro/a.csv")


def test_files_without_labels_are_predicted_and_drawn(tmp_path):
    write(tmp_path / "lro/a.parquet", label=False)
    result = run(tmp_path / "lro", "--out", tmp_path / "pred", "--plots")
    assert result.exit_code == 0, result.output
    assert "no labels" in result.output
    assert sum(alarm for _, alarm in alarms(tmp_path / "pred/lro/a.csv")) > 0
    assert (tmp_path / "pred/lro/a.png").stat().st_size > 10_000


def test_a_folder_without_configuration_is_refused_in_both_languages(tmp_path):
    write(tmp_path / "amazon/a.parquet")
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "unknown suite amazon" in result.output
    assert "неизвестный набор" in result.output
    assert run(tmp_path, "--suite", "amazon").exit_code == 2
    assert run(tmp_path / "nowhere").exit_code == 2
    assert run(tmp_path / "amazon", "--suite", "lro", "--out", tmp_path / "pred").exit_code == 0


def test_a_file_that_is_no_series_is_refused(tmp_path):
    (tmp_path / "lro").mkdir()
    pq.write_table(pa.table({"a": [1.0]}), tmp_path / "lro/a.parquet")
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "нет столбца времени" in result.output


@pytest.mark.skipif(not BENCH.exists(), reason="the shared benchmark is not here")
def test_the_quick_suites_of_the_public_benchmark_are_as_good_as_documented(tmp_path):
    for suite in ("gbr", "skab"):
        result = run(BENCH, "--suite", suite, "--out", tmp_path, "--json")
        figures = json.loads(result.output.strip().splitlines()[-1])[suite]
        if suite == "gbr":
            assert figures["event_recall"] >= 0.8
            assert figures["false_alarms"] <= 9
        else:
            assert figures["point_f1"] >= 0.8
            assert figures["point_false_rate"] <= 0.198
