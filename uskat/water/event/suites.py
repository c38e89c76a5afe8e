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

GECCO = EventConfig(
    name="gecco",
    cadence_s=60.0,
    warm_up_s=7 * DAY,
    scales=(
        TimeScale("1 h", ScaleKind.LEVEL, limit=1.0, window_s=HOUR, confirm_k=3, confirm_n=5, memory=0),
        TimeScale(
            "24 h",
            ScaleKind.ENVELOPE,
            limit=1.2,
            window_s=DAY,
            lag_s=HOUR,
            every_s=600.0,
            smooth=5,
            confirm_k=5,
            confirm_n=8,
            memory=0,
        ),
        TimeScale("noise 10 min", ScaleKind.CHANGE, limit=1.0, smooth=10, memory=0),
    ),
    # limits in steps of the sensor: its native resolution is documented, and the water is steadier than that
    parameters=MappingProxyType(
        {
            "Cl": ParameterRule(tail=6.0, step=0.01),
            "pH": ParameterRule(tail=32.0, step=0.01),
            "Redox": ParameterRule(tail=11.0, step=1.0),
            "Leit": ParameterRule(tail=12.0, step=1.0),
            "Trueb": ParameterRule(tail=26.0, step=0.001),
            "Cl_2": ParameterRule(tail=21.0, step=0.001),
        }
        | {name: ParameterRule(explains=True) for name in ("Tp", "Fm", "Fm_2")}
    ),
    default=None,
    gap_s=600.0,
    reset_s=DAY,
    headroom=2.5,
    timeout_s=5 * HOUR,
    join_s=HOUR / 2,
)

LRO = EventConfig(
    name="lro",
    cadence_s=900.0,
    warm_up_s=14 * DAY,
    scales=(
        TimeScale("jump", ScaleKind.CHANGE, limit=1.0, smooth=2, memory=1000),
        TimeScale("noise 2 h", ScaleKind.CHANGE, limit=1.0, smooth=8, memory=1000),
    ),
    # temperature, pH and oxygen change smoothly; floods and gates make the tails of the other three heavy
    parameters=MappingProxyType(
        {
            "temp": ParameterRule(tail=15.0),
            "cond": ParameterRule(tail=28.0),
            "ph": ParameterRule(tail=7.5, minimum=0.0, maximum=14.0),
            "do": ParameterRule(tail=20.0),
            "turb": ParameterRule(tail=38.0),
            "stage": ParameterRule(tail=70.0),
        }
    ),
    default=None,
    pool=3.0,
    timeout_s=12 * HOUR,
    impossible=2.0,
)

GBR = EventConfig(
    name="gbr",
    cadence_s=5400.0,
    warm_up_s=14 * DAY,
    scales=(
        TimeScale("spike", ScaleKind.SPIKE, limit=18.0, smooth=1, memory=0),
        TimeScale("jump", ScaleKind.CHANGE, limit=45.0, smooth=1, memory=300),
    ),
    # rivers here change by orders of magnitude, so ratios are judged: a spike of a factor of 2.5 that is gone at once
    parameters=MappingProxyType(
        {
            "Level": ParameterRule(log=True, floor=0.1, relative_floor=0.02, minimum=0.0),
            "Cond": ParameterRule(log=True, floor=10.0, relative_floor=0.02, minimum=0.0),
            "Tur": ParameterRule(log=True, floor=1.0, relative_floor=0.05, minimum=0.0),
        }
    ),
    default=None,
    gap_s=6 * HOUR,
    reset_s=4 * DAY,
    timeout_s=2 * DAY,
    impossible=2.0,
    join_s=4 * HOUR,
)

CANARY = EventConfig(
    name="canary",
    cadence_s=1200.0,
    warm_up_s=7 * DAY,
    scales=(TimeScale("24 h", ScaleKind.ENVELOPE, limit=0.7, window_s=DAY, memory=300),),
    parameters=MappingProxyType({"TEMP": ParameterRule(explains=True)}),
    timeout_s=4 * HOUR,
    keep_usual=True,
    join_s=HOUR,
)

SKAB = EventConfig(
    name="skab",
    cadence_s=1.0,
    warm_up_s=400.0,
    warm_up_rows=400,
    scales=(TimeScale("mean of 20 s", ScaleKind.RESIDUAL, limit=3.0, smooth=20),),
    # the water warms up while the pump runs, event or not
    parameters=MappingProxyType({name: ParameterRule(explains=True) for name in ("Temperature", "Thermocouple")}),
    gap_s=30.0,
    pool=2.0,
    ridge=0.3,
    join_s=30.0,
)

SUITES = MappingProxyType({config.name: config for config in (RIVER_20MIN, GECCO, LRO, GBR, CANARY, SKAB)})
