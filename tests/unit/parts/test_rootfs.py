from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.parts.process import PartNotFound
from tests.parts import install, rootfs


def test_a_missing_folder_is_reported_with_the_way_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(PartNotFound) as missing:
        rootfs.find_rootfs()
    assert str(tmp_path / "uskat" / rootfs.FOLDER_NAME) in str(missing.value)
    assert "python -m tests.parts.install" in str(missing.value)


def test_a_user_without_root_is_told_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(rootfs, "SYSTEM_POSTGRES", tmp_path)
    monkeypatch.setattr(rootfs, "find_mosquitto", _none)
    monkeypatch.setattr("pwd.getpwuid", lambda _: type("Entry", (), {"pw_name": "anna"}))
    assert install.main() == 0
    said = capsys.readouterr().err
    assert "TimescaleDB: MISSING" in said
    assert "user anna may not chroot" in said
    assert "Mosquitto: MISSING" in said
    assert said.count("sudo make test") == 1
    assert "sudo apt-get install postgresql-17 postgresql-17-timescaledb mosquitto" in said


def test_the_packages_of_the_system_serve_a_user_without_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("14", "16", "17"):
        (tmp_path / version / "lib").mkdir(parents=True)
        (tmp_path / version / "lib" / "timescaledb.so").touch()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(rootfs, "SYSTEM_POSTGRES", tmp_path)
    program = rootfs.timescale_program()
    assert program.bin_dir == tmp_path / "17" / "bin"
    assert program.root is None


def _none() -> None:
    raise PartNotFound("mosquitto is not installed")
