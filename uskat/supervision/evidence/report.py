"""What the check of a pack found, and the pack while it is being checked."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from uskat.supervision.evidence.keyring import KeyRing
from uskat.supervision.evidence.published import SignedDay

BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
"""What reading a document that somebody may have changed can raise."""


@dataclass(frozen=True, slots=True)
class PackFault:
    """What is wrong. member: file of the pack; record: which of it, empty: the file itself."""

    member: str
    record: str
    what: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.member}{f' [{self.record}]' if self.record else ''}: {self.what}"


@dataclass(slots=True)
class PackReport:
    """Faults of a pack, and how much was checked; trusted: a key from elsewhere was given.

    key_id: of the manifest; days: closed days of the pack by the key that signed each; compared: of them with a copy.
    """

    trusted: bool
    faults: list[PackFault] = field(default_factory=list)
    members: int = 0
    messages: int = 0
    proved: int = 0
    readings: int = 0
    records: int = 0
    key_id: str = ""
    days: dict[date, str] = field(default_factory=dict)
    compared: int = 0
    subject: Any = None

    def fault(self, member: str, record: object, *, what: str) -> None:
        """Add one."""
        self.faults.append(PackFault(member, str(record), what))


@dataclass(slots=True)
class Opened:
    """A pack that is being checked. key: of its manifest; ring: keys that are trusted; kept: published days."""

    members: dict[str, bytes]
    report: PackReport
    key: Ed25519PublicKey | None
    ring: KeyRing | None
    kept: Sequence[SignedDay]

    def json(self, name: str) -> Any:
        """Value of a member; None, with a fault, when there is none or it is not JSON."""
        try:
            return json.loads(self.members[name])
        except KeyError:
            self.report.fault(name, "", what="is missing")
        except BROKEN:
            self.report.fault(name, "", what="cannot be read as JSON")
        return None
