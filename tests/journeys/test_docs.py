"""What the READMEs tell people to type works, word for word, and every link in the docs leads somewhere.

Blocks marked `sh` are run, one shell a document; those that set up, serve or never end are marked `console`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import Served

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", ROOT / "README.zh.md"]
ALL = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
ADDRESS = "http://127.0.0.1:8030"


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of one language, indentation removed."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [re.sub(f"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("docs")
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    with Served(folder) as running:
        yield running


@pytest.mark.skipif(shutil.which("curl") is None, reason="the READMEs speak to the API with curl")
@pytest.mark.parametrize("path", READMES, ids=lambda path: path.stem)
def test_what_people_are_told_to_type_works(path: Path, served: Served) -> None:
    script = "\n".join(blocks(path, "sh")).replace(ADDRESS, served.url).replace("curl ", "curl --fail-with-body ")
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=served.folder, env=served.environment, capture_output=True,
        text=True, check=False, timeout=170,
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert '"verdict":"warn"' in ran.stdout
    assert "content.fraud_leads_elsewhere" in ran.stdout
    judged = [json.loads(line) for line in (served.folder / "verdicts.jsonl").read_text("utf-8").splitlines()]
    assert [line["signals"]["text_category"] for line in judged] == ["normal", "gambling"]


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text("utf-8"))
    missing = [link for link in targets if "://" not in link and not os.path.exists(path.parent / link)]
    assert not missing


def test_the_map_names_files_that_exist() -> None:
    text = (ROOT / "docs" / "map.md").read_text("utf-8")
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_0-9]+\.(?:py|yaml))`", text))
    places = [ROOT / "src" / "anlan", ROOT]
    assert named
    assert not [name for name in named if not any((place / name).exists() for place in places)]
