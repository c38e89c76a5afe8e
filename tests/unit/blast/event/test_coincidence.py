"""norms.md 1.2.6: the streaming coincidence is obspy's."""

import random

import pytest

from tests.unit.blast.event.coincidence_twin import ORIGIN, obspy_events
from uskat.blast.event.coincidence import Trigger, coincidences, partition


def random_triggers(seed):
    rng = random.Random(seed)
    triggers = []
    for station in "ABCDEF":
        time = ORIGIN
        for _ in range(rng.randint(1, 8)):
            time += rng.randint(3, 200) / 10
            length = rng.randint(2, 60) / 10
            triggers.append(Trigger(round(time, 1), round(time + length, 1), station))
            time += length + 0.3
    return triggers


@pytest.mark.parametrize("least", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(12))
def test_the_events_are_those_of_obspy(seed, least):
    triggers = random_triggers(seed)
    found = [
        (round(event.on, 3), sorted(trigger.station for trigger in event.triggers))
        for event in coincidences(triggers, least=least)
    ]
    assert found == obspy_events(triggers, least=least)


def test_order_does_not_matter():
    triggers = random_triggers(3)
    mixed = triggers[:]
    random.Random(1).shuffle(mixed)
    assert coincidences(mixed, least=3) == coincidences(triggers, least=3)
    assert partition(mixed) == partition(triggers)


@pytest.mark.parametrize("seed", range(5))
def test_the_partition_loses_and_doubles_nothing(seed):
    triggers = random_triggers(seed)
    parts = [trigger for event in partition(triggers) for trigger in event.triggers]
    assert sorted(parts) == sorted(triggers)
    for event in partition(triggers):
        stations = [trigger.station for trigger in event.triggers]
        assert len(stations) == len(set(stations))


def test_nothing_gives_nothing_and_no_stations_is_a_mistake():
    assert coincidences([], least=2) == []
    with pytest.raises(ValueError, match="at least"):
        coincidences([], least=0)
