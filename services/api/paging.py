"""Keyset paging. A cursor is opaque to the reader: where the page ended, bound to the question it belongs to."""

import base64
import binascii
import hashlib
from typing import Any, Generic, TypeVar

import msgspec

from services.api.errors import InvalidRequest

T = TypeVar("T")
LONGEST_CURSOR = 400
HIGHEST = 2**63


class Page(msgspec.Struct, Generic[T]):
    """One page; `next` is the cursor of the following one, null at the end."""

    items: list[T]
    next: str | None = None


def write_cursor(question: tuple[Any, ...], position: tuple[Any, ...]) -> str:
    """Cursor of a question (route and filters) at a position (numbers and strings)."""
    packed = msgspec.msgpack.encode([_mark(question), list(position)])
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def read_cursor(cursor: str, question: tuple[Any, ...], kinds: tuple[type, ...]) -> tuple[Any, ...]:
    """Position that a cursor of this very question holds. Raises InvalidRequest for any other."""
    wrong = InvalidRequest("cursor is not one of ours, or belongs to another question; begin without it")
    if len(cursor) > LONGEST_CURSOR:
        raise wrong
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        mark, position = msgspec.msgpack.decode(packed, type=tuple[str, list[Any]])
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise wrong from None
    fits = len(position) == len(kinds) and all(_fits(value, kind) for value, kind in zip(position, kinds, strict=True))
    if mark != _mark(question) or not fits:
        raise wrong
    return tuple(position)


def cut(items: list[T], limit: int) -> tuple[list[T], bool]:
    """At most `limit` items of a list that was read with one more, and whether there are more."""
    return items[:limit], len(items) > limit


def _fits(value: Any, kind: type) -> bool:
    return type(value) is kind and (not isinstance(value, int) or 0 <= value < HIGHEST)


def _mark(question: tuple[Any, ...]) -> str:
    return hashlib.blake2b(repr(question).encode(), digest_size=6).hexdigest()
