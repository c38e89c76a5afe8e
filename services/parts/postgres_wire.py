"""A statement sent to a local PostgreSQL without a driver: readiness, CREATE DATABASE, nothing more.

The drivers live in services/storage, which is for data. Here a part asks its own server a question over the documented
frontend/backend protocol 3.0 (https://www.postgresql.org/docs/current/protocol.html), trust authentication only.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from types import TracebackType
from typing import Self

from services.parts.port import LOOPBACK
from services.parts.process import PartError

PROTOCOL_3_0 = 196608
SEVERITY, SQLSTATE, MESSAGE = b"S", b"C", b"M"


class PostgresRefused(PartError):
    """The server answered with an error; `sqlstate` is its five-character code."""

    def __init__(self, fields: dict[bytes, str]) -> None:
        """Keep the code and the text of an ErrorResponse."""
        self.sqlstate = fields.get(SQLSTATE, "")
        super().__init__(f"{fields.get(SEVERITY, 'ERROR')} {self.sqlstate}: {fields.get(MESSAGE, '')}")


class PostgresConnection:
    """One blocking connection on 127.0.0.1; a context manager."""

    def __init__(self, port: int, *, user: str, database: str, timeout_s: float = 60.0) -> None:
        """Connect and log in; raises OSError when nobody listens, PostgresRefused when the server says no."""
        self._socket = socket.create_connection((LOOPBACK, port), timeout=timeout_s)
        self._stream = self._socket.makefile("rb")
        try:
            parameters = b"user\0%s\0database\0%s\0\0" % (user.encode(), database.encode())
            self._socket.sendall(struct.pack("!ii", len(parameters) + 8, PROTOCOL_3_0) + parameters)
            self._answer()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Return the connection."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the connection."""
        self.close()

    def execute(self, sql: str) -> list[tuple[str | None, ...]]:
        """Run one statement and return its rows as text; raises PostgresRefused."""
        body = sql.encode() + b"\0"
        self._socket.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)
        return self._answer()

    def close(self) -> None:
        """Say goodbye and close the socket."""
        with contextlib.suppress(OSError):
            self._socket.sendall(b"X" + struct.pack("!i", 4))
        self._stream.close()
        self._socket.close()

    def _answer(self) -> list[tuple[str | None, ...]]:
        """Read messages until ReadyForQuery; the rows, or the first error."""
        rows: list[tuple[str | None, ...]] = []
        refusal: PostgresRefused | None = None
        while True:
            kind, body = self._message()
            if kind == b"Z":
                break
            if kind == b"D":
                rows.append(_data_row(body))
            elif kind == b"E":
                refusal = PostgresRefused(_error_fields(body))
                if refusal.sqlstate[:2] in {"57", "28", "3D", "53"}:  # the server closes the connection after these
                    raise refusal
            elif kind == b"R" and struct.unpack("!i", body[:4])[0] != 0:
                raise PartError("the server asks for a password; a local part uses trust on 127.0.0.1")
        if refusal is not None:
            raise refusal
        return rows

    def _message(self) -> tuple[bytes, bytes]:
        head = self._stream.read(5)
        if len(head) < 5:
            raise ConnectionResetError("PostgreSQL closed the connection")
        length = struct.unpack("!i", head[1:])[0] - 4
        body = self._stream.read(length)
        if len(body) < length:
            raise ConnectionResetError("PostgreSQL closed the connection")
        return head[:1], body


def _data_row(body: bytes) -> tuple[str | None, ...]:
    (count,) = struct.unpack_from("!h", body)
    position, values = 2, []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, position)
        position += 4
        values.append(None if length < 0 else body[position : position + length].decode())
        position += max(length, 0)
    return tuple(values)


def _error_fields(body: bytes) -> dict[bytes, str]:
    return {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
