"""Where the lexicon in force stands: swapped while events are judged, and kept compiled so that a start is quick.

What is kept belongs to the code that compiled it: other folding, other automaton. What cannot be read is made anew.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import msgspec
import structlog

from anlan.domain.ports import HitChange
from anlan.domain.terms import Term
from anlan.protections.content.folding import fold
from anlan.protections.content.lexicon import Compiled, Lexicon, compile_terms, digest_of, folded_key

KEPT = 2
"""Lexicons in the folder: the one in force and the one before, for a process that still loads it."""

_DIGEST_BYTES = 32
_decode = msgspec.msgpack.Decoder(Compiled).decode

log = structlog.get_logger(__name__)


class LexiconShelf:
    """Holds the lexicon that messages are looked up in; also `domain.ports.TermSearch` for who keeps the lexicon.

    Attributes:
        lexicon: replaced whole; who reads it once has one lexicon throughout.
    """

    def __init__(self, shipped: Sequence[Term]) -> None:
        self.shipped = shipped
        self.lexicon = Lexicon(shipped)

    @property
    def version(self) -> str:
        """What decisions name."""
        return self.lexicon.hash[:16]

    def put(self, terms: Sequence[Term], folder: Path) -> None:
        """Look messages up in these terms from now on; `folder` keeps what is compiled of them."""
        self.lexicon = load_lexicon(terms, folder)

    def take(self, digest: str, folder: Path) -> bool:
        """Look messages up in the lexicon of this hash, if `folder` keeps it; False when nothing changed."""
        kept = _read(_path(digest, folder))
        if kept is None or kept.hash != digest:
            return False
        self.lexicon = Lexicon(kept)
        return True

    def key_of(self, text: str) -> str:
        """See `domain.ports.TermSearch`."""
        return folded_key(text)

    def compare(self, before: Sequence[Term], after: Sequence[Term]) -> Callable[[str, float], HitChange]:
        """See `domain.ports.TermSearch`."""
        old, new = Lexicon(before), Lexicon(after)

        def look(text: str, at: float) -> HitChange:
            folded = fold(text)
            had = frozenset([term.text for term in old.hits(folded, at)])
            has = frozenset([term.text for term in new.hits(folded, at)])
            return HitChange(has - had, had - has, had & has)

        return look


def load_lexicon(terms: Sequence[Term], folder: Path) -> Lexicon:
    """The lexicon of these terms: a fifth of a second for 100,000 that were compiled before, else about one."""
    digest = digest_of(terms)
    path = _path(digest, folder)
    kept = _read(path)
    if kept is not None and kept.hash == digest:
        return Lexicon(kept)
    compiled = compile_terms(terms)
    _write(path, compiled)
    return Lexicon(compiled)


def _path(digest: str, folder: Path) -> Path:
    """The code covers what is shipped too, so a hash that is remembered cannot outlive an upgrade."""
    return folder / f"{digest[:32]}-{_code()[:16]}.lexicon"


def _read(path: Path) -> Compiled | None:
    try:
        body = path.read_bytes()
        if hashlib.sha256(body[_DIGEST_BYTES:]).digest() != body[:_DIGEST_BYTES]:
            raise ValueError("altered since it was written")
        return _decode(body[_DIGEST_BYTES:])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        log.warning("lexicon_cache_unreadable", file=path.name, reason=str(error))
        return None


def _write(path: Path, compiled: Compiled) -> None:
    body = msgspec.msgpack.encode(compiled)
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(hashlib.sha256(body).digest() + body)
        partial.replace(path)
        newest_first = sorted(path.parent.glob("*.lexicon"), key=lambda one: one.stat().st_mtime, reverse=True)
        for old in newest_first[KEPT:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        log.warning("lexicon_cache_not_written", file=path.name, reason=str(error))


@cache
def _code() -> str:
    """SHA-256 of what folds and compiles: code and tables of this folder."""
    files = [path for path in sorted(Path(__file__).parent.rglob("*")) if path.is_file() and path.suffix != ".pyc"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
