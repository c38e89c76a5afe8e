"""Payloads that a careless or hostile sender may send: every one from a seed, with what must become of it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from tests.chaos.judgement import Judgement, judge
from uskat.wire.seismic import Channel, encode_miniseed

WATER_DEVICE = "U-36"
WATER_PARAMETERS = frozenset({"temp", "ph", "ec25", "do", "turb", "orp", "nh4", "level", "no2"})
SEISMIC_DEVICE = "SEIS-TALDA-1"
KINDS = ("water", "senml", "status", "histogram")
BIG_BYTES = 10 * 2**20
BIG_EVERY = 5000
MARK = "\x01hostile\x01"
HOSTILE = (
    "null", "true", "[]", "{}", '""', '"x"', "-1", "1e308", "1e309", "-1e400", "NaN", "Infinity", "9" * 400,
    "9" * 5000, '"\\u0000"', '"\\ud800"', '"NaN"', "0.5", "18446744073709551616", "[[[[1]]]]", '{"a":{"b":1}}', "1e-400",
    '"2026-02-30T00:00:00Z"', '"2026-05-12T04:20:00"', '"9999-12-31T23:59:59Z"', '"0001-01-01T00:00:00+23:59"',
    '"1970-01-01T00:00:00Z"', '"' + "я" * 3000 + '"', '"\x7f"', '"\t"', "01", "+1", "0x10", "'a'", ",", "",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shot:
    """One message and what must become of it."""

    topic: str
    payload: bytes
    judgement: Judgement


class Sender:
    """Draws shots; the same seed and start give the same shots."""

    def __init__(self, seed: int, start: datetime | None = None) -> None:
        self._dice = random.Random(seed)
        self._start = start or datetime.now(UTC).replace(microsecond=0) - timedelta(days=40)
        self._number = 0
        self._records = list(self._make_records(np.random.default_rng(seed)))
        self._ways: tuple[Callable[[], Shot], ...] = (
            self._truncated, self._wrong_type, self._wrong_type, self._wrong_type, self._flipped, self._nested,
            self._junk, self._wrong_device, self._strange_name, self._twice_the_key, self._stranger, self._seismic,
            self._seismic, self._array,
        )  # fmt: skip

    def shots(self) -> Iterator[Shot]:
        """Shots without end; every BIG_EVERY-th is of 10 MB."""
        while True:
            self._number += 1
            yield self._big() if self._number % BIG_EVERY == 0 else self._dice.choice(self._ways)()

    def _good(self, kind: str) -> Any:
        moment = self._start + timedelta(seconds=self._number)
        stamp = moment.isoformat().replace("+00:00", "Z")
        value = round(7 + self._number % 100 / 100, 2)
        documents = {
            "water": {"t": stamp, "seq": self._number, "v": {"ph": value, "temp": 11.3}, "q": {"ph": 1},
                      "mode": "normal", "ams": "OK", "device": WATER_DEVICE},
            "senml": [{"bn": f"urn:dev:{WATER_DEVICE}:", "bt": moment.timestamp(), "n": "ph", "u": "pH", "v": value},
                      {"n": "temp", "u": "Cel", "v": 11.3}],
            "status": {"state": "online", "t": stamp, "seq": self._number, "battery_v": 12.6, "door_open": False,
                       "firmware": "1", "queue_length": 3},
            "histogram": {"t": stamp, "length_s": 60, "peak": {"V": 0.3, "MIC": 2}, "freq_hz": {"V": 12},
                          "over": [], "seq": self._number},
        }  # fmt: skip
        return documents[kind]

    def _shot(self, kind: str, payload: bytes) -> Shot:
        own = SEISMIC_DEVICE if kind == "histogram" else WATER_DEVICE
        verdict = judge(kind, payload, device=own, parameters=WATER_PARAMETERS)
        return Shot(f"uskat/v1/{own}/{kind}", payload, verdict)

    def _kind(self) -> str:
        return self._dice.choice(KINDS)

    def _text(self, kind: str) -> str:
        return json.dumps(self._good(kind))

    def _truncated(self) -> Shot:
        kind = self._kind()
        text = self._text(kind).encode()
        return self._shot(kind, text[: self._dice.randrange(len(text))])

    def _wrong_type(self) -> Shot:
        kind = self._kind()
        document = self._good(kind)
        nodes = list(_nodes(document))
        holder, key = self._dice.choice(nodes)
        holder[key] = MARK
        return self._shot(kind, json.dumps(document).replace(json.dumps(MARK), self._dice.choice(HOSTILE)).encode())

    def _flipped(self) -> Shot:
        kind = self._kind()
        data = bytearray(self._text(kind).encode())
        for _ in range(self._dice.randint(1, 6)):
            data[self._dice.randrange(len(data))] = self._dice.randrange(256)
        return self._shot(kind, bytes(data))

    def _nested(self) -> Shot:
        kind, depth = self._kind(), self._dice.choice((50, 500, 1100, 5000, 50_000))
        opening, closing = self._dice.choice((("[", "]"), ('{"a":', "}"), ('{"v":', "}")))
        text = opening * depth + "1" + (closing * depth if self._dice.random() < 0.5 else "")
        if kind == "water" and self._dice.random() < 0.5:
            text = self._text(kind).replace("11.3", text)
        # The stdlib's own recursion limit is no measure; any depth of these is malformed for every kind.
        return Shot(self._shot(kind, b"").topic, text.encode(), Judgement.BAD)

    def _junk(self) -> Shot:
        payload = self._dice.randbytes(self._dice.choice((0, 1, 20, 200, 3000)))
        if self._dice.random() < 0.2:
            return Shot(f"uskat/v1/{SEISMIC_DEVICE}/seismic", payload, Judgement.BAD)
        return self._shot(self._kind(), payload)

    def _wrong_device(self) -> Shot:
        kind = self._dice.choice(("water", "senml"))
        other = self._dice.choice(("U-43", "u-36", "U-36 ", "Х"))
        return self._shot(kind, self._text(kind).replace(WATER_DEVICE, other).encode())

    def _strange_name(self) -> Shot:
        name = self._dice.choice(
            ("\\u0000", "ph\\u0000", "\\ud83d", "ph ", "PH", "п" * 4000, "ph [mol]", "\\u202e", "")
        )
        text = self._text("water").replace('"temp"', f'"{name}"')
        return self._shot("water", text.encode())

    def _twice_the_key(self) -> Shot:
        kind, hostile = self._kind(), self._dice.choice(HOSTILE)
        name = {"water": "v", "senml": "n", "status": "state", "histogram": "peak"}[kind]
        text = self._text(kind)
        start = text.index("{") + 1
        twice = f'"{name}":{hostile},'
        place = text.rindex("}") if self._dice.random() < 0.7 else start
        text = text[:start] + twice + text[start:] if place == start else text[:place] + "," + twice[:-1] + text[place:]
        return self._shot(kind, text.encode())

    def _stranger(self) -> Shot:
        device, kind = self._dice.choice(
            (("nobody", "water"), ("nobody", "status"), ("-36", "water"), ("ТОМЬ", "senml"), ("a" * 65, "water"),
             ("", "water"), ("U 36", "status"), (".", "seismic"), ("U-36~", "histogram")),
        )  # fmt: skip
        return Shot(f"uskat/v1/{device}/{kind}", self._text("water").encode(), Judgement.BAD)

    def _array(self) -> Shot:
        good = self._good("water")
        items = [json.dumps(good | {"seq": number}) for number in range(3)]
        items.insert(self._dice.randrange(4), self._dice.choice(HOSTILE))
        return self._shot("water", f"[{','.join(items)}]".encode())

    def _big(self) -> Shot:
        kind, unit = self._dice.choice(
            (("water", b"["), ("water", b'{"t":'), ("senml", b"[{},"), ("status", b'"'), ("seismic", b"\0"),
             ("water", b'{"v":{"ph":1}},'), ("histogram", b"9")),
        )  # fmt: skip
        start = b'{"state":' if kind == "status" else b""
        own = SEISMIC_DEVICE if kind in {"histogram", "seismic"} else WATER_DEVICE
        return Shot(f"uskat/v1/{own}/{kind}", start + unit * (BIG_BYTES // len(unit)), Judgement.BAD)

    def _make_records(self, dice: np.random.Generator) -> Iterator[bytes]:
        def channel(code: str, data: Any, moment: datetime = self._start) -> Channel:
            return Channel(f"XX.TLD1.00.{code}", moment, 1024.0, data)

        counts = (dice.normal(size=(3, 700)) * 900).astype(np.int32)
        yield encode_miniseed([channel("GHZ", counts[0]), channel("GHN", counts[1])])
        yield encode_miniseed([channel("GHE", counts[2].astype(np.float32))])
        yield encode_miniseed([channel("BHZ", counts[0])])
        yield encode_miniseed([channel("GHZ", counts[0], datetime(2199, 1, 1, tzinfo=UTC))])
        yield encode_miniseed([channel("GHZ", counts[0], datetime(1999, 1, 1, tzinfo=UTC))])
        yield encode_miniseed([channel("GHZ", np.array([1.0, np.nan], np.float32))])

    def _seismic(self) -> Shot:
        topic = f"uskat/v1/{SEISMIC_DEVICE}/seismic"
        dice = self._dice
        data = bytearray(dice.choice(self._records[:2]))
        way = dice.randrange(6)
        if way == 0:
            length = dice.randrange(1, 512) + dice.randrange(len(data) // 512) * 512
            return Shot(topic, bytes(data[:length]), Judgement.BAD)
        if way == 1:
            return Shot(topic, dice.choice(self._records[2:]), Judgement.BAD)
        if way == 2:
            start = dice.randrange(len(data) // 512) * 512
            data[start : start + 8] = dice.randbytes(7) + b"\xff"
            return Shot(topic, bytes(data), Judgement.BAD)
        if way == 3:
            return Shot(topic, bytes(data) + dice.randbytes(dice.randrange(1, 500)), Judgement.BAD)
        for _ in range(dice.randint(1, 12)):
            place = dice.randrange(64) if way == 4 else dice.randrange(len(data))
            data[place] ^= 1 << dice.randrange(8)
        return Shot(topic, bytes(data), Judgement.UNSURE)


def _nodes(document: Any) -> Iterator[tuple[Any, Any]]:
    pairs = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in list(pairs):
        yield document, key
        if isinstance(value, dict | list):
            yield from _nodes(value)
