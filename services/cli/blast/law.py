"""`uskat blast fit` and `uskat blast coverage`: the law of a site from a table, and how well its bound covers."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from uskat.blast.propagation.fit import SiteFit
    from uskat.blast.propagation.law import PpvRecord

TITLES = ("distance_m", "charge_kg", "ppv_mm_s")
OPTIONAL = ("azimuth_deg", "frequency_hz")


def fit(
    file: Annotated[
        Path, typer.Argument(help="CSV: distance_m, charge_kg (within 8 ms), ppv_mm_s[, azimuth_deg, label]")
    ],
    limit: Annotated[float | None, typer.Option(help="mm/s; with --distance the largest charge is told")] = None,
    distance: Annotated[float | None, typer.Option(help="Metres to the place")] = None,
    plot: Annotated[Path | None, typer.Option(help="Figure: .png or .svg")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines")] = False,
) -> None:
    """Fit the law of a site. Exit 1 when the records carry none, 2 when the table cannot be used."""
    from services.cli.blast.analyse import write_format
    from services.cli.blast.record_file import RecordFileError
    from uskat.blast.figure import fit_figure
    from uskat.blast.propagation.fit import FitError, fit_site

    try:
        records = read_table(file)
        found = fit_site(records)
        if plot is not None:
            plot.write_bytes(fit_figure(records, found, limit_mm_s=limit, image=write_format(plot)))
    except (RecordFileError, FitError) as error:
        typer.echo(f"uskat blast fit: {error}", err=True)
        raise typer.Exit(2) from error
    charge = _charge(found, limit, distance)
    if as_json:
        typer.echo(json.dumps(found.to_json() | {"largest_charge_kg": charge}, ensure_ascii=False, allow_nan=False))
    else:
        _tell(found, charge)
    if found.law.refused:
        raise typer.Exit(1)


def read_table(file: Path) -> list[PpvRecord]:
    """Records of a table; raises RecordFileError that names row and column."""
    from services.cli.blast.record_file import RecordFileError, read_content
    from uskat.blast.propagation.law import PpvRecord

    try:
        text = read_content(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordFileError(f"{file}: не текст в UTF-8") from error
    reader = csv.DictReader(text.splitlines())
    missing = [title for title in TITLES if title not in (reader.fieldnames or ())]
    if missing:
        raise RecordFileError(f"нет столбца {', '.join(missing)}; есть {', '.join(reader.fieldnames or ())}")
    records = []
    for number, row in enumerate(reader, start=2):
        if not row["ppv_mm_s"]:
            continue
        values = {title: _number(row, title, number) for title in TITLES}
        more = {title: _number(row, title, number) for title in OPTIONAL if row.get(title)}
        records.append(PpvRecord(**values, **more, label=row.get("label") or f"строка {number}"))
    return records


def _number(row: dict[str, str], title: str, number: int) -> float:
    from services.cli.blast.record_file import RecordFileError

    try:
        value = float(row[title])
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise RecordFileError(f"строка {number}, {title}: «{row[title]}» – не число")
    return value


def _charge(found: SiteFit, limit: float | None, distance: float | None) -> float | None:
    from uskat.blast.propagation.spread import largest_charge_kg

    if limit is None or distance is None or found.law.refused:
        return None
    azimuth = 0.0 if found.law.directional else None
    return largest_charge_kg(found.law, distance, limit_mm_s=limit, azimuth_deg=azimuth)


def _tell(found: SiteFit, charge: float | None) -> None:
    law = found.law
    typer.echo(
        f"{law.form.value}: K = {law.k:.6g} мм/с, β = {law.beta:.6f}, показатель заряда {law.charge_exponent:.6f}"
    )
    typer.echo(f"n = {law.n}, s = {law.s:.6f}, R² = {law.r2:.6f}, K95 = {law.k_parallel():.6g}")
    for reason in law.refused:
        typer.echo(f"закона нет: {reason}")
    for warning in law.warnings:
        typer.echo(f"учесть: {warning}")
    for odd in found.outliers:
        word = "выброс" if odd.certain else "дальше 2 s"
        record = odd.record
        typer.echo(
            f"{word}: {record.label}, {record.ppv_mm_s:g} вместо {odd.expected_mm_s:.3g} мм/с ({odd.residual_s:+.1f} s)"
        )
    if charge is not None:
        typer.echo(f"наибольший заряд на ступень по 95 % границе: {charge:.6g} кг")


def coverage(
    file: Annotated[Path | None, typer.Argument(help="Table as for `fit`; without it the published tables")] = None,
    halves: Annotated[int, typer.Option(help="Random halves of each table", min=1)] = 500,
    seed: Annotated[int, typer.Option(help="Of the halves")] = 1,
    confidence: Annotated[float, typer.Option(help="Of the one-sided bound", min=0.5, max=0.999)] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines")] = False,
) -> None:
    """Fit one half of each table and count in the other half what stays below the bound."""
    from services.cli.blast.record_file import RecordFileError
    from uskat.blast.propagation.calibration import held_out_coverage
    from uskat.blast.propagation.fit import FitError
    from uskat.blast.propagation.published import published_tables

    try:
        tables = {file.name: tuple(read_table(file))} if file is not None else published_tables()
        found = {
            name: held_out_coverage(records, confidence=confidence, halves=halves, seed=seed)
            for name, records in tables.items()
        }
    except (RecordFileError, FitError) as error:
        typer.echo(f"uskat blast coverage: {error}", err=True)
        raise typer.Exit(2) from error
    together = sum(c.below for c in found.values()) / sum(c.judged for c in found.values())
    if as_json:
        document = {"tables": {name: c.to_json() for name, c in found.items()}, "share": together}
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    for name, c in found.items():
        spread = f"{100 * c.split_low:.0f}–{100 * c.split_high:.0f} % в одной половине"
        typer.echo(f"{name:12s} {100 * c.share:5.1f} % ниже границы {100 * confidence:g} % ({spread})")
    typer.echo(f"{'вместе':12s} {100 * together:5.1f} %")
