"""The register of explosives, permits, acceptance measurements, and the quality of products and enterprises."""

from datetime import UTC, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from msgspec import Struct

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Context, Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.explosive_answer import (
    AcceptanceAnswer,
    ExplosiveQuality,
    ProductAnswer,
    acceptance_answer,
    product_answer,
    quality_of_enterprise,
    quality_of_product,
    read_books,
)
from services.api.paging import Page
from services.api.query import EARLIEST, LATEST, End, PathCode, Start
from services.api.reply import fresh_reply, json_reply
from services.api.routers.blast_restrictions import PRIVATE, SECURED, period
from services.api.routers.blasts import ensure_books_open
from services.api.schema import answers
from services.api.value_body import ensure_storable, read_value, value_body
from services.storage.explosive_store import (
    PermitRow,
    ProductEntry,
    enter_acceptance,
    enter_permit,
    enter_product,
    list_acceptances,
    list_permits,
    own_products,
)
from uskat.blast.explosive.composition import CompositionError
from uskat.blast.explosive.register import Permit, Product, Register, explosive_register
from uskat.blast.passport.report import Acceptance

MAX_AGE_S = 300
USUAL, LONGEST = timedelta(days=366), timedelta(days=1100)
router = APIRouter(prefix=API, tags=["explosives"])

SPAN = {"low": 0.8, "high": 0.9, "unit": "г/см³", "level": "secondary", "source": "Tema 4", "clause": None}
PRODUCT: dict[str, Any] = {
    "code": "anfo", "name": "Игданит", "name_en": "ANFO", "family": "anfo", "aliases": [],
    "composition": {"level": "secondary", "source": "Tema 4", "clause": None,
                    "parts": {"an": 0.945, "fuel-oil": 0.055}},
    "oxygen_balance": None, "density_g_cm3": SPAN, "vod_m_s": None, "heat_mj_kg": None, "gas_l_kg": None, "note": None,
}  # fmt: skip
PRODUCT_EXAMPLE = {
    "product": PRODUCT, "version": None, "entered_by": None, "oxygen_balance_percent": 0.069,
    "oxygen_word": "близок к нулю", "gas_l_kg": 970.1,
}  # fmt: skip
ENTRY_EXAMPLE = {
    "code": "anfo", "version": 1, "body": PRODUCT, "entered_by": "duty", "entered_at": "2026-05-01T03:00:00Z",
}  # fmt: skip
NEW_PERMIT = {
    "number": "00-0000", "product": "anfo", "enterprise": "kedrovaya-pad-demo", "valid_from": "2026-01-01",
    "valid_to": "2027-01-01",
}  # fmt: skip
PERMIT_EXAMPLE = NEW_PERMIT | {"id": 1, "entered_by": "duty", "entered_at": "2026-05-01T03:00:00Z"}
NEW_ACCEPTANCE = {
    "product": "anfo", "batch": "12/26", "measured_at": "2026-06-09T03:00:00Z", "density_g_cm3": 0.85,
    "vod_m_s": 3900.0, "laboratory": "Лаборатория ВМ (демо)",
}  # fmt: skip
ACCEPTANCE_EXAMPLE = {
    "measurement": NEW_ACCEPTANCE | {
        "id": 1, "enterprise": "kedrovaya-pad-demo", "entered_by": "kedrovaya", "entered_at": "2026-06-09T04:00:00Z",
    },
    "verdict": {
        "density_ok": True, "vod_ok": True, "declared": {"density_g_cm3": [0.8, 0.9], "vod_m_s": [2500.0, 4500.0]},
        "level": "memory", "level_ru": "не проверено по документу",
    },
}  # fmt: skip
QUALITY_EXAMPLE = {
    "start": "2025-06-10T00:00:00Z", "end": "2026-06-10T00:00:00Z", "enterprise": None,
    "products": [{
        "subject": "anfo", "blasts": 9, "score": 97.5, "assessed_share": 0.8,
        "reasons": [{
            "indicator": "oxygen_balance", "value": 0.069, "unit": "%", "points_lost": 0.0,
            "text": "Кислородный баланс: 0,069 % – близок к нулю.",
            "text_en": "Oxygen balance: 0.069 % – close to zero.", "level": "memory",
        }],
    }],
    "not_registered": [],
}  # fmt: skip


class RegisterAnswer(Struct):
    """All products; act_level: how far the register itself is verified; each number of a product has its own level."""

    register: str
    act_level: str
    note: str | None
    items: list[ProductAnswer]


@router.get(
    "/explosives",
    summary="Register of explosives: composition, oxygen balance, density, velocity, energy, gas",
    responses=answers(
        RegisterAnswer,
        "By code",
        example={"register": "explosives-1", "act_level": "memory", "note": None, "items": [PRODUCT_EXAMPLE]},
        problems=(),
    ),
)
async def get_register(request: Request, context: Shared) -> Response:
    """Packaged products, and the agency's own, which replace packaged ones of the same code."""
    entries = await context.database.ask(own_products)
    register = explosive_register().with_products([entry.product for entry in entries])
    known = {entry.code: entry for entry in entries}
    items = [
        product_answer(product, register, known.get(product.code))
        for product in sorted(register.products, key=lambda one: one.code)
    ]
    return fresh_reply(
        request, RegisterAnswer(register.id, register.act_level.value, register.note, items), max_age_s=MAX_AGE_S
    )


@router.post(
    "/explosives",
    summary="Enter a product into the register",
    status_code=201,
    responses=answers(ProductEntry, "Entered", example=ENTRY_EXAMPLE, problems=(401, 403, 413, 415, 422), status=201),
    openapi_extra=value_body(Product, example=PRODUCT),
)
async def post_product(request: Request, context: Shared, asking: Asking) -> Response:
    """A new version; the ones before stay. Its substances must be known and its shares make a whole."""
    product = await read_value(request, Product)
    try:
        register: Register = explosive_register().with_products([product])
        register.oxygen_balance_percent(product)
    except (CompositionError, ValueError) as error:
        raise InvalidRequest(f"the composition does not fit: {str(error)[:200]}") from None
    made = await context.database.change(enter_product, product, by=asking.name, at=context.now())
    return json_reply(made, status_code=201)


@router.get(
    "/explosives/{product}/quality",
    summary="Quality of a product over all enterprises, with reasons",
    responses=answers(
        ExplosiveQuality, "Score and reasons, or no score", example=QUALITY_EXAMPLE, problems=(401, 403, 404, 422)
    ),
    openapi_extra=SECURED,
)
async def get_product_quality(context: Shared, product: PathCode, start: Start = None, end: End = None) -> Response:
    """From the blasts reported in [start, end), by default the last year. What nobody measured is not assessed."""
    since, until = period(context, start, end, usual=USUAL, longest=LONGEST)
    books = await read_books(context, None, since=since, until=until)
    found = books.register.product(product)
    if found is None:
        raise NotFound(f"there is no product {product!r} in the register")
    quality = quality_of_product(found, books)
    return json_reply(ExplosiveQuality(since, until, None, [quality], []), headers=PRIVATE)


@router.get(
    "/enterprises/{enterprise}/explosive-quality",
    summary="Quality of explosives and blasts of an enterprise, with reasons",
    responses=answers(
        ExplosiveQuality,
        "Scores and reasons, or no score",
        example=QUALITY_EXAMPLE | {"enterprise": QUALITY_EXAMPLE["products"][0]},  # type: ignore[index]
        problems=(401, 403, 404, 422),
    ),
    openapi_extra=SECURED,
)
async def get_enterprise_quality(
    context: Shared, asking: Asking, enterprise: PathCode, start: Start = None, end: End = None
) -> Response:
    """The enterprise as a whole and every product it fired in [start, end), by default the last year."""
    await ensure_books_open(context, asking, enterprise)
    since, until = period(context, start, end, usual=USUAL, longest=LONGEST)
    books = await read_books(context, enterprise, since=since, until=until)
    return json_reply(quality_of_enterprise(enterprise, books, since=since, until=until), headers=PRIVATE)


@router.get(
    "/explosive-permits",
    summary="Permits to use explosives",
    responses=answers(
        Page[PermitRow],
        "The newest entry first",
        example={"items": [PERMIT_EXAMPLE], "next": None},
        problems=(401, 403, 422),
    ),
    openapi_extra=SECURED,
)
async def get_permits(context: Shared, asking: Asking) -> Response:
    """All for the agency; for an enterprise its own and those of everybody."""
    own = None if asking.sees_everything else asking.enterprise
    return json_reply(Page(await context.database.ask(list_permits, enterprise=own)), headers=PRIVATE)


@router.post(
    "/explosive-permits",
    summary="Enter a permit",
    status_code=201,
    responses=answers(PermitRow, "Entered", example=PERMIT_EXAMPLE, problems=(401, 403, 413, 415, 422), status=201),
    openapi_extra=value_body(Permit, example=NEW_PERMIT),
)
async def post_permit(request: Request, context: Shared, asking: Asking) -> Response:
    """Half-open local dates; `valid_to` null: without a term; `enterprise` null: for everybody. Append-only."""
    permit = await read_value(request, Permit)
    bounds = EARLIEST.date(), LATEST.date()
    days = [day for day in (permit.valid_from, permit.valid_to) if day is not None]
    if not all(bounds[0] <= day < bounds[1] for day in days) or days != sorted(set(days)):
        raise InvalidRequest(f"dates run forward between {EARLIEST.year} and {LATEST.year}")
    made = await context.database.change(enter_permit, permit, by=asking.name, at=context.now())
    if made is None:
        raise InvalidRequest(f"there is no enterprise {permit.enterprise!r}")
    return json_reply(made, status_code=201)


@router.get(
    "/enterprises/{enterprise}/acceptances",
    summary="Acceptance measurements of explosives, against the register",
    responses=answers(
        Page[AcceptanceAnswer],
        "The newest measurement first",
        example={"items": [ACCEPTANCE_EXAMPLE], "next": None},
        problems=(401, 403, 404, 422),
    ),
    openapi_extra=SECURED,
)
async def get_acceptances(
    context: Shared, asking: Asking, enterprise: PathCode, start: Start = None, end: End = None
) -> Response:
    """Of [start, end), by default the last year; those of blast reports stand in the reports."""
    await ensure_books_open(context, asking, enterprise)
    since, until = period(context, start, end, usual=USUAL, longest=LONGEST)
    rows = await context.database.ask(list_acceptances, enterprise=enterprise, since=since, until=until)
    register = await _register(context)
    return json_reply(Page([acceptance_answer(row, register) for row in rows]), headers=PRIVATE)


@router.post(
    "/enterprises/{enterprise}/acceptances",
    summary="Enter an acceptance measurement",
    status_code=201,
    responses=answers(
        AcceptanceAnswer, "Entered, with its verdict", example=ACCEPTANCE_EXAMPLE,
        problems=(401, 403, 404, 413, 415, 422), status=201,
    ),
    openapi_extra=value_body(Acceptance, example=NEW_ACCEPTANCE),
)  # fmt: skip
async def post_acceptance(request: Request, context: Shared, asking: Asking, enterprise: PathCode) -> Response:
    """By the enterprise or the agency; append-only. A product that is not registered is kept and not judged."""
    await ensure_books_open(context, asking, enterprise)
    test = await read_value(request, Acceptance)
    ensure_storable(test.measured_at)
    if test.measured_at > context.now().astimezone(UTC) + timedelta(minutes=10):
        raise InvalidRequest("a measurement lies in the future")
    made = await context.database.change(
        enter_acceptance, test, enterprise=enterprise, by=asking.name, at=context.now()
    )
    if made is None:
        raise NotFound(f"there is no enterprise {enterprise!r}")
    return json_reply(acceptance_answer(made, await _register(context)), status_code=201)


async def _register(context: Context) -> Register:
    entries = await context.database.ask(own_products)
    return explosive_register().with_products([entry.product for entry in entries])
