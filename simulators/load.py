"""Load: QoS 1 publishing as fast as the broker takes it, or at a given rate, over bare sockets.

A client library costs some 20 µs a message and would be what is measured. This speaks only as much MQTT 3.1.1
(OASIS standard, 2014) as publishing needs: CONNECT, PUBLISH, PUBACK, DISCONNECT, with a bounded window of
unacknowledged messages. It does not wait for the `ack` topic: for that there is `simulators.logger`.
"""

import select
import socket
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

CONNECT_TIMEOUT_S = 5.0
SILENCE_TIMEOUT_S = 30.0
CHUNK = 256
RECEIVE_BYTES = 1 << 18
PACKET_IDS = 65_535
WAIT_S = 0.05
PUBACK, PUBACK_BYTES = 0x40, 4
CONNACK = 0x20
REFUSALS = {1: "protocol version", 2: "client identifier", 3: "unavailable", 4: "user or password", 5: "not authorised"}

Message = tuple[str, bytes]
_PACKET_ID = [struct.pack("!H", number) for number in range(PACKET_IDS + 1)]


class LoadError(RuntimeError):
    """The broker refused or ended the connection; `acknowledged` says how many messages it had taken."""

    def __init__(self, text: str, acknowledged: int = 0) -> None:
        super().__init__(text)
        self.acknowledged = acknowledged


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a run sent. seconds: from the first byte of the first message to the last PUBACK."""

    messages: int
    payload_bytes: int
    seconds: float

    @property
    def messages_per_s(self) -> float:
        """Acknowledged messages a second."""
        return self.messages / self.seconds if self.seconds > 0 else 0.0


class RawPublisher:
    """One connection that publishes an iterable of (topic, payload), at most `window` unacknowledged."""

    def __init__(
        self,
        address: tuple[str, int],
        messages: Iterable[Message],
        *,
        client_id: str,
        user: str | None = None,
        password: str | None = None,
        window: int = 2000,
        rate: float | None = None,
    ) -> None:
        if not 1 <= window <= PACKET_IDS // 2:
            raise ValueError(f"window must be 1..{PACKET_IDS // 2}")
        self.sent = self.acknowledged = self.payload_bytes = 0
        self._messages: Iterator[Message] = iter(messages)
        self._window = window
        self._rate = rate
        self._exhausted = False
        self._out = b""
        self._in = b""
        self._prefixes: dict[tuple[str, int], bytes] = {}
        self._socket = socket.create_connection(address, CONNECT_TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._handshake(client_id, user, password)
        except BaseException:
            self._socket.close()
            raise
        self._socket.settimeout(0.0)
        self.started_s = self._heard_s = time.perf_counter()

    @property
    def done(self) -> bool:
        """Everything is sent and acknowledged."""
        return self._exhausted and not self._out and self.acknowledged == self.sent

    def fileno(self) -> int:
        """Descriptor of the connection, for poll."""
        return self._socket.fileno()

    def step(self) -> bool:
        """Receive and send what is possible without waiting; True when more can be sent at once."""
        self._receive()
        if not self._out:
            self._out = self._next_chunk()
        if not self._out:
            return False
        try:
            taken = self._socket.send(self._out)
        except BlockingIOError:
            return False
        except OSError as error:
            raise LoadError(f"connection broke: {error}", self.acknowledged) from None
        self._out = self._out[taken:]
        return not self._out

    @property
    def wants_write(self) -> bool:
        """Bytes wait for the socket."""
        return bool(self._out)

    def close(self) -> None:
        """Say goodbye and close."""
        try:
            self._socket.settimeout(CONNECT_TIMEOUT_S)
            self._socket.sendall(b"\xe0\x00")
        except OSError:
            return
        finally:
            self._socket.close()

    def _handshake(self, client_id: str, user: str | None, password: str | None) -> None:
        flags = 0x02 | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
        fields = [text for text in (client_id, user, password) if text is not None]
        body = b"\x00\x04MQTT\x04" + bytes([flags]) + b"\x00\x00" + b"".join(map(_text, fields))
        self._socket.sendall(b"\x10" + _remaining_length(len(body)) + body)
        reply = b""
        while len(reply) < 4:
            part = self._socket.recv(4 - len(reply))
            if not part:
                raise LoadError("the broker closed the connection at CONNECT")
            reply += part
        if reply[0] != CONNACK or reply[3] != 0:
            raise LoadError(f"the broker refused the connection: {REFUSALS.get(reply[3], reply.hex())}")

    def _receive(self) -> None:
        while True:
            try:
                part = self._socket.recv(RECEIVE_BYTES)
            except BlockingIOError:
                break
            except OSError as error:
                raise LoadError(f"connection broke: {error}", self.acknowledged) from None
            if not part:
                raise LoadError("the broker closed the connection", self.acknowledged)
            self._in += part
            self._heard_s = time.perf_counter()
            if len(part) < RECEIVE_BYTES:
                break
        whole = len(self._in) // PUBACK_BYTES
        if whole:
            if self._in[: whole * PUBACK_BYTES : PUBACK_BYTES].strip(b"\x40"):
                raise LoadError("something other than PUBACK came from the broker", self.acknowledged)
            self.acknowledged += whole
            self._in = self._in[whole * PUBACK_BYTES :]
        elif self.sent > self.acknowledged and time.perf_counter() - self._heard_s > SILENCE_TIMEOUT_S:
            raise LoadError(f"no PUBACK for {SILENCE_TIMEOUT_S:.0f} s", self.acknowledged)

    def _next_chunk(self) -> bytes:
        room = min(self._window - (self.sent - self.acknowledged), CHUNK)
        if self._rate is not None:
            room = min(room, int((time.perf_counter() - self.started_s) * self._rate) + 1 - self.sent)
        if room <= 0 or self._exhausted:
            return b""
        parts: list[bytes] = []
        prefixes, number = self._prefixes, self.sent
        for topic, payload in self._messages:
            prefix = prefixes.get((topic, len(payload)))
            if prefix is None:
                name = _text(topic)
                prefix = b"\x32" + _remaining_length(len(name) + 2 + len(payload)) + name
                prefixes[topic, len(payload)] = prefix
            parts += (prefix, _PACKET_ID[number % PACKET_IDS + 1], payload)
            self.payload_bytes += len(payload)
            number += 1
            room -= 1
            if not room:
                break
        else:
            self._exhausted = True
        if self.sent == 0 and number:
            self.started_s = self._heard_s = time.perf_counter()
        self.sent = number
        return b"".join(parts)


def publish_packets(
    host: str,
    port: int,
    user: str | None,
    password: str | None,
    messages: Iterable[Message],
    *,
    window: int = 2000,
    rate: float | None = None,
    client_id: str = "",
) -> LoadResult:
    """Publish (topic, payload) pairs at QoS 1 over one connection until every one is acknowledged by the broker.

    window: unacknowledged messages at most. rate: messages a second; None: as fast as it goes. `messages` is drawn
    lazily, so a generator may stamp each payload with its time. Raises LoadError, OSError.
    """
    identity = client_id or f"load-{user or 'anonymous'}"
    publisher = RawPublisher(
        (host, port), messages, client_id=identity, user=user, password=password, window=window, rate=rate
    )
    return drive([publisher])


def drive(publishers: Sequence[RawPublisher]) -> LoadResult:
    """Run publishers side by side in one thread until all are done, and close them."""
    poll = select.poll()
    try:
        active = list(publishers)
        while active:
            busy = False
            for publisher in active:
                busy |= publisher.step()
            active = [publisher for publisher in active if not publisher.done]
            if busy or not active:
                continue
            for publisher in active:
                poll.register(publisher.fileno(), select.POLLIN | (select.POLLOUT if publisher.wants_write else 0))
            paced = any(publisher._rate is not None for publisher in active)  # noqa: SLF001 - same module
            poll.poll(1 if paced else WAIT_S * 1000)
        seconds = time.perf_counter() - min(publisher.started_s for publisher in publishers)
    finally:
        for publisher in publishers:
            publisher.close()
    return LoadResult(
        sum(publisher.acknowledged for publisher in publishers),
        sum(publisher.payload_bytes for publisher in publishers),
        seconds,
    )


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("!H", len(data)) + data


def _remaining_length(length: int) -> bytes:
    digits = bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(digits)
