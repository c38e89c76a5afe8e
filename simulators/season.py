"""Season and daily course of a small river of the Kuznetsk basin: start values of the norms sheet §6.2 (unverified)."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

DAY_S = 86_400.0
YEAR_DAYS = 365.2425
SOLAR_OFFSET_S = 87.0 / 15.0 * 3600.0
"""Local solar time of longitude 87° E is UTC plus this."""

# Means at the middle of each month, January first.
WATER_TEMPERATURE = (0.1, 0.1, 0.2, 2.0, 10.0, 17.0, 19.5, 17.0, 11.0, 4.0, 0.5, 0.1)
AIR_TEMPERATURE = (-17.0, -15.0, -8.0, 2.0, 10.0, 17.0, 19.0, 16.0, 10.0, 3.0, -7.0, -14.0)
FLOW_RATIO = (0.28, 0.25, 0.3, 2.2, 3.0, 1.1, 0.7, 0.6, 0.6, 0.6, 0.45, 0.35)
OXYGEN_SATURATION = (0.72, 0.66, 0.62, 0.8, 0.96, 0.98, 0.97, 0.95, 0.95, 0.95, 0.9, 0.82)
SUMMER = (0.0, 0.0, 0.0, 0.1, 0.5, 1.0, 1.0, 0.9, 0.5, 0.15, 0.0, 0.0)
ICE = (1.0, 1.0, 1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.0)


def monthly(table: tuple[float, ...], time_s: FloatArray) -> FloatArray:
    """A monthly table at Unix times, linear between the middles of months, periodic over the year."""
    day = np.mod(time_s / DAY_S, YEAR_DAYS)
    position = day / YEAR_DAYS * 12.0
    return np.interp(position, np.arange(-0.5, 13.0), (table[-1], *table, table[0]))


def daily(time_s: FloatArray, *, peak_hour: float) -> FloatArray:
    """A cosine of one day, +1 at `peak_hour` of local solar time."""
    hour = np.mod(time_s + SOLAR_OFFSET_S, DAY_S) / 3600.0
    return np.cos((hour - peak_hour) / 24.0 * 2.0 * np.pi)


def oxygen_saturation_mg_l(temperature_c: FloatArray) -> FloatArray:
    """Dissolved oxygen at saturation, fresh water, 1 atm: Benson and Krause (1984) as in USGS TM 2011.03."""
    kelvin = temperature_c + 273.15
    return np.exp(
        -139.34411 + 1.575701e5 / kelvin - 6.642308e7 / kelvin**2 + 1.243800e10 / kelvin**3 - 8.621949e11 / kelvin**4
    )


def sewage_course(time_s: FloatArray) -> FloatArray:
    """Strength of municipal sewage over the day, mean about 1: peaks at 8–10 h and 19–22 h (norms sheet §6.1)."""
    hour = np.mod(time_s + SOLAR_OFFSET_S, DAY_S) / 3600.0
    return 0.7 + 0.9 * np.exp(-(((hour - 9.0) / 1.8) ** 2)) + 0.9 * np.exp(-(((hour - 20.5) / 2.0) ** 2))
