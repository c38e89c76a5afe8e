"""Commands that run a local part in the foreground, for work on the code without the demo."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_FOLDER = Path(".uskat")
END_SIGNALS = {signal.SIGINT, signal.SIGTERM}


def _say_and_wait_for_a_signal(address: str) -> None:
    """Print where the part is and wait for Ctrl-C or SIGTERM.

    Blocked before the address is said, because whoever reads it may end us at once; and after the part was started,
    because a child would inherit the mask.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, END_SIGNALS)
    print(address, flush=True)
    signal.sigwait(END_SIGNALS)


def broker(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1")] = 1883,
    folder: Annotated[Path, typer.Option(help="Folder of its queues and log")] = DEFAULT_FOLDER,
) -> None:
    """Run a local MQTT broker: Mosquitto if a new enough one is installed, else amqtt."""
    from services.parts.broker import AmqttProcess, Broker, MosquittoProcess, find_mosquitto
    from services.parts.process import PartNotFound

    process: Broker
    try:
        process = MosquittoProcess([str(find_mosquitto().path)], folder / "mosquitto", port)
    except PartNotFound as missing:
        print(f"amqtt, because {missing}", file=sys.stderr)
        process = AmqttProcess(folder / "amqtt.log", port)
    process.start()
    _say_and_wait_for_a_signal(process.url)
    process.stop()


def database(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1")] = 5433,
    folder: Annotated[Path, typer.Option(help="Folder of its data and log")] = DEFAULT_FOLDER,
) -> None:
    """Run the embedded PostgreSQL with a migrated database `uskat`."""
    from services.parts.embedded import EmbeddedPostgres
    from services.storage.migrate import upgrade

    server = EmbeddedPostgres(folder / "postgres", port)
    for note in server.notes:
        print(note, file=sys.stderr)
    server.start()
    if not server.has_database("uskat"):
        server.create_database("uskat")
    upgrade(server.url("uskat"))
    _say_and_wait_for_a_signal(server.url("uskat"))
    server.stop()
