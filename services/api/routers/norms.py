"""Norm packs, and the norms that hold for a station at a moment."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from msgspec import Struct

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.errors import NotFound
from services.api.paging import Page
from services.api.query import PLAIN_TEXT, Code, Moment, PathCode
from services.api.reply import fresh_reply
from services.api.schema import answers
from services.storage.station_reading import find_station
from uskat.water.norm_pack import NormPack, norm_packs
from uskat.water.norms import LOCAL_ZONE, Norm, WaterBody, norm_in_force
from uskat.water.parameters import parameters
from uskat.water.verdict import accuracy_of

NORMS_AGE_S = 300
PackName = Annotated[str, Path(max_length=100, pattern=PLAIN_TEXT)]
router = APIRouter(prefix=API, tags=["norms"])


class PackSummary(Struct):
    """One act or local decision. in_force: today; verified_numbers: how many of `numbers` were read in the act itself.

    values_from: the numbers are borrowed from that pack and count as unverified. local: only for `rivers`, `stations`.
    """

    id: str
    title: str
    title_en: str
    valid_from: date
    valid_to: date | None
    in_force: bool
    act_verified: bool
    local: bool
    rivers: list[str]
    stations: list[str]
    water_uses: list[str]
    values_from: str | None
    numbers: int
    verified_numbers: int
    note: str | None
    sources: list[str]


class PackDetail(PackSummary, kw_only=True):
    """A pack with every limit as its file has it (`uskat/data/norm_pack.schema.json`)."""

    norms: list[dict[str, Any]]


class StationNorm(Struct):
    """What holds for one parameter: limits in the parameter's unit, or the rise allowed above a background.

    level: verified | secondary | memory – how far the number was checked. uncertainty_absolute, uncertainty_relative:
    the default expanded uncertainty (k = 2) of a reading, the larger of the two counts.
    """

    parameter: str
    name: str
    unit: str
    unit_ru: str
    basis: str
    form: str
    minimum: float | None
    maximum: float | None
    delta: float | None
    season: str | None
    hazard_class: int | None
    high_from: float | None
    extreme_from: float | None
    local: bool
    pack: str
    title: str
    values_from: str | None
    level: str
    verified: bool
    source: str
    uncertainty_absolute: float | None
    uncertainty_relative: float | None


class StationNorms(Struct):
    """Norms of a station at a moment."""

    station: str
    water_use: str
    at: datetime
    local_date: date
    norms: list[StationNorm]


PACK_EXAMPLE = {
    "id": "fishery-296-2025", "title": "Приказ Росрыболовства от 26.05.2025 № 296", "title_en": "Order 296",
    "valid_from": "2025-09-01", "valid_to": None, "in_force": True, "act_verified": True, "local": False, "rivers": [],
    "stations": [], "water_uses": ["fishery_2"], "values_from": "fishery-552-2016", "numbers": 22,
    "verified_numbers": 0, "note": None, "sources": ["https://fishery.ru/news?idnews=702572"],
}  # fmt: skip
NORM_EXAMPLE = {
    "parameter": "nh4", "name": "Аммоний-ион", "unit": "mg/L", "unit_ru": "мг/дм³", "basis": "NH4", "form": "max",
    "minimum": None, "maximum": 0.5, "delta": None, "season": None, "hazard_class": 4, "high_from": 5.0,
    "extreme_from": 25.0, "local": False, "pack": "fishery-296-2025", "title": "Приказ № 296",
    "values_from": "fishery-552-2016", "level": "memory", "verified": False, "source": "http://sibecolog.ru/norms/161",
    "uncertainty_absolute": 0.05, "uncertainty_relative": 0.15,
}  # fmt: skip


@router.get(
    "/norms",
    summary="Norm packs",
    responses=answers(Page[PackSummary], "Every pack, newest first", example={"items": [PACK_EXAMPLE], "next": None}),
)
async def get_norm_packs(request: Request, context: Shared) -> Response:
    """Acts as versioned data: when each holds, and how many of its numbers were read in the act itself."""
    today = context.now().astimezone(LOCAL_ZONE).date()
    packs = sorted(norm_packs().values(), key=lambda pack: (pack.valid_from, pack.id), reverse=True)
    return fresh_reply(request, Page([PackSummary(**_summary(pack, today)) for pack in packs]), max_age_s=NORMS_AGE_S)


@router.get(
    "/norms/{pack}",
    summary="One norm pack with its limits",
    responses=answers(PackDetail, "The pack", example=PACK_EXAMPLE | {"norms": []}, problems=(404, 422)),
)
async def get_norm_pack(request: Request, context: Shared, pack: PackName) -> Response:
    """Limits are those of `values_from` where the pack has none of its own; each says how far it is checked."""
    found = norm_packs().get(pack)
    if found is None:
        raise NotFound(f"there is no norm pack {pack[:100]!r}")
    items = [item.model_dump(mode="json", exclude_none=True) for item in _origin(found).norms]
    today = context.now().astimezone(LOCAL_ZONE).date()
    return fresh_reply(request, PackDetail(**_summary(found, today), norms=items), max_age_s=NORMS_AGE_S)


@router.get(
    "/stations/{code}/norms",
    summary="Norms in force for a station at a moment",
    responses=answers(
        StationNorms,
        "One norm a parameter, by parameter",
        example={
            "station": "U-21", "water_use": "fishery_2", "at": "2026-06-01T00:00:00Z", "local_date": "2026-06-01",
            "norms": [NORM_EXAMPLE],
        },
        problems=(404, 422),
    ),
)  # fmt: skip
async def get_station_norms(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    code: PathCode,
    parameter: Annotated[Code | None, Query(description="code of a parameter; all without it")] = None,
    at: Annotated[Moment | None, Query(description="moment of the sample, RFC 3339; now without it")] = None,
) -> Response:
    """By the station's water use and water body, and by the local date of the sample, never by today's act."""
    row = await context.database.ask(find_station, code, everything=asking.sees_everything)
    if row is None:
        raise NotFound(f"there is no published station {code[:100]!r}")
    moment = at or context.now()
    body = WaterBody(row.river, row.code)
    wanted = [parameter] if parameter is not None else list(parameters())
    held = [(name, norm_in_force(name, moment, water_use=row.water_use, body=body)) for name in wanted]
    norms = [_shown(name, norm) for name, norm in held if norm is not None]
    local = moment.astimezone(LOCAL_ZONE).date()
    return fresh_reply(request, StationNorms(row.code, row.water_use, moment, local, norms), max_age_s=NORMS_AGE_S)


def _origin(pack: NormPack) -> NormPack:
    return norm_packs()[pack.values_from] if pack.values_from else pack


def _summary(pack: NormPack, today: date) -> dict[str, Any]:
    origin = _origin(pack)
    verified = 0 if pack.verified is False else sum(item.level.value == "verified" for item in origin.norms)
    return {
        "id": pack.id,
        "title": pack.title,
        "title_en": pack.title_en,
        "valid_from": pack.valid_from,
        "valid_to": pack.valid_to,
        "in_force": pack.holds_on(today),
        "act_verified": pack.act_verified,
        "local": pack.applies_to is not None,
        "rivers": list(pack.applies_to.rivers) if pack.applies_to else [],
        "stations": list(pack.applies_to.stations) if pack.applies_to else [],
        "water_uses": list(origin.water_uses),
        "values_from": pack.values_from,
        "numbers": len(origin.norms),
        "verified_numbers": verified,
        "note": pack.note,
        "sources": list(pack.sources),
    }


def _shown(name: str, norm: Norm) -> StationNorm:
    parameter, accuracy = parameters()[name], accuracy_of(name)
    return StationNorm(
        parameter=name,
        name=parameter.name_ru,
        unit=parameter.unit,
        unit_ru=parameter.unit_ru,
        basis=parameter.basis,
        form=norm.form.value,
        minimum=norm.minimum,
        maximum=norm.maximum,
        delta=norm.delta,
        season=norm.season,
        hazard_class=norm.hazard_class,
        high_from=norm.high_from,
        extreme_from=norm.extreme_from,
        local=norm.local,
        pack=norm.pack,
        title=norm.pack_title,
        values_from=norm.values_from,
        level=norm.level.value,
        verified=norm.level.value == "verified",
        source=norm.source,
        uncertainty_absolute=accuracy.absolute if accuracy else None,
        uncertainty_relative=accuracy.relative if accuracy else None,
    )
