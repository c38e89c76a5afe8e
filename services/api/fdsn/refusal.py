"""How FDSN web services say no: plain text in the form of the specification, and silence where nothing was found."""

from http import HTTPStatus

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response

from services.api.errors import NotFound
from services.api.fdsn.parameters import VERSION
from services.api.fdsn.question import Question

PREFIX = "/fdsnws/"
LONGEST_URL = 1000
STATUS = {
    HTTPStatus.UNPROCESSABLE_ENTITY: HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.BAD_REQUEST,
}
"""Codes that the specification (1.2, table 1) does not know, and what it has for them."""


def refusal(request: Request, status: HTTPStatus, detail: str, *, headers: dict[str, str]) -> Response:
    """The answer to an error: code, sentence, the request, its id, the version of the service."""
    known = STATUS.get(status, status)
    body = (
        f"Error {known.value}: {known.phrase}\n\n{detail}\n\n"
        f"Usage details are available from {request.base_url}docs\n\nRequest:\n{str(request.url)[:LONGEST_URL]}\n\n"
        f"Request Submitted:\n{request.scope.get('request_id', '')}\n\nService version:\n{VERSION}\n"
    )
    return PlainTextResponse(body, known.value, headers)


def nothing_found(question: Question) -> Response:
    """204 without a body, or 404 with an explanation where the client asked for that."""
    if question["nodata"] == HTTPStatus.NOT_FOUND:
        raise NotFound("nothing matches the request, or it is not published")
    return Response(None, HTTPStatus.NO_CONTENT)
