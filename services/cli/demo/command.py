"""The command `uskat demo`: options in, exit code out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.cli.demo.assembly import API_PORT

DEFAULT_STATE = Path(".uskat")


def demo(
    state: Annotated[Path, typer.Option(help="Folder of database, broker, buffers and logs")] = DEFAULT_STATE,
    database_url: Annotated[
        str | None, typer.Option(help="Use this PostgreSQL instead of our own (or USKAT_DATABASE_URL)")
    ] = None,
    mqtt_url: Annotated[str | None, typer.Option(help="Use this broker instead of our own (or USKAT_MQTT_URL)")] = None,
    api_port: Annotated[int, typer.Option(help="Port of the API; a used one is passed over")] = API_PORT,
    for_s: Annotated[
        float | None, typer.Option("--for", help="Run so many seconds without the live view, then print one JSON line")
    ] = None,
    scenario: Annotated[str, typer.Option(help="Scenario of the simulators: a name or a .yaml file")] = "demo",
) -> None:
    """Run everything on this machine on simulated rivers and pits, supervised; stop with Ctrl-C."""
    from services.cli.demo.assembly import Wish
    from services.cli.demo.run import Demo
    from services.cli.demo.state import NoStateFolder
    from services.parts.process import PartError
    from services.settings import Settings

    settings = Settings()
    given = settings.model_fields_set
    wish = Wish(
        state=state,
        database_url=database_url or (settings.database_url.get_secret_value() if "database_url" in given else None),
        mqtt_url=mqtt_url or (settings.mqtt_url if "mqtt_url" in given else None),
        api_port=api_port,
        scenario=str(Path(scenario).absolute()) if scenario.endswith(".yaml") else scenario,
    )
    try:
        outcome = Demo(wish, settings, for_s=for_s, live=for_s is None and sys.stderr.isatty()).run()
    except (PartError, NoStateFolder) as error:
        print(f"демонстрация не запустилась: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    # Without a set time the person ends the run when they like, maybe before the first alert.
    faults = outcome.faults() if for_s is not None or outcome.missing else []
    for fault in faults:
        print(f"uskat demo: {fault}", file=sys.stderr)
    print(outcome.json_line(), flush=True)
    raise typer.Exit(1 if faults else 0)
