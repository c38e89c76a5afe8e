"""Logins and passwords as people choose them. Length is what counts (NIST SP 800-63B-4 §3.1.1.2); no rules of signs."""

import re

from uskat.supervision.access.policy import AccessPolicy

LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._-]{1,38}[a-z0-9])")


class PasswordError(ValueError):
    """A password nobody should have; the message says why and never repeats it."""


class LoginError(ValueError):
    """No login: 3 to 40 small Latin letters, digits, dots, hyphens and underscores."""


def checked_login(text: str) -> str:
    """A login in its one form, lower case. Raises LoginError."""
    login = text.strip().lower()
    if not LOGIN.fullmatch(login):
        raise LoginError("a login has 3 to 40 small Latin letters, digits, dots, hyphens, underscores")
    return login


def check_password(password: str, *, login: str, policy: AccessPolicy) -> None:
    """Raise PasswordError for one that is too short or long, repeats itself, or contains the login."""
    if not policy.password_shortest <= len(password) <= policy.password_longest:
        raise PasswordError(f"a password has {policy.password_shortest} to {policy.password_longest} characters")
    if "\x00" in password:
        raise PasswordError("a password is text")
    if login in password.lower():
        raise PasswordError("a password does not contain the login")
    if len(set(password)) < 5:
        raise PasswordError("a password has at least five different characters")
