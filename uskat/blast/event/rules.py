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
    """Prior of places – in the pits, near them, anywhere – and the search grid.

    least_log, most_log: bounds of what a place says for a blast.
    """

    pit_weight: float = Field(ge=0, le=1)
    pit_sd_km: float
    near_weight: float = Field(ge=0, le=1)
    near_sd_km: float
    margin_km: float
    step_km: float
    outlier_sd: float
    outlier_least_s: float
    least_log: float
    most_log: float


class NearAir(Sourced):
    """Is the air wave heard where it must be? Probabilities at one of the stations near the source.

    Pressure by P = k·(R/Q^⅓)^exponent kPa; from audible_pa on it must be heard; heard_within_km: farther it says
    nothing. heard_by_chance: where it need not be heard, of other sources.
    """

    k_kpa: float
    exponent: float
    audible_pa: float
    heard_within_km: float
    heard_blast: float
    heard_other: float
    heard_by_chance: float
    most_stations: int


class Moveout(Sourced):
    """ln likelihood ratio of arrivals (surface against far or deep) per station: normal for blasts and for others."""

    blast: Normal
    other: Normal


class Firing(Sourced):
    """Length of a record from the length of the firing: share·D + fixed + per_km·distance; spread of its log10.

    typical: lengths of firing of blasts in general, as a log-normal.
    """

    share: float
    fixed_s: float
    per_km_s: float
    sd_log10: float
    typical_s: float
    typical_sd_log10: float
    within_km: float
    least_snr: float


class Delays(Sourced):
    """Lines of ripple firing. usual_s: delays of the systems in use; scatter: share by which one delay is off.

    shift_s: by which a row of holes draws arrivals together or apart; width_hz: of a line at least; gain: ln odds for
    a correlation of one; least_snr: of a record's peak. blast, earthquake: best correlation with a usual delay, as
    normals; lineless: share of blasts too short or too scattered to have lines; most_log: bound of what they say.
    """

    usual_s: tuple[float, ...]
    scatter: float
    shift_s: float
    width_hz: float
    gain: float
    least_snr: float
    blast: Normal
    earthquake: Normal
    lineless: float
    most_log: float


class NetworkRules(Sourced):
    """window_s: travel time across the network. aloof_log: ln of the odds that another station's local trouble fits.

    silent_log: ln of the odds that a live station keeps silent at `silent_ratio` times its trigger. records_weigh: so
    many independent records at most in the shape of the signal.
    """

    window_s: float
    aloof_log: float
    silent_log: float
    silent_ratio: float
    records_weigh: float
    clearest: int
    weak_snr: float
    clear_snr: float
    silent_contradict: int
    few_stations: int


class Clock(Sourced):
    """Largest clock error looked for, how far the amplitude may be off, least error reported.

    history: so many readings of a station's clock nearest in time, within history_s, of which `agree` must agree to
    agree_s.
    """

    most_s: float
    amplitude_log10: float
    least_s: float
    history: int
    history_s: float
    agree: int
    agree_s: float


class Match(Sourced):
    """Association with declared blasts. usual_*: share of blasts that are as declared; astray_*: spread of the rest.

    astray_s is the scale of a Laplace law: an hour off is rarer than twenty minutes. within_s, within_km: how far one
    looks; a place is as far away as its uncertainty (95 %) leaves.
    least_log_odds: below it a declaration explains nothing. unmatched_log, most_matched_log: what no declaration, and
    at most a fitting one, says for a blast.
    """

    on_time_s: float
    usual_time: float
    usual_place: float
    usual_size: float
    usual_firing: float
    within_s: float
    within_km: float
    least_log_odds: float
    unmatched_log: float
    most_matched_log: float
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


class Sure(Sourced):
    """Probability from which a kind is named; of an undeclared blast; of one that a single instrument recorded.

    undeclared_within_km: a blast whose place is known worse than that (95 %) is not called undeclared: most sources
    outside the network are earthquakes. undeclared_heard_km: the same where two stations heard it (`event.heard`).
    """

    kind: float
    undeclared: float
    undeclared_alone: float
    undeclared_within_km: float
    undeclared_heard_km: float


class Heard(Sourced):
    """When two stations have heard one source: their moments of firing agree to agree_s, and circles of distance meet.

    slack_share: of the sum of the two distances, by which circles may miss each other (wind, temperature). near_km,
    near_snr: one station alone tells of a source so near, where its ground shook so clearly.
    """

    agree_s: float
    slack_share: float
    near_km: float
    near_snr: float


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
    near_air: NearAir
    moveout: Moveout
    firing: Firing
    delays: Delays
    network: NetworkRules
    clock: Clock
    match: Match
    sure: Sure
    heard: Heard
    p_s: PToS
    classes: dict[str, SignalClass]


@cache
def event_rules() -> EventRules:
    """The rules that ship with the product."""
    return parse_data("event.json", EventRules)
