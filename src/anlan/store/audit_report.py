"""What a look at the whole audit log finds: is the chain whole, and is what the desk's tables say borne out by it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog
from sqlalchemy.exc import IntegrityError

from anlan.domain.audit_chain import Anchor, Break, Walk, read_anchor
from anlan.errors import Unavailable
from anlan.store.audit import note, read_head, sealed_rows
from anlan.store.audit_witnesses import Doubt, Hearing, unlawful_sanctions
from anlan.store.database import Database
from anlan.store.marks import AUDIT, read_mark

log = structlog.get_logger(__name__)

ANCHOR_FILE = "audit.anchors"
ANCHOR_EVERY_S = 86_400.0


class AuditReport(msgspec.Struct, frozen=True):
    """What was found.

    Attributes:
        head: the last sound row.
        broken: the first row that is not as it was written.
        doubts: rows of the desk that the log does not bear out, rows after the break included.
    """

    head: Anchor
    broken: Break | None
    doubts: tuple[Doubt, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return self.broken is None and not self.doubts


def verify(database: Database, by: str, anchors: Sequence[Anchor] = ()) -> AuditReport:
    """Look at everything as it stands at one moment, and write down that it was looked at.

    Args:
        anchors: heads that were kept elsewhere.
    """
    with database.snapshot() as connection:
        walk, hearing = Walk(anchors), Hearing(connection)
        hearing.hear(walk.follow(sealed_rows(connection)))
        walk.end(read_mark(connection, AUDIT))
        report = AuditReport(walk.head, walk.broken, (*unlawful_sanctions(connection), *hearing.doubts()))
    broken_at = report.broken.seq if report.broken else None
    try:
        with database.write() as connection:
            note(connection, by, "audit.verify", "audit", {"broken_at": broken_at, "doubts": len(report.doubts)})
    except IntegrityError:  # a forged row stands where the next one would
        log.error("audit_not_written", reason="a row stands in the way of the next one")
    return report


class AnchorFile:
    """Heads of the log, one a line, in a file beside the database; whoever ships it elsewhere can prove a cut."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self.path = folder / ANCHOR_FILE
        self._next_at = 0.0

    def round(self, now: float) -> Anchor | None:
        """Add the head of the log once a day, if it moved; what was added."""
        if now < self._next_at:
            return None
        self._next_at = now + ANCHOR_EVERY_S
        return self.add()

    def add(self) -> Anchor | None:
        """Add the head of the log if the file does not end with it; what was added.

        Raises:
            Unavailable: the file cannot be written.
        """
        with self._database.read() as connection:
            head = read_head(connection)
        if head in self.read()[-1:] or head.seq == 0:
            return None
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"{head}\n")
        except OSError as error:
            raise Unavailable(f"cannot write {self.path}: {error.strerror}") from error
        return head

    def read(self) -> list[Anchor]:
        """Every head in the file, in order.

        Raises:
            InvalidRequest: a line is no anchor.
        """
        return read_anchors(self.path) if self.path.exists() else []


def read_anchors(path: Path) -> list[Anchor]:
    """The anchors of a file, one a line; blank lines do not count.

    Raises:
        InvalidRequest: a line is no anchor.
        Unavailable: the file cannot be read.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"cannot read {path}: {error}") from error
    return [read_anchor(line) for line in lines if line.strip()]
