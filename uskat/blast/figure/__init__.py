"""Figures of the blasting room as PNG or SVG bytes: records with their limits, laws of sites, maps of velocities.

The only package that draws; it holds no state and touches no file but matplotlib's own fonts. Backend Agg or SVG by
object, without pyplot; the same input gives the same bytes. Words are Russian, units stand at the axes, and every
series differs by form as well as by colour.
"""

from uskat.blast.figure.blast import blast_figure
from uskat.blast.figure.canvas import ImageFormat
from uskat.blast.figure.law import fit_figure, law_figure
from uskat.blast.figure.limits import MOST_CURVES, limits_figure, spectrum_figure
from uskat.blast.figure.map import map_figure
from uskat.blast.figure.record import waveform_figure

__all__ = [
    "MOST_CURVES", "ImageFormat", "blast_figure", "fit_figure", "law_figure", "limits_figure", "map_figure",
    "spectrum_figure", "waveform_figure",
]  # fmt: skip
