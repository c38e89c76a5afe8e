"""A pre-check on the map: block, zones of the act, the declared zone, receptors with their results."""

from typing import Any

from uskat.blast.geometry import polygon_feature, zone_around
from uskat.blast.precheck.outlook import Precheck, ReceptorOutlook


def precheck_features(found: Precheck) -> dict[str, Any]:
    """GeoJSON FeatureCollection; zones largest first, then the block, then receptors."""
    passport = found.passport
    ring = passport.ring
    zones: list[dict[str, Any]] = found.distances.zones(passport)["features"] if found.distances is not None else []
    radius = passport.danger_zone.people_m
    declared = {"kind": "declared", "name": "Заявленная опасная зона для людей", "radius_m": radius}
    zones = sorted(
        [*zones, polygon_feature(zone_around(ring, radius), declared | {"blast_id": passport.blast_id})],
        key=lambda feature: -feature["properties"]["radius_m"],
    )
    block = polygon_feature([*ring, ring[0]], {"kind": "block", "name": passport.block, "blast_id": passport.blast_id})
    return {"type": "FeatureCollection", "features": [*zones, block, *map(_receptor, found.receptors)]}


def _receptor(one: ReceptorOutlook) -> dict[str, Any]:
    geometry = one.site.shape.to_geojson() if one.site.shape is not None else None
    return {"type": "Feature", "geometry": geometry, "properties": {"layer": "receptor"} | one.to_json()}
