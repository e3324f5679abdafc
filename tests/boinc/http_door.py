"""The HTTP side of the loopback project: reads a request whole, asks for the answer, and survives whatever comes."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

# Far above any result file of a test; a longer body is not read.
MAX_BODY = 256 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    body: bytes


def not_found() -> Answer:
    return Answer(404, "text/plain", b"no such thing here\n")


class Door(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1, with a thread for each connection.

    `ask` gets method, path and body and gives the answer; `note` gets lines for the log.
    """

    daemon_threads = True

    def __init__(self, ask: Callable[[str, str, bytes], Answer], note: Callable[[str], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.ask = ask
        self.note = note
        self._thread = Thread(target=self.serve_forever, args=(0.05,), name="boinc project", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join(timeout=10)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke, most often because the client was killed: worth a line, no more."""
        self.note(f"connection lost: {sys.exc_info()[1]!r}")


class _Visit(BaseHTTPRequestHandler):
    """One request; the connection is closed after it."""

    protocol_version = "HTTP/1.1"
    # A connection that says nothing for so many seconds is closed.
    timeout = 30

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        # Not int() alone: that would take "-1" and "1_0".
        if not (length.isascii() and length.isdigit() and len(length) < 12 and int(length) <= MAX_BODY):
            self._send(Answer(411, "text/plain", b"a sane Content-Length is needed\n"))
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionError(f"{self.path}: {len(body)} of {length} bytes came")
        self._serve(body)

    def _serve(self, body: bytes) -> None:
        path = urlsplit(self.path).path
        try:
            answer = self._door.ask(self.command, path, body)
        except Exception as error:
            # A fault of the instrument must show in the failing test, not end a thread in silence.
            self._door.note(f"FAULT {self.command} {path}: {type(error).__name__}: {error}")
            answer = Answer(500, "text/plain", b"the loopback project failed\n")
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        status, body, begin = answer.status, answer.body, 0
        if status == 200 and self.command == "GET":
            begin = self._range_start()
        if 0 < begin < len(body):
            # The client resumes a download where it broke off, for instance when it was stopped.
            status, body = 206, body[begin:]
        self.send_response(status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        if status == 206:
            self.send_header("Content-Range", f"bytes {begin}-{len(answer.body) - 1}/{len(answer.body)}")
        self.end_headers()
        self.wfile.write(body)

    def _range_start(self) -> int:
        """The N of `Range: bytes=N-`; 0 for anything else, which means all of it."""
        text = self.headers.get("Range", "").removeprefix("bytes=").removesuffix("-")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0

    @property
    def _door(self) -> Door:
        assert isinstance(self.server, Door)
        return self.server

    def log_message(self, format: str, *args: object) -> None:
        self._door.note(f"http: {format % args}")
