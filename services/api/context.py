"""What every route of one process shares; made in `main.py`, handed on as `app.state.context`."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from services.api.directory import SeriesDirectory
from services.api.door import Door
from services.api.events import EventHub
from services.api.http_intake import HttpIntake
from services.api.metrics import Metrics
from services.api.passwords import Passwords
from services.settings import Settings
from services.storage.caller import ActingDatabase, Caller
from services.storage.reading import Database


@dataclass(slots=True)
class Context:
    """Settings, database, intake, live events, figures, passwords and the clock of one API process.

    A request has a copy of its own. database: what its route asks. guarded: acts for the caller, bound by row-level
    security. published: not bound; for questions that choose by themselves what the caller may know.
    """

    settings: Settings
    database: Database
    intake: HttpIntake
    hub: EventHub
    metrics: Metrics
    now: Callable[[], datetime]
    directory: SeriesDirectory
    door: Door = field(default_factory=Door)
    passwords: Passwords = field(default_factory=Passwords)
    published: Database = field(init=False)
    guarded: Database = field(init=False)

    def __post_init__(self) -> None:
        """Before anybody asks nothing is bound."""
        self.published = self.guarded = self.database

    def acting_for(self, caller: Caller, *, open_route: bool) -> "Context":
        """The same for one request.

        The public side of an open route costs no transaction. Whoever supervises a territory is bound there too: more
        is shown to them than to the public, and where it ends only the database knows.
        """
        mine = copy(self)
        mine.guarded = ActingDatabase(self.published, caller)
        if caller.territories and not caller.everything:
            mine.directory = SeriesDirectory(mine.guarded)
        if not open_route or caller.agency is not None:
            mine.database = mine.guarded
        return mine


async def _context(request: Request) -> Context:  # a plain function would run in a thread
    context: Context = request.state.context
    return context


Shared = Annotated[Context, Depends(_context)]
