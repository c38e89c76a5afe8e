"""A passport or report from a file, and its checks."""

from __future__ import annotations

from datetime import tzinfo
from pathlib import Path

from pydantic import ValidationError

from services.api.workbook import WorkbookError, read_cells
from uskat.blast.passport.discrepancy import Discrepancy
from uskat.blast.passport.form import form_of
from uskat.blast.passport.form_reading import CellError, read_form
from uskat.blast.passport.in_order import passport_in_order, report_in_order
from uskat.blast.passport.model import Passport
from uskat.blast.passport.problem_words import problem_words
from uskat.blast.passport.report import Report
from uskat.blast.passport.schema import DocumentKind
from uskat.blast.provenance import Frozen


class DocumentError(ValueError):
    """A file that is neither a form nor a document, or not the one that is needed."""


def read_document(file: Path, zone: tzinfo) -> tuple[Frozen | None, tuple[CellError, ...]]:
    """The document, or complaints by cell; raises DocumentError when the file is neither passport nor report."""
    try:
        if file.suffix.lower() == ".json":
            return _from_json(file.read_bytes()), ()
        with file.open("rb") as source:
            sheets = read_cells(source, name=file.name)
    except (WorkbookError, OSError) as error:
        raise DocumentError(f"{file.name}: не прочитать как книгу XLSX ({error})") from error
    titles = {title.strip() for title in sheets}
    for kind in DocumentKind:
        form = form_of(kind)
        if form.sheet in titles:
            result = read_form(form, sheets, zone=zone)
            return result.document, result.errors
    raise DocumentError(
        f"{file.name}: нет ни листа «Паспорт», ни листа «Отчёт»; пустую форму даёт uskat blast template"
    )


def cross_check(document: Frozen, passport: Frozen | None, zone: tzinfo) -> list[Discrepancy]:
    """Checks of a passport by itself or of a report against its passport; raises DocumentError for a wrong pair."""
    if isinstance(document, Passport):
        return passport_in_order(document, zone=zone)
    if not isinstance(document, Report):
        raise DocumentError("это ни паспорт, ни отчёт")
    if not isinstance(passport, Passport):
        raise DocumentError("отчёт проверяют по его паспорту: укажите --passport ФАЙЛ")
    try:
        return report_in_order(document, passport)
    except ValueError as error:
        raise DocumentError("отчёт не об этом взрыве: номер или предприятие в паспорте другие") from error


def _from_json(text: bytes) -> Frozen:
    problems = []
    for model in (Passport, Report):
        try:
            return model.model_validate_json(text)
        except ValidationError as error:
            problems.append(f"{model.__name__}: {_first(error)}")
    raise DocumentError("; ".join(problems))


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    place = ".".join(str(key) for key in problem["loc"])
    return f"{place}: {problem_words(problem)} (всего замечаний {error.error_count()})"
