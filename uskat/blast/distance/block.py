"""Safe distances and danger zones of a whole block, from its passport (`blasting/norms.md` §1.5.7).

What the passport does not say – ground and buildings of the protected place, its depth below the block, weather –
comes as `Site`. Fly-rock is that of the worst hole, glazing that of the heaviest delay. Groups of the seismic formula
are counted conservatively: charges closer than the short delay of the act (20 ms) are one group, so that fewer groups
give a larger distance.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from uskat.blast.distance import formulas
from uskat.blast.distance.formulas import Distance
from uskat.blast.distance.norms import DistanceNorms, Multipliers
from uskat.blast.geometry import polygon_feature, zone_around
from uskat.blast.passport.delay import TICKS_PER_MS, charge_per_delay
from uskat.blast.passport.model import Ground, Hole, Passport
from uskat.blast.passport.rules import DelayWindow
from uskat.blast.provenance import Choice, Frozen

NAMES_RU = {
    "flyrock": "Разлёт кусков породы: зона для людей",
    "seismic": "Сейсмически безопасное расстояние",
    "glazing": "Безопасное расстояние для остекления",
    "gas": "Газоопасная зона",
    "gas_downwind": "Газоопасная зона по ветру",
}


class Site(Frozen):
    """The protected place and the weather. drop_m: how far it lies below the block; None: not known."""

    ground: Ground
    building: str = "settlement"
    action: str = "loosening"
    saturated: bool = False
    drop_m: float = 0.0
    temperature_c: float | None = None
    wind_m_s: float | None = None


@dataclass(frozen=True, slots=True)
class BlockDistances:
    """Distances of one block by kind; warning: about the act, in Russian."""

    distances: dict[str, Distance]
    warning: str | None

    @property
    def people_m(self) -> float:
        """Radius of the danger zone for people: fly-rock of the act."""
        return self.distances["flyrock"].metres

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "distances": {kind: distance.to_json() for kind, distance in self.distances.items()},
            "warning": self.warning,
        }

    def zones(self, passport: Passport) -> dict[str, Any]:
        """Zones around the block as a GeoJSON FeatureCollection, largest first."""
        ordered = sorted(self.distances.items(), key=lambda item: -item[1].metres)
        features = [
            polygon_feature(
                zone_around(passport.ring, distance.metres),
                {
                    "kind": kind,
                    "name": NAMES_RU[kind],
                    "radius_m": round(distance.metres, 1),
                    "blast_id": passport.blast_id,
                    "act": distance.act,
                    "level": distance.level.value,
                },
            )
            for kind, distance in ordered
        ]
        return {"type": "FeatureCollection", "features": features}


def block_distances(
    passport: Passport, site: Site, *, norms: Choice[DistanceNorms], delay: DelayWindow
) -> BlockDistances:
    """All distances of a block. delay: what counts as one; raises KeyError for a building the act does not know."""
    act = norms.act
    groups = list(firing_groups(passport.holes, act.short_delay_below_ms.value))
    found = {
        "flyrock": block_flyrock(passport, act, drop_m=site.drop_m),
        "seismic": formulas.seismic(
            act,
            charge_kg=passport.total_charge_kg,
            ground=site.ground,
            building=site.building,
            action=site.action,
            groups=len(groups),
            saturated=site.saturated,
        ),
        "glazing": _glazing(passport, site, norms=act, delay=delay),
        "gas": formulas.gas_zone(act, charge_t=passport.total_charge_kg / 1000),
    }
    if site.wind_m_s:
        charge_t = passport.total_charge_kg / 1000
        found["gas_downwind"] = formulas.gas_zone(act, charge_t=charge_t, wind_m_s=site.wind_m_s)
    return BlockDistances(found, norms.warning)


def block_flyrock(passport: Passport, norms: DistanceNorms, *, drop_m: float = 0.0) -> Distance:
    """Fly-rock of the worst hole of a block; it needs nothing of the protected place but its depth below the block."""
    decks: dict[str, list[Hole]] = {}
    for hole in passport.holes:
        decks.setdefault(hole.number, []).append(hole)
    each = [_flyrock_of(hole, passport, drop_m=drop_m, norms=norms) for hole in decks.values()]
    return max(each, key=lambda distance: distance.exact_m)


def firing_groups(holes: Sequence[Hole], window_ms: float) -> Iterator[list[Hole]]:
    """Charges in order of firing, split where a charge fires `window_ms` or more after the first of its group."""
    group: list[Hole] = []
    for hole in sorted(holes, key=lambda item: item.delay_ms):
        if group and round((hole.delay_ms - group[0].delay_ms) * TICKS_PER_MS) >= round(window_ms * TICKS_PER_MS):
            yield group
            group = []
        group.append(hole)
    if group:
        yield group


def _flyrock_of(decks: Sequence[Hole], passport: Passport, *, drop_m: float, norms: DistanceNorms) -> Distance:
    depth = max(deck.depth_m for deck in decks)
    charge = min(depth, sum(deck.charge_length_m for deck in decks))
    free = depth - charge
    stemming = sum(deck.stemming_m for deck in decks)
    return formulas.flyrock(
        norms,
        filled=charge / depth,
        stemmed=min(1.0, stemming / free) if free > 0 else 0.0,
        hardness_f=passport.rock.hardness_f,
        diameter_m=max(deck.diameter_mm for deck in decks) / 1000,
        spacing_m=min(passport.pattern.spacing_m, passport.pattern.burden_m),
        drop_m=drop_m,
    )


def _glazing(passport: Passport, site: Site, *, norms: DistanceNorms, delay: DelayWindow) -> Distance:
    """The heaviest delay by equivalent charge decides; any two firing times closer than 20 ms are short delays."""
    times = [hole.delay_ms for hole in passport.holes]
    equivalents = [_equivalent_kg(hole, norms) for hole in passport.holes]
    least = round(norms.short_delay_below_ms.value * TICKS_PER_MS)
    moments = sorted({round(time * TICKS_PER_MS) for time in times})
    multipliers = Multipliers(
        hard_rock=(passport.rock.group or 0) >= norms.hard_rock_from_group.value,
        short_delay=any(later - earlier < least for earlier, later in pairwise(moments)),
        frost=site.temperature_c is not None and site.temperature_c < 0,
    )
    heaviest = charge_per_delay(times, equivalents, convention=delay).charge_kg
    return formulas.glazing(norms, equivalent_kg=heaviest, multipliers=multipliers)


def _equivalent_kg(hole: Hole, norms: DistanceNorms) -> float:
    return formulas.hole_equivalent_kg(
        norms,
        linear_kg_m=hole.charge_kg / hole.charge_length_m,
        diameter_m=hole.diameter_mm / 1000,
        stemming_m=hole.stemming_m,
        holes=1,
        charge_length_m=hole.charge_length_m,
    )
