"""Commands that run one process of Uskat each. Settings come from the environment (USKAT_...)."""

from __future__ import annotations

from typing import Annotated

import typer


def migrate() -> None:
    """Bring the database to the newest schema; safe to run from several places at once."""
    from services.settings import Settings
    from services.storage.migrate import upgrade

    upgrade(Settings().database_url.get_secret_value())


def ingest() -> None:
    """Run one ingest worker: MQTT to database."""
    from services.ingest.main import run
    from services.settings import Settings

    run(Settings())


def alerts() -> None:
    """Run one alerts worker: committed data to findings, alerts and notifications."""
    import asyncio

    from services.alerts.main import run
    from services.observability import configure_logging
    from services.settings import Settings

    settings = Settings()
    configure_logging(settings, process=f"alerts-{settings.alerts_worker}")
    asyncio.run(run(settings))


def notices() -> None:
    """Run one notices process: whom the norms name is told of alerts, by mail, Telegram, SMS, webhook."""
    from services.notices.main import run_process
    from services.observability import configure_logging
    from services.settings import Settings

    settings = Settings()
    configure_logging(settings, process="notices")
    run_process(settings)


def register_export(
    once: Annotated[bool, typer.Option("--once", help="One round, then exit 1 if packets still wait")] = False,
) -> None:
    """Send 20-minute packets to the state register of the settings, again until they are accepted."""
    import asyncio

    from services.observability import configure_logging
    from services.register.main import RegisterNotSet, run
    from services.settings import Settings

    settings = Settings()
    configure_logging(settings, process="register")
    try:
        done = asyncio.run(run(settings, once=once))
    except RegisterNotSet as error:
        typer.echo(f"uskat register-export: {error}", err=True)
        raise typer.Exit(2) from None
    if once and not done:
        raise typer.Exit(1)


def api() -> None:
    """Run the API."""
    from services.api.main import run
    from services.settings import Settings

    run(Settings())


def simulate(context: typer.Context) -> None:
    """Simulate rivers, pits and their loggers, or replay real records: `uskat simulate --help`."""
    from simulators.main import app

    app(args=context.args, prog_name="uskat simulate")
