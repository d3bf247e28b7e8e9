"""Pictures are read by a service of the operator within time and size; whatever it does, nobody waits or fails."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from anlan.center.assistant.pictures import MAX_PICTURE_BYTES, PictureReader
from anlan.errors import InvalidSettings

PICTURE = b"\x89PNG\r\n\x1a\n rest"


@contextmanager
def service(body: bytes, status: int = 200, wait_s: float = 0.0) -> Iterator[tuple[str, list[bytes]]]:
    """A service that answers every POST alike; its URL and what was posted."""
    posted: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(self.rfile.read(int(self.headers["content-length"])))
            time.sleep(wait_s)
            self.send_response(status)
            self.send_header("location", "http://127.0.0.1:9/")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ocr", posted
    finally:
        server.shutdown()
        server.server_close()


def test_lines_of_a_picture_are_nobodys_words_until_somebody_says_whose() -> None:
    with service(b'{"text": "You won a prize\\n\\n  pay the fee first "}') as (url, posted):
        assert PictureReader(url)(PICTURE) == [("unknown", "You won a prize"), ("unknown", "pay the fee first")]
    assert posted == [PICTURE]


@pytest.mark.parametrize(("body", "status"), [
    (b"not json", 200), (b'{"words": "x"}', 200), (b'{"text": "x"}', 500), (b'{"text": "x"}', 302),
    (b'{"text": "' + b"x" * 70_000 + b'"}', 200),
])
def test_what_is_no_answer_reads_nothing(body: bytes, status: int) -> None:
    with service(body, status) as (url, _):
        assert PictureReader(url)(PICTURE) == []


def test_a_slow_service_is_not_waited_for() -> None:
    with service(b'{"text": "x"}', wait_s=0.5) as (url, _):
        assert PictureReader(url, timeout_s=0.1)(PICTURE) == []


def test_a_huge_picture_is_sent_to_nobody() -> None:
    with service(b'{"text": "x"}') as (url, posted):
        assert PictureReader(url)(b"x" * (MAX_PICTURE_BYTES + 1)) == []
    assert posted == []


def test_an_address_that_is_none_stops_the_start() -> None:
    with pytest.raises(InvalidSettings, match="ANLAN_OCR_URL"):
        PictureReader("ftp://somewhere")
