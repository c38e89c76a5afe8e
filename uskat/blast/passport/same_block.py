"""Two passports for one block: a slip of a number, or a blast that is counted twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from uskat.blast.geometry import Point, centre, distance_to_area_m
from uskat.blast.passport.discrepancy import Discrepancy, Weight
from uskat.blast.passport.model import Passport
from uskat.blast.provenance import Level


@dataclass(frozen=True, slots=True)
class WaitingBlock:
    """A blast of the same pit that is neither fired nor cancelled: its number, its outline, when its window begins."""

    blast_id: str
    ring: Sequence[Point]
    planned_from: datetime


def same_block(passport: Passport, others: Sequence[WaitingBlock], *, zone: tzinfo) -> list[Discrepancy]:
    """A warning for each other blast whose block has its middle in this one, or the other way round."""
    return [_told(other, zone) for other in others if _one_place(passport.ring, other.ring)]


def _one_place(one: Sequence[Point], other: Sequence[Point]) -> bool:
    return distance_to_area_m(one, centre(other)) == 0 or distance_to_area_m(other, centre(one)) == 0


def _told(other: WaitingBlock, zone: tzinfo) -> Discrepancy:
    begins = f"{other.planned_from.astimezone(zone):%d.%m.%Y %H:%M}"
    return Discrepancy(
        code="block_twice",
        weight=Weight.WARNING,
        path="block_polygon",
        text=f"На этом же блоке уже подан взрыв {other.blast_id}, окно с {begins}. Если это он же, исправьте или "
        "отмените один из паспортов.",
        text_en=f"Blast {other.blast_id} is filed for the same block already, its window begins {begins} local time.",
        level=Level.MEMORY,
    )
