"""How often one address may do what anybody may do: moving windows in this process's memory, nothing is stored.

With several api workers each counts by itself. Behind a web server every visitor has that server's address: let it
limit by itself and set the settings to 0 (docs/how-to/operator.md).
"""

import math
import time
from dataclasses import dataclass, field

from fastapi import Request
from limits import RateLimitItemPerHour
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from services.api.errors import TooManyRequests


@dataclass(slots=True)
class Door:
    """Counts requests by purpose and address."""

    _limiter: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    def admit(self, request: Request, purpose: str, *, per_hour: int) -> None:
        """Count a request. Raises TooManyRequests beyond `per_hour` of one address; 0: without limit."""
        if per_hour == 0:
            return
        address = request.client.host if request.client is not None else "unknown"
        item = RateLimitItemPerHour(per_hour)
        if not self._limiter.hit(item, purpose, address):
            again = self._limiter.get_window_stats(item, purpose, address).reset_time - time.time()
            raise TooManyRequests(
                f"at most {per_hour} an hour from one address", retry_after_s=max(1, math.ceil(again))
            )
