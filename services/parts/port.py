"""TCP ports of 127.0.0.1."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Collection

LOOPBACK = "127.0.0.1"
FIRST, LAST = 20_000, 32_000
"""Below the ports of outgoing connections: one of those may take a free port before its server does."""
TRIES = 50


def free_port() -> int:
    """Return a port that nobody listens on at this moment, and that no outgoing connection will take meanwhile."""
    for _ in range(TRIES):
        port = FIRST + secrets.randbelow(LAST - FIRST)
        if is_free(port):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            return False
    return True


def pick_port(wanted: int, *, tries: int = 50, promised: Collection[int] = ()) -> int:
    """Return the wanted port when it is free, else the next free one above it, else any free one.

    `promised` ports are passed over: they belong to processes that do not listen yet.
    """
    for port in range(wanted, min(wanted + tries, 65536)):
        if port not in promised and is_free(port):
            return port
    return free_port()
