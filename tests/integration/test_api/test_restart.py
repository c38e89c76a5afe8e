"""The database dies and comes back: 503 while it is away, right answers after, nothing lost between."""

from datetime import timedelta

from services.parts.postgres import PostgresServer
from tests.integration.test_api.world import DEVICE, MINUTES, START, World, decoded
from uskat.wire.water import WaterPacket, encode_water


async def test_requests_fail_politely_and_recover_by_themselves(world: World, postgres_server: PostgresServer) -> None:
    world.clock.now += timedelta(minutes=5)
    body = encode_water(WaterPacket(t=START + timedelta(minutes=MINUTES), v={"ph": 7.25}, seq=MINUTES))
    headers = {"Content-Type": "application/json"} | world.token("ingest")

    async def post() -> int:
        answer = await world.client.post(f"/api/v1/ingest/{DEVICE}/water", content=body, headers=headers)
        return answer.status_code

    path = f"/api/v1/series/{world.of('ph')}/observations"
    assert await post() == 200
    assert (await world.client.get(path)).status_code == 200
    postgres_server.kill()
    try:
        for _ in range(3):
            answer = await world.client.get(path)
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
        assert await post() == 503
        assert (await world.client.get("/health/ready")).status_code == 503
        assert (await world.client.get("/health/live")).status_code == 200
    finally:
        postgres_server.start()  # from this thread: the server would die with any other
    page = await world.client.get(path)
    assert page.status_code == 200
    assert len(decoded(page)["items"]) == MINUTES + 1
    assert await post() == 200
    assert (await world.get("/stations"))["items"]
    assert (await world.client.get("/health/ready")).status_code == 200
