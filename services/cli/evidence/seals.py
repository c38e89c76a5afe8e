"""`uskat evidence seal`, `uskat evidence check`, `uskat admin evidence-key`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.evidence.database import KEY_HELP, UNUSABLE, on_database, signing_key, trusted_keys

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from uskat.supervision.evidence.keyring import KeyRing

SHOWN_FAULTS = 20


def evidence_key(
    file: Annotated[Path, typer.Argument(help="Where the private key goes; never written over")],
) -> None:
    """Make the Ed25519 key that closes days and signs packs; prints its public half, which is to be published."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from uskat.supervision.evidence.seal import key_id_of, public_pem

    key = Ed25519PrivateKey.generate()
    try:
        file.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        typer.echo(f"{file} is there already: a key is never written over", err=True)
        raise typer.Exit(UNUSABLE) from None
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    typer.echo(public_pem(key.public_key()), nl=False)
    typer.echo(f"key {key_id_of(key.public_key())}; keep {file} out of the database and its backups", err=True)


def seal() -> None:
    """Close every day that ended more than an hour ago; exit 1 when the messages of one did not fit together."""
    from services.storage.seal_store import seal_due_days

    key = signing_key()
    done = on_database(lambda engine: seal_due_days(engine, key, now=datetime.now(UTC), limit=10_000))
    for day, faults in done:
        typer.echo(f"{day}\t{'closed' if not faults else 'closed as it is'}\t{len(faults)} faults")
        for fault in faults[:SHOWN_FAULTS]:
            typer.echo(f"  {fault}", err=True)
    typer.echo(f"{len(done)} days closed", err=True)
    if any(faults for _, faults in done):
        raise typer.Exit(1)


def check(
    first: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day, UTC; else all")] = None,
    last: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day, UTC; else all")] = None,
    key: Annotated[list[Path] | None, typer.Option(exists=True, help=KEY_HELP)] = None,
) -> None:
    """Compute closed days anew from what is stored now; exit 1 when one does not agree, 2 when the key is none."""
    trusted = trusted_keys(key or ())
    if trusted is None:
        typer.echo("no --key given: signatures are compared with the key that lies in the database itself", err=True)
    span = (first.date() if first else date.min, last.date() if last else date.max)
    days, faults = on_database(lambda engine: _check(engine, span, trusted))
    for fault in faults:
        typer.echo(fault, err=True)
    typer.echo(f"{days} days computed anew; {'all agree' if not faults else f'{len(faults)} FAULTS'}")
    if faults:
        raise typer.Exit(1)


async def _check(engine: AsyncEngine, span: tuple[date, date], trusted: KeyRing | None) -> tuple[int, list[str]]:
    from services.storage.engine import unit_of_work
    from services.storage.seal_store import check_day, note_check, sealed_days

    async with unit_of_work(engine) as connection:
        days = await sealed_days(connection, first=span[0], last=span[1], limit=1_000_000)
    found: list[str] = []
    for sealed in reversed(days):
        async with unit_of_work(engine) as connection:
            faults = await check_day(connection, sealed, trusted=trusted)
            await note_check(connection, sealed.day, faults=faults, now=datetime.now(UTC))
        found += faults
    return len(days), found
