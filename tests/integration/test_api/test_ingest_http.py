"""Enterprises' automatic systems: the same decoder, checks and ledger as over MQTT."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from services.api.http_intake import HttpIntake
from tests.integration.test_api.world import DEVICE, MINUTES, START, World, decoded
from uskat.wire.ack import decode_ack, payload_digest
from uskat.wire.water import WaterPacket, encode_water

JSON = {"Content-Type": "application/json"}


def body(*minutes: int, **values: float) -> bytes:
    return encode_water(
        [WaterPacket(t=START + timedelta(minutes=m), v=values or {"ph": 7.0 + m / 1000}, seq=m) for m in minutes]
    )


async def post(
    world: World, content: bytes, *, token: str = "ingest", kind: str = "water", **more: str
) -> httpx.Response:
    headers = JSON | world.token(token) | more
    return await world.client.post(f"/api/v1/ingest/{DEVICE}/{kind}", content=content, headers=headers)


async def test_what_is_sent_is_stored_acknowledged_and_served(world: World) -> None:
    world.clock.now += timedelta(minutes=10)
    answer = await post(world, body(MINUTES, MINUTES + 1))
    assert answer.status_code == 200, answer.text
    receipt = decoded(answer)
    assert receipt["stored"] == [[MINUTES, MINUTES + 1]]
    assert receipt["readings"] == {"received": 2, "stored": 2, "duplicate": 0, "conflict": 0, "rejected": 0}
    latest = await world.get(f"/series/{world.of('ph')}/latest")
    assert latest["value"] == 7.0 + (MINUTES + 1) / 1000


async def test_sending_again_stores_nothing_twice(world: World) -> None:
    world.clock.now += timedelta(minutes=10)
    await post(world, body(MINUTES))
    again = decoded(await post(world, body(MINUTES)))
    assert again["readings"] == {"received": 1, "stored": 0, "duplicate": 1, "conflict": 0, "rejected": 0}
    assert again["stored"] == [[MINUTES, MINUTES]]


async def test_the_answer_is_an_ack_that_a_logger_can_read(world: World) -> None:
    content = encode_water([WaterPacket(t=START, v={"ph": 7.5, "nonsense": 1.0}, seq=7000)])
    ack = decode_ack((await post(world, content)).content)
    assert ack.stored == [(7000, 7000)]
    assert [(reject.reason.value, reject.parameter, reject.seq) for reject in ack.rejects] == [
        ("unknown_parameter", "nonsense", 7000)
    ]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"[]", b"{", b'{"t": "x", "v": {}}', b"[" * 5000])
async def test_what_cannot_be_read_is_kept_and_explained(world: World, content: bytes) -> None:
    answer = await post(world, content)
    assert answer.status_code == 200, answer.text
    receipt = decoded(answer)
    assert receipt["rejects"]
    assert receipt["digests"] == [payload_digest(content)]
    raw = await world.client.get(
        f"/api/v1/raw/{receipt['raw_id']}", params={"format": "bytes"}, headers=world.token("operate")
    )
    assert raw.content == content


async def test_the_books_balance_after_all_of_it(world: World) -> None:
    for content in (body(1, 2), body(1, ph=9.0), b"nonsense", body(3, nonsense=1.0)):
        await post(world, content)
    [row] = (await world.get("/ledger", station=DEVICE, day=str(world.clock.now.date())))["items"]
    assert row["balanced"]
    assert row["messages"] == 6
    assert (row["conflict"] >= 1, row["rejected"] >= 2) == (True, True)


async def test_a_token_sends_only_as_its_own_device(world: World) -> None:
    headers = JSON | world.token("ingest")
    foreign = await world.client.post("/api/v1/ingest/U-36/water", content=body(1), headers=headers)
    assert foreign.status_code == 403
    free = JSON | world.token("any")
    assert (await world.client.post("/api/v1/ingest/U-36/water", content=body(1), headers=free)).status_code == 200


async def test_an_unknown_device_is_kept_and_refused_with_its_reason(world: World) -> None:
    answer = await world.client.post("/api/v1/ingest/NOBODY/water", content=body(1), headers=JSON | world.token("any"))
    assert [reject["reason"] for reject in decoded(answer)["rejects"]] == ["unknown_device"]


async def test_limits_of_size_and_kind(world: World) -> None:
    limit = world.app.state.context.settings.ingest_payload_limit
    assert (await post(world, b" " * (limit + 1))).status_code == 413

    async def endless() -> object:
        for _ in range(limit // 2**20 + 2):
            yield b" " * 2**20

    unannounced = await world.client.post(
        f"/api/v1/ingest/{DEVICE}/water", content=endless(), headers=JSON | world.token("ingest")
    )
    assert unannounced.status_code == 413
    assert (await post(world, body(1), **{"Content-Type": "text/plain"})).status_code == 415
    assert (await post(world, body(1), **{"Content-Encoding": "gzip"})).status_code == 415
    assert (await post(world, body(1), kind="seismic")).status_code == 415
    assert (await post(world, body(1), kind="ack")).status_code == 422
    assert (await post(world, body(1), kind="nothing")).status_code == 422


async def test_concurrent_senders_share_transactions_and_lose_nothing(world: World) -> None:
    world.clock.now += timedelta(hours=3)
    answers = await asyncio.gather(*(post(world, body(MINUTES + n)) for n in range(60)))
    assert {answer.status_code for answer in answers} == {200}
    assert sum(decoded(answer)["readings"]["stored"] for answer in answers) == 60
    page = await world.get(f"/series/{world.of('ph')}/observations", start=START.isoformat())
    assert len(page["items"]) == MINUTES + 60


async def test_too_much_waiting_is_refused_not_dropped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.api.http_intake.MOST_WAITING_BYTES", 100)
    intake: HttpIntake = world.app.state.context.intake
    intake._bytes = 99
    try:
        answer = await post(world, body(1))
    finally:
        intake._bytes = 0
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
