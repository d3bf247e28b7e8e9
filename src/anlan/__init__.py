"""Anlan: a self-hosted security center for chat and community platforms."""

__version__ = "0.1.0"
