"""Judged and declared events as events of the event service, and which of them a question asks for."""

from collections.abc import Iterable

from services.api.fdsn.circle import covers
from services.api.fdsn.question import Question
from services.storage.fdsn_reading import EventRow
from uskat.blast.catalogue.event import CatalogueEvent
from uskat.blast.catalogue.quakeml_writing import DescribedEvent
from uskat.blast.event.verdict import QUAKEML_TYPE, VERDICT_RU, Verdict

AUTHORITY = "smi:uskat.local/"
CATALOGUE = "uskat"
AGENCY = "Uskat"


def event_name(identifier: str) -> str:
    """Our own name of an event, from its id with or without the authority before it."""
    return identifier.removeprefix(AUTHORITY)


def described(row: EventRow, *, reasons: bool) -> DescribedEvent:
    """The row as a catalogue event; reasons: tell why as well as what."""
    verdict = Verdict(row.verdict)
    kind, certainty = QUAKEML_TYPE[verdict]
    event = CatalogueEvent(
        id=AUTHORITY + row.name,
        at=row.at,
        latitude=row.latitude,
        longitude=row.longitude,
        type=kind,
        certainty=certainty,
        agency=AGENCY,
        uncertainty_km=row.uncertainty_km,
    )
    words = VERDICT_RU[verdict].capitalize() + "."
    return DescribedEvent(event, row.place, (words, *row.reasons) if reasons else (words,), row.updated_at)


def asked_events(question: Question, items: Iterable[DescribedEvent]) -> list[DescribedEvent]:
    """The events that a question asks for, in its order, from its offset on, no more than its limit."""
    found = [item for item in items if _asked(question, item)]
    order = str(question["orderby"])
    if order.startswith("magnitude"):
        found = [item for item in found if item.event.magnitude is not None]
        found.sort(key=lambda item: item.event.magnitude or 0.0, reverse=order == "magnitude")
    else:
        found.sort(key=lambda item: item.event.at, reverse=order == "time")
    first = question["offset"] - 1
    return found[first : None if question["limit"] is None else first + question["limit"]]


def _asked(question: Question, item: DescribedEvent) -> bool:
    event = item.event
    if not covers(question, event.latitude, event.longitude):
        return False
    for name, value in (("depth", event.depth_km), ("magnitude", event.magnitude)):
        low, high = question[f"min{name}"], question[f"max{name}"]
        if (low, high) != (None, None) and value is None:
            return False  # what is not known is not within bounds
        if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
            return False
    kinds, scale, since = question["eventtype"], question["magnitudetype"], question["updatedafter"]
    if kinds is not None and event.type not in [kind.strip() for kind in kinds.split(",")]:
        return False
    if scale is not None and (event.magnitude_type or "").lower() != scale.lower():
        return False
    if since is not None and (item.updated_at is None or item.updated_at <= since):
        return False
    return question["catalog"] in {None, CATALOGUE} and question["contributor"] in {None, AGENCY}
