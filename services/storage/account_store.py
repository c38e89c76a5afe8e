"""Accounts of people: made, listed, changed and switched off, each with its row in the audit log.

An admin of an agency reaches its own people and those of enterprises in its territories; everybody else is not there
for them (NoSuchAccount). The command line reaches everybody.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.audit_log import Doer, record
from services.storage.reading import row_values
from services.storage.session_store import end_all_sessions
from uskat.supervision.access.family import Ending
from uskat.supervision.access.roles import AccountRole, check_roles, may_manage

_COLUMNS = """a.id, a.login, a.name, o.code, a.roles, a.password_hash IS NOT NULL, a.totp_confirmed_at IS NOT NULL,
    a.oidc_subject IS NOT NULL, a.invitation_expires_at, a.disabled_at, a.created_at, a.created_by"""
_FROM = "FROM account a JOIN organisation o ON o.id = a.organisation_id"
_LIES_IN = """SELECT s.territory FROM station s WHERE s.organisation_id = o.id AND s.territory IS NOT NULL
    UNION SELECT p.territory FROM place p WHERE p.organisation_id = o.id AND p.territory IS NOT NULL"""
_LIST = text(
    f"""SELECT {_COLUMNS} {_FROM} WHERE a.login > :after AND (CAST(:agency AS text) IS NULL OR o.code = :agency
        OR (o.kind = 'enterprise' AND EXISTS (({_LIES_IN}) INTERSECT SELECT unnest(CAST(:territories AS text[])))))
    ORDER BY a.login LIMIT :limit"""
)
_ONE = text(f"SELECT {_COLUMNS} {_FROM} WHERE a.login = :login")
_LOCK = text("SELECT id FROM account WHERE login = :login FOR UPDATE")
_ORGANISATION = text(
    f"""SELECT o.id, o.kind, CASE WHEN o.kind = 'enterprise' THEN ARRAY({_LIES_IN}) ELSE ARRAY[]::text[] END
    FROM organisation o WHERE o.code = :code"""
)
_INSERT = text(
    """INSERT INTO account (login, name, organisation_id, roles, invitation_hash, invitation_expires_at, created_at,
        created_by)
    VALUES (:login, :name, :organisation, :roles, :invitation, :invitation_until, :at, :by)
    ON CONFLICT (login) DO NOTHING RETURNING id"""
)
_KEY_OF_THIS_NAME = text("SELECT uskat_key_is_called(:login)")
_SET_ROLES = text("UPDATE account SET roles = :roles WHERE id = :id")
_SET_DISABLED = text("UPDATE account SET disabled_at = :at WHERE id = :id")
_SET_SUBJECT = text("UPDATE account SET oidc_issuer = :issuer, oidc_subject = :subject WHERE id = :id")
_SUBJECT_TAKEN = text("SELECT uskat_subject_is_taken(:issuer, :subject, :id)")
_INVITE = text(
    """UPDATE account SET password_hash = NULL, totp_secret = NULL, totp_confirmed_at = NULL, totp_last_step = NULL,
        invitation_hash = :invitation, invitation_expires_at = :until WHERE id = :id"""
)


class NoSuchAccount(Exception):
    """There is no such account or organisation, or none that this admin manages."""


class LoginTaken(Exception):
    """An account of this login, or of this person at the provider, is there already."""


class OwnAccount(Exception):
    """Nobody switches off or changes the roles of their own account: another admin does."""


class Admin(Doer, Protocol):
    """An admin of an agency: a principal of the API has these names."""

    @property
    def agency(self) -> str | None:
        """Code of the agency."""
        ...

    @property
    def territories(self) -> frozenset[str]:
        """Codes of the territories it supervises."""
        ...


class AccountRow(Struct):
    """An account without its secrets. invited_until: an invitation is out and not yet used."""

    id: int
    login: str
    name: str
    organisation: str
    roles: list[str]
    has_password: bool
    has_second_factor: bool
    has_openid: bool
    invited_until: datetime | None
    disabled_at: datetime | None
    created_at: datetime
    created_by: str


async def list_accounts(connection: AsyncConnection, *, who: Admin, after: str, limit: int) -> list[AccountRow]:
    """Accounts that an admin manages, by login, from the first after `after`."""
    bound = {"agency": who.agency or "", "territories": sorted(who.territories), "after": after, "limit": limit}
    return [AccountRow(*row_values(row)) for row in await connection.execute(_LIST, bound)]


async def managed_account(connection: AsyncConnection, login: str, *, who: Admin | str) -> AccountRow:
    """One account that `who` manages. Raises NoSuchAccount."""
    row = (await connection.execute(_ONE, {"login": login})).first()
    if row is None:
        raise NoSuchAccount(f"there is no account {login!r}")
    account = AccountRow(*row_values(row))
    await managed_organisation(connection, account.organisation, who=who, missing=f"there is no account {login!r}")
    return account


async def create_account(
    connection: AsyncConnection, *, who: Admin | str, login: str, name: str, organisation: str, roles: Sequence[str],
    invitation: bytes, until: datetime, at: datetime,
) -> AccountRow:  # fmt: skip
    """A new account that nobody can use before its invitation (given by its SHA-256) is redeemed.

    Raises NoSuchAccount (of the organisation), RolesError, LoginTaken.
    """
    missing = f"there is no organisation {organisation!r}"
    organisation_id, kind = await managed_organisation(connection, organisation, who=who, missing=missing)
    given = check_roles(kind, roles)
    if await connection.scalar(_KEY_OF_THIS_NAME, {"login": login}):
        raise LoginTaken(f"a machine key is called {login!r}: in the audit log the two could not be told apart")
    by = who if isinstance(who, str) else who.name
    row = {"login": login, "name": name, "organisation": organisation_id, "roles": _names(given),
           "invitation": invitation, "invitation_until": until, "at": at, "by": by}  # fmt: skip
    made = (await connection.execute(_INSERT, row)).first()
    if made is None:
        raise LoginTaken(f"there is an account {login!r} already")
    detail = {"organisation": organisation, "roles": _names(given)}
    await record(connection, who=who, action="account.create", kind="account", object_id=login, detail=detail)
    return await managed_account(connection, login, who=who)


async def change_roles(connection: AsyncConnection, login: str, *, who: Admin | str, roles: Sequence[str], at: datetime) -> AccountRow:  # fmt: skip  # noqa: E501
    """Other roles; all sign-ins of the account end. Raises NoSuchAccount, RolesError, OwnAccount."""
    account = await _locked(connection, login, who=who)
    _, kind = await managed_organisation(connection, account.organisation, who=who, missing="")
    given = check_roles(kind, roles)
    await connection.execute(_SET_ROLES, {"id": account.id, "roles": _names(given)})
    await end_all_sessions(connection, account.id, why=Ending.ACCOUNT_CHANGED, at=at)
    detail = {"from": account.roles, "to": _names(given)}
    await record(connection, who=who, action="account.roles", kind="account", object_id=login, detail=detail)
    return await managed_account(connection, login, who=who)


async def set_disabled(
    connection: AsyncConnection, login: str, *, who: Admin | str, disabled: bool, at: datetime
) -> AccountRow:
    """Switch an account off, which ends its sign-ins at once, or on again. Raises NoSuchAccount, OwnAccount."""
    account = await _locked(connection, login, who=who)
    if disabled == (account.disabled_at is not None):
        return account
    await connection.execute(_SET_DISABLED, {"id": account.id, "at": at if disabled else None})
    if disabled:
        await end_all_sessions(connection, account.id, why=Ending.ACCOUNT_DISABLED, at=at)
    action = "account.disable" if disabled else "account.enable"
    await record(connection, who=who, action=action, kind="account", object_id=login)
    return await managed_account(connection, login, who=who)


async def invite_again(
    connection: AsyncConnection, login: str, *, who: Admin | str, invitation: bytes, until: datetime, at: datetime
) -> AccountRow:
    """Take password and second factor away, end all sign-ins, and let both be set anew with an invitation.

    Raises NoSuchAccount, OwnAccount.
    """
    account = await _locked(connection, login, who=who)
    await connection.execute(_INVITE, {"id": account.id, "invitation": invitation, "until": until})
    await end_all_sessions(connection, account.id, why=Ending.ACCOUNT_CHANGED, at=at)
    await record(connection, who=who, action="account.invite", kind="account", object_id=login)
    return await managed_account(connection, login, who=who)


async def bind_openid(
    connection: AsyncConnection, login: str, *, who: Admin | str, issuer: str, subject: str | None
) -> AccountRow:
    """Say who this account is at the OpenID provider; None: nobody. Raises NoSuchAccount, LoginTaken."""
    account = await managed_account(connection, login, who=who)
    bound: dict[str, Any] = {"id": account.id, "issuer": issuer if subject else None, "subject": subject}
    if await connection.scalar(_SUBJECT_TAKEN, bound):
        raise LoginTaken("another account has this subject of the provider")
    await connection.execute(_SET_SUBJECT, bound)
    detail = {"issuer": issuer, "bound": subject is not None}
    await record(connection, who=who, action="account.openid", kind="account", object_id=login, detail=detail)
    return await managed_account(connection, login, who=who)


async def _locked(connection: AsyncConnection, login: str, *, who: Admin | str) -> AccountRow:
    if not isinstance(who, str) and who.name == login:
        raise OwnAccount("ask another admin to change your own account")
    await connection.execute(_LOCK, {"login": login})
    return await managed_account(connection, login, who=who)


async def managed_organisation(
    connection: AsyncConnection, code: str, *, who: Admin | str, missing: str | Exception
) -> tuple[int, str]:
    """Id and kind of an organisation whose people and keys `who` manages. Raises NoSuchAccount, or `missing` itself."""
    row = (await connection.execute(_ORGANISATION, {"code": code})).first()
    if row is None:
        raise missing if isinstance(missing, Exception) else NoSuchAccount(missing)
    if not isinstance(who, str) and not may_manage(
        admin_of=who.agency or "", territories=who.territories, organisation=code, lies_in=frozenset(row[2])
    ):
        raise missing if isinstance(missing, Exception) else NoSuchAccount(missing)
    return row[0], row[1]


def _names(roles: frozenset[AccountRole]) -> list[str]:
    return sorted(role.value for role in roles)
