"""Water intakes (водозаборы): where a river is drawn from, by whom, since when. A versioned list, not a fixed map.

The file is JSON (`uskat/data/network/demo_intakes.json` is the example): `{version: 1, notes, intakes: [...]}`, whose
objects have the fields of `WaterIntake`. Of several entries of one code the one entered last speaks; an intake that is
given up is entered again with `valid_until`. Days are those of Asia/Novokuznetsk.
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated

import msgspec

Named = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]
Kilometre = Annotated[float, msgspec.Meta(ge=0, le=10_000)]


class WaterUse(StrEnum):
    """What the water is drawn for: питьевое и хозяйственно-бытовое, орошение, технологические нужды."""

    DRINKING = "drinking"
    IRRIGATION = "irrigation"
    TECHNICAL = "technical"


class IntakeError(ValueError):
    """A list of intakes that cannot be used; the text says where and why."""


class WaterIntake(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An intake at kilometre `km` of a river (from its mouth). valid_until: the last day, None: to this day.

    demo: invented, as its name says too.
    """

    code: Named
    name: Named
    river: Named
    km: Kilometre
    use: WaterUse
    valid_from: date
    source: Named
    valid_until: date | None = None
    demo: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    notes: tuple[str, ...]
    intakes: tuple[WaterIntake, ...]


def read_intakes(text: str | bytes) -> tuple[WaterIntake, ...]:
    """Intakes of a file. Raises IntakeError: not of this form, a code twice, a term that ends before it begins."""
    try:
        read = msgspec.json.decode(text, type=_File)
    except msgspec.DecodeError as error:
        raise IntakeError(f"the file is not a list of intakes: {error}") from None
    if read.version != 1:
        raise IntakeError(f"version {read.version}, this program reads 1")
    codes = [one.code for one in read.intakes]
    for one in read.intakes:
        if codes.count(one.code) > 1:
            raise IntakeError(f"{one.code} is there twice")
        check_intake(one)
    return read.intakes


def check_intake(intake: WaterIntake) -> None:
    """Raises IntakeError for a term that ends before it begins, or an invented intake whose name does not say so."""
    if intake.valid_until is not None and intake.valid_until < intake.valid_from:
        raise IntakeError(f"{intake.code}: valid_until lies before valid_from")
    if intake.demo and "демо" not in intake.name.lower():
        raise IntakeError(f"{intake.code}: an invented intake says «демо» in its name")


def intakes_at(intakes: Iterable[WaterIntake], day: date) -> tuple[WaterIntake, ...]:
    """Intakes in use on a day at the place, by code."""
    used = (one for one in intakes if one.valid_from <= day and (one.valid_until is None or day <= one.valid_until))
    return tuple(sorted(used, key=lambda one: one.code))


@cache
def demo_intakes() -> tuple[WaterIntake, ...]:
    """The invented intakes of the demo network."""
    return read_intakes(files("uskat.data").joinpath("network", "demo_intakes.json").read_bytes())
