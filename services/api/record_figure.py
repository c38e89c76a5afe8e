"""The figures of a record: which norm it is drawn against, and the drawing itself."""

from collections.abc import Sequence
from enum import StrEnum

from services.api.drawing import Image
from services.api.errors import InvalidRequest, NotFound
from services.storage.seismic_reading import RecordToDraw
from uskat.blast.limits import default_limit
from uskat.blast.norm.curve import LimitCurve, Receptor
from uskat.blast.norm.pack import UnknownNormError, limit_norm
from uskat.blast.norm.receptor import site_receptor
from uskat.blast.norm.verdict import Peak, peaks_of
from uskat.blast.record.calibration import MICROPHONE
from uskat.blast.waveform import RecordMeasures, axes_of, measure_record
from uskat.wire.seismic import decode_miniseed

MOST_NORMS = 4
NamedCurve = tuple[str, LimitCurve]


class RecordFigure(StrEnum):
    """waveform: traces with limits; limits: peaks over the curves of norms; spectrum: amplitude by frequency."""

    WAVEFORM = "waveform"
    LIMITS = "limits"
    SPECTRUM = "spectrum"


def curves_of(record: RecordToDraw, *, norms: str | None, receptor: Receptor | None) -> list[NamedCurve]:
    """Curves that a record is drawn against: those named, else the one that judges at its station.

    receptor: what is taken to stand there, instead of what the registry says. Empty: nothing is known of the station,
    and the default limit judges. Raises InvalidRequest for a norm that is not known or says nothing of the receptor.
    """
    site = site_receptor({"receptor": receptor.value} if receptor is not None else record.place)
    if norms is None:
        return [(site.norm.title, site.curve)] if site is not None and site.curve is not None else []
    names = [name.strip() for name in norms.split(",")]
    if len(names) > MOST_NORMS:
        raise InvalidRequest(f"at most {MOST_NORMS} norms can be told apart in one figure")
    wanted = site.receptor if site is not None else Receptor.DWELLING
    try:
        return [(limit_norm(name).title, limit_norm(name).curve_for(wanted)) for name in names]
    except UnknownNormError as error:
        raise InvalidRequest(f"norm: {error.args[0]}") from None


def draw_record(record: RecordToDraw, kind: RecordFigure, *, curves: Sequence[NamedCurve], image: Image) -> bytes:
    """The figure of a stored record. Raises NotFound when no channel of it is calibrated."""
    # the plotting library costs a process that draws nothing neither time nor memory
    from uskat.blast.figure import limits_figure, spectrum_figure, waveform_figure  # noqa: PLC0415

    channels = decode_miniseed(record.payload)
    axes = axes_of(channels, record.calibration)
    if not axes:
        raise NotFound("no channel of this record is calibrated in the registry, so there is nothing to draw")
    measures = measure_record(channels, record.calibration)
    title = f"{record.station}, {record.start:%d.%m.%Y %H:%M:%S} UTC"
    if kind is RecordFigure.SPECTRUM:
        return spectrum_figure(axes, _dominant(measures), title=f"{title}: амплитудный спектр", image=image.value)
    peaks = peaks_of(measures)
    if kind is RecordFigure.LIMITS:
        return limits_figure([peaks], curves, title=title, image=image.value)
    norm, curve = curves[0] if curves else ("", None)
    limit = default_limit()
    return waveform_figure(
        axes,
        peaks | _air_peak(measures),
        curve=curve,
        norm=norm,
        otherwise=(limit.title, limit.ppv_mm_s),
        title=title,
        image=image.value,
    )


def _dominant(measures: RecordMeasures) -> dict[str, float | None]:
    found = {axis: measured.fft_hz for axis, measured in measures.components.items()}
    return found | ({MICROPHONE: measures.airblast.fft_hz} if measures.airblast else {})


def _air_peak(measures: RecordMeasures) -> dict[str, Peak]:
    air = measures.airblast
    return {MICROPHONE: Peak(air.peak, air.zc_hz, air.clipped)} if air else {}
