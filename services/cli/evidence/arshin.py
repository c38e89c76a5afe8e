"""`uskat arshin`: the register of verifications – fetched from ФГИС «Аршин», imported from a file, what expires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.evidence.database import UNUSABLE, on_database

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from services.storage.arshin_import import ImportOutcome
    from uskat.supervision.evidence.arshin import ArshinAnswer

BY = "uskat arshin"
arshin = typer.Typer(help="Register of verifications (поверка) of instruments.", no_args_is_help=True)


@arshin.command("import")
def import_file(file: Annotated[Path, typer.Argument(exists=True, help="A saved answer of /vri (JSON)")]) -> None:
    """Import a saved answer; exit 1 when some of it was not taken, 2 when it is no answer."""
    from uskat.supervision.evidence.arshin import ArshinAnswerError, read_answer

    try:
        answer = read_answer(file.read_bytes())
    except ArshinAnswerError as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(UNUSABLE) from error
    _tell(on_database(lambda engine: _store(engine, [answer])))


@arshin.command("fetch")
def fetch(
    instrument: Annotated[list[str] | None, typer.Option(help="Code of an instrument; repeat; else all")] = None,
) -> None:
    """Ask the service of the settings for every instrument with a serial number; exit 2 when it does not answer."""
    from services.ingest.arshin_client import ArshinAwayError

    try:
        outcome = on_database(lambda engine: _fetch(engine, set(instrument or ())))
    except ArshinAwayError as error:
        typer.echo(f"ФГИС «Аршин»: {error}", err=True)
        raise typer.Exit(UNUSABLE) from error
    _tell(outcome)


@arshin.command("expiring")
def expiring_command(days: Annotated[int, typer.Option(min=0, help="Look so far ahead")] = 60) -> None:
    """Print instruments whose verification ends soon, has ended or is missing; exit 1 when there is any."""
    from services.storage.engine import unit_of_work
    from services.storage.verification_store import Expiring, expiring

    async def ask(engine: AsyncEngine) -> list[Expiring]:
        async with unit_of_work(engine) as connection:
            return await expiring(connection, now=datetime.now(UTC), within=timedelta(days=days))

    found = on_database(ask)
    for one in found:
        left = "–" if one.days_left is None else str(one.days_left)
        typer.echo(f"{one.instrument}\t{one.station}\t{one.docnum or 'нет'}\t{one.valid_until or '–'}\t{left}")
    if found:
        raise typer.Exit(1)


async def _store(engine: AsyncEngine, parts: list[ArshinAnswer]) -> ImportOutcome:
    from services.storage.arshin_import import ImportOutcome, import_answer
    from services.storage.engine import unit_of_work

    whole = ImportOutcome(0, 0, [], [])
    async with unit_of_work(engine) as connection:
        for answer in parts:
            one = await import_answer(connection, answer, by=BY)
            whole.added += one.added
            whole.known += one.known
            whole.unmatched += one.unmatched
            whole.refused += one.refused
    return whole


async def _fetch(engine: AsyncEngine, wanted: set[str]) -> ImportOutcome:
    import httpx

    from services.ingest.arshin_client import ArshinClient
    from services.settings import Settings
    from services.storage.engine import unit_of_work
    from services.storage.verification_store import registered_instruments

    settings = Settings()
    async with unit_of_work(engine) as connection:
        instruments = [one for one in await registered_instruments(connection) if not wanted or one.code in wanted]
    async with httpx.AsyncClient(timeout=settings.arshin_timeout_s, headers={"Accept": "application/json"}) as http:
        client = ArshinClient(http, settings.arshin_url)
        answers = [
            await client.verifications(one.serial_number, mit_number=one.mit_number)
            for one in instruments
            if one.serial_number
        ]
    return await _store(engine, answers)


def _tell(outcome: ImportOutcome) -> None:
    typer.echo(f"{outcome.added} records added, {outcome.known} known already")
    for docnum in outcome.unmatched:
        typer.echo(f"{docnum}: no instrument of ours has this serial number and type, or several have", err=True)
    for why in outcome.refused:
        typer.echo(f"refused: {why}", err=True)
    if outcome.unmatched or outcome.refused:
        raise typer.Exit(1)
