"""All that can be said of a passport or report before it is filed: its own sums, the danger zone, the pit it names."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from uskat.blast.distance.block import block_flyrock
from uskat.blast.distance.norms import distance_norms_on
from uskat.blast.explosive.register import explosive_register
from uskat.blast.geometry import Point, distance_to_area_m
from uskat.blast.passport.check import HOLE_OUTSIDE_M, check_danger_zone, check_passport
from uskat.blast.passport.check_report import Observed, check_report
from uskat.blast.passport.discrepancy import Discrepancy, Weight
from uskat.blast.passport.model import Passport
from uskat.blast.passport.report import Report
from uskat.blast.passport.rules import passport_rules
from uskat.blast.provenance import Level, NoActError


def passport_in_order(
    passport: Passport, *, zone: tzinfo, outline: Sequence[Point] | None = None, now: datetime | None = None
) -> list[Discrepancy]:
    """What does not fit, errors first.

    zone: of the local day whose act gives the danger zone; outline: of the pit, where it is known; now: when it is
    filed or announced (UTC), None: whenever.
    """
    found = check_passport(passport, register=explosive_register(), rules=passport_rules())
    found += _danger_zone(passport, zone)
    if outline is not None:
        found += _outside_pit(passport, outline)
    if now is not None:
        found += _over(passport, now, zone)
    return sorted(found, key=lambda item: item.weight is not Weight.ERROR)


def report_in_order(report: Report, passport: Passport, *, observed: Observed | None = None) -> list[Discrepancy]:
    """What does not fit, errors first; observed: what instruments say, None: by the papers alone.

    Raises ValueError for the passport of another blast.
    """
    return check_report(report, passport, register=explosive_register(), rules=passport_rules(), observed=observed)


def _danger_zone(passport: Passport, zone: tzinfo) -> list[Discrepancy]:
    """The declared zone against fly-rock by the act of the planned local day."""
    try:
        act = distance_norms_on(passport.window.planned_from.astimezone(zone).date()).act
    except NoActError:
        return []
    flyrock = block_flyrock(passport, act)
    return check_danger_zone(passport, flyrock.metres, level=flyrock.level)


def _over(passport: Passport, now: datetime, zone: tzinfo) -> list[Discrepancy]:
    """A window that has passed cannot be announced any more."""
    if passport.window.planned_to > now:
        return []
    ended = f"{passport.window.planned_to.astimezone(zone):%d.%m.%Y %H:%M}"
    return [
        Discrepancy(
            code="window_past",
            weight=Weight.ERROR,
            path="window",
            text=f"Окно взрыва уже прошло: кончилось {ended}. Проверьте даты или назначьте новое окно.",
            text_en=f"The window has passed: it ended {ended} local time. Check the dates or choose another window.",
        )
    ]


def _outside_pit(passport: Passport, outline: Sequence[Point]) -> list[Discrepancy]:
    away = max(distance_to_area_m(outline, corner) for corner in passport.ring)
    if away <= HOLE_OUTSIDE_M:
        return []
    return [
        Discrepancy(
            code="block_outside_pit",
            weight=Weight.WARNING,
            path="block_polygon",
            text=f"Блок выходит за контур карьера на {away:.0f} м.",
            text_en=f"The block lies up to {away:.0f} m outside the outline of its pit.",
            found=away,
            unit="м",
            level=Level.MEMORY,
        )
    ]
