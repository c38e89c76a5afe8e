"""ФГИС «Аршин» over HTTP: asked by serial number, slowly, again after a pause, given up with a reason.

ArshinAwayError
    the service did not answer, or not with records; what the register holds stays

The live service was never asked by this project: address, parameters and shape are those of public clients (norms sheet
§4.3), and the tests ask a server on loopback.
"""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import quote

import httpx
import structlog

from uskat.supervision.evidence.arshin import (
    ArshinAnswer,
    ArshinAnswerError,
    ArshinRecord,
    RefusedItem,
    read_answer,
    with_detail,
)

ATTEMPTS = 4
FIRST_PAUSE_S = 2.0
BETWEEN_S = 1.0
"""One question a second: sixty a minute is what clients observed as the limit."""
ROWS, MOST_PAGES = 100, 20
LONGEST_ANSWER = 4 * 2**20
BUSY = frozenset({429, 500, 502, 503, 504})

log = structlog.get_logger(__name__)


class ArshinAwayError(Exception):
    """The service did not answer, or not with records; the text says why."""


class ArshinClient:
    """Asks one service. pause: how to wait, between questions and before asking again."""

    def __init__(
        self, client: httpx.AsyncClient, url: str, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._pause = pause

    async def verifications(self, mi_number: str, *, mit_number: str = "") -> ArshinAnswer:
        """Every record of a serial number, completed from its own page. Raises ArshinAwayError."""
        records: list[ArshinRecord] = []
        refused: list[RefusedItem] = []
        for page in range(MOST_PAGES):
            query = {"mi_number": mi_number, "start": str(page * ROWS), "rows": str(ROWS)}
            query |= {"mit_number": mit_number} if mit_number else {}
            try:
                read = read_answer(await self._answer("/vri", query))
                records += [await self._completed(found) for found in read.records]
            except ArshinAnswerError as error:
                raise ArshinAwayError(str(error)) from error
            refused += read.refused
            if (page + 1) * ROWS >= read.count:
                break
        return ArshinAnswer(tuple(records), tuple(refused), len(records) + len(refused))

    async def _completed(self, found: ArshinRecord) -> ArshinRecord:
        if found.record.organisation and found.record.mit_number:
            return found
        return with_detail(found, await self._answer(f"/vri/{quote(found.vri_id, safe='')}", {}))

    async def _answer(self, path: str, query: dict[str, str]) -> bytes:
        why = ""
        for attempt in range(ATTEMPTS):
            await self._pause(FIRST_PAUSE_S * 2 ** (attempt - 1) if attempt else BETWEEN_S)
            try:
                return await self._once(path, query)
            except httpx.HTTPStatusError as error:
                why = f"answered {error.response.status_code}"
                if error.response.status_code not in BUSY:
                    break
            except httpx.TransportError as error:
                why = type(error).__name__
            log.info("arshin.again", attempt=attempt + 1, why=why)
        raise ArshinAwayError(why)

    async def _once(self, path: str, query: dict[str, str]) -> bytes:
        parts, size = [], 0
        async with self._client.stream("GET", self._url + path, params=query) as response:
            response.raise_for_status()
            async for part in response.aiter_bytes():
                size += len(part)
                if size > LONGEST_ANSWER:
                    raise ArshinAwayError(f"an answer of more than {LONGEST_ANSWER} bytes")
                parts.append(part)
        return b"".join(parts)
