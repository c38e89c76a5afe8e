"""Cutting stored messages: which bytes are delivered, in what portions, and where an answer is refused as too large."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from services.api.errors import PayloadTooLarge
from services.api.fdsn import pieces as cutting
from services.api.fdsn.parameters import DATASELECT
from services.api.fdsn.pieces import asked_records, pieces
from services.api.fdsn.question import Question, read_query
from services.storage.fdsn_reading import RecordHead, matching_records
from uskat.wire.miniseed_record import record_spans
from uskat.wire.seismic import Channel, encode_miniseed

START = datetime(2026, 6, 1, 5, tzinfo=UTC)
RATE_HZ = 1024.0
CODES = ("GHZ", "GHN")


class Shelf:
    """Records in memory, answering the two questions that are asked of the database."""

    def __init__(self, payloads: list[bytes], *, channels: tuple[str, ...] = CODES, start: datetime = START) -> None:
        self.payloads = dict(enumerate(payloads, 1))
        self.heads = [
            RecordHead(key, 1, start + timedelta(minutes=key), start + timedelta(minutes=key + 1),
                       [f"XX.TLD1.00.{code}" for code in channels], len(payload))
            for key, payload in self.payloads.items()
        ]  # fmt: skip
        self.fetched: list[list[int]] = []

    async def ask(self, query: Any, *args: Any, **bound: Any) -> Any:
        if query is matching_records:
            return self.heads[: bound["limit"]]
        self.fetched.append([head.id for head in args[0]])
        return {head.id: self.payloads[head.id] for head in args[0]}


def payload(minute: int, samples: int = 4000) -> bytes:
    generator = np.random.default_rng(minute)
    at = START + timedelta(minutes=minute)
    return encode_miniseed([
        Channel(f"XX.TLD1.00.{code}", at, RATE_HZ, generator.integers(-9999, 9999, samples, dtype=np.int32))
        for code in CODES
    ])  # fmt: skip


def question(**values: str) -> Question:
    return read_query(DATASELECT, values.items())


async def delivered(shelf: Any, asked: Question) -> list[bytes]:
    heads = await asked_records(shelf, asked, everything=False)
    return [part async for part in pieces(shelf, asked, heads)]


async def test_every_record_of_the_channel_asked_for_and_no_other() -> None:
    shelf = Shelf([payload(1), payload(2)])
    [part] = await delivered(shelf, question(cha="GHN"))
    wanted = b"".join(
        whole[span.offset : span.offset + span.length]
        for whole in shelf.payloads.values()
        for span in record_spans(whole)
        if span.nslc.endswith("GHN")
    )
    assert part == wanted


async def test_a_span_between_records_delivers_nothing_and_a_quality_is_obeyed() -> None:
    shelf = Shelf([payload(1)])
    late = START + timedelta(minutes=1, seconds=30)
    assert await delivered(shelf, question(start=late.isoformat(), end=late.isoformat())) == []
    assert await delivered(Shelf([payload(1)]), question(quality="Q")) == []
    assert len(await delivered(Shelf([payload(1)]), question(quality="D"))) == 1, "obspy writes D"


async def test_payloads_are_fetched_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf([payload(minute) for minute in range(1, 6)])
    monkeypatch.setattr(cutting, "BATCH_BYTES", 2 * shelf.heads[0].bytes)
    parts = await delivered(shelf, question())
    assert [len(ids) for ids in shelf.fetched] == [2, 2, 1]
    assert b"".join(parts) == b"".join(shelf.payloads.values())


async def test_what_is_too_much_for_one_answer_is_refused_before_a_payload_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = Shelf([payload(1), payload(2)])
    for name, value in (("MOST_BYTES", sum(head.bytes for head in shelf.heads) - 1), ("MOST_RECORDS", 1)):
        with monkeypatch.context() as patch:
            patch.setattr(cutting, name, value)
            with pytest.raises(PayloadTooLarge, match="shorter"):
                await asked_records(shelf, question(), everything=False)  # type: ignore[arg-type]
    assert shelf.fetched == []


async def test_a_message_that_cannot_be_cut_is_delivered_whole() -> None:
    odd = b"x" * 512
    assert await delivered(Shelf([odd]), question()) == [odd]
