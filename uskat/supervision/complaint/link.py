"""What the instruments showed at a complaint's place and time, in plain words: beside it, not instead of an answer.

What was measured is told as measured; whether it was above a norm is what the alerts of that time say. Where nothing
stands near, that is told too: silence is not «in order».
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from uskat.blast.geometry import Point, distance_m
from uskat.finding import number_en, number_ru
from uskat.supervision.complaint.filing import Topic
from uskat.supervision.complaint.policy import ComplaintPolicy, Window
from uskat.water.interval import INTERVAL


class LinkKind(StrEnum):
    """What a link leads to. none: nothing near measures this."""

    READING = "reading"
    ALERT = "alert"
    BLAST = "blast"
    EVENT = "event"
    SHAKE = "shake"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Link:
    """One thing seen there and then. at: UTC; km: distance from the place complained of; figures: by name with unit."""

    kind: LinkKind
    reference: str
    at: datetime
    km: float
    text: str
    text_en: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "kind": self.kind.value, "reference": self.reference, "at": self.at.isoformat(), "km": round(self.km, 1),
            "text": self.text, "text_en": self.text_en,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """A 20-minute mean of a series at a station, in the parameter's unit (Russian and English)."""

    station: str
    station_name: str
    place: Point
    parameter: str
    name: tuple[str, str]
    unit: tuple[str, str]
    start: datetime
    mean: float


@dataclass(frozen=True, slots=True)
class SeenAlert:
    """A public alert of a station that held at some moment of the window."""

    id: int
    station_name: str
    place: Point
    started_at: datetime
    title: str
    title_en: str


@dataclass(frozen=True, slots=True)
class SeenBlast:
    """A blast: declared and fired (reference enterprise/number), or an event that nobody declared."""

    reference: str
    pit_name: str | None
    place: Point
    at: datetime


@dataclass(frozen=True, slots=True)
class SeenShake:
    """A judged record. ppv_mm_s: largest axis; limit_mm_s: of the axis that governs; above: its verdict."""

    station: str
    station_name: str
    place: Point
    at: datetime
    ppv_mm_s: float
    limit_mm_s: float | None
    above: bool
    airblast_dbl: float | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything stored that lies in the window of a complaint, also what is too far. stations: places that measure."""

    stations: Sequence[Point] = ()
    readings: Sequence[Reading] = ()
    alerts: Sequence[SeenAlert] = ()
    blasts: Sequence[SeenBlast] = ()
    shakes: Sequence[SeenShake] = ()


def window_of(topic: Topic, policy: ComplaintPolicy) -> Window:
    """How near counts: water by stations of rivers; everything else as a blast is felt."""
    return policy.water if topic is Topic.WATER else policy.blast


def find_links(
    found: Surroundings, *, topic: Topic, place: Point, happened_at: datetime, policy: ComplaintPolicy, zone: tzinfo
) -> list[Link]:
    """Links of a complaint, nearest in place first within a kind; at least one, which may say that nothing is near."""
    near = window_of(topic, policy)
    about = _About(place, happened_at, near, zone)
    links = [*about.alerts(found.alerts)]
    links += about.readings(found.readings) if topic is Topic.WATER else []
    links += [*about.blasts(found.blasts), *about.shakes(found.shakes)] if topic is not Topic.WATER else []
    if not any(distance_m(place, station) <= near.stations_km * 1000 for station in found.stations):
        links.append(
            Link(LinkKind.NONE, "", happened_at, near.stations_km,
                 f"Ближе {number_ru(near.stations_km)} км нет станции, которая это измеряет.",
                 f"No station within {number_en(near.stations_km)} km measures this.")
        )  # fmt: skip
    elif not links:
        links.append(
            Link(LinkKind.NONE, "", happened_at, near.stations_km,
                 "Станции рядом есть, но за это время от них ничего не сохранено.",
                 "There are stations near, but nothing of them is stored of that time.")
        )  # fmt: skip
    return links


@dataclass(frozen=True, slots=True)
class _About:
    place: Point
    happened_at: datetime
    near: Window
    zone: tzinfo

    def km(self, other: Point) -> float:
        return distance_m(self.place, other) / 1000

    def clock(self, moment: datetime) -> str:
        local, own = moment.astimezone(self.zone), self.happened_at.astimezone(self.zone)
        return local.strftime("%H:%M") if local.date() == own.date() else local.strftime("%d.%m %H:%M")

    def fits(self, moment: datetime) -> bool:
        return self.happened_at - self.near.before <= moment <= self.happened_at + self.near.after

    def apart(self, start: datetime) -> timedelta:
        """From the middle of an interval: the one that holds the moment is nearer than the one that begins after."""
        return abs(start + INTERVAL / 2 - self.happened_at)

    def nearest(self, links: list[Link]) -> list[Link]:
        return sorted(links, key=lambda link: (link.km, abs(link.at - self.happened_at), link.reference))[
            : self.near.most
        ]

    def readings(self, readings: Sequence[Reading]) -> list[Link]:
        """One link a station: of every series the mean of the interval that holds the moment, else of the nearest."""
        best: dict[tuple[str, str], Reading] = {}
        for one in readings:
            if not self.fits(one.start) or self.km(one.place) > self.near.stations_km:
                continue
            key = one.station, one.parameter
            held = best.get(key)
            if held is None or self.apart(one.start) < self.apart(held.start):
                best[key] = one
        stations: dict[str, list[Reading]] = {}
        for (station, _), one in sorted(best.items()):
            stations.setdefault(station, []).append(one)
        return self.nearest([self._reading(station, values) for station, values in stations.items()])

    def _reading(self, station: str, values: Sequence[Reading]) -> Link:
        first, at = values[0], max(one.start for one in values)
        km = self.km(first.place)
        ru = ", ".join(f"{one.name[0]} {number_ru(one.mean)} {one.unit[0]}".strip() for one in values)
        en = ", ".join(f"{one.name[1]} {number_en(one.mean)} {one.unit[1]}".strip() for one in values)
        return Link(
            LinkKind.READING, f"station:{station}", at, km,
            f"В это время ({self.clock(at)}) станция «{first.station_name}» в {number_ru(km)} км показала: {ru}.",
            f"At that time ({self.clock(at)}) station {first.station_name}, {number_en(km)} km away, showed: {en}.",
        )  # fmt: skip

    def alerts(self, alerts: Sequence[SeenAlert]) -> list[Link]:
        links = []
        for one in alerts:
            km = self.km(one.place)
            if km > self.near.stations_km:
                continue
            clock, ru, en = self.clock(one.started_at), number_ru(km), number_en(km)
            links.append(
                Link(LinkKind.ALERT, f"alert:{one.id}", one.started_at, km,
                     f"С {clock} на станции «{one.station_name}» в {ru} км: {one.title}.",
                     f"From {clock} at {one.station_name}, {en} km away: {one.title_en}.")
            )  # fmt: skip
        return self.nearest(links)

    def blasts(self, blasts: Sequence[SeenBlast]) -> list[Link]:
        links = []
        for one in blasts:
            km = self.km(one.place)
            if km > self.near.blasts_km or not self.fits(one.at):
                continue
            clock, ru, en = self.clock(one.at), number_ru(km), number_en(km)
            if one.pit_name is None:
                links.append(Link(LinkKind.EVENT, one.reference, one.at, km,
                                  f"В {clock} зарегистрирован взрыв без объявления, в {ru} км.",
                                  f"At {clock} a blast that nobody declared was recorded, {en} km away."))  # fmt: skip
            else:
                links.append(Link(LinkKind.BLAST, f"blast:{one.reference}", one.at, km,
                                  f"В {clock} зарегистрирован взрыв на разрезе «{one.pit_name}», в {ru} км.",
                                  f"At {clock} a blast at {one.pit_name} was recorded, {en} km away."))  # fmt: skip
        return self.nearest(links)

    def shakes(self, shakes: Sequence[SeenShake]) -> list[Link]:
        strongest: dict[str, SeenShake] = {}
        for one in shakes:
            if self.fits(one.at) and self.km(one.place) <= self.near.stations_km:
                held = strongest.get(one.station)
                strongest[one.station] = one if held is None or one.ppv_mm_s > held.ppv_mm_s else held
        return self.nearest([self._shake(one) for one in strongest.values()])

    def _shake(self, one: SeenShake) -> Link:
        km = self.km(one.place)
        if one.above:
            word = ("выше допустимого", "above the limit")
        elif one.limit_mm_s is not None:
            word = (
                f"допустимо (до {number_ru(one.limit_mm_s)} мм/с)",
                f"allowed (to {number_en(one.limit_mm_s)} mm/s)",
            )
        else:
            word = ("норматив для этого места не определён", "no limit is known for this place")
        return Link(
            LinkKind.SHAKE, f"station:{one.station}", one.at, km,
            f"В {self.clock(one.at)} сейсмостанция «{one.station_name}» в {number_ru(km)} км записала колебания: "
            f"PPV {number_ru(one.ppv_mm_s)} мм/с, {word[0]}.",
            f"At {self.clock(one.at)} station {one.station_name}, {number_en(km)} km away, recorded PPV "
            f"{number_en(one.ppv_mm_s)} mm/s, {word[1]}.",
        )  # fmt: skip
