"""The guides are true: their commands run, their tables say what the code says, their answers have the real shape."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from served import Served

from anlan.domain.decisions import VerdictAnswer
from anlan.settings import Settings
from anlan.web.api.access import SCOPES
from anlan.web.api.problems import Problem

DOCS = Path(__file__).parents[2] / "docs"
HOW_TO = DOCS / "how-to"
GUIDES = (
    "connect-a-platform", "write-a-policy", "operate", "audit", "members-money", "members-pages", "sanctions",
    "members-reports", "account-owners", "stolen-accounts", "prove-an-account", "guard-a-login",
    "assistant",
)


def blocks(guide: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (HOW_TO / f"{guide}.md").read_text("utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("guides")
    (policy,) = blocks("write-a-policy", "yaml")
    (folder / "newcomers.yaml").write_text(policy, "utf-8")
    with Served(folder, PUBLIC_URL="http://guides.example") as running:
        yield running


@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("curl") is None, reason="the guides use curl")
@pytest.mark.parametrize("guide", GUIDES)
def test_the_commands_of_a_guide_run(served: Served, guide: str) -> None:
    script = "set -euo pipefail\n" + "\n".join(blocks(guide, "sh"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{served.environment['PATH']}"
    environment = {**served.environment, "PATH": path, "ANLAN_URL": served.url}
    done = subprocess.run(
        ["bash", "-c", script], env=environment, cwd=served.folder, capture_output=True, text=True, check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    verdicts = re.findall(r'"verdict":"(\w+)"', done.stdout)
    assert len(verdicts) >= {"connect-a-platform": 4}.get(guide, 0), done.stdout
    assert "urn:anlan:error" not in done.stdout.replace("urn:anlan:error:invalid_event", ""), done.stdout


def test_the_answers_in_the_guide_have_the_real_shape() -> None:
    verdict, problem = (json.loads(text) for text in blocks("connect-a-platform", "json"))
    assert json.loads(msgspec.json.encode(msgspec.convert(verdict, VerdictAnswer))) == verdict
    assert json.loads(msgspec.json.encode(msgspec.convert(problem, Problem))).items() <= problem.items()


def table_rows(text: str) -> set[tuple[str, ...]]:
    lines = (line for line in text.splitlines() if line.startswith("| "))
    return {tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines}


def test_the_settings_are_all_there_as_they_are() -> None:
    rows = table_rows((HOW_TO / "operate.md").read_text("utf-8"))
    for name, field in Settings.model_fields.items():
        assert field.description, name
        default = _say(field.default)
        assert (f"`ANLAN_{name.upper()}`", default and f"`{default}`", field.description) in rows
    written = {row[0] for row in rows if row[0].startswith("`ANLAN_")}
    assert len(written) == len(Settings.model_fields)


def _say(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else "" if default is None else str(default)


def test_the_scopes_are_all_there() -> None:
    rows = table_rows((HOW_TO / "operate.md").read_text("utf-8"))
    assert {(f"`{scope}`", title["en"]) for scope, title in SCOPES.items()} <= rows


def test_the_page_of_paths_is_the_document(served: Served) -> None:
    document = served.document()
    operations = {
        (f"{method.upper()} {path}", operation.get("security", [{"bearer": [""]}])[0]["bearer"][0])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    rows = table_rows((DOCS / "api.md").read_text("utf-8"))
    assert {(row[0].strip("`"), row[2].strip("`")) for row in rows if row[0].startswith("`")} == operations


def test_the_page_for_people_shows_every_path_and_schema(served: Served) -> None:
    document = served.document()
    page = httpx.get(f"{served.url}/docs", timeout=30)
    assert page.status_code == 200
    assert "script" not in page.headers["content-security-policy"]
    for path in document["paths"]:
        assert f" {path}</code>" in page.text
    places = set(re.findall(r'id="([^"]+)"', page.text))
    assert set(re.findall(r'href="#([^"]+)"', page.text)) <= places
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= places
    for asset in re.findall(r'href="(/static/[^"]+)"', page.text):
        assert httpx.get(served.url + asset, timeout=30).status_code == 200
