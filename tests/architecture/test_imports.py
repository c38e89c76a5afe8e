"""Each import contract of .importlinter catches a planted fault (ADR 0001)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

ROOMS = ("uskat", "services", "simulators")

FAULTS = {
    "ingest imports alerts": ("services/ingest/planted.py", "import services.alerts", "Rooms of the services"),
    "storage imports ingest": ("services/storage/planted.py", "import services.ingest", "Rooms of the services"),
    "a new room nobody placed": ("services/planted.py", "", "Rooms of the services"),
    "the domain imports storage": ("uskat/water/planted.py", "import services.storage", "The domain imports neither"),
    "water imports blast": ("uskat/water/planted.py", "import uskat.blast", "Inside the domain"),
    "wire imports supervision": ("uskat/wire/planted.py", "import uskat.supervision", "Inside the domain"),
    "the domain opens a socket": ("uskat/blast/planted.py", "import socket", "The domain does no I/O"),
    "the domain logs": ("uskat/supervision/planted.py", "import logging", "The domain does no I/O"),
    "a simulator reads the database": ("simulators/planted.py", "import services.storage", "Simulators never import"),
    "a simulator judges": ("simulators/planted.py", "import uskat.supervision", "Simulators use"),
    "the api speaks SQL": ("services/api/planted.py", "import sqlalchemy", "Only storage speaks SQL"),
    "alerts speak MQTT": ("services/alerts/planted.py", "import paho.mqtt.client", "Only ingest, the simulators"),
    "ingest uses the web framework": ("services/ingest/planted.py", "import fastapi", "Only the api knows"),
    "alerts start a web server": ("services/alerts/planted.py", "import uvicorn", "Only the api and the composition"),
    "alerts draw": ("services/alerts/planted.py", "import matplotlib", "Only uskat.blast.figure and"),
    "alerts send notices themselves": ("services/alerts/planted.py", "import apprise", "Only notices know the queue"),
    "storage words messages": ("services/storage/planted.py", "import jinja2", "Only pages and notices"),
    "notices speak SQL": ("services/notices/planted.py", "import sqlalchemy", "Only storage speaks SQL"),
    "storage reads settings": ("services/storage/planted.py", "import pydantic_settings", "Only services.settings"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run lint-imports on the packages of a folder, without any cache of another tree."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--config", ".importlinter"]
    environment = os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "300", "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def copy(tmp_path):
    for room in ROOMS:
        ignore = shutil.ignore_patterns("__pycache__", "static", "*.html", "*.json", "*.geojson")
        shutil.copytree(ROOT / room, tmp_path / room, ignore=ignore)
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def broken(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.rstrip().endswith("BROKEN")]


def test_the_code_keeps_every_contract(copy):
    result = lint(copy)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_breaks_its_contract(copy, fault):
    path, code, contract = FAULTS[fault]
    (copy / path).write_text(code + "\n", encoding="utf-8")
    result = lint(copy)
    assert result.returncode != 0, result.stdout
    assert any(line.startswith(contract) for line in broken(result.stdout)), result.stdout
