"""Decode one batch of messages against the registry; nothing is stored here and nothing raises on bad input."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from services.storage.intake.columns import MODE_BITS, ReadingList
from services.storage.intake.directory import DeviceEntry, Directory, places_of
from services.storage.intake.message import Incoming, Outcome
from uskat.blast.record.judgement import RecordJudgement, judge_record
from uskat.blast.waveform import RecordMeasures, measure_record
from uskat.water.parameters import parameters
from uskat.water.units import conversion
from uskat.wire.errors import Refusal, RejectReason, WireError
from uskat.wire.seismic import Channel, decode_miniseed
from uskat.wire.senml import decode_senml
from uskat.wire.status import DeviceStatus, HistogramPeak, decode_histogram, decode_status
from uskat.wire.topic import MessageKind, parse_topic
from uskat.wire.water import Mode, WaterPacket, decode_water

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
STATE_BITS = {"ams": 1, "equipment": 2, "seal": 4}
STATE_GOOD = "OK"
KNOWN_FLAGS, NOT_EVALUATED, SUSPECT = {1, 3, 4, 9}, 2, 3
HISTOGRAM_CHANNELS = ("V", "L", "T", "MIC")


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of an aware moment."""
    return (moment - EPOCH) // MICROSECOND


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused before it is read: size in bytes; device time later than receipt + tolerance or before a year."""

    payload_bytes: int = 16 * 2**20
    future_tolerance_us: int = 600_000_000
    oldest_us: int = microseconds(datetime(2015, 1, 1, tzinfo=UTC))


@dataclass(slots=True)
class SeismicEntry:
    """A record ready to be stored."""

    owner: int
    device: DeviceEntry
    channels: list[Channel]
    payload: bytes
    measures: RecordMeasures
    judgement: RecordJudgement


@dataclass(slots=True)
class Batch:
    """Decoded messages. `outcomes[i]` belongs to `incoming[i]`; `spans[i]` = (seq_first, seq_last, t_first, t_last)."""

    incoming: list[Incoming]
    outcomes: list[Outcome]
    spans: list[tuple[int | None, int | None, int | None, int | None]]
    readings: ReadingList = field(default_factory=ReadingList)
    seismic: list[SeismicEntry] = field(default_factory=list)
    histograms: list[tuple[int, DeviceEntry, HistogramPeak]] = field(default_factory=list)
    statuses: list[tuple[int, DeviceEntry, DeviceStatus]] = field(default_factory=list)


class Decoder:
    """Turns messages into a Batch with the registry of one moment."""

    def __init__(self, directory: Directory, limits: Limits) -> None:
        self._directory = directory
        self._limits = limits

    def decode(self, incoming: list[Incoming]) -> Batch:
        """Decode every message; a bad one is refused in its outcome and disturbs no other."""
        batch = Batch(incoming, [Outcome(0) for _ in incoming], [(None, None, None, None)] * len(incoming))
        for owner, message in enumerate(incoming):
            outcome = batch.outcomes[owner]
            try:
                kind, entry = self._sender(message, outcome)
                self._take(batch, owner, kind, entry)
            except WireError as error:
                outcome.refuse(Refusal(error.reason, error.detail))
        return batch

    def refuse_whole(self, message: Incoming, reason: RejectReason, detail: str) -> Batch:
        """A batch of one message of which only the bytes are kept."""
        outcome = Outcome(0)
        try:
            self._sender(message, outcome)
        except WireError:
            outcome.device_id, outcome.station_id = None, 0
        outcome.refuse(Refusal(reason, detail))
        return Batch([message], [outcome], [(None, None, None, None)])

    def _sender(self, message: Incoming, outcome: Outcome) -> tuple[MessageKind, DeviceEntry]:
        if message.device is not None and message.kind is not None:
            code, kind = message.device, message.kind
        else:
            code, kind = parse_topic(message.topic)
        outcome.device = code
        entry = self._directory.devices.get(code)
        if entry is None:
            raise WireError(RejectReason.UNKNOWN_DEVICE, f"device {code!r} is not registered")
        outcome.device_id, outcome.station_id = entry.id, entry.station_id
        if not entry.enabled:
            raise WireError(RejectReason.DISABLED_DEVICE, f"device {code!r} is switched off in the registry")
        if len(message.payload) > self._limits.payload_bytes:
            raise WireError(RejectReason.TOO_LARGE, f"{len(message.payload)} bytes; limit {self._limits.payload_bytes}")
        return kind, entry

    def _take(self, batch: Batch, owner: int, kind: MessageKind, entry: DeviceEntry) -> None:
        if kind is not MessageKind.SEISMIC:
            _check_text(batch.incoming[owner].payload)
        if kind is MessageKind.WATER or kind is MessageKind.SENML:
            payload = batch.incoming[owner].payload
            decoded = decode_water(payload) if kind is MessageKind.WATER else decode_senml(payload, _in_our_unit)
            for refusal in decoded.refusals:
                batch.outcomes[owner].refuse(refusal)
            for packet in decoded.packets:
                self._take_packet(batch, owner, entry, packet)
        elif kind is MessageKind.SEISMIC:
            self._take_seismic(batch, owner, entry)
        elif kind is MessageKind.HISTOGRAM:
            self._take_histogram(batch, owner, entry)
        elif kind is MessageKind.STATUS:
            self._take_status(batch, owner, entry)
        else:
            raise WireError(RejectReason.BAD_TOPIC, f"kind {kind.value!r} is not for the server")

    def _take_packet(self, batch: Batch, owner: int, entry: DeviceEntry, packet: WaterPacket) -> None:
        outcome = batch.outcomes[owner]
        count = len(packet.v)
        time_us = microseconds(packet.t)
        batch.spans[owner] = _widened(batch.spans[owner], packet.seq, time_us)
        try:
            if packet.device and packet.device != entry.code:
                raise WireError(
                    RejectReason.IDENTITY_MISMATCH, f"payload says {packet.device[:64]!r}, sender is {entry.code!r}"
                )
            self._check_clock(time_us, batch.incoming[owner].received_us)
        except WireError as error:
            outcome.refuse(Refusal(error.reason, error.detail, readings=count, seq=packet.seq))
            return
        names = tuple(packet.v)
        places = entry.shapes.get(names)
        values = list(packet.v.values())
        if places is None:
            places, unknown = places_of(entry, names)
            if unknown:
                self._refuse_unknown(outcome, entry, packet, unknown)
                values = [packet.v[name] for name in names if name in entry.places]
            elif len(entry.shapes) < 64:
                entry.shapes[names] = places
        if packet.seq is not None:
            outcome.seqs.append(packet.seq)
        if places:
            outcome.received += len(places)
            first = batch.readings.add(owner, time_us, places, values)
            if packet.q or packet.mode is not Mode.NORMAL or packet.ams or packet.equipment or packet.seal:
                names = tuple(name for name in names if name in entry.places)
                _mark(batch.readings, first, names, packet)

    def _refuse_unknown(self, outcome: Outcome, entry: DeviceEntry, packet: WaterPacket, unknown: list[str]) -> None:
        known = ", ".join(sorted(entry.places)) or "none"
        for name in unknown:
            base, bracket, unit = name.partition(" [")
            if bracket and base in entry.places:
                detail = f"{base[:60]!r} in {unit.rstrip(']')[:20]!r}; expected {parameters()[base].unit}"
                outcome.refuse(Refusal(RejectReason.WRONG_UNIT, detail, parameter=name[:60], seq=packet.seq))
                continue
            detail = f"{entry.code} has no parameter {name[:60]!r}; it has: {known}"
            outcome.refuse(Refusal(RejectReason.UNKNOWN_PARAMETER, detail, parameter=name[:60], seq=packet.seq))

    def _check_clock(self, time_us: int, received_us: int) -> None:
        if time_us > received_us + self._limits.future_tolerance_us:
            ahead = (time_us - received_us) / 1e6
            raise WireError(
                RejectReason.CLOCK_FUTURE, f"device time {_text(time_us)} is {ahead:.0f} s ahead of receipt"
            )
        if time_us < self._limits.oldest_us:
            raise WireError(RejectReason.CLOCK_PAST, f"device time {_text(time_us)} is before any station existed")

    def _take_seismic(self, batch: Batch, owner: int, entry: DeviceEntry) -> None:
        payload = batch.incoming[owner].payload
        channels = decode_miniseed(payload)
        start_us = microseconds(min(channel.start for channel in channels))
        end_us = microseconds(max(channel.end for channel in channels))
        batch.spans[owner] = (None, None, start_us, end_us)
        self._check_clock(end_us, batch.incoming[owner].received_us)
        foreign = sorted({channel.code for channel in channels} - set(entry.channels))
        if foreign and entry.channels:
            raise WireError(RejectReason.UNKNOWN_CHANNEL, f"{entry.code} has no channel {', '.join(foreign)[:80]}")
        batch.outcomes[owner].received += 1
        measures = measure_record(channels, entry.channels)
        judgement = judge_record(measures, trigger=entry.trigger)
        batch.seismic.append(SeismicEntry(owner, entry, channels, payload, measures, judgement))

    def _take_histogram(self, batch: Batch, owner: int, entry: DeviceEntry) -> None:
        outcome = batch.outcomes[owner]
        for index, peak in enumerate(decode_histogram(batch.incoming[owner].payload)):
            time_us = microseconds(peak.t)
            batch.spans[owner] = _widened(batch.spans[owner], peak.seq, time_us)
            try:
                self._check_clock(time_us, batch.incoming[owner].received_us)
                foreign = sorted(set(peak.peak) - set(HISTOGRAM_CHANNELS))
                if foreign:
                    expected = ", ".join(HISTOGRAM_CHANNELS)
                    raise WireError(RejectReason.UNKNOWN_CHANNEL, f"{', '.join(foreign)[:80]}; expected {expected}")
            except WireError as error:
                outcome.refuse(Refusal(error.reason, error.detail, seq=peak.seq, index=index))
                continue
            outcome.received += 1
            batch.histograms.append((owner, entry, peak))
            if peak.seq is not None:
                outcome.seqs.append(peak.seq)

    def _take_status(self, batch: Batch, owner: int, entry: DeviceEntry) -> None:
        status = decode_status(batch.incoming[owner].payload)
        if status.t is not None:
            self._check_clock(microseconds(status.t), batch.incoming[owner].received_us)
        if status.seq is not None:
            batch.outcomes[owner].seqs.append(status.seq)
        batch.statuses.append((owner, entry, status))


def _in_our_unit(parameter: str, value: float, unit: str) -> float:
    """A value as stated to the vocabulary's unit; of an unknown parameter as it is, the registry then refuses it."""
    return conversion(parameter, unit)(value) if parameter in parameters() else value


def _check_text(payload: bytes) -> None:
    """Refuse what is not UTF-8 (RFC 8259 §8.1): the decoders look only at the strings they use."""
    if payload.isascii():
        return
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        raise WireError(RejectReason.UNDECODABLE, f"not UTF-8 at byte {error.start}") from None


def _widened(
    span: tuple[int | None, int | None, int | None, int | None], seq: int | None, time_us: int
) -> tuple[int | None, int | None, int | None, int | None]:
    seq_first, seq_last, t_first, t_last = span
    if seq is not None:
        seq_first = seq if seq_first is None else min(seq_first, seq)
        seq_last = seq if seq_last is None else max(seq_last, seq)
    t_first = time_us if t_first is None else min(t_first, time_us)
    t_last = time_us if t_last is None else max(t_last, time_us)
    return seq_first, seq_last, t_first, t_last


def _mark(readings: ReadingList, first: int, names: tuple[str, ...], packet: WaterPacket) -> None:
    states = sum(bit for name, bit in STATE_BITS.items() if (getattr(packet, name) or STATE_GOOD) != STATE_GOOD)
    mode = MODE_BITS[packet.mode.value]
    for position, name in enumerate(names, first):
        quality = (packet.q or {}).get(name, 1)
        quality = 1 if quality == NOT_EVALUATED else quality if quality in KNOWN_FLAGS else SUSPECT
        if quality != 1 or mode:
            readings.special_flags[position] = quality + mode
        if states:
            readings.special_states[position] = states


def _text(time_us: int) -> str:
    try:
        return (EPOCH + timedelta(microseconds=time_us)).isoformat()
    except OverflowError:
        return f"{time_us} µs"
