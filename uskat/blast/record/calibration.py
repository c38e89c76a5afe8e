"""What counts of a channel mean: from the registry, or from a StationXML document."""

import io
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from obspy import UTCDateTime, read_inventory

GROUND = ("V", "L", "T")
MICROPHONE = "MIC"
UNIT_FACTOR = {
    "mm/s": 1.0,
    "cm/s": 10.0,
    "m/s": 1000.0,
    "um/s": 0.001,
    "nm/s": 1e-6,
    "in/s": 25.4,
    "Pa": 1.0,
    "hPa": 100.0,
    "kPa": 1000.0,
    "psi": 6894.757293168,
}
"""To mm/s on the ground axes and to Pa on the microphone."""
AIR_UNITS = ("Pa", "hPa", "kPa", "psi")
XML_UNITS = {"m/s": "m/s", "mm/s": "mm/s", "nm/s": "nm/s", "pa": "Pa", "pascal": "Pa", "pascals": "Pa", "hpa": "hPa"}
"""Input units of a StationXML response, lower case, as registries write them."""
AXIS_OF_ORIENTATION = {"Z": "V", "N": "L", "1": "L", "R": "L", "L": "L", "E": "T", "2": "T", "T": "T", "3": "V"}
"""Last letter of a SEED channel code (SEED manual, app. A); N and E: an instrument laid towards the pit."""
VERTICAL_DIP_DEG = 80.0
FLAT_BAND_HZ = (2.0, 250.0)
"""Norms.md 1.4.1: 2–250 Hz within ±3 dB."""
FLAT_WITHIN = 10 ** (3 / 20)


class CalibrationError(ValueError):
    """A StationXML document that cannot be read or says nothing of use; the text names what is missing."""


@dataclass(frozen=True, slots=True)
class ChannelCalibration:
    """How counts of a channel become a quantity. component: V, L, T or MIC; full_scale_counts: None if not known."""

    component: str
    unit: str
    counts_per_unit: float
    full_scale_counts: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The registry's form, as `read_calibration` takes it."""
        entry: dict[str, Any] = {
            "component": self.component,
            "unit": self.unit,
            "counts_per_unit": self.counts_per_unit,
        }
        return entry if self.full_scale_counts is None else entry | {"full_scale_counts": self.full_scale_counts}


@dataclass(frozen=True, slots=True)
class StationCalibration:
    """Calibration read from StationXML: usable channels by NSLC, and why others are left out (Russian)."""

    channels: Mapping[str, ChannelCalibration]
    notes: tuple[str, ...]

    def by_code(self, nslcs: Sequence[str]) -> dict[str, Any]:
        """Registry entries by SEED channel code for the channels of one record."""
        found = {nslc: self.channels[nslc] for nslc in nslcs if nslc in self.channels}
        return {nslc.rsplit(".", 1)[-1]: entry.to_json() for nslc, entry in found.items()}


def read_calibration(entries: Mapping[str, Any]) -> dict[str, ChannelCalibration]:
    """Usable entries of a registry's calibration {"GHZ": {"component", "unit", "counts_per_unit"}}.

    An entry that is incomplete, of an unknown unit or of a unit that does not fit its component is left out, so
    that its channel is reported as uncalibrated instead of being measured wrongly.
    """
    read = {code: _calibration(entry) for code, entry in entries.items()}
    return {code: found for code, found in read.items() if found is not None}


def _calibration(entry: Any) -> ChannelCalibration | None:
    if not isinstance(entry, Mapping):
        return None
    component, unit = entry.get("component"), entry.get("unit")
    try:
        counts_per_unit = float(entry["counts_per_unit"])
        full_scale = entry.get("full_scale_counts")
        full_scale = None if full_scale is None else float(full_scale)
    except (KeyError, TypeError, ValueError):
        return None
    if not _fits(component, unit) or not np.isfinite(counts_per_unit) or counts_per_unit == 0:
        return None
    return ChannelCalibration(str(component), str(unit), counts_per_unit, full_scale)


def _fits(component: Any, unit: Any) -> bool:
    air = unit in AIR_UNITS
    return (component == MICROPHONE and air) or (component in GROUND and unit in UNIT_FACTOR and not air)


def calibration_of_stationxml(document: bytes, *, moment: Any = None) -> StationCalibration:
    """Calibration of every channel of a StationXML document (bytes in memory).

    moment: UTC moment (datetime) of the record; of several epochs of a channel the one that holds then is taken, else
    the last. The overall sensitivity is used; a response that leaves ±3 dB of it inside 2–250 Hz (norms.md 1.4.1) or
    below 0.8 of Nyquist is noted. Raises CalibrationError when the document is no StationXML or has no channel.
    """
    channels: dict[str, ChannelCalibration] = {}
    notes: list[str] = []
    seen = 0
    for nslc, channel in _channels_of(document, moment):
        seen += 1
        try:
            channels[nslc] = _from_response(channel)
        except CalibrationError as why:
            notes.append(f"{nslc}: {why}")
            continue
        note = _flatness_note(channel)
        if note:
            notes.append(f"{nslc}: {note}")
    if not seen:
        raise CalibrationError("в StationXML нет ни одного канала")
    return StationCalibration(channels, tuple(notes))


def _channels_of(document: bytes, moment: Any) -> list[tuple[str, Any]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            inventory = read_inventory(io.BytesIO(document), format="STATIONXML")
    except Exception as error:  # noqa: BLE001 - lxml and obspy raise many types for a document that is none
        raise CalibrationError(f"не StationXML: {str(error)[:160]}") from None
    chosen: dict[str, Any] = {}
    for network in inventory:
        for station in network:
            for channel in station:
                nslc = f"{network.code}.{station.code}.{channel.location_code or ''}.{channel.code}"
                if nslc not in chosen or moment is None or channel.is_active(time=UTCDateTime(moment)):
                    chosen[nslc] = channel
    return sorted(chosen.items())


def _from_response(channel: Any) -> ChannelCalibration:
    sensitivity = channel.response.instrument_sensitivity if channel.response is not None else None
    if sensitivity is None or not sensitivity.value or not math.isfinite(sensitivity.value):
        raise CalibrationError("чувствительность не указана")
    written = str(sensitivity.input_units or "")
    unit = XML_UNITS.get(written.lower().replace("sec", "s"))
    if unit is None:
        raise CalibrationError(f"единица «{written}» – не скорость и не давление")
    component = MICROPHONE if unit in AIR_UNITS else _axis(channel)
    if component is None:
        raise CalibrationError(f"по коду {channel.code} не понять, какая это ось")
    return ChannelCalibration(component, unit, float(sensitivity.value))


def _axis(channel: Any) -> str | None:
    if channel.dip is not None and abs(float(channel.dip)) >= VERTICAL_DIP_DEG:
        return "V"
    return AXIS_OF_ORIENTATION.get(str(channel.code)[-1:].upper())


def _flatness_note(channel: Any) -> str | None:
    """Why the sensitivity does not hold over the band of a blast seismograph; None when it does or is not said."""
    sensitivity = channel.response.instrument_sensitivity
    high = min(FLAT_BAND_HZ[1], 0.4 * float(channel.sample_rate or 0.0))
    if high <= FLAT_BAND_HZ[0] or not channel.response.response_stages:
        return None
    frequencies = np.geomspace(FLAT_BAND_HZ[0], high, 24)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            output = "DEF" if str(sensitivity.input_units).lower().startswith("pa") else "VEL"
            response = channel.response.get_evalresp_response_for_frequencies(frequencies, output=output)
    except Exception as error:  # noqa: BLE001 - evalresp raises many types for a chain it cannot follow
        return f"отклик по каскадам не вычислить ({str(error)[:80]}); взята общая чувствительность"
    ratio = np.abs(response) / abs(float(sensitivity.value))
    bad = frequencies[(ratio < 1 / FLAT_WITHIN) | (ratio > FLAT_WITHIN)]
    if not bad.size:
        return None
    return f"отклик отличается от общей чувствительности больше чем на 3 дБ на {bad.min():.3g}–{bad.max():.3g} Гц"
