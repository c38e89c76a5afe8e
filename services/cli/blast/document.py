"""A passport or report from a file, and its checks."""

from __future__ import annotations

from datetime import tzinfo
from pathlib import Path

from pydantic import ValidationError

from services.cli.blast.workbook import WorkbookError, read_cells
from uskat.blast.distance.block import block_flyrock
from uskat.blast.distance.norms import distance_norms_on
from uskat.blast.explosive.register import explosive_register
from uskat.blast.passport.check import check_danger_zone, check_passport
from uskat.blast.passport.check_report import check_report
from uskat.blast.passport.discrepancy import Discrepancy
from uskat.blast.passport.form import form_of
from uskat.blast.passport.form_reading import CellError, read_form
from uskat.blast.passport.model import Passport
from uskat.blast.passport.report import Report
from uskat.blast.passport.rules import passport_rules
from uskat.blast.passport.schema import DocumentKind
from uskat.blast.provenance import Frozen, NoActError


class DocumentError(ValueError):
    """A file that is neither a form nor a document, or not the one that is needed."""


def read_document(file: Path, zone: tzinfo) -> tuple[Frozen | None, tuple[CellError, ...]]:
    """The document, or complaints by cell; raises DocumentError when the file is neither passport nor report."""
    try:
        if file.suffix.lower() == ".json":
            return _from_json(file.read_bytes()), ()
        sheets = read_cells(file)
    except (WorkbookError, OSError) as error:
        raise DocumentError(str(error)) from error
    for kind in DocumentKind:
        form = form_of(kind)
        if form.sheet in sheets:
            result = read_form(form, sheets, zone=zone)
            return result.document, result.errors
    raise DocumentError(f"{file.name} has neither a sheet «Паспорт» nor «Отчёт»")


def cross_check(document: Frozen, passport: Frozen | None, zone: tzinfo) -> list[Discrepancy]:
    """Checks of a passport by itself or of a report against its passport; raises DocumentError for a wrong pair."""
    register, rules = explosive_register(), passport_rules()
    if isinstance(document, Passport):
        return check_passport(document, register=register, rules=rules) + _danger_zone(document, zone)
    if not isinstance(document, Report):
        raise DocumentError("this is neither a passport nor a report")
    if not isinstance(passport, Passport):
        raise DocumentError("a report is checked against its passport: --passport FILE")
    try:
        return check_report(document, passport, register=register, rules=rules)
    except ValueError as error:
        raise DocumentError(str(error)) from error


def _danger_zone(passport: Passport, zone: tzinfo) -> list[Discrepancy]:
    """The declared zone against fly-rock by the act of the planned local day."""
    try:
        act = distance_norms_on(passport.window.planned_from.astimezone(zone).date()).act
    except NoActError:
        return []
    flyrock = block_flyrock(passport, act)
    return check_danger_zone(passport, flyrock.metres, level=flyrock.level)


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
    return f"{place}: {problem['msg']} ({error.error_count()} in all)"
