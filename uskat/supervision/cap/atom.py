"""Public alerts as an Atom feed (RFC 4287); each entry leads to its CAP message (CAP feeds 1.0)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from uskat.supervision.cap.document import MEDIA_TYPE as CAP_TYPE
from uskat.supervision.cap.document import SENDER_RU, clean

NAMESPACE = "http://www.w3.org/2005/Atom"
MEDIA_TYPE = "application/atom+xml"
TITLE = "Ускат: сообщения о тревогах"


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An alert as the feed shows it. updated: of its last message, UTC. cap: address of that message; web: its page."""

    id: int
    title: str
    word: str
    kind: str
    published: datetime
    updated: datetime
    cap: str
    web: str


def atom_feed(entries: Sequence[FeedEntry], *, sender: str, address: str, now: datetime) -> bytes:
    """The feed, newest message first. sender: domain of the installation; address: of the feed itself.

    An entry keeps its id while it changes, so a reader shows it anew and not twice. Without entries it is of `now`.
    """
    root = ET.Element("feed", {"xmlns": NAMESPACE, "xml:lang": "ru"})
    ordered = sorted(entries, key=lambda one: (one.updated, one.id), reverse=True)
    _add(root, "id", f"tag:{sender},2026:alerts")
    _add(root, "title", TITLE)
    _add(root, "updated", _time(ordered[0].updated if ordered else now))
    _add(ET.SubElement(root, "author"), "name", SENDER_RU)
    ET.SubElement(root, "link", {"rel": "self", "type": MEDIA_TYPE, "href": clean(address)})
    for one in ordered:
        entry = ET.SubElement(root, "entry")
        _add(entry, "id", f"tag:{sender},2026:alert:{one.id}")
        _add(entry, "title", one.title)
        _add(entry, "published", _time(one.published))
        _add(entry, "updated", _time(one.updated))
        _add(entry, "summary", one.word)
        ET.SubElement(entry, "category", {"term": clean(one.kind)})
        ET.SubElement(entry, "link", {"rel": "alternate", "type": CAP_TYPE, "href": clean(one.cap)})
        ET.SubElement(entry, "link", {"rel": "related", "type": "text/html", "href": clean(one.web)})
    ET.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode").encode() + b"\n"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _add(parent: ET.Element, name: str, value: str) -> None:
    ET.SubElement(parent, name).text = clean(value)
