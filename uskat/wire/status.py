"""Device health (`status`) and histogram-mode peaks (`histogram`)."""

from datetime import datetime
from typing import Annotated

import msgspec

from uskat.wire.errors import RejectReason, WireError
from uskat.wire.water import MAX_SEQ

AwareTime = Annotated[datetime, msgspec.Meta(tz=True)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQ)]


class DeviceStatus(msgspec.Struct, omit_defaults=True):
    """Health of a logger. The last will is `{"state": "offline"}`: the broker sends it, so it has no time."""

    state: str
    t: AwareTime | None = None
    seq: Seq | None = None
    battery_v: float | None = None
    door_open: bool | None = None
    clock_offset_s: float | None = None
    firmware: str | None = None
    queue_length: Seq | None = None
    temperature_c: float | None = None


class HistogramPeak(msgspec.Struct, omit_defaults=True):
    """Peaks of one interval: `peak` and `freq_hz` per channel; `pvs_mm_s` only if the instrument made it itself.

    Channels: V, L, T in mm/s, MIC in Pa. `over` names the overloaded channels.
    """

    t: AwareTime
    length_s: Annotated[float, msgspec.Meta(gt=0, le=3600)]
    peak: dict[str, float]
    freq_hz: dict[str, float] = {}
    pvs_mm_s: float | None = None
    over: list[str] = []
    seq: Seq | None = None


_status_decoder = msgspec.json.Decoder(DeviceStatus)
_peak_decoder = msgspec.json.Decoder(HistogramPeak)
_peaks_decoder = msgspec.json.Decoder(list[HistogramPeak])
_encoder = msgspec.json.Encoder()


def encode_status(status: DeviceStatus) -> bytes:
    """JSON bytes of a health message."""
    return _encoder.encode(status)


def encode_histogram(peaks: HistogramPeak | list[HistogramPeak]) -> bytes:
    """JSON bytes of one interval's peaks or of an array of them."""
    return _encoder.encode(peaks)


def decode_status(payload: bytes) -> DeviceStatus:
    """Health message from JSON; raises WireError(undecodable | wrong_shape)."""
    try:
        return _status_decoder.decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _wire_error(error) from None


def decode_histogram(payload: bytes) -> list[HistogramPeak]:
    """Peaks of one or several intervals; raises WireError(undecodable | wrong_shape | empty)."""
    try:
        peaks = _peaks_decoder.decode(payload) if payload[:1] == b"[" else [_peak_decoder.decode(payload)]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _wire_error(error) from None
    if not peaks or not all(peak.peak for peak in peaks):
        raise WireError(RejectReason.EMPTY, "no peak given")
    return peaks


def _wire_error(error: Exception) -> WireError:
    known = isinstance(error, msgspec.ValidationError)
    text = str(error)[:200] if not isinstance(error, RecursionError) else "JSON is nested too deeply"
    return WireError(RejectReason.WRONG_SHAPE if known else RejectReason.UNDECODABLE, text)
