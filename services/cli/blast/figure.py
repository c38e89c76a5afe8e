"""`uskat blast figure`: pictures of a record, of the law of a site, of what a planned blast will do around it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from services.cli.blast.record_file import FileRecord
    from uskat.blast.figure import ImageFormat
    from uskat.blast.norm.curve import LimitCurve
    from uskat.blast.passport.model import Passport
    from uskat.blast.propagation.forecast import Ground
    from uskat.blast.surroundings import ReceptorSite

figure = typer.Typer(help="Pictures as PNG or SVG, by the name of the file.", no_args_is_help=True)

Out = Annotated[Path, typer.Option("--out", "-o", help="Where the picture goes: .png or .svg")]


class Kind(StrEnum):
    """waveform: traces with limits; limits: peaks over the curves of norms; spectrum: amplitude by frequency."""

    WAVEFORM = "waveform"
    LIMITS = "limits"
    SPECTRUM = "spectrum"


@figure.command()
def record(  # noqa: PLR0917 - typer passes options by name
    file: Annotated[Path, typer.Argument(help="miniSEED, or CSV with --columns")],
    out: Out,
    kind: Annotated[Kind, typer.Option(help="What to draw")] = Kind.WAVEFORM,
    stationxml: Annotated[Path | None, typer.Option(help="Calibration of a miniSEED file")] = None,
    counts_per_mm_s: Annotated[float | None, typer.Option(help="Ground scale, instead of StationXML")] = None,
    counts_per_pa: Annotated[float | None, typer.Option(help="Microphone scale, instead of StationXML")] = None,
    columns: Annotated[str | None, typer.Option(help="CSV: V=Vert,L=Long,T=Tran,MIC=MicL,t=Time; or numbers")] = None,
    rate: Annotated[float | None, typer.Option(help="CSV: samples a second; else from the column t, in s")] = None,
    units: Annotated[str, typer.Option(help="CSV: units of ground and air")] = "mm/s,Pa",
    start: Annotated[datetime | None, typer.Option(help="CSV: time of the first sample, UTC")] = None,
    norm: Annotated[str | None, typer.Option(help="Norms, at most 4: din4150-3,ri8507,bs7385-2")] = None,
    receptor: Annotated[str, typer.Option(help="What stands there: dwelling, school, listed …")] = "dwelling",
) -> None:
    """Draw a record. Exit 2 when the file or an option cannot be used."""
    from services.cli.blast.analyse import read_records, write_format
    from services.cli.blast.record_file import RecordFileError, Scale

    try:
        image = write_format(out)
        found = read_records(file, stationxml, Scale(counts_per_mm_s, counts_per_pa), columns, rate, units, start)
        if len(found) != 1:
            raise RecordFileError(f"рисуем одну запись, а в файле их {len(found)}")
        out.write_bytes(_record_picture(found[0], kind, _curves(norm, receptor), image))
    except (RecordFileError, OSError) as error:
        typer.echo(f"uskat blast figure record: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"{out}")


def _curves(norms: str | None, receptor: str) -> list[tuple[str, LimitCurve]]:
    from services.cli.blast.record_file import RecordFileError
    from uskat.blast.figure import MOST_CURVES
    from uskat.blast.norm.curve import Receptor
    from uskat.blast.norm.pack import UnknownNormError, limit_norm

    if receptor not in set(Receptor):
        raise RecordFileError(f"--receptor {receptor!r}: есть {', '.join(Receptor)}")
    names = [name.strip() for name in norms.split(",")] if norms else []
    if len(names) > MOST_CURVES:
        raise RecordFileError(f"--norm: не больше {MOST_CURVES}, иначе линии не различить")
    try:
        return [(limit_norm(name).title, limit_norm(name).curve_for(Receptor(receptor))) for name in names]
    except UnknownNormError as error:
        raise RecordFileError(f"--norm: {error.args[0]}") from error


def _record_picture(source: FileRecord, kind: Kind, curves: list[tuple[str, LimitCurve]], image: ImageFormat) -> bytes:
    from services.cli.blast.record_file import RecordFileError
    from uskat.blast.figure import limits_figure, spectrum_figure, waveform_figure
    from uskat.blast.norm.verdict import peaks_of
    from uskat.blast.waveform import axes_of, measure_record

    axes = axes_of(source.channels, source.calibration)
    if not axes:
        raise RecordFileError("ни один канал не откалиброван, рисовать нечего")
    measures = measure_record(source.channels, source.calibration)
    if kind is Kind.SPECTRUM:
        dominant = {axis: found.fft_hz for axis, found in measures.components.items()}
        return spectrum_figure(axes, dominant, title=f"{source.name}: амплитудный спектр", image=image)
    if kind is Kind.LIMITS:
        return limits_figure([peaks_of(measures)], curves, title=source.name, image=image)
    norm, curve = curves[0] if curves else ("", None)
    return waveform_figure(axes, peaks_of(measures), curve=curve, norm=norm, title=source.name, image=image)


@figure.command()
def law(
    file: Annotated[Path, typer.Argument(help="CSV: distance_m, charge_kg (within 8 ms), ppv_mm_s[, azimuth_deg]")],
    out: Out,
    limit: Annotated[float | None, typer.Option(help="A line at so many mm/s")] = None,
) -> None:
    """Draw the law of a site over its records; one that is refused too. Exit 2 when the table cannot be used."""
    from services.cli.blast.analyse import write_format
    from services.cli.blast.law import read_table
    from services.cli.blast.record_file import RecordFileError
    from uskat.blast.figure import fit_figure
    from uskat.blast.propagation.fit import FitError, fit_site

    try:
        image = write_format(out)
        records = read_table(file)
        out.write_bytes(fit_figure(records, fit_site(records), limit_mm_s=limit, image=image))
    except (RecordFileError, FitError, OSError) as error:
        typer.echo(f"uskat blast figure law: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"{out}")


@figure.command(name="map")
def around(
    passport: Annotated[Path, typer.Argument(help="Passport of the blast: filled XLSX form, or JSON")],
    out: Out,
    surroundings: Annotated[Path | None, typer.Option(help="Pits and receptors; without it the demo's")] = None,
    law_table: Annotated[Path | None, typer.Option("--law", help="CSV of the pit's records, as for `law`")] = None,
    zone: Annotated[str, typer.Option(help="Zone of times that do not say their offset")] = "Asia/Novokuznetsk",
) -> None:
    """Draw what a planned blast will do around it. Exit 2 when a file cannot be used."""
    from services.cli.blast.analyse import write_format
    from services.cli.blast.document import DocumentError
    from services.cli.blast.record_file import RecordFileError
    from uskat.blast.figure import blast_figure
    from uskat.blast.precheck.compose import Surrounded
    from uskat.blast.propagation.fit import FitError
    from uskat.blast.surroundings import SurroundingsError

    try:
        image = write_format(out)
        document = _passport(passport, zone)
        found = Surrounded(_receptors(surroundings), _ground(law_table))
        out.write_bytes(blast_figure(document, found, image=image))
    except (RecordFileError, DocumentError, SurroundingsError, FitError, OSError) as error:
        typer.echo(f"uskat blast figure map: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"{out}")


def _passport(file: Path, zone: str) -> Passport:
    from services.cli.blast.document import DocumentError, read_document
    from uskat.blast.passport.model import Passport

    document, cells = read_document(file, ZoneInfo(zone))
    if cells or not isinstance(document, Passport):
        raise DocumentError(f"{file}: не паспорт без ошибок; что не так, скажет uskat blast check")
    return document


def _receptors(file: Path | None) -> list[ReceptorSite]:
    """Receptors with their shapes; settlements of the demo network lend theirs to the demo's."""
    from uskat.blast.shape import Shape
    from uskat.blast.surroundings import SurroundingsError, demo_surroundings, load_surroundings
    from uskat.water.network import demo_network

    found = demo_surroundings() if file is None else load_surroundings(file.read_bytes())
    places = {one.code: (one.longitude, one.latitude) for one in demo_network().settlements} if found.demo else {}
    lost = [one.code for one in found.receptors if one.shape is None and one.place not in places]
    if lost:
        raise SurroundingsError(f"{file}: без базы не узнать, где {', '.join(lost)}; укажите shape вместо place")
    return [
        one if one.place is None else one.model_copy(update={"shape": Shape(kind="Point", points=(places[one.place],))})
        for one in found.receptors
    ]


def _ground(table: Path | None) -> Ground:
    from services.cli.blast.law import read_table
    from uskat.blast.precheck.compose import ground_of
    from uskat.blast.propagation.fit import fit_site

    if table is None:
        return ground_of(None)
    records = read_table(table)
    return ground_of(fit_site(records).law, records)
