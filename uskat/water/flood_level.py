"""Levels of a post and the four colours of a flood.

Levels are data of each post, in cm over the zero of its gauge: floodplain (пойма), adverse (неблагоприятное явление,
НЯ), dangerous (опасное явление, ОЯ), and low water. Colours and numbers of the rules: shared sheet `water/norms.md`
§5.1, a proposal of the project; `uskat/data/flood/rules.json`.
"""

from enum import StrEnum
from functools import cache
from importlib.resources import files

import msgspec

from uskat.finding import Severity
from uskat.water.network_items import FloodLevels


class Colour(StrEnum):
    """Least first. yellow: be ready; orange: НЯ reached; red: ОЯ reached."""

    GREEN = "green"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"


COLOURS = tuple(Colour)
COLOUR_RU = {
    Colour.GREEN: "зелёный",
    Colour.YELLOW: "жёлтый",
    Colour.ORANGE: "оранжевый",
    Colour.RED: "красный",
}
COLOUR_SEVERITY = {
    Colour.GREEN: Severity.NOTICE,
    Colour.YELLOW: Severity.NOTICE,
    Colour.ORANGE: Severity.HIGH,
    Colour.RED: Severity.EXTREME,
}


class FloodRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers of the flood rules: levels and jumps in cm, rises in cm a day, temperature in °C."""

    level: str
    source: str
    rise_cm_day: float
    below_adverse_cm: float
    return_margin_cm: float
    return_rise_cm_day: float
    return_consecutive: int
    jam_jump_cm: float
    jam_temperature_c: float
    jam_months: tuple[int, ...]
    gap_min: float
    falling_cm: float


class KnownPost(msgspec.Struct, frozen=True):
    """A real post with published levels."""

    river: str
    post: str
    levels: FloodLevels


class _PostFile(msgspec.Struct, frozen=True):
    notes: str
    posts: tuple[KnownPost, ...]


@cache
def flood_rules() -> FloodRules:
    """The rules that come with the package."""
    return msgspec.json.decode(files("uskat.data.flood").joinpath("rules.json").read_bytes(), type=FloodRules)


@cache
def known_posts() -> tuple[KnownPost, ...]:
    """Real posts whose levels were published, with their sources."""
    return msgspec.json.decode(files("uskat.data.flood").joinpath("posts.json").read_bytes(), type=_PostFile).posts


def yellow_from(levels: FloodLevels, rules: FloodRules) -> float | None:
    """Level at which yellow begins: floodplain or so much below НЯ, the lower one; None when neither is known."""
    known = [levels.floodplain_cm]
    if levels.adverse_cm is not None:
        known.append(levels.adverse_cm - rules.below_adverse_cm)
    given = [level for level in known if level is not None]
    return min(given) if given else None


def colour_of(level_cm: float, levels: FloodLevels, *, rise_cm_day: float | None, rules: FloodRules) -> Colour:
    """Colour of a level with its rise over the day before; a level that the post does not define is not reached."""
    if levels.dangerous_cm is not None and level_cm >= levels.dangerous_cm:
        return Colour.RED
    if levels.adverse_cm is not None and level_cm >= levels.adverse_cm:
        return Colour.ORANGE
    yellow = yellow_from(levels, rules)
    rising = rise_cm_day is not None and rise_cm_day >= rules.rise_cm_day
    return Colour.YELLOW if rising or (yellow is not None and level_cm >= yellow) else Colour.GREEN


def left_to(level_cm: float, mark_cm: float | None) -> float | None:
    """Centimetres left to a mark, negative above it; None for a post without it."""
    return None if mark_cm is None else mark_cm - level_cm
