"""The outermost layer: request id, security headers, access log, figures, and the last resort for exceptions."""

import re
import secrets
import time
from typing import Any

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.access import Role
from services.api.metrics import Metrics
from services.api.problem import problem_response

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
QUIET_ROUTES = ("/health/live", "/health/ready", "/metrics")
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none';"
        " base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    ),
}
CITIZENS = re.compile(r"(/api/v1)?/(complaints|subscriptions?)(/|$)")
"""Where residents without an account come to: beside the time of a complaint an address would say whose it is."""
HSTS = "max-age=31536000; includeSubDomains"
"""Only behind TLS (RFC 6797 §7.2): a web server before us says so, see the setting `api_trusted_proxies`."""

log = structlog.get_logger("uskat.api.access")


class Edge:
    """ASGI layer around the whole application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        scope["request_id"] = request_id
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope.get("scheme") == "https":
                    headers["Strict-Transport-Security"] = HSTS
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            log.exception("request.failed", method=scope["method"], path=scope["path"])
            if status:
                raise  # the answer is on its way: only a broken connection can tell the reader that it is not whole
            await problem_response(Request(scope), error)(scope, receive, answer)
        finally:
            self._account(scope, status, time.perf_counter() - started)
            structlog.contextvars.unbind_contextvars("request_id")

    def _account(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        self._metrics.requests.labels(scope["method"], route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        if route in QUIET_ROUTES and status < 500:
            return
        resident = scope.get("principal") in {None, Role.ANONYMOUS} and CITIZENS.match(scope["path"])
        client = None if resident else scope.get("client")
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            route=route,
            status=status,
            ms=round(seconds * 1000, 2),
            client=client[0] if client else None,
            principal=scope.get("principal"),
        )


def route_of(scope: Scope) -> str:
    """Template of the route that served the request; `unmatched` when none did."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", None) or "unmatched")


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    return secrets.token_hex(8)
