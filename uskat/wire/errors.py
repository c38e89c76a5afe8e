"""Why a message, or a part of it, could not be used.

WireError
    carries a RejectReason (what went wrong, a closed list) and a sentence (where, and what was found).
"""

from dataclasses import dataclass
from enum import StrEnum


class RejectReason(StrEnum):
    """Closed list of reasons for which ingest refuses a message, a packet or a value."""

    BAD_TOPIC = "bad_topic"
    UNKNOWN_DEVICE = "unknown_device"
    DISABLED_DEVICE = "disabled_device"
    IDENTITY_MISMATCH = "identity_mismatch"
    TOO_LARGE = "too_large"
    UNDECODABLE = "undecodable"
    WRONG_SHAPE = "wrong_shape"
    EMPTY = "empty"
    BAD_TIME = "bad_time"
    CLOCK_FUTURE = "clock_future"
    CLOCK_PAST = "clock_past"
    UNKNOWN_PARAMETER = "unknown_parameter"
    BAD_VALUE = "bad_value"
    WRONG_UNIT = "wrong_unit"
    UNKNOWN_CHANNEL = "unknown_channel"
    UNSTORABLE = "unstorable"


CLOCK_REASONS = (RejectReason.CLOCK_FUTURE, RejectReason.CLOCK_PAST)


class WireError(ValueError):
    """A message or packet that cannot be used at all."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused part of a message that otherwise may be good.

    `parameter` is set when a single value was refused and the rest of its packet stands;
    `readings` counts the values lost with this part, `index` is the packet's place in an array.
    """

    reason: RejectReason
    detail: str
    readings: int = 1
    parameter: str | None = None
    seq: int | None = None
    index: int | None = None
