"""The page and the service worker of web push in a real browser: Chromium without a window, over its own protocol."""

import itertools
import json
import re
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Thread

import pytest

from services.api.citizen_page import citizen_page
from services.storage.subscription_store import AreaChoice

websockets = pytest.importorskip("websockets.sync.client")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
KEY = "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"
TRIES = 20
ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/demo"
PAGE = citizen_page(
    "subscription_form.html", push_key=KEY, error=None, email="", chosen="",
    areas=[AreaChoice("settlement", "krasulino", "Красулино (демо)")],
).body  # fmt: skip
NO_PUSH_SERVICE = """
  const made = { endpoint: 'ENDPOINT', unsubscribe: () => { window.left = true; return Promise.resolve(true); },
                 toJSON: () => ({ endpoint: 'ENDPOINT', keys: { p256dh: 'p', auth: 'a' } }) };
  PushManager.prototype.subscribe = function (options) { window.asked = options; window.made = made;
                                                         return Promise.resolve(made); };
  PushManager.prototype.getSubscription = () => Promise.resolve(window.left ? null : window.made || null);
""".replace("ENDPOINT", ENDPOINT)
"""Chromium asks its maker's server for a subscription, and there is no network: that one call is answered here."""
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.timeout(120),
]


class Site(ThreadingHTTPServer):
    """The page with its scripts; keeps what the page posts."""

    def __init__(self):
        self.posted = []
        super().__init__(("127.0.0.1", 0), Door)
        self.origin = f"http://127.0.0.1:{self.server_port}"


class Door(BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.rpartition("/")[2]
        if self.path == "/subscription":
            self._answer(200, PAGE, "text/html; charset=utf-8")
        elif name in {"push.js", "push-worker.js"}:
            script = files("services.api").joinpath("templates", name).read_bytes()
            self._answer(200, script, "text/javascript; charset=utf-8", {"Service-Worker-Allowed": "/subscription"})
        else:
            self._answer(404, b"", "text/plain")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((self.path, json.loads(body)))
        self._answer(201, b"{}", "application/json")

    def _answer(self, status, body, kind, headers=()):
        self.send_response(status)
        csp = "default-src 'self'; style-src 'self' 'unsafe-inline'"
        for name, value in {"Content-Type": kind, "Content-Security-Policy": csp, **dict(headers)}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


class Tab:
    """A tab of the browser: asks, and keeps the events that come between."""

    def __init__(self, url):
        self._line = websockets.connect(url, max_size=None, open_timeout=20)
        self._numbers, self.events = itertools.count(1), []

    def ask(self, method, **params):
        number = next(self._numbers)
        self._line.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            said = json.loads(self._line.recv(timeout=30))
            if said.get("id") == number:
                assert "error" not in said, said
                return said["result"]
            self.events.append(said)

    def run(self, script):
        """Value of an expression; a promise is awaited."""
        told = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def until(self, script):
        """Wait in the page until an expression holds."""
        self.run(
            f"new Promise((yes, no) => {{ let left = 200; const look = () => {{ if ({script}) yes(true);"
            " else if (--left) setTimeout(look, 50); else no(new Error('never')); }; look(); })"
        )

    def close(self):
        self._line.close()


@pytest.fixture
def site():
    site = Site()
    thread = Thread(target=site.serve_forever, daemon=True)
    thread.start()
    yield site
    site.shutdown()
    site.server_close()
    thread.join()


@pytest.fixture
def tab(site, tmp_path):
    browser = subprocess.Popen(
        [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--disable-background-networking", "--remote-debugging-port=0", f"--user-data-dir={tmp_path}", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        address = next(found[1] for line in browser.stderr if (found := re.search(r"listening on (ws://\S+)", line)))
        drain = Thread(target=browser.stderr.read, daemon=True)
        drain.start()
        root = Tab(address)
        root.ask("Browser.grantPermissions", origin=site.origin, permissions=["notifications"])
        target = root.ask("Target.createTarget", url="about:blank")["targetId"]
        tab = Tab(f"{address.partition('/devtools/')[0]}/devtools/page/{target}")
        tab.ask("Page.enable")
        tab.ask("Page.addScriptToEvaluateOnNewDocument", source=NO_PUSH_SERVICE)
        tab.ask("Page.navigate", url=f"{site.origin}/subscription")
        tab.until("document.readyState === 'complete' && document.getElementById('push')")
        yield tab
        tab.close()
        root.close()
    finally:
        browser.kill()
        browser.wait()
        browser.stderr.close()


def test_a_click_subscribes_another_leaves_and_the_worker_shows_what_it_is_pushed(site, tab):
    told = "document.getElementById('push-told').textContent"
    assert tab.run("document.getElementById('push').hidden") is False
    assert tab.run("navigator.serviceWorker.getRegistration('/subscription').then((one) => !one)"), "nothing unasked"

    tab.run("document.getElementById('push-on').click()")
    tab.until(f"{told}.includes('Сначала выберите место')")
    tab.run("document.querySelector('select[name=area]').value = 'settlement/krasulino'")
    tab.run("document.getElementById('push-on').click()")
    tab.until(f"{told}.includes('Готово')")
    assert site.posted == [(
        "/api/v1/push-subscriptions",
        {"endpoint": ENDPOINT, "keys": {"p256dh": "p", "auth": "a"}, "area_kind": "settlement",
         "area_code": "krasulino", "language": "ru"},
    )]  # fmt: skip
    assert tab.run("window.asked.userVisibleOnly") is True
    assert tab.run("window.asked.applicationServerKey.length") == 65
    assert tab.run("navigator.serviceWorker.ready.then((one) => one.scope)") == f"{site.origin}/subscription"

    shown = pushed(site, tab, {
        "key": "n-1", "title": "Аммоний выше норматива – Ускат", "body": "Где: Ускат", "urgent": True,
        "url": f"{site.origin}/alerts/5", "leave_url": f"{site.origin}/subscription/leave?token=x",
    })  # fmt: skip
    assert shown == [["Аммоний выше норматива – Ускат", "Где: Ускат", "n-1", f"{site.origin}/alerts/5", "leave"]]

    tab.until("!document.getElementById('push-off').hidden")
    tab.run("document.getElementById('push-off').click()")
    tab.until(f"{told}.includes('Вы отписаны')")
    assert site.posted[1:] == [("/api/v1/push-subscriptions/leave", {"endpoint": ENDPOINT})]
    assert tab.run("window.left") is True


def pushed(site, tab, message):
    """Give the worker a push message as the browser does; the notifications that it shows."""
    tab.ask("ServiceWorker.enable")
    tab.until("navigator.serviceWorker")
    registrations = [
        one["registrationId"]
        for event in tab.events
        if event.get("method") == "ServiceWorker.workerRegistrationUpdated"
        for one in event["params"]["registrations"]
    ]
    shown = "navigator.serviceWorker.ready.then((one) => one.getNotifications())"
    for _ in range(
        TRIES
    ):  # asking while one is being shown makes Chromium forget it: give it again, its tag is the same
        tab.ask(
            "ServiceWorker.deliverPushMessage", origin=site.origin, registrationId=registrations[-1],
            data=json.dumps(message),
        )  # fmt: skip
        seen = tab.run(
            f"new Promise((yes) => setTimeout(yes, 500)).then(() => {shown}).then((all) => all.map((one) =>"
            " [one.title, one.body, one.tag, one.data.url, (one.actions[0] || {}).action]))"
        )
        if seen:
            return seen
    return []
