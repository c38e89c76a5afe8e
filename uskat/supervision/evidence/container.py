"""The file of an evidence pack: a ZIP in which every byte is determined by the names and contents of its members.

Any program opens it as a ZIP. Stored without compression, without times, attributes, comments or gaps; so the reader
can be strict: a byte that is not where it must be is a fault with its place, even one that other readers overlook.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
LOCAL_MAGIC, CENTRAL_MAGIC, END_MAGIC = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
VERSION, UTF8, STORED, NO_TIME, FIRST_DATE = 20, 0x800, 0, 0, 0x21
LARGEST = 2**32 - 1


class ContainerTooLarge(ValueError):
    """More than a plain ZIP can hold: 4 GiB, 65 535 members."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A place of the file that is not as it must be. at: byte from the beginning; member: near which one."""

    at: int
    what: str
    member: str = ""


@dataclass(slots=True)
class Members:
    """Contents by name as far as they could be read, and what is damaged."""

    contents: dict[str, bytes] = field(default_factory=dict)
    damages: list[Damage] = field(default_factory=list)


def write_container(contents: Mapping[str, bytes]) -> bytes:
    """The file, members in the order of the mapping. Raises ContainerTooLarge."""
    body, places = bytearray(), []
    for name, content in contents.items():
        places.append(len(body))
        body += _local_header(name, content) + name.encode() + content
    made = bytes(body) + _directory(contents, places, len(body))
    if len(made) > LARGEST or len(contents) > 0xFFFF:
        raise ContainerTooLarge(f"{len(made)} bytes, {len(contents)} members")
    return made


def read_container(data: bytes) -> Members:
    """Members of the file. Never raises: what cannot be read is a damage with its place."""
    found, places, at = Members(), [], 0
    while data[at : at + 4] == LOCAL_MAGIC and at + _LOCAL.size <= len(data):
        fields = _LOCAL.unpack_from(data, at)
        crc, packed, size, name_length = fields[6:10]
        begin = at + _LOCAL.size + name_length
        name = data[at + _LOCAL.size : begin].decode("utf-8", "replace")
        content = data[begin : begin + packed]
        if fields[1:6] != (VERSION, UTF8, STORED, NO_TIME, FIRST_DATE) or packed != size or fields[10]:
            found.damages.append(Damage(at, "the header of the member is not as written", name))
        if len(content) < packed or name in found.contents:
            found.damages.append(Damage(at, "the member is cut off or there twice", name))
            return found
        if zlib.crc32(content) != crc:
            found.damages.append(Damage(begin, "the checksum (CRC-32) of the member does not fit", name))
        found.contents[name] = content
        places.append(at)
        at = begin + packed
    expected = _directory(found.contents, places, at)
    if data[at:] != expected and not any(damage.what.startswith("the checksum") for damage in found.damages):
        rest = data[at:]
        step = next((i for i, (a, b) in enumerate(zip(rest, expected, strict=False)) if a != b), None)
        where = at + (min(len(rest), len(expected)) if step is None else step)
        last = list(found.contents)[-1] if found.contents else ""
        found.damages.append(Damage(where, "the directory at the end does not fit the members", last))
    return found


def _local_header(name: str, content: bytes) -> bytes:
    size = len(content)
    return _LOCAL.pack(
        LOCAL_MAGIC, VERSION, UTF8, STORED, NO_TIME, FIRST_DATE, zlib.crc32(content), size, size, len(name.encode()), 0
    )


def _directory(contents: Mapping[str, bytes], places: list[int], begin: int) -> bytes:
    made = bytearray()
    for (name, content), place in zip(contents.items(), places, strict=True):
        size, label = len(content), name.encode()
        made += _CENTRAL.pack(
            CENTRAL_MAGIC, VERSION, VERSION, UTF8, STORED, NO_TIME, FIRST_DATE, zlib.crc32(content), size, size,
            len(label), 0, 0, 0, 0, 0, place,
        ) + label  # fmt: skip
    return bytes(made) + _END.pack(END_MAGIC, 0, 0, len(places), len(places), len(made), begin, 0)
