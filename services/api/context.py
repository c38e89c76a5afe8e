"""What every route of one process shares; made in `main.py`, handed on as `app.state.context`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from services.api.directory import SeriesDirectory
from services.api.events import EventHub
from services.api.http_intake import HttpIntake
from services.api.metrics import Metrics
from services.settings import Settings
from services.storage.reading import Database


@dataclass(slots=True)
class Context:
    """Settings, database, intake, live events, figures and the clock of one API process."""

    settings: Settings
    database: Database
    intake: HttpIntake
    hub: EventHub
    metrics: Metrics
    now: Callable[[], datetime]
    directory: SeriesDirectory


async def _context(request: Request) -> Context:  # a plain function would run in a thread
    context: Context = request.app.state.context
    return context


Shared = Annotated[Context, Depends(_context)]
