"""`anlan llm bench`: prompts measured on labelled texts, against an endpoint whose answers are known."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from scripted_chat import ScriptedChat, judged_clean, judged_fraud, said

from anlan.cli import main
from anlan.errors import InvalidRequest
from anlan.models.llm.bench import Bench, Labelled, Said, compare, read_labelled

ROWS = [
    ("先垫付后返本", "fraud"), ("刷单日结", "fraud"), ("今晚吃什么", "normal"), ("明天见", "normal"),
    ("你这个脑残", "abuse"),
]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "labelled.jsonl"
    lines = [json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in ROWS]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def run(chat: ScriptedChat | None, *arguments: str, **settings: str) -> Result:
    own = {"ANLAN_LLM_URL": chat.url, "ANLAN_LLM_MODEL": "toy", "ANLAN_LLM_AT_ONCE": "1"} if chat else {}
    return CliRunner().invoke(main, ["llm", "bench", *arguments], env={**own, **settings, "COLUMNS": "200"})


def text_of(request: dict[str, Any]) -> str:
    (line,) = [line for line in request["messages"][-1]["content"].splitlines() if line.startswith("{")]
    return str(json.loads(line)["text"])


def careful(request: dict[str, Any]) -> bytes:
    """A model that knows fraud and nothing else."""
    text = text_of(request)
    return judged_fraud(text) if text in ("先垫付后返本", "刷单日结") else judged_clean()


def sloppy(request: dict[str, Any]) -> bytes:
    """A model that makes its evidence up, and is not sure of greetings."""
    odd = {"先垫付后返本": judged_fraud("编造的引文"), "明天见": judged_clean(0.2)}
    return odd.get(text_of(request), careful(request))


def test_a_prompt_is_measured_and_compared(labelled: Path, tmp_path: Path) -> None:
    script = [(200, careful)] * len(ROWS) + [(200, sloppy)] * len(ROWS)
    out = tmp_path / "wrong.jsonl"
    with ScriptedChat(*script) as chat:
        ran = run(
            chat, "--labelled", str(labelled), "--prompt", "grey_band", "--prompt", "grey_band_examples",
            "--disagreements", str(out), ANLAN_LLM_PRICE_IN_PER_MILLION="10",
        )
    assert ran.exit_code == 1, ran.output
    first, second = ran.output.split("toy grey_band_examples@1", 1)
    assert ["fraud", "2", "1.00", "1.00", "1.00"] in [line.split() for line in first.splitlines()]
    assert ["abuse", "1", "0.00", "0.00", "0.00"] in [line.split() for line in first.splitlines()]
    assert "answered 5 of 5; 5 calls, 500 tokens in, 100 out, cost 0.0050" in first
    assert ["fraud", "2", "1.00", "0.50", "0.67"] in [line.split() for line in second.splitlines()]
    assert "no answer: void_quote 1" in second
    assert "no answer: unsure 1" in second
    assert "right alone 0 against 2 rows" in second
    wrong = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(row["text"], row["said"], row["reason"]) for row in wrong] == [
        ("你这个脑残", "normal", None), ("先垫付后返本", "no answer", "void_quote"), ("明天见", "no answer", "unsure"),
        ("你这个脑残", "normal", None),
    ]


def test_the_exit_code_says_whether_it_was_whole_and_good_enough(labelled: Path) -> None:
    with ScriptedChat((200, careful)) as chat:
        assert run(chat, "--labelled", str(labelled), "--limit", "4").exit_code == 0
        assert run(chat, "--labelled", str(labelled), "--min-f1", "0.9").exit_code == 1
        assert len(chat.requests) == 4 + 5, "without a cache"
        chat.script = [(200, said("no"))]
        assert run(chat, "--labelled", str(labelled)).exit_code == 2


def test_what_cannot_be_run_says_why(labelled: Path, tmp_path: Path) -> None:
    missing = run(None, "--labelled", str(labelled), ANLAN_LLM_URL="")
    assert (missing.exit_code, "ANLAN_LLM_URL" in missing.output) == (2, True)
    with ScriptedChat((200, careful)) as chat:
        strange = run(chat, "--labelled", str(labelled), "--prompt", "poem")
        assert (strange.exit_code, "no prompt is called" in strange.output) == (2, True)
        assert not chat.requests


@pytest.mark.parametrize(
    ("line", "says"),
    [(b"not json", "line 2"), (b'{"text": "a"}', "line 2"), (b'{"text": "a", "label": "war"}', "none of"),
     (b"\xff", "line 2")],
)
def test_a_labelled_file_is_read_or_refused_by_line(line: bytes, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        read_labelled([b'{"text": "a", "label": "normal"}', line])


def test_an_empty_labelled_file_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no labelled text"):
        read_labelled([b"", b" "])


def bench(*said: str) -> Bench:
    rows = tuple(Labelled("x", "fraud") for _ in said)
    return Bench("v", rows, tuple(Said(one, None, 1.0) for one in said), 0, 0, 0, 0.0, 1.0)


def test_a_difference_comes_with_its_chance() -> None:
    good, bad = bench(*["fraud"] * 10), bench(*["normal"] * 10)
    assert compare(good, bad) == (10, 0, pytest.approx(2 / 1024))
    assert compare(good, good) == (0, 0, 1.0)
    assert good.scores["fraud"] == (10, 1.0, 1.0, 1.0)
    assert bad.scores["normal"] == (0, 0.0, 0.0, 0.0)
    assert (good.macro_f1, bad.macro_f1) == (1.0, 0.0)
    assert good.latency_s == (1.0, 1.0)
