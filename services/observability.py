"""How a process tells what it does: JSON logs, Prometheus figures, health. One small HTTP server for all three.

Logs go to stderr, one JSON object a line, `key=value` pairs and never a secret: passwords inside addresses and
values of keys that name a secret are masked before they are written, in messages of libraries too.
"""

import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, MutableMapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

from services.settings import Settings

MASK = "***"
SECRET_KEY = re.compile(r"(^|_)(password|passwd|secret|token|dsn|credentials?)$", re.IGNORECASE)
PASSWORD_IN_ADDRESS = re.compile(r"(\w[\w+.-]*://[^\s:/@]*):[^\s/]*@")
QUIET_LIBRARIES = ("asyncio", "sqlalchemy", "alembic", "httpx", "httpcore", "amqtt", "transitions")
REQUEST_TIMEOUT_S = 10

Event = MutableMapping[str, Any]


def mask_secrets(_logger: Any, _method: str, event: Event) -> Event:
    """Mask what must not be written: values of secret keys, and passwords inside addresses of any text."""
    for key, value in event.items():
        if SECRET_KEY.search(key):
            event[key] = MASK
        elif isinstance(value, str):
            event[key] = PASSWORD_IN_ADDRESS.sub(rf"\1:{MASK}@", value)
    return event


def configure_logging(settings: Settings, *, process: str) -> None:
    """Send structlog's and the standard library's messages of this process to stderr in one form."""
    shared = _shared_processors(process)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(shared, console=settings.log_format == "console"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for library in QUIET_LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _shared_processors(process: str) -> list[Any]:
    def add_process(_logger: Any, _method: str, event: Event) -> Event:
        event["process"] = process
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        add_process,
        structlog.processors.StackInfoRenderer(),
    ]


def _formatter(shared: list[Any], *, console: bool) -> logging.Formatter:
    renderer = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        if console
        else structlog.processors.JSONRenderer(serializer=_to_json)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask_secrets,
            renderer,
        ],
    )


def _to_json(event: Any, **options: Any) -> str:
    return json.dumps(event, ensure_ascii=False, **options)


class Health:
    """What a process knows of itself: ready or why not, and the moment of its last sign of life.

    `beat` belongs into the main loop: a process whose loop hangs for longer than `silence_s` is no longer live, and
    the supervisor may restart it.
    """

    def __init__(self, *, silence_s: float = 60.0) -> None:
        """A process that has just started: live, not yet ready."""
        self._silence_s = silence_s
        self._beat = time.monotonic()
        self._not_ready: str | None = "starting"

    def beat(self) -> None:
        """Say that the main loop goes round."""
        self._beat = time.monotonic()

    def set_ready(self) -> None:
        """Say that the process does its work."""
        self._not_ready = None

    def set_not_ready(self, reason: str) -> None:
        """Say why the process cannot do its work for now, without secrets."""
        self._not_ready = reason

    @property
    def why_not_ready(self) -> str | None:
        """None when ready."""
        return self._not_ready

    @property
    def why_not_live(self) -> str | None:
        """None when live."""
        silence = time.monotonic() - self._beat
        return None if silence <= self._silence_s else f"the main loop has been silent for {silence:.0f} s"


class ObservationServer:
    """GET /metrics, /health/live and /health/ready of one process, served by a thread of its own."""

    def __init__(
        self, port: int, health: Health, *, host: str = "127.0.0.1", registry: CollectorRegistry = REGISTRY
    ) -> None:
        """Listen at once; port 0 takes any free one. Raises OSError when the port is taken."""
        answers: dict[str, Callable[[], tuple[HTTPStatus, str, bytes]]] = {
            "/metrics": lambda: (HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry)),
            "/health/live": lambda: _health_answer(health.why_not_live),
            "/health/ready": lambda: _health_answer(health.why_not_live or health.why_not_ready),
        }
        self._server = ThreadingHTTPServer((host, port), _handler(answers))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="observation", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening and wait for the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _health_answer(fault: str | None) -> tuple[HTTPStatus, str, bytes]:
    status = HTTPStatus.OK if fault is None else HTTPStatus.SERVICE_UNAVAILABLE
    body = {"status": "ok"} if fault is None else {"status": "unavailable", "reason": fault}
    return status, "application/json", json.dumps(body, ensure_ascii=False).encode()


def _handler(answers: dict[str, Callable[[], tuple[HTTPStatus, str, bytes]]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "Uskat"
        sys_version = ""
        timeout = REQUEST_TIMEOUT_S

        def do_GET(self) -> None:
            answer = answers.get(self.path.split("?", 1)[0])
            status, kind, body = answer() if answer else (HTTPStatus.NOT_FOUND, "text/plain", b"not found\n")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Probes come every few seconds: their log would hide the rest."""

    return Handler
