"""Passwords of people: argon2id in a thread, few at a time, and as long for a login that does not exist."""

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

AT_ONCE = 2
"""One hash takes 64 MiB and a core (RFC 9106 §4, second choice): more at once would be a way to stop the process."""

_hasher = PasswordHasher()


class Passwords:
    """Hashes and checks passwords of one process."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        """The hash to store, with its salt and parameters."""
        async with self._room:
            return await asyncio.to_thread(_hasher.hash, password)

    async def matches(self, password: str, stored: str | None) -> bool:
        """True when the password gives the stored hash; without one the same work is done for nothing."""
        async with self._room:
            found = await asyncio.to_thread(_verify, password, stored or _nobody())
        return found and stored is not None


def outdated(stored: str) -> bool:
    """True when a hash was made with other parameters than ours."""
    return _hasher.check_needs_rehash(stored)


def _verify(password: str, stored: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")
