"""An engineer checks a passport before filing it, in a browser: no script, no key in an address, nothing is kept."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API, allowed
from services.api.authentication import Principal, principal_of
from services.api.blast_document import LARGEST_DOCUMENT, document_of
from services.api.citizen_page import citizen_page
from services.api.context import Context, Shared
from services.api.errors import ApiError, Forbidden, InvalidRequest, NotFound, PayloadTooLarge, Unauthenticated
from services.api.form import Form, read_form
from services.api.precheck_page import NOT_FILED, Heading, precheck_page
from services.api.precheck_reckoning import asked_wind, own_pit, reckoned
from uskat.blast.emission.puff import Wind
from uskat.blast.passport.model import Passport
from uskat.blast.precheck.words import precheck_lines

LARGEST_FORM = LARGEST_DOCUMENT + 64 * 1024
WORKBOOK_BEGINS = b"PK"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SAME_AS = ("POST", f"{API}/blasts/precheck")
"""Who may ask here is who may ask there."""
FIELDS = ("wind_from", "wind_speed")
WRONG_KEY = "Ключ не подошёл: проверьте, целиком ли он вставлен и не истёк ли его срок."
NOT_FOR_IT = "Этот ключ не для взрывов: нужен ключ предприятия или инспектора."
NOT_OWN = "В паспорте другое предприятие или карьер, которого у предприятия нет: проверьте коды в ячейках формы."
NO_FILE = "Выберите файл паспорта: заполненную форму XLSX."
NOT_READ = "Файл не прочитан: это не форма XLSX и не JSON паспорта. Сохраните форму как «Книга Excel (*.xlsx)»."
REFUSALS = {InvalidRequest: 422, NotFound: 404, Forbidden: 403, Unauthenticated: 403, PayloadTooLarge: 413}
"""Status of the page. A form knows no WWW-Authenticate, hence 403 for a wrong key."""
router = APIRouter(include_in_schema=False)


@router.get("/precheck")
async def get_form() -> Response:
    """An empty form."""
    return _form({})


@router.post("/precheck")
async def post_form(request: Request, context: Shared) -> Response:
    """The page of the pre-check, or the form again with every cell that does not fit."""
    given: dict[str, str] = {}
    try:
        form = await read_form(request, LARGEST_FORM)
        given = {name: form.text(name) or "" for name in FIELDS}
        asking = await _asking(context, form)
        wind = _wind(form)
        passport = await _passport(form)
        own = context.acting_for(asking.caller(), open_route=False)
        pit = await own_pit(own, asking, passport)
        found, _ = await reckoned(own, passport, wind)
    except (InvalidRequest, NotFound, Forbidden, Unauthenticated, PayloadTooLarge) as error:
        return _form(given, error)
    return precheck_page(found, precheck_lines(found), Heading(pit.enterprise_name, pit.name, NOT_FILED))


async def _asking(context: Context, form: Form) -> Principal:
    """Whose key the form has. Raises Unauthenticated, Forbidden."""
    asking = await principal_of(context, form.text("key") or "")
    if not allowed(*SAME_AS, asking.roles):
        raise Forbidden(NOT_FOR_IT)
    return asking


async def _passport(form: Form) -> Passport:
    """The passport of the form's file. Raises InvalidRequest with every complaint."""
    content = form.files.get("passport")
    if content is None:
        raise InvalidRequest(NO_FILE)
    if len(content) > LARGEST_DOCUMENT:
        raise PayloadTooLarge(f"at most {LARGEST_DOCUMENT} bytes")
    content = content.removeprefix(BYTE_ORDER_MARK)
    workbook = content.startswith(WORKBOOK_BEGINS)
    if not workbook and not content.lstrip().startswith(b"{"):
        raise InvalidRequest(NOT_READ)
    try:
        return await document_of(content, Passport, workbook=workbook)
    except InvalidRequest as error:
        if not error.errors:
            raise InvalidRequest(NOT_READ) from None
        words = f"Замечаний к паспорту: {len(error.errors)}. Исправьте и выберите файл снова."
        raise InvalidRequest(words, errors=error.errors) from None


def _wind(form: Form) -> Wind | None:
    """The wind that was typed, with a decimal comma as people write it. Raises InvalidRequest."""
    typed = [form.text(name) for name in FIELDS]
    if typed == [None, None]:
        return None
    try:
        wind_from, wind_speed = (float((text or "").replace(",", ".")) for text in typed)
    except ValueError:
        raise InvalidRequest("Ветер задают двумя числами: откуда, в градусах, и скорость, м/с.") from None
    if not (0 <= wind_from <= 360 and 0 <= wind_speed <= 60):
        raise InvalidRequest("Ветер: откуда – от 0 до 360 градусов, скорость – от 0 до 60 м/с.")
    return asked_wind(wind_from, wind_speed)


def _form(given: dict[str, str], error: ApiError | None = None) -> Response:
    return citizen_page(
        "precheck_form.html",
        status_code=200 if error is None else REFUSALS[type(error)],
        error=None if error is None else _words(error),
        complaints=[] if error is None else error.errors,
        given=dict.fromkeys(FIELDS, "") | given,
    )


def _words(error: ApiError) -> str:
    if isinstance(error, Unauthenticated):
        return WRONG_KEY
    if isinstance(error, NotFound):
        return NOT_OWN
    if isinstance(error, PayloadTooLarge):
        return f"Файл слишком большой: до {LARGEST_DOCUMENT // 2**20} МБ."
    return error.detail
