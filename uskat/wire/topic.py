"""MQTT topics: `uskat/v1/{device}/{kind}`."""

import re
from enum import StrEnum

from uskat.wire.errors import RejectReason, WireError

PREFIX = "uskat/v1"
DEVICE_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_TOPIC = re.compile(rf"{PREFIX}/({DEVICE_PATTERN})/([a-z]+)")


class MessageKind(StrEnum):
    """What a topic carries; the last level of the topic."""

    WATER = "water"
    SENML = "senml"
    SEISMIC = "seismic"
    HISTOGRAM = "histogram"
    STATUS = "status"
    ACK = "ack"


INGESTED_KINDS = tuple(kind for kind in MessageKind if kind is not MessageKind.ACK)
_KINDS = {kind.value: kind for kind in MessageKind}


def topic_of(device: str, kind: MessageKind) -> str:
    """Topic under which `device` exchanges messages of `kind`."""
    return f"{PREFIX}/{device}/{kind.value}"


def parse_topic(topic: str) -> tuple[str, MessageKind]:
    """Device code and message kind of a topic.

    Raises WireError(bad_topic) for anything that is not `uskat/v1/{device}/{known kind}`.
    """
    match = _TOPIC.fullmatch(topic)
    if match is None or match[2] not in _KINDS:
        raise WireError(RejectReason.BAD_TOPIC, f"topic {topic[:120]!r} is not {PREFIX}/<device>/<kind>")
    return match[1], _KINDS[match[2]]
