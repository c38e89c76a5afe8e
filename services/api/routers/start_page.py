"""The start page: one sentence, the stations, the latest alerts. Plain HTML; every value is escaped."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import NamedTuple

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from services.api.authentication import Asking
from services.api.context import Shared
from services.api.routers.stations import Station, public_stations
from services.api.state_word import alert_word, local_time, shape_mark
from services.storage.alert_reading import list_alerts
from services.storage.series_reading import list_parameters

ALERTS_SHOWN = 15
SIGNIFICANT_DIGITS = 4
router = APIRouter(include_in_schema=False)


class ShownValue(NamedTuple):
    """A value with the words of its parameter."""

    name: str
    value: float
    unit: str


def iso(moment: datetime) -> str:
    """A moment for machines, UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def number(value: float) -> str:
    """A number as it is written in Russian: decimal comma, four significant digits, no exponent."""
    plain = f"{float(f'{value:.{SIGNIFICANT_DIGITS}g}'):f}"
    return plain.rstrip("0").rstrip(".").replace(".", ",") or "0"


def first_sentence(stations: list[Station]) -> str:
    """The state of all posts in one sentence."""
    if not stations:
        return "Постов пока нет."
    words: dict[str, int] = defaultdict(int)
    for station in stations:
        words[station.state.word] += 1
    parts = [f"{word.lower()}: {count}" for word, count in sorted(words.items(), key=lambda item: -item[1])]
    return f"Постов: {len(stations)}. Сейчас {', '.join(parts)}."


_environment = Environment(loader=PackageLoader("services.api"), autoescape=True, undefined=StrictUndefined)
_environment.filters |= {"local": local_time, "iso": iso, "number": number, "mark": shape_mark}


@router.get("/")
async def get_start(context: Shared, asking: Asking) -> Response:
    """Works without scripts, at 200 % and on a telephone."""
    everything = asking.sees_everything
    stations = await public_stations(context, everything=everything)
    names = {item.code: item for item in await context.database.ask(list_parameters)}
    values: dict[str, list[ShownValue]] = defaultdict(list)
    for latest in await context.directory.latest(everything=everything):
        words = names[latest.parameter]
        values[latest.station].append(ShownValue(words.name_ru, latest.value, words.unit_ru))
    alerts = await context.database.ask(
        list_alerts,
        station=None,
        kind=None,
        state=None,
        since=None,
        before=None,
        limit=ALERTS_SHOWN,
        everything=everything,
    )
    page = _environment.get_template("start.html").render(
        sentence=first_sentence(stations),
        now=context.now(),
        demo=any(station.demo for station in stations),
        stations=[(station, values[station.code]) for station in stations],
        alerts=[(alert, alert_word(alert)) for alert in alerts],
    )
    return HTMLResponse(page, headers={"Cache-Control": "no-cache"})
