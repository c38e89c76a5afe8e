"""Numbers of detection, location and association: `uskat/data/blast/event.json`, with where each is from."""

from functools import cache

from pydantic import Field

from uskat.blast.provenance import Act, Frozen, Sourced, parse_data

Normal = tuple[float, float]


class Ground(Sourced):
    """Velocities. path_sd: relative, of one path; fixed_sd_s: of every arrival; tectonic: of earthquakes' P."""

    p_km_s: float
    path_sd: float
    fixed_sd_s: float
    tectonic_km_s: float
    tectonic_sd_s: float


class Air(Sourced):
    """Sound. late_s: by which the air wave is usually picked late; outlier: share of lags that mean nothing."""

    sound_km_s: float
    share_sd: float
    fixed_sd_s: float
    late_s: float
    outlier: float
    least_s: float


class Amplitude(Sourced):
    """PPV law where a pit has none, spread of laws and stations (log10), prior of the charge per delay."""

    k: float
    beta: float
    law_sd: float
    station_sd: float
    charge_kg: float
    charge_sd_log10: float
    least_snr: float


class Place(Sourced):
    """Prior of places and the search grid."""

    pit_weight: float = Field(ge=0, le=1)
    pit_sd_km: float
    margin_km: float
    step_km: float
    outlier_sd: float
    outlier_least_s: float


class NetworkRules(Sourced):
    """window_s: travel time across the network. aloof_log: ln of the odds that another station's local trouble fits.

    silent_log: ln of the odds that a live station keeps silent at `silent_ratio` times its trigger. records_weigh: so
    many independent records at most in the shape of the signal.
    """

    window_s: float
    aloof_log: float
    silent_log: float
    silent_ratio: float
    most_log_odds: float
    records_weigh: float


class Clock(Sourced):
    """Largest clock error looked for, how far the amplitude may be off, least error reported."""

    most_s: float
    amplitude_log10: float
    least_s: float


class Match(Sourced):
    """Association with declared blasts. usual: share of blasts that are as declared; astray_*: spread of the rest."""

    on_time_s: float
    usual: float
    astray_s: float
    astray_km: float
    astray_log10: float
    block_km: float
    undeclared_per_day: float
    fired: float
    early_late_s: float
    elsewhere_sd: float
    elsewhere_km: float
    size_sd: float


class PToS(Sourced):
    """log10 of P over S from which a record looks like a blast (norms.md 3.6.4)."""

    blast_from_log10: float


class SignalClass(Frozen):
    """What records of a class look like: mean and spread of features, probabilities of air waves.

    networked: its source can move several stations together.
    """

    prior: float
    log_frequency: Normal
    ripple: Normal
    p_s_log10: Normal
    axis_share: Normal
    log_snr: Normal
    log_ppv: Normal
    air_first: float
    air_late: float
    networked: bool


class EventRules(Act):
    """All of `event.json`."""

    ground: Ground
    air: Air
    amplitude: Amplitude
    place: Place
    network: NetworkRules
    clock: Clock
    match: Match
    p_s: PToS
    classes: dict[str, SignalClass]


@cache
def event_rules() -> EventRules:
    """The rules that ship with the product."""
    return parse_data("event.json", EventRules)
