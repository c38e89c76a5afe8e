"""Acting for somebody: one transaction in a role that row-level security binds (migrations/versions/0014_isolation.py).

The owner of the tables is not bound; whoever comes through the API takes the role `uskat_api` until the end of the
transaction and says for whom it acts. A connection that goes back to the pool carries nothing of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import Database, P, Query, translated

T = TypeVar("T")
ROLE = "uskat_api"
NO_ROLE_STATES = frozenset({"22023", "42501"})  # invalid_parameter_value, insufficient_privilege

_ACT = text(
    """SELECT set_config('uskat.name', :name, true), set_config('uskat.roles', :roles, true),
        set_config('uskat.organisation', :organisation, true), set_config('uskat.enterprise', :enterprise, true),
        set_config('uskat.agency', :agency, true), set_config('uskat.territories', :territories, true),
        set_config('uskat.account', :account, true),
        set_config('uskat.everything', :everything, true), set_config('role', 'uskat_api', true)"""
)


class IsolationMissing(Exception):
    """The database has no role to act in, so that nothing would be withheld: nothing is read."""


class NotYours(Exception):
    """What was to be written belongs to somebody else, and row-level security refused it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom a transaction acts: codes of the organisation and the territories, and whether it sees everything.

    account: of a person who signed in, whose own sign-ins and password it may change.
    """

    name: str
    roles: frozenset[str] = frozenset()
    enterprise: str | None = None
    agency: str | None = None
    territories: frozenset[str] = frozenset()
    everything: bool = False
    account: int | None = None

    def settings(self) -> dict[str, str]:
        """What row-level security is told; a territory with a comma in its code would be two, so it is left out."""
        return {
            "name": self.name,
            "roles": _listed(self.roles),
            "organisation": self.agency or self.enterprise or "",
            "enterprise": self.enterprise or "",
            "agency": self.agency or "",
            "territories": _listed(self.territories),
            "account": "" if self.account is None else str(self.account),
            "everything": "on" if self.everything else "off",
        }


class ActingDatabase(Database):
    """The same pool for one caller: every question and change is a transaction in the restricted role.

    `ask` and `change` also raise IsolationMissing and NotYours.
    """

    def __init__(self, database: Database, caller: Caller) -> None:
        super().__init__(database.engine)
        self._caller = caller

    async def _once(self, query: "Query[P, T]", *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.change(query, *args, **kwargs)

    async def change(self, query: "Query[P, T]", *args: P.args, **kwargs: P.kwargs) -> T:
        """Result of `query` inside one transaction in the role, committed at its end; never asked twice."""

        async def acting(connection: AsyncConnection) -> T:
            await act_as(connection, self._caller)
            try:
                return await query(connection, *args, **kwargs)
            except DBAPIError as error:
                if "row-level security" in str(error.orig):
                    raise NotYours("it belongs to somebody else") from error
                raise

        return await super().change(acting)


async def act_as(connection: AsyncConnection, caller: Caller) -> None:
    """Bind the rest of the open transaction to the caller. Raises IsolationMissing."""
    try:
        await connection.execute(_ACT, caller.settings())
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in NO_ROLE_STATES:
            raise IsolationMissing(f"there is no role {ROLE}, or it may not be taken") from error
        raise translated(error) from error


def _listed(codes: Iterable[str]) -> str:
    return ",".join(sorted(code for code in codes if "," not in code))
