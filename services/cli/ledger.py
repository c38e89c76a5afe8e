"""`uskat ledger`: what became of every reading, per station and UTC day of receipt."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.storage.accounting_reading import LedgerDay

COLUMNS = ("day", "station", "messages", "received", "stored", "duplicate", "conflict", "rejected", "difference")
UNKNOWN_SENDER = "(unknown)"


def ledger(
    station: Annotated[str | None, typer.Option(help="Only this station")] = None,
    days: Annotated[int, typer.Option(min=1, help="So many days back from today (UTC)")] = 7,
) -> None:
    """Print the ledger and check it: received = stored + duplicate + conflict + rejected. Exit 1 when it does not."""
    rows = asyncio.run(_read(station, days))
    typer.echo("\t".join(COLUMNS))
    for row in rows:
        typer.echo("\t".join(str(getattr(row, column) or _zero(column)) for column in COLUMNS))
    wrong = [row for row in rows if not row.balanced]
    if wrong:
        typer.echo(f"{len(wrong)} of {len(rows)} rows do not balance", err=True)
        raise typer.Exit(1)


def _zero(column: str) -> str:
    return UNKNOWN_SENDER if column == "station" else "0"


async def _read(station: str | None, days: int) -> list[LedgerDay]:
    from services.settings import Settings
    from services.storage.accounting_reading import ledger_days
    from services.storage.reading import Database, make_reading_engine

    engine = make_reading_engine(Settings().database_url.get_secret_value(), pool_size=1, application="uskat-ledger")
    database = Database(engine)
    today = datetime.now(UTC).date()
    try:
        return await database.ask(
            ledger_days, station=station, first=today - timedelta(days=days - 1), last=today, everything=True
        )
    finally:
        await database.close()


def audit() -> None:
    """Check the ledger against the tables and every hash chain link by link; exit 1 when anything disagrees."""
    if not asyncio.run(_audit()):
        raise typer.Exit(1)


async def _audit() -> bool:
    from services.settings import Settings
    from services.storage.audit import audit_books, audit_chains
    from services.storage.engine import make_engine, reading

    engine = make_engine(Settings().database_url.get_secret_value(), pool_size=1, application="uskat-audit")
    sound = True
    try:
        async with reading(engine) as connection:
            for difference in await audit_books(connection):
                sound = False
                typer.echo(f"ledger {difference.what}: {difference.ledger}, tables: {difference.tables}", err=True)
            chains = links = 0
            async for chain in audit_chains(connection):
                chains, links = chains + 1, links + chain.links
                if chain.fault is not None:
                    sound = False
                    typer.echo(f"chain {chain.device or UNKNOWN_SENDER} lane {chain.lane}: {chain.fault}", err=True)
    finally:
        await engine.dispose()
    typer.echo(f"{chains} chains, {links} links checked; {'all agrees' if sound else 'FAULTS FOUND'}")
    return sound
