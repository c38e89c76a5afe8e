"""`uskat admin`: the registry – networks, devices and their credentials, machine tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
BY = "uskat admin"

admin = typer.Typer(help="Registry: networks, devices and their credentials, machine tokens.", no_args_is_help=True)


def in_one_transaction(work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Run a piece of work in one transaction of the database that the settings name."""
    from services.settings import Settings
    from services.storage.engine import make_engine, unit_of_work

    async def run() -> T:
        engine = make_engine(Settings().database_url.get_secret_value(), pool_size=1, application="uskat-admin")
        try:
            async with unit_of_work(engine) as connection:
                return await work(connection)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(run())
    except LookupError as error:
        typer.echo(f"uskat admin: {error}", err=True)
        raise typer.Exit(1) from error


def _show_passwords(passwords: dict[str, str]) -> None:
    for device, password in sorted(passwords.items()):
        typer.echo(f"{device}\t{password}")
    typer.echo(f"{len(passwords)} new passwords, shown only this once", err=True)


@admin.command("load-demo")
def load_demo() -> None:
    """Load the demo network (schematic, invented enterprises, pits, intakes); print passwords of new devices."""
    from services.storage.blast_registry import load_surroundings
    from services.storage.registry import load_network
    from services.storage.water_intake_store import enter_intakes
    from uskat.blast.surroundings import demo_surroundings
    from uskat.water.network import demo_network
    from uskat.water.water_intake import demo_intakes

    async def load(connection: AsyncConnection) -> dict[str, str]:
        passwords = await load_network(connection, demo_network())
        await load_surroundings(connection, demo_surroundings())
        await enter_intakes(connection, demo_intakes(), by=BY)
        return passwords

    _show_passwords(in_one_transaction(load))


@admin.command("load-network")
def load_network_file(
    file: Annotated[Path, typer.Argument(exists=True, help="A network file like uskat/data/network/uskat_demo.json")],
) -> None:
    """Load a network file of your own and print the passwords of its new devices."""
    from services.storage.registry import load_network
    from uskat.water import network as networks

    try:
        network = networks.load_network(file.read_text(encoding="utf-8"))
    except networks.NetworkError as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(1) from error
    _show_passwords(in_one_transaction(lambda connection: load_network(connection, network)))


@admin.command("load-intakes")
def load_intakes_file(
    file: Annotated[Path, typer.Argument(exists=True, help="A file like uskat/data/network/demo_intakes.json")],
) -> None:
    """Load a list of water intakes; what the list says already is not entered again. Exit 1 when it cannot be used."""
    from services.storage.water_intake_store import enter_intakes
    from uskat.water import water_intake

    try:
        intakes = water_intake.read_intakes(file.read_bytes())
        entered = in_one_transaction(lambda connection: enter_intakes(connection, intakes, by=BY))
    except water_intake.IntakeError as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{entered} of {len(intakes)} intakes entered", err=True)


@admin.command("load-surroundings")
def load_surroundings_file(
    file: Annotated[Path, typer.Argument(exists=True, help="A file like uskat/data/blast/demo_surroundings.json")],
) -> None:
    """Load pits and receptors of blasts; enterprises and settlements must be registered."""
    from services.storage.blast_registry import load_surroundings
    from uskat.blast import surroundings

    try:
        read = surroundings.load_surroundings(file.read_bytes())
    except surroundings.SurroundingsError as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(1) from error
    in_one_transaction(lambda connection: load_surroundings(connection, read))
    typer.echo(f"{len(read.pits)} pits, {len(read.receptors)} receptors", err=True)


@admin.command("devices")
def devices() -> None:
    """List devices: code, station, kind, enabled, number of series."""
    from services.storage.registry import list_devices

    for device in in_one_transaction(list_devices):
        typer.echo("\t".join(str(device[name]) for name in ("code", "station", "kind", "enabled", "series")))


@admin.command("add-device")
def add_device_command(
    code: Annotated[str, typer.Argument(help="Device id, also its user name on the broker")],
    station: Annotated[str, typer.Option(help="Code of its station")],
    parameter: Annotated[list[str], typer.Option(help="Code of a parameter it measures; repeat for each")],
    kind: Annotated[str, typer.Option(help="Kind of the device")] = "water",
    interval_s: Annotated[int, typer.Option(help="Seconds between two readings")] = 60,
) -> None:
    """Register a device with its series and print its password."""
    from services.storage.registry import add_device

    password = in_one_transaction(
        lambda connection: add_device(
            connection, code=code, station=station, kind=kind, names=parameter, expected_interval_s=interval_s
        )
    )
    _show_passwords({code: password})


@admin.command("rotate")
def rotate(codes: Annotated[list[str], typer.Argument(help="Devices that get a new password")]) -> None:
    """Give devices new passwords; the old ones stop working when the broker has the new password file."""
    from services.storage.registry import give_credentials

    given = in_one_transaction(lambda connection: give_credentials(connection, codes, rotate=True))
    _show_passwords(given)
    unknown = sorted(set(codes) - set(given))
    if unknown:
        typer.echo(f"not registered: {', '.join(unknown)}", err=True)
        raise typer.Exit(1)


@admin.command("password-file")
def password_file_command(
    file: Annotated[Path, typer.Argument(help="Mosquitto's password file; written anew with mode 600")],
) -> None:
    """Write Mosquitto's password file of all enabled devices (hashes only)."""
    from services.storage.registry import password_file

    text = in_one_transaction(password_file)
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text)
    typer.echo(f"{text.count(chr(10))} devices written to {file}", err=True)


@admin.command("token")
def token(
    name: Annotated[str, typer.Argument(help="Who uses it")],
    scope: Annotated[list[str], typer.Option(help="What it may do; repeat for each")],
    device: Annotated[str | None, typer.Option(help="Only for this device")] = None,
    enterprise: Annotated[str | None, typer.Option(help="Whose blasts it files; for scope enterprise")] = None,
) -> None:
    """Issue a machine token and print it; only its hash is stored."""
    from services.storage.registry import issue_token

    issued = in_one_transaction(
        lambda connection: issue_token(connection, name=name, scopes=scope, device=device, enterprise=enterprise)
    )
    typer.echo(issued)
    typer.echo("shown only this once", err=True)


@admin.command("calibrate-travel")
def calibrate_travel() -> None:
    """Learn how fast the water of each reach really is from plumes that both ends saw; print what was learnt."""
    from services.storage.calibration_store import calibrate_reaches

    found = in_one_transaction(calibrate_reaches)
    for (river, upper_km, lower_km), one in found.items():
        typer.echo(f"{river}\t{upper_km:g}-{lower_km:g} km\t×{one.factor:.2f}\t±{one.log_sd:.2f}\t{one.pairs}")
    typer.echo(f"{len(found)} reaches calibrated", err=True)


@admin.command("fit-site-laws")
def fit_site_laws_command() -> None:
    """Fit the law of every pit from records that detection matched with declared blasts; print what came of it."""
    from services.storage.blast_pairs import fit_site_laws

    now = datetime.now(UTC)
    for one in in_one_transaction(lambda connection: fit_site_laws(connection, at=now)):
        law = "–"
        if one.law is not None:
            law = f"K {one.law.k:.4g} мм/с, показатель {one.law.beta:.3f}, s {one.law.s:.3f}, R² {one.law.r2:.2f}"
        version = f"версия {one.version}" if one.version is not None else "не сохранён"
        typer.echo(f"{one.pit}\t{one.records} записей\t{version}\t{law}\t{one.why}")
