"""What makes a network file contradict itself: codes, cycles, places beyond a river, stations the water never meets."""

from collections.abc import Iterable, Iterator

from uskat.water.network_graph import Network
from uskat.water.network_items import RiverPoint
from uskat.water.parameters import parameters

STATION_KINDS = ("river", "outlet", "seismic")
DEVICE_KINDS = ("logger", "seismograph", "enterprise")
ORGANISATION_KINDS = ("agency", "enterprise", "laboratory")
OUTLET_KINDS = ("mine_water", "washery", "sewage")


def contradictions(network: Network) -> Iterator[str]:
    """Sentences about everything in the network that cannot be; none for a good one."""
    yield from _check_codes(network)
    cycles = [*_river_cycles(network)]
    yield from cycles
    if not cycles:
        yield from _check_rivers(network)
        yield from _check_stations(network)
    yield from _check_devices(network)
    yield from _check_places(network)
    yield from _check_territories(network)


def _check_codes(network: Network) -> Iterator[str]:
    lists: dict[str, Iterable[str]] = {
        "organisations": (item.code for item in network.organisations),
        "rivers": (item.code for item in network.rivers),
        "stations": (item.code for item in network.stations),
        "devices": (item.code for item in network.devices),
        "seismographs": (item.device for item in network.seismographs),
        "outlets": (item.code for item in network.outlets),
        "pits": (item.code for item in network.pits),
        "settlements": (item.code for item in network.settlements),
        "territories": (item.code for item in network.territories),
    }
    for name, codes in lists.items():
        seen: set[str] = set()
        for code in codes:
            if code in seen:
                yield f"{name}: {code!r} appears twice"
            seen.add(code)
    for item in network.organisations:
        if item.kind not in ORGANISATION_KINDS:
            yield f"organisation {item.code!r}: kind {item.kind!r} is none of {', '.join(ORGANISATION_KINDS)}"


def _river_cycles(network: Network) -> Iterator[str]:
    for river in network.rivers:
        seen, current = {river.code}, river
        while current.flows_to is not None:
            if current.flows_to not in network.river_of:
                yield f"river {current.code!r} flows to {current.flows_to!r}, which the file does not name"
                break
            current = network.river_of[current.flows_to]
            if current.code in seen:
                yield f"river {river.code!r} flows back into {current.code!r}: the graph has a cycle"
                break
            seen.add(current.code)


def _check_rivers(network: Network) -> Iterator[str]:
    for river in network.rivers:
        if (river.flows_to is None) != (river.mouth_km is None):
            yield f"river {river.code!r}: flows_to and mouth_km come together or not at all"
        elif (
            river.flows_to is not None and not 0 <= (river.mouth_km or 0) <= network.river_of[river.flows_to].length_km
        ):
            yield f"river {river.code!r} enters {river.flows_to!r} at km {river.mouth_km}, beyond its length"
        if (
            min(river.length_km, river.basin_km2, river.mean_discharge_m3_s, river.slope) <= 0
            or len(river.geometry) < 2
        ):
            yield f"river {river.code!r}: length, basin, discharge and slope are positive, a line has two points"
    if sum(river.flows_to is None for river in network.rivers) != 1:
        yield "exactly one river is the outlet of the graph (flows_to null)"


def _check_stations(network: Network) -> Iterator[str]:
    for station in network.stations:
        if station.kind not in STATION_KINDS:
            yield f"station {station.code!r}: kind {station.kind!r} is none of {', '.join(STATION_KINDS)}"
        if station.flood is not None:
            marks = (station.flood.floodplain_cm, station.flood.adverse_cm, station.flood.dangerous_cm)
            known = [mark for mark in marks if mark is not None]
            if known != sorted(set(known)):
                yield f"station {station.code!r}: floodplain, adverse and dangerous levels must rise in this order"
        if station.kind == "seismic":
            continue
        place = _point(network, station.river, station.km)
        if place is None:
            yield f"station {station.code!r}: no km {station.km} on river {station.river!r}"
            continue
        if station.downstream is None:
            if network.river_of[place.river].flows_to is not None:
                yield f"station {station.code!r} is not on the last river, so it needs a next station downstream"
            continue
        below = network.station_of.get(station.downstream)
        target = _point(network, below.river, below.km) if below else None
        if target is None or target == place or network.distance_km(place, target) is None:
            yield f"station {station.code!r}: water never reaches {station.downstream!r} from it"


def _check_devices(network: Network) -> Iterator[str]:
    codes = {device.code: device for device in network.devices}
    for device in network.devices:
        if device.kind not in DEVICE_KINDS:
            yield f"device {device.code!r}: kind {device.kind!r} is none of {', '.join(DEVICE_KINDS)}"
        if device.station not in network.station_of:
            yield f"device {device.code!r} stands at {device.station!r}, which the file does not name"
        if device.expected_interval_s <= 0:
            yield f"device {device.code!r}: expected_interval_s must be positive"
        unknown = [code for code in device.parameters if code not in parameters()]
        if unknown or len(set(device.parameters)) < len(device.parameters):
            yield f"device {device.code!r}: parameters unknown or twice: {', '.join(unknown or device.parameters)}"
        if device.kind == "seismograph" and device.code not in network.seismograph_of:
            yield f"device {device.code!r} is a seismograph without settings"
    for seismograph in network.seismographs:
        if seismograph.device not in codes or codes[seismograph.device].kind != "seismograph":
            yield f"seismograph {seismograph.device!r} is no device of that kind"
        if seismograph.sampling_hz <= 0 or any(channel.counts_per_unit <= 0 for channel in seismograph.channels):
            yield f"seismograph {seismograph.device!r}: sampling and counts per unit must be positive"


def _check_places(network: Network) -> Iterator[str]:
    organisations = {item.code for item in network.organisations}
    owned = [(station.code, station.organisation) for station in network.stations]
    owned += [(outlet.code, outlet.organisation) for outlet in network.outlets]
    owned += [(pit.code, pit.organisation) for pit in network.pits]
    for code, organisation in owned:
        if organisation not in organisations:
            yield f"{code!r} belongs to {organisation!r}, which the file does not name"
    spots = [(station.code, station.latitude, station.longitude) for station in network.stations]
    spots += [(outlet.code, outlet.latitude, outlet.longitude) for outlet in network.outlets]
    spots += [(pit.code, pit.latitude, pit.longitude) for pit in network.pits]
    spots += [(place.code, place.latitude, place.longitude) for place in network.settlements]
    for code, latitude, longitude in spots:
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            yield f"{code!r}: latitude {latitude}, longitude {longitude} are not on the Earth"
    for outlet in network.outlets:
        if outlet.kind not in OUTLET_KINDS:
            yield f"outlet {outlet.code!r}: kind {outlet.kind!r} is none of {', '.join(OUTLET_KINDS)}"
        if _point(network, outlet.river, outlet.km) is None:
            yield f"outlet {outlet.code!r}: no km {outlet.km} on river {outlet.river!r}"
    settlements = {settlement.code for settlement in network.settlements}
    pits = {pit.code for pit in network.pits}
    for seismograph in network.seismographs:
        if seismograph.near_settlement not in {None, *settlements} or seismograph.near_pit not in {None, *pits}:
            yield f"seismograph {seismograph.device!r} stands near a place that the file does not name"


def _point(network: Network, river: str | None, km: float | None) -> RiverPoint | None:
    if river is None or km is None or river not in network.river_of:
        return None
    return RiverPoint(river, km) if 0 <= km <= network.river_of[river].length_km else None


def _check_territories(network: Network) -> Iterator[str]:
    agencies = {item.code for item in network.organisations if item.kind == "agency"}
    known = {("station", item.code) for item in network.stations} | {("pit", item.code) for item in network.pits}
    known |= {("outlet", item.code) for item in network.outlets}
    seen: set[tuple[str, str]] = set()
    for territory in network.territories:
        for agency in territory.agencies:
            if agency not in agencies:
                yield f"territory {territory.code!r}: {agency!r} is no agency of the file"
        for kind in ("station", "outlet", "pit", "settlement"):
            for code in getattr(territory, kind + "s"):
                if kind != "settlement" and (kind, code) not in known:  # those may come in the second file
                    yield f"territory {territory.code!r}: the file names no {kind} {code!r}"
                if (kind, code) in seen:
                    yield f"{kind} {code!r} lies in two territories"
                seen.add((kind, code))
