"""Idempotency keys: the same for every copy of a message, different for any two messages."""

import hashlib
from datetime import UTC, datetime

DIGITS = 32


def notice_key(subject: int | str, source: str, *, recipient: str, channel: str) -> str:
    """Key of the message that tells one recipient of one happening over one channel.

    subject: number of an alert, or `case:<number>`.
    """
    return "n-" + _digest(str(subject), source, recipient, channel)


def digest_key(recipient: str, channel: str, *, at: datetime) -> str:
    """Key of what is gathered for a recipient until a moment."""
    return "d-" + _digest(recipient, channel, at.astimezone(UTC).isoformat())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:DIGITS]
