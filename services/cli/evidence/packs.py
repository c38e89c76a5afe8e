"""`uskat evidence pack` and `uskat evidence verify`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.evidence.database import KEY_HELP, UNUSABLE, on_database, signing_key, trusted_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from sqlalchemy.ext.asyncio import AsyncEngine

    from uskat.supervision.evidence.pack import Pack
    from uskat.supervision.evidence.verify import PackReport

BY = "uskat evidence"
SHOWN_FAULTS = 50


def pack(
    alert: Annotated[int, typer.Argument(help="Number of the alert")],
    out: Annotated[Path, typer.Option(help="Where the pack goes")] = Path("pack.zip"),
) -> None:
    """Make a signed pack of evidence about an alert; exit 1 when there is no such alert, 2 without a key."""
    key = signing_key()
    made = on_database(lambda engine: _make(engine, alert, key))
    if made is None:
        typer.echo(f"there is no alert {alert}", err=True)
        raise typer.Exit(1)
    out.write_bytes(made.data)
    typer.echo(f"{out}: {len(made.data)} bytes, manifest {made.manifest_sha256.hex()}")


def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The pack")],
    key: Annotated[list[Path] | None, typer.Option(exists=True, help=KEY_HELP)] = None,
    days: Annotated[
        list[Path] | None, typer.Option(exists=True, help="Saved answer of /api/v1/evidence/days; may repeat")
    ] = None,
) -> None:
    """Check a pack without network or database; exit 1 on any fault, 2 when a key or a saved answer is none."""
    from services.storage.evidence_decoding import decode_again, measure_again
    from uskat.supervision.evidence.published import PublishedError, read_days
    from uskat.supervision.evidence.verify import verify_pack

    trusted = trusted_keys(key or ())
    try:
        kept = [one for path in days or () for one in read_days(path.read_bytes())]
    except PublishedError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(UNUSABLE) from error
    report = verify_pack(file.read_bytes(), trusted=trusted, decode=decode_again, measure=measure_again, kept=kept)
    _tell(report)
    if report.faults:
        raise typer.Exit(1)


def _tell(report: PackReport) -> None:
    for fault in report.faults[:SHOWN_FAULTS]:
        typer.echo(str(fault), err=True)
    if len(report.faults) > SHOWN_FAULTS:
        typer.echo(f"and {len(report.faults) - SHOWN_FAULTS} more", err=True)
    typer.echo(
        f"{report.members} files, {report.messages} raw messages, {report.readings} readings and"
        f" {report.records} records decoded anew;"
        f" {report.proved} messages lead to a signed day, {report.messages - report.proved} are of days not closed yet"
    )
    for day, key_id in sorted(report.days.items()):
        typer.echo(f"day {day} is signed by key {key_id}")
    if report.compared:
        typer.echo(f"{report.compared} of these days are in the answers you saved")
    if report.trusted:
        typer.echo(f"the pack is to be signed with a key you gave; it names {report.key_id}")
    else:
        typer.echo(f"NO KEY GIVEN: the pack fits itself by the key inside it, {report.key_id}; that proves no origin")
    typer.echo("nothing is wrong" if not report.faults else f"{len(report.faults)} FAULTS")


async def _make(engine: AsyncEngine, alert: int, key: Ed25519PrivateKey) -> Pack | None:
    from services.storage.engine import unit_of_work
    from services.storage.evidence_making import made_pack
    from services.storage.evidence_pack import keep_pack, pack_material

    async with unit_of_work(engine) as connection:
        material = await pack_material(connection, alert)
        if material is None:
            return None
        now = datetime.now(UTC)
        made = made_pack(material, key, made_at=now, made_by=BY)
        await keep_pack(connection, alert, digest=made.manifest_sha256, size=len(made.data), by=BY, at=now)
    return made
