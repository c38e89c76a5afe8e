"""A resident complains and follows the complaint in a browser: no script, no account, the code never in an address."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.citizen_page import citizen_page
from services.api.complaint_answer import followed
from services.api.complaint_filing import receive
from services.api.context import Context, Shared
from services.api.errors import ApiError, InvalidRequest, NotFound, PayloadTooLarge, TooManyRequests
from services.api.form import Form, read_form
from services.api.routers.complaints import follow, forget_code
from services.api.state_word import LOCAL
from services.storage.complaint_store import NoSuchComplaint, settlements
from uskat.supervision.complaint.filing import Filing, Topic
from uskat.supervision.complaint.policy import complaint_policy
from uskat.supervision.complaint.words import TOPIC_WORDS

LARGEST_FORM = 9 * 2**20
SMALL_FORM = 4096
FIELDS = ("topic", "happened_at", "settlement", "point", "words", "contact")
STATUSES = {InvalidRequest: 422, NotFound: 404, TooManyRequests: 429, PayloadTooLarge: 413}
WRONG_CODE = "Обращения с таким кодом нет. Проверьте, все ли знаки на месте."
router = APIRouter(include_in_schema=False)


@router.get("/complaints")
async def get_form(context: Shared) -> Response:
    """An empty form; the time is now."""
    return await _form(context, {"happened_at": context.now().astimezone(LOCAL).strftime("%Y-%m-%dT%H:%M")})


@router.post("/complaints")
async def post_form(request: Request, context: Shared) -> Response:
    """The code, or the form again with what is wrong and everything that was typed."""
    given: dict[str, str] = {}
    photograph = False
    try:
        form = await read_form(request, LARGEST_FORM)
        given = {name: form.text(name) or "" for name in FIELDS}
        photograph = "photograph" in form.files
        if form.text("website") is not None:
            raise InvalidRequest("Скрытое поле заполнено: так делают программы. Очистите его и отправьте снова.")
        filing = _filing(form)
        context.door.admit(request, "complaint", per_hour=context.settings.complaints_per_hour)
        code = await receive(context, filing, form.files.get("photograph"))
    except (InvalidRequest, TooManyRequests, PayloadTooLarge) as error:
        return await _form(context, given, error=error, lost_photograph=photograph)
    answer_by = context.now() + complaint_policy().answer_within
    return citizen_page("complaint_filed.html", status_code=HTTPStatus.CREATED, code=code, answer_by=answer_by)


@router.get("/complaints/status")
async def get_status() -> Response:
    """Asks for the code."""
    return _status()


@router.post("/complaints/status")
async def post_status_form(request: Request, context: Shared) -> Response:
    """What was done and what the instruments showed."""
    form = await read_form(request, SMALL_FORM)
    return await _followed(request, context, form)


@router.post("/complaints/forget")
async def post_forget_form(request: Request, context: Shared) -> Response:
    """Everything personal is gone; the status is shown."""
    form = await read_form(request, SMALL_FORM)
    try:
        await forget_code(request, context, form.text("code") or "")
    except (NotFound, NoSuchComplaint):
        return _status(error=WRONG_CODE, status_code=404)
    except TooManyRequests as error:
        return _status(error=_words(error), status_code=429)
    return await _followed(request, context, form, forgotten=True)


async def _followed(request: Request, context: Context, form: Form, *, forgotten: bool = False) -> Response:
    code = form.text("code") or ""
    try:
        found = followed(await follow(request, context, code))
    except (NotFound, NoSuchComplaint):
        return _status(error=WRONG_CODE, status_code=404)
    except TooManyRequests as error:
        return _status(error=_words(error), status_code=429)
    return _status(found=found, code=code, forgotten=forgotten)


def _filing(form: Form) -> Filing:
    topic, moment = form.text("topic"), form.text("happened_at")
    if topic not in set(Topic) or moment is None:
        raise InvalidRequest("Укажите, что случилось и когда.")
    try:
        happened_at = datetime.fromisoformat(moment).replace(tzinfo=LOCAL)
        happened_at.timestamp()
    except (ValueError, OverflowError):
        raise InvalidRequest("Время не понято: нужно так: 2026-06-02T14:05.") from None
    settlement, point = form.text("settlement"), _point(form.text("point"))
    return Filing(Topic(topic), happened_at, form.text("words") or "", settlement, point, form.text("contact"))


def _point(text: str | None) -> tuple[float, float] | None:
    """Latitude and longitude as people write them, to (longitude, latitude). Raises InvalidRequest."""
    if text is None:
        return None
    parts = text.replace(";", " ").split()
    if len(parts) == 1 and text.count(",") == 1:
        parts = text.split(",")
    try:
        latitude, longitude = (float(part.strip(",").replace(",", ".")) for part in parts)
    except ValueError:
        raise InvalidRequest("Координаты не поняты: нужна широта и долгота, например 53.98 87.12.") from None
    return longitude, latitude


async def _form(
    context: Context, given: dict[str, str], *, error: ApiError | None = None, lost_photograph: bool = False
) -> Response:
    policy = complaint_policy()
    return citizen_page(
        "complaint_form.html",
        status_code=200 if error is None else STATUSES[type(error)],
        error=None if error is None else _words(error),
        lost_photograph=lost_photograph,
        given=dict.fromkeys(FIELDS, "") | given,
        topics=[(topic.value, words[0]) for topic, words in TOPIC_WORDS.items()],
        settlements=await context.database.ask(settlements),
        keep_days=policy.keep.days,
        keep_closed_days=policy.keep_closed.days,
    )


def _status(*, status_code: int = 200, **values: Any) -> Response:
    empty = {"error": None, "found": None, "code": "", "forgotten": False}
    return citizen_page("complaint_status.html", status_code=status_code, **(empty | values))


def _words(error: ApiError) -> str:
    if isinstance(error, TooManyRequests):
        return f"Слишком часто. Попробуйте через {-(-error.retry_after_s // 60)} мин."
    if isinstance(error, PayloadTooLarge):
        return "Снимок слишком большой: до 8 МБ."
    return error.detail
