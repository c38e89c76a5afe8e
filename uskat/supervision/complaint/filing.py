"""A complaint as a citizen files it, checked; and the code by which they follow it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U, which people misread."""
CODE_CHARACTERS = 20
CODE_BYTES = 13
"""Random bytes of a code: 100 bits of them are used."""
GROUP = 5
LONGEST_WORDS = 4000
LONGEST_CONTACT = 200
SHORTEST_WORDS = 5
COARSE_DEGREES = 2
"""Decimals of coordinates that are kept beside a complaint: about a kilometre."""
CLOCK_TOLERANCE = timedelta(minutes=10)


class Topic(StrEnum):
    """What a complaint is about."""

    WATER = "water"
    BLAST = "blast"
    AIR = "air"
    OTHER = "other"


class FilingError(ValueError):
    """A complaint that cannot be taken in; `part` names the field, the text (Russian) what is wrong with it."""

    def __init__(self, part: str, message: str) -> None:
        super().__init__(message)
        self.part = part


@dataclass(frozen=True, slots=True)
class Filing:
    """What a citizen tells. settlement: code of a place, or point: (longitude, latitude) WGS 84; happened_at: UTC."""

    topic: Topic
    happened_at: datetime
    words: str
    settlement: str | None = None
    point: tuple[float, float] | None = None
    contact: str | None = None


def check_filing(filing: Filing, *, now: datetime, oldest: timedelta) -> Filing:
    """The filing with texts trimmed and the moment not after now. Raises FilingError."""
    words = filing.words.strip()
    contact = (filing.contact or "").strip() or None
    if not SHORTEST_WORDS <= len(words) <= LONGEST_WORDS:
        raise FilingError("words", f"Опишите, что случилось: от {SHORTEST_WORDS} до {LONGEST_WORDS} знаков.")
    if contact is not None and len(contact) > LONGEST_CONTACT:
        raise FilingError("contact", f"Контакт длиннее {LONGEST_CONTACT} знаков.")
    if any(ord(letter) < 32 and letter not in "\n\r\t" for letter in words + (contact or "")):
        raise FilingError("words", "В тексте есть непечатаемые знаки.")
    if (filing.settlement is None) == (filing.point is None):
        raise FilingError("place", "Укажите посёлок или координаты, что-то одно.")
    if filing.point is not None and not (-180 <= filing.point[0] <= 180 and -90 <= filing.point[1] <= 90):
        raise FilingError("place", "Широта лежит от −90 до 90, долгота от −180 до 180.")
    if filing.happened_at > now + CLOCK_TOLERANCE:
        raise FilingError("happened_at", "Это время ещё не наступило.")
    if filing.happened_at < now - oldest:
        raise FilingError("happened_at", f"Это было больше {oldest.days} дней назад.")
    return Filing(filing.topic, min(filing.happened_at, now), words, filing.settlement, filing.point, contact)


def coarse(point: tuple[float, float]) -> tuple[float, float]:
    """The point to about a kilometre: what stays beside a complaint when the person is forgotten."""
    return round(point[0], COARSE_DEGREES), round(point[1], COARSE_DEGREES)


def follow_up_code(random: bytes) -> str:
    """A code of twenty characters in groups of five, from 13 random bytes. Raises ValueError for fewer."""
    if len(random) < CODE_BYTES:
        raise ValueError(f"a code needs {CODE_BYTES} random bytes")
    number = int.from_bytes(random[:CODE_BYTES], "big")
    letters = "".join(ALPHABET[(number >> (5 * place)) & 31] for place in range(CODE_CHARACTERS))
    return "-".join(letters[start : start + GROUP] for start in range(0, CODE_CHARACTERS, GROUP))


def code_digest(code: str) -> bytes | None:
    """SHA-256 of a code as a person may write it: any case, with or without dashes, O for 0, I or L for 1.

    None for what is no code. A plain digest suffices: the code is random and as long as a key.
    """
    letters = "".join(letter for letter in code.upper() if not letter.isspace() and letter not in "-–—")
    letters = letters.translate(str.maketrans("OIL", "011"))
    if len(letters) != CODE_CHARACTERS or not set(letters) <= set(ALPHABET):
        return None
    return hashlib.sha256(letters.encode("ascii")).digest()
