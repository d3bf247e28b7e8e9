"""What an operator does on the command line, on a real store; and what is said when it cannot be done."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text as sql

from anlan.app import House
from anlan.center.funds import Count, Funds
from anlan.cli import COMMANDS, main
from anlan.domain.lists import ListEntry
from anlan.settings import Settings, read_settings
from anlan.store.audit import latest_entries
from anlan.store.database import Database

GOOD = """
- id: test.long_message
  on: message.sent
  when: text_length >= 10 AND NOT sender_is_blocked
  because: "{text_length:.0f} characters"
  reason: {zh: 消息过长。, en: The message is long.}
  category: noise
  then: [{warn: {}}]
  examples:
    - {given: {text_length: 12, sender_is_blocked: false}, hits: true}
    - {given: {text_length: 3}, hits: false}
"""


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every command works in a folder of its own."""
    monkeypatch.setenv("ANLAN_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "var"


@pytest.fixture
def migrated() -> None:
    assert anlan("migrate").exit_code == 0


def anlan(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def done(*arguments: str | Path) -> str:
    """The standard output of a command that must succeed."""
    result = anlan(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def acts() -> list[str]:
    settings = read_settings()
    database = Database(settings.store_url, bytes(32))
    with database.read() as connection:
        found = [entry.act for entry in latest_entries(connection)]
    database.close()
    return found[::-1]


def refused(result: Result, said: str) -> None:
    """One clear line and exit code 2."""
    assert result.exit_code == 2, result.output
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


def test_a_key_is_made_listed_and_revoked(migrated: None) -> None:
    secret = done("key", "create", "our chat", "--scope", "events:write", "--rate", "50")
    assert secret.startswith("anlan_")
    listed = done("key", "list")
    assert secret not in listed
    (line,) = [line for line in listed.splitlines() if "our chat" in line]
    assert "50/s" in line
    done("key", "revoke", line.split()[0])
    refused(anlan("key", "revoke", line.split()[0]), "no key")
    assert acts() == ["key.create", "key.revoke"]


def test_staff_get_one_time_passwords(migrated: None) -> None:
    first = done("staff", "add", "lin", "--role", "analyst", "--role", "reviewer")
    second = done("staff", "reset", "lin", "--authenticator")
    assert len(first) == len(second) == 19
    assert first != second
    assert "analyst reviewer" in done("staff", "list")
    refused(anlan("staff", "add", "lin", "--role", "admin"), "choose another name")
    refused(anlan("staff", "reset", "nobody"), "nobody is named")
    assert anlan("staff", "add", "mo", "--role", "emperor").exit_code == 2
    assert acts() == ["staff.add", "staff.reset"]


def test_an_endpoint_is_registered_rotated_and_switched(migrated: None) -> None:
    refused(anlan("endpoint", "add", "http://127.0.0.1/hook"), "must begin with https://")
    secret = done("endpoint", "add", "https://platform.example/hook", "--kind", "action")
    (line,) = [line for line in done("endpoint", "list").splitlines() if "platform.example" in line]
    endpoint_id = line.split()[0]
    rotated = done("endpoint", "rotate", endpoint_id)
    assert rotated.startswith("whsec_")
    assert rotated != secret
    assert done("endpoint", "rotate", endpoint_id, "--end") == ""
    done("endpoint", "disable", endpoint_id)
    assert " no " in done("endpoint", "list")
    done("endpoint", "enable", endpoint_id)
    refused(anlan("endpoint", "disable", "ep_none"), "no endpoint ep_none")
    assert "Dead letters" in done("dead-letters", "list")
    assert "0 messages" in anlan("dead-letters", "replay").stderr
    assert acts() == [
        "endpoint.add", "endpoint.rotate", "endpoint.rotated", "endpoint.disable", "endpoint.enable",
        "deliveries.replay",
    ]


def test_a_backup_restores_into_an_empty_folder(
    migrated: None, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done("key", "create", "kept")
    done("backup", tmp_path / "all.tar")
    refused(anlan("backup", tmp_path / "all.tar"), "is there already")
    refused(anlan("restore", tmp_path / "all.tar"), "not empty")
    refused(anlan("restore", tmp_path / "none.tar"), "no backup at")
    monkeypatch.setenv("ANLAN_DATA_DIR", str(tmp_path / "second"))
    (tmp_path / "second").mkdir()
    (tmp_path / "second/secret.key").write_bytes((data_dir / "secret.key").read_bytes())
    done("restore", tmp_path / "all.tar")
    assert "kept" in done("key", "list")


def test_what_cannot_be_done_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    refused(anlan("key", "list"), "run `anlan migrate`")
    monkeypatch.setenv("ANLAN_PORT", "eighty")
    refused(anlan("key", "list"), "ANLAN_PORT")
    monkeypatch.delenv("ANLAN_PORT")
    monkeypatch.setenv("ANLAN_DATABASE_URL", "mysql://nowhere/x")
    refused(anlan("migrate"), "no support for mysql")


def test_commands_are_listed_without_loading_them_and_each_is_there() -> None:
    listed = "from anlan.cli import main; import sys; main(['-h'], standalone_mode=False); print([*sys.modules])"
    shown = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True).stdout
    assert "'anlan.cli'" in shown
    assert "'anlan.commands" not in shown
    for name in COMMANDS:
        assert f"\n  {name} " in shown
        assert done(name, "--help").startswith("Usage: ")


def test_signals_are_listed_for_people_and_programs() -> None:
    assert "消息" in done("signals", "--language", "zh")
    lines = [json.loads(line) for line in done("signals", "--on", "account.login", "--json").splitlines()]
    types = {line["name"]: line["type"] for line in lines}
    assert types["result"] == "text"
    assert "text_fraud_score" not in types
    refused(anlan("signals", "--on", "nothing"), "no event type")


def test_policies_are_checked_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    refused(anlan("policy", "check", tmp_path), "holds no .yaml file")
    folder.mkdir()
    (folder / "good.yaml").write_text(GOOD, "utf-8")
    assert anlan("policy", "check", folder).exit_code == 0
    bad = GOOD.replace("text_length >= 10", "text_lenght >= 10") + GOOD.replace("warn", "wran")
    (folder / "bad.yaml").write_text(bad, "utf-8")
    (folder / "worse.yaml").write_text("- [", "utf-8")
    result = anlan("policy", "check", folder)
    assert result.exit_code == 1
    assert "did you mean text_length?" in result.stdout
    assert "no action 'wran'" in result.stdout
    assert "worse.yaml: not YAML" in result.stdout
    assert "1 policies are fine, 3 are not" in result.stderr
    (folder / "binary.yaml").write_bytes(b"\xff\xfe")
    refused(anlan("policy", "check", folder), "cannot read")


def test_examples_are_run_and_a_wrong_one_fails(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(GOOD, "utf-8")
    assert "hits" in done("policy", "test", path)
    path.write_text(GOOD.replace("hits: true", "hits: false"), "utf-8")
    result = anlan("policy", "test", path)
    assert result.exit_code == 1
    assert "test.long_message" in result.stdout


def test_a_policy_is_explained_on_an_event_in_a_file(tmp_path: Path) -> None:
    policy, event = tmp_path / "policy.yaml", tmp_path / "event.json"
    policy.write_text(GOOD, "utf-8")
    event.write_text(json.dumps(message("1", "a very long message")), "utf-8")
    shown = done("policy", "explain", policy, "--event", event)
    assert "✓ text_length >= 10" in shown
    assert "text_length = 19" in shown
    refused(anlan("policy", "explain", tmp_path / "none.yaml", "--event", event), "is no file")
    event.write_text("{}", "utf-8")
    refused(anlan("policy", "explain", policy, "--event", event), "invalid_event")


def message(number: str, text: str) -> dict[str, Any]:
    data = {"sender": "a1", "text": text}
    return {"specversion": "1.0", "id": number, "source": "im", "type": "message.sent", "data": data}


async def judge_in_house(*texts: str) -> str:
    """Judge these messages as the server would; the key of the last."""
    house = House(Settings())
    house.lists.add([ListEntry(list="l", entity="account:a1", purpose="block", owner="me", source="test")])
    house.reload_lists()
    await house.start()
    for number, text in enumerate(texts):
        answer = await house.intake.accept(json.dumps(message(str(number), text)).encode())
    await house.stop()
    return str(json.loads(answer)["decision"])


def test_the_journal_is_asked_and_a_stored_decision_explained(tmp_path: Path) -> None:
    decision = asyncio.run(judge_in_house("hi", "ten characters", "hello there everybody", "见一面"))
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    loud = GOOD.replace("NOT sender_is_blocked", "sender_is_blocked").replace("blocked: false", "blocked: true")
    old.write_text(loud, "utf-8")
    new.write_text(loud.replace(">= 10", ">= 15").replace("12", "16"), "utf-8")

    report = done("policy", "backtest", old, "--since", "1d")
    assert "4 events" in report
    assert "14 characters" in report
    assert "回测" in done("policy", "backtest", old, "--language", "zh")
    assert "test.long_message" in done("policy", "diff", old, new)
    refused(anlan("policy", "backtest", old, "--since", "soon"), "--since is a number")

    shown = done("policy", "explain", decision, "--language", "zh")
    assert "✓" in shown
    assert "traffic.blocked_sender" in shown
    assert acts()[-1] == "decision.personal"
    refused(anlan("policy", "explain", "0" * 32), "no event has the key")
    refused(anlan("policy", "explain", "what?"), "no event has the key")


@pytest.mark.usefixtures("migrated")
def test_an_audit_of_the_ledger_prints_what_adds_up_and_fails_when_something_does_not() -> None:
    settings = read_settings()
    database = Database(settings.store_url, bytes(32))
    Funds(database).register("account:a1", (Count(kind="wallet", unit="CNY", title="w", amount=12_345),), 1.0, "key:p")
    assert "12,345" in done("funds", "audit")
    with database.write() as connection:
        connection.execute(sql("UPDATE ledger_lines SET amount = amount + 1 WHERE amount > 0"))
    broken = anlan("funds", "audit")
    assert broken.exit_code == 1
    assert "a transaction does not sum to zero" in broken.stdout
    database.close()


def test_reports_are_imported_once_and_bad_lines_are_named(migrated: None, tmp_path: Path) -> None:
    lines = ['{"reporter": "a", "reason": "spam", "target": "account:b"}', "", "{nonsense", '{"reporter": "a"}']
    (tmp_path / "reports.ndjson").write_text("\n".join(lines), "utf-8")
    told = anlan("reports", "import", str(tmp_path / "reports.ndjson"))
    assert "1 filed, 0 known already, 2 refused" in told.output
    assert "line 3: " in told.output
    assert "0 filed, 1 known already" in anlan("reports", "import", str(tmp_path / "reports.ndjson")).output
