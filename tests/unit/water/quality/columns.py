"""Readings of one station for tests, from plain lists."""

import numpy as np

from uskat.water.quality.flag import PLACE, QualityTest
from uskat.water.quality.judge import judge
from uskat.water.quality.readings import MICROS, QualitySeries, Readings

START_S = 1_780_000_000 - 1_780_000_000 % 1200


def series_of(*parameters, every_s=60, device=1):
    return [QualitySeries(10 + place, device, code, every_s) for place, code in enumerate(parameters)]


def readings_of(columns, *, every_s=60, flags=None, start_s=START_S):
    """columns: a list of values a series (nan: no reading there), at a steady cadence."""
    series, time, value, flag = [], [], [], []
    for place, column in enumerate(columns):
        for step, one in enumerate(column):
            if np.isfinite(one):
                series.append(place)
                time.append((start_s + step * every_s) * MICROS)
                value.append(one)
                flag.append(1 if flags is None else flags[place][step])
    return Readings(
        np.array(series, np.int64), np.array(time, np.int64), np.array(value, float), np.array(flag, np.int64)
    )


def flags_of(test, readings, series, **more):
    judgement = judge(readings, series, **more)
    return judgement.flags[PLACE[QualityTest(test)]].tolist()


def noisy(level, count, *, seed=1, deviation=0.02, digits=3):
    return np.round(np.random.default_rng(seed).normal(level, deviation, count), digits).tolist()
