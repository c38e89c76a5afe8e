"""Terms of signing in: versioned data with their source (`uskat/data/supervision/access_policy.json`)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files

from uskat.supervision.access.roles import AccountRole


@dataclass(frozen=True, slots=True)
class FailureTerms:
    """So many failures are free; each further one blocks twice as long as the one before, up to the longest."""

    free: int
    first_block: timedelta
    longest_block: timedelta
    forget: timedelta


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """How long everything lasts, how long a password is, what failures lead to. session: longest sign-in by role."""

    id: str
    verified: bool
    source: str
    password_shortest: int
    password_longest: int
    access_token: timedelta
    session: Mapping[str, timedelta]
    invitation: timedelta
    sign_in_request: timedelta
    login_failures: FailureTerms
    address_failures: FailureTerms

    def session_of(self, roles: Iterable[str]) -> timedelta:
        """The shortest of the terms of somebody's roles."""
        return min(self.session[AccountRole(role)] for role in roles)


@cache
def access_policy() -> AccessPolicy:
    """The policy that comes with the package."""
    document = json.loads(files("uskat.data.supervision").joinpath("access_policy.json").read_text(encoding="utf-8"))
    return AccessPolicy(
        id=document["id"],
        verified=document["verified"],
        source=document["source"],
        password_shortest=document["password_shortest"],
        password_longest=document["password_longest"],
        access_token=timedelta(seconds=document["access_token_s"]),
        session={AccountRole(role): timedelta(seconds=s) for role, s in document["session_s"].items()},
        invitation=timedelta(seconds=document["invitation_s"]),
        sign_in_request=timedelta(seconds=document["sign_in_request_s"]),
        login_failures=_terms(document["failures"]["login"]),
        address_failures=_terms(document["failures"]["address"]),
    )


def _terms(document: Mapping[str, int]) -> FailureTerms:
    return FailureTerms(
        free=document["free"],
        first_block=timedelta(seconds=document["first_block_s"]),
        longest_block=timedelta(seconds=document["longest_block_s"]),
        forget=timedelta(seconds=document["forget_s"]),
    )
