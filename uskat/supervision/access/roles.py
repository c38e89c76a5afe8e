"""Roles of people: which an organisation may give, which need a second factor, whom an admin may manage."""

from collections.abc import Iterable
from enum import StrEnum


class AccountRole(StrEnum):
    """What a person may be; the words are those of the access table of the API."""

    INSPECTOR = "inspector"
    METROLOGIST = "metrologist"
    ADMIN = "admin"
    ENTERPRISE = "enterprise"


ROLES_OF_KIND: dict[str, frozenset[AccountRole]] = {
    "agency": frozenset({AccountRole.INSPECTOR, AccountRole.METROLOGIST, AccountRole.ADMIN}),
    "enterprise": frozenset({AccountRole.ENTERPRISE}),
    "laboratory": frozenset(),
}
"""By the kind of the organisation (`organisation.kind`); a laboratory has no people here yet."""

SECOND_FACTOR = frozenset({AccountRole.INSPECTOR, AccountRole.METROLOGIST, AccountRole.ADMIN})
"""Nobody signs in to one of these roles by a password alone."""


class RolesError(ValueError):
    """Roles that an account of this organisation cannot have; the message says which and why."""


def check_roles(kind: str, names: Iterable[str]) -> frozenset[AccountRole]:
    """Roles by their names, for an organisation of a kind. Raises RolesError: none, unknown, not of this kind."""
    wanted = frozenset(names)
    known = {role.value for role in AccountRole}
    if not wanted:
        raise RolesError("an account has at least one role")
    if unknown := sorted(wanted - known):
        raise RolesError(f"unknown roles: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    roles = frozenset(AccountRole(name) for name in wanted)
    allowed = ROLES_OF_KIND.get(kind, frozenset())
    if foreign := sorted(roles - allowed):
        raise RolesError(f"an organisation of kind {kind} gives no role {', '.join(foreign)}")
    return roles


def needs_second_factor(roles: Iterable[str]) -> bool:
    """True when one of the roles is not given on a password alone."""
    return not SECOND_FACTOR.isdisjoint(roles)


def may_manage(*, admin_of: str, territories: frozenset[str], organisation: str, lies_in: frozenset[str]) -> bool:
    """True when an admin of agency `admin_of` manages the accounts of `organisation`.

    Its own people, and those of enterprises that lie, with a station, outlet or pit, in a territory the agency
    supervises. lies_in: territories of an enterprise's stations and places; of another agency: empty, so that no
    agency manages another.
    """
    return organisation == admin_of or not territories.isdisjoint(lies_in)
