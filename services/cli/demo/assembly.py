"""Choose the database, the broker and the ports of a demo, and describe its processes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from services.cli.demo.child import BrokerChild, Child, CommandChild, DatabaseChild
from services.cli.demo.plan import Role
from services.cli.demo.state import StateFolder
from services.parts.account import can_enter, unprivileged_account
from services.parts.broker import AmqttProcess, Broker, MosquittoProcess, find_mosquitto
from services.parts.embedded import EmbeddedPostgres
from services.parts.port import LOOPBACK, pick_port
from services.parts.process import PartNotFound
from services.settings import Settings

DATABASE_NAME = "uskat"
DATABASE_PORT, BROKER_PORT, API_PORT = 5433, 1883, 8000
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for; None: our own, on this machine."""

    state: Path
    database_url: str | None
    mqtt_url: str | None
    api_port: int
    scenario: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is; shown on the screen, so the database address is without its password."""

    api: str
    ingest_metrics: str
    alerts_metrics: str
    broker: str
    database: str

    @property
    def docs(self) -> str:
        """The interactive description of the API."""
        return f"{self.api}/docs"


@dataclass(frozen=True, slots=True)
class Assembly:
    """A demo that is described but not started."""

    database: EmbeddedPostgres | None
    broker: Broker | None
    database_url: str
    addresses: Addresses
    children: list[Child]
    roles: list[Role]


def assemble(wish: Wish, settings: Settings, folder: StateFolder, say: Say) -> Assembly:
    """Describe all processes; ports that are used are passed over, which is said."""
    database = None if wish.database_url else _database(folder, say)
    broker = None if wish.mqtt_url else _broker(folder, say)
    database_url = wish.database_url or (database.url(DATABASE_NAME) if database else "")
    mqtt_url = wish.mqtt_url or (broker.url if broker else "")
    ports: dict[str, int] = {}
    for name, what, wanted in (
        ("api", "API", wish.api_port),
        ("ingest", "страница показателей приёма", settings.ingest_metrics_port),
        ("alerts", "страница показателей тревог", settings.alerts_metrics_port),
        ("notices", "страница показателей извещений", settings.notices_metrics_port),
    ):
        ports[name] = _port(what, wanted, say, promised=ports.values())
    environment = {
        "USKAT_DATABASE_URL": database_url,
        "USKAT_MQTT_URL": mqtt_url,
        "USKAT_API_PORT": str(ports["api"]),
        "USKAT_INGEST_METRICS_PORT": str(ports["ingest"]),
        "USKAT_ALERTS_METRICS_PORT": str(ports["alerts"]),
        "USKAT_NOTICES_METRICS_PORT": str(ports["notices"]),
        "USKAT_PUBLIC_URL": f"http://{LOOPBACK}:{ports['api']}",
    }
    if broker is not None:
        environment["USKAT_MQTT_PROTOCOL"] = broker.protocol
        environment["USKAT_MQTT_SHARED_GROUP"] = (settings.mqtt_shared_group or "") if _shares(broker) else ""
    infrastructure: list[Child] = [] if database is None else [DatabaseChild(database)]
    if broker is not None:
        infrastructure.append(BrokerChild(broker))
    simulate = _simulate(wish, settings, folder, broker, mqtt_url)
    children = infrastructure + _commands(folder, environment, ports, simulate)
    addresses = Addresses(
        api=f"http://{LOOPBACK}:{ports['api']}",
        ingest_metrics=f"http://{LOOPBACK}:{ports['ingest']}/metrics",
        alerts_metrics=f"http://{LOOPBACK}:{ports['alerts']}/metrics",
        broker=_without_password(mqtt_url),
        database=_without_password(database_url),
    )
    return Assembly(database, broker, database_url, addresses, children, _roles(infrastructure))


def _roles(infrastructure: list[Child]) -> list[Role]:
    base = tuple(child.name for child in infrastructure)
    on_database = tuple(name for name in base if name == "database")
    return [
        *(Role(name) for name in base),
        Role("api", on_database),
        Role("alerts", on_database),
        Role("notices", on_database),
        Role("ingest", base),
        # Last to start and first to stop: what its loggers still hold goes through an ingest that is alive.
        Role("simulate", ("ingest",)),
    ]


def _commands(
    folder: StateFolder, environment: dict[str, str], ports: dict[str, int], simulate: list[str]
) -> list[Child]:
    commands: list[tuple[str, list[str], int | None]] = [
        ("ingest", ["ingest"], ports["ingest"]),
        ("alerts", ["alerts"], ports["alerts"]),
        ("notices", ["notices"], ports["notices"]),
        ("api", ["api"], ports["api"]),
        ("simulate", simulate, None),
    ]
    return [
        CommandChild(name, arguments, environment=environment, log_path=folder.log(name), health_port=port)
        for name, arguments, port in commands
    ]


def _simulate(wish: Wish, settings: Settings, folder: StateFolder, broker: Broker | None, mqtt_url: str) -> list[str]:
    """Return the arguments of the simulators; on a broker of somebody else they log in as the devices they play."""
    protocol = settings.mqtt_protocol if broker is None else broker.protocol
    arguments = ["simulate", "run", "--scenario", wish.scenario, "--state", str(folder.simulator)]
    arguments += ["--mqtt-url", mqtt_url, "--protocol", "5" if protocol == "5" else "4"]
    if broker is None:
        arguments += ["--credentials", str(folder.credentials)]
        if settings.mqtt_ca_file is not None:
            arguments += ["--ca-file", str(settings.mqtt_ca_file)]
    return arguments


def _database(folder: StateFolder, say: Say) -> EmbeddedPostgres:
    port = _port("база данных", DATABASE_PORT, say)
    server = EmbeddedPostgres(folder.path / "postgres", port, log_path=folder.log("database"))
    for note in server.notes:
        say(note)
    return server


def _broker(folder: StateFolder, say: Say) -> Broker:
    port = _port("брокер", BROKER_PORT, say)
    try:
        found = find_mosquitto()
    except PartNotFound as missing:
        say(f"брокер: amqtt из PyPI ({missing})")
        return AmqttProcess(folder.log("broker"), port)
    say(f"брокер: {found.path} {'.'.join(map(str, found.version))}")
    place = folder.path / "mosquitto"
    account = unprivileged_account()
    if account is not None and not can_enter(folder.path, account):
        say(f"mosquitto работает от имени root: пользователь nobody не может войти в {folder.path}")
    return MosquittoProcess([str(found.path)], place, port, log_path=folder.log("broker"))


def _shares(broker: Broker) -> bool:
    return broker.supports_shared_subscription


def _port(what: str, wanted: int, say: Say, *, promised: Collection[int] = ()) -> int:
    port = pick_port(wanted, promised=promised)
    if port != wanted:
        say(f"порт {wanted} занят, {what}: порт {port}")
    return port


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":***@")).geturl()
