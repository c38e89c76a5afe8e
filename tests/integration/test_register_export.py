"""The state register on the loopback: it fails, hangs, loses its answer, answers twice; nothing is lost or taken twice."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.register.export import Exporter
from services.register.main import RegisterNotSet, export_round, run
from services.register.signer import CommandSigner, FileKeySigner, SigningError
from services.storage.engine import libpq_url, make_engine
from services.storage.register_store import retry_refused
from tests.integration.test_api.world import DEVICE, NOW, Clock, fill, settings_for
from tests.unit.supervision.register.test_packet import DESCRIPTION
from uskat.supervision.register.answer import Fate
from uskat.supervision.register.protocol import register_protocol
from uskat.supervision.register.system import parse_system

PROTOCOL = register_protocol()
KEY = Ed25519PrivateKey.generate()
SYSTEM = parse_system(json.loads(json.dumps(DESCRIPTION).replace("OUT-1", DEVICE)))
KNOWN = '{"message": "Значение уже зафиксировано"}'.encode()


class Register:
    """A stub that does what its script says, then takes everything. taken: keys of packets it holds."""

    def __init__(self) -> None:
        self.script: list[str] = []
        self.taken: list[bytes] = []
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.port = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Register"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
            headers["signature"] = next(line.split(": ", 1)[1] for line in head if line.startswith("signature: "))
            body = await reader.readexactly(int(headers["content-length"]))
            self.requests.append((headers | {"path": head[0].split()[1]}, body))
            await self._answer(self.script.pop(0) if self.script else "take", body, writer)
        finally:
            writer.close()

    async def _answer(self, act: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        if act == "hang":
            await asyncio.sleep(30)
        if act in {"fail", "refuse"}:
            writer.write(response(503 if act == "fail" else 400, b"{}"))
            return
        known = body in self.taken
        self.taken += [] if known else [body]
        if act == "lose":  # taken, but the line breaks before the answer
            return
        answer = response(400, KNOWN) if known else response(200, b'{"code": 200}')
        writer.write(answer * (2 if act == "twice" else 1))
        await writer.drain()


def response(status: int, body: bytes) -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
async def register() -> AsyncIterator[Register]:
    async with Register().listening() as found:
        yield found


@pytest.fixture
async def exporter(database: str, register: Register) -> AsyncIterator[Exporter]:
    await fill(database, Clock())
    engine = make_engine(database)
    async with httpx.AsyncClient(timeout=1) as http:
        url = f"http://127.0.0.1:{register.port}"
        yield Exporter(engine, http, url, SYSTEM, PROTOCOL, FileKeySigner(KEY, "01ab"), timeout_s=0.5)
    await engine.dispose()


async def rows(database: str) -> list[Any]:
    connection = await asyncpg.connect(libpq_url(database))
    found = await connection.fetch("SELECT * FROM register_packet ORDER BY interval_start")
    await connection.close()
    return list(found)


async def test_every_packet_is_taken_once_whatever_the_register_does(database, register, exporter):
    now = NOW
    assert await exporter.compose(now) == 1  # what was before the export began is not sent
    assert await exporter.compose(now) == 0
    now += timedelta(hours=2)
    assert await exporter.compose(now) == 6  # made up for
    register.script = ["fail", "hang", "lose", "take", "twice", "fail", "take", "lose"]
    fates = []
    for _ in range(60):
        fate = await exporter.send_oldest(now)
        fates += [fate] if fate is not None else []
        now += timedelta(seconds=1) if fate in {Fate.ACCEPTED, Fate.DUPLICATE} else PROTOCOL.longest_pause
    kept = await rows(database)
    assert [row["state"] for row in kept] == ["accepted"] * 7
    assert register.taken == [bytes(row["body"]) for row in kept]  # each once, oldest first, the very bytes
    assert fates.count(Fate.DUPLICATE) == 2  # after each lost answer
    assert fates.count(Fate.LATER) == 5
    headers, body = register.requests[0]
    assert headers["path"] == "/api/svc/onv/monitoring/devices/ASI-7/sources"
    assert headers["serial"] == "01ab"
    KEY.public_key().verify(base64.b64decode(headers["signature"]), body)
    value = json.loads(body)["sources"][0]["sensors"][0]["parameters"][0]["values"][0]["value"]
    assert 7 < value < 8.5  # the mean of the world's pH


async def test_a_failure_holds_the_others_up_and_a_refusal_does_not(database, register, exporter):
    await exporter.compose(NOW)
    now = NOW + timedelta(minutes=40)
    await exporter.compose(now)
    register.script = ["fail"]
    assert await exporter.send_all(now) == 1
    assert await exporter.send_all(now + timedelta(seconds=29)) == 0  # the pause is not over
    register.script = ["refuse"]
    assert await exporter.send_all(now + timedelta(seconds=30)) == 3
    assert [row["state"] for row in await rows(database)] == ["refused", "accepted", "accepted"]
    assert await exporter.measure(now) == 0
    async with exporter.engine.begin() as connection:
        assert await retry_refused(connection, "ASI-7", now=now) == 1
    assert await export_round(exporter, now=lambda: now)
    assert {row["state"] for row in await rows(database)} == {"accepted"}


async def test_a_system_never_sends_the_packets_of_another(database, register, exporter):
    """Two systems may have one outbox, and a description may be replaced while packets still wait."""
    exporter.signer = CommandSigner([sys.executable, "-c", "raise SystemExit('no token')"], "01ab")
    assert not await export_round(exporter, now=lambda: NOW)
    other = replace(exporter, system=replace(SYSTEM, code="ASI-8"), signer=FileKeySigner(KEY, "01ab"))
    assert await export_round(other, now=lambda: NOW), "what waits of another system is none of its business"
    assert [headers["path"].split("/")[-2] for headers, _ in register.requests] == ["ASI-8"]
    assert {row["system"]: row["state"] for row in await rows(database)} == {"ASI-7": "waiting", "ASI-8": "accepted"}


async def test_a_logger_that_was_replaced_is_followed_by_the_one_that_measures(database, register, exporter):
    connection = await asyncpg.connect(libpq_url(database))
    device = await connection.fetchval(
        """INSERT INTO device (code, station_id, kind)
        SELECT code || '-new', station_id, kind FROM device WHERE code = $1 RETURNING id""",
        DEVICE,
    )
    await connection.execute(
        """WITH new AS (
            INSERT INTO series (station_id, device_id, parameter_id, expected_interval_s, published)
            SELECT s.station_id, $1, s.parameter_id, s.expected_interval_s, s.published
            FROM series s JOIN device d ON d.id = s.device_id WHERE d.code = $2 RETURNING id, parameter_id
        ) UPDATE interval_20min i SET series_id = new.id FROM series s, new
        WHERE i.series_id = s.id AND s.parameter_id = new.parameter_id AND s.device_id = (
            SELECT id FROM device WHERE code = $2)""",
        device, DEVICE,
    )  # fmt: skip
    await connection.close()
    assert await export_round(exporter, now=lambda: NOW)
    [(_, body)] = register.requests
    values = json.loads(body)["sources"][0]["sensors"][0]["parameters"][0]["values"]
    assert 7 < values[0]["value"] < 8.5


async def test_a_packet_without_a_signature_waits(database, register, exporter):
    exporter.signer = CommandSigner([sys.executable, "-c", "raise SystemExit('no token')"], "01ab")
    await exporter.compose(NOW)
    assert await exporter.send_oldest(NOW) is Fate.LATER
    (row,) = await rows(database)
    assert (row["state"], register.requests, "no token" in row["answer"]) == ("waiting", [], True)


async def test_a_program_signs_what_it_is_given_and_its_failures_are_told():
    reverse = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])"
    assert await CommandSigner([sys.executable, "-c", reverse], "s").sign(b"abc") == b"cba"
    for command in (["/nonexistent/signer"], [sys.executable, "-c", "pass"]):
        with pytest.raises(SigningError):
            await CommandSigner(command, "s").sign(b"abc")
    slow = CommandSigner([sys.executable, "-c", "import time; time.sleep(30)"], "s", timeout_s=0.3)
    with pytest.raises(SigningError, match="took more than"):
        await slow.sign(b"abc")


@pytest.mark.parametrize(
    "given",
    [{}, {"register_file": "x"}, {"register_file": "x", "register_sign_command": "a", "register_key_file": "b"}],
)
async def test_settings_that_lack_something_are_told(given, tmp_path):
    if "register_file" in given:
        given = given | {"register_file": tmp_path / "system.json"}
        given["register_file"].write_text(json.dumps(DESCRIPTION))
    with pytest.raises(RegisterNotSet, match="USKAT_REGISTER"):
        await run(settings_for("postgresql://uskat@127.0.0.1:9/none", **given), once=True)
