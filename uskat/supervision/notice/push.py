"""A browser's subscription to web push, and who we say we are to its push service (RFC 8030, 8291, 8292).

The endpoint is an address that a stranger gives us to post to, so it must belong to a push service that is named by the
installation. Nothing here sends.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

LONGEST_ENDPOINT = 1000
AUTH_BYTES = 16
POINT_BYTES = 65
TOKEN_LASTS = timedelta(hours=12)
"""RFC 8292 §2: not more than 24 hours."""
BASE64URL = re.compile(r"[A-Za-z0-9_-]{1,200}={0,2}")


class PushError(ValueError):
    """No subscription of a browser, or no key of ours; the message says why."""


def checked_endpoint(address: str, services: Iterable[str]) -> str:
    """The endpoint, when it belongs to a push service. Raises PushError.

    services: `host`; `.host` for everything under it; or `http://host:port`, one origin without TLS, for trials.
    """
    found = address.strip()
    try:
        parts = urlsplit(found)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise PushError("this is no endpoint of a push service") from None
    if len(found) > LONGEST_ENDPOINT or parts.username is not None or parts.fragment or not found.isprintable():
        raise PushError("this is no endpoint of a push service")
    origin = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    for service in services:
        under = host == service or (service.startswith(".") and host.endswith(service))
        if origin == service or (parts.scheme == "https" and port in {None, 443} and under):
            return found
    raise PushError("this installation does not send to that push service")


def push_point(p256dh: str) -> ec.EllipticCurvePublicKey:
    """The browser's public key: a point of P-256, uncompressed, in base64url. Raises PushError."""
    raw = _decoded(p256dh)
    if len(raw) != POINT_BYTES:
        raise PushError("p256dh is 65 bytes of base64url")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError:
        raise PushError("p256dh is no point of P-256") from None


def push_secret(auth: str) -> bytes:
    """The browser's authentication secret: 16 bytes in base64url. Raises PushError."""
    raw = _decoded(auth)
    if len(raw) != AUTH_BYTES:
        raise PushError("auth is 16 bytes of base64url")
    return raw


def vapid_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Our key of a PEM file without password. Raises PushError."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise PushError(f"not a private key: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise PushError("web push needs a key of the curve P-256")
    return key


def public_text(key: ec.EllipticCurvePublicKey) -> str:
    """A public key as browsers take it (`applicationServerKey`)."""
    return _encoded(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def vapid_header(key: ec.EllipticCurvePrivateKey, endpoint: str, *, contact: str, now: datetime) -> str:
    """Value of `Authorization` for one endpoint: a token that its service alone can use (RFC 8292 §2, §3).

    contact: `mailto:` or `https:` address of whoever runs the installation. now: UTC.
    """
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}", "exp": int((now + TOKEN_LASTS).timestamp()), "sub": contact,
    }  # fmt: skip
    header = {"typ": "JWT", "alg": "ES256"}
    signed = ".".join(_encoded(msgspec.json.encode(one)) for one in (header, claims))
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"vapid t={signed}.{_encoded(r.to_bytes(32) + s.to_bytes(32))}, k={public_text(key.public_key())}"


def _decoded(text: str) -> bytes:
    if BASE64URL.fullmatch(text) is None:
        raise PushError("a key of a browser is base64url")
    bare = text.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        raise PushError("a key of a browser is base64url") from None


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
