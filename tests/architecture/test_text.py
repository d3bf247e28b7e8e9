"""What must not stand anywhere in the repository: a developer's own paths, a private package index, stray secrets."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from source_tree import ROOT

FORBIDDEN = {
    "a path of somebody's machine": re.compile(r"(?<![\w.:/$}-])/(?:home|root|Users|work|workspace|mnt)/[\w.]"),
    "a file outside the repository": re.compile(r"(?<![\w./])\.\./\.\./\.\./|(?<![\w./])\.\./shared\b"),
    "a package index of one's own": re.compile(r"--(?:extra-)?index-url|--find-links|--trusted-host"),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY"),
}
BINARY = {".png", ".npz", ".ico", ".woff2", ".gz", ".db", ".parquet"}
OWN = "tests/architecture/test_text.py"


def repository_files() -> Iterator[Path]:
    """What git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if name != OWN and path.suffix not in BINARY and path.is_file():
            yield path


def offences(text: str) -> list[str]:
    """What is wrong with a text, in words."""
    return [what for what, pattern in FORBIDDEN.items() if pattern.search(text)]


def test_nothing_forbidden_stands_in_the_repository() -> None:
    found = {
        str(path.relative_to(ROOT)): wrong
        for path in repository_files() if (wrong := offences(path.read_text("utf-8", "replace")))
    }
    assert not found


def test_each_kind_would_be_found() -> None:
    samples = [
        "open('/home/someone/x')", "see ../shared/notes.md", "pip install --extra-index-url https://wheels.example",
        "-----BEGIN EC PRIVATE KEY-----",
    ]
    assert [offences(sample) for sample in samples] == [[what] for what in FORBIDDEN]
    assert not offences("https://example.org/home/page and ${HOME}/root/x and /api/work")
