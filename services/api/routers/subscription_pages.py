"""A resident subscribes in a browser, confirms and leaves by the links of the mails (RFC 8058 for one click).

A link alone changes nothing: mail programs open links by themselves. The token stands in the query, which no log has.
"""

from functools import cache
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.citizen_page import citizen_page
from services.api.context import Context, Shared
from services.api.errors import ApiError, InvalidRequest, TooManyRequests
from services.api.form import Form, read_form
from services.api.query import PLAIN_TEXT
from services.api.routers.subscriptions import NewSubscription, ask
from services.storage.subscription_store import (
    area_choices,
    confirm_subscription,
    find_subscription,
    leave_subscription,
)
from uskat.supervision.notice.area import AreaKind
from uskat.supervision.notice.recipient import AddressError, mail_address

SMALL_FORM = 4096
SCRIPT_HEADERS = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/subscription"}
Token = Annotated[str, Query(max_length=100, pattern=PLAIN_TEXT)]
router = APIRouter(prefix="/subscription", include_in_schema=False)


@router.get("")
async def get_form(context: Shared) -> Response:
    """An empty form."""
    return await _form(context)


@router.post("")
async def post_form(request: Request, context: Shared) -> Response:
    """What happens next, or the form again with what is wrong."""
    form = Form()
    try:
        form = await read_form(request, SMALL_FORM)
        if form.text("website") is not None:
            raise InvalidRequest("Скрытое поле заполнено: так делают программы. Очистите его и отправьте снова.")
        kind, _, code = (form.text("area") or "").partition("/")
        if kind not in set(AreaKind) or not code or len(code) > 100:
            raise InvalidRequest("Выберите реку, посёлок или разрез.")
        wanted = NewSubscription(_mail(form.text("email") or ""), AreaKind(kind), code)
        await ask(request, context, wanted)
    except (InvalidRequest, TooManyRequests) as error:
        return await _form(context, form, error=error)
    return _done(
        "Проверьте почту", "Мы отправили письмо со ссылкой. Подпишем вас, когда вы подтвердите её за двое суток."
    )


@router.get("/push.js")
async def get_push_script() -> Response:
    """What the page runs for web push; it works without."""
    return _script("push.js")


@router.get("/push-worker.js")
async def get_push_worker() -> Response:
    """The service worker of the page."""
    return _script("push-worker.js")


@router.get("/confirm")
async def get_confirm(context: Shared, token: Token) -> Response:
    """Asks; a button confirms."""
    found = await context.published.ask(find_subscription, token)
    if found is None:
        return _unknown()
    return _asked("Подтвердить подписку", "Присылать сигналы о воде и взрывах на этот адрес?", "confirm", token=token)


@router.post("/confirm")
async def post_confirm(context: Shared, token: Token) -> Response:
    """Subscribed from now on."""
    found = await context.published.change(confirm_subscription, token, now=context.now())
    if found is None:
        return _unknown()
    return _done("Вы подписаны", "Сигналы будут приходить на почту. Отписаться можно из любого письма одним нажатием.")


@router.get("/leave")
async def get_leave(context: Shared, token: Token) -> Response:
    """Asks; a button leaves."""
    found = await context.published.ask(find_subscription, token)
    if found is None:
        return _done("Подписки нет", "Адрес уже удалён, писем больше не будет.")
    return _asked("Отписаться", "Удалить подписку вместе с адресом?", "leave", token=token)


@router.post("/leave")
async def post_leave(context: Shared, token: Token) -> Response:
    """The address is deleted; again changes nothing. Mail programs post here by themselves (RFC 8058)."""
    await context.published.change(leave_subscription, token, now=context.now())
    return _done("Вы отписаны", "Адрес удалён, писем больше не будет.")


def _script(name: str) -> Response:
    return Response(_text(name), media_type="text/javascript; charset=utf-8", headers=SCRIPT_HEADERS)


@cache
def _text(name: str) -> str:
    return files("services.api").joinpath("templates", name).read_text(encoding="utf-8")


async def _form(context: Context, given: Form | None = None, *, error: ApiError | None = None) -> Response:
    given = given or Form()
    if isinstance(error, TooManyRequests):
        words: str | None = f"Слишком часто. Попробуйте через {-(-error.retry_after_s // 60)} мин."
    else:
        words = None if error is None else error.detail
    return citizen_page(
        "subscription_form.html",
        status_code=200 if error is None else 429 if isinstance(error, TooManyRequests) else 422,
        error=words,
        push_key=context.settings.push_public_key,
        areas=await context.published.ask(area_choices),
        email=given.text("email") or "",
        chosen=given.text("area") or "",
    )


def _mail(text: str) -> str:
    try:
        return mail_address(text)
    except AddressError:
        raise InvalidRequest("Почта не похожа на адрес: нужно так: name@example.ru.") from None


def _asked(title: str, words: str, action: str, *, token: str) -> Response:
    return citizen_page("subscription.html", title=title, words=words, action=action, token=token)


def _done(title: str, words: str, *, status_code: int = 200) -> Response:
    return citizen_page("subscription.html", status_code=status_code, title=title, words=words, action=None, token="")


def _unknown() -> Response:
    return _done(
        "Ссылка не действует", "Она старше двух суток, или подписка удалена. Подпишитесь снова.", status_code=404
    )
