"""Packets for load: valid, distinct, cheap to make; every (device, time) once."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from uskat.wire.topic import MessageKind, topic_of

PARAMETERS = ("temp", "ph", "ec25", "do", "turb", "orp", "nh4", "no2", "no3", "po4_p", "cl", "so4")
BASE = {"temp": 4.0, "ph": 7.6, "ec25": 480.0, "do": 9.5, "turb": 6.0, "orp": 280.0, "nh4": 0.1, "no2": 0.01,
        "no3": 3.0, "po4_p": 0.03, "cl": 12.0, "so4": 45.0}  # fmt: skip
SPREAD = 0.1
PERIOD = 389


def water_payload(moment: datetime, seq: int, parameters: Sequence[str], *, offset: int = 0) -> bytes:
    """JSON of one scan; values wander within a narrow band that breaks no norm."""
    values = ",".join(
        f'"{code}":{BASE.get(code, 1.0) * (1 + SPREAD * ((seq * 7 + place * 31 + offset) % PERIOD) / PERIOD):.4f}'
        for place, code in enumerate(parameters)
    )
    stamp = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f'{{"t":"{stamp}Z","seq":{seq},"v":{{{values}}}}}'.encode()


def water_messages(
    devices: Sequence[str],
    parameters: Sequence[str],
    *,
    start: datetime,
    interval_s: float,
    scans: int,
    first_seq: int = 1,
) -> Iterator[tuple[str, bytes]]:
    """(topic, payload) of `scans` scans of every device, device after device within a scan, times ascending."""
    topics = [topic_of(device, MessageKind.WATER) for device in devices]
    for scan in range(scans):
        moment = start + timedelta(seconds=scan * interval_s)
        for place, topic in enumerate(topics):
            yield topic, water_payload(moment, first_seq + scan, parameters, offset=place)
