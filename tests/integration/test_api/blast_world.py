"""The known world with the demo's pits and receptors, and an enterprise that files blasts over HTTP."""

from datetime import UTC, datetime, timedelta

import httpx

from services.storage.blast_registry import load_surroundings
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.world import World
from tests.unit.blast.passports import FROM, passport_data, report_data
from uskat.blast.surroundings import demo_surroundings

DAY_BEFORE = FROM - timedelta(hours=27)
OWN = "kedrovaya-pad-demo"
BLAST = f"/api/v1/blasts/{OWN}/kp-2026-061"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def surround(world: World) -> None:
    """Load pits and receptors, and set the clock to the day before the blast."""
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await load_surroundings(connection, demo_surroundings())
    await engine.dispose()
    world.clock.now = DAY_BEFORE


class Filer:
    """An enterprise's own client: remembers the version it saw last."""

    def __init__(self, world: World, token: str = "kedrovaya") -> None:
        self.world = world
        self.headers = world.token(token)
        self.tag = '"0"'

    async def file(self, **changes: object) -> httpx.Response:
        answer = await self.world.client.post("/api/v1/blasts", json=passport_data(**changes), headers=self.headers)
        return self._seen(answer)

    async def amend(self, *, tag: str | None = None, **changes: object) -> httpx.Response:
        answer = await self.world.client.put(BLAST, json=passport_data(**changes), headers=self._match(tag))
        return self._seen(answer)

    async def step(self, *, tag: str | None = None, **step: object) -> httpx.Response:
        answer = await self.world.client.post(f"{BLAST}/steps", json=step, headers=self._match(tag))
        return self._seen(answer)

    async def report(self, **changes: object) -> httpx.Response:
        answer = await self.world.client.post(f"{BLAST}/report", json=report_data(**changes), headers=self._match(None))
        return self._seen(answer)

    async def get(self, path: str = "") -> httpx.Response:
        return await self.world.client.get(f"{BLAST}{path}", headers=self.headers)

    def _match(self, tag: str | None) -> dict[str, str]:
        return self.headers | {"If-Match": tag or self.tag}

    def _seen(self, answer: httpx.Response) -> httpx.Response:
        self.tag = answer.headers.get("etag", self.tag)
        return answer


def moment(hours: float) -> str:
    """A moment so many hours after the beginning of the first window."""
    return (FROM + timedelta(hours=hours)).astimezone(UTC).isoformat().replace("+00:00", "Z")


def at(hours: float) -> datetime:
    return FROM + timedelta(hours=hours)
