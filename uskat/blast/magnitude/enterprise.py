"""Magnitudes of a regional catalogue against the charges that enterprises declared (norms.md §3.3).

A magnitude belongs to a declared blast only where nothing else can be meant: within minutes and kilometres there is one
such blast, and one such event of the catalogue. Magnitudes of two networks, or of two types, are not one scale: an
enterprise's law is of the one that sized most of its blasts. Every blast is judged by the law of the *others*, so that
an odd one does not excuse itself.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from uskat.blast.catalogue.event import CatalogueEvent
from uskat.blast.geometry import Point, distance_m
from uskat.blast.magnitude.charge import ChargeCheck, ChargeLaw, ChargePair, check_charge, fit_charge_law
from uskat.blast.magnitude.law import MatchRules, magnitude_pack

KG_PER_T = 1000.0
SILENT = frozenset({"not reported", "other event", "anthropogenic event"})
"""Types that do not say it was something else."""


@dataclass(frozen=True, slots=True)
class FiredCharge:
    """A declared blast that was fired. at: of the recorded event, else as the enterprise says, UTC; place: lon, lat.

    station_id: of the nearest instrument, under which its alert is told.
    """

    blast_id: int
    enterprise: str
    code: str
    at: datetime
    charge_kg: float
    place: Point
    station_id: int | None = None

    @property
    def name(self) -> str:
        """Enterprise and number, for people."""
        return f"{self.enterprise}/{self.code}"


@dataclass(frozen=True, slots=True)
class SizedBlast:
    """A declared blast with its magnitude. apart_s: the catalogue later than the blast; apart_km: their distance."""

    blast: FiredCharge
    event: CatalogueEvent
    apart_s: float
    apart_km: float

    @property
    def pair(self) -> ChargePair:
        """For the regression."""
        return ChargePair(self.blast.charge_kg / KG_PER_T, self.event.magnitude or 0.0)


@dataclass(frozen=True, slots=True)
class JudgedCharge:
    """A blast against the law of its enterprise's other blasts."""

    sized: SizedBlast
    check: ChargeCheck
    law: ChargeLaw | None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "blast_id": self.sized.blast.code,
            "at": self.sized.blast.at.isoformat(),
            "charge_t": self.sized.pair.charge_t,
            "event_id": self.sized.event.id,
            "magnitude": self.sized.event.magnitude,
            "apart_s": self.sized.apart_s,
            "apart_km": self.sized.apart_km,
            "check": self.check.to_json(),
        }


@dataclass(frozen=True, slots=True)
class EnterpriseCharges:
    """What the catalogue says of one enterprise's charges. other_scale: blasts sized by other networks or types.

    law None: fewer than three blasts of one scale, or all of one charge.
    """

    enterprise: str
    network: str
    magnitude_type: str
    law: ChargeLaw | None
    judged: tuple[JudgedCharge, ...]
    other_scale: int

    @property
    def refused(self) -> tuple[str, ...]:
        """Why the law must not be used, in Russian; () when it may be."""
        few = f"взрывов с магнитудой {len(self.judged)}, закон не строится"
        return (few,) if self.law is None else self.law.refused

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "enterprise": self.enterprise,
            "network": self.network,
            "magnitude_type": self.magnitude_type,
            "law": None if self.law is None else self.law.to_json(),
            "usable": self.law is not None and self.law.usable,
            "refused": list(self.refused),
            "other_scale": self.other_scale,
            "blasts": [one.to_json() for one in self.judged],
        }


def match_catalogue(
    events: Iterable[CatalogueEvent], fired: Iterable[FiredCharge], *, rules: MatchRules | None = None
) -> list[SizedBlast]:
    """Declared blasts with the one magnitude that can only be theirs, by time; doubtful pairs are left out.

    An event is left out when it has no magnitude, or its catalogue says that it was no blast.
    """
    known = rules or magnitude_pack().catalogue_match
    blasts = sorted(fired, key=lambda one: (one.at, one.blast_id))
    sized = sorted(
        (one for one in events if one.magnitude is not None and (one.is_blast or one.type in SILENT)),
        key=lambda one: (one.at, one.id),
    )
    pairs = list(_near(sized, blasts, known))
    of_blast = Counter((pair.blast.blast_id, *_scale(pair.event)) for pair in pairs)
    of_event = Counter(pair.event.id for pair in pairs)
    return [
        pair
        for pair in sorted(pairs, key=lambda one: (one.blast.at, one.blast.blast_id, one.event.id))
        if of_blast[pair.blast.blast_id, *_scale(pair.event)] == 1 and of_event[pair.event.id] == 1
    ]


def charges_by_enterprise(sized: Sequence[SizedBlast]) -> list[EnterpriseCharges]:
    """Law and verdicts of every enterprise with a sized blast, by its code."""
    found: dict[str, list[SizedBlast]] = {}
    for one in sized:
        found.setdefault(one.blast.enterprise, []).append(one)
    return [_enterprise(name, members) for name, members in sorted(found.items())]


def _near(events: Sequence[CatalogueEvent], blasts: Sequence[FiredCharge], rules: MatchRules) -> Iterable[SizedBlast]:
    slack = timedelta(seconds=rules.within_s)
    first = 0
    for event in events:
        while first < len(blasts) and blasts[first].at < event.at - slack:
            first += 1
        for blast in blasts[first:]:
            if blast.at > event.at + slack:
                break
            away_km = _apart_km(event, blast)
            if away_km <= rules.within_km:
                yield SizedBlast(blast, event, (event.at - blast.at).total_seconds(), away_km)


def _apart_km(event: CatalogueEvent, blast: FiredCharge) -> float:
    if abs(event.latitude - blast.place[1]) > 1 or abs(event.longitude - blast.place[0]) > 1:
        return float("inf")  # the plane of `distance_m` serves near points only
    return distance_m((event.longitude, event.latitude), blast.place) / 1000


def _scale(event: CatalogueEvent) -> tuple[str, str]:
    return (event.agency or "", (event.magnitude_type or "").casefold())


def _enterprise(name: str, members: Sequence[SizedBlast]) -> EnterpriseCharges:
    counts = Counter(_scale(one.event) for one in members)
    scale = max(counts, key=lambda key: (counts[key], key))
    own = [one for one in members if _scale(one.event) == scale]
    pairs = [one.pair for one in own]
    judged = []
    for place, one in enumerate(own):
        others = fit_charge_law([*pairs[:place], *pairs[place + 1 :]])
        judged.append(JudgedCharge(one, check_charge(others, one.pair), others))
    word = next((one.event.magnitude_type or "" for one in own), "")
    return EnterpriseCharges(name, scale[0], word, fit_charge_law(pairs), tuple(judged), len(members) - len(own))
