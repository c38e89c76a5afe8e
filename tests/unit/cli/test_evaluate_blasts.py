"""`uskat evaluate blasts` on a small month: the figures are those of its confusion table, and catalogue figures."""

import json

import pytest
from typer.testing import CliRunner

from services.cli.evaluate.blast_run import play_blasts
from services.cli.evaluate.blast_score import missed_targets, report_lines, score_blasts
from services.cli.main import app
from simulators.blast_case import SHARES


@pytest.fixture(scope="module")
def played():
    return play_blasts(5, 30)


@pytest.fixture(scope="module")
def score(played):
    return score_blasts(played)


def test_a_small_month_is_judged_well(score):
    figures = score.figures
    assert figures["undeclared_found"] >= 0.8
    assert figures["declared_associated"] >= 0.95
    assert figures["false_undeclared"] <= 5.0
    assert figures["location_error_km"] < 0.3
    assert figures["location_coverage"] >= 0.85


def test_the_figures_follow_from_the_confusion_table(score, played):
    table = score.figures["confusion"]
    assert sum(sum(row.values()) for row in table.values()) == len(played.case.events) == 30
    assert table["undeclared"].get("undeclared", 0) / score.figures["undeclared"] == score.figures["undeclared_found"]


def test_every_kind_of_trouble_is_in_the_plan(played):
    assert {event.kind for event in played.case.events} == set(SHARES)
    assert len(played.instruments) >= 8


def test_every_record_belongs_to_one_judged_event(played):
    keys = [key for event in played.judged for key in event.records]
    assert len(keys) == len(set(keys)) == len(played.features)


def test_the_report_names_the_mistakes(score):
    lines = report_lines(score)
    assert len([line for line in lines if line.startswith("  ! ")]) == len(score.wrong)
    assert lines[0].startswith("declared")


@pytest.mark.parametrize(
    ("figures", "missed"),
    [
        ({"undeclared_found": 0.98, "false_undeclared": 1.0, "declared_associated": 0.99}, []),
        ({"undeclared_found": 0.97, "false_undeclared": 1.1, "declared_associated": 0.98}, 3),
    ],
)
def test_targets_are_those_of_the_issue(figures, missed):
    found = missed_targets(figures)
    assert (len(found) if isinstance(missed, int) else found) == missed


def test_the_last_line_of_the_catalogue_command_is_json(tmp_path):
    header = "source_id,timestamp,event_type,latitude,longitude,depth,magnitude,magnitude_type,contributor"
    rows = [
        f"b{number},{1780473600 + 86400 * number},explosion,54.1,87.0,0,2.{number % 9},ml,xx" for number in range(30)
    ]
    file = tmp_path / "catalogue.csv"
    file.write_text("\n".join([header, *rows, "bad,yesterday,explosion,54,87,0,2,ml,xx"]), encoding="utf-8")
    result = CliRunner().invoke(app, ["evaluate", "catalogue", str(file), "--json"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout.splitlines()[-1])
    assert figures["events"] == 30
    assert figures["refused"] == {"bad_time": 1}
    assert figures["day"]["blasts"]["peak_hour"] == 15


def test_a_file_that_is_no_catalogue_is_refused(tmp_path):
    file = tmp_path / "text.csv"
    file.write_text("hello", encoding="utf-8")
    result = CliRunner().invoke(app, ["evaluate", "catalogue", str(file)])
    assert result.exit_code == 2
