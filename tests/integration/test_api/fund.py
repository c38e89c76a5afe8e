"""A stand-in for ФГИС «Аршин» on loopback."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar


class Fund(BaseHTTPRequestHandler):
    """ФГИС «Аршин» as public clients know it, on loopback; busy at first."""

    asked: ClassVar[list[str]] = []
    refusals: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.refusals:
            self.send_response(self.refusals.pop())
            self.end_headers()
            return
        if self.path.startswith("/eapi/vri/1-77"):
            body: Any = {"result": {
                "vriInfo": {"organization": "Демо-ЦСМ", "vrfDate": "28.09.2025"},
                "miInfo": {"singleMI": {"mitypeNumber": "00000-25"}}, "means": {"mieta": []},
            }}  # fmt: skip
        else:
            item = {
                "vri_id": "1-77", "mi_number": "демо-7", "mi_modification": "Демо-зонд",
                "verification_date": "28.09.2025", "valid_date": "27.09.2026", "result_docnum": "С-ДЕМО/77",
                "applicability": True,
            }  # fmt: skip
            body = {"result": {"count": 2, "items": [item, item | {"vri_id": "1-78", "verification_date": "?"}]}}
        payload = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def serve_fund() -> Iterator[str]:
    Fund.asked.clear()
    Fund.refusals.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Fund)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/eapi"
    server.shutdown()
    server.server_close()
    thread.join()
