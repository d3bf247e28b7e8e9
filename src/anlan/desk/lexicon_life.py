"""The life of the lexicon as people lead it: a change is proposed with a reason and takes effect by a second person."""

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import NamedTuple

import msgspec

from anlan.domain.ports import TermSearch
from anlan.domain.terms import Term
from anlan.errors import InvalidTerm, NotFound
from anlan.store.lexicon import Edit, LexiconBook

_ORIGIN = ("owner", "source", "licence")


class Entry(NamedTuple):
    """A term as it stands, by its key.

    Attributes:
        is_own: operators added or changed or retired it; else it is as it was shipped.
        version: the lexicon's that brought it about; 0 as shipped.
    """

    key: str
    term: Term
    is_retired: bool = False
    is_own: bool = False
    version: int = 0

    def state(self, now: float) -> str:
        """`active`, `expired` or `retired`."""
        if self.is_retired:
            return "retired"
        return "expired" if self.term.expires_at is not None and self.term.expires_at <= now else "active"


class Edition(NamedTuple):
    """The lexicon as a whole at one version; entries in order, those that were shipped first."""

    version: int
    entries: Mapping[str, Entry]

    def terms(self) -> list[Term]:
        """What is looked for; expired ones too, because events may come late."""
        return [entry.term for entry in self.entries.values() if not entry.is_retired]


class LexiconLife:
    """Reads the lexicon as a whole, proposes changes of it and decides them."""

    def __init__(self, book: LexiconBook, search: TermSearch) -> None:
        self.book = book
        self.search = search
        self._shipped = {key: Entry(key, term) for term in search.shipped if (key := search.key_of(term.text))}
        self._edition = Edition(0, self._shipped)
        self._reading = Lock()

    def edition(self) -> Edition:
        """The lexicon now; read anew only when a change was approved."""
        with self._reading:
            version = self.book.version()
            if version != self._edition.version:
                own = {
                    one.key: Entry(one.key, one.term, one.is_retired, is_own=True, version=one.version)
                    for one in self.book.layer()
                }
                self._edition = Edition(version, {**self._shipped, **own})
            return self._edition

    def entry(self, key: str) -> Entry:
        """One term.

        Raises:
            NotFound: the lexicon never had it.
        """
        found = self.edition().entries.get(key)
        if found is None:
            raise NotFound(f"the lexicon has no term {key}", zh=f"词库里没有词条“{key}”")
        return found

    def propose(self, author: str, why: str, terms: Iterable[Term] = (), retire: Iterable[str] = ()) -> int:
        """Hand in a change for a second person; its number. A term of a standing key takes that one's place.

        Args:
            retire: keys.

        Raises:
            InvalidTerm: no reason, an unusable term, or nothing would change.
            NotFound: a key that the lexicon does not have.
        """
        if not why.strip():
            raise InvalidTerm("say why, for whoever reviews this", zh="请写明理由，供复核的人参考")
        edition = self.edition()
        edits = self.edits(edition, terms, retire, author)
        if not edits:
            raise InvalidTerm(
                "nothing would change: the lexicon says this already", zh="没有变化：词库里已经是这样了"
            )
        return self.book.propose(author, why.strip(), edition.version, edits)

    def edits(self, edition: Edition, terms: Iterable[Term], retire: Iterable[str], author: str) -> list[Edit]:
        """What would change, in order of key; whoever proposes a term without an owner owns it.

        Raises:
            InvalidTerm, NotFound: see `propose`.
        """
        made: dict[str, Edit] = {}
        for term in terms:
            key = self.search.key_of(term.text)
            if not key:
                raise InvalidTerm(
                    f"nothing is left of {term.text!r} after folding", zh=f"“{term.text}”归一之后什么也不剩"
                )
            before = _standing(edition, key)
            after = _with_origin(term, before)
            if before != after:
                made[key] = Edit(key, before, after if after.owner else msgspec.structs.replace(after, owner=author))
        for key in retire:
            before = _standing(edition, key)
            if before is None:
                raise NotFound(f"the lexicon has no term {key} to retire", zh=f"词库里没有可下线的词条“{key}”")
            made[key] = Edit(key, before, None)
        return [made[key] for key in sorted(made)]

    def approve(self, number: int, by: str, said: str = "", preview: bytes | None = None) -> int:
        """See `LexiconBook.approve`; put the new edition in force afterwards."""
        return self.book.approve(number, by, said, preview)

    def reject(self, number: int, by: str, said: str) -> None:
        """Turn a change down with a reason, or take one's own back.

        Raises:
            InvalidTerm: no reason.
            NotFound, Conflict: see `LexiconBook.approve`.
        """
        if by != self.book.change(number).author and not said.strip():
            raise InvalidTerm("say why, so that the author can do better", zh="请写明理由，方便提出的人改进")
        self.book.reject(number, by, said.strip())


def _with_origin(term: Term, before: Term | None) -> Term:
    """A term that does not say where it comes from keeps what was said before."""
    said = {name: getattr(term, name) or getattr(before, name, "") for name in _ORIGIN}
    return msgspec.structs.replace(term, **said)


def _standing(edition: Edition, key: str) -> Term | None:
    entry = edition.entries.get(key)
    return None if entry is None or entry.is_retired else entry.term


def changed_terms(edits: Sequence[Edit]) -> tuple[list[Term], list[Term]]:
    """(the terms that a change takes away or alters, the terms that take their place)."""
    return (
        [edit.before for edit in edits if edit.before is not None],
        [edit.after for edit in edits if edit.after is not None],
    )
