"""Whether a run of audit rows is as it was written: each seals the one before, and anchors pin some from outside."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from anlan.errors import InvalidRequest

BEGINNING = "0" * 64
"""What the first row continues."""

BreakKind = Literal["altered", "missing", "inserted", "truncated", "replaced"]
BREAKS: dict[BreakKind, dict[str, str]] = {
    "altered": {
        "en": "this row no longer says what was written: somebody changed it, or rows before it, by hand",
        "zh": "这一行已不是当初写下的内容：有人直接改动了它，或改动了它之前的行",
    },
    "missing": {
        "en": "a row is missing here: somebody deleted it",
        "zh": "这里缺了一行：有人删除了它",
    },
    "inserted": {
        "en": "this row does not continue the one before it: somebody put it in or wrote the rows anew",
        "zh": "这一行接不上前一行：有人插入了它，或重写了这些行",
    },
    "truncated": {
        "en": "the log ends too early: rows were written after its last one, and somebody deleted them",
        "zh": "日志结束得太早：最后一行之后本来还有记录，有人删除了它们",
    },
    "replaced": {
        "en": "an anchor that was kept elsewhere names another hash for this row: the chain was written anew",
        "zh": "另处保存的锚点为这一行记录了不同的哈希：整条链被重写过",
    },
}
"""What each kind of break means, for whoever found it."""


class SealedRow(msgspec.Struct, frozen=True):
    """One row with its seals; `at` is wall-clock seconds, `details` the exact bytes of its JSON."""

    seq: int
    at: float
    actor: str
    act: str
    subject: str
    details: msgspec.Raw
    previous: str
    hash: str


class Anchor(NamedTuple):
    """The head of the chain as it stood once: the number of its last row and that row's hash (64 hexadecimals)."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


class Break(NamedTuple):
    """The first row that is not as it was written."""

    seq: int
    kind: BreakKind


def seal(previous: str, seq: int, at: float, actor: str, act: str, subject: str, details: bytes) -> str:
    """The hash of a row: SHA-256 over the row before's hash and everything that this one says, in hexadecimals."""
    row = msgspec.json.encode([previous, seq, at, actor, act, subject])
    return hashlib.sha256(row + details).hexdigest()


def read_anchor(text: str) -> Anchor:
    """An anchor as it is printed, `<seq>:<hash>`; what follows after a blank is a remark.

    Raises:
        InvalidRequest: it is not of this form.
    """
    number, _, digest = text.split(maxsplit=1)[0].partition(":") if text.strip() else ("", "", "")
    if not number.isdecimal() or len(digest) != len(BEGINNING) or not set(digest) <= set("0123456789abcdef"):
        raise InvalidRequest(
            f"{text[:80]!r} is no anchor: write the row's number, a colon and its hash, as `anlan audit anchor` does"
        )
    return Anchor(int(number), digest)


class Walk:
    """A chain that is followed row by row, up to the first break.

    Args:
        anchors: heads that were kept elsewhere; those of rows before the first one followed are not asked.
        begins_anywhere: the rows are a part of the log, so the first one is taken as it stands.

    Attributes:
        head: the last row that was sound.
        broken: the first break, if any; `end` may find one more.
    """

    def __init__(self, anchors: Sequence[Anchor] = (), *, begins_anywhere: bool = False) -> None:
        self.head = Anchor(0, BEGINNING)
        self.broken: Break | None = None
        self._begins_anywhere = begins_anywhere
        self._anchors: Mapping[int, set[str]] = _by_row(anchors)

    def follow(self, rows: Iterable[SealedRow]) -> Iterator[SealedRow]:
        """Every row, as it is checked; those from the first break on are passed on unchecked."""
        for row in rows:
            if self.broken is None:
                self._check(row)
            yield row

    def _check(self, row: SealedRow) -> None:
        if self._begins_anywhere and self.head.seq == 0 and row.seq > 1:
            self.head = Anchor(row.seq - 1, row.previous)
        kind = self._fault(row)
        if kind is None:
            self.head = Anchor(row.seq, row.hash)
        else:
            self.broken = Break(self.head.seq + 1 if kind == "missing" else row.seq, kind)

    def end(self, written: int | None = None) -> None:
        """Say that no row follows, of `written` in all if that is known."""
        if self.broken is not None:
            return
        if max([written or 0, *self._anchors]) > self.head.seq:
            self.broken = Break(self.head.seq + 1, "truncated")
        elif written is not None and written < self.head.seq:
            self.broken = Break(written + 1, "inserted")

    def _fault(self, row: SealedRow) -> BreakKind | None:
        if row.seq > self.head.seq + 1:
            return "missing"
        if row.seq <= self.head.seq or row.previous != self.head.hash:
            return "inserted"
        if row.hash != seal(row.previous, row.seq, row.at, row.actor, row.act, row.subject, bytes(row.details)):
            return "altered"
        return "replaced" if self._anchors.get(row.seq, {row.hash}) != {row.hash} else None


def _by_row(anchors: Sequence[Anchor]) -> dict[int, set[str]]:
    known: dict[int, set[str]] = {}
    for one in anchors:
        known.setdefault(one.seq, set()).add(one.hash)
    return known
