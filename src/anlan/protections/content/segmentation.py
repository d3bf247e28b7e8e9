"""Decides where the words of a text begin and end.

The segmenter keeps a dictionary of 33 MB in memory, which a house that has no use for it does not pay for: it is loaded
when a term first asks for whole words, or somebody for an explanation.
"""

from functools import cache
from importlib import import_module
from typing import Any


def words(text: str) -> list[str]:
    """The words of `text`, and what stands between them, in order; together they are the text."""
    found: list[str] = _segmenter().cut(text)
    return found


@cache
def _segmenter() -> Any:
    return import_module("rjieba")
