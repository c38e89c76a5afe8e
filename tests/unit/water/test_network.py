import json
import math
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.water.network import NetworkError, RiverPoint, demo_network, load_network
from uskat.water.parameters import parameters

NETWORK = demo_network()
FOLDER = files("uskat.data.network")
TEXT = FOLDER.joinpath("uskat_demo.json").read_text(encoding="utf-8")
APART = FOLDER.joinpath("settlements_cc_by_sa.json").read_text(encoding="utf-8")
RIVER_STATIONS = [station for station in NETWORK.stations if station.kind == "river"]


def changed(change) -> str:
    document = json.loads(TEXT)
    change(document)
    return json.dumps(document)


def item(document, room, code):
    return next(entry for entry in document[room] if entry.get("code", entry.get("device")) == code)


def test_the_demo_network_says_that_it_is_a_sketch_of_a_proposal():
    assert NETWORK.schematic
    assert NETWORK.demo
    assert all(station.proposed for station in NETWORK.stations)
    assert len(RIVER_STATIONS) == 13
    assert 5 <= len(NETWORK.seismographs) <= 8


def test_no_real_enterprise_is_named():
    enterprises = [entry for entry in NETWORK.organisations if entry.kind == "enterprise"]
    assert 4 <= len(enterprises) <= 5
    assert all(entry.name.endswith("(демо)") for entry in (*NETWORK.organisations, *NETWORK.pits, *NETWORK.outlets))
    real = ("Талдинск", "Бачатск", "Краснобродск", "Заречный", "Камышанск", "ТалТЭК", "СУЭК", "Восточный", "Кыргай")
    assert not [name for name in real if name in TEXT]


def test_everything_that_is_measured_or_discharges_lies_in_a_territory_of_its_own_agency():
    for kind, items in (("station", NETWORK.stations), ("outlet", NETWORK.outlets), ("pit", NETWORK.pits)):
        assert [entry.code for entry in items if (kind, entry.code) not in NETWORK.territory_of] == []
    settlements = {entry.code for entry in NETWORK.settlements}
    assert {code for kind, code in NETWORK.territory_of if kind == "settlement"} <= settlements
    first, second = NETWORK.territories
    assert not set(first.agencies) & set(second.agencies)


def test_every_series_has_a_known_parameter_and_every_station_a_device():
    assert {series.parameter for series in NETWORK.series} <= set(parameters())
    assert {device.station for device in NETWORK.devices} == {station.code for station in NETWORK.stations}
    assert len(NETWORK.series) == len({(series.device, series.parameter) for series in NETWORK.series}) == 104


def test_share_alike_places_are_kept_in_a_file_with_their_own_licence():
    apart = json.loads(APART)
    assert apart["licence"].startswith("CC BY-SA 4.0")
    assert "hflabs" not in TEXT
    assert len(NETWORK.settlements) == len(json.loads(TEXT)["settlements"]) + len(apart["settlements"])


def test_distance_follows_the_rivers():
    burlaki, mouth = RiverPoint("krivoy_uskat", 24.0), RiverPoint("tom", 545.0)
    assert NETWORK.distance_km(burlaki, mouth) == pytest.approx(24.0 + 43.0 + 1.0)
    assert NETWORK.distance_km(mouth, burlaki) is None
    assert NETWORK.distance_km(RiverPoint("talda", 3.0), RiverPoint("uskat", 25.0)) is None
    assert NETWORK.distance_km(RiverPoint("uskat", 20.0), RiverPoint("uskat", 25.0)) is None


def test_water_from_a_pit_passes_the_stations_below_it_in_order():
    passed = [station.code for station, _ in NETWORK.stations_below(RiverPoint("talda", 9.0))]
    assert passed == ["TA-2", "U-21", "U-15", "U-08", "U-01", "TOM-545"]


def test_tributaries_come_from_source_to_mouth():
    assert [river.code for river in NETWORK.tributaries("uskat")] == ["krivoy_uskat", "pryamoy_uskat", "talda"]


@given(st.sampled_from(RIVER_STATIONS))
def test_every_station_reaches_the_outlet_of_the_basin(station):
    seen = {station.code}
    while station.downstream is not None:
        station = NETWORK.station_of[station.downstream]
        assert station.code not in seen
        seen.add(station.code)
    assert station.code == "TOM-545"


@given(
    st.sampled_from([river for river in NETWORK.rivers if river.flows_to]),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_distances_add_up_along_the_way(river, first, second, third):
    a, b, c = (
        RiverPoint(river.code, share * river.length_km) for share in sorted((first, second, third), reverse=True)
    )
    whole = NETWORK.distance_km(a, c)
    assert whole == pytest.approx(NETWORK.distance_km(a, b) + NETWORK.distance_km(b, c))
    assert math.fsum(reach.length_km for reach in NETWORK.reaches_between(a, c)) == pytest.approx(whole)


def test_a_seismograph_tells_the_registry_what_its_counts_mean():
    properties = NETWORK.device_properties("SEIS-TALDA-1")
    assert properties["channels"]["GHZ"] == {"component": "V", "unit": "mm/s", "counts_per_unit": 1e5}
    assert set(properties["channels"]) == {"GHZ", "GHN", "GHE", "GDF"}
    assert NETWORK.seismograph_of["SEIS-TALDA-1"].nslc("GHZ") == "XX.TLD1.00.GHZ"
    assert NETWORK.device_properties("KU-1") == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: item(d, "rivers", "tom").update(flows_to="uskat", mouth_km=3.0), "cycle"),
        (lambda d: item(d, "rivers", "talda").update(flows_to="ob"), "'ob', which the file does not name"),
        (lambda d: item(d, "rivers", "talda").update(mouth_km=99.0), "beyond its length"),
        (lambda d: item(d, "rivers", "talda").update(flows_to=None), "come together"),
        (lambda d: item(d, "rivers", "talda").update(flows_to=None, mouth_km=None), "exactly one river"),
        (lambda d: item(d, "rivers", "talda").update(slope=0.0), "positive"),
        (lambda d: item(d, "stations", "U-21").update(downstream="U-25"), "water never reaches 'U-25'"),
        (lambda d: item(d, "stations", "U-21").update(downstream=None), "needs a next station"),
        (lambda d: item(d, "stations", "U-21").update(km=44.0), "no km 44.0"),
        (lambda d: item(d, "stations", "U-21").update(kind="buoy"), "'buoy'"),
        (lambda d: item(d, "stations", "U-21").update(organisation="nobody"), "'nobody'"),
        (lambda d: item(d, "stations", "U-21").update(latitude=154.0), "not on the Earth"),
        (lambda d: item(d, "devices", "U-21").update(parameters=["ph", "gold"]), "gold"),
        (lambda d: item(d, "devices", "U-21").update(station="U-99"), "'U-99'"),
        (lambda d: item(d, "devices", "U-21").update(expected_interval_s=0), "positive"),
        (lambda d: d["devices"].append(d["devices"][0]), "appears twice"),
        (lambda d: item(d, "seismographs", "SEIS-TALDA-1").update(device="U-21"), "no device of that kind"),
        (lambda d: item(d, "seismographs", "SEIS-TALDA-1").update(near_pit="nowhere"), "near a place"),
        (lambda d: item(d, "outlets", "out-kp-1").update(river="ob"), "river 'ob'"),
        (lambda d: item(d, "outlets", "out-kp-1").update(kind="rainbow"), "'rainbow'"),
        (lambda d: d["territories"][0].update(stations=["U-99"]), "no station 'U-99'"),
        (lambda d: d["territories"][1].update(stations=["KU-1"]), "'KU-1' lies in two territories"),
        (lambda d: d["territories"][0].update(agencies=["sukhoy-log-demo"]), "no agency of the file"),
        (lambda d: d.update(colour="blue"), "colour"),
        (lambda d: item(d, "stations", "U-21").update(colour="blue"), "colour"),
        (lambda d: item(d, "stations", "U-21").pop("latitude"), "latitude"),
    ],
)
def test_a_contradiction_is_named(change, words):
    with pytest.raises(NetworkError, match=words):
        load_network(changed(change), APART)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"version": 1}'])
def test_what_is_no_network_is_refused(text):
    with pytest.raises(NetworkError, match="the file is not a network"):
        load_network(text)
