"""A limit of particle velocity as a curve over frequency, as data; outside its range it says nothing.

Velocities in mm/s, frequencies in Hz, displacements in mm (zero to peak). A curve is a row of segments or the envelope
of USBM RI 8507; it is never extrapolated (norms.md trap 16).
"""

import math
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from uskat.blast.provenance import Frozen, Level, Sourced, weakest


class Receptor(StrEnum):
    """What stands there.

    dwelling_plaster: plaster on lath; frame: reinforced or framed; listed: sensitive or protected.
    """

    DWELLING = "dwelling"
    DWELLING_PLASTER = "dwelling_plaster"
    SCHOOL = "school"
    HOSPITAL = "hospital"
    INDUSTRIAL = "industrial"
    FRAME = "frame"
    LISTED = "listed"
    PIPE_STEEL = "pipe_steel"
    PIPE_CONCRETE = "pipe_concrete"
    PIPE_MASONRY = "pipe_masonry"


RECEPTOR_RU = {
    Receptor.DWELLING: "жилой дом",
    Receptor.DWELLING_PLASTER: "жилой дом со штукатуркой по дранке",
    Receptor.SCHOOL: "школа",
    Receptor.HOSPITAL: "больница",
    Receptor.INDUSTRIAL: "промышленное здание",
    Receptor.FRAME: "железобетонное или каркасное здание",
    Receptor.LISTED: "охраняемое здание",
    Receptor.PIPE_STEEL: "стальной трубопровод",
    Receptor.PIPE_CONCRETE: "бетонный трубопровод",
    Receptor.PIPE_MASONRY: "кирпичный или пластмассовый трубопровод",
}


class Place(StrEnum):
    """Where the velocity is measured."""

    FOUNDATION = "foundation"
    TOP_FLOOR = "top_floor"
    FLOOR = "floor"
    PIPE = "pipe"


AXES_JUDGED = {"each": ("V", "L", "T"), "horizontal": ("L", "T"), "vertical": ("V",)}
"""By the rule of a curve: every axis against the limit at its own frequency."""


class Segment(Frozen):
    """The limit on [from_hz, to_hz); to_hz None: without end; to_included: its end belongs to it.

    constant: start_mm_s; linear: start_mm_s … end_mm_s; displacement: 2πf·displacement_mm. level: where it is verified
    less far than its curve.
    """

    from_hz: float = Field(ge=0)
    to_hz: float | None
    kind: Literal["constant", "linear", "displacement"]
    start_mm_s: float | None = Field(default=None, gt=0)
    end_mm_s: float | None = Field(default=None, gt=0)
    displacement_mm: float | None = Field(default=None, gt=0)
    to_included: bool = False
    level: Level | None = None

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        needed = {
            "constant": (self.start_mm_s,),
            "linear": (self.start_mm_s, self.end_mm_s, self.to_hz),
            "displacement": (self.displacement_mm,),
        }[self.kind]
        if any(value is None for value in needed) or (self.to_hz is not None and self.to_hz <= self.from_hz):
            raise ValueError(f"a {self.kind} segment from {self.from_hz} Hz is not complete")
        return self

    def holds_at(self, frequency_hz: float) -> bool:
        """True when the frequency lies in it."""
        if frequency_hz < self.from_hz or self.to_hz is None:
            return frequency_hz >= self.from_hz
        return frequency_hz < self.to_hz or (self.to_included and frequency_hz == self.to_hz)

    def limit_mm_s(self, frequency_hz: float) -> float:
        """The limit at a frequency inside it."""
        if self.kind == "displacement":
            return 2 * math.pi * frequency_hz * (self.displacement_mm or 0.0)
        start = self.start_mm_s or 0.0
        if self.kind == "constant" or self.end_mm_s is None or self.to_hz is None:
            return start
        share = (frequency_hz - self.from_hz) / (self.to_hz - self.from_hz)
        return start + share * (self.end_mm_s - start)


class Segments(Frozen):
    """Segments in order of frequency, without overlap."""

    kind: Literal["segments"]
    segments: tuple[Segment, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _follows(self) -> Self:
        for before, after in zip(self.segments, self.segments[1:], strict=False):
            if before.to_hz is None or after.from_hz < before.to_hz:
                raise ValueError(f"segments overlap at {after.from_hz} Hz")
        return self

    def limit_mm_s(self, frequency_hz: float) -> float | None:
        """The limit, None outside the range."""
        found = self._at(frequency_hz)
        return found.limit_mm_s(frequency_hz) if found else None

    def level_at(self, frequency_hz: float) -> Level | None:
        """How far the segment at a frequency is verified, where it says so."""
        found = self._at(frequency_hz)
        return found.level if found else None

    @property
    def needs_frequency(self) -> bool:
        """False when one number holds at every frequency."""
        (first, *more) = self.segments
        return bool(more) or first.kind != "constant" or first.from_hz > 0 or first.to_hz is not None

    @property
    def range_hz(self) -> tuple[float, float | None]:
        """First and last frequency; None: without end."""
        return self.segments[0].from_hz, self.segments[-1].to_hz

    def _at(self, frequency_hz: float) -> Segment | None:
        return next((segment for segment in self.segments if segment.holds_at(frequency_hz)), None)


class Envelope(Frozen):
    """USBM RI 8507: min(cap, 2πf·cap_displacement, max(plateau, 2πf·plateau_displacement)) from `from_hz` on."""

    kind: Literal["envelope"]
    from_hz: float = Field(gt=0)
    cap_mm_s: float = Field(gt=0)
    cap_displacement_mm: float = Field(gt=0)
    plateau_mm_s: float = Field(gt=0)
    plateau_displacement_mm: float = Field(gt=0)

    def limit_mm_s(self, frequency_hz: float) -> float | None:
        """The limit, None below the range."""
        if frequency_hz < self.from_hz:
            return None
        omega = 2 * math.pi * frequency_hz
        inner = max(self.plateau_mm_s, omega * self.plateau_displacement_mm)
        return min(self.cap_mm_s, omega * self.cap_displacement_mm, inner)

    def level_at(self, frequency_hz: float) -> Level | None:  # noqa: ARG002 - the shapes are asked alike
        """One formula, one level: that of the curve."""
        return None

    @property
    def corners_hz(self) -> tuple[float, float, float]:
        """Where the pieces meet: drywall 3.979, 14.921, 39.789 Hz."""
        turn = 2 * math.pi
        return (
            self.plateau_mm_s / (turn * self.cap_displacement_mm),
            self.plateau_mm_s / (turn * self.plateau_displacement_mm),
            self.cap_mm_s / (turn * self.plateau_displacement_mm),
        )

    @property
    def needs_frequency(self) -> bool:
        """Always."""
        return True

    @property
    def range_hz(self) -> tuple[float, float | None]:
        """From `from_hz` without end."""
        return self.from_hz, None


class LimitCurve(Sourced):
    """One curve of a norm: for which receptors, measured where, on which axes."""

    id: str
    title: str
    title_en: str
    receptors: tuple[Receptor, ...] = Field(min_length=1)
    place: Place
    components: Literal["each", "horizontal", "vertical"]
    shape: Annotated[Segments | Envelope, Field(discriminator="kind")]

    @property
    def axes(self) -> tuple[str, ...]:
        """Axes that are judged."""
        return AXES_JUDGED[self.components]

    @property
    def needs_frequency(self) -> bool:
        """False when one number holds at every frequency."""
        return self.shape.needs_frequency

    def limit_mm_s(self, frequency_hz: float | None) -> float | None:
        """The limit at a frequency; None outside the range, and without a frequency where one is needed."""
        if not self.needs_frequency:
            return self.shape.limit_mm_s(1.0)
        if frequency_hz is None or not frequency_hz > 0 or not math.isfinite(frequency_hz):
            return None
        return self.shape.limit_mm_s(frequency_hz)

    def level_at(self, frequency_hz: float | None) -> Level:
        """How far the number at a frequency is verified."""
        own = self.shape.level_at(frequency_hz) if frequency_hz is not None else None
        return weakest([self.level] if own is None else [self.level, own])

    def lowest_mm_s(self, low_hz: float, high_hz: float) -> float | None:
        """Smallest limit over [low, high] Hz, None when any of it lies outside the range.

        Looked for at 200 frequencies and at both ends; every curve here is monotone between those.
        """
        steps = 200
        ratio = (high_hz / low_hz) ** (1 / steps)
        limits = [self.limit_mm_s(low_hz * ratio**step) for step in range(steps)] + [self.limit_mm_s(high_hz)]
        known = [limit for limit in limits if limit is not None]
        return min(known) if len(known) == len(limits) else None
