"""The text lab and the text model's page over HTTP: what they show, in both languages, and what they never do."""

import html
import re
from collections.abc import Iterator

import httpx
import pytest
from consoled import Consoled, Visitor

from anlan.domain.text_evidence import MAX_TEXT_CHARS
from anlan.store.audit import latest_entries
from anlan.web.console.text_samples import SAMPLES
from anlan.web.languages import language

FRAUD = "您好，我是快递客服，您的包裹丢失了，加QQ 12345678 给您双倍理赔，请不要告诉别人"
CHINESE = language("zh", "UTC")
HOSTILE = '"><script>alert(1)</script>{{7*7}}\u202e\u200b<img src=x onerror=alert(2)>'


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    made = Consoled(tmp_path_factory.mktemp("console")).start()
    made.live_through(hours=1.0, people=30)
    for role in ("engineer", "analyst", "reviewer", "service", "auditor"):
        made.add_person(f"one-{role}", role)
    made.add_person("zhang", "analyst", language="zh")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def reader(console: Consoled) -> Visitor:
    return console.signed_in("one-analyst")


def read(visitor: Visitor, text: str, **fields: str) -> httpx.Response:
    """Send the lab's form as a browser does, in parts."""
    fields = {"csrf": visitor.token("/account"), "text": text, **fields}
    return visitor.http.post("/texts", files={name: (None, value.encode()) for name, value in fields.items()})


def marked(page: str, style: str) -> str:
    """All characters that are marked with a style."""
    found = re.findall(rf'<mark class="[^"]*\b{style}\b[^"]*"[^>]*>(.*?)</mark>', page, re.DOTALL)
    return "".join(map(html.unescape, found))


def state(console: Consoled) -> tuple[int, object, list[int]]:
    engine = console.house.engine
    counted = [len(counter) for counter in console.house.workshop.counters.by_name.values()]
    return console.house.journal.last_seq(), dict(engine.stats.failures), counted


def test_a_text_is_read_scored_and_judged_without_leaving_a_trace(console: Consoled, reader: Visitor) -> None:
    before = state(console)
    page = read(reader, FRAUD).text
    assert "content.fraud_from_new_stranger" in page
    assert re.search(r"Registered yesterday</span>\s*<span class=\"verdict hold", page)
    assert "12345678" in marked(page, "extracted")
    assert "text_fraud_score" in page
    assert "Refund or delivery pretext" in page
    assert set("理赔") <= set(marked(page, "lit"))
    for _ in range(12):  # Twelve copies from one sender would be a burst, were they counted.
        assert "Registered yesterday</span>" in read(reader, FRAUD).text
    assert state(console) == before
    assert FRAUD not in str(reader.get("/texts").text), "nothing is remembered"


def test_a_text_is_read_in_chinese_too(console: Consoled) -> None:
    page = read(console.signed_in("zhang"), "你 这 个 傻*逼").text
    for words in ("Text lab", "What speaks for each score", "symbols between", "Registered yesterday", "Scores"):
        assert CHINESE.say(words) != words
        assert CHINESE.say(words) in page
    assert "傻" in marked(page, "fold")


def test_hostile_text_is_shown_and_not_obeyed(reader: Visitor) -> None:
    page = read(reader, HOSTILE).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "{{7*7}}" in page
    assert "⟨U+202E⟩" in page
    lines = read(reader, f"{HOSTILE}\n" * 3, lines="1").text
    assert "<script>alert" not in lines
    assert lines.count("⟨U+200B⟩") >= 3


@pytest.mark.parametrize(
    "text",
    ["我" * MAX_TEXT_CHARS, "👩‍👩‍👧‍👦🏳️‍🌈" * 2000, "مرحبا بالعالم " * 500, "a\u0301\u0301" * 5000, "\x00\x0b\r\n", " "],
)
def test_any_text_can_be_pasted(reader: Visitor, text: str) -> None:
    answer = read(reader, text)
    assert answer.status_code == 200
    assert "Something went wrong" not in answer.text


def test_a_text_that_is_too_long_is_refused_in_words(reader: Visitor) -> None:
    answer = read(reader, "x" * (MAX_TEXT_CHARS + 1))
    assert answer.status_code == 422
    assert "32,769" in answer.text


def test_twenty_disguises_stand_side_by_side(reader: Visitor) -> None:
    page = read(reader, "", sample="disguises").text
    assert len(SAMPLES["disguises"].text.splitlines()) == 20
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    assert table.count("<tr>") == 20
    assert set("刷单") <= set(marked(table, "lit"))
    many = read(reader, "你好\n" * 60, lines="1").text
    assert "20 more lines were left out" in many


def test_an_event_opens_in_the_lab_for_those_who_may_see_it(console: Consoled) -> None:
    said = "what only the two of them should know"
    key = console.block_a_message(said)
    reviewer = console.signed_in("one-reviewer")
    assert "Explain this text" in reviewer.get(f"/decisions/{key}").text
    page = reviewer.post("/texts", event=key)
    assert said in page.text
    assert "audit log under your name" in page.text
    with console.house.database.read() as connection:
        looks = [(one.actor, one.subject) for one in latest_entries(connection, 50) if one.act == "decision.personal"]
    assert looks == [("staff:one-reviewer", f"event:{key}")]
    engineer = console.signed_in("one-engineer")
    assert "Explain this text" not in engineer.get(f"/decisions/{key}").text
    refused = engineer.post("/texts", event=key)
    assert refused.status_code == 403
    assert said not in refused.text
    assert reviewer.post("/texts", event="0" * 32).status_code == 404
    assert console.signed_in("one-service").get("/texts").status_code == 403


def test_the_model_page_says_what_a_threshold_follows(console: Consoled, reader: Visitor) -> None:
    card = console.house.text_lab.card()
    page = reader.get("/model").text
    assert card.sha256 in page
    assert "What it does not know" in page
    shares = {}
    for threshold in ("0.10", "0.90"):
        page = reader.get(f"/model?category=abuse&set=cold&threshold={threshold}").text
        shares[threshold] = [
            float(value) for value in re.findall(r'data-out="(?:precision|recall|alarm_share|volume)">([\d.]+)%', page)
        ]
        assert f'value="{float(threshold)}"' in page
    (low_precision, low_recall, low_alarms, low_volume), (precision, recall, alarms, volume) = shares.values()
    assert low_precision < precision
    assert low_recall > recall
    assert low_alarms > alarms
    assert low_volume >= volume
    chinese = console.signed_in("zhang").get("/model?category=fraud").text
    assert CHINESE.say("A threshold, and what follows from it") in chinese
    assert CHINESE.say("Do the scores mean what they say?") in chinese


@pytest.mark.parametrize(
    "query", ["category=x", "set=x", "threshold=nan", "threshold=-9", "threshold=9", "set=cfever_dev_a"]
)
def test_the_model_page_takes_any_question(reader: Visitor, query: str) -> None:
    assert reader.get(f"/model?{query}").status_code == 200


def test_a_page_without_measurements_says_so(console: Consoled, monkeypatch: pytest.MonkeyPatch) -> None:
    card = console.house.text_lab.card()
    reader = console.signed_in("one-auditor")
    monkeypatch.setattr(console.house.text_lab, "card", lambda: type(card)(
        name=card.name, version="unavailable", sha256="", size=0, categories=(), texts={}, curves=None
    ))
    page = reader.get("/model").text
    assert "anlan train measure" in page
    assert "cannot be loaded" in page
