"""From a query string or a POST body to a question: names and values checked against the table of parameters.

What cannot be read raises InvalidRequest, which the FDSN form answers with 400.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from services.api.errors import InvalidRequest
from services.api.fdsn.parameters import Kind, Parameter, Service
from services.api.fdsn.selection import Selection, selection
from services.api.query import EARLIEST, LATEST

MOST_SELECTIONS = 1000
LONGEST_VALUE = 400
SELECTION_WORDS = 6
TRUTHS = {"true": True, "1": True, "false": False, "0": False}
NUMBER = re.compile(r"[+-]?(\d{1,12}(\.\d{0,15})?|\.\d{1,15})([eE][+-]?\d{1,2})?")
ONLY_BULK = re.compile(r"^\s*([a-zA-Z]+)\s*=\s*(.*?)\s*$")


@dataclass(frozen=True, slots=True)
class Question:
    """Values by long name; what was not asked has its default, else is missing. selections: at least one."""

    values: Mapping[str, Any]
    selections: tuple[Selection, ...]

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name)

    @property
    def start(self) -> datetime | None:
        """Beginning of the span that all selections lie in; None: open."""
        starts = [one.start for one in self.selections]
        return None if None in starts else min(start for start in starts if start is not None)

    @property
    def end(self) -> datetime | None:
        """End of the span that all selections lie in; None: open."""
        ends = [one.end for one in self.selections]
        return None if None in ends else max(end for end in ends if end is not None)


def read_query(service: Service, pairs: Iterable[tuple[str, str]]) -> Question:
    """A question from the pairs of a query string. Raises InvalidRequest that names the parameter."""
    values = _values(service, pairs, allowed=None)
    names = [values.pop(name, "*") for name in ("network", "station", "location", "channel")]
    start, end = values.pop("starttime", None), values.pop("endtime", None)
    _check_circle(values)
    return Question(values, (selection(names, start=start, end=end),))


def read_bulk(service: Service, body: bytes) -> Question:
    """A question from a POST body: `key=value` lines, then lines NET STA LOC CHA STARTTIME ENDTIME.

    Raises InvalidRequest that names the line.
    """
    try:
        lines = [line.strip() for line in body.decode("ascii").splitlines()]
    except UnicodeDecodeError:
        raise InvalidRequest("the body is not plain text") from None
    pairs: list[tuple[str, str]] = []
    chosen: list[Selection] = []
    for number, line in enumerate(lines, start=1):
        if not line or line.startswith("#"):
            continue
        found = ONLY_BULK.match(line)
        if found is not None:
            pairs.append((found[1].lower(), found[2]))
        elif len(chosen) < MOST_SELECTIONS:
            chosen.append(_bulk_line(line.split(), number))
        else:
            raise InvalidRequest(f"more than {MOST_SELECTIONS} selections in one request")
    if not chosen:
        raise InvalidRequest("no selection: write lines NET STA LOC CHA STARTTIME ENDTIME")
    values = _values(service, pairs, allowed=service.bulk)
    _check_circle(values)
    return Question(values, tuple(chosen))


def _bulk_line(words: Sequence[str], number: int) -> Selection:
    if len(words) != SELECTION_WORDS:
        raise InvalidRequest(f"line {number}: NET STA LOC CHA STARTTIME ENDTIME are six words")
    start, end = (None if word == "*" else _moment(f"line {number}", word) for word in words[4:])
    return selection(words[:4], start=start, end=end)


def _values(service: Service, pairs: Iterable[tuple[str, str]], *, allowed: tuple[str, ...] | None) -> dict[str, Any]:
    known = service.known()
    given: dict[str, Any] = {}
    for name, text in pairs:
        parameter = known.get(name)
        if parameter is None or (allowed is not None and parameter.name not in allowed):
            raise InvalidRequest(f"{service.name} has no parameter {name[:40]!r} here")
        if parameter.name in given:
            raise InvalidRequest(f"{parameter.name} is given twice")
        if len(text) > LONGEST_VALUE:
            raise InvalidRequest(f"{parameter.name} is longer than {LONGEST_VALUE} characters")
        given[parameter.name] = _value(parameter, text.strip())
    for parameter in service.parameters:
        if parameter.default is not None and (allowed is None or parameter.name in allowed):
            given.setdefault(parameter.name, _value(parameter, parameter.default))
    return given


def _value(parameter: Parameter, text: str) -> Any:
    name = parameter.name
    if parameter.options and text not in parameter.options:
        raise InvalidRequest(f"{name} must be one of: {', '.join(parameter.options)}")
    if parameter.kind is Kind.TIME:
        return _moment(name, text)
    if parameter.kind is Kind.TRUTH:
        if text.lower() not in TRUTHS:
            raise InvalidRequest(f"{name} must be true or false")
        return TRUTHS[text.lower()]
    if parameter.kind is Kind.TEXT:
        return text
    if NUMBER.fullmatch(text) is None or (parameter.kind is Kind.WHOLE and float(text) != int(float(text))):
        raise InvalidRequest(f"{name} must be a {'whole ' if parameter.kind is Kind.WHOLE else ''}number")
    number = float(text)
    low, high = parameter.low, parameter.high
    if not isfinite(number) or (low is not None and number < low) or (high is not None and number > high):
        raise InvalidRequest(f"{name} must lie between {low} and {high}")
    return int(number) if parameter.kind is Kind.WHOLE else number


def _moment(name: str, text: str) -> datetime:
    """A time of the FDSN form: UTC, with or without the letter Z, or a date alone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest(f"{name} must be a time YYYY-MM-DDTHH:MM:SS[.ssssss], UTC") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if not EARLIEST <= moment <= LATEST:
        # a client that asks from the beginning of time means: from the beginning
        moment = EARLIEST if moment < EARLIEST else LATEST
    return moment.astimezone(UTC)


def _check_circle(values: Mapping[str, Any]) -> None:
    if ("latitude" in values) != ("longitude" in values):
        raise InvalidRequest("latitude and longitude belong together")
    for low, high in (("minlatitude", "maxlatitude"), ("minradius", "maxradius"), ("mindepth", "maxdepth"),
                      ("minmagnitude", "maxmagnitude")):  # fmt: skip
        if low in values and high in values and values[low] > values[high]:
            raise InvalidRequest(f"{low} is above {high}")
