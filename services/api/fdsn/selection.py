"""Which channels and times are asked for: codes with wildcards, as regular expressions that the database reads too."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.api.errors import InvalidRequest
from services.api.query import EARLIEST, LATEST

CODES = re.compile(r"[A-Za-z0-9*?_-]{0,30}")
BLANK = "--"
PARTS = ("network", "station", "location", "channel")


@dataclass(frozen=True, slots=True)
class Selection:
    """Channels whose NET.STA.LOC.CHA matches `pattern`, in [start, end]; None: open."""

    pattern: str
    start: datetime | None = None
    end: datetime | None = None

    def takes(self, nslc: str) -> bool:
        """True when the codes match."""
        return re.fullmatch(self.pattern, nslc) is not None

    def meets(self, start: datetime, end: datetime) -> bool:
        """True when something of [start, end] lies in the span asked for."""
        return (self.start is None or end >= self.start) and (self.end is None or start <= self.end)


class Wanted:
    """Spans asked for of each channel, joined: a long list of selections costs a record no more than a short one."""

    def __init__(self, selections: Sequence[Selection]) -> None:
        self._selections = selections
        self._spans: dict[str, tuple[list[datetime], list[datetime]]] = {}

    def meets(self, nslc: str, start: datetime, end: datetime) -> bool:
        """True when something of [start, end] of the channel is asked for."""
        if nslc not in self._spans:
            self._spans[nslc] = self._joined(nslc)
        starts, ends = self._spans[nslc]
        place = bisect_right(starts, end) - 1
        return place >= 0 and ends[place] >= start

    def _joined(self, nslc: str) -> tuple[list[datetime], list[datetime]]:
        starts: list[datetime] = []
        ends: list[datetime] = []
        taken = [(one.start or EARLIEST, one.end or LATEST) for one in self._selections if one.takes(nslc)]
        for start, end in sorted(taken):
            if ends and start <= ends[-1]:
                ends[-1] = max(ends[-1], end)
            else:
                starts.append(start)
                ends.append(end)
        return starts, ends


def selection(codes: Sequence[str], *, start: datetime | None, end: datetime | None) -> Selection:
    """Selection of the four codes: lists with commas, `*` and `?`; `--` is a blank location. Raises InvalidRequest."""
    if start is not None and end is not None and start > end:
        raise InvalidRequest("starttime is after endtime")
    parts = [_alternatives(name, text) for name, text in zip(PARTS, codes, strict=True)]
    return Selection(r"\.".join(parts), start, end)


def _alternatives(name: str, text: str) -> str:
    return f"({'|'.join(_code(name, part.strip()) for part in (text or '*').split(','))})"


def _code(name: str, text: str) -> str:
    if CODES.fullmatch(text) is None:
        raise InvalidRequest(f"{name}: {text[:40]!r} is no code; letters, digits, * and ? are read")
    if name == "location" and text in {BLANK, ""}:
        return ""
    return text.replace("-", r"\-").replace("*", r"[^.]*").replace("?", r"[^.]")
