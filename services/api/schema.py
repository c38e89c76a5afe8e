"""OpenAPI from the very structs that are sent: what is documented cannot drift from what is answered."""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from services.api.problem import MEDIA_TYPE as PROBLEM_TYPE
from services.api.problem import Problem
from services.api.throttle import FREE_PATHS

REF = "#/components/schemas/{name}"
_documented: dict[str, Any] = {}


def answers(
    content: Any,
    text: str,
    *,
    example: Any = None,
    others: dict[str, str] | None = None,
    problems: tuple[int, ...] = (422,),
    status: int = 200,
) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route: a struct (any type msgspec knows, or a tuple of them) as JSON, other media, problems."""
    reference = _reference(content)
    media: dict[str, Any] = {"application/json": {"schema": reference}}
    if example is not None:
        media["application/json"]["example"] = example
    for media_type, description in (others or {}).items():
        media[media_type] = {"schema": {"type": "string", "description": description}}
    found: dict[int | str, dict[str, Any]] = {status: {"description": text, "content": media}}
    for code in (*problems, 503):
        found[code] = problem_answer(code)
    return found


def problem_answer(status: int) -> dict[str, Any]:
    """Description of an error answer."""
    texts = {
        401: "No valid token",
        403: "The token does not cover this",
        404: "No such thing, or not published",
        409: "It contradicts what is there",
        412: "Somebody has changed it since: read it again",
        413: "The body is too large",
        415: "The body is of a kind not read here",
        422: "The request cannot be answered as asked",
        428: "If-Match with the version is needed",
        429: "Too many requests of one address: ask again after Retry-After seconds",
        503: "The database or a queue has no room now; ask again after Retry-After seconds",
    }
    return {"description": texts[status], "content": {PROBLEM_TYPE: {"schema": _reference(Problem)}}}


def _reference(content: Any) -> dict[str, Any]:
    kinds = content if isinstance(content, tuple) else (content,)
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REF)
    for name, schema in components.items():
        if _documented.setdefault(name, schema) != schema:
            raise ValueError(f"two structs of the API are called {name}: the document can hold one")
    return {"anyOf": list(schemas)} if len(kinds) > 1 else dict(schemas[0])


def model_schema(kind: type[BaseModel]) -> dict[str, Any]:
    """Schema of a value of the domain; what it consists of goes to the components."""
    made = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    _documented.update(made.pop("$defs", {}))
    return made


def body_schema(content: Any, *, example: Any) -> dict[str, Any]:
    """`openapi_extra` of a route that reads a JSON struct."""
    media = {"schema": _reference(content), "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": media}}}


def install(app: FastAPI) -> None:
    """Make `app.openapi()` carry the documented structs and the bearer scheme."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
                license_info=app.license_info,
            )
            components = made.setdefault("components", {})
            components.setdefault("schemas", {}).update(_documented)
            components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            _restore_examples(app, made)
            for path, methods in made["paths"].items():
                for operation in methods.values():
                    operation["responses"].setdefault(
                        "401", problem_answer(401)
                    )  # a wrong token, also where none is due
                    if path not in FREE_PATHS:
                        operation["responses"].setdefault("429", problem_answer(429))
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _restore_examples(app: FastAPI, document: dict[str, Any]) -> None:
    """FastAPI strips nulls from the whole document; an example without its nulls is no longer one."""
    for route in iter_route_contexts(app.routes):
        operations = document["paths"].get(route.path, {})
        for method in {name.lower() for name in route.methods or ()} & set(operations):
            for status, answer in getattr(route, "responses", {}).items():
                for media_type, media in answer.get("content", {}).items():
                    if "example" in media:
                        written = operations[method]["responses"][str(status)]["content"]
                        written[media_type]["example"] = media["example"]
            body = (getattr(route, "openapi_extra", None) or {}).get("requestBody")
            if body is not None:
                operations[method]["requestBody"] = body
