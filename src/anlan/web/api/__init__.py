"""The API for platforms and engineers: the verdict route on plain ASGI, everything else on FastAPI."""
