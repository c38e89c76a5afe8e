from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from services.parts.broker import MosquittoProcess, find_mosquitto, mosquitto_version
from services.parts.process import PartNotFound


def fake_mosquitto(folder: Path, says: str) -> Path:
    program = folder / "mosquitto"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_a_new_mosquitto_on_the_path_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = fake_mosquitto(tmp_path, "mosquitto version 2.0.22")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = find_mosquitto()
    assert (found.path, found.version) == (program, (2, 0, 22))


def test_an_old_mosquitto_is_passed_over_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_mosquitto(tmp_path, "mosquitto version 2.0.11")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(PartNotFound, match=r"is 2\.0\.11, older than 2\.0\.21"):
        find_mosquitto()


def test_a_program_that_is_no_mosquitto_is_passed_over(tmp_path: Path) -> None:
    with pytest.raises(PartNotFound, match="does not say its version"):
        mosquitto_version([str(fake_mosquitto(tmp_path, "hello"))])
    with pytest.raises(PartNotFound, match="does not run"):
        mosquitto_version([str(tmp_path / "nothing")])


def test_a_configuration_gets_its_port_and_folder(tmp_path: Path) -> None:
    text = "listener {port}\npersistence_location {folder}/\n"
    broker = MosquittoProcess(["/usr/sbin/mosquitto"], tmp_path / "b", 1999, conf_text=text)
    written = broker.conf_path.read_text()
    assert f"listener 1999\npersistence_location {tmp_path}/b/\n" in written
    assert ("user root" in written) == (os.geteuid() == 0)
    assert broker.url == "mqtt://127.0.0.1:1999"


def test_a_named_user_is_left_alone(tmp_path: Path) -> None:
    text = "user nobody\nlistener {port}\n"
    broker = MosquittoProcess(["/usr/sbin/mosquitto"], tmp_path / "b", conf_text=text)
    assert "user root" not in broker.conf_path.read_text()
