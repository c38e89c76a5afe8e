"""What the replay test needs around the records: registry entries for them, processes, and independent readers."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

import httpx
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from services.alerts.main import run as run_alerts
from services.api.main import create_app
from services.ingest.main import serve as serve_ingest
from services.parts.broker import Broker
from services.settings import Settings
from services.storage import registry
from services.storage.engine import make_engine, unit_of_work
from services.storage.journal import journal_backlog
from uskat.water.network import Network, load_network
from uskat.water.norms import exceeds, is_back, norm_in_force

PATIENCE_S = 240.0
WATER = "REPLAY-W"
OLDEST_RECORD_YEAR = 1990


def replay_network(parameters: list[str], interval_s: int, seismographs: Mapping[str, list[dict[str, Any]]]) -> Network:
    """The demo network with a water station and seismographs for somebody else's records."""
    folder = files("uskat.data.network")
    document = json.loads(folder.joinpath("uskat_demo.json").read_text(encoding="utf-8"))
    water = next(entry for entry in document["stations"] if entry["code"] == "U-43")
    ground = next(entry for entry in document["stations"] if entry["kind"] == "seismic")
    settings = document["seismographs"][0]
    document["stations"].append(water | {"code": WATER, "name": "Replay"})
    document["devices"].append(
        {"code": WATER, "station": WATER, "kind": "logger", "expected_interval_s": interval_s, "parameters": parameters}
    )
    for code, channels in seismographs.items():
        document["stations"].append(ground | {"code": code, "name": "Replay"})
        document["devices"].append(
            {"code": code, "station": code, "kind": "seismograph", "expected_interval_s": 60, "parameters": []}
        )
        document["seismographs"].append(settings | {"device": code, "channels": channels})
    apart = folder.joinpath("settlements_cc_by_sa.json").read_text(encoding="utf-8")
    return load_network(json.dumps(document), apart)


def settings_for(database: str, broker: Broker) -> Settings:
    return Settings(
        database_url=SecretStr(database),
        mqtt_url=broker.url,
        mqtt_protocol=broker.protocol,
        mqtt_shared_group="uskat-ingest" if broker.supports_shared_subscription else None,
        ingest_metrics_port=0,
        alerts_metrics_port=0,
        database_pool_size=4,
        clock_oldest_year=OLDEST_RECORD_YEAR,
        log_level="warning",
    )


@dataclass
class Product:
    """The running product as its users see it."""

    settings: Settings
    client: httpx.AsyncClient

    async def get(self, path: str, **parameters: Any) -> Any:
        answer = await self.client.get(f"/api/v1{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def all_items(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        items, cursor = [], None
        while True:
            page = await self.get(path, **parameters, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page.get("next")
            if cursor is None:
                return items

    async def table(self, path: str, **parameters: Any) -> list[list[str]]:
        """Rows of a CSV answer without its heading."""
        answer = await self.client.get(f"/api/v1{path}", params={"format": "csv"} | parameters)
        assert answer.status_code == 200, answer.text
        return [*csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))][1:]

    async def judged(self) -> None:
        """Wait until the alerts process has looked at everything that is stored."""
        engine = make_engine(self.settings.database_url.get_secret_value(), pool_size=1)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    async with unit_of_work(engine) as connection:
                        waiting, _ = await journal_backlog(connection)
                    if waiting == 0:
                        return
                    await asyncio.sleep(0.05)
        finally:
            await engine.dispose()


@asynccontextmanager
async def product(database: str, broker: Broker, network: Network) -> AsyncIterator[Product]:
    """Registry filled, ingest and alerts running, API in front."""
    settings = settings_for(database, broker)
    engine = make_engine(database)
    async with unit_of_work(engine) as connection:
        await registry.load_network(connection, network)
    await engine.dispose()
    stop, subscribed = asyncio.Event(), asyncio.Event()
    ingesting = asyncio.create_task(serve_ingest(settings, stop, on_change=lambda up: up and subscribed.set()))
    judging = asyncio.create_task(run_alerts(settings, stop=stop))
    try:
        await asyncio.wait_for(subscribed.wait(), 20)
        app = create_app(settings)
        async with LifespanManager(app) as manager:
            transport = httpx.ASGITransport(manager.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://uskat.test", timeout=60) as client:
                yield Product(settings, client)
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(ingesting, judging), 40)


def exceedance_starts(means: Mapping[datetime, float], parameter: str, water_use: str) -> Iterator[datetime]:
    """Starts of the episodes a norm's exceedances make, written down plainly: the reference for the detector.

    An episode ends when the pack's number of intervals in a row is back inside by the pack's margin.
    """
    inside, back = True, 0
    for start in sorted(means):
        norm = norm_in_force(parameter, start, water_use=water_use)
        if norm is None:
            inside = True
            continue
        value = means[start]
        if exceeds(norm, value):
            if inside:
                yield start
            inside, back = False, 0
        elif not inside:
            back = back + 1 if is_back(norm, value) else 0
            inside = back >= norm.judgement.return_consecutive
