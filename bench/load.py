"""Sends prepared HTTP requests over kept-alive connections, each its next one when the answer to the last is whole."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import psutil


class Load(NamedTuple):
    """What one server did under load.

    Attributes:
        latencies_s: of each answered request, in seconds.
        server_cpu_s: what the server's process used meanwhile, all threads.
        failures: answers other than 200, or without a verdict.
    """

    latencies_s: list[float]
    wall_s: float
    server_cpu_s: float
    failures: int

    @property
    def per_cpu_s(self) -> float:
        """Requests for each second of the server's CPU."""
        return len(self.latencies_s) / self.server_cpu_s

    def percentile_ms(self, share: float) -> float:
        """The latency that `share` of the requests did not exceed."""
        return percentile_ms(self.latencies_s, share)


def percentile_ms(latencies_s: Sequence[float], share: float) -> float:
    """The latency that `share` of the requests did not exceed."""
    ordered = sorted(latencies_s)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3


def request(path: str, body: bytes, key: str) -> bytes:
    """One POST as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {key}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Connection(asyncio.Protocol):
    """One client in a closed loop."""

    def __init__(self, requests: Iterator[bytes], until: float, latencies_s: list[float]) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.failures = 0
        self._requests = requests
        self._until = until
        self._latencies_s = latencies_s
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        self._latencies_s.append(time.perf_counter() - self._sent_at)
        self.failures += not head.startswith(b"HTTP/1.1 200") or b'"verdict":"' not in body or b'"title":' in body
        self._received = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def _send(self) -> None:
        prepared = next(self._requests, None) if time.perf_counter() < self._until else None
        if prepared is None:
            return self._transport.close()
        self._sent_at = time.perf_counter()
        self._transport.write(prepared)
        return None


def _length(head: bytes) -> int:
    return int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])


def drive(port: int, pid: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Send `requests` in order to a server for `seconds`, or until all are answered."""
    process, waiting = psutil.Process(pid), iter(requests)
    latencies_s: list[float] = []

    async def play() -> int:
        loop, until = asyncio.get_running_loop(), time.perf_counter() + seconds
        made = [
            await loop.create_connection(lambda: _Connection(waiting, until, latencies_s), "127.0.0.1", port)
            for _ in range(connections)
        ]
        await asyncio.gather(*(protocol.closed for _, protocol in made))
        return sum(protocol.failures for _, protocol in made)

    used, began = process.cpu_times(), time.perf_counter()
    failures = asyncio.run(play())
    wall_s, after = time.perf_counter() - began, process.cpu_times()
    cpu_s = after.user + after.system - used.user - used.system
    return Load(latencies_s, wall_s, cpu_s, failures)
