"""Which packet a logger sends next: window, resending, disorder and repetition. Pure: no file, socket or clock."""

import random
from collections import deque
from collections.abc import Iterable


class Delivery:
    """Order of sending of packet ids; a packet stays known here until it is settled.

    window: packets sent and unconfirmed at most. resend_after_s: a sent packet without confirmation is sent again.
    disorder: send waiting packets in random order. repeat: how often each packet is sent the first time.
    """

    def __init__(
        self, *, window: int, resend_after_s: float, disorder: bool = False, repeat: int = 1, seed: int = 0
    ) -> None:
        self.window = window
        self.resend_after_s = resend_after_s
        self.disorder = disorder
        self.repeat = repeat
        self._random = random.Random(seed)
        self._waiting: deque[int] = deque()
        self._known: set[int] = set()
        self._sent: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._known)

    @property
    def unconfirmed(self) -> int:
        """Packets sent whose fate is unknown."""
        return len(self._sent)

    def add(self, ids: Iterable[int]) -> None:
        """New packets to deliver."""
        for id_ in ids:
            if id_ not in self._known:
                self._known.add(id_)
                self._waiting.append(id_)

    def take(self, now_s: float, limit: int | None = None) -> list[int]:
        """Packets to publish now, in order, repetitions included; they count as sent at `now_s`."""
        self._return_overdue(now_s)
        room = self.window - len(self._sent)
        if limit is not None:
            room = min(room, limit)
        if self.disorder and room > 0 and len(self._waiting) > 1:
            shuffled = [*self._waiting]
            self._random.shuffle(shuffled)
            self._waiting = deque(shuffled)
        taken: list[int] = []
        while self._waiting and len(taken) < room:
            id_ = self._waiting.popleft()
            if id_ in self._known and id_ not in self._sent:
                self._sent[id_] = now_s
                taken.append(id_)
        if self.repeat == 1:
            return taken
        repeated = taken * self.repeat
        if self.disorder:
            self._random.shuffle(repeated)
        return repeated

    def settle(self, ids: Iterable[int]) -> None:
        """The fate of these packets is known: never send them again."""
        for id_ in ids:
            self._known.discard(id_)
            self._sent.pop(id_, None)

    def retry(self, ids: Iterable[int]) -> None:
        """These were sent in vain and go out again."""
        again = [id_ for id_ in ids if self._sent.pop(id_, None) is not None]
        self._waiting.extendleft(reversed(again))

    def connection_lost(self) -> None:
        """Whatever was sent and not confirmed waits again, before everything newer."""
        self._waiting.extendleft(reversed(self._sent))
        self._sent.clear()

    def _return_overdue(self, now_s: float) -> None:
        # Insertion order is order of sending, so the first that is not overdue ends the search.
        overdue = []
        for id_, sent_at in self._sent.items():
            if now_s - sent_at < self.resend_after_s:
                break
            overdue.append(id_)
        for id_ in overdue:
            del self._sent[id_]
        self._waiting.extendleft(reversed(overdue))
