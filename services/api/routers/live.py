"""Server-sent events."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Header, Query
from fastapi.responses import Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.api.access import API
from services.api.context import Shared
from services.api.errors import InvalidRequest
from services.api.events import BlastChange, LiveEvent, StationChange
from services.api.query import INT64
from services.api.schema import answers
from services.storage.alert_reading import AlertNotice

HEARTBEAT_S = 15
SEND_TIMEOUT_S = 20
SHUTDOWN_GRACE_S = 2
RETRY_MS = 3000
router = APIRouter(prefix=API, tags=["alerts"])

DESCRIPTION = """A stream for `EventSource`. Events: `ready` (the id from which the stream goes on), `alert` (an alert
was opened, updated, returned, reopened or withdrawn; schema AlertNotice), `station` (its judgement was renewed; schema
StationChange; read /stations/{code}), `blast` (an announced blast took
a step; schema BlastChange), `bye` (why we end the stream). A comment every 15 seconds keeps the line open.

`Last-Event-ID` (sent by browsers by themselves) or `?last_event_id=` resumes after that entry: nothing is missed while
a reader, this process or the database was away. An event may come twice; its id tells. A reader that does not read is
dropped and may resume."""


@router.get(
    "/events",
    summary="Live stream of alerts and stations",
    description=DESCRIPTION,
    responses=answers(
        (AlertNotice, StationChange, BlastChange), "The `data` of an event", others={"text/event-stream": "the stream"}
    ),
)
async def get_events(
    context: Shared,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
    resume_after: Annotated[
        int | None, Query(alias="last_event_id", ge=0, le=INT64, description="the same, where no header can be set")
    ] = None,
) -> Response:
    """Open a stream; see DESCRIPTION."""
    if last_event_id:
        if not last_event_id.isdecimal() or int(last_event_id) > INT64:
            raise InvalidRequest("Last-Event-ID is the number of an entry, as we sent it")
        resume_after = int(last_event_id)
    shutdown = anyio.Event()
    stream = context.hub.stream(resume_after, shutdown=shutdown.wait)
    first = await anext(stream)
    return EventSourceResponse(
        _written(first, stream),
        ping=HEARTBEAT_S,
        send_timeout=SEND_TIMEOUT_S,
        headers=_headers(),
        sep="\n",
        shutdown_event=shutdown,
        shutdown_grace_period=SHUTDOWN_GRACE_S,
    )


async def _written(first: LiveEvent, stream: AsyncGenerator[LiveEvent]) -> AsyncGenerator[ServerSentEvent]:
    async with contextlib.aclosing(stream):
        yield _event(first, retry=RETRY_MS)
        async for event in stream:
            yield _event(event)


def _event(event: LiveEvent, **more: Any) -> ServerSentEvent:
    identifier = None if event.id is None else str(event.id)
    return ServerSentEvent(data=event.data, event=event.name, id=identifier, sep="\n", **more)


def _headers() -> dict[str, str]:
    return {"Cache-Control": "no-store"}
