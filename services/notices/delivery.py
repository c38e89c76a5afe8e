"""One attempt to deliver one message, and its outcome in the log."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from services.notices import metrics
from services.notices.channels import Channels
from services.notices.outcome import Gone, NotSent
from services.notices.wording import word
from services.storage.engine import reading, unit_of_work
from services.storage.notice_delivery import Outgoing, note_delivered, note_dropped, note_failed, read_outgoing
from services.storage.push_store import forget_browser

log = structlog.get_logger(__name__)


class Delivery:
    """Delivers messages by number."""

    def __init__(
        self, engine: Any, channels: Channels, *, public_url: str, clock: Callable[[], datetime]
    ) -> None:  # fmt: skip
        self._engine, self._channels, self._public_url, self._clock = engine, channels, public_url, clock

    async def deliver(self, message: int, *, final: bool) -> None:
        """Send and write the outcome; what is settled already is left alone. final: no attempt follows this one.

        Raises NotSent, and whatever else went wrong. Whoever dies between sending and writing leaves the message
        waiting: it is sent again, with the same key.
        """
        async with reading(self._engine) as connection:
            outgoing = await read_outgoing(connection, message)
        if outgoing is None or outgoing.state != "waiting":
            return
        if outgoing.address is None or not (outgoing.notices or outgoing.kind == "confirm"):
            async with unit_of_work(self._engine) as connection:
                await note_dropped(connection, message, now=self._clock())
            return
        began = time.perf_counter()
        try:
            await self._channels.send(outgoing, word(outgoing, public_url=self._public_url, now=self._clock()))
        except Gone:
            await self._forget(outgoing)
            return
        except Exception as error:  # our own mistake too must end as a dead message, never as a silent one
            problem = str(error) if isinstance(error, NotSent) else f"inside: {type(error).__name__}"
            metrics.FAILED.labels(outgoing.channel).inc()
            log.warning("notice.failed", message=message, channel=outgoing.channel, problem=problem, final=final)
            async with unit_of_work(self._engine) as connection:
                await note_failed(connection, message, problem=problem, final=final, now=self._clock())
            raise
        metrics.SECONDS.labels(outgoing.channel).observe(time.perf_counter() - began)
        async with unit_of_work(self._engine) as connection:
            await note_delivered(connection, message, now=self._clock())
        metrics.SENT.labels(outgoing.channel).inc()
        log.info("notice.delivered", message=message, channel=outgoing.channel, notices=len(outgoing.notices))

    async def _forget(self, outgoing: Outgoing) -> None:
        """The browser withdrew its permission, or is no more: its endpoint goes, and what waits for it."""
        async with unit_of_work(self._engine) as connection:
            await note_dropped(connection, outgoing.id, now=self._clock())
            if outgoing.channel == "push" and outgoing.address is not None:
                await forget_browser(connection, outgoing.address, now=self._clock())
        metrics.GONE.inc()
        log.info("notice.recipient_gone", message=outgoing.id, channel=outgoing.channel)
