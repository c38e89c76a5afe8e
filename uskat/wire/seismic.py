"""miniSEED payloads: one triggered event or a piece of continuous flow, three components and a microphone."""

import io
import re
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from obspy import Stream, Trace, UTCDateTime
from obspy.io.mseed.core import _read_mseed
from obspy.io.mseed.util import get_record_information

from uskat.wire.errors import RejectReason, WireError

MINISEED_MIN_RECORD = 128
_HEADER = re.compile(rb"[0-9 \0]{6}[DRQM][ \0][\x20-\x7e\0]{12}")
"""SEED 2.4 ch. 8, fixed header: sequence, quality, reserved, station, location, channel, network; all of it ASCII."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Samples of one channel, a gap-free piece.

    nslc: "NET.STA.LOC.CHA"; start: time of the first sample, UTC; rate_hz: sampling rate; counts: shape (n,),
    as sent (digital counts, or physical units when the sender ships floats).
    """

    nslc: str
    start: datetime
    rate_hz: float
    counts: NDArray[np.int32] | NDArray[np.float32] | NDArray[np.float64]

    @property
    def code(self) -> str:
        """SEED channel code, e.g. GHZ; DF for air pressure ends in F."""
        return self.nslc.rsplit(".", 1)[-1]

    @property
    def end(self) -> datetime:
        """Time of the last sample, UTC."""
        return self.start + timedelta(seconds=(len(self.counts) - 1) / self.rate_hz)


def decode_miniseed(payload: bytes) -> list[Channel]:
    """Channels of a miniSEED payload, ordered by NSLC and time.

    Raises WireError(undecodable) for what is not miniSEED, (empty) when no samples are inside, (wrong_shape) for
    samples that are not numbers, (bad_time) for a moment that does not exist. Trailing bytes that are no whole record
    make the payload undecodable: a truncated record would otherwise be lost silently.
    """
    if len(payload) < MINISEED_MIN_RECORD:
        raise WireError(RejectReason.UNDECODABLE, f"{len(payload)} bytes are no miniSEED record")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            record_length = int(get_record_information(io.BytesIO(payload))["record_length"])
            _check_records(payload, record_length)
            # obspy.read(format="MSEED") ends here too, but looks its plug-in up among the installed packages each time,
            # which takes as long as the decoding
            stream = _read_mseed(io.BytesIO(payload))
    except WireError:
        raise
    except Exception as error:  # noqa: BLE001 - libmseed raises many types for damaged bytes; all mean the same here
        raise WireError(RejectReason.UNDECODABLE, f"not miniSEED: {str(error)[:160]}") from None
    channels = [_channel(trace) for trace in stream if trace.stats.npts]
    if not channels:
        raise WireError(RejectReason.EMPTY, "miniSEED without samples")
    return sorted(channels, key=lambda channel: (channel.nslc, channel.start))


def _check_records(payload: bytes, record_length: int) -> None:
    """Every record begins with a header: libmseed skips damaged ones, and fails on names that are not text."""
    if record_length < MINISEED_MIN_RECORD or len(payload) % record_length:
        text = f"{len(payload)} bytes are no whole number of {record_length:.6g}-byte records"
        raise WireError(RejectReason.UNDECODABLE, text)
    for start in range(0, len(payload), record_length):
        if _HEADER.match(payload, start) is None:
            raise WireError(RejectReason.UNDECODABLE, f"no miniSEED header at byte {start}")


def _channel(trace: Trace) -> Channel:
    rate = float(trace.stats.sampling_rate)
    data = trace.data
    if data.dtype.kind not in "if" or not rate > 0:
        raise WireError(RejectReason.WRONG_SHAPE, f"channel {trace.id}: no numeric samples or no sampling rate")
    if data.dtype.kind == "f" and not np.isfinite(data).all():
        raise WireError(RejectReason.BAD_VALUE, f"channel {trace.id}: samples are not finite")
    try:
        channel = Channel(trace.id, trace.stats.starttime.datetime.replace(tzinfo=UTC), rate, data)
        channel.end  # noqa: B018 - must exist too
    except (ValueError, OverflowError):
        raise WireError(RejectReason.BAD_TIME, f"channel {trace.id}: no calendar holds its time") from None
    return channel


def encode_miniseed(channels: list[Channel]) -> bytes:
    """miniSEED 2 bytes (512-byte records, Steim2 for int32, else plain floats)."""
    traces = []
    for channel in channels:
        network, station, location, code = channel.nslc.split(".")
        header = {"network": network, "station": station, "location": location, "channel": code,
                  "sampling_rate": channel.rate_hz, "starttime": UTCDateTime(channel.start)}  # fmt: skip
        traces.append(Trace(np.ascontiguousarray(channel.counts), header))
    buffer = io.BytesIO()
    Stream(traces).write(buffer, format="MSEED", reclen=512)
    return buffer.getvalue()
