"""Codes of authenticator applications: which step a code belongs to, and secrets that cannot be read from a backup."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from cryptography.fernet import Fernet

from services.api.second_factor import NoKey, SecondFactor

NOW = datetime(2026, 6, 1, 12, 0, 10, tzinfo=UTC)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_bytes(Fernet.generate_key())
    return file


def test_a_code_is_good_for_its_step_and_one_on_either_side(key_file: Path) -> None:
    factor = SecondFactor(key_file)
    encrypted, secret, address = factor.new("petrova")
    assert secret not in encrypted.decode()
    assert address.startswith("otpauth://totp/Uskat:petrova?secret=" + secret)
    step = int(NOW.timestamp()) // 30
    for shift in range(-4, 5):
        code = pyotp.TOTP(secret).at(NOW + timedelta(seconds=30 * shift))
        assert factor.step_of(code, encrypted, at=NOW) == (step + shift if abs(shift) <= 1 else None)
    for wrong in ("", "12345", "１２３４５６", "abcdef", "1234567"):
        assert factor.step_of(wrong, encrypted, at=NOW) is None


def test_keys_are_changed_by_putting_a_new_one_first(key_file: Path) -> None:
    encrypted, secret, _ = SecondFactor(key_file).new("petrova")
    old = key_file.read_text()
    key_file.write_text(Fernet.generate_key().decode() + "\n" + old)
    code = pyotp.TOTP(secret).at(NOW)
    assert SecondFactor(key_file).step_of(code, encrypted, at=NOW) is not None
    key_file.write_bytes(Fernet.generate_key())  # the old one gone: nobody signs in with what it encrypted
    assert SecondFactor(key_file).step_of(code, encrypted, at=NOW) is None


@pytest.mark.parametrize("content", ["", "not a key"])
def test_a_key_file_without_a_key_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    with pytest.raises(NoKey, match="key"):
        SecondFactor(tmp_path / "key")
    with pytest.raises(NoKey):
        SecondFactor(tmp_path / "missing")
