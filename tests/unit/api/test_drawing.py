"""Figures wait for one another, and past a number of them the reader is told to come back."""

import asyncio
import threading

import pytest

from services.api.drawing import MOST_WAITING, drawn
from services.api.errors import Overloaded


async def test_figures_are_drawn_one_at_a_time_and_in_the_order_asked() -> None:
    busy = threading.Lock()
    order: list[int] = []

    def draw(number: int) -> bytes:
        assert busy.acquire(blocking=False), "two at once"
        order.append(number)
        busy.release()
        return bytes([number])

    found = await asyncio.gather(*(drawn(lambda number=n: draw(number)) for n in range(MOST_WAITING)))
    assert found == [bytes([n]) for n in range(MOST_WAITING)]
    assert order == list(range(MOST_WAITING))


async def test_too_many_are_refused_and_a_failed_one_makes_room() -> None:
    gate = threading.Event()

    def draw() -> bytes:
        gate.wait()
        raise ValueError("nothing to draw")

    waiting = [asyncio.create_task(drawn(draw)) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await drawn(lambda: b"")
    gate.set()
    assert {type(found) for found in await asyncio.gather(*waiting, return_exceptions=True)} == {ValueError}
    assert await drawn(lambda: b"figure") == b"figure"
