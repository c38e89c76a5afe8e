"""Water events: what moved, how far from what was expected, on which time scale – without any norm.

detector = EventDetector(RIVER_20MIN, ["ph", "ec25", "nh4", "turb", "level"])
step = detector.step(time, {"ph": 7.9, "ec25": 612.0})       one row, in time order
state = detector.to_json()                                   exact; EventDetector.from_json(state, RIVER_20MIN)
fold = fold_events(steps, config=RIVER_20MIN, start=fold)    episodes; fold.to_json(), fold_from_json()
"""

from uskat.water.event.config import EventConfig, NaturalRule, ParameterRule, ScaleKind, TimeScale
from uskat.water.event.detector import Contribution, EventDetector, EventStep
from uskat.water.event.episode import EventEpisode, EventFold, episode_from_json, fold_events, fold_from_json
from uskat.water.event.suites import RIVER_20MIN, SUITES

__all__ = [
    "RIVER_20MIN",
    "SUITES",
    "Contribution",
    "EventConfig",
    "EventDetector",
    "EventEpisode",
    "EventFold",
    "EventStep",
    "NaturalRule",
    "ParameterRule",
    "ScaleKind",
    "TimeScale",
    "episode_from_json",
    "fold_events",
    "fold_from_json",
]
