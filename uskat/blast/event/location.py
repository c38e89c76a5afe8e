"""Where and when: grid search over arrival times, air waves and amplitudes, with the pits as a prior.

Two steps. (1) Equal differential times (Font et al. 2004; Lomax, NonLinLoc) pick the place that most pairs of stations
agree on: a wrong clock or a late pick loses its pairs and nothing else. (2) Stations that agree there give a Gaussian
posterior on two grids; origin time and source strength are integrated out in closed form. The uncertainty is the
covariance of the posterior; it includes the spread of velocities, not only of picks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from uskat.blast.event.district import District, Floats, Reach, box, distances, reach_of
from uskat.blast.event.record import RecordFeatures
from uskat.blast.event.rules import event_rules

Mask = NDArray[np.bool_]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CHI2_95_2D = 5.991464547107979
PAIR_SD_S = 0.1
"""Half a step of the coarse grid in seconds of travel."""
FINE_NODES = 61
FINE_SPREADS = 4.5
WRONG_ARRIVAL, WRONG_WITHIN_S = 0.15, 10.0
REMEMBERED = 4096
MOST_PAIRED = 16
"""Stations that vote on the rough place: pairs grow as the square, and the clearest arrivals know it best."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Records of one event as arrays over n stations: km shape (n, 2), Unix seconds, sd, log10 PPV (nan: too weak)."""

    stations: tuple[str, ...]
    places: Floats
    times: Floats
    sds: Floats
    log_ppv: Floats
    air_lags: Floats


@dataclass(frozen=True, slots=True)
class _Travels:
    """Where the waves of each node get to, and the spread of their arrival in s, shape (nodes, stations)."""

    reach: Reach
    sd: Floats


@dataclass(frozen=True, slots=True)
class Location:
    """An epicentre. covariance: of (east, north), km²; uncertainty_km: half the long axis of the 95 % ellipse.

    residuals, outliers: stations whose arrival fits and does not fit, with the residual in s (late positive). misfit:
    mean square of the residuals that fit over their spread.
    """

    latitude: float
    longitude: float
    at: datetime
    time_sd_s: float
    east_km: float
    north_km: float
    covariance: tuple[float, float, float]
    uncertainty_km: float
    residuals: tuple[tuple[str, float], ...]
    outliers: tuple[tuple[str, float], ...]
    misfit: float

    @property
    def place(self) -> Floats:
        """Kilometres, shape (2,)."""
        return np.array([self.east_km, self.north_km])

    def covers(self, place: Floats) -> bool:
        """True when a place in km lies inside the 95 % ellipse."""
        return self.mahalanobis2(place, extra_km=0.0) <= CHI2_95_2D

    def mahalanobis2(self, place: Floats, *, extra_km: float) -> float:
        """Squared distance of a place in units of the uncertainty, widened by `extra_km` in every direction."""
        a, b, c = self.covariance
        matrix = np.array([[a + extra_km**2, b], [b, c + extra_km**2]])
        apart = place - self.place
        return float(apart @ np.linalg.solve(matrix, apart))


def arrivals_of(records: Sequence[RecordFeatures], district: District) -> Arrivals:
    """Arrays of the records of one event, one per station."""
    rules = event_rules()
    ordered = sorted(records, key=lambda record: record.station)
    strong = [record.snr >= rules.amplitude.least_snr for record in ordered]
    lags = [_air_lag(record) for record in ordered]
    return Arrivals(
        stations=tuple(record.station for record in ordered),
        places=np.array([district.place_of[record.station] for record in ordered]),
        times=np.array([(record.onset_at - EPOCH).total_seconds() for record in ordered]),
        sds=np.array([record.onset_sd_s for record in ordered]),
        log_ppv=np.array([np.log10(r.ppv_mm_s) if s else np.nan for r, s in zip(ordered, strong, strict=True)]),
        air_lags=np.array([np.nan if lag is None else lag for lag in lags]),
    )


def locate(records: Sequence[RecordFeatures], district: District) -> Location:
    """Place and origin time of a blast seen by the given records, one a station; from one record on.

    Raises ValueError without records. With one or two stations the pits, the air wave and the amplitudes carry the
    place and the uncertainty says so. The same records in the same district are located once: a period is judged
    anew with every record that comes late, and most of its events are what they were.
    """
    if not records:
        raise ValueError("nothing to locate")
    return _located(tuple(sorted(records, key=_station)), district)


def _station(record: RecordFeatures) -> tuple[object, ...]:
    return (record.station, record.start)


@lru_cache(maxsize=REMEMBERED)
def _located(records: tuple[RecordFeatures, ...], district: District) -> Location:
    arrivals, coarse = _coarse(records, district)
    reference = float(arrivals.times.min())
    times = arrivals.times - reference
    air, amplitude = _log_air(coarse.reach, arrivals), _log_amplitude(coarse.reach, arrivals)
    value = 0.3 * district.grid_log_prior + air + 0.5 * amplitude + _log_pairs(coarse, arrivals, times)
    rough = np.asarray(district.grid[int(np.argmax(value))], dtype=np.float64)
    inside = _agreeing(arrivals, times, rough)
    value = _log_arrivals(coarse, times, inside=inside) + (air + amplitude) + district.grid_log_prior
    mean, covariance = _moments(district.grid, value)
    for _ in range(2):
        spread = np.sqrt(np.diag(covariance))
        half = np.clip(FINE_SPREADS * spread, 0.4, 25.0)
        step = 2 * half.max() / (FINE_NODES - 1)
        nodes = box(mean - half, mean + half, step_km=step)
        fine = _travels(reach_of(distances(nodes, arrivals.places)), arrivals)
        value = _log_arrivals(fine, times, inside=inside)
        value = value + (_log_air(fine.reach, arrivals) + _log_amplitude(fine.reach, arrivals))
        value = value + district.log_prior(nodes)
        mean, covariance = _moments(nodes, value)
        covariance += np.eye(2) * step**2 / 12
    return _location(
        arrivals, times, district=district, inside=inside, mean=mean, covariance=covariance, zero=reference
    )


def surface_or_far(records: Sequence[RecordFeatures], district: District) -> float:
    """ln of the likelihood ratio of the best blast at the surface to the best source far away or deep, by arrivals.

    Each arrival may be wrong (a late pick, a wrong clock) with a fixed probability, so that one does not decide.
    """
    return _surface_or_far(tuple(sorted(records, key=_station)), district)


@lru_cache(maxsize=REMEMBERED)
def _surface_or_far(records: tuple[RecordFeatures, ...], district: District) -> float:
    arrivals, coarse = _coarse(records, district)
    times = arrivals.times - float(arrivals.times.min())
    columns, ground = district.columns(arrivals.stations), event_rules().ground
    surface = _best_fit(times - coarse.reach.travel_s, coarse.sd)
    travel = district.far_distances[:, columns] / ground.tectonic_km_s
    sd = np.broadcast_to(np.hypot(arrivals.sds, ground.tectonic_sd_s), travel.shape)
    return surface - _best_fit(times - travel, sd)


def _best_fit(shifted: Floats, sd: Floats) -> float:
    """Largest ln likelihood over nodes of origin times of shape (nodes, stations)."""
    origin = np.median(shifted, axis=1, keepdims=True)
    normal = np.exp(-(((shifted - origin) / sd) ** 2) / 2) / (np.sqrt(2 * np.pi) * sd)
    return float(np.log((1 - WRONG_ARRIVAL) * normal + WRONG_ARRIVAL / WRONG_WITHIN_S).sum(axis=1).max())


def _air_lag(record: RecordFeatures) -> float | None:
    lag = record.air_after_s
    return lag if lag is not None and lag >= event_rules().air.least_s else None


def _travels(reach: Reach, arrivals: Arrivals) -> _Travels:
    rules = event_rules().ground
    return _Travels(reach, np.sqrt(arrivals.sds**2 + reach.travel_variance + rules.fixed_sd_s**2))


@lru_cache(maxsize=8)
def _coarse(records: tuple[RecordFeatures, ...], district: District) -> tuple[Arrivals, _Travels]:
    """The coarse search of an event: its place and its depth are looked for among the same nodes."""
    arrivals = arrivals_of(records, district)
    return arrivals, _travels(district.grid_reach.of(district.columns(arrivals.stations)), arrivals)


def _log_pairs(travels: _Travels, arrivals: Arrivals, times: Floats) -> Floats:
    """How many pairs of stations agree on each node; 0 for one station."""
    count = min(len(times), MOST_PAIRED)
    if count < 2:
        return np.zeros(len(travels.sd))
    clearest = np.sort(np.argsort(arrivals.sds, kind="stable")[:count])
    shifted, variance = (times - travels.reach.travel_s)[:, clearest], travels.sd[:, clearest] ** 2
    stack = np.zeros(len(shifted))
    for first in range(count - 1):
        residual = shifted[:, first : first + 1] - shifted[:, first + 1 :]
        both = variance[:, first : first + 1] + variance[:, first + 1 :] + PAIR_SD_S**2
        stack += (np.exp(-(residual**2) / (2 * both)) / np.sqrt(both)).sum(axis=1)
    return np.asarray(count * np.log(stack + 1e-12), dtype=np.float64)


def _agreeing(arrivals: Arrivals, times: Floats, place: Floats) -> Mask:
    """Stations whose arrival fits a source near a place; at least the best one."""
    rules = event_rules().place
    nodes = box(place - rules.step_km, place + rules.step_km, step_km=rules.step_km / 4)
    travels = _travels(reach_of(distances(nodes, arrivals.places)), arrivals)
    shifted, sd = times - travels.reach.travel_s, travels.sd
    limit = np.maximum(rules.outlier_sd * sd, rules.outlier_least_s)
    # every arrival in turn gives the origin time: shape (nodes, origins, stations)
    ratio = np.abs(shifted[:, None, :] - shifted[:, :, None]) / limit[:, None, :]
    score = np.maximum(1 - ratio**2, 0).sum(axis=2)
    node, origin = np.unravel_index(int(np.argmax(score)), score.shape)
    return np.asarray(ratio[node, origin] < 1)


def _log_air(reach: Reach, arrivals: Arrivals) -> Floats:
    """ln likelihood of the air waves' lags behind the ground: a mixture, since gusts and echoes are picked too."""
    air = event_rules().air
    known = ~np.isnan(arrivals.air_lags)
    if not known.any():
        return np.zeros(len(reach.lag_s))
    expected, sd = reach.lag_s[:, known], reach.lag_sd_s[:, known]
    normal = np.exp(-(((arrivals.air_lags[known] - expected) / sd) ** 2) / 2) / (np.sqrt(2 * np.pi) * sd)
    return np.asarray(np.log((1 - air.outlier) * normal + air.outlier / 60.0).sum(axis=1), dtype=np.float64)


def _log_amplitude(reach: Reach, arrivals: Arrivals) -> Floats:
    """ln likelihood of the peaks, the source's strength integrated out over its prior."""
    rules = event_rules().amplitude
    known = ~np.isnan(arrivals.log_ppv)
    count = int(known.sum())
    if not count:
        return np.zeros(len(reach.log_m))
    typical = np.log10(rules.k) - rules.beta / 2 * np.log10(rules.charge_kg)
    residual = arrivals.log_ppv[known] - rules.beta * reach.log_m[:, known] - typical
    variance, common = (1.3 * rules.station_sd) ** 2, (abs(rules.beta) / 2 * rules.charge_sd_log10) ** 2 + 0.1**2
    shared = common / (variance + count * common)
    square = (residual**2).sum(axis=1) - shared * residual.sum(axis=1) ** 2
    return np.asarray(-square / (2 * variance), dtype=np.float64)


def _log_arrivals(travels: _Travels, times: Floats, *, inside: Mask) -> Floats:
    """ln likelihood of the arrivals of the stations `inside`, the origin time integrated out."""
    shifted, sd = times - travels.reach.travel_s, travels.sd
    weight = np.where(inside, 1 / sd**2, 0.0)
    total = weight.sum(axis=1)
    origin = (weight * shifted).sum(axis=1) / total
    square = (weight * (shifted - origin[:, None]) ** 2).sum(axis=1)
    # a flat origin time leaves ½·ln Σw, the spreads of the arrivals that depend on the distance leave −Σ ln σ
    scale = -np.log(np.where(inside, sd, 1.0)).sum(axis=1) - 0.5 * np.log(total)
    return np.asarray(-square / 2 + scale, dtype=np.float64)


def _moments(nodes: Floats, value: Floats) -> tuple[Floats, Floats]:
    weight = np.exp(value - value.max())
    weight /= weight.sum()
    mean = weight @ nodes
    apart = nodes - mean
    return mean, (weight[:, None] * apart).T @ apart


def _location(
    arrivals: Arrivals, times: Floats, *, district: District, inside: Mask,
    mean: Floats, covariance: Floats, zero: float,
) -> Location:  # fmt: skip
    travels = _travels(reach_of(distances(mean[None, :], arrivals.places)), arrivals)
    shifted, sd = times - travels.reach.travel_s[0], travels.sd[0]
    weight = np.where(inside, 1 / sd**2, 0.0)
    origin = float((weight * shifted).sum() / weight.sum())
    residual = [(name, float(r)) for name, r in zip(arrivals.stations, shifted - origin, strict=True)]
    count = max(1, int(inside.sum()) - 1)
    latitude, longitude = district.to_globe(mean)
    largest = float(np.linalg.eigvalsh(covariance)[-1])
    slowness = event_rules().ground.p_km_s
    return Location(
        latitude=latitude,
        longitude=longitude,
        at=EPOCH + timedelta(seconds=round(zero + origin, 6)),
        time_sd_s=float(np.hypot(1 / np.sqrt(weight.sum()), np.sqrt(largest) / slowness)),
        east_km=float(mean[0]),
        north_km=float(mean[1]),
        covariance=(float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1])),
        uncertainty_km=float(np.sqrt(CHI2_95_2D * largest)),
        residuals=tuple(item for item, fits in zip(residual, inside, strict=True) if fits),
        outliers=tuple(item for item, fits in zip(residual, inside, strict=True) if not fits),
        misfit=float((weight * (shifted - origin) ** 2).sum() / count),
    )
