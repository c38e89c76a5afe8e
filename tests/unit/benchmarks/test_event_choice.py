"""Settings are chosen without the part they are judged on, and luck is measured."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import events
from benchmarks.event_choice import elsewhere, judged, on_the_same_files, parts_of
from benchmarks.event_methods import METHODS
from benchmarks.event_product import found_tails, judged_names, with_tails
from tests.unit.benchmarks.series import series
from uskat.water.event import SUITES

NEVER = np.zeros(1000, dtype=bool)


def test_a_setting_that_is_right_on_one_file_only_does_not_help_where_it_was_not_chosen():
    files = [series("a"), series("b")]
    parts = parts_of(files, "skab")
    right = files[0].label
    table = {
        "for a": [judged(parts[0], right, "skab"), judged(parts[1], NEVER, "skab")],
        "for b": [judged(parts[0], NEVER, "skab"), judged(parts[1], right, "skab")],
    }
    folds = [part.fold for part in parts]
    assert on_the_same_files(table, folds, "skab").figures.event_recall == 0.5
    apart = elsewhere(table, folds, "skab")
    assert apart.figures.event_recall == 0
    assert apart.settings == {"a": "for b", "b": "for a"}


def test_being_in_alarm_always_is_not_the_best_setting():
    (part,) = parts_of([series("a", event=(700, 705))], "lro")
    late = NEVER.copy()
    late[[702, 900]] = True
    part = replace(part, scored=~NEVER)
    table = {"always": [judged(part, ~NEVER, "lro")], "sober": [judged(part, late, "lro")]}
    assert table["always"][0].measured.false_alarms == 0
    assert on_the_same_files(table, [part.fold], "lro").settings == {"all": "sober"}


def test_a_suite_of_one_file_is_halved_in_time_and_nothing_is_judged_twice():
    first, second = parts_of([series()], "gbr")
    assert (first.fold, second.fold) == ("first half", "second half")
    assert not (first.scored & second.scored).any()
    # the columns of this series are no sensors of gbr, so every row behind the warm-up counts
    assert (first.scored | second.scored).sum() == 1000 - 14 * 16
    assert abs(int(first.scored.sum()) - int(second.scored.sum())) <= 1


def test_whoever_alarms_always_finds_by_chance_what_he_finds():
    (part,) = parts_of([series()], "skab")
    assert judged(part, ~NEVER, "skab").by_chance == 1
    assert judged(part, NEVER, "skab").by_chance == 0
    short = NEVER.copy()
    short[610] = True
    assert judged(part, short, "skab").measured.detected == 1
    assert judged(part, short, "skab").by_chance == pytest.approx(1 / 3, abs=0.1)  # 200 of 600 scored rows


def test_limits_found_elsewhere_let_the_event_through_and_hold_the_noise_back():
    names = judged_names("gecco")
    (part,) = parts_of([series()], "skab")
    rng = np.random.default_rng(3)
    scores = np.abs(rng.normal(0, 0.5, (1000, len(names))))
    scores[:, 1] *= 6
    scores[part.series.label, 0] = 30.0
    tails = found_tails([replace(part, fold="x")], [scores], "gecco")
    strength = scores[:, 0] / (tails[names[0]] / 6.0)
    assert (strength[part.series.label] >= 1).all()
    assert (scores[:, 1] / (tails[names[1]] / 6.0) < 1).mean() > 0.99


def test_other_limits_change_the_limits_only():
    shipped = SUITES["gecco"]
    changed = with_tails("gecco", {"pH": 3.0})
    assert changed.parameters["pH"] == replace(shipped.parameters["pH"], tail=3.0)
    assert changed.parameters["Cl"] == shipped.parameters["Cl"]
    assert changed.scales == shipped.scales


def test_every_method_is_printed_beside_the_readme_and_in_the_json(tmp_path, monkeypatch, capsys):
    for name, event in (("a", (600, 800)), ("b", (500, 650))):
        made = series(name, event=event, seed=len(name))
        columns = {
            "time": pa.array(made.times.astype("datetime64[s]")),
            **made.values,
            "label": made.label.astype(int),
        }
        (tmp_path / "skab").mkdir(exist_ok=True)
        pq.write_table(pa.table(columns), tmp_path / "skab" / f"{name}.parquet")
    monkeypatch.setattr("sys.argv", ["events", str(tmp_path)])
    assert events.main() == 0
    out = capsys.readouterr().out
    figures = json.loads(out.strip().splitlines()[-1])["skab"]
    assert set(figures) == {"product", *(method.name for method in METHODS)}
    assert figures["product"]["elsewhere"]["events"] == 2
    assert figures["product"]["same_files"]["point_f1"] > 0.5
    assert "convolutional autoencoder" in out


def test_a_folder_without_labelled_series_is_an_error(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["events", str(tmp_path)])
    assert events.main() == 2
    assert "no series" in capsys.readouterr().err
