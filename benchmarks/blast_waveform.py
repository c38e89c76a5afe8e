"""What the measures of one record cost: 120 s, four channels, 2 kHz, on one core.

    .venv/bin/python -m benchmarks.blast_waveform

Goal: below 100 ms, so that a two-minute record is judged within a second of its last sample. Processor time is what
counts on a machine that others use; both are printed.
"""

import json
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from uskat.blast.record.incremental import RecordAnalyser
from uskat.blast.waveform import measure_record

SECONDS, RATE_HZ, RUNS = 120, 2000.0, 15
GOAL_MS = 100.0
"""Issue 4: such a record on one core."""
START = datetime(2026, 6, 1, tzinfo=UTC)
AXES = {"GHZ": "V", "GHN": "L", "GHE": "T", "GDF": "MIC"}
CALIBRATION = {
    code: {"component": axis, "unit": "Pa" if axis == "MIC" else "mm/s", "counts_per_unit": 1000}
    for code, axis in AXES.items()
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A channel of the made record."""

    code: str
    counts: NDArray[np.int32]
    start: datetime = START
    rate_hz: float = RATE_HZ

    @property
    def nslc(self) -> str:
        """NET.STA.LOC.CHA."""
        return f"US.B1..{self.code}"


def made_record() -> list[Piece]:
    """A ripple-fired blast of some seconds in noise."""
    random = np.random.default_rng(1)
    times = np.arange(int(SECONDS * RATE_HZ)) / RATE_HZ
    shape = np.exp(-(((times - 10) / 2) ** 2)) * np.sin(2 * np.pi * 20 * times)
    return [Piece(code, np.round(5000 * shape + random.normal(0, 20, times.size)).astype(np.int32)) for code in AXES]


def in_seconds(record: list[Piece]) -> list[list[Piece]]:
    """The record as it arrives: second by second."""
    step = int(RATE_HZ)
    return [
        [Piece(p.code, p.counts[at * step : (at + 1) * step], START + timedelta(seconds=at)) for p in record]
        for at in range(SECONDS)
    ]


def main() -> None:
    """Print the table and one JSON line."""
    record = made_record()
    measure_record(record, CALIBRATION, pre_trigger_s=1.0)
    wall, cpu = [], []
    for _ in range(RUNS):
        begun, used = time.perf_counter(), time.process_time()
        measure_record(record, CALIBRATION, pre_trigger_s=1.0)
        wall.append(1000 * (time.perf_counter() - begun))
        cpu.append(1000 * (time.process_time() - used))
    analyser = RecordAnalyser(CALIBRATION, pre_trigger_s=1.0)
    feeding = []
    for second in in_seconds(record):
        begun = time.perf_counter()
        for piece in second:
            analyser.feed(piece)
        analyser.so_far()
        feeding.append(1000 * (time.perf_counter() - begun))
    begun = time.perf_counter()
    analyser.finish()
    verdict = 1000 * (time.perf_counter() - begun)
    figures = {
        "whole_record_ms": round(statistics.median(wall), 1),
        "whole_record_cpu_ms": round(statistics.median(cpu), 1),
        "second_of_stream_ms": round(statistics.median(feeding), 2),
        "last_sample_to_verdict_ms": round(verdict, 1),
    }
    figures["cpu_share_of_goal"] = round(figures["whole_record_cpu_ms"] / GOAL_MS, 2)
    print(f"record of {SECONDS} s, {len(record)} channels, {RATE_HZ:.0f} Hz; median of {RUNS}")
    for name, value in figures.items():
        print(f"  {name:28s} {value:8.2f}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
