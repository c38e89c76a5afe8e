"""From intervals to accepted packets: composed once behind the data, sent oldest first, again until they are accepted.

An attempt whose answer was lost is repeated with the same bytes; the register then says that it knows them, which
counts as accepted. A refused packet is kept for a person, and the next one is sent.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import structlog

from services.register import metrics
from services.register.signer import Signer, SigningError, signature_headers
from services.storage.engine import unit_of_work
from services.storage.register_store import (
    WaitingPacket,
    keep_packets,
    last_composed,
    mark_packet,
    oldest_waiting,
    outbox_figures,
    register_intervals,
    register_series,
)
from uskat.supervision.register.answer import Fate, fate_of
from uskat.supervision.register.packet import Packet, compose_packet
from uskat.supervision.register.protocol import Protocol
from uskat.supervision.register.system import ControlSystem
from uskat.water.interval import interval_start

MOST_COMPOSED = 100
LONGEST_ANSWER = 64 * 1024

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Exporter:
    """Composes and sends for one control system. url: of the register, without the path."""

    engine: Any
    http: httpx.AsyncClient
    url: str
    system: ControlSystem
    protocol: Protocol
    signer: Signer
    timeout_s: float

    async def compose(self, now: datetime) -> int:
        """Packets of the intervals that are over and settled, from the newest composed one on; how many.

        The first time only the newest: what was before the export began is not sent.
        """
        newest = interval_start(now - self.protocol.settle) - self.protocol.interval
        async with unit_of_work(self.engine) as connection:
            last = await last_composed(connection, self.system.code)
            start = newest if last is None else last + self.protocol.interval
            series = await register_series(connection, [(one.station, one.parameter) for one in self.system.channels()])
            packets: list[Packet] = []
            while start <= newest and len(packets) < MOST_COMPOSED:
                found = await register_intervals(connection, series, start)
                packets.append(compose_packet(self.system, start, found=found, protocol=self.protocol))
                start += self.protocol.interval
            await keep_packets(connection, packets, now=now)
        return len(packets)

    async def send_oldest(self, now: datetime) -> Fate | None:
        """One attempt with the oldest packet that waits; None when none does, or its pause is not over."""
        async with unit_of_work(self.engine) as connection:
            waiting = await oldest_waiting(connection, self.system.code)
            if waiting is None or waiting.next_at > now:
                return None
            fate, answer = await self._attempt(waiting)
            pause = self.protocol.pause(waiting.attempts + 1)
            taken = fate in {Fate.ACCEPTED, Fate.DUPLICATE}
            state = "accepted" if taken else "refused" if fate is Fate.REFUSED else "waiting"
            await mark_packet(
                connection, waiting.id, state=state, answer=answer,
                next_at=now + pause if state == "waiting" else None, accepted_at=now if taken else None,
            )  # fmt: skip
        metrics.ATTEMPTS.labels(fate.value).inc()
        if not taken:
            log.warning("register.not_taken", key=waiting.packet.key, fate=fate.value, answer=answer[:200])
        return fate

    async def send_all(self, now: datetime) -> int:
        """Attempts, oldest first, until nothing is due; a failure that will be tried again ends the round. How many."""
        attempts = 0
        while (fate := await self.send_oldest(now)) is not None:
            attempts += 1
            if fate is Fate.LATER:
                break
        return attempts

    async def measure(self, now: datetime) -> int:
        """Set the figures of the outbox; how many packets wait."""
        async with unit_of_work(self.engine) as connection:
            found = await outbox_figures(connection, self.system.code)
        metrics.WAITING.set(found.waiting)
        metrics.REFUSED.set(found.refused)
        metrics.OLDEST.set(0.0 if found.oldest is None else max(0.0, (now - found.oldest).total_seconds()))
        return found.waiting

    async def _attempt(self, waiting: WaitingPacket) -> tuple[Fate, str]:
        packet = waiting.packet
        try:
            signature = await self.signer.sign(packet.body)
            status, body = await asyncio.wait_for(self._post(packet.key, packet.body, signature), self.timeout_s)
        except SigningError as error:
            return Fate.LATER, f"no signature: {error}"
        except TimeoutError:
            return Fate.LATER, f"no answer within {self.timeout_s:g} s"
        except httpx.HTTPError as error:
            return Fate.LATER, type(error).__name__
        return fate_of(status, body, protocol=self.protocol), f"{status} {body.decode('utf-8', 'replace')}"

    async def _post(self, key: str, body: bytes, signature: bytes) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        headers |= signature_headers(self.signer.serial, signature)
        url = self.url.rstrip("/") + self.protocol.path.format(system=self.system.code)
        async with self.http.stream("POST", url, content=body, headers=headers) as answer:
            parts, size = [], 0
            async for part in answer.aiter_bytes():
                parts.append(part)
                size += len(part)
                if size > LONGEST_ANSWER:
                    break
            return answer.status_code, b"".join(parts)[:LONGEST_ANSWER]
