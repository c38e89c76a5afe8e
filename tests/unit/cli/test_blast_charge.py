"""`uskat blast charge-law`: the law of each enterprise, whose declared charge does not fit, and why there is no law."""

import contextlib
import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from services.cli.blast.command import blast
from services.storage import charge_reading, engine
from tests.unit.blast.magnitude.test_enterprise import year

runner = CliRunner()


@pytest.fixture
def books(monkeypatch):
    """What the database would say; returns a function that puts it there."""

    @contextlib.asynccontextmanager
    async def unit_of_work(_engine):
        yield None

    def hold(blasts, events):
        async def fired(_connection, **_):
            return blasts

        async def sized(_connection, **_):
            return events

        monkeypatch.setattr(charge_reading, "fired_charges", fired)
        monkeypatch.setattr(charge_reading, "sized_events", sized)

    monkeypatch.setattr(engine, "unit_of_work", unit_of_work)
    return hold


def law(*arguments):
    return runner.invoke(blast, ["charge-law", *arguments])


def test_a_law_is_told_with_the_blast_whose_charge_does_not_fit(books):
    blasts, events = year(40)
    blasts[7] = replace(blasts[7], charge_kg=blasts[7].charge_kg / 10)
    books(blasts, events)
    told = law()
    assert told.exit_code == 0, told.output
    lines = told.output.splitlines()
    assert lines[0] == "north: взрывов с магнитудой ML ASGSR: 40"
    assert lines[1].startswith("  ML = 0.")
    assert "lg W" in lines[1]
    assert any(line.startswith("  b-7: ") and "ML" in line for line in lines)
    (document,) = json.loads(law("--json").output)
    assert document["law"]["slope"] == pytest.approx(0.7, abs=0.15)
    verdicts = {one["blast_id"]: one["check"]["verdict"] for one in document["blasts"]}
    assert verdicts["b-7"] == "too_strong"


def test_each_enterprise_has_its_own_and_one_may_be_asked_for(books):
    north, events = year(30)
    south = [replace(one, enterprise="south") for one in north[:3]]
    books([*south, *north[3:]], events)
    told = law()
    assert told.exit_code == 0
    assert "south: взрывов с магнитудой ML ASGSR: 3" in told.output
    assert "закона нет" in told.output
    only = law("south")
    assert (only.exit_code, "north" in only.output) == (1, False)


def test_without_a_magnitude_that_is_said(books):
    books([], [])
    told = law()
    assert (told.exit_code, told.output) == (1, "Ни одного объявленного взрыва с магнитудой каталога.\n")
    assert json.loads(law("nobody", "--json").output) == []
