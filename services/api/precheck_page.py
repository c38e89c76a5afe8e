"""The pre-check of a blast as one page for people: plain HTML, every value escaped."""

from typing import NamedTuple

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from services.api.state_word import local_time
from uskat.blast.norm.curve import RECEPTOR_RU
from uskat.blast.precheck.outlook import Precheck
from uskat.blast.precheck.words import Line, chance_ru
from uskat.finding import number_ru

PRIVATE = {"Cache-Control": "no-store", "Vary": "Accept, Authorization"}
NOT_FILED = "Паспорт не подан, здесь ничего не сохранено"
_environment = Environment(loader=PackageLoader("services.api"), autoescape=True, undefined=StrictUndefined)
_environment.filters |= {"local": local_time, "number": number_ru, "chance": chance_ru}


class Heading(NamedTuple):
    """Names for the head of the page: enterprise, pit, and how far the blast has come, in a word."""

    enterprise: str
    pit: str
    state: str


def precheck_page(found: Precheck, lines: list[Line], heading: Heading) -> HTMLResponse:
    """The page of a pre-check, its verdict first; never kept by a cache."""
    page = _environment.get_template("precheck.html").render(
        heading=heading,
        passport=found.passport,
        at=found.at,
        verdict=lines[0],
        lines=lines[1:],
        receptors=found.receptors,
        receptor_words=RECEPTOR_RU,
    )
    return HTMLResponse(page, headers=PRIVATE)
