"""Ports for servers that tests start: free, and nobody else's until the process ends."""

import socket
from contextlib import suppress

FIRST, LAST = 20_000, 32_000
"""Below those from which a machine gives ports to whoever asks for any."""
HOST = "127.0.0.1"
_held: list[socket.socket] = []


def hold_port() -> int:
    """A TCP port that is free. Its namesake of UDP is held, so that no other process of tests chooses it too.

    Raises:
        RuntimeError: there is none.
    """
    for port in range(FIRST, LAST):
        claim = socket.socket(type=socket.SOCK_DGRAM)
        with suppress(OSError), socket.socket() as probe:
            claim.bind((HOST, port))
            probe.bind((HOST, port))
            _held.append(claim)
            return port
        claim.close()
    raise RuntimeError(f"no port between {FIRST} and {LAST} is free")
