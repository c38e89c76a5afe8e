"""The chain of refresh tokens of one sign-in: each is used once, a second use ends the whole chain.

RFC 9700 §4.14.2: a token that comes a second time was stolen from one of two holders; which of them asks cannot be
told, so both lose it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Ending(StrEnum):
    """Why a sign-in ended before its term."""

    LEFT = "left"
    EVERYWHERE = "everywhere"
    REUSED = "reused"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_CHANGED = "account_changed"


class Outcome(StrEnum):
    """What came of presenting a refresh token."""

    ROTATED = "rotated"
    REUSED = "reused"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Family:
    """A sign-in. newest: number of the only refresh token that is good, from 1; ended: why, None while it goes on."""

    newest: int
    expires_at: datetime
    ended: Ending | None = None

    def alive(self, at: datetime) -> bool:
        """True while its tokens are good."""
        return self.ended is None and at < self.expires_at


def present(family: Family, seq: int, *, at: datetime) -> tuple[Family, Outcome]:
    """Present refresh token number `seq`: the newest is exchanged for the next, an older one ends everything.

    Raises ValueError for a number that was never given out.
    """
    if not 1 <= seq <= family.newest:
        raise ValueError(f"token {seq} of {family.newest} was never given out")
    if not family.alive(at):
        return family, Outcome.OVER
    if seq < family.newest:
        return replace(family, ended=Ending.REUSED), Outcome.REUSED
    return replace(family, newest=family.newest + 1), Outcome.ROTATED


def end(family: Family, why: Ending) -> Family:
    """End a sign-in; the first reason stays."""
    return family if family.ended is not None else replace(family, ended=why)
