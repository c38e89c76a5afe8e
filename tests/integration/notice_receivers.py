"""Receivers as processes that a test may kill: each writes down what it took, then answers.

`python -m tests.integration.notice_receivers mail|webhook PORT FILE`
"""

import asyncio
import json
import os
import sys
import threading
import time
from email import message_from_bytes
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import UnthreadedController

PAUSE_S = 0.25
"""Between taking and answering: a kill in between makes a copy necessary."""


class Book:
    """A file of what was taken; a line survives the process."""

    def __init__(self, path):
        self._path, self._lock = path, threading.Lock()

    def write(self, **entry):
        with self._lock, open(self._path, "a", encoding="utf-8") as file:  # noqa: PTH123
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())


class MailHandler:
    def __init__(self, book):
        self._book = book

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - the name that aiosmtpd calls
        message = message_from_bytes(envelope.content)
        self._book.write(
            to=envelope.rcpt_tos[0],
            key=message["X-Uskat-Notice"],
            message_id=message["Message-ID"],
            subject=str(make_header(decode_header(message["Subject"]))),
            body=message.get_payload(decode=True).decode(),
            leave=message["List-Unsubscribe"],
            post=message["List-Unsubscribe-Post"],
        )
        await asyncio.sleep(PAUSE_S)
        return "250 taken"


def serve_mail(port, book):
    loop = asyncio.new_event_loop()
    UnthreadedController(MailHandler(book), hostname="127.0.0.1", port=port, loop=loop).begin()
    loop.run_forever()


def serve_webhook(port, book):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            book.write(
                key=self.headers["X-Uskat-Notice"],
                timestamp=self.headers["X-Uskat-Timestamp"],
                signature=self.headers["X-Uskat-Signature"],
                authorization=self.headers["Authorization"],
                path=self.path,
                body=body.decode(),
            )
            time.sleep(PAUSE_S)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    kind, port, book = sys.argv[1], int(sys.argv[2]), Book(Path(sys.argv[3]))
    if kind == "mail":
        serve_mail(port, book)
    else:
        serve_webhook(port, book)
