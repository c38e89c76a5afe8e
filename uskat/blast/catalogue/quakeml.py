"""QuakeML 1.2 into catalogue events, by obspy's reader, one event at a time: a bad one takes no good one with it."""

import io
import warnings
from datetime import UTC
from typing import Any

from lxml import etree  # type: ignore[import-untyped]
from obspy import read_events

from uskat.blast.catalogue.event import (
    BadRow,
    CatalogueError,
    CatalogueEvent,
    CatalogueImport,
    EntryRefusedError,
    RowFault,
    check_entry,
    event_type,
)

METRES_PER_KM = 1000.0


def read_quakeml(payload: bytes) -> CatalogueImport:
    """Events of a QuakeML document; raises CatalogueError for bytes that are none.

    A document type is refused, so that no entity is ever read.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(payload, parser=parser)
    except etree.XMLSyntaxError as error:
        raise CatalogueError(f"not XML: {str(error)[:160]}") from None
    if root.getroottree().docinfo.doctype:
        raise CatalogueError("QuakeML has no document type; entities are not read")
    parameters = [element for element in root if _name(element) == "eventParameters"]
    if _name(root) != "quakeml" or not parameters:
        raise CatalogueError("not QuakeML: no eventParameters")
    elements = [element for element in parameters[0] if _name(element) == "event"]
    namespaces = (etree.QName(root).namespace, etree.QName(parameters[0]).namespace)
    events: list[CatalogueEvent] = []
    refused: list[BadRow] = []
    seen: set[str] = set()
    for place, element in enumerate(elements, 1):
        try:
            event = _event(_alone(element, *namespaces), element)
            if event.id in seen:
                raise EntryRefusedError(RowFault.DUPLICATE_ID, f"id {event.id[:80]!r} came before")
        except EntryRefusedError as error:
            refused.append(BadRow(place, error.fault, str(error)))
            continue
        seen.add(event.id)
        events.append(event)
    return CatalogueImport(tuple(events), tuple(refused))


def _name(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _alone(element: Any, outer: str | None, inner: str | None) -> bytes:
    """A document that holds this event only."""
    # obspy looks for the inner namespace as the default one
    root = etree.Element(
        etree.QName(outer, "quakeml"), nsmap={None: inner, "q": outer} if inner != outer else {None: inner}
    )
    parameters = etree.SubElement(root, etree.QName(inner, "eventParameters"), publicID="smi:local/uskat/one")
    parameters.append(etree.fromstring(etree.tostring(element)))
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8"))


def _event(document: bytes, element: Any) -> CatalogueEvent:
    kind = event_type(_child_text(element, "type"))  # obspy drops an event of an unknown type without a word
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # obspy warns of values outside QuakeML's word lists; judged below
            catalogue = read_events(io.BytesIO(document), format="QUAKEML")
    except Exception as error:  # noqa: BLE001 - obspy raises many types for bad values; all mean this entry is bad
        raise EntryRefusedError(RowFault.UNREADABLE, str(error)[:120]) from None
    if len(catalogue) != 1:
        raise EntryRefusedError(RowFault.UNREADABLE, "no event in the element")
    found = catalogue[0]
    origin = found.preferred_origin() or (found.origins[0] if found.origins else None)
    magnitude = found.preferred_magnitude() or (found.magnitudes[0] if found.magnitudes else None)
    if origin is None or origin.time is None:
        raise EntryRefusedError(RowFault.NO_TIME, "no origin with a time")
    if origin.latitude is None or origin.longitude is None:
        raise EntryRefusedError(RowFault.NO_PLACE, "no origin with a place")
    uncertainty = origin.origin_uncertainty.horizontal_uncertainty if origin.origin_uncertainty else None
    agency = (found.creation_info and found.creation_info.agency_id) or (
        origin.creation_info and origin.creation_info.agency_id
    )
    return check_entry(
        CatalogueEvent(
            id=str(found.resource_id),
            at=origin.time.datetime.replace(tzinfo=UTC),
            latitude=float(origin.latitude),
            longitude=float(origin.longitude),
            depth_km=None if origin.depth is None else float(origin.depth) / METRES_PER_KM,
            magnitude=None if magnitude is None or magnitude.mag is None else float(magnitude.mag),
            magnitude_type=None if magnitude is None else magnitude.magnitude_type,
            type=kind,
            certainty=found.event_type_certainty,
            agency=agency or None,
            uncertainty_km=None if uncertainty is None else float(uncertainty) / METRES_PER_KM,
        )
    )


def _child_text(element: Any, name: str) -> str:
    for child in element:
        if _name(child) == name:
            return str(child.text or "")
    return ""
