"""JSON Schema of passport and report, as published in `uskat/data/blast/{passport,report}.schema.json`."""

import json
from enum import StrEnum
from typing import Any

from uskat.blast.passport.model import Passport
from uskat.blast.passport.report import Report
from uskat.blast.provenance import Frozen

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class DocumentKind(StrEnum):
    """Which document."""

    PASSPORT = "passport"
    REPORT = "report"


MODELS: dict[DocumentKind, type[Frozen]] = {DocumentKind.PASSPORT: Passport, DocumentKind.REPORT: Report}
TITLES = {DocumentKind.PASSPORT: "Паспорт массового взрыва", DocumentKind.REPORT: "Отчёт о массовом взрыве"}


def document_schema(kind: DocumentKind) -> dict[str, Any]:
    """Schema of a document, generated from its model; `unit` tells the unit of a number."""
    schema = MODELS[kind].model_json_schema(by_alias=True)
    return {"$schema": DIALECT, "$id": f"urn:uskat:{kind.value}:1"} | schema | {"title": TITLES[kind]}


def schema_text(kind: DocumentKind) -> str:
    """The schema as the published file has it."""
    return json.dumps(document_schema(kind), ensure_ascii=False, indent=2) + "\n"
