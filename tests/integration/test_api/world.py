"""A small known world behind the API: the demo network, two hours of readings, a conflict, tokens, alerts."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import insert, select

from services.settings import Settings
from services.storage import registry
from services.storage import tables as t
from services.storage.engine import make_engine, unit_of_work
from services.storage.intake import Incoming, Intake
from uskat.water.network import demo_network
from uskat.wire.water import WaterPacket, encode_water

NOW = datetime(2026, 6, 2, 12, 0, 30, tzinfo=UTC)
START = NOW - timedelta(hours=2, seconds=30)
DEVICE = "U-43"
MINUTES = 120


@dataclass
class Clock:
    """A clock that the test moves."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class World:
    """What the tests know of the database and the running application."""

    url: str
    clock: Clock
    app: FastAPI
    client: httpx.AsyncClient
    tokens: dict[str, str]
    series: dict[tuple[str, str], int]
    sent: dict[datetime, float]
    figures: dict[str, Any] = field(default_factory=dict)

    def token(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[name]}"}

    def of(self, parameter: str, device: str = DEVICE) -> int:
        return self.series[device, parameter]

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.client.get(f"/api/v1{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@dataclass(frozen=True)
class Filled:
    """A database that `fill` filled, and what it told: the tokens, the series, the readings sent."""

    url: str
    tokens: dict[str, str]
    series: dict[tuple[str, str], int]
    sent: dict[datetime, float]

    def world(self, clock: Clock, app: FastAPI, client: httpx.AsyncClient | None) -> World:
        return World(self.url, clock, app, client, self.tokens, self.series, self.sent)  # type: ignore[arg-type]


def settings_for(url: str, **changes: Any) -> Settings:
    return Settings(database_url=SecretStr(url), database_pool_size=4, log_level="warning", **changes)


def value_at(minute: int) -> float:
    return round(7.5 + 0.4 * math.sin(minute / 9), 3)


def incoming(packets: list[WaterPacket], *, received: datetime = NOW, device: str = DEVICE) -> Incoming:
    return Incoming(f"uskat/v1/{device}/water", encode_water(packets), round(received.timestamp() * 1e6))


def minute_packets(first: int, last: int) -> list[WaterPacket]:
    return [
        WaterPacket(t=START + timedelta(minutes=minute), v={"ph": value_at(minute), "temp": 11.25}, seq=minute)
        for minute in range(first, last)
    ]


async def fill(url: str, clock: Clock) -> tuple[dict[str, str], dict[tuple[str, str], int], dict[datetime, float]]:
    """Registry, tokens and two hours of readings, sent in two messages."""
    engine = make_engine(url)
    async with unit_of_work(engine) as connection:
        await registry.load_network(connection, demo_network())
        tokens = {
            "ingest": await registry.issue_token(connection, name="works", scopes=["ingest"], device=DEVICE),
            "any": await registry.issue_token(connection, name="any", scopes=["ingest"]),
            "operate": await registry.issue_token(connection, name="duty", scopes=["operate"]),
            "kedrovaya": await registry.issue_token(
                connection, name="kedrovaya", scopes=["enterprise"], enterprise="kedrovaya-pad-demo"
            ),
            "sukhoy": await registry.issue_token(
                connection, name="sukhoy", scopes=["enterprise"], enterprise="sukhoy-log-demo"
            ),
        }
        rows = await connection.execute(
            select(t.device.c.code, t.parameter.c.code, t.series.c.id)
            .join(t.series, t.series.c.device_id == t.device.c.id)
            .join(t.parameter, t.parameter.c.id == t.series.c.parameter_id)
        )
        series = {(device, parameter): identifier for device, parameter, identifier in rows}
    await engine.dispose()
    intake = await Intake.open(url, worker="test", clock=clock)
    await intake.store([incoming(minute_packets(0, 60)), incoming(minute_packets(60, MINUTES))])
    await intake.close()
    sent = {packet.t: packet.v["ph"] for packet in minute_packets(0, MINUTES)}
    return tokens, series, sent


async def store(world: World, packets: list[WaterPacket]) -> None:
    """Send more packets, received now."""
    intake = await Intake.open(world.url, worker="test", clock=world.clock)
    await intake.store([incoming(packets, received=world.clock.now)])
    await intake.close()


async def raise_alert(world: World, *, station: str = DEVICE, event: str = "opened", **changes: Any) -> tuple[int, int]:
    """Write an alert and one entry of its history, as services.alerts does; returns (alert id, entry id)."""
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        station_id = await connection.scalar(select(t.station.c.id).where(t.station.c.code == station))
        row = {
            "key": f"exceedance:{world.of('ph')}", "station_id": station_id, "device_id": None,
            "series_id": world.of("ph"), "detector": "exceedance", "kind": "exceedance", "severity": "violation",
            "state": "active", "started_at": START, "ended_at": None, "knowable_at": START + timedelta(minutes=20),
            "known_at": START + timedelta(minutes=20, seconds=1), "updated_at": world.clock.now,
            "title": "Водородный показатель выше норматива", "figures": {"peak": {"value": 9.1, "unit": "ед. pH"}},
            "reasons": ["Среднее за 20 минут выше норматива."], "norm": {"pack": "fishery-552-2016", "verified": False},
        } | changes  # fmt: skip
        made = await connection.execute(insert(t.alert).values(row).returning(t.alert.c.id))
        alert = made.scalar_one()
        entry = await add_entry(connection, alert, event)
    await engine.dispose()
    return alert, entry


async def add_entry(connection: Any, alert: int, event: str, *, notify: bool = True) -> int:
    made = await connection.execute(
        insert(t.alert_event).values(alert_id=alert, event=event, body={"figures": {}}).returning(t.alert_event.c.id)
    )
    entry: int = made.scalar_one()
    if notify:
        await connection.exec_driver_sql(f"SELECT pg_notify('uskat_alert', '{entry}')")
    return entry


def decoded(answer: httpx.Response) -> Any:
    return msgspec.json.decode(answer.content)
