"""What rivers carry by themselves and what effluents carry: start values of the norms sheet §6.1–6.2 (unverified).

Concentrations in the unit of the parameter; `turb` in NTU. A solute that a source does not name has the river's value.
"""

SOLUTES: dict[str, float] = {
    "ec25": 420.0, "nh4": 0.12, "no2": 0.015, "no3": 3.0, "so4": 45.0, "cl": 12.0, "fe": 0.06, "mn": 0.006,
    "oil": 0.02, "phenol": 0.0005, "cod": 9.0, "bod5": 1.4, "po4_p": 0.03, "cu": 0.0006, "zn": 0.004, "al": 0.02,
    "ni": 0.002, "chl": 0.0, "toc": 4.0, "turb": 5.0,
}  # fmt: skip
"""A clean small river at mean flow."""

RIVERS: dict[str, dict[str, float]] = {
    "krivoy_uskat": {"ec25": 430.0, "nh4": 0.10},
    "pryamoy_uskat": {"ec25": 390.0, "nh4": 0.11, "no3": 2.4},
    "talda": {"ec25": 780.0, "nh4": 0.22, "no2": 0.03, "no3": 14.0, "so4": 85.0, "turb": 7.0},
    "uskat": {"ec25": 450.0, "nh4": 0.14},
    "tom": {"ec25": 210.0, "nh4": 0.06, "no3": 1.5, "so4": 18.0, "turb": 4.0},
}
"""What differs by river; for a river with tributaries it is the water that joins between them."""

RAIN_WATER = {"ec25": 60.0, "nh4": 0.15, "no3": 2.0, "so4": 8.0, "cl": 2.0}
RAIN_TURBIDITY_NTU = 260.0
"""Turbidity of a river that is storm runoff only; soil and banks, so a property of the event, not of the rain."""

EFFLUENTS: dict[str, dict[str, float]] = {
    "mine_water": {
        "ec25": 2800.0, "nh4": 5.5, "no2": 0.7, "no3": 120.0, "so4": 900.0, "turb": 60.0, "temp": 9.0, "ph": 8.2,
        "do": 6.5, "orp": 330.0, "fe": 1.2, "mn": 0.4, "cl": 60.0, "oil": 0.2,
    },
    "washery": {"ec25": 900.0, "turb": 2600.0, "temp": 8.0, "ph": 7.9, "do": 5.0, "orp": 240.0, "cod": 300.0},
    "sewage": {
        "ec25": 1100.0, "nh4": 24.0, "no2": 0.9, "no3": 8.0, "turb": 70.0, "temp": 14.0, "ph": 7.4, "do": 2.0,
        "orp": -60.0, "bod5": 90.0, "cod": 180.0, "po4_p": 4.0, "cl": 90.0,
    },
    "oil": {"oil": 15.0, "toc": 60.0, "cod": 150.0, "bod5": 60.0, "phenol": 0.05},
    "acid": {
        "ec25": 3600.0, "ph": 2.8, "so4": 2200.0, "fe": 90.0, "mn": 15.0, "al": 25.0, "zn": 3.0, "orp": 560.0,
        "do": 5.0, "turb": 90.0, "temp": 9.0,
    },
}  # fmt: skip

INSTRUMENTS: dict[str, tuple[float, float]] = {
    "temp": (0.03, 0.01), "ph": (0.015, 0.01), "ec25": (1.5, 1.0), "do": (0.04, 0.01), "turb": (0.25, 0.1),
    "orp": (2.0, 1.0), "nh4": (0.008, 0.001), "no2": (0.002, 0.001), "no3": (0.15, 0.01), "level": (0.4, 0.1),
    "discharge": (0.02, 0.001), "precip": (0.0, 0.01), "airtemp": (0.1, 0.1),
}  # fmt: skip
"""Noise (one standard deviation) and resolution of a reading, in the parameter's unit."""
OTHER_INSTRUMENT = (0.02, 1e-4)
"""Of every other parameter: noise as a share of the value, resolution in its unit."""
