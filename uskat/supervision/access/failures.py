"""What failed sign-ins lead to: a few are free, then every further one blocks twice as long, never for ever.

Kept by login and by address apart, for logins that do not exist just the same (an attacker learns nothing). While
blocked nothing is tried and nothing counted, so that nobody can lengthen another's block by hammering at it.
"""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Network, ip_address

from uskat.supervision.access.policy import FailureTerms

_MOST_DOUBLINGS = 30


@dataclass(frozen=True, slots=True)
class Failures:
    """Failures remembered of one login or address. blocked_until: excluded; None: not blocked."""

    count: int = 0
    last_at: datetime | None = None
    blocked_until: datetime | None = None

    def blocked(self, at: datetime) -> bool:
        """True when a sign-in is not even tried at this moment."""
        return self.blocked_until is not None and at < self.blocked_until


NONE = Failures()


def after_failure(before: Failures, at: datetime, *, terms: FailureTerms) -> Failures:
    """What is remembered after a failure at a moment that is not blocked; old failures are forgotten first."""
    if before.blocked(at):
        return before
    forgotten = before.last_at is not None and at - before.last_at >= terms.forget
    count = 1 if forgotten else before.count + 1
    if count <= terms.free:
        return Failures(count, at, None)
    doublings = min(count - terms.free - 1, _MOST_DOUBLINGS)
    return Failures(count, at, at + min(terms.first_block * 2**doublings, terms.longest_block))


def address_key(address: str) -> str:
    """Whom failures from an address count against: an IPv4 address itself, of IPv6 the /64 that one customer holds.

    What is no address (a local socket) counts as itself.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), 64), strict=False))
