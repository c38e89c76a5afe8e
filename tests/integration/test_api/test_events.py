"""The live stream: every change of an alert once, in spite of slow readers and restarts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from services.api.events import QUEUE_LENGTH, EventHub, LiveEvent
from services.api.main import create_app
from services.api.metrics import Metrics
from services.parts.postgres import PostgresServer
from services.storage import tables as t
from services.storage.blast_store import change_blast, file_blast
from services.storage.engine import make_engine, unit_of_work
from services.storage.reading import Database, make_reading_engine
from tests.integration.test_api.blast_world import OWN, surround
from tests.integration.test_api.serving import event_stream, serving
from tests.integration.test_api.world import Clock, Filled, World, add_entry, raise_alert, settings_for
from tests.unit.blast.passports import passport
from uskat.blast.passport.lifecycle import declare, publish


@pytest.fixture
async def live(filled: Filled) -> AsyncIterator[tuple[World, str]]:
    clock = Clock()
    app = create_app(settings_for(filled.url), now=clock)
    async with serving(app) as base:
        yield filled.world(clock, app, None), base


async def entry(world: World, alert: int, event: str, *, notify: bool = True) -> int:
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        made = await add_entry(connection, alert, event, notify=notify)
    await engine.dispose()
    return made


async def test_an_alert_reaches_the_reader_with_its_id(live: tuple[World, str]) -> None:
    world, base = live
    async with event_stream(base) as stream:
        name, identifier, data = await stream.next()
        assert (name, identifier, data) == ("ready", "0", {"resume_after": 0})
        alert, first = await raise_alert(world)
        name, identifier, data = await stream.next()
        assert (name, identifier) == ("alert", str(first))
        assert (data["event"], data["alert"], data["station"]) == ("opened", alert, "U-43")
        second = await entry(world, alert, "returned")
        assert (await stream.next())[1] == str(second)


async def test_a_reader_resumes_after_the_last_event_it_saw(live: tuple[World, str]) -> None:
    world, base = live
    alert, first = await raise_alert(world)
    missed = [await entry(world, alert, event) for event in ("updated", "returned")]
    async with event_stream(base, **{"Last-Event-ID": str(first)}) as stream:
        assert (await stream.next())[0] == "ready"
        assert [(await stream.next())[1] for _ in missed] == [str(number) for number in missed]
        later = await entry(world, alert, "reopened")
        assert (await stream.next())[1] == str(later)


async def test_what_is_not_published_is_not_in_the_stream(live: tuple[World, str]) -> None:
    world, base = live
    async with event_stream(base) as stream:
        await stream.next()
        await raise_alert(world, published=False)
        alert, shown = await raise_alert(world, key="other")
        _, identifier, data = await stream.next()
        assert (identifier, data["alert"]) == (str(shown), alert)


async def test_a_renewed_judgement_of_a_station_is_told(live: tuple[World, str]) -> None:
    world, base = live
    async with event_stream(base) as stream:
        await stream.next()
        engine = make_engine(world.url)
        async with unit_of_work(engine) as connection:
            at = world.clock.now + timedelta(seconds=5)
            await connection.execute(
                update(t.station_work).where(t.station_work.c.station_id == 1).values(evaluated_at=at)
            )
            await connection.exec_driver_sql("SELECT pg_notify('uskat_journal', '')")
        await engine.dispose()
        _, data = await stream.next_named("station")
        assert data["evaluated_at"] == at.isoformat().replace("+00:00", "Z")


async def test_steps_of_a_blast_are_told_from_its_announcement_on(live: tuple[World, str]) -> None:
    world, base = live
    began = world.clock.now
    await surround(world)
    engine = make_engine(world.url)
    planned = declare(passport(), at=began + timedelta(seconds=1), by="x")
    async with event_stream(base) as stream:
        await stream.next()
        async with unit_of_work(engine) as connection:
            await file_blast(connection, planned)
        async with unit_of_work(engine) as connection:
            await change_blast(
                connection, lambda one: publish(one, at=began + timedelta(seconds=5), by="x"),
                enterprise=OWN, code="kp-2026-061", version=1,
            )  # fmt: skip
            await connection.exec_driver_sql("SELECT pg_notify('uskat_journal', '')")
        _, data = await stream.next_named("blast")
        assert (data["enterprise"], data["blast_id"]) == (OWN, "kp-2026-061")
        assert (data["action"], data["status"]) == ("publish", "published"), "what led there is nobody's"
    await engine.dispose()


async def test_the_stream_survives_a_restart_of_the_database(
    live: tuple[World, str], postgres_server: PostgresServer
) -> None:
    world, base = live
    async with event_stream(base) as stream:
        await stream.next()
        alert, first = await raise_alert(world)
        assert (await stream.next())[1] == str(first)
        postgres_server.kill()
        postgres_server.start()  # from this thread: the server would die with any other
        unheard = await entry(world, alert, "updated", notify=False)
        identifier, data = await stream.next_named("alert", timeout_s=40)
        assert (identifier, data["event"]) == (str(unheard), "updated")


async def test_a_reader_that_does_not_read_is_dropped_with_a_reason(world: World) -> None:
    hub: EventHub = world.app.state.context.hub
    stream = hub.stream(None, shutdown=asyncio.Event().wait)
    assert (await anext(stream)).name == "ready"
    for number in range(QUEUE_LENGTH + 1):
        hub._broadcast(LiveEvent("alert", "{}", number + 1))
    farewell = await anext(stream)
    assert (farewell.name, farewell.data) == ("bye", '{"reason":"slow"}')
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert hub.readers == 0
    assert 'uskat_api_event_streams_dropped_total{reason="slow"} 1.0' in (await world.client.get("/metrics")).text


async def test_a_wrong_last_event_id_is_refused(world: World) -> None:
    answer = await world.client.get("/api/v1/events", headers={"Last-Event-ID": "abc"})
    assert answer.status_code == 422


async def test_the_hub_waits_for_a_database_that_is_not_there_yet() -> None:
    url = "postgresql://uskat@127.0.0.1:9/none"
    database = Database(make_reading_engine(url, pool_size=1))
    task = asyncio.create_task(EventHub(database, url, Metrics(), Clock()).run())
    done, _ = await asyncio.wait({task}, timeout=1.5)
    assert not done
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await database.close()


async def test_a_server_that_stops_says_goodbye(filled: Filled) -> None:
    async with contextlib.AsyncExitStack() as stack:
        serving_app = serving(create_app(settings_for(filled.url), now=Clock()))
        base = await serving_app.__aenter__()
        stream = await stack.enter_async_context(event_stream(base))
        assert (await stream.next())[0] == "ready"
        stopping = asyncio.create_task(serving_app.__aexit__(None, None, None))
        assert await stream.next_named("bye") == (None, {"reason": "shutdown"})
        with pytest.raises(EOFError):
            await stream.next()
        await stopping
