"""The weather feed over HTTP: asked with a time limit, asked again after a pause, given up with a reason.

WeatherAwayError
    the feed did not answer, or not with weather; what is stored stays and grows old, which readers are told
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

import httpx
import structlog

from uskat.blast.restriction.rules import RestrictionRules
from uskat.blast.restriction.weather_feed import FeedError, FeedReading, feed_query, read_feed

ATTEMPTS = 3
FIRST_PAUSE_S = 2.0
LONGEST_ANSWER = 4 * 2**20
MOST_PLACES = 50
"""Places of one question: an address of a few kilobytes passes every proxy."""
BUSY = frozenset({429, 500, 502, 503, 504})

log = structlog.get_logger(__name__)


class WeatherAwayError(Exception):
    """The feed did not answer, or not with weather; the text says why."""


class WeatherClient:
    """Asks one feed. pause: how to wait between attempts."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        *,
        rules: RestrictionRules,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._url = url
        self._rules = rules
        self._pause = pause

    async def ask(self, sites: Mapping[str, tuple[float, float]]) -> FeedReading:
        """Weather of sites {code: (longitude, latitude)}, in questions of MOST_PLACES; raises WeatherAwayError."""
        codes = sorted(sites)
        readings = [
            await self._part({code: sites[code] for code in codes[first : first + MOST_PLACES]})
            for first in range(0, len(codes), MOST_PLACES)
        ]
        return FeedReading(
            tuple(item for reading in readings for item in reading.weather),
            tuple(why for reading in readings for why in reading.refused),
        )

    async def _part(self, sites: Mapping[str, tuple[float, float]]) -> FeedReading:
        payload = await self._answer(feed_query(list(sites.values())))
        try:
            return read_feed(payload, list(sites), source=self.source, rules=self._rules)
        except FeedError as error:
            raise WeatherAwayError(str(error)) from error

    @property
    def source(self) -> str:
        """What the weather says of where it is from."""
        return f"модель погоды, {urlsplit(self._url).hostname}"

    async def _answer(self, query: Mapping[str, str]) -> bytes:
        why = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                await self._pause(FIRST_PAUSE_S * 2 ** (attempt - 1))
            try:
                return await self._once(query)
            except httpx.HTTPStatusError as error:
                why = f"answered {error.response.status_code}"
                if error.response.status_code not in BUSY:
                    break
            except httpx.TransportError as error:
                why = type(error).__name__
            log.info("weather.again", attempt=attempt + 1, why=why)
        raise WeatherAwayError(f"{urlsplit(self._url).hostname}: {why}")

    async def _once(self, query: Mapping[str, str]) -> bytes:
        parts, size = [], 0
        async with self._client.stream("GET", self._url, params=dict(query)) as response:
            response.raise_for_status()
            async for part in response.aiter_bytes():
                size += len(part)
                if size > LONGEST_ANSWER:
                    raise WeatherAwayError(f"an answer of more than {LONGEST_ANSWER} bytes")
                parts.append(part)
        return b"".join(parts)
