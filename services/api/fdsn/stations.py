"""Seismographs of the registry as channels of the station service, and which of them a question asks for."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from services.api.fdsn.circle import covers
from services.api.fdsn.question import Question
from services.storage.fdsn_reading import SeismographRow
from uskat.blast.record.calibration import read_calibration
from uskat.blast.record.station_document import StationChannel


def channels_of(rows: Iterable[SeismographRow]) -> Iterator[StationChannel]:
    """Every channel whose codes the registry knows; without codes there is nothing to name it by."""
    for row in rows:
        settings = row.settings
        named, rate = settings.get("channels"), settings.get("sampling_hz")
        if not isinstance(named, dict) or not settings.get("network") or not settings.get("station") or not rate:
            continue
        calibration = read_calibration(named)
        elevation = row.place.get("elevation_m")
        for code in sorted(named):
            yield StationChannel(
                network=str(settings["network"]),
                station=str(settings["station"]),
                location=str(settings.get("location") or ""),
                code=code,
                site=row.site,
                latitude=row.latitude,
                longitude=row.longitude,
                rate_hz=float(rate),
                begins=row.begins,
                sensor=row.sensor,
                calibration=calibration.get(code),
                elevation_m=None if elevation is None else float(elevation),
                demo=row.demo,
            )


def asked_channels(question: Question, channels: Iterable[StationChannel], *, now: datetime) -> list[StationChannel]:
    """The channels that a question asks for; an epoch goes from `begins` on and has not ended."""
    return [
        channel
        for channel in channels
        if any(one.takes(channel.nslc) and one.meets(channel.begins, now) for one in question.selections)
        and _epoch(question, channel.begins)
        and covers(question, channel.latitude, channel.longitude)
    ]


def _epoch(question: Question, begins: datetime) -> bool:
    """startbefore, startafter, endbefore, endafter; an epoch that goes on ends after any moment."""
    before, after = question["startbefore"], question["startafter"]
    if question["endbefore"] is not None:
        return False
    return (before is None or begins < before) and (after is None or begins > after)
