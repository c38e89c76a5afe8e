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

from uskat.supervision.evidence.act_figures import (
    FAMILY,
    GREY,
    INK,
    WIDTH,
    Curve,
    Sketch,
    draw_chart,
    draw_sketch,
    moment_ru,
    words_on,
)

if TYPE_CHECKING:
    from fpdf import FPDF

__all__ = ["Act", "Curve", "Sketch", "act_fonts", "draw_act", "moment_ru", "rows_of"]

LEAST = 20.0
"""A part that begins less than so many mm above the foot of a page goes on the next one."""
HOLDS_RU = {True: "да", False: "нет", None: "не установлено"}


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

    class Sheet(FPDF):
        """A page says which act it belongs to, and how many there are."""

        def footer(self) -> None:
            """At the bottom of every page."""
            self.set_y(-12)
            self.set_font(FAMILY, "", 7)
            self.set_text_color(*GREY)
            self.cell(WIDTH, 4, f"{act.title}, страница {self.page_no()} из {{nb}}")

    page = Sheet(format="A4")
    page.set_creation_date(act.made_at)
    page.set_title(act.title)
    page.set_producer("uskat")
    page.set_auto_page_break(auto=True, margin=15)
    page.add_font(FAMILY, "", font)
    page.add_font(FAMILY, "B", bold)
    page.add_page()
    words_on(page, act.title, size=14, bold=True)
    words_on(page, f"Составлен автоматически {moment_ru(act.made_at)} (время Новокузнецка).", size=9, colour=GREY)
    for heading, rows in act.rows:
        _part(page, heading, rows)
    _part(page, "На чём держится степень доказательности", [
        (f"{name}: {HOLDS_RU[holds]}", words) for name, holds, words in act.facts
    ])  # fmt: skip
    for curve in act.curves:
        draw_chart(page, curve)
    if act.sketch is not None:
        draw_sketch(page, act.sketch)
    words_on(page, act.closing, size=9)
    return bytes(page.output())


def _part(page: "FPDF", heading: str, rows: Sequence[tuple[str, str]]) -> None:
    if not rows:
        return
    if page.get_y() + LEAST > page.h - page.b_margin:
        page.add_page()
    page.ln(2)
    words_on(page, heading, size=11, bold=True)
    for name, words in rows:
        page.set_font(FAMILY, "", 9)
        page.set_text_color(*INK)
        page.set_x(page.l_margin)
        page.multi_cell(WIDTH, 4.5, f"{name} – {words}" if words else name, align="L", new_x="LMARGIN", new_y="NEXT")


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
