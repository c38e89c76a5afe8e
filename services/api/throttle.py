"""How often somebody may ask: per address without a token, per token with one, stricter for trying who one is.

Fixed windows by the library `limits`, counted in the memory of one process: with several workers each has windows of
its own, so that the bound on an installation is so many times as high. Answers tell the window by the fields
`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10: q quota, w window in s, r remaining,
t seconds until the window ends), and `Retry-After` when nothing remains (RFC 6585 §4, RFC 9110 §10.2.3).
"""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.access import API
from services.api.errors import TooManyRequests
from services.api.problem import problem_response
from services.settings import Settings
from uskat.supervision.access.failures import address_key

FREE_PATHS = frozenset({"/health/live", "/health/ready", "/metrics"})
SIGN_IN = f"{API}/session"
MOST_KEYS = 100_000
ADDRESS, TOKEN, TRIES = "address", "token", "tries"


_customer = lru_cache(4096)(address_key)


class WindowMemory(Storage):
    """Counters in memory: at most MOST_KEYS of them, looked through once a second instead of at every request."""

    STORAGE_SCHEME = ["uskat+memory"]  # noqa: RUF012 - as the library has it

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(None)
        self._clock = clock
        self._windows: dict[str, tuple[int, float]] = {}
        self._swept_at = clock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """Errors of this storage: none of its own."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, and begin a window of `expiry` seconds where none is open."""
        now = self._clock()
        if now - self._swept_at >= 1 or len(self._windows) >= MOST_KEYS:
            self._sweep(now)
        count, until = self._windows.get(key, (0, 0.0))
        if until <= now:
            count, until = 0, now + expiry
        self._windows[key] = count + amount, until
        return count + amount

    def get(self, key: str) -> int:
        """What the open window has counted."""
        count, until = self._windows.get(key, (0, 0.0))
        return count if until > self._clock() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, seconds since 1970; now where none is open."""
        return max(self._windows.get(key, (0, 0.0))[1], self._clock())

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget all."""
        count = len(self._windows)
        self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one."""
        self._windows.pop(key, None)

    def _sweep(self, now: float) -> None:
        self._swept_at = now
        self._windows = {key: window for key, window in self._windows.items() if window[1] > now}
        while len(self._windows) >= MOST_KEYS:  # too many at once: the oldest begin anew
            self._windows.pop(next(iter(self._windows)))


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit that a request counts against: its name in the answer, and whose window it is."""

    name: str
    limit: RateLimitItem
    key: str


class Throttle:
    """ASGI layer that counts requests, refuses what is too much, and tells how much remains.

    A refused token (401) counts as a try of its address, like a sign-in: whoever guesses is stopped by address, however
    many tokens are made up.
    """

    def __init__(self, app: ASGIApp, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._app = app
        self._clock = clock
        self._limiter = FixedWindowRateLimiter(WindowMemory(clock))
        written = {
            ADDRESS: settings.rate_limit_address, TOKEN: settings.rate_limit_token, TRIES: settings.rate_limit_tries,
        }  # fmt: skip
        self._limits = {name: parse(text) for name, text in written.items() if text}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http" or scope["path"] in FREE_PATHS or not self._limits:
            await self._app(scope, receive, send)
            return
        address = _customer(scope["client"][0] if scope.get("client") else "")
        header = Headers(scope=scope).get("authorization")
        signing = scope["method"] == "POST" and scope["path"].startswith(SIGN_IN)
        guessed = self._bound(TRIES, address) if signing or header is not None else None
        bounds = self._bounds(header, address)
        passed = [self._limiter.hit(bound.limit, bound.key) for bound in bounds]
        if guessed is not None and not self._limiter.test(guessed.limit, guessed.key):
            bounds, passed = [guessed], [False]

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] == 401 and guessed is not None:
                    self._limiter.hit(guessed.limit, guessed.key)
                self._tell(MutableHeaders(scope=message), bounds)
            await send(message)

        if all(passed):
            await self._app(scope, receive, answer)
            return
        wait = max(self._seconds(bound) for bound, fine in zip(bounds, passed, strict=True) if not fine)
        error = TooManyRequests(f"too many requests; ask again in {wait} s", retry_after_s=wait)
        await problem_response(Request(scope), error)(scope, receive, answer)

    def _bounds(self, header: str | None, address: str) -> list[Bound]:
        if header is None:
            found = self._bound(ADDRESS, address)
        else:
            found = self._bound(TOKEN, hashlib.sha256(header.encode("utf-8", "replace")).hexdigest())
        return [] if found is None else [found]

    def _bound(self, name: str, key: str) -> Bound | None:
        limit = self._limits.get(name)
        return None if limit is None else Bound(name, limit, f"{name}:{key}")

    def _seconds(self, bound: Bound) -> int:
        return self._until(self._limiter.get_window_stats(bound.limit, bound.key).reset_time)

    def _until(self, ends: float) -> int:
        return max(1, math.ceil(ends - self._clock()))

    def _tell(self, headers: MutableHeaders, bounds: list[Bound]) -> None:
        if not bounds:
            return
        policies, states = [], []
        for bound in bounds:
            ends, remaining = self._limiter.get_window_stats(bound.limit, bound.key)
            policies.append(f'"{bound.name}";q={bound.limit.amount};w={bound.limit.get_expiry()}')
            states.append(f'"{bound.name}";r={max(remaining, 0)};t={self._until(ends)}')
        headers["RateLimit-Policy"] = ", ".join(policies)
        headers["RateLimit"] = ", ".join(states)
