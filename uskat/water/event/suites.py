"""Ready configurations: the product's own and one for each suite of the public benchmark."""

from types import MappingProxyType

from uskat.water.event.config import EventConfig, NaturalRule, ParameterRule, ScaleKind, TimeScale

HOUR = 3600.0
DAY = 24 * HOUR

RIVER_20MIN = EventConfig(
    name="river_20min",
    cadence_s=1200.0,
    warm_up_s=4 * DAY,
    scales=(
        TimeScale("jump", ScaleKind.CHANGE, limit=14.0, smooth=2, memory=500),
        TimeScale("3 h", ScaleKind.LEVEL, limit=8.0, window_s=3 * HOUR, memory=500),
        TimeScale(
            "24 h",
            ScaleKind.ENVELOPE,
            limit=3.0,
            window_s=DAY,
            lag_s=6 * HOUR,
            smooth=3,
            confirm_k=3,
            confirm_n=4,
            memory=500,
        ),
        TimeScale("noise 3 h", ScaleKind.CHANGE, limit=8.0, smooth=9, memory=500),
    ),
    parameters=MappingProxyType(
        {
            # matter: somewhat less than the sizes of the norms sheet §6.1, as it is counted from the band of the day
            "temp": ParameterRule(floor=0.1, matter=1.5, natural=0, daily=True),
            "ph": ParameterRule(floor=0.02, matter=0.2, natural=0, daily=True),
            "ec25": ParameterRule(
                tail=1.5, floor=2.0, relative_floor=0.01, matter=40.0, matter_share=0.12, natural=-1, daily=True
            ),
            "do": ParameterRule(floor=0.1, matter=0.8, natural=0, daily=True),
            "turb": ParameterRule(tail=1.5, floor=1.0, relative_floor=0.1, log=True, matter=0.6, natural=1),
            "orp": ParameterRule(tail=1.5, floor=5.0, matter=35.0, natural=0, daily=True),
            "nh4": ParameterRule(tail=1.2, floor=0.05, relative_floor=0.1, log=True, matter=0.4, daily=True),
            "no3": ParameterRule(tail=1.2, floor=0.2, relative_floor=0.05, log=True, matter=0.35),
            "no2": ParameterRule(tail=1.2, floor=0.02, relative_floor=0.1, log=True, matter=0.45),
            "oil": ParameterRule(tail=1.5, relative_floor=0.02, matter=0.015),
        }
        | {
            name: ParameterRule(explains=True)
            for name in ("level", "discharge", "flow", "precip", "airtemp", "airpressure", "battery")
        }
    ),
    default=ParameterRule(tail=1.5, relative_floor=0.02, natural=None),
    natural=NaturalRule(levels=(("level", 1.0), ("discharge", 0.02)), rain=("precip",)),
    gap_s=2 * HOUR,
    reset_s=2 * DAY,
    headroom=2.0,
    timeout_s=18 * HOUR,
    confirm_k=2,
    confirm_n=3,
    release=0.8,
    join_s=2 * HOUR,
)

SUITES = MappingProxyType({config.name: config for config in (RIVER_20MIN,)})
