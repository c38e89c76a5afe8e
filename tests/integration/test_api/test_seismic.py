"""Seismic records: the bytes as received, and the same samples in physical units."""

import csv
import io
from collections.abc import Iterable
from datetime import timedelta

import asyncpg
import numpy as np
import pytest

from services.storage.intake import Incoming, Intake
from tests.integration.test_api.world import NOW, START, World, decoded
from uskat.water.network import demo_network
from uskat.wire.seismic import Channel, encode_miniseed
from uskat.wire.status import HistogramPeak, encode_histogram

RATE_HZ = 256.0
SAMPLES = 700
SEISMOGRAPH = demo_network().seismographs[0].device


def channels(codes: Iterable[str], *, shift_s: float = 0) -> list[Channel]:
    generator = np.random.default_rng(5)
    return [
        Channel(
            f"XX.{SEISMOGRAPH[-5:].replace('-', '')}..{code}",
            START + timedelta(seconds=shift_s),
            RATE_HZ,
            generator.integers(-90_000, 90_000, SAMPLES, dtype=np.int32),
        )
        for code in codes
    ]


def calibration() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = demo_network().device_properties(SEISMOGRAPH)["channels"]
    return found


async def store(world: World, *payloads: tuple[str, bytes]) -> None:
    intake = await Intake.open(world.url, worker="test", clock=world.clock)
    received = round(NOW.timestamp() * 1e6)
    outcomes = await intake.store(
        [Incoming(f"uskat/v1/{SEISMOGRAPH}/{kind}", payload, received) for kind, payload in payloads]
    )
    await intake.close()
    assert [outcome.stored for outcome in outcomes] == [1] * len(payloads), outcomes


async def test_a_record_comes_back_byte_for_byte_and_sample_by_sample(world: World) -> None:
    sent = channels(calibration())
    payload = encode_miniseed(sent)
    await store(world, ("seismic", payload))
    [record] = (await world.get("/seismic/records"))["items"]
    assert (record["device"], record["bytes"], record["samples"]) == (SEISMOGRAPH, len(payload), SAMPLES * len(sent))
    path = f"/seismic/records/{record['id']}"
    assert (await world.get(path)) == record
    answer = await world.client.get(f"/api/v1{path}/waveform")
    assert answer.headers["content-type"] == "application/vnd.fdsn.mseed"
    assert answer.content == payload

    traces = (await world.get(f"{path}/waveform", format="json"))["traces"]
    by_code = {trace["channel"].rsplit(".", 1)[-1]: trace for trace in traces}
    for channel in sent:
        trace = by_code[channel.code]
        known = calibration()[channel.code]
        assert trace["counts"] == channel.counts.tolist()
        assert trace["unit"] == known["unit"]
        assert trace["value"] == pytest.approx((channel.counts / float(str(known["counts_per_unit"]))).tolist())

    text = (await world.client.get(f"/api/v1{path}/waveform", params={"format": "csv"})).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == SAMPLES * len(sent)
    first = [float(row["counts"]) for row in rows if row["channel"] == sent[0].nslc]
    assert first == sent[0].counts.tolist()
    assert rows[1]["time_utc"] == (START + timedelta(seconds=1 / RATE_HZ)).isoformat().replace("+00:00", "Z")


async def test_records_are_filtered_and_paged(world: World) -> None:
    payloads = [("seismic", encode_miniseed(channels(calibration(), shift_s=60.0 * n))) for n in range(5)]
    await store(world, *payloads)
    first = await world.get("/seismic/records", limit=3)
    second = await world.get("/seismic/records", limit=3, cursor=first["next"])
    assert len({item["id"] for item in first["items"] + second["items"]}) == 5
    window = await world.get(
        "/seismic/records", start=(START + timedelta(seconds=60)).isoformat(),
        end=(START + timedelta(seconds=180)).isoformat(),
    )  # fmt: skip
    assert len(window["items"]) == 2
    assert (await world.get("/seismic/records", device="nobody"))["items"] == []
    assert (await world.client.get("/api/v1/seismic/records/99999/waveform")).status_code == 404


async def nothing_known_of(world: World, station: str) -> None:
    connection = await asyncpg.connect(world.url)
    await connection.execute("UPDATE station SET properties = properties - 'receptor' WHERE code = $1", station)
    await connection.close()


async def test_a_record_is_drawn_as_png_and_svg_against_the_norm_asked_for(world: World) -> None:
    await store(world, ("seismic", encode_miniseed(channels(calibration()))))
    [record] = (await world.get("/seismic/records"))["items"]
    path = f"/api/v1/seismic/records/{record['id']}/figure"
    picture = await world.client.get(path)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.content.startswith(b"\x89PNG\r\n\x1a\n")
    again = await world.client.get(path, headers={"If-None-Match": picture.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert picture.headers["cache-control"] == "public, max-age=3600"

    async def svg(**params: str) -> str:
        answer = await world.client.get(path, params={"format": "svg", **params})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml"), answer.text
        return answer.text

    plain = await svg()
    assert SEISMOGRAPH in plain
    assert "пунктир – предел:" in plain, "the station stands at a house, so the limit of a house is drawn"
    await nothing_known_of(world, SEISMOGRAPH)
    assert "; порог" in await svg(), "nothing is known of the station, so the default limit is drawn"
    school = await svg(receptor="school")
    assert "пунктир – предел:" in school
    both = await svg(kind="limits", norm="din4150-3,bs7385-2", receptor="industrial")
    assert "DIN 4150-3" in both
    assert "Линия 1" in both, "the curve of the receptor asked for"
    assert "преобладает" in await svg(kind="spectrum")
    for wrong in (
        {"norm": "nothing"},
        {"norm": "a,b,c,d,e"},
        {"norm": "osmre"},
        {"kind": "portrait"},
        {"format": "gif"},
    ):
        answer = await world.client.get(path, params=wrong)
        assert answer.status_code == 422, wrong
    assert (await world.client.get("/api/v1/seismic/records/99999/figure")).status_code == 404


async def test_histogram_peaks_are_paged_in_time(world: World) -> None:
    peaks = [HistogramPeak(t=START + timedelta(minutes=n), length_s=60, peak={"V": 0.1 * n + 0.1}) for n in range(7)]
    await store(world, *(("histogram", encode_histogram(peak)) for peak in peaks))
    whole = await world.get("/seismic/histograms")
    assert [item["peaks"]["peak"]["V"] for item in whole["items"]] == [peak.peak["V"] for peak in peaks]
    first = await world.get("/seismic/histograms", limit=4)
    second = await world.get("/seismic/histograms", limit=4, cursor=first["next"])
    assert first["items"] + second["items"] == whole["items"]
    answer = await world.client.get("/api/v1/seismic/histograms", params={"limit": 4})
    assert decoded(await world.client.get(answer.links["next"]["url"]))["items"] == second["items"]
