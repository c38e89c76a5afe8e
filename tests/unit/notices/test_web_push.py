"""Web push against a push service of our own: it decrypts what comes and checks who sent it (RFC 8188, 8291, 8292)."""

import base64
import json
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.cli.main import app
from services.notices.channels import Channels
from services.notices.outcome import Gone, NotConfigured, NotSent
from services.notices.wording import word
from services.settings import Settings
from services.storage.notice_delivery import Outgoing
from tests.unit.notices.test_sending import NOW, outgoing
from uskat.supervision.notice.push import PushError, checked_endpoint, push_point, push_secret, vapid_header, vapid_key

SERVICES = ("fcm.googleapis.com", ".push.services.mozilla.com")


def text(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def hkdf(secret, *, salt, info, length):
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


class Browser:
    """A subscription: two keys, as a browser makes them; opens what is sealed for it."""

    def __init__(self):
        self.key, self.auth = ec.generate_private_key(ec.SECP256R1()), b"sixteen bytes ok"
        self.point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def keys(self):
        return {"p256dh": text(self.point), "auth": text(self.auth)}

    def open(self, body):
        """RFC 8188 §2.1 header, then RFC 8291 §3.4."""
        salt, size, length = body[:16], int.from_bytes(body[16:20]), body[20]
        sender = body[21 : 21 + length]
        assert len(body) <= size <= 4096
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        ikm = hkdf(shared, salt=self.auth, info=b"WebPush: info\x00" + self.point + sender, length=32)
        key = hkdf(ikm, salt=salt, info=b"Content-Encoding: aes128gcm\x00", length=16)
        nonce = hkdf(ikm, salt=salt, info=b"Content-Encoding: nonce\x00", length=12)
        opened = AESGCM(key).decrypt(nonce, body[21 + length :], None)
        assert opened.endswith(b"\x02")
        return json.loads(opened[:-1])


class PushService:
    """Takes messages on loopback and answers with `status`."""

    def __init__(self):
        self.taken, self.status = [], 201
        service = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.taken.append((dict(self.headers), body))
                self.send_response(service.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def sender_of(authorization, origin):
    """The public key of whoever sent, when the token is theirs and meant for this service (RFC 8292 §2, §3)."""
    assert authorization.startswith("vapid ")
    fields = dict(one.strip().split("=", 1) for one in authorization.removeprefix("vapid ").split(","))
    header, claims, signature = fields["t"].split(".")
    assert json.loads(raw(header)) == {"typ": "JWT", "alg": "ES256"}
    said = json.loads(raw(claims))
    assert said["aud"] == origin
    assert datetime.now(UTC) < datetime.fromtimestamp(said["exp"], UTC) < datetime.now(UTC) + timedelta(hours=24)
    assert said["sub"].startswith("mailto:")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(fields["k"]))
    both = raw(signature)
    signed = encode_dss_signature(int.from_bytes(both[:32]), int.from_bytes(both[32:]))
    public.verify(signed, f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    return fields["k"]


@pytest.fixture
def service():
    service = PushService()
    yield service
    service.close()


@pytest.fixture(scope="module")
def key_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("push") / "push.pem"
    made = CliRunner().invoke(app, ["admin", "push-key", str(file)])
    assert made.exit_code == 0, made.output
    assert file.stat().st_mode & 0o777 == 0o600
    again = CliRunner().invoke(app, ["admin", "push-key", str(file)])
    assert again.exit_code == 2
    return file, made.stdout.splitlines()[0]


def pushed(service, browser, **words):
    made = outgoing("push", f"{service.origin}/wpush/v2/secret-endpoint", token="leave-me", **words)
    values = {name: getattr(made, name) for name in Outgoing.__slots__}
    return Outgoing(**(values | {"push_keys": browser.keys}))


def channels(key_file, **more):
    file, public = key_file
    return Channels(Settings(notice_push_key_file=file, push_public_key=public, notice_timeout_s=5, **more))


async def test_a_browser_opens_what_its_push_service_was_given_and_the_service_knows_who_sent_it(service, key_file):
    browser = Browser()
    message = pushed(service, browser)
    await channels(key_file).send(message, word(message, public_url="https://uskat.test", now=NOW))
    [(headers, body)] = service.taken
    assert sender_of(headers["Authorization"], service.origin) == key_file[1]
    said = browser.open(body)
    assert said["title"] == "Аммоний-ион выше норматива – Ускат у моста (демо)"
    assert said["url"] == "https://uskat.test/alerts/5"
    assert said["leave_url"] == "https://uskat.test/subscription/leave?token=leave-me"
    assert (headers["Content-Encoding"], headers["Urgency"]) == ("aes128gcm", "high")
    assert int(headers["TTL"]) >= 3600
    assert len(headers["Topic"]) <= 32
    assert "Аммоний".encode() not in body
    with pytest.raises(InvalidTag):
        browser.open(body[:-1] + bytes([body[-1] ^ 1]))
    with pytest.raises(InvalidTag):
        Browser().open(body)


@pytest.mark.parametrize(
    ("status", "error"), [(404, Gone), (410, Gone), (429, NotSent), (500, NotSent), (301, NotSent)]
)
async def test_a_browser_that_left_is_gone_and_anything_else_is_tried_again(service, key_file, status, error):
    service.status = status
    message = pushed(service, Browser())
    with pytest.raises(NotSent) as failed:
        await channels(key_file).send(message, word(message, public_url="https://uskat.test", now=NOW))
    assert type(failed.value) is error
    assert "secret-endpoint" not in str(failed.value)


async def test_the_longest_words_fit_into_one_record(service, key_file):
    browser = Browser()
    message = pushed(service, browser, title="Ж" * 2000, reasons=["🌊" * 5000])
    await channels(key_file).send(message, word(message, public_url="https://uskat.test", now=NOW))
    assert browser.open(service.taken[0][1])["title"].startswith("ЖЖЖ")


async def test_a_public_key_of_another_pair_is_not_served_with_ours(service, key_file):
    message = pushed(service, Browser())
    other = Channels(Settings(notice_push_key_file=key_file[0], push_public_key="B" + key_file[1][1:-1] + "A"))
    with pytest.raises(NotConfigured, match="another key"):
        await other.send(message, word(message, public_url="https://uskat.test", now=NOW))
    assert service.taken == []


@pytest.mark.parametrize("address", [
    "https://fcm.googleapis.com/fcm/send/abc", "https://updates.push.services.mozilla.com/wpush/v2/abc",
])  # fmt: skip
def test_endpoints_of_known_push_services_are_taken(address):
    assert checked_endpoint(address, SERVICES) == address


@pytest.mark.parametrize("address", [
    "http://fcm.googleapis.com/fcm/send/abc", "https://127.0.0.1/x", "https://fcm.googleapis.com.evil.test/x",
    "https://evilpush.services.mozilla.com.test/", "https://user@fcm.googleapis.com/x", "https://fcm.googleapis.com:22/",
    "https://fcm.googleapis.com/x#y", "https://evil-push.services.mozilla.com/x", "file:///etc/passwd", "", "https://[",
])  # fmt: skip
def test_we_post_to_nobody_that_a_stranger_names(address):
    with pytest.raises(PushError):
        checked_endpoint(address, SERVICES)


@given(st.text(max_size=100))
def test_keys_that_are_none_are_refused(text):
    with pytest.raises(PushError):
        push_point(text)
    if len(text.rstrip("=")) != 22:
        with pytest.raises(PushError):
            push_secret(text)


def test_a_token_is_for_one_origin(key_file):
    key = vapid_key(key_file[0].read_bytes())
    at = datetime.now(UTC)
    header = vapid_header(key, "https://fcm.googleapis.com/fcm/send/abc", contact="mailto:a@demo.test", now=at)
    assert sender_of(header, "https://fcm.googleapis.com") == key_file[1]
    with pytest.raises(AssertionError):
        sender_of(header, "https://updates.push.services.mozilla.com")
