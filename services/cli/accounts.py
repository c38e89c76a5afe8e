"""`uskat admin account …`: the first admin of an agency, and letting in or putting out from the machine itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
CLI = "cli"
"""Who acts, in the audit log."""

account = typer.Typer(help="Accounts of people.", no_args_is_help=True)


def _change(work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """One transaction; what cannot be done is told and ends the command with 1."""
    from services.cli.admin import in_one_transaction
    from services.storage.account_store import LoginTaken, NoSuchAccount
    from uskat.supervision.access.password import LoginError
    from uskat.supervision.access.roles import RolesError

    try:
        return in_one_transaction(work)
    except (LoginTaken, NoSuchAccount, LoginError, RolesError) as error:
        typer.echo(f"uskat admin account: {error}", err=True)
        raise typer.Exit(1) from None


@account.command("create")
def create(
    login: Annotated[str, typer.Argument(help="3 to 40 small Latin letters, digits, dots, hyphens, underscores")],
    name: Annotated[str, typer.Option(help="Of the person, as screens show it")],
    organisation: Annotated[str, typer.Option(help="Code of the agency or enterprise")],
    role: Annotated[list[str], typer.Option(help="inspector, metrologist, admin or enterprise; repeat for each")],
) -> None:
    """Make an account and print the invitation with which its owner sets a password; good once, three days."""
    from services.storage.account_store import create_account
    from services.storage.credential import new_secret, token_hash
    from uskat.supervision.access.password import checked_login
    from uskat.supervision.access.policy import access_policy

    invitation, at = new_secret(), datetime.now(UTC)

    async def work(connection: AsyncConnection) -> None:
        await create_account(
            connection, who=CLI, login=checked_login(login), name=name, organisation=organisation, roles=role,
            invitation=token_hash(invitation), until=at + access_policy().invitation, at=at,
        )  # fmt: skip

    _change(work)
    typer.echo(invitation)
    typer.echo("shown only this once: POST /api/v1/enrolment", err=True)


@account.command("invite")
def invite(login: Annotated[str, typer.Argument(help="Whose password or telephone is lost")]) -> None:
    """Take password and second factor away, end all sign-ins, print a new invitation."""
    from services.storage.account_store import invite_again
    from services.storage.credential import new_secret, token_hash
    from uskat.supervision.access.policy import access_policy

    invitation, at = new_secret(), datetime.now(UTC)
    until = at + access_policy().invitation
    _change(lambda c: invite_again(c, login, who=CLI, invitation=token_hash(invitation), until=until, at=at))
    typer.echo(invitation)
    typer.echo("shown only this once: POST /api/v1/enrolment", err=True)


@account.command("disable")
def disable(login: Annotated[str, typer.Argument(help="Who is put out")]) -> None:
    """Switch an account off; its sign-ins end at once."""
    from services.storage.account_store import set_disabled

    _change(lambda c: set_disabled(c, login, who=CLI, disabled=True, at=datetime.now(UTC)))


@account.command("enable")
def enable(login: Annotated[str, typer.Argument(help="Who is let in again")]) -> None:
    """Switch an account on again."""
    from services.storage.account_store import set_disabled

    _change(lambda c: set_disabled(c, login, who=CLI, disabled=False, at=datetime.now(UTC)))


@account.command("key")
def key(file: Annotated[Path, typer.Argument(help="USKAT_ACCOUNT_KEY_FILE; made with mode 600")]) -> None:
    """Make the key that encrypts second factors; an existing file gets a new first line and keeps the old ones."""
    from cryptography.fernet import Fernet

    old = file.read_text(encoding="ascii") if file.exists() else ""
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(f"{Fernet.generate_key().decode()}\n{old}", encoding="ascii")
    typer.echo(f"{file}: keep a copy where the database's copies are not", err=True)
