"""`uskat evaluate water` as one types it: a few scenarios through the real product, figures on the last line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.cli.evaluate.score import TARGETS

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = 3
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str, Path]:
    """Figures, all that was printed, and the folder that was kept."""
    keep = tmp_path_factory.mktemp("evaluation")
    words = ["evaluate", "water", "--seed", "2", "--scenarios", str(SCENARIOS), "--every", "1200", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "services.cli.main", *words, "--keep", str(keep)],
        cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=540,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1]), done.stdout, keep


def test_the_last_line_carries_the_figures(run: tuple[dict[str, Any], str, Path]) -> None:
    figures, _, _ = run
    wanted = {target.figure for target in TARGETS} | {"scenarios", "seed", "seconds", "targets_missed"}
    assert wanted <= set(figures)
    assert (figures["scenarios"], figures["seed"]) == (SCENARIOS, 2)
    assert figures["violations"] >= 2
    assert figures["discharges"] >= 1


def test_every_violation_of_the_few_is_found_and_no_fault_is_taken_for_one(
    run: tuple[dict[str, Any], str, Path],
) -> None:
    figures, _, _ = run
    assert figures["recall"] == 1.0
    assert figures["faults_as_violations"] == 0
    assert figures["false_per_station_month"] <= 1.0
    assert figures["median_detect_intervals"] <= 2.0


def test_report_and_every_case_are_kept(run: tuple[dict[str, Any], str, Path]) -> None:
    figures, printed, keep = run
    assert "| true \\ reported |" in printed
    assert (keep / "report.md").read_text(encoding="utf-8") in printed
    assert json.loads((keep / "figures.json").read_text(encoding="utf-8")) == figures
    cases = [path for path in keep.glob("*.json") if path.name != "figures.json"]
    assert len(cases) == SCENARIOS
    assert all({"truth", "alerts", "verdict"} <= set(json.loads(path.read_text(encoding="utf-8"))) for path in cases)
