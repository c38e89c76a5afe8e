"""Published tables of measured velocities (`uskat/data/blast/published`), for tests and for measuring the bounds."""

import csv
from functools import cache
from importlib.resources import files

from uskat.blast.propagation.law import PpvRecord


@cache
def published_tables() -> dict[str, tuple[PpvRecord, ...]]:
    """Records by name: dowding-H, dowding-V, dowding-T (norms.md 2.3.1) and vigo-V (2.3.2).

    The table of Vigo holds scaled distances only: they stand as distances of a charge of 1 kg. label: the shot.
    """
    tables: dict[str, list[PpvRecord]] = {f"dowding-{axis}": [] for axis in "HVT"}
    for row in _rows("dowding.csv"):
        for axis in "HVT":
            if row[axis]:
                record = PpvRecord(
                    distance_m=float(row["distance_m"]),
                    charge_kg=float(row["charge_kg"]),
                    ppv_mm_s=float(row[axis]),
                    label=row["shot"],
                )
                tables[f"dowding-{axis}"].append(record)
    tables["vigo-V"] = [
        PpvRecord(10 ** float(row["log10_scaled_distance"]), 1.0, 10 ** float(row["log10_ppv_mm_s"]))
        for row in _rows("vigo.csv")
    ]
    return {name: tuple(records) for name, records in tables.items()}


def _rows(name: str) -> list[dict[str, str]]:
    text = files("uskat.data").joinpath("blast", "published", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
