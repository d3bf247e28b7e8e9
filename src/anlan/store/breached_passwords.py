"""The passwords that are known to be known: their SHA-1 digests in one sorted file, asked by the first five digits.

The file is mapped, not read, so hundreds of millions of lines cost no memory. Whoever asks by a prefix learns the rest
by comparing at home, and we learn no password (k-anonymity).
"""

import heapq
import mmap
import re
import tempfile
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from hashlib import sha1
from pathlib import Path
from typing import BinaryIO

from anlan.errors import Damaged, InvalidRequest, NotFound

PREFIX_DIGITS = 5
_MAGIC = b"anlan passwords 1\n"
_DIGEST_BYTES, _COUNT_BYTES = 20, 4
_RECORD_BYTES = _DIGEST_BYTES + _COUNT_BYTES
_MAX_COUNT = 2 ** (8 * _COUNT_BYTES) - 1
RUN_RECORDS = 2_000_000
"""So many are sorted in memory at a time."""
_LINE = re.compile(rb"([0-9A-Fa-f]{40})(?::(\d{1,18}))?\s*")
_PREFIX = re.compile(rf"[0-9A-F]{{{PREFIX_DIGITS}}}")

STARTER = Path(__file__).with_name("common_passwords.set")
"""The ten thousand most used of a public list: to be in it says something, not to be in it nothing."""


class BreachedPasswords:
    """One open set.

    Args:
        is_whole: whether a password that is not in it counts as one that nobody knows.

    Raises:
        Damaged: the file is not what `write_set` makes.
    """

    def __init__(self, path: Path, *, is_whole: bool) -> None:
        self.is_whole = is_whole
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        body = len(self._bytes) - len(_MAGIC)
        if self._bytes[: len(_MAGIC)] != _MAGIC or body % _RECORD_BYTES:
            raise Damaged(f"{path} is not a set of passwords; make it anew with 'anlan passwords import'")
        self.count = body // _RECORD_BYTES

    def times_seen(self, password: str) -> int:
        """How often a password was seen; 0 when it is not in the set."""
        digest = _digest(password.encode())
        place = self._place_of(digest)
        if place == self.count or self._record(place)[:_DIGEST_BYTES] != digest:
            return 0
        return int.from_bytes(self._record(place)[_DIGEST_BYTES:])

    def suffixes(self, prefix: str) -> list[tuple[str, int]]:
        """What the digests that begin so go on with (35 digits), in order, and how often each was seen.

        Raises:
            InvalidRequest: not five hexadecimal digits.
        """
        prefix = prefix.upper()
        if not _PREFIX.fullmatch(prefix):
            raise InvalidRequest("ask by the first five hexadecimal digits of the SHA-1 digest")
        found = []
        for place in range(self._place_of(bytes.fromhex(prefix + "0")), self.count):
            record = self._record(place)
            digest = record[:_DIGEST_BYTES].hex().upper()
            if not digest.startswith(prefix):
                break
            found.append((digest[PREFIX_DIGITS:], int.from_bytes(record[_DIGEST_BYTES:])))
        return found

    def close(self) -> None:
        """Let go of the file."""
        self._bytes.close()

    def _record(self, place: int) -> bytes:
        start = len(_MAGIC) + place * _RECORD_BYTES
        return self._bytes[start : start + _RECORD_BYTES]

    def _place_of(self, digest: bytes) -> int:
        """Where the first record stands that is not before `digest`."""
        return bisect_left(range(self.count), digest, key=self._record)


def open_set(path: Path) -> BreachedPasswords:
    """The imported set, or what ships while there is none."""
    return BreachedPasswords(path, is_whole=True) if path.exists() else BreachedPasswords(STARTER, is_whole=False)


def write_set(lines: Iterable[bytes], path: Path) -> int:
    """Make the set at `path` of lines `SHA-1:count`, `SHA-1` or plain words, in any order; how many it holds.

    What was there stays until the new one is whole. Of the same password the greatest count is kept.

    Raises:
        NotFound: no line has anything in it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        runs = list(_sorted_runs(lines, Path(folder)))
        if not runs:
            raise NotFound("the file has no line with a password or a digest")
        made = Path(folder) / "set"
        with made.open("wb") as file:
            count = _write_merged(heapq.merge(*map(_read_run, runs)), file)
        made.replace(path)
    return count


def _sorted_runs(lines: Iterable[bytes], folder: Path) -> Iterator[Path]:
    records: list[bytes] = []
    for line in lines:
        record = _record_of(line)
        if record is not None:
            records.append(record)
        if len(records) == RUN_RECORDS:
            yield _write_run(records, folder)
            records = []
    if records:
        yield _write_run(records, folder)


def _write_run(records: list[bytes], folder: Path) -> Path:
    records.sort()
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        file.write(b"".join(records))
    return Path(file.name)


def _read_run(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=1 << 20) as file:
        while record := file.read(_RECORD_BYTES):
            yield record


def _write_merged(records: Iterator[bytes], file: BinaryIO) -> int:
    """Each digest once; the greatest count comes last among its equals."""
    file.write(_MAGIC)
    count, waiting = 0, b""
    for record in records:
        if waiting and waiting[:_DIGEST_BYTES] != record[:_DIGEST_BYTES]:
            file.write(waiting)
            count += 1
        waiting = record
    file.write(waiting)
    return count + 1


def _record_of(line: bytes) -> bytes | None:
    """A line's digest and count; None for an empty line."""
    hashed = _LINE.fullmatch(line)
    if hashed is not None:
        count = min(int(hashed[2] or 1), _MAX_COUNT)
        return None if count == 0 else bytes.fromhex(hashed[1].decode()) + count.to_bytes(_COUNT_BYTES)
    word = line.rstrip(b"\r\n")
    return _digest(word) + (1).to_bytes(_COUNT_BYTES) if word else None


def _digest(password: bytes) -> bytes:
    return sha1(password, usedforsecurity=False).digest()
