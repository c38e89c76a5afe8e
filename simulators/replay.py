"""Replay of real records through a durable logger: tables as water packets, miniSEED files as seismic messages."""

import io
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from obspy.io.mseed.util import get_record_information

from simulators.column_map import ColumnMap, Refused, read_rows, scans
from simulators.field import serve
from simulators.logger import FieldLogger, message_packet
from uskat.wire.seismic import Channel, decode_miniseed, encode_miniseed
from uskat.wire.water import WaterPacket

TURN_S = 0.02
PACKETS_AT_ONCE = 500
LARGEST_MESSAGE = 4 * 2**20
KEPT_REFUSALS = 100

Stopped = Callable[[], bool]


@dataclass(slots=True)
class ReplayReport:
    """What a replay sent. refusals holds the first KEPT_REFUSALS of `refused`."""

    packets: int = 0
    readings: int = 0
    refused: int = 0
    refusals: list[Refused] = field(default_factory=list)
    finished: bool = False

    def take(self, entry: WaterPacket | Refused) -> None:
        """Count one entry of a table."""
        if isinstance(entry, Refused):
            self.refused += 1
            if len(self.refusals) < KEPT_REFUSALS:
                self.refusals.append(entry)
        else:
            self.packets += 1
            self.readings += len(entry.v)


def replay_table(
    logger: FieldLogger,
    path: Path,
    columns: ColumnMap,
    *,
    speed: float | None,
    ends_at: datetime | None = None,
    stopped: Stopped = lambda: False,
) -> ReplayReport:
    """Send a table's rows, at `speed` times their own pace or (None) as fast as they are taken.

    ends_at: shift all times so that the last row falls on it. A restart with the same state goes on after the rows
    that are in the buffer already. Returns when every packet's fate is known, or on `stopped`.
    """
    mark = _mark_of(path)
    shift = _kept_shift(logger, mark, path, columns, ends_at)
    report = ReplayReport()
    done = logger.buffer.mark(mark)
    pending = _skipped(_counted(scans(read_rows(path, columns), columns), report), done)
    waiting = first = next(pending, None)
    begun_s = time.monotonic()
    while not stopped():
        group: list[WaterPacket] = []
        while waiting is not None and first is not None and len(group) < PACKETS_AT_ONCE:
            if speed is not None and (waiting.t - first.t).total_seconds() > (time.monotonic() - begun_s) * speed:
                break
            group.append(msgspec.structs.replace(waiting, t=waiting.t + shift))
            waiting = next(pending, None)
        if group:
            done += len(group)
            logger.keep([logger.water(packet) for packet in group], {mark: done})
        serve([logger], 0.0 if group else TURN_S)
        if waiting is None and not len(logger.delivery):
            report.finished = True
            break
    return report


def replay_miniseed(
    logger: FieldLogger, paths: Iterable[Path], *, ends_at: datetime | None = None, stopped: Stopped = lambda: False
) -> ReplayReport:
    """Send miniSEED files, unchanged unless shifted; large ones in pieces of whole records. Raises WireError."""
    payloads = [payload for path in paths for payload in miniseed_messages(path.read_bytes(), ends_at=ends_at)]
    report = ReplayReport(packets=len(payloads))
    logger.keep([message_packet("seismic", payload) for payload in payloads])
    while not stopped():
        serve([logger], TURN_S)
        if not len(logger.delivery):
            report.finished = True
            break
    return report


def miniseed_messages(data: bytes, *, ends_at: datetime | None = None) -> list[bytes]:
    """A file as messages of at most LARGEST_MESSAGE bytes; raises WireError for what is no miniSEED."""
    channels = decode_miniseed(data)
    if ends_at is not None:
        data = encode_miniseed(_shifted(channels, ends_at))
    length = int(get_record_information(io.BytesIO(data))["record_length"])
    piece = LARGEST_MESSAGE // length * length
    return [data[start : start + piece] for start in range(0, len(data), piece)]


def _shifted(channels: list[Channel], ends_at: datetime) -> list[Channel]:
    shift = ends_at.astimezone(UTC) - max(channel.end for channel in channels)
    return [Channel(c.nslc, c.start + shift, c.rate_hz, c.counts) for c in channels]


def _mark_of(path: Path) -> str:
    """Name under which the progress with one file is kept."""
    return f"replayed {path.resolve()} {path.stat().st_size}"


def _kept_shift(logger: FieldLogger, mark: str, path: Path, columns: ColumnMap, ends_at: datetime | None) -> timedelta:
    """How far times are moved; a restart keeps what the first start decided."""
    if ends_at is None:
        return timedelta(0)
    name = f"{mark} shift"
    known = logger.buffer.mark(name, -1)
    if known == -1:
        last = max(
            (e.t for e in scans(read_rows(path, columns), columns) if isinstance(e, WaterPacket)), default=ends_at
        )
        known = (ends_at - last) // timedelta(microseconds=1)
        logger.keep([], {name: known})
    return timedelta(microseconds=known)


def _counted(entries: Iterable[WaterPacket | Refused], report: ReplayReport) -> Iterator[WaterPacket]:
    for entry in entries:
        report.take(entry)
        if isinstance(entry, WaterPacket):
            yield entry


def _skipped(packets: Iterator[WaterPacket], count: int) -> Iterator[WaterPacket]:
    for _ in range(count):
        next(packets, None)
    return packets
