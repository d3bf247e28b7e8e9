"""A platform for tests of a served house: senders that send again until they are answered, a receiver of webhooks."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from spine import envelope


class Receiver:
    """Answers 204 on a loopback port; keeps ids and bodies in order of arrival; `is_down` makes it answer 503."""

    def __init__(self) -> None:
        receiver = self
        self.ids: list[str] = []
        self.bodies: list[bytes] = []
        self.is_down = False

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if not receiver.is_down:
                    receiver.ids.append(self.headers["webhook-id"])
                    receiver.bodies.append(body)
                self.send_response(503 if receiver.is_down else 204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Silence."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 128  # a lane of deliveries connects at once

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, ids: set[str], seconds: float = 240.0) -> None:
        """Until all of these have arrived."""
        deadline = time.monotonic() + seconds
        while missing := ids - set(self.ids):
            assert time.monotonic() < deadline, f"{len(missing)} of {len(ids)} messages never arrived"
            time.sleep(0.2)


class Senders:
    """Sends events from several threads, one at a time each, and each again until it is answered.

    Attributes:
        answers: event id to every answer that it got.
    """

    def __init__(self, url: str, key: str, count: int = 4) -> None:
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.refused: list[tuple[int, str]] = []
        self._client = httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=10)
        self._is_over = threading.Event()
        self._pool = ThreadPoolExecutor(count)
        self._work = [self._pool.submit(self._send_for_ever, number) for number in range(count)]

    def wait_for(self, count: int, seconds: float = 120.0) -> None:
        """Until so many events have been answered."""
        deadline = time.monotonic() + seconds
        while len(self.answers) < count:
            assert time.monotonic() < deadline, f"{len(self.answers)} of {count} events were answered"
            time.sleep(0.1)

    def stop(self) -> None:
        """Let every sender finish the event that it is at."""
        self._is_over.set()
        for work in self._work:
            work.result(timeout=60)
        self._pool.shutdown()
        self._client.close()

    def _send_for_ever(self, sender: int) -> None:
        number = 0
        while not self._is_over.is_set():
            event_id = f"s{sender}-{number}"
            text = "a message that is long enough" if number % 2 else "short"
            body = envelope("message.sent", event_id, {"sender": f"sender{sender}", "text": text, "group": "g"})
            if (answer := self._send(body)) is not None:
                self.answers.setdefault(event_id, []).append(answer)
            number += 1

    def _send(self, body: bytes) -> dict[str, Any] | None:
        """The answer; None when the test ended before there was one."""
        while True:
            try:
                reply = self._client.post("/v1/events", content=body)
            except httpx.HTTPError:
                time.sleep(0.2)
            else:
                if reply.status_code == 200:
                    found: dict[str, Any] = reply.json()
                    return found
                self.refused.append((reply.status_code, reply.text))
                time.sleep(0.2)
            if self._is_over.is_set():
                return None
