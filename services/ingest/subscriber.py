"""paho-mqtt driven by our event loop: persistent session, manual acknowledgement, bounded reading.

One thread for everything: the socket is read only while the inbox has room, so TCP and the broker's in-flight window
carry the pressure back, and an acknowledgement can never race with a reconnect.
"""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from services.ingest.address import BrokerAddress
from services.ingest.frugal import PIECE_BYTES, FrugalClient, Received, read_properties_lazily
from services.ingest.inbox import Delivery
from services.ingest.receipts import Receipts
from services.settings import Settings
from services.storage.intake import Incoming
from uskat.wire.topic import INGESTED_KINDS, PREFIX

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

log = structlog.get_logger(__name__)

KEEPALIVE_S = 30
SESSION_FOREVER = 0xFFFFFFFF
READS_A_TURN = 256
GOODBYE_S, LISTEN_AGAIN_S = 2.0, 0.005
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.2, 5.0
SUBSCRIPTIONS = tuple(f"{PREFIX}/+/{kind.value}" for kind in INGESTED_KINDS)
"""One a kind: a wildcard for the kind would bring every confirmation on the `ack` topics back to us."""


class Mailbox(Protocol):
    """Where messages go, and whether more may come."""

    @property
    def full(self) -> bool:
        """True when the socket must not be read now."""

    def put(self, delivery: Delivery) -> None:
        """Add a message."""


class Subscriber:
    """Connection to the broker; messages go into the inbox, `acknowledge` sends PUBACK."""

    def __init__(self, settings: Settings, inbox: Mailbox, on_change: Callable[[int], None] = lambda _up: None) -> None:
        self._settings = settings
        self._inbox = inbox
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._address = BrokerAddress.parse(settings.mqtt_url)
        self._v5 = settings.mqtt_protocol == "5"
        self._receipts = Receipts()
        self._connected = False
        self._lost = asyncio.Event()
        self._stopping = False
        self._paused = False
        self._reading: SocketLike | None = None
        self._client = self._make_client()

    def _make_client(self) -> FrugalClient:
        settings = self._settings
        read_properties_lazily()
        client = FrugalClient(
            CallbackAPIVersion.VERSION2,
            client_id=settings.mqtt_client_id or f"uskat-ingest-{settings.ingest_worker}",
            protocol=MQTTProtocolVersion.MQTTv5 if self._v5 else MQTTProtocolVersion.MQTTv311,
            clean_session=None if self._v5 else False,
            manual_ack=True,
        )
        if settings.mqtt_username:
            password = settings.mqtt_password.get_secret_value() if settings.mqtt_password else None
            client.username_pw_set(settings.mqtt_username, password)
        if self._address.tls:
            ca_file = str(settings.mqtt_ca_file) if settings.mqtt_ca_file else None
            client.tls_set_context(ssl.create_default_context(cafile=ca_file))
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.receive = self._receive
        client.on_subscribe = self._on_subscribe
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_register_write
        client.on_socket_unregister_write = self._on_unregister_write
        return client

    @property
    def connected(self) -> bool:
        """True while the broker is there."""
        return self._connected

    async def run(self) -> None:
        """Stay connected until `stop`; waits between attempts grow from 0.2 s to 5 s."""
        backoff = FIRST_BACKOFF_S
        while not self._stopping:
            self._lost.clear()
            try:
                await asyncio.to_thread(self._connect)
            except (OSError, TimeoutError) as error:
                self._report_lost(f"{type(error).__name__}: {error}")
            else:
                backoff = FIRST_BACKOFF_S
                await self._keep_alive()
            if not self._stopping:
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, LONGEST_BACKOFF_S)

    def _connect(self) -> None:
        if not self._v5:
            self._client.connect(self._address.host, self._address.port, keepalive=KEEPALIVE_S)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_FOREVER
        properties.ReceiveMaximum = self._settings.ingest_receive_maximum
        self._client.connect(
            self._address.host, self._address.port, keepalive=KEEPALIVE_S, clean_start=False, properties=properties
        )

    async def _keep_alive(self) -> None:
        while not self._lost.is_set():
            self._client.loop_misc()
            try:
                await asyncio.wait_for(self._lost.wait(), timeout=1)
            except TimeoutError:
                continue

    def _on_socket_open(self, _client: mqtt.Client, _data: Any, sock: "SocketLike") -> None:
        self._loop.call_soon_threadsafe(self._watch, sock)

    def _on_socket_close(self, _client: mqtt.Client, _data: Any, sock: "SocketLike") -> None:
        self._reading = None
        if sock.fileno() >= 0:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)

    def _on_register_write(self, _client: mqtt.Client, _data: Any, sock: "SocketLike") -> None:
        if threading.get_ident() == self._thread:
            self._loop.add_writer(sock, self._client.loop_write)
        else:
            self._loop.call_soon_threadsafe(self._watch_write, sock)

    def _on_unregister_write(self, _client: mqtt.Client, _data: Any, sock: "SocketLike") -> None:
        if threading.get_ident() == self._thread:
            self._loop.remove_writer(sock)

    def _watch(self, sock: "SocketLike") -> None:
        if sock.fileno() >= 0:
            self._reading = sock
            self._paused = False
            self._loop.add_reader(sock, self._read)

    def _watch_write(self, sock: "SocketLike") -> None:
        if sock.fileno() >= 0:
            self._loop.add_writer(sock, self._client.loop_write)

    def _read(self) -> None:
        if self._reading is None:
            return
        for _ in range(READS_A_TURN):
            if self._inbox.full or self._stopping:
                self._pause()
                return
            self._client.loop_read()
            if not self._client.has_read_ahead:
                return
        self._loop.call_soon(self._read)

    def _pause(self) -> None:
        if self._reading is not None:
            self._loop.remove_reader(self._reading)
            self._paused = True

    def resume(self) -> None:
        """Read on after the inbox was emptied."""
        if self._reading is not None and self._paused and not self._inbox.full and not self._stopping:
            self._paused = False
            self._loop.add_reader(self._reading, self._read)
            self._loop.call_soon(self._read)

    def acknowledge(self, deliveries: list[Delivery]) -> None:
        """PUBACK for messages whose transaction has been committed; those of an earlier connection are skipped."""
        if self._connected and (due := self._receipts.stored(deliveries)):
            self._client.acknowledge(due)

    def publish(self, messages: list[tuple[str, bytes]]) -> None:
        """Send (topic, payload) pairs at QoS 0: a lost one makes a logger send again: a counted duplicate."""
        if self._connected and messages:
            self._client.publish_together(messages)

    async def stop_reading(self) -> None:
        """Take no more messages; what is in the inbox can still be stored and acknowledged."""
        self._stopping = True
        self._pause()

    async def close(self) -> None:
        """Send what is queued and go; the broker keeps the session unless `ingest_leave` says that we go for good."""
        self._stopping = True
        if self._connected:
            self._client.send_disconnect(self._farewell())
            await self._hear_out(time.monotonic() + GOODBYE_S)
        self._client.disconnect()
        self._lost.set()

    async def _hear_out(self, deadline: float) -> None:
        """Read and drop what comes until the broker hangs up: it then has our last acknowledgements.

        A socket closed over unread bytes is reset, and the broker would forget what it had not read yet. The messages
        dropped here are not acknowledged: the session or another worker gets them again.
        """
        sock = self._client.socket()
        if sock is None:
            return
        self._loop.remove_reader(sock)
        while time.monotonic() < deadline:
            if self._client.want_write():
                self._client.loop_write()
            try:
                if not sock.recv(PIECE_BYTES):
                    return
            except (BlockingIOError, ssl.SSLWantReadError):
                await asyncio.sleep(LISTEN_AGAIN_S)
            except OSError:
                return

    def _farewell(self) -> Properties | None:
        """A session that stays takes its share of a shared subscription; a worker removed for good must end it."""
        if not (self._v5 and self._settings.ingest_leave):
            return None
        properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0
        return properties

    def _on_connect(
        self, client: mqtt.Client, _data: Any, flags: mqtt.ConnectFlags, reason: ReasonCode, _properties: Any
    ) -> None:
        if reason.is_failure:
            self._report_lost(f"refused: {reason}")
            client.disconnect()
            return
        self._receipts.next_connection()
        self._connected = True
        group = self._settings.mqtt_shared_group
        share = f"$share/{group}/" if group and self._v5 else ""
        client.subscribe([(f"{share}{topic}", 1) for topic in SUBSCRIPTIONS])
        log.info("broker connected", host=self._address.host, port=self._address.port, session=flags.session_present)

    def _on_subscribe(
        self, client: mqtt.Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._report_lost(f"subscription refused: {reasons[0]}")
            client.disconnect()
            return
        self._on_change(1)

    def _on_disconnect(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        self._report_lost(str(reason))

    def _report_lost(self, why: str) -> None:
        if self._connected or self._receipts.generation == 0:
            log.warning("broker away", host=self._address.host, port=self._address.port, why=why)
        self._receipts.next_connection()
        self._connected = False
        self._lost.set()
        self._on_change(0)

    def _receive(self, message: Received | mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "(not UTF-8)"
        incoming = Incoming(topic, bytes(message.payload), time.time_ns() // 1000)
        if message.qos:
            self._receipts.received(message.mid)
        self._inbox.put(Delivery(incoming, message.mid, message.qos, self._receipts.generation))
