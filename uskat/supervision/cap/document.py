"""CAP 1.2 documents: one alert element with a Russian and an English block, in the order the schema demands."""

import re
from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

from uskat.supervision.cap.message import LEVELS, Area, CapAlert, category, certainty, response, urgency
from uskat.supervision.cap.words import (
    LOCAL,
    MACHINE,
    english,
    figures_in_words,
    instruction,
    latin,
    state_in_english,
    where_and_since,
)

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MEDIA_TYPE = "application/cap+xml"
HEADLINE = 160
"""Longest headline that every system shows (CAP 1.2 §3.2.2)."""
SENDER_RU, SENDER_EN = "Ускат: наблюдение за рекой и взрывами", "Uskat: monitoring of the river and of blasting"
DEMO = "Демо: приборы и предприятия вымышлены. Demo: instruments and enterprises are invented."
LASTS, SHOWN_AFTER = timedelta(days=7), timedelta(hours=24)
"""Until when a message is in force: while the alert lasts a week from its last change, afterwards a day to be read in
(project rule). Without `expires` each recipient would decide (CAP 1.2 §3.2.2), and most drop it at once or never."""
NO_PART_OF_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def cap_time(moment: datetime) -> str:
    """A moment as CAP writes it: seconds and an offset, never «Z» (§3.3.2); Asia/Novokuznetsk."""
    return moment.astimezone(LOCAL).replace(microsecond=0).isoformat()


def cap_document(alert: CapAlert) -> bytes:
    """The message of the alert's last event, UTF-8."""
    root = ET.Element("alert", {"xmlns": NAMESPACE})
    _add(root, "identifier", alert.identifier(alert.last))
    _add(root, "sender", alert.sender)
    _add(root, "sent", cap_time(alert.last.at))
    _add(root, "status", "Test" if alert.demo else "Actual")
    _add(root, "msgType", alert.type.value)
    _add(root, "scope", "Public")
    if note := _note(alert):
        _add(root, "note", note)
    earlier = [f"{alert.sender},{alert.identifier(one)},{cap_time(one.at)}" for one in alert.events[:-1]]
    if earlier:
        _add(root, "references", " ".join(earlier))
    _info(root, alert, russian=True)
    _info(root, alert, russian=False)
    ET.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode").encode() + b"\n"


def _info(root: ET.Element, alert: CapAlert, *, russian: bool) -> None:
    info = ET.SubElement(root, "info")
    title = alert.title if russian else alert.title_en or alert.title
    title = clean(title).strip() or alert.kind.value
    _add(info, "language", "ru-RU" if russian else "en-US")
    _add(info, "category", category(alert.kind))
    _add(info, "event", title)
    _add(info, "responseType", response(alert))
    _add(info, "urgency", urgency(alert))
    _add(info, "severity", LEVELS[alert.severity])
    _add(info, "certainty", certainty(alert))
    _code(info, "eventCode", "uskat:kind", value=alert.kind.value)
    _add(info, "effective", cap_time(alert.last.at))
    _add(info, "onset", cap_time(alert.started_at))
    _add(info, "expires", cap_time(alert.last.at + (SHOWN_AFTER if response(alert) == "AllClear" else LASTS)))
    _add(info, "senderName", SENDER_RU if russian else SENDER_EN)
    _add(info, "headline", _headline(title, alert.place if russian else latin(alert.place)))
    _add(info, "description", _described(alert, russian=russian))
    _add(info, "instruction", instruction(alert, russian=russian))
    _add(info, "web", alert.web)
    _code(info, "parameter", "uskat:severity", value=alert.severity.value)
    for name, value in alert.figures.items():
        _code(info, "parameter", f"uskat:{name}", value=value if russian else english(value))
    _area(info, alert.area, russian=russian)


def _note(alert: CapAlert) -> str:
    """Why it is taken back (CAP 1.2 §3.2.1 asks for it), and that it is a demo."""
    why = (alert.last.why or alert.word).rstrip(". ")
    back = f"Отозвано: {why}. Withdrawn: it was not confirmed." if alert.cancelled else ""
    return " ".join(part for part in (back, DEMO if alert.demo else "") if part)


def _headline(title: str, place: str) -> str:
    """What and where, the place whole where both fit."""
    place = clean(place).strip()
    tail = f" – {place}" if place else ""
    return (title[: HEADLINE - len(tail)] + tail)[:HEADLINE] if len(tail) < HEADLINE // 2 else title[:HEADLINE]


def _described(alert: CapAlert, *, russian: bool) -> str:
    where, figures = where_and_since(alert, russian=russian), figures_in_words(alert)
    if russian:
        lines = [where, *alert.reasons, f"{MACHINE[0]} Состояние: {alert.word}."]
    else:
        lines = [where, figures[:1].upper() + figures[1:], f"{MACHINE[1]} State: {state_in_english(alert)}."]
    return "\n".join(line for line in lines if line)


def _area(info: ET.Element, area: Area, *, russian: bool) -> None:
    found = ET.SubElement(info, "area")
    _add(found, "areaDesc", area.name if russian else latin(area.name_en or area.name))
    for ring in area.rings:
        _add(found, "polygon", " ".join(f"{latitude:.5f},{longitude:.5f}" for longitude, latitude in ring))
    for (longitude, latitude), radius_km in area.circles:
        _add(found, "circle", f"{latitude:.5f},{longitude:.5f} {radius_km:.3f}")


def _code(parent: ET.Element, name: str, value_name: str, *, value: str) -> None:
    pair = ET.SubElement(parent, name)
    _add(pair, "valueName", value_name)
    _add(pair, "value", value)


def _add(parent: ET.Element, name: str, value: str) -> None:
    ET.SubElement(parent, name).text = clean(value)


def clean(value: str) -> str:
    """Text without the characters that XML cannot carry."""
    return NO_PART_OF_XML.sub("", value)
