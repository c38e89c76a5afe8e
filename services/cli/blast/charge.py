"""`uskat blast charge-law`: magnitudes of the regional catalogue against the declared charges, by enterprise."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from uskat.blast.magnitude.enterprise import EnterpriseCharges

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def charge_law(
    enterprise: Annotated[str | None, typer.Argument(help="Code of one enterprise; without it all")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines")] = False,
) -> None:
    """Fit ML = a·log10 W + b of each enterprise's own blasts and judge each by the others. Exit 1: none carries one."""
    found = asyncio.run(_read(enterprise))
    if as_json:
        typer.echo(json.dumps([one.to_json() for one in found], ensure_ascii=False, allow_nan=False))
    else:
        _tell(found)
    if not any(one.law is not None and one.law.usable for one in found):
        raise typer.Exit(1)


async def _read(enterprise: str | None) -> list[EnterpriseCharges]:
    from services.settings import Settings
    from services.storage.charge_reading import fired_charges, sized_events
    from services.storage.engine import make_engine, unit_of_work
    from uskat.blast.magnitude.enterprise import charges_by_enterprise, match_catalogue

    until = datetime.now(UTC) + timedelta(days=1)
    engine = make_engine(Settings().database_url.get_secret_value(), pool_size=1, application="uskat-charge-law")
    try:
        async with unit_of_work(engine) as connection:
            # all blasts are matched: two enterprises may fire within a minute, and then a magnitude is nobody's
            fired = await fired_charges(connection, since=EARLIEST, until=until)
            events = await sized_events(connection, since=EARLIEST, until=until)
    finally:
        await engine.dispose()
    found = charges_by_enterprise(match_catalogue(events, fired))
    return [one for one in found if enterprise in {None, one.enterprise}]


def _tell(found: list[EnterpriseCharges]) -> None:
    if not found:
        typer.echo("Ни одного объявленного взрыва с магнитудой каталога.")
    for one in found:
        typer.echo(f"{one.enterprise}: взрывов с магнитудой {one.magnitude_type} {one.network}: {len(one.judged)}")
        if one.law is not None:
            law = one.law
            typer.echo(f"  ML = {law.slope:.3f}·lg W + {law.intercept:.3f} (W в т), s {law.s:.3f}, R² {law.r2:.3f}")
        for reason in one.refused:
            typer.echo(f"  закона нет: {reason}")
        for judged in one.judged:
            if judged.check.verdict.value in {"too_strong", "too_weak"}:
                typer.echo(f"  {judged.sized.blast.code}: {judged.check.reason}")
