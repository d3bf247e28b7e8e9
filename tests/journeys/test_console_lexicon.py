"""The lexicon's room over HTTP: a term is proposed, looked back for, approved by somebody else, and hits."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from consoled import Consoled, Visitor
from deskwork import until

from anlan.domain.keys import event_key
from anlan.domain.term_table import read_table
from anlan.store.audit import latest_entries

HOSTILE = "<script>alert(1)</script>{{7*7}}"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    made = Consoled(tmp_path_factory.mktemp("lexicon")).start()
    for name, role in (("lin", "analyst"), ("zhou", "analyst"), ("rui", "reviewer"), ("au", "auditor")):
        made.add_person(name, role)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def lin(console: Consoled) -> Visitor:
    return console.signed_in("lin")


@pytest.fixture(scope="module")
def zhou(console: Consoled) -> Visitor:
    return console.signed_in("zhou")


def say(console: Consoled, number: int, text: str) -> float | None:
    """Send a message; how many terms hit it."""
    event = {
        "specversion": "1.0", "id": f"lex-{number}", "source": "im", "type": "message.sent",
        "data": {"sender": f"u{number % 3}", "recipient": "r", "text": text},
    }
    console.do(console.house.intake.accept(msgspec.json.encode(event)))
    found = console.house.journal.find(event_key("im", f"lex-{number}"))
    assert found is not None
    return found.decision.signals.get("text_lexicon_hits")


def propose(visitor: Visitor, **cells: str) -> str:
    """The page of a proposed term's change."""
    answer = visitor.post("/lexicon/edit", **{"category": "fraud", "severity": "2", "why": "seen all week", **cells})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].split("?")[0]


def wait_for_look(visitor: Visitor, path: str) -> str:
    """The page once its look back has ended."""

    def look() -> str:
        page = visitor.get(path).text
        return "" if "Reading the journal" in page else unescape(page)

    return str(until(look))


def test_a_term_goes_from_proposal_to_hits(console: Consoled, lin: Visitor, zhou: Visitor) -> None:
    assert [say(console, number, f"第{number}次说暗语甲") for number in range(4)] == [0] * 4
    change = propose(lin, term="暗语甲", allow_phrases="暗语甲骨文\n研究暗语甲", whole_word="", languages="zh")
    own = wait_for_look(lin, change)
    assert "Hits gained" in own
    assert "You proposed this change" in own
    assert f'action="{change}/approve"' not in own
    assert "第1次" not in own
    assert lin.post(f"{change}/approve", note="").status_code == 409
    other = wait_for_look(zhou, change)
    assert f'action="{change}/approve"' in other
    shown = zhou.post(f"{change}/messages", form_on=change)
    assert "第3次说暗语甲" in shown.text
    assert zhou.post(f"{change}/approve", form_on=change).status_code == 303
    assert say(console, 10, "还说暗语甲") == 1
    assert say(console, 11, "我在研究暗语甲呢") == 0
    approved = unescape(zhou.get(change).text)
    assert "Hits gained" in approved
    assert "第3次" not in approved
    with console.house.database.read() as connection:
        acts = [entry.act for entry in latest_entries(connection) if entry.act.startswith("lexicon")]
    assert acts == ["lexicon.approve", "lexicon.personal", "lexicon.propose"]


def test_a_term_page_tells_rules_history_and_hits(console: Consoled, lin: Visitor) -> None:
    path = f"/lexicon/term?key={quote('暗语甲')}"
    page = unescape(lin.get(path).text)
    for part in ("暗语甲骨文", "Change 1", "seen all week", "Counted when you ask"):
        assert part in page
    assert lin.post("/lexicon/term/hits", key="暗语甲").status_code == 303
    assert "of 6 messages read" in wait_for_look(lin, path)


def test_a_change_is_turned_down_with_a_reason_or_taken_back(lin: Visitor, zhou: Visitor) -> None:
    change = propose(lin, term="太宽")
    assert zhou.post(f"{change}/reject", note=" ").status_code == 409
    assert zhou.post(f"{change}/reject", note="hits everything").status_code == 303
    assert "hits everything" in lin.get(change).text
    assert zhou.post(f"{change}/approve").status_code == 409
    own = propose(lin, term="想错了")
    assert lin.post(f"{own}/reject").status_code == 303
    assert "Taken back" in lin.get(own).text


def test_a_reviewer_may_propose_but_not_decide_and_an_auditor_only_reads(console: Consoled, lin: Visitor) -> None:
    rui, auditor = console.signed_in("rui"), console.signed_in("au")
    change = propose(rui, term="复核员的词")
    assert rui.post(f"{change}/approve").status_code == 403
    theirs = propose(lin, term="分析员的词")
    assert rui.post(f"{theirs}/reject", note="no").status_code == 409
    assert auditor.post("/lexicon/retire", key="刷单", why="x").status_code == 403
    assert auditor.post(f"{theirs}/messages").status_code == 403
    page = wait_for_look(auditor, theirs)
    assert f'action="{theirs}/reject"' not in page


def test_a_changed_text_retires_the_old_term(lin: Visitor, console: Consoled) -> None:
    change = propose(lin, term="暗语乙", key="暗语甲")
    edits = console.house.lexicon.book.edits(int(change.rsplit("/", 1)[1]))
    assert [(edit.key, edit.after is None) for edit in edits] == [("暗语乙", False), ("暗语甲", True)]


def test_many_terms_are_pasted_or_uploaded(console: Consoled, lin: Visitor) -> None:
    given = {"category": "gambling", "severity": "1", "source": "forum", "why": "spring list"}
    answer = lin.post("/lexicon/import", text="词一\n词二\n\n词一\n", **given)
    edits = console.house.lexicon.book.edits(int(answer.headers["location"].split("?")[0].rsplit("/", 1)[1]))
    assert [(edit.key, edit.after and edit.after.source) for edit in edits] == [("词一", "forum"), ("词二", "forum")]
    table = "term,category,severity,near\n词三,fraud,3,甲|乙\n词四,nonsense,1,\n"
    refused = lin.post("/lexicon/import", text=table, **given)
    assert (refused.status_code, "line 3" in refused.text, "词三" in refused.text) == (422, True, True)
    data = {"csrf": lin.token("/lexicon/import"), **given}
    mended = table.replace("nonsense", "porn").encode()
    sent = lin.http.post("/lexicon/import", data=data, files={"file": ("a.csv", mended)})
    assert sent.status_code == 303, sent.text
    bad = lin.http.post("/lexicon/import", data=data, files={"file": ("a.csv", "词".encode("gb18030"))})
    assert (bad.status_code, "UTF-8" in bad.text) == (422, True)
    assert lin.post("/lexicon/import", text="", **given).status_code == 422


def test_terms_are_found_filtered_paged_and_exported(console: Consoled, lin: Visitor) -> None:
    found = lin.get(f"/lexicon?find={quote('暗-语-甲')}").text
    assert "暗语甲" in found
    assert "1 term" in found
    assert "No term fits" in lin.get("/lexicon?find=qxwv").text
    assert "page 2 of" in lin.get("/lexicon?page=2").text
    assert lin.get("/lexicon?page=99999").status_code == 200
    table = read_table(lin.get("/lexicon/export?category=weapons").text)
    shipped = [term for term in console.house.workshop.lexicon.shipped if term.category == "weapons"]
    assert (len(table.terms), table.faults) == (len(shipped), ())
    assert {term.category for term in table.terms} == {"weapons"}


def test_hostile_terms_are_text(lin: Visitor, zhou: Visitor) -> None:
    change = propose(lin, term=HOSTILE, note=HOSTILE, why=HOSTILE, near=HOSTILE)
    wait_for_look(zhou, change)
    assert zhou.post(f"{change}/approve", form_on=change).status_code == 303
    key = "<script>alert(1)</script>{{7*7}}"
    for path in (change, "/lexicon?find=script", f"/lexicon/term?key={quote(key)}", "/lexicon/changes"):
        page = lin.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "49" not in page.text.split("<main")[1] or "{{7*7}}" in unescape(page.text)


def test_what_does_not_exist_says_so(lin: Visitor) -> None:
    for path in ("/lexicon/changes/999", "/lexicon/term?key=none", "/lexicon/edit?key=none"):
        assert lin.get(path).status_code == 404


def test_both_languages_have_every_page(console: Consoled, tmp_path: Path) -> None:
    console.add_person("mei", "analyst", language="zh")
    mei = console.signed_in("mei")
    for path, part in (
        ("/lexicon", "词库"), ("/lexicon/changes", "等待另一人复核"), ("/lexicon/changes/1", "新增命中"),
        ("/lexicon/edit", "无害短语"), ("/lexicon/import", "粘贴或导入"),
        (f"/lexicon/term?key={quote('暗语甲')}", "历史"),
    ):
        assert part in mei.get(path).text, path
