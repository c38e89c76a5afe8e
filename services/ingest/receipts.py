"""Which messages may be acknowledged: those stored, in the order in which they came (MQTT 5 §4.6)."""

from collections import deque

from services.ingest.inbox import Delivery


class Receipts:
    """Of one connection at a time; several pipelines commit in any order."""

    def __init__(self) -> None:
        self._received: deque[int] = deque()
        self._stored: set[int] = set()
        self.generation = 0

    def next_connection(self) -> None:
        """What came over an earlier connection is never acknowledged over this one: the broker sends it again."""
        self.generation += 1
        self._received.clear()
        self._stored.clear()

    def received(self, mid: int) -> None:
        """A message of QoS 1 arrived."""
        self._received.append(mid)

    def stored(self, deliveries: list[Delivery]) -> list[int]:
        """Packet ids that may be acknowledged now that these are committed."""
        self._stored.update(d.mid for d in deliveries if d.qos and d.generation == self.generation)
        due: list[int] = []
        while self._received and self._received[0] in self._stored:
            due.append(self._received.popleft())
        self._stored.difference_update(due)
        return due
