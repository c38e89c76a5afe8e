"""Who signs packets: a key file of Ed25519, or any program that makes a detached signature.

The register asks for detached CAdES over GOST R 34.11-2012. No GOST cryptography is part of this product: it is reached
through `CommandSigner` by a certified program, or by another class with the same two methods.

SigningError
    there is no signature; the packet waits
"""

import asyncio
import base64
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.settings import Settings
from uskat.supervision.evidence.seal import KeyUnusable, private_key

SIGNING_TIMEOUT_S = 30.0


class SigningError(Exception):
    """There is no signature; the text says why."""


class Signer(Protocol):
    """Makes the detached signature of a body, and names the key by its serial."""

    @property
    def serial(self) -> str:
        """Serial of the certificate, or name of the key."""
        ...

    async def sign(self, body: bytes) -> bytes:
        """The detached signature. Raises SigningError."""
        ...


class FileKeySigner:
    """Ed25519 (RFC 8032) with a key in a file: for trials and for receivers who agree to it; not GOST."""

    def __init__(self, key: Ed25519PrivateKey, serial: str) -> None:
        self._key = key
        self.serial = serial

    async def sign(self, body: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(body)


class CommandSigner:
    """Runs a program: the body on its standard input, the signature (DER) on its standard output, exit 0."""

    def __init__(self, command: Sequence[str], serial: str, *, timeout_s: float = SIGNING_TIMEOUT_S) -> None:
        self._command = list(command)
        self._timeout_s = timeout_s
        self.serial = serial

    async def sign(self, body: bytes) -> bytes:
        """What the program wrote. Raises SigningError: it is not there, failed, wrote nothing, took too long."""
        try:
            program = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
        except OSError as error:
            raise SigningError(f"{self._command[0]}: {error.strerror}") from error
        try:
            signature, complaint = await asyncio.wait_for(program.communicate(body), self._timeout_s)
        except TimeoutError:
            program.kill()
            await program.wait()
            raise SigningError(f"{self._command[0]} took more than {self._timeout_s:g} s") from None
        if program.returncode != 0 or not signature:
            words = complaint.decode("utf-8", "replace").strip()[:200]
            raise SigningError(f"{self._command[0]} ended with {program.returncode}: {words}")
        return signature


def signature_headers(serial: str, signature: bytes) -> dict[str, str]:
    """Headers as the register reads them."""
    return {"serial": serial, "signature": base64.b64encode(signature).decode("ascii")}


def signer_of(settings: Settings) -> Signer:
    """The signer of the settings. Raises SigningError: none, both, or a key that cannot be used."""
    command, path = settings.register_sign_command, settings.register_key_file
    if (command is None) == (path is None):
        raise SigningError("set USKAT_REGISTER_SIGN_COMMAND or USKAT_REGISTER_KEY_FILE, one of them")
    serial = settings.register_serial or ""
    return CommandSigner(shlex.split(command), serial) if command is not None else FileKeySigner(_key(path), serial)


def _key(path: Path | None) -> Ed25519PrivateKey:
    try:
        return private_key(path.read_bytes() if path is not None else b"")
    except (OSError, KeyUnusable) as error:
        raise SigningError(f"the key cannot be used: {error}") from error
