"""Messages received and not yet stored: bounded, so that pressure reaches the broker instead of our memory."""

import asyncio
import zlib
from collections import deque
from typing import NamedTuple

from services.storage.intake import Incoming

BYTES_A_READING = 30
"""Shortest reading on the wire, for a cautious guess of how many readings a payload holds."""


class Delivery(NamedTuple):
    """One message and how to acknowledge it: packet id, QoS and the connection it came over."""

    incoming: Incoming
    mid: int
    qos: int
    generation: int


class Inbox:
    """Filled by the subscriber and emptied by one pipeline, both in one event loop."""

    def __init__(self, *, max_messages: int, max_bytes: int) -> None:
        self._deliveries: deque[Delivery] = deque()
        self._bytes = 0
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._deliveries)

    @property
    def size_bytes(self) -> int:
        """Payload bytes waiting."""
        return self._bytes

    @property
    def full(self) -> bool:
        """True when the socket must not be read now."""
        return len(self._deliveries) >= self._max_messages or self._bytes >= self._max_bytes

    def put(self, delivery: Delivery) -> None:
        """Add a message; the caller asks `full` before reading more."""
        self._deliveries.append(delivery)
        self._bytes += len(delivery.incoming.payload)
        self._filled.set()

    async def take(self, *, max_readings: int) -> list[Delivery]:
        """Wait for messages and take what is there, up to about `max_readings` readings (at least one message)."""
        await self._filled.wait()
        taken: list[Delivery] = []
        readings = 0
        while self._deliveries and readings < max_readings:
            delivery = self._deliveries.popleft()
            taken.append(delivery)
            self._bytes -= len(delivery.incoming.payload)
            readings += 1 + len(delivery.incoming.payload) // BYTES_A_READING
        if not self._deliveries:
            self._filled.clear()
        return taken

    def wake(self) -> None:
        """Let a waiting `take` return, with nothing if nothing is there."""
        self._filled.set()


class SortedInbox:
    """One inbox a pipeline, and which message goes where: all of one device go the same way.

    So two transactions at once never touch the same interval, hash chain or book, and a device's messages stay in
    order. The bounds hold for all inboxes together.
    """

    def __init__(self, *, pipelines: int, max_messages: int, max_bytes: int) -> None:
        self.inboxes = tuple(Inbox(max_messages=max_messages, max_bytes=max_bytes) for _ in range(pipelines))
        self._max_messages = max_messages
        self._max_bytes = max_bytes

    def __len__(self) -> int:
        return sum(map(len, self.inboxes))

    @property
    def full(self) -> bool:
        """True when the socket must not be read now."""
        messages = size = 0
        for inbox in self.inboxes:
            messages += len(inbox)
            size += inbox.size_bytes
        return messages >= self._max_messages or size >= self._max_bytes

    def put(self, delivery: Delivery) -> None:
        """Add a message to the inbox of its device; the caller asks `full` before reading more."""
        self.inboxes[self._place(delivery.incoming.topic)].put(delivery)

    def _place(self, topic: str) -> int:
        if len(self.inboxes) == 1:
            return 0
        device = topic.rpartition("/")[0]
        return zlib.crc32(device.encode()) % len(self.inboxes)
