"""The act of a pack as a PDF in Russian: what was found, by which instrument, how sure, and what proves it.

Figures are drawn with lines of the PDF itself (fpdf2). Font: DejaVu Sans (Bitstream Vera licence, free to embed), read
from files that the caller names. Equal contents make equal bytes: the date of creation is that of the pack.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from uskat.finding import number_ru

if TYPE_CHECKING:
    from fpdf import FPDF

LOCAL = ZoneInfo("Asia/Novokuznetsk")
FAMILY = "act"
WIDTH, CHART_HEIGHT, MAP_HEIGHT = 180.0, 55.0, 60.0
INK, BLUE, RED, GREY = (26, 26, 26), (11, 95, 165), (179, 38, 30), (130, 130, 130)
HOLDS_RU = {True: "да", False: "нет", None: "не установлено"}


@dataclass(frozen=True, slots=True)
class Curve:
    """A series for the chart: (UTC moment, value) in time order; limit: the norm, None without one."""

    title: str
    unit: str
    points: Sequence[tuple[datetime, float]]
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Sketch:
    """A map without a map: lines of rivers and named places, WGS84 (longitude, latitude); here: the station's name."""

    rivers: Sequence[Sequence[tuple[float, float]]]
    places: Sequence[tuple[str, float, float]]
    here: str


@dataclass(frozen=True, slots=True)
class Act:
    """What the act says. rows: parts (heading, [(label, words)]); facts: (requirement, holds, words) of the grade."""

    title: str
    made_at: datetime
    rows: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    facts: Sequence[tuple[str, bool | None, str]]
    curves: Sequence[Curve]
    sketch: Sketch | None
    closing: str


def draw_act(act: Act, *, font: Path, bold: Path) -> bytes:
    """The PDF."""
    from fpdf import FPDF  # noqa: PLC0415 - a second of loading that only the act needs

    page = FPDF(format="A4")
    page.set_creation_date(act.made_at)
    page.set_title(act.title)
    page.set_producer("uskat")
    page.set_auto_page_break(auto=True, margin=15)
    page.add_font(FAMILY, "", font)
    page.add_font(FAMILY, "B", bold)
    page.add_page()
    _words(page, act.title, size=14, bold=True)
    _words(page, f"Составлен автоматически {moment_ru(act.made_at)} (время Новокузнецка).", size=9, colour=GREY)
    for heading, rows in act.rows:
        _part(page, heading, rows)
    _part(page, "На чём держится степень доказательности", [
        (f"{name}: {HOLDS_RU[holds]}", words) for name, holds, words in act.facts
    ])  # fmt: skip
    for curve in act.curves:
        _chart(page, curve)
    if act.sketch is not None:
        _map(page, act.sketch)
    _words(page, act.closing, size=9)
    return bytes(page.output())


def moment_ru(moment: datetime) -> str:
    """A moment as people at the place read it: 01.06.2026 15:20."""
    return f"{moment.astimezone(LOCAL):%d.%m.%Y %H:%M}"


def _words(page: "FPDF", words: str, *, size: float, bold: bool = False, colour: tuple[int, int, int] = INK) -> None:
    page.set_font(FAMILY, "B" if bold else "", size)
    page.set_text_color(*colour)
    page.set_x(page.l_margin)
    page.multi_cell(WIDTH, size * 0.5, words, align="L", new_x="LMARGIN", new_y="NEXT")
    page.ln(1)


def _part(page: "FPDF", heading: str, rows: Sequence[tuple[str, str]]) -> None:
    if not rows:
        return
    page.ln(2)
    _words(page, heading, size=11, bold=True)
    for label, words in rows:
        page.set_font(FAMILY, "", 9)
        page.set_text_color(*INK)
        page.set_x(page.l_margin)
        page.multi_cell(WIDTH, 4.5, f"{label} – {words}" if words else label, align="L", new_x="LMARGIN", new_y="NEXT")


def _chart(page: "FPDF", curve: Curve) -> None:
    if len(curve.points) < 2:
        return
    if page.get_y() + CHART_HEIGHT + 14 > page.h - page.b_margin:
        page.add_page()
    _words(page, f"{curve.title}, {curve.unit}", size=10, bold=True)
    left, top, width = page.l_margin + 14, page.get_y(), WIDTH - 16
    values = [value for _, value in curve.points] + ([curve.limit] if curve.limit is not None else [])
    low, high = min(values), max(values)
    spread = (high - low) or max(abs(high), 1.0) * 0.1
    low, high = low - 0.08 * spread, high + 0.08 * spread
    begin, end = curve.points[0][0], curve.points[-1][0]

    def x(moment: datetime) -> float:
        return left + width * ((moment - begin) / (end - begin) if end > begin else 0.0)

    def y(value: float) -> float:
        return top + CHART_HEIGHT * (1 - (value - low) / (high - low))

    page.set_draw_color(*GREY)
    page.set_line_width(0.2)
    page.rect(left, top, width, CHART_HEIGHT)
    page.set_draw_color(*BLUE)
    page.polyline([(x(moment), y(value)) for moment, value in curve.points])
    if curve.limit is not None:
        page.set_draw_color(*RED)
        page.line(left, y(curve.limit), left + width, y(curve.limit))
        _label(page, f"норма {number_ru(curve.limit)}", left + 1, y(curve.limit) - 1, colour=RED)
    _label(page, number_ru(high), page.l_margin, top + 3)
    _label(page, number_ru(low), page.l_margin, top + CHART_HEIGHT)
    _label(page, moment_ru(begin), left, top + CHART_HEIGHT + 4)
    _label(page, moment_ru(end), left + width - 28, top + CHART_HEIGHT + 4)
    page.set_y(top + CHART_HEIGHT + 7)


def _label(page: "FPDF", words: str, x: float, y: float, *, colour: tuple[int, int, int] = GREY) -> None:
    page.set_font(FAMILY, "", 7)
    page.set_text_color(*colour)
    page.text(x, y, words)


def _map(page: "FPDF", sketch: Sketch) -> None:
    lines = [[*line] for line in sketch.rivers if len(line) > 1]
    points = [point for line in lines for point in line] + [(lon, lat) for _, lon, lat in sketch.places]
    if not points:
        return
    if page.get_y() + MAP_HEIGHT + 14 > page.h - page.b_margin:
        page.add_page()
    _words(page, "Схема участка (не карта: русла показаны условно)", size=10, bold=True)
    left, top = page.l_margin, page.get_y()
    west, east = min(lon for lon, _ in points), max(lon for lon, _ in points)
    south, north = min(lat for _, lat in points), max(lat for _, lat in points)
    scale = min((WIDTH - 30) / max((east - west) * 0.59, 1e-6), (MAP_HEIGHT - 8) / max(north - south, 1e-6))

    def place(lon: float, lat: float) -> tuple[float, float]:
        """Kilometres of a degree of longitude at 54° N are 0.59 of those of latitude."""
        return left + 4 + (lon - west) * 0.59 * scale, top + 4 + (north - lat) * scale

    page.set_draw_color(*BLUE)
    page.set_line_width(0.4)
    for line in lines:
        page.polyline([place(lon, lat) for lon, lat in line])
    for name, lon, lat in sketch.places:
        x, y = place(lon, lat)
        colour = RED if name == sketch.here else INK
        page.set_fill_color(*colour)
        page.circle(x, y, 1.2 if name == sketch.here else 0.8, style="F")
        _label(page, name, x + 1.6, y + 1, colour=colour)
    page.set_draw_color(*GREY)
    page.set_line_width(0.2)
    page.rect(left, top, WIDTH, MAP_HEIGHT)
    page.set_y(top + MAP_HEIGHT + 4)


def rows_of(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and words of every entry that says something."""
    return [(label, str(words)) for label, words in document.items() if words not in {None, ""}]


def act_fonts() -> tuple[Path, Path]:
    """DejaVu Sans, regular and bold, as matplotlib's wheel ships them; the library itself is not loaded."""
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        raise FileNotFoundError("matplotlib is not installed, and with it the font of the act")
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    return folder / "DejaVuSans.ttf", folder / "DejaVuSans-Bold.ttf"
