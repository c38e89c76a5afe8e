"""Instrument → MQTT → ingest → database → FDSN → obspy's own client: the very samples that were sent."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import obspy
import pytest
from obspy import UTCDateTime
from obspy.clients.fdsn import Client
from obspy.clients.fdsn.header import FDSNBadRequestException, FDSNNoDataException
from sqlalchemy import insert, select, update

from services.api.main import create_app
from services.parts.broker import Broker
from services.storage import registry
from services.storage import tables as t
from services.storage.blast_event_tables import blast_event
from services.storage.blast_tables import blast, pit
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.serving import serving
from tests.integration.test_ingest import Logger, ingest, settings_for
from uskat.water.network import demo_network
from uskat.wire.ack import decode_ack
from uskat.wire.seismic import Channel, encode_miniseed

NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW - timedelta(hours=2) + timedelta(microseconds=123_456)
RATE_HZ = 1024.0
SEISMOGRAPHS = {found.device: found for found in demo_network().seismographs}
FIRST, SECOND, HIDDEN = "SEIS-TALDA-1", "SEIS-KOTINO-1", "SEIS-KEDR-1"


def channel(device: str, code: str, *, at: datetime, samples: int = 5000, kind: Any = np.int32) -> Channel:
    generator = np.random.default_rng([len(code), samples, int(at.timestamp())])
    counts = generator.integers(-1_000_000, 1_000_000, samples).astype(kind)
    return Channel(SEISMOGRAPHS[device].nslc(code), at, RATE_HZ, counts)


def record(device: str, at: datetime) -> list[Channel]:
    """Four channels; the vertical stops for two seconds and goes on."""
    later = at + timedelta(seconds=5000 / RATE_HZ + 2)
    whole = [channel(device, code, at=at, samples=9000) for code in ("GHN", "GHE", "GDF")]
    return [channel(device, "GHZ", at=at), channel(device, "GHZ", at=later, samples=1952), *whole]


SENT = {
    FIRST: [record(FIRST, START), record(FIRST, START + timedelta(minutes=10))],
    SECOND: [[channel(SECOND, "GHZ", at=START, samples=3000, kind=np.float32)]],
    HIDDEN: [record(HIDDEN, START)],
}
EVENTS = {"declared": 0, "undeclared": 10, "earthquake": 20, "noise": 30}


@dataclass
class Served:
    """A running server and what a seismologist's client sees of it."""

    base: str
    client: Client
    token: str

    async def get(self, path: str, *, operate: bool = False, **params: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if operate else {}
        async with httpx.AsyncClient(base_url=self.base) as client:
            return await client.get(f"/fdsnws/{path}", params=params, headers=headers)


async def filled(database: str) -> str:
    """Registry with one station that is not published, declared blasts, judged events; returns a token."""
    engine = make_engine(database)
    async with unit_of_work(engine) as connection:
        await registry.load_network(connection, demo_network())
        token = await registry.issue_token(connection, name="duty", scopes=["operate"])
        await connection.execute(update(t.station).where(t.station.c.code == HIDDEN).values(published=False))
        owner = await connection.scalar(select(t.organisation.c.id).limit(1))
        row = {"code": "kp", "name": "Кедровая Падь (демо)", "organisation_id": owner, "longitude": 87.0872,
               "latitude": 54.1305, "outline": {"type": "Polygon", "coordinates": []}}  # fmt: skip
        made = await connection.execute(insert(pit).values(row).returning(pit.c.id))
        assert owner is not None
        pit_id = made.scalar_one()
        blasts = [await declare(connection, owner, pit_id, number) for number in (1, 2, 3)]
        stations = {row.code: row.id for row in await connection.execute(select(t.station.c.code, t.station.c.id))}
        for verdict, minutes in EVENTS.items():
            await judge(connection, verdict, minutes, stations[FIRST], blasts[0] if verdict == "declared" else None)
        await judge(connection, "undeclared", 40, stations[HIDDEN], None)
        await judge(connection, "undeclared", 50, stations[FIRST], None, withdrawn_at=NOW)
    await engine.dispose()
    return token


async def declare(connection: Any, owner: int, pit_id: int, number: int) -> int:
    """A blast: the first two fired, the third only planned."""
    at = START + timedelta(minutes=number)
    row = {"organisation_id": owner, "pit_id": pit_id, "code": f"КП-{number}", "version": 1, "passport": {},
           "status": "fired" if number < 3 else "published", "planned_from": at, "planned_to": at,
           "fired_at": at if number < 3 else None, "longitude": 87.09, "latitude": 54.13, "total_charge_kg": 1e5,
           "max_charge_per_delay_kg": 400.0, "declared_at": at, "updated_at": at}  # fmt: skip
    made = await connection.execute(insert(blast).values(row).returning(blast.c.id))
    identifier: int = made.scalar_one()
    return identifier


async def judge(
    connection: Any, verdict: str, minutes: int, station: int, blast_id: int | None, **changes: Any
) -> None:
    at = START + timedelta(minutes=minutes)
    row = {"code": f"{station}-{minutes}", "at": at, "ends_at": at, "verdict": verdict, "probability": 0.99,
           "station_id": station, "device_id": 1, "latitude": 54.2, "longitude": 87.0, "uncertainty_km": 0.7,
           "blast_id": blast_id, "deviations": [], "body": {"reasons": ["Причина."]}, "judged_at": at}  # fmt: skip
    await connection.execute(insert(blast_event).values(row | changes))


async def send(broker: Broker, device: str, payloads: list[bytes]) -> None:
    """Publish and wait until every payload is confirmed as stored."""
    logger = Logger(broker, device)
    await asyncio.wait_for(logger.ready.wait(), 10)
    for payload in payloads:
        logger.send(payload, "seismic")
    confirmed: set[str] = set()
    while len(confirmed) < len(payloads):
        confirmed |= set(decode_ack(await asyncio.wait_for(logger.acks.get(), 20)).digests)
    logger.close()


@pytest.fixture
async def served(database: str, mosquitto_broker: Broker) -> AsyncIterator[Served]:
    token = await filled(database)
    settings = settings_for(database, mosquitto_broker)
    async with ingest(settings):
        for device, records in SENT.items():
            await send(mosquitto_broker, device, [encode_miniseed(channels) for channels in records])
    async with serving(create_app(settings)) as base:
        client = await asyncio.to_thread(Client, base, _discover_services=True)
        yield Served(base, client, token)


def same(stream: obspy.Stream, sent: list[Channel]) -> None:
    """Each trace is one of the channels sent: its moment, its rate, its type and every bit of its samples."""
    expected = {(c.nslc, UTCDateTime(c.start).ns): c for c in sent}
    assert {(trace.id, trace.stats.starttime.ns) for trace in stream} == set(expected)
    for trace in stream:
        channel = expected[trace.id, trace.stats.starttime.ns]
        assert trace.stats.sampling_rate == RATE_HZ
        assert trace.data.dtype == channel.counts.dtype
        assert trace.data.tobytes() == channel.counts.tobytes()


async def test_obspy_gets_the_very_samples_that_were_sent(served: Served) -> None:
    """Issue 4, show 2: bit for bit, with gaps, several channels and stations, by GET and by POST."""

    def ask(*codes: str, start: datetime, end: datetime) -> obspy.Stream:
        return served.client.get_waveforms(*codes, UTCDateTime(start), UTCDateTime(end))

    hour = timedelta(hours=1)
    whole = await asyncio.to_thread(ask, "XX", "*", "*", "*", start=START - hour, end=START + hour)
    same(whole, [*SENT[FIRST][0], *SENT[FIRST][1], *SENT[SECOND][0]])
    assert len(whole.select(channel="GHZ").get_gaps()) == 3, "two inside records, one between them"
    one = await asyncio.to_thread(ask, "XX", "TLD1", "00", "GHZ", start=START - hour, end=START + timedelta(minutes=1))
    same(one, SENT[FIRST][0][:2])
    bulk = [("XX", "TLD1", "00", "GDF", UTCDateTime(START), UTCDateTime(START + hour)),
            ("XX", "KOT1", "*", "GH?", UTCDateTime(START), UTCDateTime(START + hour))]  # fmt: skip
    same(
        await asyncio.to_thread(served.client.get_waveforms_bulk, bulk),
        [SENT[FIRST][0][4], SENT[FIRST][1][4], *SENT[SECOND][0]],
    )


async def test_a_short_span_holds_whole_records_around_it_and_the_same_samples(served: Served) -> None:
    sent = SENT[FIRST][0][2]
    begin, end = START + timedelta(seconds=3), START + timedelta(seconds=4)
    stream = await asyncio.to_thread(
        served.client.get_waveforms, "XX", "TLD1", "00", sent.code, UTCDateTime(begin), UTCDateTime(end)
    )
    [trace] = stream
    assert trace.stats.starttime <= UTCDateTime(begin)
    assert trace.stats.endtime >= UTCDateTime(end)
    assert trace.stats.npts < len(sent.counts) / 2, "cut, not the whole message"
    first = round((trace.stats.starttime - UTCDateTime(sent.start)) * RATE_HZ)
    assert np.array_equal(trace.data, sent.counts[first : first + trace.stats.npts])


async def test_obspy_reads_stations_and_turns_counts_into_velocity(served: Served) -> None:
    inventory = await asyncio.to_thread(served.client.get_stations, level="response")
    published = set(SEISMOGRAPHS) - {HIDDEN}
    assert {station.code for station in inventory[0]} == {SEISMOGRAPHS[device].station for device in published}
    stream = await asyncio.to_thread(
        served.client.get_waveforms,
        "XX",
        "TLD1",
        "00",
        "*",
        UTCDateTime(START),
        UTCDateTime(START + timedelta(hours=1)),
    )
    counts = {(trace.id, trace.stats.starttime.ns): trace.data.copy() for trace in stream}
    stream.remove_sensitivity(inventory)
    for trace in stream:
        per_unit = 1e4 if trace.id.endswith("GDF") else 1e8  # counts per Pa and per m/s
        assert trace.data == pytest.approx(counts[trace.id, trace.stats.starttime.ns] / per_unit)
    lines = (await served.get("station/1/query", level="channel", format="text", sta="TLD1")).text.splitlines()
    assert [line.split("|")[3] for line in lines[1:]] == ["GDF", "GHE", "GHN", "GHZ"]


async def test_obspy_reads_blasts_and_earthquakes_with_what_is_known(served: Served) -> None:
    span = (UTCDateTime(START - timedelta(hours=1)), UTCDateTime(START + timedelta(hours=2)))
    events = await asyncio.to_thread(served.client.get_events, *span, orderby="time-asc")
    told = [(event.event_type, event.event_type_certainty, event.preferred_origin().latitude) for event in events]
    assert told == [
        ("mining explosion", "known", 54.2),  # recorded and declared: one event, where the network saw it
        ("mining explosion", "known", 54.13),  # declared and fired, recorded by nobody
        ("mining explosion", "suspected", 54.2),
        ("earthquake", "suspected", 54.2),
    ]
    assert events[0].event_descriptions[0].text == "Кедровая Падь (демо)"
    assert events[0].preferred_origin().origin_uncertainty.horizontal_uncertainty == 700
    [quake] = await asyncio.to_thread(served.client.get_events, *span, eventtype="earthquake")
    again = await asyncio.to_thread(served.client.get_events, eventid=str(quake.resource_id))
    assert [event.preferred_origin().time for event in again] == [quake.preferred_origin().time]
    text = (await served.get("event/1/query", format="text", orderby="time-asc")).text.splitlines()
    assert [line.rsplit("|", 1)[1] for line in text[1:]] == [kind for kind, _, _ in told]
    assert "Причина." not in (await served.get("event/1/query")).text
    whole = (await served.get("event/1/query", operate=True)).text
    assert whole.count("Причина.") == 4, "the agency sees reasons, and the event of the station not published"


async def test_a_station_that_is_not_published_is_seen_by_the_agency_only(served: Served) -> None:
    station = SEISMOGRAPHS[HIDDEN].station
    for path in ("dataselect/1/query", "station/1/query"):
        assert (await served.get(path, station=station)).status_code == 204
        assert (await served.get(path, station=station, operate=True)).status_code == 200
    answer = await served.get("dataselect/1/query", station=station, operate=True)
    same(obspy.read(io.BytesIO(answer.content)), SENT[HIDDEN][0])
    assert answer.headers["cache-control"].startswith("private")


async def test_refusals_have_the_form_and_the_codes_of_the_standard(served: Served) -> None:
    with pytest.raises(FDSNNoDataException):
        await asyncio.to_thread(
            served.client.get_waveforms,
            "YY",
            "*",
            "*",
            "*",
            UTCDateTime(START),
            UTCDateTime(START + timedelta(hours=1)),
        )
    with pytest.raises(FDSNBadRequestException):
        await asyncio.to_thread(served.client.get_events, minlatitude=95)
    absent = await served.get("dataselect/1/query", net="YY", nodata="404")
    assert (absent.status_code, absent.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    bad = await served.get("station/1/query", level="all")
    assert bad.status_code == 400
    assert bad.text.startswith("Error 400: Bad Request\n\nlevel must be one of")
    assert "/fdsnws/station/1/query?level=all" in bad.text
    assert (await served.get("station/1/query", level="response", format="text")).status_code == 400
    assert (await served.get("nothing/1/query")).status_code == 404
    assert (await served.get("event/1/version")).text.strip() == "1.2.0"


async def test_the_first_version_of_a_start_is_given_and_channels_sent_apart_are_not_versions(
    served: Served, database: str, mosquitto_broker: Broker
) -> None:
    at = START + timedelta(minutes=30)
    first = channel(FIRST, "GHZ", at=at)
    second = Channel(first.nslc, at, RATE_HZ, first.counts + 1)
    apart = channel(FIRST, "GHN", at=at)
    async with ingest(settings_for(database, mosquitto_broker)):
        for one in (first, second, apart):
            await send(mosquitto_broker, FIRST, [encode_miniseed([one])])
    stream = await asyncio.to_thread(
        served.client.get_waveforms, "XX", "TLD1", "00", "*", UTCDateTime(at), UTCDateTime(at + timedelta(minutes=1))
    )
    same(stream, [first, apart])
