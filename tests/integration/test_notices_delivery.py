"""Notices on their way: mail server, receiver and our own process are killed at random; nothing is lost."""

import asyncio
import hashlib
import hmac
import random
import sys

import pytest

from services.parts.port import free_port
from tests.integration.notice_world import SECRET, Process, make_notice_world, receiver, taken

ALERTS = 12
VICTIMS = ["mail", "mail", "webhook", "webhook", "notices"]
EVERYTHING_S = 90


def notices_process(url, ports, folder):
    environment = {
        "USKAT_DATABASE_URL": url,
        "USKAT_NOTICES_METRICS_PORT": "0",
        "USKAT_NOTICE_MAIL_URL": f"mailto://127.0.0.1:{ports['mail']}/?from=uskat@demo.test&mode=insecure",
        "USKAT_NOTICE_WEBHOOK_SECRET": SECRET,
        "USKAT_NOTICE_RETRY_FIRST_S": "0.2",
        "USKAT_NOTICE_RETRY_LONGEST_S": "1",
        "USKAT_NOTICE_STALLED_S": "1.5",
        "USKAT_NOTICE_ATTEMPTS": "1000",
        "USKAT_NOTICE_TIMEOUT_S": "5",
        "USKAT_NOTICE_SETTLE_S": "0",
    }
    return Process([sys.executable, "-m", "services.cli.main", "notices"], environment, folder / "notices.log")


@pytest.fixture
async def plant(embedded_database, tmp_path):
    world = await make_notice_world(embedded_database)
    ports = {"mail": free_port(), "webhook": free_port()}
    await world.contact("duty", "email", "duty@demo.test")
    await world.contact("duty", "webhook", f"http://127.0.0.1:{ports['webhook']}/uskat")
    processes = {kind: receiver(kind, port, tmp_path) for kind, port in ports.items()}
    processes["notices"] = notices_process(embedded_database, ports, tmp_path)
    for process in processes.values():
        process.start()
    yield world, processes, tmp_path
    for process in processes.values():
        process.kill()
    await world.close()


async def settled(world, wanted):
    """Wait until so many messages are delivered and none waits."""
    async with asyncio.timeout(EVERYTHING_S):
        while True:
            states = dict(await world.sql.fetch("SELECT state, count(*) FROM notice_message GROUP BY state"))
            undecided = await world.sql.fetchval("SELECT count(*) FROM notice_pending")
            if states.get("delivered", 0) == wanted and set(states) == {"delivered"} and not undecided:
                return
            await asyncio.sleep(0.2)


async def killed_while_sending(world, processes):
    """The mail server hangs, our process waits for it and is killed: its job belongs to nobody."""
    processes["mail"].freeze()
    await world.change(0)
    async with asyncio.timeout(EVERYTHING_S):
        while [job["status"] for job in await world.jobs()] != ["doing"]:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.05)  # the webhook is delivered and gone, the mail hangs
    processes["notices"].kill()
    processes["mail"].thaw()
    processes["notices"].start()


async def killed_after_taking(world, processes, folder):
    """The receiver takes a notice and is killed before it answers: a copy must come, and be known as one."""
    before = len(taken(folder, "webhook"))
    await world.change(1)
    async with asyncio.timeout(EVERYTHING_S):
        while len(taken(folder, "webhook")) == before:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.01)
    processes["webhook"].kill()
    processes["webhook"].start()


@pytest.mark.timeout(240)
async def test_every_alert_arrives_at_least_once_whoever_is_killed_and_copies_have_one_key(plant):
    world, processes, folder = plant
    await killed_while_sending(world, processes)
    await killed_after_taking(world, processes, folder)
    chance = random.Random(20261125)
    victims = chance.sample(VICTIMS, len(VICTIMS))
    for number in range(2, ALERTS):
        await world.change(number)
        if victims and chance.random() < len(VICTIMS) / ALERTS * 2:
            name = victims.pop()
            await asyncio.sleep(chance.uniform(0.0, 1.5))
            processes[name].kill()
            await asyncio.sleep(chance.uniform(0.0, 0.6))
            processes[name].start()
    assert not victims
    await settled(world, ALERTS * 2)
    notices = await world.notices()
    assert len(notices) == ALERTS * 2
    assert {row["norm"] for row in notices} == {"reaction-norms-2"}
    for kind, channel in (("mail", "email"), ("webhook", "webhook")):
        came = taken(folder, kind)
        wanted = {row["key"] for row in notices if row["channel"] == channel}
        assert {one["key"] for one in came} == wanted  # none lost, none invented
        assert len(wanted) == ALERTS
    assert len(taken(folder, "webhook")) > ALERTS  # there was a copy
    mails = taken(folder, "mail")
    assert len({(one["key"], one["message_id"]) for one in mails}) == ALERTS  # copies have the Message-ID too
    assert len({(one["key"], one["subject"]) for one in mails}) == ALERTS
    for one in taken(folder, "webhook"):
        signed = hmac.new(SECRET.encode(), f"{one['timestamp']}.{one['body']}".encode(), hashlib.sha256).hexdigest()
        assert one["signature"] == f"v1={signed}"
    assert await world.sql.fetchval("SELECT count(*) FROM notice_attempt WHERE outcome = 'delivered'") >= ALERTS * 2
    log = (folder / "notices.log").read_text(encoding="utf-8")
    assert "notice.revived" in log
    assert "duty@demo.test" not in log
    assert SECRET not in log
    assert processes["notices"].end() == 0
