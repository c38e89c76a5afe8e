"""One's own password and second factor, set anew by whoever is signed in and shows once more who they are."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import read_struct
from services.api.context import Shared
from services.api.errors import Conflict, InvalidRequest
from services.api.reply import json_reply
from services.api.routers.session import NO_STORE, SECURED, Ended, Enrolled, Text, person_of
from services.api.schema import answers, body_schema
from services.api.sign_in import attempt_of, prove, second_factor
from services.storage.sign_in_store import change_password, change_second_factor
from uskat.supervision.access.password import PasswordError, check_password
from uskat.supervision.access.policy import access_policy

router = APIRouter(prefix=API, tags=["sign-in"])
CHANGE = (401, 403, 409, 413, 415, 422, 429)
CHANGED_MEANWHILE = "it has been changed meanwhile: sign in again"
Digits = Annotated[str, msgspec.Meta(max_length=20)]


class OwnPassword(msgspec.Struct, forbid_unknown_fields=True):
    """The password of now and the new one. code: of the authenticator application, where the account has one."""

    password: Text
    new_password: Annotated[str, msgspec.Meta(max_length=1000)]
    code: Digits | None = None


class OwnSecondFactor(msgspec.Struct, forbid_unknown_fields=True):
    """The password, and a code of the application of now, where the account has one."""

    password: Text
    code: Digits | None = None


@router.post(
    "/session/password",
    summary="Change my password",
    responses=answers(Ended, "Changed; other sign-ins ended", example={"ended": 2}, problems=CHANGE),
    openapi_extra=body_schema(
        OwnPassword,
        example={"password": "зелёный мост над рекой", "new_password": "синий паром у причала", "code": "492039"},
    ) | {"security": SECURED["security"]},
)  # fmt: skip
async def post_password(request: Request, context: Shared, asking: Asking) -> Response:
    """Every other sign-in of the account ends. Failures count like those of signing in."""
    session, account = person_of(asking)
    wanted = await read_struct(request, OwnPassword)
    try:
        check_password(wanted.new_password, login=asking.name, policy=access_policy())
    except PasswordError as error:
        raise InvalidRequest(str(error)) from None
    if wanted.new_password == wanted.password:
        raise InvalidRequest("the new password is the old one")
    attempt = attempt_of(request, asking.name)
    found = await prove(context, attempt, account, password=wanted.password, code=wanted.code)
    hashed = await context.passwords.hash(wanted.new_password)
    ended = await context.guarded.change(change_password, found, new=hashed, keep=session, who=asking, at=context.now())
    return json_reply(Ended(_unless_changed(ended)), headers=NO_STORE)


@router.post(
    "/session/second-factor",
    summary="Take another authenticator application",
    status_code=201,
    responses=answers(
        Enrolled,
        "The secret is shown once; other sign-ins ended",
        example={"login": "petrova", "totp_secret": "JBSW…", "totp_address": "otpauth://totp/Uskat:petrova?secret=…"},
        problems=CHANGE,
        status=201,
    ),
    openapi_extra=body_schema(OwnSecondFactor, example={"password": "зелёный мост над рекой", "code": "492039"})
    | {"security": SECURED["security"]},
)
async def post_second_factor_anew(request: Request, context: Shared, asking: Asking) -> Response:
    """The old application's codes are refused from now on. Lost before: an admin invites anew."""
    session, account = person_of(asking)
    wanted = await read_struct(request, OwnSecondFactor)
    factor = second_factor(context)
    attempt = attempt_of(request, asking.name)
    found = await prove(context, attempt, account, password=wanted.password, code=wanted.code)
    encrypted, secret, address = factor.new(found.login)
    _unless_changed(
        await context.guarded.change(
            change_second_factor, found, new=encrypted, keep=session, who=asking, at=context.now()
        )
    )
    return json_reply(Enrolled(found.login, secret, address), headers=NO_STORE, status_code=201)


def _unless_changed(ended: Any) -> int:
    if ended is None:
        raise Conflict(CHANGED_MEANWHILE)
    return int(ended)
