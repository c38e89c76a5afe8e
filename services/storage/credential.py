"""Secrets of devices and machine clients. Only their hashes are stored; the plain text is shown once."""

import base64
import hashlib
import hmac
import secrets

MOSQUITTO_ITERATIONS = 20_000
_SALT_BYTES = 12
"""Mosquitto 2.0 refuses a salt of any other length."""


def new_secret() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def mosquitto_hash(password: str, *, salt: bytes | None = None, iterations: int = MOSQUITTO_ITERATIONS) -> str:
    """PBKDF2-SHA512 in the form of Mosquitto's password file: $7$iterations$salt$hash.

    Device passwords are 256 random bits, so the number of iterations guards nothing but habit.
    """
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
    return f"$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def matches(password: str, stored: str) -> bool:
    """True when the password gives the stored hash; compared in constant time."""
    _, kind, iterations, salt, _ = stored.split("$")
    if kind != "7":
        return False
    return hmac.compare_digest(
        mosquitto_hash(password, salt=base64.b64decode(salt), iterations=int(iterations)), stored
    )


def token_hash(token: str) -> bytes:
    """SHA-256 of a machine token of 256 random bits: nothing to guess, so nothing to slow down."""
    return hashlib.sha256(token.encode()).digest()
