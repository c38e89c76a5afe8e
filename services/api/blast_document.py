"""Passports and reports as they are sent: JSON, or a filled XLSX form; every complaint at once, in Russian."""

import asyncio
import io
from typing import Any, TypeVar

from fastapi import Request
from pydantic import ValidationError

from services.api.body import check_content_type, read_body
from services.api.errors import InvalidRequest
from services.api.state_word import LOCAL
from services.api.workbook import WorkbookError, read_cells
from uskat.blast.passport.form import form_of
from uskat.blast.passport.form_reading import read_form
from uskat.blast.passport.model import Passport
from uskat.blast.passport.problem_words import problem_words
from uskat.blast.passport.report import Report
from uskat.blast.passport.schema import DocumentKind, document_schema
from uskat.blast.provenance import Frozen

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCUMENT_TYPES = ("application/json", XLSX)
LARGEST_DOCUMENT = 5 * 1024 * 1024
MOST_COMPLAINTS = 200

Document = TypeVar("Document", Passport, Report)
KINDS: dict[type[Frozen], DocumentKind] = {Passport: DocumentKind.PASSPORT, Report: DocumentKind.REPORT}


async def read_document(request: Request, kind: type[Document]) -> Document:
    """A document from the body of a request. Raises InvalidRequest with all complaints: place and what is wrong there.

    Nothing of a document with a complaint is kept: half a passport is none.
    """
    check_content_type(request, DOCUMENT_TYPES)
    body = await read_body(request, LARGEST_DOCUMENT)
    declared = request.headers["content-type"].partition(";")[0].strip().lower()
    return await document_of(body, kind, workbook=declared == XLSX)


async def document_of(body: bytes, kind: type[Document], *, workbook: bool) -> Document:
    """A document from its bytes: a filled XLSX form, or JSON. Raises InvalidRequest as `read_document`."""
    document = await asyncio.to_thread(_of_workbook if workbook else _of_json, body, kind)
    if "\\u0000" in document.model_dump_json():
        raise InvalidRequest("the document holds characters that are no text")
    return document


def document_body(kind: type[Frozen], *, example: Any) -> dict[str, Any]:
    """`openapi_extra` of a route that reads a document."""
    schema = {key: value for key, value in document_schema(KINDS[kind]).items() if key not in {"$schema", "$id"}}
    content: dict[str, Any] = {
        "application/json": {"schema": _inlined(schema), "example": example},
        XLSX: {"schema": {"type": "string", "format": "binary", "description": "the filled form"}},
    }
    return {"requestBody": {"required": True, "content": content}, "security": [{"token": []}]}


def _of_json(body: bytes, kind: type[Document]) -> Document:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        complaints = [
            {
                "in": ".".join(str(step)[:80] for step in problem["loc"]) or "body",
                "message": problem_words(problem)[:300],
            }
            for problem in error.errors(include_url=False, include_input=False)[:MOST_COMPLAINTS]
        ]
        raise InvalidRequest(f"{error.error_count()} fields do not fit", errors=complaints) from None


def _of_workbook(body: bytes, kind: type[Document]) -> Document:
    form = form_of(KINDS[kind])
    try:
        sheets = read_cells(io.BytesIO(body), name="the body")
    except WorkbookError as error:
        raise InvalidRequest(str(error)) from None
    found = read_form(form, sheets, zone=LOCAL)
    if isinstance(found.document, kind):
        return found.document
    complaints = [
        {"in": f"{cell.sheet}!{cell.cell}", "field": cell.title, "message": cell.problem[:300],
         "value": None if cell.value is None else cell.value[:80]}
        for cell in found.errors[:MOST_COMPLAINTS]
    ]  # fmt: skip
    raise InvalidRequest(f"{len(found.errors)} cells do not fit", errors=complaints)


def _inlined(schema: dict[str, Any]) -> Any:
    """The schema without references into itself: OpenAPI's own root has no `$defs`."""
    definitions = schema.get("$defs", {})

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                rest = {key: value for key, value in node.items() if key != "$ref"}
                return walk(definitions[node["$ref"].rsplit("/", 1)[-1]]) | rest
            return {key: walk(value) for key, value in node.items() if key != "$defs"}
        return [walk(item) for item in node] if isinstance(node, list) else node

    return walk(schema)
