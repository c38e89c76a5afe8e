"""What one seismograph's record says about its source, small enough to keep: the input of every later judgement."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self

TIMES = ("start", "end", "onset_at")


@dataclass(frozen=True, slots=True)
class RecordFeatures:
    """Features of one record; times UTC by the instrument's clock.

    onset_at, onset_sd_s: first motion. snr, peak_snr: of the onset and
    of the peak; quiet_s: quiet before it. ppv_mm_s: largest component.
    peak_after_s: onset → largest vector sum. duration_s: from 5 to 95 % of the energy. frequency_hz: centroid of the
    spectrum. p_s_log10: largest P over largest S, None when they cannot be parted. ripple: log10 of the strongest
    spectral line over its surroundings; ripple_s: its period. air_pa: largest overpressure that the ground did not
    make; air_after_s: onset → its beginning, None without an air wave. axis_share: share of the energy on the
    strongest axis. fast_share: share of the raw energy above the band of ground motion. spectrum_db: power at
    `delays.LINES_HZ` in dB under its largest; empty in records that were measured before it was kept.
    """

    station: str
    start: datetime
    end: datetime
    onset_at: datetime
    onset_sd_s: float
    snr: float
    peak_snr: float
    quiet_s: float
    ppv_mm_s: float
    peak_after_s: float
    duration_s: float
    frequency_hz: float
    p_s_log10: float | None
    ripple: float
    ripple_s: float
    air_pa: float
    air_after_s: float | None
    axis_share: float
    fast_share: float
    spectrum_db: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[str, datetime]:
        """Station and start as sent: the name of the record."""
        return self.station, self.start

    def to_json(self) -> dict[str, Any]:
        """Plain values; times in ISO 8601."""
        # `dataclasses.asdict` would copy the spectrum number by number, for every record of a network
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        times = {name: values[name].isoformat() for name in TIMES}
        return values | times | {"spectrum_db": list(self.spectrum_db)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`; raises KeyError or ValueError for something else."""
        times = {name: datetime.fromisoformat(values[name]) for name in TIMES}
        return cls(**{**values, **times, "spectrum_db": tuple(values.get("spectrum_db", ()))})
