"""What a planned blast will do around it, drawn from its passport by the numbers of the pre-check."""

from collections.abc import Mapping, Sequence

from uskat.blast.figure.canvas import ImageFormat
from uskat.blast.figure.map import map_figure
from uskat.blast.geometry import Point, centre, distance_m
from uskat.blast.passport.model import Passport
from uskat.blast.precheck.compose import Surrounded, receptor_forecasts, reckoned_charge_kg
from uskat.blast.propagation.contour import contour_rings
from uskat.finding import number_ru

LEVELS_MM_S = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
LEAST_RINGS = 3
NEAREST = 5
BEYOND = 1.3
"""Contours are drawn until one lies so many times farther than the receptors that are nearest."""


def blast_figure(passport: Passport, around: Surrounded, *, image: ImageFormat = "png") -> bytes:
    """Map of the velocity that 95 % of blasts stay below, from the middle of the block, with all receptors.

    The figures of receptors are those of the pre-check: from the nearest edge of the block. Raises ValueError for a
    receptor without a shape.
    """
    middle, charge_kg = centre(passport.ring), reckoned_charge_kg(passport)
    found = receptor_forecasts(passport, around)
    rings = contour_rings(middle, charge_kg, ground=around.ground, levels_mm_s=LEVELS_MM_S)
    law = "общему закону" if around.ground.usable is None else "закону карьера"
    return map_figure(
        middle,
        _near(rings, middle, sorted(one.distance_m for one in found)),
        forecasts=found,
        block=passport.ring,
        title=f"{passport.blast_id}, {passport.block}: скорость, ниже которой 95 % взрывов\n"
        f"по {law}, {number_ru(charge_kg)} кг в одном замедлении",
        image=image,
    )


def _near(
    rings: Mapping[float, Sequence[Point]], middle: Point, distances_m: Sequence[float]
) -> dict[float, Sequence[Point]]:
    """The strongest contours, out to the receptors that matter."""
    edge = BEYOND * max(distances_m[:NEAREST], default=0.0)
    strongest = sorted(rings.items(), reverse=True)
    return {
        level: ring
        for place, (level, ring) in enumerate(strongest)
        if place < LEAST_RINGS or max(distance_m(middle, point) for point in ring) <= edge
    }
