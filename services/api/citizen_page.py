"""Pages for residents: plain HTML that works without scripts, at 200 % and on a telephone. Every value is escaped."""

from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from services.api.routers.start_page import iso
from services.api.state_word import local_time
from uskat.finding import number_ru

NO_STORE = {"Cache-Control": "no-store"}
_environment = Environment(loader=PackageLoader("services.api"), autoescape=True, undefined=StrictUndefined)
_environment.filters |= {"local": local_time, "iso": iso, "number": number_ru}


def citizen_page(template: str, *, status_code: int = 200, **values: Any) -> HTMLResponse:
    """A page from a template; never kept by a cache."""
    return HTMLResponse(_environment.get_template(template).render(**values), status_code, headers=NO_STORE)
