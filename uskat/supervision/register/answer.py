"""What an answer of the state register means: taken, known already, refused for good, or worth another attempt."""

import json
from enum import StrEnum

from uskat.supervision.register.protocol import Protocol

LATER = frozenset({401, 403, 404, 408, 421, 425, 429})
"""Refusals that are not of the packet: a signature, an address or a limit that somebody will put right."""


class Fate(StrEnum):
    """What became of an attempt."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    LATER = "later"


def fate_of(status: int, body: bytes, *, protocol: Protocol) -> Fate:
    """Read an answer: HTTP status and body; `code` 200 inside is the register's own word of acceptance."""
    text = body.decode("utf-8", "replace")
    if protocol.duplicate in f"{text}\n{_unescaped(text)}".casefold():
        return Fate.DUPLICATE
    if 200 <= status < 300:
        code = _code(text)
        if code is None or code == 200:
            return Fate.ACCEPTED
        return Fate.LATER if code >= 500 or code in LATER else Fate.REFUSED
    if 400 <= status < 500 and status not in LATER:
        return Fate.REFUSED
    return Fate.LATER


def _unescaped(text: str) -> str:
    """JSON with its letters as they are: many writers send Cyrillic as escapes. Empty for anything else."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


def _code(text: str) -> int | None:
    """`code` of a JSON object; None without one. Anything else that came with a success is one."""
    try:
        told = json.loads(text)
        return int(told["code"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
