"""Figures that others have measured on the public benchmark: its own README, table «Reference figures», as data.

Tuned on the same files where the README does not say otherwise.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Baseline:
    """One line of that table. recall: share of events; false_a_day: false alarms a station-day; f1: of rows."""

    suite: str
    detector: str
    recall: float | None = None
    false_a_day: float | None = None
    f1: str = ""
    note: str = ""


SOURCE = "README.md of the benchmark folder, «Reference figures on these public files (causal, baselines/detectors.py)»"

BASELINES = (
    Baseline("gecco", "linear prediction + BED, tuned", 1.000, 0.031, ".695"),
    Baseline("gecco", "the same, untuned defaults", 1.000, 9.5, ".102"),
    Baseline("gecco", "EWMA residual, budget .25/day", 0.744, 0.195, ".545"),
    Baseline("gecco", "EWMA residual, best F1", 0.950, 1.26, ".619"),
    Baseline("gecco", "Mahalanobis on residuals, 360 min", 0.901, 0.207, ".573"),
    Baseline("gecco", "Isolation Forest, weekly refit", 0.818, 0.132, ".608"),
    Baseline("gecco", "half-space trees", 0.934, 0.522, ".610"),
    Baseline("gecco", "gradient boosting, lag features", 0.934, 0.264, ".799", "supervised, cross-season"),
    Baseline("lro", "one-sided derivative, tau 20", 0.742, 0.205, ".325–.390"),
    Baseline("lro", "one-sided derivative, tau 40", 0.653, 0.068, ".325–.390"),
    Baseline("lro", "one-sided derivative, tau 60", 0.576, 0.030, ".325–.390"),
    Baseline("lro", "one-sided derivative, tau 90", 0.521, 0.018, ".325–.390"),
    Baseline("lro", "Mahalanobis 3 h", 0.716, 0.101, ".33–.35"),
    Baseline("lro", "Mahalanobis 3 h, higher limit", 0.619, 0.040, ".33–.35"),
    Baseline("lro", "EWMA 2 h", 0.657, 0.156),
    Baseline("lro", "linear prediction + BED", 0.746, 0.284, ".406"),
    Baseline("gbr", "range + gap + spike rules", note="3 of 7 found, 9 false"),
    Baseline("gbr", "oddwater", note="5 of 7 found, 1 false; published, not causal"),
    Baseline("canary", "linear prediction + BED, shipped settings", 0.898, 2.25, note="all draws"),
    Baseline("skab", "ridge residuals + EWMA", f1=".802", note="all 34 files; false rows 19.8 %, missed 21.5 %"),
    Baseline("skab", "convolutional autoencoder", f1=".78", note="best published; false rows 13.6 %, missed 28.0 %"),
)
