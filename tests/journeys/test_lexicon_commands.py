"""What an operator does with the lexicon on the command line."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from anlan.cli import main
from anlan.domain.term_table import read_terms
from anlan.settings import read_settings
from anlan.store.database import Database
from anlan.store.lexicon import LexiconBook

TABLE = "term,category,severity,allow_phrases\n新黑话,fraud,2,新黑话研究\n[bold]x,abuse,1,\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANLAN_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "terms.csv").write_text(TABLE, "utf-8")
    return tmp_path


def anlan(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_a_table_is_checked(folder: Path) -> None:
    assert anlan("lexicon", "check", "terms.csv").exit_code == 0
    (folder / "bad.csv").write_text(TABLE + "甲,nonsense,2,\n", "utf-8")
    told = anlan("lexicon", "check", "bad.csv")
    assert (told.exit_code, "line 4" in told.output) == (1, True)
    (folder / "bad.csv").write_bytes("词".encode("gb18030"))
    assert anlan("lexicon", "check", "bad.csv").exit_code == 2


def test_terms_are_proposed_approved_and_exported(folder: Path) -> None:
    assert anlan("migrate").exit_code == 0
    told = anlan("lexicon", "import", "terms.csv", "--why", "forum")
    assert (told.exit_code, "change 1 with 2 terms" in told.output) == (0, True)
    assert anlan("lexicon", "import", "terms.csv", "--why", " ").exit_code == 2
    assert anlan("lexicon", "test", "说新黑话").exit_code == 1
    database = Database(read_settings().store_url, bytes(range(32)))
    LexiconBook(database).approve(1, "staff:zhou")
    database.close()
    told = anlan("lexicon", "test", "說 新*黑*话")
    assert (told.exit_code, "新黑话" in told.output, "fraud" in told.output) == (0, True, True)
    assert anlan("lexicon", "test", "新黑话研究").exit_code == 1
    own = read_terms(anlan("lexicon", "export", "--own").output)
    assert {term.text for term in own} == {"新黑话", "[bold]x"}
    assert anlan("lexicon", "export", "--out", "all.csv").exit_code == 0
    assert len(read_terms((folder / "all.csv").read_text("utf-8"))) > 1_000
    (folder / "words.txt").write_text("词一\n词二\n", "utf-8")
    told = anlan("lexicon", "import", "words.txt", "--why", "forum", "--category", "porn", "--severity", "1")
    assert "change 2 with 2 terms" in told.output


def test_a_text_is_looked_up_in_a_file() -> None:
    told = anlan("lexicon", "test", "a [bold]x b", "--file", "terms.csv")
    assert (told.exit_code, "[bold]x" in told.output) == (0, True)
    assert anlan("lexicon", "test", "没有", "--file", "terms.csv").exit_code == 1
