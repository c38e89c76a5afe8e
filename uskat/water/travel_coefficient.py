"""Coefficients of travel and mixing as data (`uskat/data/travel.json`): each group with its source and level."""

from functools import cache
from importlib.resources import files

import msgspec


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every group says of itself. level: verified, secondary or memory."""

    source: str
    level: str


class VelocityForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of Jobson's two forms: exponents, then intercept and factor of the probable and of the largest velocity."""

    area: float
    discharge: float
    slope: float
    vp: tuple[float, float]
    vmp: tuple[float, float]


class UnitPeak(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Cup = factor · Tp^(time · Q'a^discharge), in 1e-6 s⁻¹ with Tp in hours."""

    factor: float
    time: float
    discharge: float


class Jobson(_Group, frozen=True, kw_only=True):
    """Jobson's regressions. leading_edge: arrival of the front as a share of the peak's travel time."""

    valid_from: str
    with_slope: VelocityForm
    without_slope: VelocityForm
    leading_edge: float
    unit_peak: UnitPeak
    peak_error_log10: float
    velocity_error_m_s: float


class Ice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many times longer water travels under ice."""

    low: float
    middle: float
    high: float


class SearchWindow(_Group, frozen=True, kw_only=True):
    """late: how much later than probable a peak may come; ice: delay under ice."""

    late: float
    ice: Ice


class Wave(_Group, frozen=True, kw_only=True):
    """celerity: of a kinematic wave, in velocities of the water."""

    celerity: float


class Mixing(_Group, frozen=True, kw_only=True):
    """Fischer's longitudinal and transverse mixing, and how far it takes to mix over the width."""

    dispersion: float
    transverse: float
    length_from_middle: float
    length_from_bank: float


class ChannelGeometry(_Group, frozen=True, kw_only=True):
    """Depth in m as depth_factor · Q^depth_exponent, where no survey exists."""

    depth_factor: float
    depth_exponent: float


class Regime(_Group, frozen=True, kw_only=True):
    """Flow where none is measured: ratio to the annual mean at the middle of each month, and its error factor.

    source_share: flow at a river's source as a share of what the river itself gathers.
    """

    monthly_ratio: tuple[float, ...]
    factor: float
    source_share: float


class TravelCoefficients(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    version: int
    notes: tuple[str, ...]
    jobson: Jobson
    window: SearchWindow
    wave: Wave
    mixing: Mixing
    geometry: ChannelGeometry
    regime: Regime


@cache
def travel_coefficients() -> TravelCoefficients:
    """The coefficients that come with the package."""
    text = files("uskat.data").joinpath("travel.json").read_text(encoding="utf-8")
    return msgspec.json.decode(text, type=TravelCoefficients)
