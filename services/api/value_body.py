"""Request bodies that are values of the domain: read, and refused with every complaint and its place."""

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from services.api.body import JSON_TYPES, SMALL_BODY, check_content_type, read_body
from services.api.errors import InvalidRequest
from services.api.query import EARLIEST, LATEST
from services.api.schema import model_schema
from uskat.blast.passport.problem_words import problem_words

Value = TypeVar("Value", bound=BaseModel)
MOST_COMPLAINTS = 50


async def read_value(request: Request, kind: type[Value]) -> Value:
    """A small JSON body as a value. Raises InvalidRequest with all complaints."""
    check_content_type(request, JSON_TYPES)
    payload = await read_body(request, SMALL_BODY)
    try:
        value = kind.model_validate_json(payload)
    except ValidationError as error:
        complaints = [
            {"in": ".".join(str(step)[:80] for step in problem["loc"]) or "body",
             "message": problem_words(problem)[:300]}
            for problem in error.errors(include_url=False, include_input=False)[:MOST_COMPLAINTS]
        ]  # fmt: skip
        raise InvalidRequest(f"{error.error_count()} fields do not fit", errors=complaints) from None
    if "\\u0000" in value.model_dump_json():
        raise InvalidRequest("the body holds characters that are no text")
    return value


def ensure_storable(*moments: Any) -> None:
    """Raise InvalidRequest for a moment that lies outside of what is kept; None is none."""
    if not all(moment is None or EARLIEST <= moment < LATEST for moment in moments):
        raise InvalidRequest(f"times must lie between {EARLIEST.year} and {LATEST.year}")


def value_body(kind: type[BaseModel], *, example: Any) -> dict[str, Any]:
    """`openapi_extra` of a route with a token that reads a value."""
    media = {"schema": model_schema(kind), "example": example}
    return {
        "requestBody": {"required": True, "content": {"application/json": media}},
        "security": [{"token": []}],
    }
