"""From the Authorization header to a principal, and from the access table to yes or no."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.api.access import AGENCY_ROLES, OPERATORS, Role, allowed
from services.api.context import Context
from services.api.errors import Forbidden, Unauthenticated
from services.api.middleware import route_of
from services.api.read_record import is_recorded, reading_of
from services.storage.audit_log import record
from services.storage.caller import Caller
from services.storage.token_reading import token_holder

LONGEST_TOKEN = 200
PUBLIC = frozenset({Role.ANONYMOUS})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `device`: the only device this token may send as; None: any (or no token).

    `enterprise`: whose blasts a token of scope enterprise may see in full and file; None: it is not bound to one.
    `agency`: code of the agency (орган надзора) an inspector, metrologist or admin works for; None: not one of them.
    `territories`: codes of the territories that agency supervises; empty for everybody else.
    `session` and `account`: of a person who signed in; None: a machine key, or nobody.
    """

    name: str
    roles: frozenset[Role]
    device: str | None = None
    enterprise: str | None = None
    agency: str | None = None
    territories: frozenset[str] = frozenset()
    session: int | None = None
    account: int | None = None

    @property
    def organisation(self) -> str | None:
        """Code of the organisation it acts for, as the audit log has it."""
        return self.agency or self.enterprise

    @property
    def sees_everything(self) -> bool:
        """True when unpublished stations and series are shown; row-level security keeps inspectors to their own."""
        return not OPERATORS.isdisjoint(self.roles)

    @property
    def runs_all(self) -> bool:
        """True for the machine key of the installation, which no territory bounds."""
        return Role.OPERATE in self.roles

    @property
    def supervised(self) -> frozenset[str]:
        """Territories whose enterprises it may look into: an inspector's."""
        return self.territories if Role.INSPECTOR in self.roles else frozenset()

    def caller(self) -> Caller:
        """For whom the database acts."""
        return Caller(
            self.name, frozenset(role.value for role in self.roles), enterprise=self.enterprise, agency=self.agency,
            territories=self.territories, everything=self.runs_all, account=self.account,
        )  # fmt: skip

    def looks_into(self, enterprise: str, territory: str | None) -> bool:
        """True for the enterprise itself and whoever supervises the territory of its pit."""
        return self.runs_all or self.enterprise == enterprise or territory in self.supervised


ANONYMOUS = Principal("anonymous", PUBLIC)


async def authorize(request: Request) -> None:
    """Dependency of every route: find out who asks, and refuse what the access table does not allow.

    Raises Unauthenticated for a token that is not valid (also on public routes: a mistake should be seen) and where
    none was given but one is needed; Forbidden where the token does not suffice.
    """
    header = request.headers.get("authorization")
    principal = ANONYMOUS if header is None else await _holder(request, header)
    request.scope["principal"] = principal.name
    request.state.principal = principal
    route = route_of(request.scope)
    if allowed(request.method, route, principal.roles):
        context: Context = request.app.state.context
        open_route = allowed(request.method, route, PUBLIC)
        request.state.context = context.acting_for(principal.caller(), open_route=open_route)
        insider = principal.sees_everything or principal.enterprise is not None
        if is_recorded(request.method, route, open_route=open_route, insider=insider):
            reading = reading_of(route, request.path_params, asked=set(request.query_params))
            await request.state.context.guarded.ask(record, who=principal, **reading)
        return
    if header is None:
        raise Unauthenticated("send Authorization: Bearer <token>")
    raise Forbidden(f"token {principal.name!r} has not the scope for this")


async def _holder(request: Request, header: str) -> Principal:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("send Authorization: Bearer <token>")
    context: Context = request.app.state.context
    return await principal_of(context, token.strip())


async def principal_of(context: Context, token: str) -> Principal:
    """Who holds a token, of a header or of a form. Raises Unauthenticated."""
    if not token.isascii() or not 0 < len(token) <= LONGEST_TOKEN:
        raise Unauthenticated("send Authorization: Bearer <token>")
    holder = await context.database.ask(token_holder, token, at=context.now())
    if holder is None:
        raise Unauthenticated("the token is unknown, revoked or expired")
    roles = PUBLIC | {Role(scope) for scope in holder.scopes if scope in set(Role) - PUBLIC}
    if holder.organisation is None:
        roles -= {Role.ENTERPRISE} | AGENCY_ROLES  # a token that belongs to nobody acts for nobody
    return Principal(
        holder.name, frozenset(roles), holder.device,
        enterprise=holder.organisation if Role.ENTERPRISE in roles else None,
        agency=None if AGENCY_ROLES.isdisjoint(roles) else holder.organisation,
        territories=frozenset() if AGENCY_ROLES.isdisjoint(roles) else holder.territories,
        session=holder.session,
        account=holder.account,
    )  # fmt: skip


async def _principal(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


Asking = Annotated[Principal, Depends(_principal)]
