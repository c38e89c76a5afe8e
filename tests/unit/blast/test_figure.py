"""Figures: what they show is checked by their SVG text, what they are by their bytes."""

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from tests.unit.blast.propagation.test_fit import made, with_statistics
from tests.unit.blast.propagation.test_forecast import DIN, PIT, ground, place
from tests.unit.blast.record.made import CALIBRATION, record, wavelet
from uskat.blast.figure import fit_figure, limits_figure, map_figure, spectrum_figure, waveform_figure
from uskat.blast.geometry import distance_m
from uskat.blast.norm.verdict import peaks_of
from uskat.blast.propagation.contour import contour_rings, contours_geojson
from uskat.blast.propagation.fit import fit_site
from uskat.blast.propagation.forecast import forecast_blast, reach_m
from uskat.blast.provenance import LEVEL_RU
from uskat.blast.waveform import axes_of, measure_record

PNG = b"\x89PNG\r\n\x1a\n"


def blast():
    shapes = (("V", 4.0, 25), ("L", 3.0, 21), ("T", 2.0, 30), ("MIC", 12.0, 9))
    return record({axis: wavelet(peak, frequency, seconds=20.0) for axis, peak, frequency in shapes})


def curve(line=2):
    return DIN.curve(f"din4150-3-{line}")


def test_the_fit_is_drawn_as_png_and_svg_with_the_same_bytes_each_time():
    records = made(40)
    fit = fit_site(records)
    assert fit_figure(records, fit, limit_mm_s=5.0).startswith(PNG)
    drawn = fit_figure(records, fit, image="svg")
    assert b"<svg" in drawn
    assert drawn == fit_figure(records, fit, image="svg")


@pytest.mark.parametrize(
    "records", [with_statistics(n=44, slope=-0.325, r2=0.0266), made(80, direction=0.2), made(80, root=0.9)]
)
def test_refused_directional_and_free_laws_are_drawn_too(records):
    fit = fit_site(records)
    drawn = fit_figure(records, fit, image="svg").decode()
    assert ("Записи не несут закона" in drawn) == bool(fit.law.refused)


def test_the_record_is_drawn_with_its_limits():
    axes = axes_of(blast(), CALIBRATION)
    peaks = peaks_of(measure_record(blast(), CALIBRATION))
    assert waveform_figure(axes, peaks, curve=curve(), title="Запись").startswith(PNG)
    with_curve = waveform_figure(axes, peaks, curve=curve(), image="svg").decode()
    assert "предел" in with_curve
    assert all(word in with_curve for word in ("Вертикальная", "Продольная", "Поперечная", "Воздух"))
    assert "предел" not in waveform_figure(axes, peaks, image="svg").decode()
    without = waveform_figure(axes, peaks, otherwise=("Проектный порог", 6.0), image="svg").decode()
    assert without.count("; порог 6") == 3, "every ground axis, and not the air"
    assert "точки – порог: Проектный порог" in without
    slow = {axis: replace(peak, frequency_hz=None) for axis, peak in peaks.items()}
    assert waveform_figure(axes, slow, curve=curve(), image="svg").decode().count("предела при такой частоте нет") == 3
    loud = waveform_figure(axes, peaks, curve=curve(), otherwise=("Порог", 6.0), image="svg").decode()
    assert "точки" not in loud, "the norm speaks of every axis"
    assert LEVEL_RU[curve().level] in loud
    both = waveform_figure(axes, slow, curve=curve(), norm="DIN", otherwise=("Порог", 6.0), image="svg").decode()
    assert "точки – где он молчит, порог: Порог" in both
    with pytest.raises(ValueError, match="drawn"):
        waveform_figure({}, {})


def test_a_long_heading_is_wrapped_and_an_empty_part_left_out():
    from uskat.blast.figure.canvas import WIDEST_WORDS, heading

    lines = heading("Запись", "", "слово " * 60).splitlines()
    assert lines[0] == "Запись"
    assert len(lines) > 3
    assert max(map(len, lines)) <= WIDEST_WORDS


def test_peaks_are_drawn_over_the_curves_of_norms():
    peaks = peaks_of(measure_record(blast(), CALIBRATION))
    curves = [(DIN.title, curve(line)) for line in (1, 2, 3)]
    assert limits_figure([peaks], curves).startswith(PNG)
    drawn = limits_figure([peaks], curves, image="svg").decode()
    assert all(f"{DIN.title}. {found.title} ({LEVEL_RU[found.level]})" in drawn for _, found in curves)
    assert "вертикальная: 4 мм/с при 25 Гц" in drawn
    assert "записей 2" in limits_figure([peaks, peaks], curves, image="svg").decode()
    assert limits_figure([], curves).startswith(PNG), "a record without frequencies still shows the curves"
    with pytest.raises(ValueError, match="told apart"):
        limits_figure([peaks], curves * 2)


def test_the_spectrum_peaks_at_the_dominant_frequency_whatever_the_length_of_the_record():
    from uskat.blast.figure.limits import _spectrum

    heights = []
    for seconds in (5.0, 20.0):
        (piece,) = axes_of(record({"V": wavelet(4.0, 25, seconds=seconds)}), CALIBRATION)["V"]
        frequency, density = _spectrum(piece)
        assert frequency[density.argmax()] == pytest.approx(25, abs=0.5)
        heights.append(density.max())
    assert heights[0] == pytest.approx(heights[1], rel=0.05)
    axes, measures = axes_of(blast(), CALIBRATION), measure_record(blast(), CALIBRATION)
    dominant = {axis: found.fft_hz for axis, found in measures.components.items()}
    drawn = spectrum_figure(axes, dominant, image="svg").decode()
    assert "преобладает 25" in drawn
    assert "Воздух" in drawn


def test_thinning_keeps_the_peak():
    from uskat.blast.figure.record import _extremes

    (piece,) = axes_of(blast()[:1], CALIBRATION)["V"]
    times, values = _extremes(piece)
    assert np.abs(values).max() == np.abs(piece.values).max()
    assert len(values) < len(piece.values)
    assert times[-1] <= piece.values.size / piece.rate_hz


def test_contours_are_rings_of_the_reach_and_plain_geojson():
    known = ground(made(80))
    rings = contour_rings(PIT, 400.0, ground=known, levels_mm_s=[1.0, 5.0, 1e9])
    assert set(rings) == {1.0, 5.0}
    (reach,) = reach_m(known, 400.0, level_mm_s=5.0, azimuths_deg=[0.0])
    assert all(distance_m(PIT, point) == pytest.approx(reach, rel=2e-3) for point in rings[5.0])
    assert rings[5.0][0] == rings[5.0][-1]
    turn = sum(a[0] * b[1] - a[1] * b[0] for a, b in zip(rings[5.0], rings[5.0][1:], strict=False))
    assert turn > 0, "counter-clockwise, RFC 7946"
    document = json.loads(json.dumps(contours_geojson(rings)))
    assert [feature["properties"]["ppv_mm_s"] for feature in document["features"]] == [1.0, 5.0]


def test_the_map_shows_contours_block_and_receptors():
    known = ground(made(80))
    places = [place("Посёлок", 600.0, 100.0), place("Дальний", 0.0, 3000.0)]
    forecasts = forecast_blast(PIT, 400.0, places=places, ground=known, norm=DIN)
    rings = contour_rings(PIT, 400.0, ground=known, levels_mm_s=[1.0, 5.0])
    block = [place("", *corner).point for corner in ((0, 0), (60, 0), (60, 40), (0, 40))]
    assert map_figure(PIT, rings, forecasts=forecasts, block=block).startswith(PNG)
    drawn = map_figure(PIT, rings, forecasts=forecasts, image="svg").decode()
    assert "1 ◆ Посёлок" in drawn, "the one nearest to its limit, or beyond, comes first"
    assert "2 ● Дальний" in drawn
    assert "5 мм/с" in drawn
    assert drawn == map_figure(PIT, rings, forecasts=forecasts, image="svg").decode()


def test_words_of_a_crowded_map_do_not_cover_one_another():
    from matplotlib.transforms import Bbox

    from uskat.blast.figure import map as drawn

    boxes = []
    known = ground(made(80))
    places = [place(f"Дом {n}", 700.0 + 100 * (n % 3), 100.0 * n) for n in range(30)]
    forecasts = forecast_blast(PIT, 400.0, places=places, ground=known, norm=DIN)
    rings = contour_rings(PIT, 400.0, ground=known, levels_mm_s=[0.5, 1.0, 2.0, 5.0, 10.0, 20.0])
    free = drawn._free

    def watched(found, taken):
        spot, box = free(found, taken)
        boxes.append(box)
        return spot, box

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawn, "_free", watched)
        text = map_figure(PIT, rings, forecasts=forecasts, image="svg").decode()
    assert len(boxes) == 20 + 6
    assert "Контуры: 0,5, 1, 2, 5, 10, 20 мм/с" in text
    assert text.count(">20 мм/с<") == 0, "its ring is too small for a word"
    del boxes[20]  # of that ring: found, and not used
    assert not [1 for one, other in combinations(boxes, 2) if Bbox.intersection(one, other) is not None]
    assert "и ещё 10" in text
