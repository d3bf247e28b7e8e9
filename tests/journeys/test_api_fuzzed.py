"""Schemathesis reads the OpenAPI document, tries all that it says and all that it forbids, and finds nothing."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from served import Served

HERE = Path(__file__).parent
BUDGET_S = 30


@pytest.mark.timeout(240)
def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    with Served(tmp_path, COMMIT_BACKLOG="100000") as served:
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            "--config-file", str(HERE / "schemathesis.toml"), "run",
            f"{served.url}/openapi.json", "--header", f"Authorization: Bearer {served.new_key()}", "--checks", "all",
            "--max-time", str(BUDGET_S), "--max-examples", "5", "--seed", "20", "--no-shrink", "--continue-on-failure",
            "--request-timeout", "60", "--generation-database", "none", "--suppress-health-check", "all", "--no-color",
        ]
        hooks = {"SCHEMATHESIS_HOOKS": "body_hook", "PYTHONPATH": str(HERE)}
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, **hooks}, check=False
        )
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
        assert "request_failed" not in served.log
        tested = re.search(r"Selected: (\d+)/\1\s+Tested: \1", done.stdout)
        assert tested, done.stdout[-3000:]
        assert int(tested[1]) == sum(len(methods) for methods in served.document()["paths"].values())
