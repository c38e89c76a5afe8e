"""Live events: one LISTEN per process, one bounded queue per reader.

An event stream carries three kinds of events. `alert`: an alert was opened, updated, returned, reopened or withdrawn;
its id is the id of that entry of the history, and `Last-Event-ID` resumes after it. `station`: the judgement of a
station was renewed (new readings, or their absence); `blast`: an announced blast took a step (told, moved, called off,
fired, reported); both have no id and are not repeated. Before the first of them `ready` tells the id from which the
stream goes on; `bye` tells why we end it. Entries of two stations that are committed at the same moment may become
visible out of the order of their ids; all of them are sent.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import structlog

from services.api.errors import Overloaded
from services.api.metrics import Metrics
from services.storage.alert_reading import AlertNotice, last_alert_event, notices_after, notices_by_id
from services.storage.blast_reading import told_steps
from services.storage.notifications import listen
from services.storage.reading import Database, DatabaseAway, QueryTooLong
from services.storage.station_reading import stations_evaluated_since

ALERT_CHANNEL, JOURNAL_CHANNEL = "uskat_alert", "uskat_journal"
QUEUE_LENGTH = 256
MOST_READERS = 2000
PAGE = 500
REMEMBERED = 5000
OVERLAP = 200
"""After a reconnection so many ids below the highest seen are looked at again: they may have been committed late."""
LOOK_ANYWAY_S = 20.0
STATIONS_EVERY_S = 1.0
STOP_WITHIN_S = 5.0
LATE = timedelta(minutes=1)
READY_WITHIN_S = 5.0
LISTENER = "uskat-api listen"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One event of the stream; `data` is JSON."""

    name: str
    data: str
    id: int | None = None


class StationChange(msgspec.Struct):
    """The judgement of a station was renewed at this moment (UTC)."""

    station: str
    evaluated_at: datetime


class BlastChange(msgspec.Struct):
    """An announced blast took a step. action: publish | postpone | cancel | amend | fire | report; at: UTC."""

    enterprise: str
    blast_id: str
    action: str
    status: str
    at: datetime


@dataclass(slots=True, eq=False)
class Reader:
    """One open stream. `ended`: why we stopped serving it."""

    queue: asyncio.Queue[LiveEvent] = field(default_factory=lambda: asyncio.Queue(QUEUE_LENGTH))
    ended: str | None = None


class EventHub:
    """Hears of changes once and hands them to every reader."""

    def __init__(self, database: Database, database_url: str, metrics: Metrics, now: Callable[[], datetime]) -> None:
        self._database = database
        self._database_url = database_url
        self._metrics = metrics
        self._readers: set[Reader] = set()
        self._wake = asyncio.Event()
        self._stopping = False
        self._running = False
        self._ready = asyncio.Event()
        self._ids: set[int] = set()
        self._look_again = True
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._highest: int | None = None
        self._began = 0
        self._stations_since = now()
        self._stations_looked_at = 0.0
        self._began_at = self._blasts_since = now()
        self._steps: OrderedDict[tuple[int, int], None] = OrderedDict()

    @property
    def readers(self) -> int:
        """Open streams."""
        return len(self._readers)

    async def run(self) -> None:
        """Listen and distribute until cancelled; survives the database being away.

        A query under way is let finish: a pooled connection that is interrupted while it is made would be lost.
        """
        channels = (ALERT_CHANNEL, JOURNAL_CHANNEL)
        listening = asyncio.create_task(
            listen(self._database_url, channels, heard=self._heard, connected=self._reconnected, application=LISTENER)
        )
        distributing = asyncio.create_task(self._distribute())
        self._running = True
        try:
            done, _ = await asyncio.wait({listening, distributing}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._stopping, self._running = True, False
            self._wake.set()
            await asyncio.wait({distributing}, timeout=STOP_WITHIN_S)
            listening.cancel()
            distributing.cancel()
            await asyncio.gather(listening, distributing, return_exceptions=True)

    def _heard(self, channel: str, payload: str) -> None:
        if channel == ALERT_CHANNEL:
            numbers = [part for part in payload.replace(",", " ").split() if part.isdecimal()]
            self._ids.update(map(int, numbers))
            self._look_again = self._look_again or not numbers
        self._wake.set()

    def _reconnected(self) -> None:
        self._look_again = True
        self._wake.set()

    async def _distribute(self) -> None:
        while not self._stopping:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_ANYWAY_S)
            self._wake.clear()
            try:
                await self._send_notices()
                await self._send_stations()
            except (DatabaseAway, QueryTooLong):
                self._look_again = True
                await asyncio.sleep(STATIONS_EVERY_S)
                self._wake.set()

    async def _send_notices(self) -> None:
        if self._highest is None:
            self._highest = self._began = await self._database.ask(last_alert_event)
            self._ids.clear()
            self._look_again = False
            self._ready.set()
            return
        ids, self._ids = sorted(self._ids), set()
        try:
            notices = await self._database.ask(notices_by_id, ids) if ids else []
            if self._look_again:
                notices += await self._missed(self._highest)
        except (DatabaseAway, QueryTooLong):
            self._ids.update(ids)
            raise
        self._look_again = False
        for notice in sorted(notices, key=lambda item: item.id):
            if notice.id in self._seen:
                continue
            self._seen[notice.id] = None
            self._highest = max(self._highest, notice.id)
            self._broadcast(alert_event(notice))
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    async def _missed(self, highest: int) -> list[AlertNotice]:
        """Entries since this process began that no reader has been told of, looking OVERLAP ids back."""
        found: list[AlertNotice] = []
        after = max(self._began, highest - OVERLAP)
        while True:
            page = await self._database.ask(notices_after, after, limit=PAGE)
            found += [notice for notice in page if notice.id not in self._seen]
            if len(page) < PAGE:
                return found
            after = page[-1].id

    async def _send_stations(self) -> None:
        if not self._readers:
            self._stations_looked_at = 0.0
            return
        clock = asyncio.get_running_loop()
        wait = self._stations_looked_at + STATIONS_EVERY_S - clock.time()
        if wait > 0:
            clock.call_later(wait, self._wake.set)
            return
        self._stations_looked_at = clock.time()
        for station, evaluated_at in await self._database.ask(stations_evaluated_since, self._stations_since):
            self._stations_since = max(self._stations_since, evaluated_at)
            body = msgspec.json.encode(StationChange(station, evaluated_at)).decode()
            self._broadcast(LiveEvent("station", body))
        await self._send_blasts()

    async def _send_blasts(self) -> None:
        """Steps are looked for LATE back: a step is dated before it is committed."""
        for step in await self._database.ask(told_steps, self._blasts_since - LATE):
            name = (step.id, step.number)
            self._blasts_since = max(self._blasts_since, step.at)
            if name in self._steps or step.at <= self._began_at:
                continue
            self._steps[name] = None
            change = BlastChange(step.enterprise, step.blast_id, step.action, step.status, step.at)
            self._broadcast(LiveEvent("blast", msgspec.json.encode(change).decode()))
        while len(self._steps) > REMEMBERED:
            self._steps.popitem(last=False)

    def _broadcast(self, event: LiveEvent) -> None:
        for reader in list(self._readers):
            try:
                reader.queue.put_nowait(event)
            except asyncio.QueueFull:
                self._end(reader, "slow")

    def _end(self, reader: Reader, reason: str) -> None:
        reader.ended = reason
        self._readers.discard(reader)
        self._metrics.dropped.labels(reason).inc()
        while not reader.queue.empty():
            reader.queue.get_nowait()
        reader.queue.put_nowait(LiveEvent("bye", msgspec.json.encode({"reason": reason}).decode()))

    async def stream(
        self, resume_after: int | None, *, shutdown: Callable[[], Awaitable[object]]
    ) -> AsyncGenerator[LiveEvent]:
        """Events from now on, or from behind the entry `resume_after`, until `shutdown` returns.

        Raises Overloaded, DatabaseAway.
        """
        if len(self._readers) >= MOST_READERS:
            raise Overloaded("too many open event streams")
        await self._until_ready()
        reader = Reader()
        self._readers.add(reader)
        self._metrics.streams.set(len(self._readers))
        ending = asyncio.create_task(self._end_after(shutdown, reader))
        try:
            begin = await self._database.ask(last_alert_event) if resume_after is None else resume_after
            yield LiveEvent("ready", msgspec.json.encode({"resume_after": begin}).decode(), begin)
            sent: set[int] = set()
            if resume_after is not None:
                async for event in self._earlier(resume_after):
                    sent.add(event.id or 0)
                    yield event
            while True:
                event = await reader.queue.get()
                if event.id is None or event.id not in sent:
                    yield event
                if event.name == "bye":
                    return
        finally:
            ending.cancel()
            self._readers.discard(reader)
            self._metrics.streams.set(len(self._readers))

    async def _until_ready(self) -> None:
        """A stream begins only when nothing that happens after its beginning can be missed."""
        try:
            if not self._running:
                raise DatabaseAway("live events are not distributed in this process")
            await asyncio.wait_for(self._ready.wait(), READY_WITHIN_S)
        except TimeoutError:
            raise DatabaseAway("not listening to the database yet") from None

    async def _end_after(self, shutdown: Callable[[], Awaitable[object]], reader: Reader) -> None:
        await shutdown()
        self._end(reader, "shutdown")

    async def _earlier(self, after: int) -> AsyncGenerator[LiveEvent]:
        while True:
            page = await self._database.ask(notices_after, after, limit=PAGE)
            for notice in page:
                yield alert_event(notice)
            if len(page) < PAGE:
                return
            after = page[-1].id


def alert_event(notice: AlertNotice) -> LiveEvent:
    """An entry of an alert's history as an event of the stream."""
    return LiveEvent("alert", msgspec.json.encode(notice).decode(), notice.id)
