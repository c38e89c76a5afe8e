"""All indicators of one local year, of a region or of one of its enterprises, as one value and as a table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from uskat.blast.catalogue.event import CatalogueEvent
from uskat.blast.kpi.activity import FiredBlast, MonthOfPit, blasts_by_pit_and_month
from uskat.blast.kpi.magnitude import MagnitudeBasis, MagnitudeKpi, magnitude_kpi
from uskat.blast.kpi.punctuality import Punctuality, ReportDue, punctuality
from uskat.blast.kpi.rules import KpiRules
from uskat.blast.kpi.within_limits import ReceptorPeak, SharesOfReceptors, within_limits
from uskat.blast.norm.pack import AnnualRule

HEADER = ("subject", "indicator", "of", "value", "unit", "n", "note", "level")


@dataclass(frozen=True, slots=True)
class YearFacts:
    """What happened in a local year [since, until). events: of all years; peaks: by quantity of the yearly rule."""

    events: Sequence[CatalogueEvent]
    fired: Sequence[FiredBlast]
    due: Sequence[ReportDue]
    peaks: Mapping[str, Sequence[ReceptorPeak]]
    receptors: Sequence[str]


@dataclass(frozen=True, slots=True)
class YearOfBlasting:
    """Indicators of one subject: an enterprise, or the region. limits: by quantity."""

    subject: str
    magnitude: MagnitudeKpi
    months: tuple[MonthOfPit, ...]
    reports: Punctuality
    limits: dict[str, SharesOfReceptors]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "subject": self.subject,
            "magnitude": self.magnitude.to_json(),
            "months": [month.to_json() for month in self.months],
            "reports": self.reports.to_json(),
            "limits": {quantity: shares.to_json() for quantity, shares in self.limits.items()},
        }

    def rows(self) -> Iterator[tuple[str | float | int | None, ...]]:
        """The same as rows under `HEADER`; an indicator without a value says why in its note."""
        yield from ((self.subject, *row) for row in _magnitude_rows(self.magnitude))
        for month in self.months:
            name = f"{month.enterprise}/{month.pit} {month.month:%Y-%m}"
            yield self.subject, "blasts", name, month.blasts, "шт.", month.blasts, "", ""
            yield self.subject, "charge", name, month.charge_t, "т", month.blasts - month.without_charge, "", ""
        due = sum(item.due for item in self.reports.enterprises)
        late = "" if due else "Отчётов к сроку не было."
        yield self.subject, "reports_on_time", "", self.reports.report_share, "доля", due, late, ""
        share = self.reports.enterprise_share
        yield self.subject, "enterprises_on_time", "", share, "доля", len(self.reports.enterprises), late, ""
        for quantity, shares in self.limits.items():
            note = "" if shares.records else "Не измерялось."
            measured = len(shares.receptors) - len(shares.not_measured)
            yield self.subject, "records_within", quantity, shares.record_share, "доля", shares.records, note, "memory"
            yield self.subject, "places_within", quantity, shares.receptor_share, "доля", measured, note, "memory"


def year_of_blasting(
    subject: str,
    facts: YearFacts,
    *,
    year: int,
    span: tuple[datetime, datetime],
    basis: MagnitudeBasis,
    yearly: Sequence[AnnualRule],
    rules: KpiRules,
    due_h: float,
    zone: tzinfo,
    now: datetime,
) -> YearOfBlasting:
    """Indicators of a year; span: [since, until) of it in UTC; due_h: hours until a report is due."""
    since, until = span
    return YearOfBlasting(
        subject=subject,
        magnitude=magnitude_kpi(facts.events, year, basis=basis, rules=rules),
        months=tuple(blasts_by_pit_and_month(facts.fired, zone)),
        reports=punctuality(facts.due, since=since, until=until, now=now, due_h=due_h),
        limits={
            rule.quantity: within_limits(
                facts.peaks.get(rule.quantity, ()), facts.receptors, rule=rule, since=since, until=until
            )
            for rule in yearly
        },
    )


def _magnitude_rows(kpi: MagnitudeKpi) -> Iterator[tuple[str | float | int | None, ...]]:
    note = " ".join((*kpi.refusals, *kpi.warnings))
    of = f"{kpi.basis.network} {kpi.basis.magnitude_type}, порог {kpi.basis.completeness}"
    for mean in ("arithmetic", "energy"):
        for side, found in (("base", kpi.base), ("year", kpi.year)):
            yield f"magnitude_{mean}_{side}", f"{found.year}", getattr(found, mean), "ML", found.n, "", kpi.level.value
        reduction = kpi.reduction_percent.get(mean) if kpi.reduction_percent else None
        yield f"magnitude_{mean}_reduction", of, reduction, "%", kpi.year.n, note, kpi.level.value
