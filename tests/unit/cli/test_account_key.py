"""The key of second factors: readable by its owner only, and changed without losing what the old one encrypted."""

import stat
from pathlib import Path

from typer.testing import CliRunner

from services.api.second_factor import SecondFactor
from services.cli.main import app


def test_a_new_key_comes_first_and_the_old_one_still_reads(tmp_path: Path) -> None:
    file = tmp_path / "key"
    assert CliRunner().invoke(app, ["admin", "account", "key", str(file)]).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    encrypted, _, _ = SecondFactor(file).new("petrova")
    assert CliRunner().invoke(app, ["admin", "account", "key", str(file)]).exit_code == 0
    assert len(file.read_text().split()) == 2
    assert SecondFactor(file)._keys.decrypt(encrypted)
