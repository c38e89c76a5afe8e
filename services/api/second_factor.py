"""Codes of an authenticator application (TOTP, RFC 6238): secrets encrypted at rest, each code taken once."""

import hmac
import re
from datetime import datetime
from pathlib import Path

import pyotp
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

STEP_S = 30
WINDOW = 1
"""Steps before and after ours that are taken too: clocks of telephones differ."""
ISSUER = "Uskat"
_CODE = re.compile(r"[0-9]{6}")


class NoKey(Exception):
    """The key file is missing or holds no key."""


class SecondFactor:
    """Makes, reads and checks TOTP secrets. The key file: one Fernet key a line, the first encrypts, all decrypt."""

    def __init__(self, key_file: Path) -> None:
        """Read the keys. Raises NoKey."""
        try:
            keys = [Fernet(line) for line in key_file.read_text(encoding="ascii").split()]
        except (OSError, ValueError) as error:
            raise NoKey(f"{key_file}: {type(error).__name__}") from None
        if not keys:
            raise NoKey(f"{key_file} is empty")
        self._keys = MultiFernet(keys)

    def new(self, login: str) -> tuple[bytes, str, str]:
        """A new secret: encrypted for the database, in Base32 for typing, and as the address an application scans."""
        secret = pyotp.random_base32()
        address = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)
        return self._keys.encrypt(secret.encode()), secret, address

    def step_of(self, code: str, encrypted: bytes, *, at: datetime) -> int | None:
        """The 30-second step since 1970 whose code this is, within the window; None: a wrong code.

        The caller notes the step, so that no code is taken twice (RFC 6238 §5.2).
        """
        try:
            totp = pyotp.TOTP(self._keys.decrypt(encrypted).decode())
        except InvalidToken:
            return None
        now = int(at.timestamp()) // STEP_S
        if not _CODE.fullmatch(code):
            return None
        found = None
        for step in range(now - WINDOW, now + WINDOW + 1):
            if hmac.compare_digest(totp.generate_otp(step), code):
                found = step
        return found
