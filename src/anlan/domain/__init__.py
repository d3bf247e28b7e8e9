"""Frozen data and pure functions; imports nothing of ours but errors."""
