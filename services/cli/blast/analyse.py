"""`uskat blast analyse`: what a record in a file measured, whether it is a blast at all, and the limits it meets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from services.cli.blast.record_file import FileRecord
    from uskat.blast.norm.verdict import AirblastVerdict, Verdict
    from uskat.blast.record.judgement import RecordJudgement
    from uskat.blast.record.trigger import LevelTrigger
    from uskat.blast.waveform import RecordMeasures

AXIS_RU = {"V": "V вертикальная", "L": "L продольная", "T": "T поперечная", "MIC": "MIC воздух"}


@dataclass(frozen=True, slots=True)
class Result:
    """Everything said of one record."""

    record: FileRecord
    measures: RecordMeasures
    judgement: RecordJudgement
    verdict: Verdict | None
    airblast: AirblastVerdict | None

    def to_json(self) -> dict[str, Any]:
        """Plain values; moments only when the file says when."""
        measures = self.measures.to_json()
        if not self.record.start_known:
            measures = {name: value for name, value in measures.items() if not name.endswith("_at")}
        return {
            "record": self.record.name,
            "channels": [
                {"id": c.nslc, "rate_hz": c.rate_hz, "samples": len(c.counts), "start": self._start(c.start)}
                for c in self.record.channels
            ],
            "measures": measures,
            "judgement": self.judgement.to_json(),
            "verdict": self.verdict.to_json() if self.verdict else None,
            "airblast_verdict": self.airblast.to_json() if self.airblast else None,
            "notes": self.record.notes,
        }

    def _start(self, moment: datetime) -> str | None:
        return moment.isoformat() if self.record.start_known else None


def analyse(  # noqa: PLR0917 - typer passes options by name
    file: Annotated[Path, typer.Argument(help="miniSEED, or CSV with --columns")],
    stationxml: Annotated[Path | None, typer.Option(help="Calibration of a miniSEED file")] = None,
    counts_per_mm_s: Annotated[float | None, typer.Option(help="Ground scale, instead of StationXML")] = None,
    counts_per_pa: Annotated[float | None, typer.Option(help="Microphone scale, instead of StationXML")] = None,
    columns: Annotated[str | None, typer.Option(help="CSV: V=Vert,L=Long,T=Tran,MIC=MicL,t=Time; or numbers")] = None,
    rate: Annotated[float | None, typer.Option(help="CSV: samples a second; else from the column t, in s")] = None,
    units: Annotated[str, typer.Option(help="CSV: units of ground and air")] = "mm/s,Pa",
    start: Annotated[datetime | None, typer.Option(help="CSV: time of the first sample, UTC")] = None,
    pre_trigger: Annotated[float | None, typer.Option(help="Seconds of quiet head, for the offset")] = None,
    trigger_mm_s: Annotated[float | None, typer.Option(help="Trigger level of the ground")] = None,
    trigger_pa: Annotated[float | None, typer.Option(help="Trigger level of the air")] = None,
    norm: Annotated[str | None, typer.Option(help="Norm to judge by, e.g. din4150-3, ri8507, bs7385-2")] = None,
    receptor: Annotated[
        str, typer.Option(help="What stands there: dwelling, school, listed, industrial …")
    ] = "dwelling",
    corner_hz: Annotated[float, typer.Option(help="Lower corner of the microphone")] = 2.0,
    plot: Annotated[Path | None, typer.Option(help="Figure: .png or .svg")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines")] = False,
) -> None:
    """Measure a record. Exit 1 when a limit is exceeded, 2 when the file or an option cannot be used."""
    from services.cli.blast.record_file import RecordFileError, Scale
    from uskat.blast.norm.pack import UnknownNormError
    from uskat.blast.record.trigger import LevelTrigger

    trigger = LevelTrigger(trigger_mm_s, trigger_pa) if trigger_mm_s is not None or trigger_pa is not None else None
    try:
        records = read_records(file, stationxml, Scale(counts_per_mm_s, counts_per_pa), columns, rate, units, start)
        results = [_result(r, pre_trigger, trigger, norm, receptor, corner_hz) for r in records]
        if plot is not None:
            _draw(results, plot, pre_trigger)
    except (RecordFileError, UnknownNormError) as error:
        typer.echo(f"uskat blast analyse: {error}", err=True)
        raise typer.Exit(2) from error
    _say(file, results, as_json)
    if any(_exceeds(result) for result in results):
        raise typer.Exit(1)


def _say(file: Path, results: list[Result], as_json: bool) -> None:
    if as_json:
        document = {"file": str(file), "records": [result.to_json() for result in results]}
        typer.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))
        return
    for result in results:
        _tell(result)


def read_records(  # noqa: PLR0917 - the options of the command, in their order
    file: Path,
    stationxml: Path | None,
    scale: Any,
    columns: str | None,
    rate: float | None,
    units: str,
    start: datetime | None,
) -> list[FileRecord]:
    """Records of a file as the options say it is to be read. Raises RecordFileError."""
    from services.cli.blast import record_file as source

    content = source.read_content(file)
    if columns is None:
        if source.looks_like_text(content):
            raise source.RecordFileError(f"{file}: не miniSEED; для CSV укажите --columns и --rate")
        return source.read_miniseed(content, source.read_content(stationxml) if stationxml else None, scale)
    begun = start.replace(tzinfo=UTC) if start is not None and start.tzinfo is None else start
    wanted = source.read_columns(columns)
    return [source.read_csv(content, wanted, rate_hz=rate, units=source.read_units(units), start=begun)]


def _result(
    record: FileRecord,
    pre_trigger: float | None,
    trigger: LevelTrigger | None,
    norm: str | None,
    receptor: str,
    corner_hz: float,
) -> Result:
    from services.cli.blast.record_file import RecordFileError
    from uskat.blast.norm.curve import Receptor
    from uskat.blast.norm.pack import limit_norm
    from uskat.blast.norm.verdict import judge_airblast, judge_vibration, peaks_of
    from uskat.blast.record.judgement import judge_record
    from uskat.blast.waveform import measure_record

    if receptor not in set(Receptor):
        raise RecordFileError(f"--receptor {receptor!r}: есть {', '.join(Receptor)}")
    measures = measure_record(record.channels, record.calibration, pre_trigger_s=pre_trigger)
    verdict = airblast = None
    if norm is not None:
        chosen = limit_norm(norm)
        verdict = judge_vibration(peaks_of(measures), chosen, curve=chosen.curve_for(Receptor(receptor)))
        if chosen.airblast and measures.airblast_dbl is not None and measures.airblast is not None:
            clipped = measures.airblast.clipped
            airblast = judge_airblast(measures.airblast_dbl, chosen, corner_hz=corner_hz, clipped=clipped)
    return Result(record, measures, judge_record(measures, trigger=trigger), verdict, airblast)


def _exceeds(result: Result) -> bool:
    """A record that is kept back exceeds nothing."""
    if result.judgement.quarantined:
        return False
    found = [verdict.compliance.value for verdict in (result.verdict, result.airblast) if verdict is not None]
    return "above" in found


def _draw(results: list[Result], plot: Path, pre_trigger: float | None) -> None:
    from services.cli.blast.record_file import RecordFileError
    from uskat.blast.figure import waveform_figure
    from uskat.blast.norm.verdict import peaks_of
    from uskat.blast.waveform import axes_of

    if len(results) != 1:
        raise RecordFileError(f"--plot рисует одну запись, а в файле их {len(results)}")
    (result,) = results
    image = write_format(plot)
    axes = axes_of(result.record.channels, result.record.calibration, pre_trigger_s=pre_trigger)
    if not axes:
        raise RecordFileError("--plot: ни один канал не откалиброван, рисовать нечего")
    curve, norm = (result.verdict.curve, result.verdict.norm.title) if result.verdict else (None, "")
    peaks = peaks_of(result.measures)
    plot.write_bytes(waveform_figure(axes, peaks, curve=curve, norm=norm, title=result.record.name, image=image))


def write_format(plot: Path) -> Any:
    """The format of a figure by its name; raises RecordFileError."""
    from services.cli.blast.record_file import RecordFileError

    image = plot.suffix.lower().lstrip(".")
    if image not in {"png", "svg"}:
        raise RecordFileError(f"{plot}: рисуем .png или .svg")
    return image


def _tell(result: Result) -> None:
    from uskat.finding import number_ru

    typer.echo(result.record.name)
    measures = result.measures
    for axis, measured in measures.components.items():
        zc, fft = (f"{number_ru(hz)} Гц" if hz else "–" for hz in (measured.zc_hz, measured.fft_hz))
        extra = [
            f"{number_ru(value)} {unit}"
            for value, unit in ((measured.acceleration_mm_s2, "мм/с²"), (measured.displacement_mm, "мм"))
            if value is not None
        ]
        typer.echo(f"  {AXIS_RU[axis]:16s} {number_ru(measured.peak)} мм/с, ZC {zc}, FFT {fft}, {', '.join(extra)}")
    if measures.pvs_mm_s is not None:
        typer.echo(f"  {'PVS':16s} {number_ru(measures.pvs_mm_s)} мм/с")
    if measures.airblast is not None and measures.airblast_dbl is not None:
        peak, level = number_ru(measures.airblast.peak), number_ru(measures.airblast_dbl)
        typer.echo(f"  {AXIS_RU['MIC']:16s} {peak} Па = {level} дБ(L)")
    for nslc in measures.uncalibrated:
        own = [channel for channel in result.record.channels if channel.nslc == nslc]
        highest = max(float(abs(channel.counts.astype(float)).max()) for channel in own)
        typer.echo(
            f"  {nslc}: без калибровки, до {number_ru(highest)} отсчётов; нужен --stationxml или --counts-per-mm-s"
        )
    word = "не публикуется" if result.judgement.quarantined else "запись годна"
    typer.echo(f"  {word}: {result.judgement.kind.value}")
    for line in (*result.judgement.reasons, *result.record.notes):
        typer.echo(f"    {line}")
    if result.verdict is not None:
        typer.echo(f"  {result.verdict.sentence_ru()}")
    if result.airblast is not None and result.airblast.margin_db is not None:
        typer.echo(f"  Воздух: {result.airblast.compliance.value}, запас {number_ru(result.airblast.margin_db)} дБ")
