"""Figures of the act, drawn with lines of the PDF itself: a course with its norm, a sketch of the place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from uskat.finding import number_ru

if TYPE_CHECKING:
    from fpdf import FPDF

LOCAL = ZoneInfo("Asia/Novokuznetsk")
FAMILY = "act"
WIDTH, CHART_HEIGHT, MAP_HEIGHT = 180.0, 55.0, 80.0
INK, BLUE, RED, GREY = (26, 26, 26), (11, 95, 165), (179, 38, 30), (130, 130, 130)
GRID, SHADE = (225, 225, 225), (253, 236, 220)
TICKS = 4
KM_DEGREE = 111.32
SCALE_BARS_KM = (50, 20, 10, 5, 2, 1)
Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """A series for the chart: (UTC moment, value) in time order; limit: the norm, None without one.

    episode: when the alert lasted, UTC; None as a whole or as its end: not shown, or to the end of the chart.
    """

    title: str
    unit: str
    points: Sequence[tuple[datetime, float]]
    limit: float | None = None
    episode: tuple[datetime, datetime | None] | None = None


@dataclass(frozen=True, slots=True)
class Sketch:
    """A map without a map: lines of rivers and named places, WGS84 (longitude, latitude); here: the station's name.

    names: of rivers, each at a point of its line.
    """

    rivers: Sequence[Sequence[tuple[float, float]]]
    places: Sequence[tuple[str, float, float]]
    here: str
    names: Sequence[tuple[str, float, float]] = ()


def moment_ru(moment: datetime) -> str:
    """A moment as people at the place read it: 01.06.2026 15:20."""
    return f"{moment.astimezone(LOCAL):%d.%m.%Y %H:%M}"


def words_on(page: "FPDF", words: str, *, size: float, bold: bool = False, colour: Colour = INK) -> None:
    """A paragraph at the left margin."""
    page.set_font(FAMILY, "B" if bold else "", size)
    page.set_text_color(*colour)
    page.set_x(page.l_margin)
    page.multi_cell(WIDTH, size * 0.5, words, align="L", new_x="LMARGIN", new_y="NEXT")
    page.ln(1)


def label(page: "FPDF", words: str, *, at: tuple[float, float], colour: Colour = GREY) -> None:
    """A few small words at a place of the page, mm."""
    page.set_font(FAMILY, "", 7)
    page.set_text_color(*colour)
    page.text(*at, words)


def draw_chart(page: "FPDF", curve: Curve) -> None:
    """A course over time with a grid, its norm in red, the time of the alert shaded. Fewer than two points: nothing."""
    if len(curve.points) < 2:
        return
    _room(page, CHART_HEIGHT + 20)
    page.ln(3)
    words_on(page, f"{curve.title}, {curve.unit}", size=10, bold=True)
    left, top, width = page.l_margin + 14, page.get_y(), WIDTH - 16
    low, high = _span(curve)
    begin, end = curve.points[0][0], curve.points[-1][0]

    def x(moment: datetime) -> float:
        """Abscissa of a moment, mm."""
        share = (moment - begin) / (end - begin) if end > begin else 0.0
        return left + width * min(max(share, 0.0), 1.0)

    def y(value: float) -> float:
        """Ordinate of a value, mm."""
        return top + CHART_HEIGHT * (1 - (value - low) / (high - low))

    if curve.episode is not None:
        since, until = x(curve.episode[0]), x(curve.episode[1] or end)
        page.set_fill_color(*SHADE)
        page.rect(since, top, max(until - since, 0.3), CHART_HEIGHT, style="F")
    _grid(page, left, top, width=width, low=low, high=high, begin=begin, end=end)
    page.set_draw_color(*BLUE)
    page.set_line_width(0.3)
    page.polyline([(x(moment), y(value)) for moment, value in curve.points])
    if curve.limit is not None:
        page.set_draw_color(*RED)
        page.line(left, y(curve.limit), left + width, y(curve.limit))
        label(page, f"норма {number_ru(curve.limit)} {curve.unit}", at=(left + 1, y(curve.limit) - 1), colour=RED)
    page.set_y(top + CHART_HEIGHT + 7)
    if curve.episode is not None:
        words_on(page, "Закрашено время тревоги. Время – Новокузнецка.", size=7, colour=GREY)


def _span(curve: Curve) -> tuple[float, float]:
    values = [value for _, value in curve.points] + ([curve.limit] if curve.limit is not None else [])
    low, high = min(values), max(values)
    spread = (high - low) or max(abs(high), 1.0) * 0.1
    return low - 0.08 * spread, high + 0.08 * spread


def _grid(
    page: "FPDF", left: float, top: float, *, width: float, low: float, high: float, begin: datetime, end: datetime
) -> None:
    page.set_draw_color(*GRID)
    page.set_line_width(0.2)
    for place in range(TICKS + 1):
        share = place / TICKS
        height, across = top + CHART_HEIGHT * (1 - share), left + width * share
        page.line(left, height, left + width, height)
        page.line(across, top, across, top + CHART_HEIGHT)
        label(page, number_ru(low + share * (high - low)), at=(page.l_margin, height + 1))
        moment = (begin + (end - begin) * share).astimezone(LOCAL)
        back = {0: 0.0, TICKS: 16.0}.get(place, 8.0)  # so that the first and the last stay within the frame
        label(page, f"{moment:%d.%m %H:%M}", at=(across - back, top + CHART_HEIGHT + 4))
    page.set_draw_color(*GREY)
    page.rect(left, top, width, CHART_HEIGHT)


def draw_sketch(page: "FPDF", sketch: Sketch) -> None:
    """Rivers and places in their true position to one another, with a scale; nothing when there is no place at all."""
    lines = [[*line] for line in sketch.rivers if len(line) > 1]
    points = [point for line in lines for point in line] + [(lon, lat) for _, lon, lat in sketch.places]
    if not points:
        return
    _room(page, MAP_HEIGHT + 14)
    words_on(page, "Схема участка (не карта: русла показаны условно)", size=10, bold=True)
    left, top = page.l_margin, page.get_y()
    west, north = min(lon for lon, _ in points), max(lat for _, lat in points)
    east, south = max(lon for lon, _ in points), min(lat for _, lat in points)
    narrow = math.cos(math.radians((north + south) / 2))
    scale = min((WIDTH - 40) / max((east - west) * narrow, 0.02), (MAP_HEIGHT - 20) / max(north - south, 0.02))

    def place(lon: float, lat: float) -> tuple[float, float]:
        """Where a point lies on the page, mm."""
        return left + 6 + (lon - west) * narrow * scale, top + 10 + (north - lat) * scale

    page.set_draw_color(*BLUE)
    page.set_line_width(0.4)
    for line in lines:
        page.polyline([place(lon, lat) for lon, lat in line])
    dots = [place(lon, lat) for _, lon, lat in sketch.places]
    taken: list[Box] = [(x - 0.8, y - 0.8, x + 0.8, y + 0.8) for x, y in dots]
    for name, lon, lat in sorted(sketch.places, key=lambda one: one[0] != sketch.here):  # its own name has first choice
        x, y = place(lon, lat)
        colour = RED if name == sketch.here else INK
        page.set_fill_color(*colour)
        page.circle(x, y, 1.2 if name == sketch.here else 0.7, style="F")
        _name_beside(page, name, x, y, taken=taken, colour=colour)
    for name, lon, lat in sketch.names:
        _name_beside(page, name, *place(lon, lat), taken=taken, colour=BLUE)
    _scale_bar(page, left, top, scale=scale)
    page.set_draw_color(*GREY)
    page.set_line_width(0.2)
    page.rect(left, top, WIDTH, MAP_HEIGHT)
    page.set_y(top + MAP_HEIGHT + 4)


def _name_beside(page: "FPDF", name: str, x: float, y: float, *, taken: list[Box], colour: Colour) -> None:
    """The name at the first place beside its point that no other name has; left out where there is none."""
    page.set_font(FAMILY, "", 7)
    width, height = page.get_string_width(name), 2.6
    for line in (-1.6, 3.4, 0.9, -4.4, 6.2, -7.2, 9.0):
        for begin in (x + 1.6, x - 1.6 - width):
            box = begin, y + line - height, begin + width, y + line
            inside = page.l_margin < box[0] and box[2] < page.l_margin + WIDTH
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                label(page, name, at=(begin, y + line), colour=colour)
                return


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _scale_bar(page: "FPDF", left: float, top: float, *, scale: float) -> None:
    """scale: mm of the page a degree of latitude. North is up."""
    bar_km = next((one for one in SCALE_BARS_KM if one / KM_DEGREE * scale <= WIDTH / 4), SCALE_BARS_KM[-1])
    length, x, y = bar_km / KM_DEGREE * scale, left + 4, top + MAP_HEIGHT - 4
    page.set_draw_color(*INK)
    page.set_line_width(0.4)
    page.line(x, y, x + length, y)
    label(page, f"{bar_km} км", at=(x, y - 1.5), colour=INK)
    label(page, "север – вверх", at=(left + WIDTH - 22, y))


def _room(page: "FPDF", height: float) -> None:
    if page.get_y() + height > page.h - page.b_margin:
        page.add_page()
