"""Real records from file to API: what comes out is what went in, value by value.

(a) A labelled water record of the benchmark when it is there, else a stand-in with the same columns; (b) two miniSEED
files that come inside obspy. Through broker, ingest, storage, alerts and API, on both databases and both brokers.
"""

import asyncio
import csv
import math
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import obspy
import pytest

from simulators.column_map import parse_column_map
from simulators.link import Broker
from simulators.logger import FieldLogger, LoggerOptions
from simulators.replay import ReplayReport, replay_miniseed, replay_table
from tests.e2e.replay_world import WATER, Product, exceedance_starts, product, replay_network
from uskat.water.parameters import parameters

BENCH = Path(__file__).resolve().parents[3] / "shared" / "bench" / "lro" / "lro_waterlab2019.parquet"
MAP = """
time: {column: time, format: iso, zone: UTC}
columns:
  temp: {parameter: temp}
  cond: {parameter: ec25}
  ph: {parameter: ph}
  do: {parameter: do}
  turb: {parameter: turb}
  stage: {parameter: level}
"""
COLUMNS = {"temp": "temp", "cond": "ec25", "ph": "ph", "do": "do", "turb": "turb", "stage": "level"}
INTERVAL_S = 900
FAR_PAST, FUTURE = "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
MSEED = Path(obspy.__file__).parent / "io" / "mseed" / "tests" / "data"
THREE_COMPONENTS = MSEED / "dataquality-m.mseed"
WITH_GAPS = MSEED / "gaps.mseed"


@pytest.fixture(
    params=[
        pytest.param(("timescale_database", "mosquitto_broker"), marks=[pytest.mark.timescale, pytest.mark.mosquitto]),
        ("embedded_database", "amqtt_broker"),
    ],
    ids=["timescale+mosquitto", "embedded+amqtt"],
)
def parts(request):
    return tuple(request.getfixturevalue(name) for name in request.param)


@pytest.fixture(
    params=[
        pytest.param("bench", marks=[pytest.mark.slow, pytest.mark.skipif(not BENCH.exists(), reason=f"no {BENCH}")]),
        "stand-in",
    ]
)
def record(request, tmp_path) -> Path:
    return BENCH if request.param == "bench" else stand_in(tmp_path / "record.csv")


def stand_in(path: Path) -> Path:
    """A table with the benchmark's columns: daily courses, two spells of low oxygen, missing cells, one long gap."""
    luck = random.Random(5)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", *COLUMNS, "label"])
        for row in range(2000):
            if 700 <= row < 780:
                continue
            day = 2 * math.pi * row / 96
            low = 3.2 if 300 <= row < 340 or 1200 <= row < 1230 else 0.0
            values = [15 + 3 * math.sin(day), 420 + 9 * math.cos(day), 7.9 + luck.gauss(0, 0.05),
                      8.2 - low + luck.gauss(0, 0.2), 4 + luck.random(), 65 + math.sin(day / 7)]  # fmt: skip
            cells = ["" if luck.random() < 0.02 else repr(value) for value in values]
            writer.writerow([(datetime(2025, 7, 1) + timedelta(minutes=15 * row)).isoformat(), *cells, int(low > 0)])  # noqa: DTZ001
    return path


def rows_of(path: Path) -> Iterator[dict[str, object]]:
    """The record read without any code of the product."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    else:
        import pandas as pd

        yield from pd.read_parquet(path).to_dict("records")


def expected_values(path: Path) -> dict[str, dict[datetime, float]]:
    expected: dict[str, dict[datetime, float]] = defaultdict(dict)
    for row in rows_of(path):
        moment = datetime.fromisoformat(str(row["time"])).replace(tzinfo=UTC)
        for column, parameter in COLUMNS.items():
            if row[column] not in {"", None} and not math.isnan(float(row[column])):
                expected[parameter][moment] = float(row[column])
    return expected


def valid_means(values: dict[datetime, float], parameter: str) -> dict[datetime, float]:
    """Means of the 20-minute intervals over readings inside the gross range."""
    known = parameters()[parameter]
    groups: dict[datetime, list[float]] = defaultdict(list)
    for moment, value in values.items():
        if known.gross_min <= value <= known.gross_max:
            groups[moment.replace(minute=moment.minute // 20 * 20, second=0, microsecond=0)].append(value)
    return {start: math.fsum(group) / len(group) for start, group in groups.items()}


def logger_for(device: str, broker, folder: Path) -> FieldLogger:
    address = Broker("127.0.0.1", broker.port, 5 if broker.protocol == "5" else 4)
    return FieldLogger(device, folder, address, options=LoggerOptions(window=1000, batch=50, resend_after_s=15.0))


async def replayed_table(path: Path, broker, folder: Path) -> ReplayReport:
    def send() -> ReplayReport:
        logger = logger_for(WATER, broker, folder)
        try:
            return replay_table(logger, path, parse_column_map(MAP), speed=None)
        finally:
            logger.close()

    return await asyncio.wait_for(asyncio.to_thread(send), 150)


@pytest.mark.timeout(600)
async def test_a_water_record_comes_out_as_it_went_in(parts, record, tmp_path):
    database, broker = parts
    expected = expected_values(record)
    network = replay_network(list(COLUMNS.values()), INTERVAL_S, {})
    async with product(database, broker, network) as uskat:
        report = await replayed_table(record, broker, tmp_path)
        assert report.finished
        assert report.refused == 0
        assert report.readings == sum(map(len, expected.values()))
        await uskat.judged()
        series = {entry["parameter"]: entry["id"] for entry in (await uskat.all_items("/series", station=WATER))}
        for parameter, values in expected.items():
            await assert_readings(uskat, series[parameter], values)
            await assert_intervals(uskat, series[parameter], parameter, values)
        await assert_alerts(uskat, series, expected)


async def assert_readings(uskat: Product, series: int, values: dict[datetime, float]) -> None:
    rows = await uskat.table(f"/series/{series}/observations", start=FAR_PAST, end=FUTURE)
    came_out = {datetime.fromisoformat(row[0]): float(row[1]) for row in rows}
    assert len(rows) == len(came_out)
    assert came_out == values


async def assert_intervals(uskat: Product, series: int, parameter: str, values: dict[datetime, float]) -> None:
    rows = await uskat.table(f"/series/{series}/observations", start=FAR_PAST, end=FUTURE, resolution="20min")
    came_out = {datetime.fromisoformat(row[0]): float(row[1]) for row in rows if row[1]}
    means = valid_means(values, parameter)
    assert came_out.keys() == means.keys()
    assert max(abs(came_out[start] - means[start]) for start in means) < 2 * 10.0 ** -parameters()[parameter].scale


async def counting_means(uskat: Product, series: int, means: dict[datetime, float]) -> dict[datetime, float]:
    """What quality control leaves of the means: it drops little, and most of the rest it leaves as it was."""
    rows = await uskat.all_items(f"/series/{series}/quality", start=FAR_PAST, end=FUTURE)
    counting = {datetime.fromisoformat(row["start"]): row["mean"] for row in rows if row["n_pass"]}
    assert counting.keys() <= means.keys()
    untouched = sum(abs(counting[start] - means[start]) < 0.01 for start in counting)
    assert untouched > 0.9 * len(means)
    return counting


async def assert_alerts(uskat: Product, series: dict[str, int], expected: dict[str, dict[datetime, float]]) -> None:
    exceedances = await uskat.all_items("/alerts", station=WATER, kind="exceedance")
    # A notice is measured against the season's own background, which the reference below does not know. What was seen
    # before quality control knew better is withdrawn.
    found = [alert for alert in exceedances if alert["severity"] != "notice" and alert["state"] != "withdrawn"]
    for parameter, values in expected.items():
        raised = {datetime.fromisoformat(a["started_at"]) for a in found if a["parameter"] == parameter}
        means = await counting_means(uskat, series[parameter], valid_means(values, parameter))
        assert raised == set(exceedance_starts(means, parameter, "fishery_2")), parameter
    assert found, "the record breaks a norm somewhere, or the test shows nothing"


def channel(code: str, component: str, counts_per_unit: float) -> dict[str, object]:
    return {"code": code, "component": component, "unit": "mm/s", "counts_per_unit": counts_per_unit}


def offset_free_peak(trace) -> float:
    return float(np.abs(trace.data - np.mean(trace.data, dtype=np.float64)).max())


@pytest.mark.timeout(300)
async def test_seismic_records_come_out_byte_by_byte_and_sample_by_sample(parts, tmp_path):
    database, broker = parts
    three, gaps = obspy.read(THREE_COMPONENTS), obspy.read(WITH_GAPS)
    # Calibrated so that the vertical of the first file shakes with 7 mm/s, above the limit of 5, and the second does not.
    vertical = offset_free_peak(three.select(channel="BHZ")[0]) / 7.0
    quiet = max(float(np.abs(trace.data).max()) for trace in gaps)
    seismographs = {
        "REPLAY-S1": [
            channel("BHZ", "V", vertical),
            channel("BHN", "L", vertical * 50),
            channel("BHE", "T", vertical * 50),
        ],
        "REPLAY-S2": [channel("EHE", "T", quiet)],
    }
    network = replay_network(["ph"], INTERVAL_S, seismographs)

    def send() -> None:
        for device, path in (("REPLAY-S1", THREE_COMPONENTS), ("REPLAY-S2", WITH_GAPS)):
            logger = logger_for(device, broker, tmp_path)
            try:
                assert replay_miniseed(logger, [path]).finished
            finally:
                logger.close()

    async with product(database, broker, network) as uskat:
        await asyncio.wait_for(asyncio.to_thread(send), 60)
        await uskat.judged()
        for device, path, stream in (("REPLAY-S1", THREE_COMPONENTS, three), ("REPLAY-S2", WITH_GAPS, gaps)):
            (stored,) = await uskat.all_items("/seismic/records", device=device)
            assert stored["samples"] == sum(len(trace) for trace in stream)
            assert datetime.fromisoformat(stored["start"]) == min(t.stats.starttime for t in stream).datetime.replace(
                tzinfo=UTC
            )
            bytes_out = (await uskat.client.get(f"/api/v1/seismic/records/{stored['id']}/waveform")).content
            assert bytes_out == path.read_bytes()
            await assert_samples(uskat, stored["id"], stream)
        (strong,) = await uskat.all_items("/seismic/records", device="REPLAY-S1")
        assert strong["measures"]["ppv_mm_s"]["V"] == pytest.approx(7.0, rel=1e-6)
        alerts = await uskat.all_items("/alerts", kind="vibration")
        assert [alert["station"] for alert in alerts] == ["REPLAY-S1"]


async def assert_samples(uskat: Product, record_id: int, stream: obspy.Stream) -> None:
    waveform = await uskat.get(f"/seismic/records/{record_id}/waveform", format="json")
    came_out = sorted((trace["channel"], trace["start"], trace["counts"]) for trace in waveform["traces"])
    went_in = sorted(
        (trace.id, trace.stats.starttime.datetime.replace(tzinfo=UTC), trace.data.tolist()) for trace in stream
    )
    assert [(nslc, datetime.fromisoformat(start), counts) for nslc, start, counts in came_out] == went_in
