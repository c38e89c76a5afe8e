"""Catalogue events as QuakeML 1.2 and as FDSN text; `quakeml.read_quakeml` reads the former back unchanged."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from obspy import UTCDateTime
from obspy.core.event import (
    Catalog,
    Comment,
    CreationInfo,
    Event,
    EventDescription,
    Magnitude,
    Origin,
    OriginUncertainty,
    ResourceIdentifier,
)

from uskat.blast.catalogue.event import CatalogueEvent

METRES_PER_KM = 1000.0
TEXT_HEADER = (
    "#EventID|Time|Latitude|Longitude|Depth/km|Author|Catalog|Contributor|ContributorID|MagType|Magnitude|MagAuthor"
    "|EventLocationName|EventType"
)


@dataclass(frozen=True, slots=True)
class DescribedEvent:
    """An event with what people want to know of it. place: name of the pit or region; comments: reasons, in words.

    updated_at: when the judgement was last changed, UTC.
    """

    event: CatalogueEvent
    place: str = ""
    comments: tuple[str, ...] = ()
    updated_at: datetime | None = None


def write_quakeml(events: Sequence[DescribedEvent], *, catalogue_id: str, created: datetime, agency: str) -> bytes:
    """A QuakeML document. catalogue_id: resource id of the catalogue, "smi:…"; ids of events must be such ids too."""
    catalogue = Catalog(
        events=[_event(item, agency) for item in events],
        resource_id=ResourceIdentifier(catalogue_id),
        creation_info=CreationInfo(agency_id=agency, creation_time=UTCDateTime(created)),
    )
    buffer = io.BytesIO()
    catalogue.write(buffer, format="QUAKEML")
    return buffer.getvalue()


def write_text(events: Sequence[DescribedEvent], *, catalogue: str, agency: str) -> bytes:
    """FDSN event text, one line an event."""
    lines = [TEXT_HEADER]
    for item in events:
        event = item.event
        named = event.magnitude is not None
        cells = (
            event.id,
            event.at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds"),
            f"{event.latitude:.5f}",
            f"{event.longitude:.5f}",
            "" if event.depth_km is None else f"{event.depth_km:g}",
            event.agency or agency,
            catalogue,
            agency,
            event.id,
            (event.magnitude_type or "") if named else "",
            f"{event.magnitude:g}" if named else "",
            (event.agency or agency) if named else "",
            item.place,
            event.type,
        )
        lines.append("|".join(" ".join(cell.replace("|", "/").split()) for cell in cells))
    return ("\n".join(lines) + "\n").encode()


def _event(item: DescribedEvent, agency: str) -> Event:
    event = item.event
    author = CreationInfo(
        agency_id=event.agency or agency,
        creation_time=UTCDateTime(item.updated_at) if item.updated_at else None,
    )
    origin = Origin(
        resource_id=ResourceIdentifier(f"{event.id}/origin"),
        time=UTCDateTime(event.at),
        latitude=event.latitude,
        longitude=event.longitude,
        depth=None if event.depth_km is None else event.depth_km * METRES_PER_KM,
        creation_info=author,
    )
    if event.uncertainty_km is not None:
        origin.origin_uncertainty = OriginUncertainty(
            horizontal_uncertainty=event.uncertainty_km * METRES_PER_KM,
            preferred_description="horizontal uncertainty",
        )
    magnitudes = []
    if event.magnitude is not None:
        magnitudes.append(
            Magnitude(
                resource_id=ResourceIdentifier(f"{event.id}/magnitude"),
                mag=event.magnitude,
                magnitude_type=event.magnitude_type,
                origin_id=origin.resource_id,
            )
        )
    return Event(
        resource_id=ResourceIdentifier(event.id),
        event_type=event.type,
        event_type_certainty=event.certainty,
        event_descriptions=[EventDescription(text=item.place, type="region name")] if item.place else [],
        comments=[Comment(text=text, force_resource_id=False) for text in item.comments],
        origins=[origin],
        magnitudes=magnitudes,
        preferred_origin_id=origin.resource_id,
        preferred_magnitude_id=magnitudes[0].resource_id if magnitudes else None,
        creation_info=author,
    )
