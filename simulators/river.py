"""The true state of every river of the network at any moment: flow, season, rain, background, discharges.

Everything is a pure function of (seed, place, time): nothing is remembered, so a restart continues the same world.
Physics is deliberately plain – mixing by flow, Jobson velocity, dispersion, first-order loss – and stands in
`uskat.water.travel`; the numbers stand in `simulators.water_kind` and `simulators.season`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulators import season
from simulators.high_water import jam_rise_cm, storm_flow_share, wave_flow_m3_s
from simulators.noise import key_of, smooth
from simulators.scenario import Discharge, Scenario
from simulators.water_kind import EFFLUENTS, RAIN_TURBIDITY_NTU, RAIN_WATER, RIVERS, SOLUTES
from uskat.water.network import Network, Reach, RiverPoint, Station
from uskat.water.travel import Passage, fischer_dispersion, jobson_velocity, passage, pulse_response

FloatArray = NDArray[np.float64]

MINUTE_S = 60.0
HOUR_S = 3600.0
SOURCE_SHARE = 0.1
"""Flow and basin at a river's source, as a share of those at its mouth, when no tributary makes them."""
ICE_DELAY = 1.3
"""Travel under ice takes 1.2–1.5 times as long (norms sheet §5.2)."""
SETTLING_H, COOLING_H = 20.0, 9.0
BOD_DECAY_D, REAERATION_D = 0.3, 0.8
SIMPLE = ("temp", "ph", "do", "orp", "level", "discharge", "precip", "airtemp", "tss", "tds")


@dataclass(frozen=True, slots=True)
class Plume:
    """A discharge as one station meets it. shares are of the river's flow; way: source to station."""

    discharge: Discharge
    kind: str
    effluent: dict[str, float]
    way: Passage
    start_s: float
    duration_s: float
    share: float

    def mixed(self, time_s: FloatArray) -> FloatArray:
        """Share of effluent in the water at the station."""
        strength = 1.0
        if self.kind == "sewage":
            strength = season.sewage_course(time_s - self.way.time_s)  # type: ignore[assignment]
        return self.share * strength * pulse_response(time_s - self.start_s, self.way, duration_s=self.duration_s)


class World:
    """Rivers in which a scenario happens. zero_s: Unix time of the scenario's zero."""

    def __init__(self, network: Network, scenario: Scenario, *, zero_s: float) -> None:
        self.network = network
        self.scenario = scenario
        self.zero_s = zero_s
        self._models: dict[str, Callable[[Station, FloatArray], FloatArray]] = {
            "temp": self._temperature, "ph": self._ph, "do": self._oxygen, "orp": self._orp, "level": self._level,
            "discharge": self._discharge, "precip": self._precipitation, "airtemp": self._air_temperature,
            "tss": lambda station, time: 1.3 * self.value(station.code, "turb", time),
            "tds": lambda station, time: 0.65 * self.value(station.code, "ec25", time),
        }  # fmt: skip

    def value(self, station: str, parameter: str, time_s: FloatArray) -> FloatArray:
        """True values at Unix times, no instrument yet; raises KeyError for a parameter that no model makes."""
        place = self.network.station_of[station]
        model = self._models.get(parameter)
        return model(place, time_s) if model else self._solute(place, parameter, time_s)

    @cached_property
    def plumes(self) -> dict[str, tuple[Plume, ...]]:
        """Every discharge at every station it reaches."""
        outlets = {outlet.code: outlet for outlet in self.network.outlets}
        found: dict[str, list[Plume]] = {}
        for discharge in self.scenario.discharges:
            outlet = outlets[discharge.outlet]
            source = RiverPoint(outlet.river, outlet.km)
            below = {station.code: station for station, _ in self.network.stations_below(source)}
            start_s = self._start_of(discharge, source, below)
            moment = np.array([start_s])
            river_flow = float(self.flow(source, moment)[0])
            flow = discharge.flow_m3_s or river_flow * (discharge.share or 0) / (1 - (discharge.share or 0))
            for code, station in below.items():
                place = _point(station)
                share = flow / (float(self.flow(place, moment)[0]) + flow)
                kind = discharge.kind or outlet.kind
                effluent = EFFLUENTS[kind] | discharge.effluent
                way = self.way(source, place, start_s)
                duration_s = discharge.duration_min * MINUTE_S
                plume = Plume(discharge, kind, effluent, way, start_s, duration_s, share)
                found.setdefault(code, []).append(plume)
        return {code: tuple(plumes) for code, plumes in found.items()}

    def way(self, upper: RiverPoint, lower: RiverPoint, at_s: float) -> Passage:
        """Travel of water that leaves `upper` at a moment, with the flow of that moment; raises ValueError if never."""
        reaches = self.network.reaches_between(upper, lower)
        if reaches is None:
            raise ValueError(f"water from {upper} never reaches {lower}")
        total = Passage(0.0, 0.0, 0.0)
        for reach in reaches:
            if reach.length_km > 0:
                total = total.then(self._reach(reach, at_s))
        return total

    def flow(self, point: RiverPoint, time_s: FloatArray) -> FloatArray:
        """Discharge in m³/s."""
        mean = self.mean_flow(point)
        wander = np.exp(0.08 * smooth(key_of(self.scenario.seed, "flow"), time_s, 5 * season.DAY_S))
        return mean * (self._flow_ratio(time_s) * wander + self._runoff(time_s)) + self._waves(point, time_s)

    def mean_flow(self, point: RiverPoint) -> float:
        """Mean annual discharge in m³/s: tributaries above, and the rest gained evenly along the river."""
        river = self.network.river_of[point.river]
        tributaries = self.network.tributaries(river.code)
        from_tributaries = sum(t.mean_discharge_m3_s for t in tributaries)
        lateral = river.mean_discharge_m3_s - from_tributaries
        source = SOURCE_SHARE * lateral
        along = (lateral - source) * (1 - point.km / river.length_km)
        above = sum(t.mean_discharge_m3_s for t in tributaries if (t.mouth_km or 0.0) >= point.km)
        return max(source + along + above, 0.01)

    def _start_of(self, discharge: Discharge, source: RiverPoint, below: dict[str, Station]) -> float:
        if discharge.start_min is not None:
            return self.zero_s + discharge.start_min * MINUTE_S
        arrival = discharge.arrives
        if arrival is None:
            raise ValueError("a discharge has a start or an arrival")
        arrives_s = self.zero_s + arrival.at_min * MINUTE_S
        start_s = arrives_s
        for _ in range(3):  # the flow, hence the travel time, depends a little on the start
            start_s = arrives_s - self.way(source, _point(below[arrival.station]), start_s).time_s
        return start_s

    def _reach(self, reach: Reach, at_s: float) -> Passage:
        river = self.network.river_of[reach.river]
        middle = RiverPoint(reach.river, (reach.from_km + reach.to_km) / 2)
        moment = np.array([at_s])
        flow, mean = float(self.flow(middle, moment)[0]), self.mean_flow(middle)
        share = mean / river.mean_discharge_m3_s
        velocity = jobson_velocity(
            basin_m2=river.basin_km2 * share * 1e6, mean_discharge_m3_s=mean, discharge_m3_s=flow, slope=river.slope
        )
        velocity /= self.scenario.travel_ratio * (1 + (ICE_DELAY - 1) * float(season.monthly(season.ICE, moment)[0]))
        depth = 0.3 * flow**0.4
        dispersion = fischer_dispersion(
            velocity_m_s=velocity, width_m=flow / (velocity * depth), depth_m=depth, slope=river.slope
        )
        return passage(length_m=reach.length_km * 1000, velocity_m_s=velocity, dispersion_m2_s=dispersion)

    def _flow_ratio(self, time_s: FloatArray) -> FloatArray:
        return season.monthly(season.FLOW_RATIO, time_s) * self.scenario.flow_ratio

    def _runoff(self, time_s: FloatArray) -> FloatArray:
        river = next(river for river in self.network.rivers if river.flows_to is not None)
        return storm_flow_share(self.scenario.rain, river, (time_s - self.zero_s) / HOUR_S)

    def _waves(self, point: RiverPoint, time_s: FloatArray) -> FloatArray:
        return wave_flow_m3_s(self.scenario.waves, self.network, point, (time_s - self.zero_s) / HOUR_S)

    def _runoff_share(self, point: RiverPoint, time_s: FloatArray) -> FloatArray:
        """Part of the water that is storm runoff or a flood wave."""
        runoff = self._runoff(time_s) + self._waves(point, time_s) / self.mean_flow(point)
        return runoff / (self._flow_ratio(time_s) + runoff)

    def _background(self, point: RiverPoint, code: str) -> float:
        """Concentration at mean flow: tributaries mixed with the river's own water by mean flow."""
        own = RIVERS.get(point.river, {}).get(code, SOLUTES[code])
        inflows = [
            (river.mean_discharge_m3_s, self._background(RiverPoint(river.code, 0.0), code))
            for river in self.network.tributaries(point.river)
            if (river.mouth_km or 0.0) >= point.km
        ]
        total = self.mean_flow(point)
        rest = max(total - sum(flow for flow, _ in inflows), 0.0)
        return (rest * own + sum(flow * value for flow, value in inflows)) / (rest + sum(flow for flow, _ in inflows))

    def _solute(self, station: Station, code: str, time_s: FloatArray) -> FloatArray:
        clean = self._clean_solute(station, code, time_s)
        for plume in self.plumes.get(station.code, ()):
            share = plume.mixed(time_s)
            carried = plume.effluent.get(code)
            if carried is not None:
                loss = np.exp(-plume.way.time_s / (SETTLING_H * HOUR_S)) if code == "turb" else 1.0
                clean = clean * (1 - share) + (carried * loss) * share
        return clean

    def _clean_solute(self, station: Station, code: str, time_s: FloatArray) -> FloatArray:
        base = self._background(_point(station), code)
        ratio = self._flow_ratio(time_s)
        key = key_of(self.scenario.seed, station.code, code)
        wander = np.exp(0.04 * smooth(key, time_s, 6 * HOUR_S) + 0.05 * smooth(key + 1, time_s, 4 * season.DAY_S))
        storm = self._runoff_share(_point(station), time_s)
        if code == "turb":
            return base * ratio**0.6 * wander**2.5 + RAIN_TURBIDITY_NTU * storm**1.5
        value = base * (ratio ** (-0.22) if code in {"ec25", "so4", "cl"} else 1.0) * wander
        return value * (1 - storm) + RAIN_WATER.get(code, base) * storm

    def _mixed(self, station: Station, code: str, clean: FloatArray, time_s: FloatArray) -> FloatArray:
        for plume in self.plumes.get(station.code, ()):
            share = plume.mixed(time_s)
            loss = np.exp(-plume.way.time_s / (COOLING_H * HOUR_S)) if code == "temp" else 1.0
            clean = clean + (plume.effluent.get(code, clean) - clean) * share * loss
        return clean

    def _temperature(self, station: Station, time_s: FloatArray) -> FloatArray:
        open_water = 1 - season.monthly(season.ICE, time_s)
        wander = smooth(key_of(self.scenario.seed, "temp"), time_s, 3 * season.DAY_S)
        daily = season.daily(time_s, peak_hour=16.5)
        clean = season.monthly(season.WATER_TEMPERATURE, time_s) + open_water * (0.7 * wander + 1.1 * daily)
        return self._mixed(station, "temp", np.maximum(clean, 0.05), time_s)

    def _ph(self, station: Station, time_s: FloatArray) -> FloatArray:
        key = key_of(self.scenario.seed, station.code, "ph")
        summer = season.monthly(season.SUMMER, time_s)
        clean = 7.75 + 0.16 * summer * season.daily(time_s, peak_hour=16.0) + 0.05 * smooth(key, time_s, season.DAY_S)
        return self._mixed(station, "ph", clean - 0.25 * self._runoff_share(_point(station), time_s), time_s)

    def _oxygen(self, station: Station, time_s: FloatArray) -> FloatArray:
        key = key_of(self.scenario.seed, station.code, "do")
        saturated = season.oxygen_saturation_mg_l(self._temperature(station, time_s))
        summer = season.monthly(season.SUMMER, time_s)
        clean = saturated * season.monthly(season.OXYGEN_SATURATION, time_s)
        clean += 0.9 * summer * season.daily(time_s, peak_hour=15.5) + 0.12 * smooth(key, time_s, 12 * HOUR_S)
        value = self._mixed(station, "do", clean, time_s)
        for plume in self.plumes.get(station.code, ()):  # Streeter–Phelps sag of the organic load
            days = plume.way.time_s / season.DAY_S
            load = 1.46 * plume.effluent.get("bod5", 0.0) * plume.mixed(time_s)
            part = BOD_DECAY_D / (REAERATION_D - BOD_DECAY_D)
            value -= load * part * (np.exp(-BOD_DECAY_D * days) - np.exp(-REAERATION_D * days))
        return np.maximum(value, 0.2)

    def _orp(self, station: Station, time_s: FloatArray) -> FloatArray:
        key = key_of(self.scenario.seed, station.code, "orp")
        return self._mixed(station, "orp", 285.0 + 14.0 * smooth(key, time_s, season.DAY_S), time_s)

    def _level(self, station: Station, time_s: FloatArray) -> FloatArray:
        point = _point(station)
        jam = jam_rise_cm(self.scenario.jams, station.code, (time_s - self.zero_s) / HOUR_S)
        return 110.0 + 95.0 * (self.flow(point, time_s) / self.mean_flow(point)) ** 0.45 + jam

    def _discharge(self, station: Station, time_s: FloatArray) -> FloatArray:
        return self.flow(_point(station), time_s)

    def _precipitation(self, _station: Station, time_s: FloatArray) -> FloatArray:
        total = np.zeros_like(time_s)
        for rain in self.scenario.rain:
            since_h = (time_s - self.zero_s) / HOUR_S - rain.start_min / 60.0
            total += np.where((since_h >= 0) & (since_h < rain.hours) & (rain.kind == "rain"), rain.mm / rain.hours, 0)
        return total / 60.0

    def _air_temperature(self, _station: Station, time_s: FloatArray) -> FloatArray:
        wander = smooth(key_of(self.scenario.seed, "air"), time_s, 2 * season.DAY_S)
        return season.monthly(season.AIR_TEMPERATURE, time_s) + 4 * wander + 4 * season.daily(time_s, peak_hour=15.0)


def _point(station: Station) -> RiverPoint:
    if station.river is None or station.km is None:
        raise ValueError(f"station {station.code} stands on no river")
    return RiverPoint(station.river, station.km)
