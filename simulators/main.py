"""`uskat simulate`: the field – scenarios, replay of real records, load."""

import json
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from simulators.account import account_of, write_json
from simulators.column_map import ColumnMapError, parse_column_map
from simulators.link import Broker, broker_of
from simulators.load import RawPublisher, drive
from simulators.load_packet import PARAMETERS, water_messages
from simulators.logger import FieldLogger, LoggerOptions
from simulators.replay import replay_miniseed, replay_table
from simulators.scenario import ScenarioError, load_scenario, scenario_names
from simulators.sending import PacketSeries, send_series
from simulators.simulation import Settings, Simulation
from uskat.water.network import demo_network
from uskat.wire.errors import WireError

app = typer.Typer(
    help="Simulated field: rivers, loggers, seismographs; replay of real records; load.", no_args_is_help=True
)

MqttUrl = Annotated[str, typer.Option(help="Broker: mqtt://host:port, or mqtts:// for TLS.")]
Protocol = Annotated[
    int, typer.Option(help="MQTT version: 5, or 4 for 3.1.1 (the demo's amqtt broker speaks only that).")
]
CaFile = Annotated[Path | None, typer.Option(help="Certificate authority of the broker, for mqtts://.")]
State = Annotated[Path, typer.Option(help="Folder that keeps buffers, progress and ground truth across restarts.")]
Credentials = Annotated[Path | None, typer.Option(help='JSON file {"device": "password"}; nobody else may read it.')]


@app.command()
def run(
    *,
    scenario: Annotated[str, typer.Option(help="Name (see `scenarios`) or path of a .yaml file.")] = "demo",
    mqtt_url: MqttUrl = "mqtt://127.0.0.1:1883",
    protocol: Protocol = 5,
    ca_file: CaFile = None,
    state: State = Path(".uskat/simulator"),
    credentials: Credentials = None,
    speed: Annotated[
        str, typer.Option(help="How fast the past is delivered until it meets the present: max, 60, 1 …")
    ] = "max",
    wait_for_ack: Annotated[bool, typer.Option(help="Keep packets until the ack topic confirms them.")] = True,
) -> None:
    """Play a scenario until SIGINT or SIGTERM; a restart with the same state folder goes on where it left."""
    network = demo_network()
    try:
        chosen = load_scenario(scenario, network)
        settings = Settings(
            state, broker_of(mqtt_url, protocol=protocol, ca_file=ca_file), read_credentials(credentials),
            None if speed == "max" else float(speed), LoggerOptions(wait_for_ack=wait_for_ack),
        )  # fmt: skip
    except (ScenarioError, ValueError) as error:
        raise typer.BadParameter(str(error)) from None
    stop = StopSignal()
    Simulation(network, chosen, settings).run(stop)


@app.command("replay-csv")
def replay_csv(
    *,
    file: Annotated[Path, typer.Argument(help="CSV, or parquet when pyarrow is installed.", exists=True)],
    column_map: Annotated[Path, typer.Option("--map", help="YAML column map; see docs/how-to/replay.md.", exists=True)],
    device: Annotated[str, typer.Option(help="Device that sends; it must have the parameters.")],
    mqtt_url: MqttUrl = "mqtt://127.0.0.1:1883",
    protocol: Protocol = 5,
    ca_file: CaFile = None,
    state: State = Path(".uskat/replay"),
    credentials: Credentials = None,
    speed: Annotated[str, typer.Option(help="max, or times the record's own pace: 1, 60 …")] = "max",
    ends_at: Annotated[
        str | None, typer.Option(help="Shift all times so that the record ends at: now, or ISO 8601.")
    ] = None,
) -> None:
    """Send a real water record as a logger would, and wait until everything is confirmed."""
    try:
        columns = parse_column_map(column_map.read_text(encoding="utf-8"))
        pace = None if speed == "max" else float(speed)
        logger = replay_logger(device, state, broker_of(mqtt_url, protocol=protocol, ca_file=ca_file), credentials)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        report = replay_table(logger, file, columns, speed=pace, ends_at=end_moment(ends_at), stopped=StopSignal())
    except ColumnMapError as error:
        raise typer.BadParameter(str(error)) from None
    finally:
        finish_replay(logger, state)
    for refusal in report.refusals:
        typer.echo(f"row {refusal.row}, {refusal.column}: {refusal.why}", err=True)
    figures = {"packets": report.packets, "readings": report.readings, "refused": report.refused}
    typer.echo(json.dumps(figures | {"finished": report.finished}))
    raise typer.Exit(0 if report.finished else 1)


@app.command("replay-miniseed")
def replay_records(
    *,
    files: Annotated[list[Path], typer.Argument(help="miniSEED files.", exists=True)],
    device: Annotated[str, typer.Option(help="Device that sends; its channels must be registered.")],
    mqtt_url: MqttUrl = "mqtt://127.0.0.1:1883",
    protocol: Protocol = 5,
    ca_file: CaFile = None,
    state: State = Path(".uskat/replay"),
    credentials: Credentials = None,
    ends_at: Annotated[str | None, typer.Option(help="Shift each file so that it ends at: now, or ISO 8601.")] = None,
) -> None:
    """Send real miniSEED records as a seismograph would, and wait until everything is confirmed."""
    try:
        logger = replay_logger(device, state, broker_of(mqtt_url, protocol=protocol, ca_file=ca_file), credentials)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        report = replay_miniseed(logger, files, ends_at=end_moment(ends_at), stopped=StopSignal())
    except WireError as error:
        raise typer.BadParameter(str(error)) from None
    finally:
        finish_replay(logger, state)
    typer.echo(json.dumps({"messages": report.packets, "finished": report.finished}))
    raise typer.Exit(0 if report.finished else 1)


@app.command()
def scenarios() -> None:
    """List the scenarios that come with the package."""
    network = demo_network()
    for name in scenario_names():
        chosen = load_scenario(name, network)
        typer.echo(f"{name:24} {chosen.title}")


@app.command()
def load(
    *,
    mqtt_url: MqttUrl = "mqtt://127.0.0.1:1883",
    device: Annotated[
        list[str] | None, typer.Option(help="Device codes; without it every logger of the demo network.")
    ] = None,
    credentials: Credentials = None,
    parameters: Annotated[int, typer.Option(min=1, max=len(PARAMETERS), help="Readings in a message.")] = 12,
    scans: Annotated[int, typer.Option(min=1, help="Scans of every device.")] = 10_000,
    interval_s: Annotated[float, typer.Option(help="Simulated time between the scans of a device.")] = 1.0,
    rate: Annotated[
        float | None, typer.Option(help="Readings a second over all devices; without it as fast as it goes.")
    ] = None,
    window: Annotated[
        int, typer.Option(min=1, help="Messages unacknowledged by the broker at most, per device.")
    ] = 2000,
) -> None:
    """Publish packets at QoS 1 at a given rate or as fast as the broker takes them; prints one JSON line."""
    broker = broker_option(mqtt_url, 4, None)
    codes = device or [entry.code for entry in demo_network().devices if entry.kind == "logger"]
    passwords = read_credentials(credentials)
    start = datetime.now(UTC) - timedelta(seconds=scans * interval_s)
    publishers = [
        RawPublisher(
            (broker.host, broker.port),
            water_messages([code], PARAMETERS[:parameters], start=start, interval_s=interval_s, scans=scans),
            client_id=code,
            user=code,
            password=passwords.get(code),
            window=window,
            rate=None if rate is None else rate / parameters / len(codes),
        )
        for code in codes
    ]
    result = drive(publishers)
    figures = {
        "messages": result.messages,
        "readings": result.messages * parameters,
        "payload_bytes": result.payload_bytes,
        "seconds": round(result.seconds, 3),
        "messages_per_s": round(result.messages_per_s, 1),
        "readings_per_s": round(result.messages_per_s * parameters, 1),
    }
    typer.echo(json.dumps(figures))


@app.command()
def send(
    *,
    device: Annotated[str, typer.Option(help="Device code.")],
    packets: Annotated[int, typer.Option(min=1, help="Packets to make in all, over every restart.")],
    state: State,
    parameters: Annotated[int, typer.Option(min=1, max=len(PARAMETERS), help="Readings in a packet.")] = 6,
    mqtt_url: MqttUrl = "mqtt://127.0.0.1:1883",
    protocol: Protocol = 5,
    ca_file: CaFile = None,
    password: Annotated[str | None, typer.Option(help="Password of the device.")] = None,
    start: Annotated[str, typer.Option(help="Time of the first scan, ISO 8601.")] = "2026-01-01T00:00:00+00:00",
    interval_s: Annotated[float, typer.Option(help="Time between scans.")] = 1.0,
    rate: Annotated[float | None, typer.Option(help="Packets made a second; without it as fast as it goes.")] = None,
    window: Annotated[int, typer.Option(min=1, help="Packets unconfirmed at most.")] = 2000,
    batch: Annotated[int, typer.Option(min=1, help="Packets joined into one message at most.")] = 1,
    resend_after_s: Annotated[float, typer.Option(help="Send again what is not confirmed after this time.")] = 10.0,
    wait_for_ack: Annotated[bool, typer.Option(help="Keep packets until the ack topic confirms them.")] = True,
) -> None:
    """One durable logger that makes packets and ends when all are confirmed; may be killed and restarted."""
    options = LoggerOptions(window=window, batch=batch, resend_after_s=resend_after_s, wait_for_ack=wait_for_ack)
    broker = broker_option(mqtt_url, protocol, ca_file)
    logger = FieldLogger(device, state / "loggers", broker, password=password, options=options, say=say_on_stderr)
    series = PacketSeries(packets, PARAMETERS[:parameters], utc_moment(start), interval_s, rate)
    finished = send_series(logger, series, StopSignal(), state / "simulator.json")
    raise typer.Exit(0 if finished else 1)


def utc_moment(text: str) -> datetime:
    """Moment from ISO 8601; raises typer.BadParameter without a zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no time zone; write 2026-01-01T00:00:00+00:00")
    return moment


def replay_logger(device: str, state: Path, broker: Broker, credentials: Path | None) -> FieldLogger:
    """Logger with its buffer in the state folder."""
    password = read_credentials(credentials).get(device)
    return FieldLogger(device, state / "loggers", broker, password=password, say=say_on_stderr)


def finish_replay(logger: FieldLogger, state: Path) -> None:
    """Write the account and close; what is unconfirmed stays buffered for the next start."""
    write_json(state / "simulator.json", {"running": False, **account_of([logger])})
    logger.close()


def end_moment(text: str | None) -> datetime | None:
    """Moment of an `ends_at` option; raises typer.BadParameter."""
    if text is None:
        return None
    return datetime.now(UTC) if text == "now" else utc_moment(text)


def say_on_stderr(text: str) -> None:
    """A sentence for a person; standard output is for results."""
    typer.echo(text, err=True)


class StopSignal:
    """True once SIGINT or SIGTERM has come."""

    def __init__(self) -> None:
        self._stopped = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)

    def __call__(self) -> bool:
        """Whether to stop now."""
        return self._stopped

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopped = True


def read_credentials(path: Path | None) -> dict[str, str]:
    """Passwords by device; raises ValueError for a file that is not that."""
    if path is None:
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
        raise ValueError(f'{path} must be {{"device": "password"}}')
    return document


def broker_option(mqtt_url: str, protocol: int, ca_file: Path | None) -> Broker:
    """Broker of the common options; raises typer.BadParameter."""
    try:
        return broker_of(mqtt_url, protocol=protocol, ca_file=ca_file)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


if __name__ == "__main__":
    app()
