"""What all figures share: paper, colours, Russian numbers at the axes, and the bytes in the end."""

import io
import textwrap
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from uskat.blast.record.calibration import MICROPHONE
from uskat.finding import number_ru

ImageFormat = Literal["png", "svg"]
AXIS_RU = {"V": "вертикальная", "L": "продольная", "T": "поперечная", MICROPHONE: "воздух"}
AXIS_MARKER = {"V": "o", "L": "s", "T": "D"}
INK, BLUE, RED, GREY, AMBER = "#1a1a1a", "#0b5fa5", "#b3261e", "#6b6b6b", "#8a5a00"
WIDTH_IN, DPI = 8.0, 120
WIDEST_WORDS = 100
"""Characters of a heading of 9 points that fit the paper."""
FEW_TICKS = (1.0, 2.0, 5.0)


def canvas(rows: int = 1, *, height_in: float | None = None, **options: Any) -> tuple[Figure, list[Axes]]:
    """A figure with one panel above the other; options as of `Figure.subplots`."""
    height = height_in or (5.5 if rows == 1 else 1.2 + 1.7 * rows)
    figure = Figure(figsize=(WIDTH_IN, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, 1, squeeze=False, **options)
    return figure, [row[0] for row in axes]


def heading(*parts: str, widest: int = WIDEST_WORDS) -> str:
    """Parts on lines of their own, the long ones wrapped, the empty ones left out."""
    return "\n".join(line for part in parts for line in textwrap.wrap(part, widest))


def _tick(value: float, _place: int | None = None) -> str:
    return number_ru(value)


def plain_numbers(ax: Axes, *, logarithmic: bool = False) -> None:
    """Numbers at the axes as people write them: 0,5 and 20, no powers of ten."""
    for axis in (ax.xaxis, ax.yaxis):
        if logarithmic:
            axis.set_major_locator(LogLocator(subs=FEW_TICKS))
            axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(FuncFormatter(_tick))


def key_below(figure: Figure, ax: Axes, *, columns: int) -> None:
    """The key under the panels, where it hides no data."""
    handles, words = ax.get_legend_handles_labels()
    figure.legend(handles, words, loc="outside lower center", ncols=columns, fontsize=8, frameon=False)


def image_bytes(figure: Figure, image: ImageFormat) -> bytes:
    """The image; no date and a fixed salt, so that equal figures are equal bytes; text of an SVG stays text."""
    buffer = io.BytesIO()
    metadata = {"Date": None} if image == "svg" else {"Software": None}
    with mpl.rc_context({"svg.hashsalt": "uskat", "svg.fonttype": "none"}):
        figure.savefig(buffer, format=image, dpi=DPI, metadata=metadata)
    return buffer.getvalue()
