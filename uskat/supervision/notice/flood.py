"""A flood of messages to one recipient: what is not grave is gathered instead of sent one by one (IEC 62682, 7.8)."""

from datetime import UTC, datetime, timedelta

from uskat.finding import FindingKind, Severity
from uskat.supervision.notice.norms import Flood

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LEAD = timedelta(minutes=1)
"""What would go out so soon is closed: what is decided now waits for the next, so that no message grows while sent."""


def is_grave(kind: FindingKind, severity: Severity) -> bool:
    """True for what no norm may hold back (`uskat.supervision.notice.norms.NEVER_HELD`)."""
    return severity is Severity.EXTREME or kind is FindingKind.UNDECLARED


def gathered_at(now: datetime, flood: Flood | None, *, lately: int) -> datetime:
    """When a message that is due at once goes out; `now` itself while there is no flood.

    lately: messages that were decided for the recipient within the flood's time. Raises ValueError without a time zone.
    """
    if now.tzinfo is None:
        raise ValueError("a moment without a time zone")
    if flood is None or lately < flood.messages:
        return now
    step = timedelta(minutes=flood.gather_min)
    past = (now + LEAD - EPOCH) // step
    return EPOCH + (past + 1) * step
