"""Weather at the pits as a feed tells it, and what permits set for a pit: hours, wind, visibility, zones of НМУ."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response
from msgspec import Struct
from pydantic import ValidationError

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import JSON_TYPES, SMALL_BODY, check_content_type, read_body
from services.api.context import Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.paging import Page
from services.api.query import End, PathCode, Start
from services.api.reply import fresh_reply, json_reply
from services.api.schema import answers, body_schema
from services.storage.pit_rule_store import PitRule, enter_pit_rule, list_pit_rules, pit_exists
from services.storage.weather_store import WeatherHour, last_received, weather_hours
from uskat.blast.restriction.rules import LocalRule, restriction_rules

MAX_AGE_S = 60
FRESH = timedelta(hours=3)
"""A feed that told nothing new for longer is stale (project rule): it is asked every half hour or so."""
LONGEST = timedelta(days=31)
MOST_ZONES, LONGEST_ZONE = 20, 100
STALE_RU = "Данные о погоде устарели: источник давно не отвечал."
NONE_RU = "Данных о погоде нет."
HOUR_EXAMPLE = {
    "pit": "kedrovaya-pad", "at": "2026-05-12T07:00:00Z", "received_at": "2026-05-12T06:41:00Z",
    "source": "модель погоды, api.open-meteo.com", "wind_from_deg": 251.0, "wind_speed_m_s": 4.1,
    "temperature_c": 7.9, "visibility_m": 24140.0, "inversion": False,
}  # fmt: skip
RULE = {
    "level": "secondary", "source": "Проект массовых взрывов (демо), лист 4", "clause": None, "pit": "kedrovaya-pad",
    "hours": [{
        "level": "secondary", "source": "Проект массовых взрывов (демо), лист 4", "clause": None,
        "days": [0, 1, 2, 3, 4, 5], "opens": "12:00:00", "closes": "17:00:00",
    }],
    "wind_at_most_m_s": 15.0, "visibility_at_least_m": 500.0,
}  # fmt: skip
NEW_RULE_EXAMPLE = {"zones": ["Новокузнецк"], "rule": {name: RULE[name] for name in RULE if name != "pit"}}
RULE_EXAMPLE = {
    "id": 2, "pit": "kedrovaya-pad", "zones": ["Новокузнецк"], "rule": RULE, "entered_by": "duty",
    "entered_at": "2026-05-01T03:00:00Z",
}  # fmt: skip
router = APIRouter(prefix=API, tags=["blasting restrictions"])


class WeatherNow(Struct):
    """The hour nearest to now at every pit. stale: the feed told nothing new for 3 hours; word: what to know of it."""

    asked_at: datetime
    received_at: datetime | None
    stale: bool
    word: str
    items: list[WeatherHour]


class NewPitRule(Struct, forbid_unknown_fields=True):
    """zones: of НМУ warnings; rule: `LocalRule` without its pit, every part with `source` and `level`."""

    zones: list[str]
    rule: dict[str, Any]


@router.get(
    "/weather",
    summary="Weather at the pits now",
    responses=answers(
        WeatherNow,
        "One hour a pit",
        example={
            "asked_at": "2026-05-12T07:10:00Z", "received_at": "2026-05-12T06:41:00Z", "stale": False, "word": "",
            "items": [HOUR_EXAMPLE],
        },
        problems=(),
    ),
)  # fmt: skip
async def get_weather(request: Request, context: Shared) -> Response:
    """What the feed told last, with its age: old weather is shown as old, none as none."""
    now = context.now().astimezone(UTC)
    age = timedelta(seconds=restriction_rules().weather_age_s.value)
    hours = await context.database.ask(weather_hours, pit=None, since=now - age, until=now + age)
    received = await context.database.ask(last_received)
    nearest: dict[str, WeatherHour] = {}
    for hour in sorted(hours, key=lambda one: (abs(one.at - now), one.at)):
        nearest.setdefault(hour.pit, hour)
    stale = received is None or now - received > FRESH
    word = NONE_RU if received is None else STALE_RU if stale else ""
    items = [nearest[pit] for pit in sorted(nearest)]
    return fresh_reply(request, WeatherNow(now, received, stale, word, items), max_age_s=MAX_AGE_S)


@router.get(
    "/pits/{code}/weather",
    summary="Hours of weather at a pit",
    responses=answers(
        Page[WeatherHour], "By time", example={"items": [HOUR_EXAMPLE], "next": None}, problems=(404, 422)
    ),
)
async def get_pit_weather(
    request: Request, context: Shared, code: PathCode, start: Start = None, end: End = None
) -> Response:
    """[start, end), by default the day before now and the two after it; as told last. At most 31 days."""
    until = end or context.now() + timedelta(days=2)
    since = start or min(until, context.now()) - timedelta(days=1)
    if not since < until or until - since > LONGEST:
        raise InvalidRequest(f"ask for a period of at most {LONGEST.days} days that runs forward")
    if not await context.database.ask(pit_exists, code):
        raise NotFound(f"there is no pit {code!r}")
    hours = await context.database.ask(weather_hours, pit=code, since=since, until=until)
    return fresh_reply(request, Page(hours), max_age_s=MAX_AGE_S)


@router.get(
    "/pits/{code}/rules",
    summary="Hours, wind, visibility and zones set for a pit",
    responses=answers(
        Page[PitRule], "The newest first", example={"items": [RULE_EXAMPLE], "next": None}, problems=(404, 422)
    ),
)
async def get_pit_rules(request: Request, context: Shared, code: PathCode) -> Response:
    """The first one is in force; the others say what was before it."""
    if not await context.database.ask(pit_exists, code):
        raise NotFound(f"there is no pit {code!r}")
    return fresh_reply(request, Page(await context.database.ask(list_pit_rules, code)), max_age_s=MAX_AGE_S)


@router.post(
    "/pits/{code}/rules",
    summary="Set hours, wind, visibility and zones of a pit",
    status_code=201,
    responses=answers(PitRule, "Set", example=RULE_EXAMPLE, problems=(401, 403, 404, 413, 415, 422), status=201),
    openapi_extra=body_schema(NewPitRule, example=NEW_RULE_EXAMPLE) | {"security": [{"token": []}]},
)
async def post_pit_rule(request: Request, context: Shared, asking: Asking, code: PathCode) -> Response:
    """Append-only: blasts fired before are judged by what was set when they were fired."""
    check_content_type(request, JSON_TYPES)
    try:
        wanted = msgspec.json.decode(await read_body(request, SMALL_BODY), type=NewPitRule)
        rule = LocalRule.model_validate(wanted.rule | {"pit": code})
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRequest("the body does not fit", errors=[{"in": "body", "message": str(error)[:200]}]) from None
    except ValidationError as error:
        raise InvalidRequest("the rule does not fit", errors=_parts(error)) from None
    if len(wanted.zones) > MOST_ZONES or not all(0 < len(zone) <= LONGEST_ZONE for zone in wanted.zones):
        raise InvalidRequest(f"at most {MOST_ZONES} zones of at most {LONGEST_ZONE} letters")
    if "\x00" in "".join(wanted.zones) + rule.model_dump_json() or "\\u0000" in rule.model_dump_json():
        raise InvalidRequest("texts hold no zero characters")
    made = await context.database.change(enter_pit_rule, rule, zones=wanted.zones, by=asking.name, at=context.now())
    if made is None:
        raise NotFound(f"there is no pit {code!r}")
    return json_reply(made, status_code=201)


def _parts(error: ValidationError) -> list[dict[str, Any]]:
    return [
        {"in": "rule." + ".".join(str(step)[:80] for step in item["loc"]), "message": item["msg"][:200]}
        for item in error.errors(include_url=False)[:20]
    ]
