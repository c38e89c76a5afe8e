"""An event of a regional catalogue, and the report of an import: what was taken, what was refused and why."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

EVENT_TYPES = frozenset({
    "not existing", "not reported", "other event", "earthquake", "anthropogenic event", "collapse", "cavity collapse",
    "mine collapse", "building collapse", "explosion", "accidental explosion", "chemical explosion",
    "controlled explosion", "experimental explosion", "industrial explosion", "mining explosion", "quarry blast",
    "road cut", "blasting levee", "nuclear explosion", "induced or triggered event", "rock burst",
    "reservoir loading", "fluid injection", "fluid extraction", "crash", "plane crash", "train crash", "boat crash",
    "atmospheric event", "sonic boom", "sonic blast", "acoustic noise", "thunder", "avalanche", "snow avalanche",
    "debris avalanche", "hydroacoustic event", "ice quake", "slide", "landslide", "rockslide", "meteorite",
    "volcanic eruption",
})  # fmt: skip
"""Event types of QuakeML 1.2."""
RUSSIAN_TYPES = {"взрыв": "explosion", "землетрясение": "earthquake", "промышленный взрыв": "industrial explosion"}
BLASTS = frozenset({
    "explosion", "chemical explosion", "controlled explosion", "industrial explosion", "mining explosion",
    "quarry blast", "road cut",
})  # fmt: skip


class CatalogueError(ValueError):
    """A file that is no catalogue at all: nothing in it can be read."""


class RowFault(StrEnum):
    """Why an entry was refused."""

    UNREADABLE = "unreadable"
    NO_TIME = "no_time"
    BAD_TIME = "bad_time"
    NO_PLACE = "no_place"
    BAD_PLACE = "bad_place"
    BAD_NUMBER = "bad_number"
    UNKNOWN_TYPE = "unknown_type"
    DUPLICATE_ID = "duplicate_id"
    NO_ID = "no_id"


FAULT_RU = {
    RowFault.UNREADABLE: "не прочитано", RowFault.NO_TIME: "нет времени", RowFault.BAD_TIME: "время не понято",
    RowFault.NO_PLACE: "нет координат", RowFault.BAD_PLACE: "координаты невозможны",
    RowFault.BAD_NUMBER: "число не понято или невозможно", RowFault.UNKNOWN_TYPE: "неизвестный вид события",
    RowFault.DUPLICATE_ID: "номер уже был выше", RowFault.NO_ID: "нет номера события",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CatalogueEvent:
    """One event. at: origin time, UTC; depth in km below sea level; None where the catalogue does not say.

    type: of QuakeML 1.2, as the catalogue gives it; certainty `known` or `suspected`.
    """

    id: str
    at: datetime
    latitude: float
    longitude: float
    depth_km: float | None = None
    magnitude: float | None = None
    magnitude_type: str | None = None
    type: str = "not reported"
    certainty: str | None = None
    agency: str | None = None
    uncertainty_km: float | None = None

    @property
    def is_blast(self) -> bool:
        """True for explosions of any industrial kind."""
        return self.type in BLASTS

    def to_json(self) -> dict[str, Any]:
        """Plain values; time in ISO 8601."""
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "latitude": self.latitude,
            "longitude": self.longitude,
            "depth_km": self.depth_km,
            "magnitude": self.magnitude,
            "magnitude_type": self.magnitude_type,
            "type": self.type,
            "certainty": self.certainty,
            "agency": self.agency,
            "uncertainty_km": self.uncertainty_km,
        }


@dataclass(frozen=True, slots=True)
class BadRow:
    """An entry that was refused. place: 1-based line of a table (header = 1), or number of the event in QuakeML."""

    place: int
    fault: RowFault
    detail: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"place": self.place, "fault": self.fault.value, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class CatalogueImport:
    """Everything of one file: good events in its order, and what was refused."""

    events: tuple[CatalogueEvent, ...]
    refused: tuple[BadRow, ...]

    def to_json(self) -> dict[str, Any]:
        """Counts and refusals; the events are stored, not reported."""
        return {"taken": len(self.events), "refused": [row.to_json() for row in self.refused]}


class EntryRefusedError(ValueError):
    """One entry is bad; caught by the importers, which turn it into a BadRow."""

    def __init__(self, fault: RowFault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault


def check_entry(event: CatalogueEvent) -> CatalogueEvent:
    """The same event, or EntryRefusedError for an impossible time, place, depth or magnitude."""
    if event.at.tzinfo is None or not 1900 <= event.at.astimezone(UTC).year <= 2200:
        raise EntryRefusedError(RowFault.BAD_TIME, f"impossible time {event.at}")
    if not (-90 <= event.latitude <= 90 and -180 <= event.longitude <= 180):
        raise EntryRefusedError(RowFault.BAD_PLACE, f"impossible place {event.latitude}, {event.longitude}")
    if event.depth_km is not None and not -10 <= event.depth_km <= 800:
        raise EntryRefusedError(RowFault.BAD_NUMBER, f"impossible depth {event.depth_km} km")
    if event.magnitude is not None and not -5 <= event.magnitude <= 10:
        raise EntryRefusedError(RowFault.BAD_NUMBER, f"impossible magnitude {event.magnitude}")
    return event


def event_type(word: str) -> str:
    """QuakeML type of a catalogue's word; Russian words of asgsr.ru are known; EntryRefusedError for another."""
    text = " ".join(word.strip().lower().split())
    text = RUSSIAN_TYPES.get(text, text)
    if not text:
        return "not reported"
    if text not in EVENT_TYPES:
        raise EntryRefusedError(RowFault.UNKNOWN_TYPE, f"event type {word[:40]!r}")
    return text
