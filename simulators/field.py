"""One thread that serves the connections of many loggers."""

import select
import time
from collections.abc import Sequence

from simulators.logger import FieldLogger

READABLE = select.POLLIN | select.POLLHUP | select.POLLERR


def serve(loggers: Sequence[FieldLogger], wait_s: float) -> None:
    """Wait at most `wait_s` for traffic, then let every logger do what is due.

    The set of sockets is built anew each time: connections come and go, and descriptor numbers are used again.
    """
    poll = select.poll()
    owners: dict[int, FieldLogger] = {}
    for logger in loggers:
        socket = logger.link.socket
        if socket is not None and socket.fileno() >= 0:
            owners[socket.fileno()] = logger
            poll.register(socket.fileno(), select.POLLIN | (select.POLLOUT if logger.link.wants_write else 0))
    readable: set[str] = set()
    if owners:
        events = poll.poll(wait_s * 1000)
        readable = {owners[descriptor].device for descriptor, event in events if event & READABLE}
    else:
        time.sleep(wait_s)
    now_s = time.monotonic()
    for logger in loggers:
        logger.serve(now_s, readable=logger.device in readable)
