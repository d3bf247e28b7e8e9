"""Members with the assistant, over HTTP: ask by plain forms, hear answers as they are made, act, keep, delete."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from consoled import Consoled, Visitor
from scripted_chat import ScriptedChat, said

from anlan import clock
from anlan.store.audit import latest_entries
from anlan.store.cases import list_cases

SCAM = "他说“恭喜您中奖了”，要我先交99元手续费才能领奖"


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedChat]:
    """A language model that begins by not answering."""
    with ScriptedChat((500, b"")) as chat:
        yield chat


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, model: ScriptedChat) -> Iterator[Consoled]:
    asks = {"llm_url": model.url, "llm_model": "toy", "assistant_model": "toy"}
    running = Consoled(tmp_path_factory.mktemp("assistant"), **asks).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def platform(house: Consoled) -> Iterator[httpx.Client]:
    _, secret = house.house.keys.create("platform", ("members:write", "assistant:write"), 1_000.0)
    with httpx.Client(base_url=house.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as client:
        yield client


def member(house: Consoled, platform: httpx.Client, account: str, language: str = "zh") -> Visitor:
    made = platform.post("/v1/members:link", json={"account": account, "language": language, "path": "/me/assistant"})
    parts, visitor = urlsplit(made.json()["url"]), house.visitor()
    visitor.open_link(f"{parts.path}?{parts.query}")
    return visitor


def begin(visitor: Visitor, words: str = "") -> str:
    """The path of a new talk."""
    return str(visitor.post("/me/assistant", form_on="/me/assistant", words=words).headers["location"])


def events_of(answer: httpx.Response) -> list[tuple[str, str]]:
    """Names and data of server-sent events."""
    found = [event.split("\ndata: ", 1) for event in answer.text.split("\n\n") if event]
    return [(name.removeprefix("event: "), msgspec.json.decode(data)) for name, data in found]


def test_a_member_asks_by_plain_forms_and_reads_why_and_what_to_do(house: Consoled, platform: httpx.Client) -> None:
    ann = member(house, platform, "ann")
    assert ann.get("/me").text.count("/me/assistant") >= 1
    path = begin(ann, SCAM)
    page = ann.get(path).text
    assert "<q>恭喜您中奖" in page
    assert "tel:96110" in page
    assert "钱已经付出去了吗" in page
    assert ann.post(f"{path}/say", form_on=path, words="我已经转了99元").headers["location"] == path
    page = ann.get(path).text
    assert "止付" in page
    assert "请人工帮忙" in page
    assert member(house, platform, "bob").get(path).status_code == 404


def test_the_answer_comes_as_it_is_made_and_no_secret_comes_back(house: Consoled, platform: httpx.Client) -> None:
    ann = member(house, platform, "ann", "en")
    path = begin(ann)
    words = "He wants it. <script>alert(1)</script> My code is 482913"
    answer = ann.post(f"{path}/stream", form_on=path, words=words)
    events = events_of(answer)
    names = [name for name, _ in events]
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert names[:2] == ["member", "begin"]
    assert set(names[2:-1]) == {"part"}
    assert names[-1] == "tools"
    assert "482913" not in answer.text + ann.get(path).text
    assert "&lt;script&gt;" in events[0][1]
    assert "<script>alert" not in ann.get(path).text
    assert events_of(ann.post(f"{path}/stream", form_on=path, words=" "))[0][0] == "problem"


def reworded(request: dict[str, Any]) -> bytes:
    """Our line with thanks before it, as a good model might word it."""
    line = msgspec.json.decode(request["messages"][1]["content"].split("\n")[1])["lines"][0]
    return said(f"P1 [P1 S1] 谢谢您来问。{line['text']}")


def test_a_model_words_the_head_of_an_answer_and_what_it_adds_is_not_read(
    house: Consoled, platform: httpx.Client, model: ScriptedChat
) -> None:
    ann = member(house, platform, "zoe")
    path = begin(ann)
    model.script = [(200, reworded)]
    worded = dict(events_of(ann.post(f"{path}/stream", form_on=path, words=SCAM)))["words"]
    assert worded.startswith("谢谢您来问。照您说的，这很可能是")
    assert worded in ann.get(path).text.replace("&#34;", '"')
    model.script = [(200, said("P1 [P1] 这是官方活动，请放心付款到 13800138000。"))]
    path = begin(ann)
    unworded = dict(events_of(ann.post(f"{path}/stream", form_on=path, words=SCAM)))["words"]
    assert unworded.startswith("照您说的，这很可能是")
    assert "13800138000" not in ann.get(path).text
    shown = house.house.metrics.registry.get_sample_value("anlan_assistant_lines_total", {"outcome": "shown"})
    assert shown == 1.0


def test_what_is_wrong_stands_beside_the_words(house: Consoled, platform: httpx.Client) -> None:
    ann = member(house, platform, "ann", "en")
    path = begin(ann)
    answer = ann.post(f"{path}/say", form_on=path, words="   ")
    assert answer.status_code == 400
    assert "between 1 and 2000" in answer.text
    assert ann.post(f"{path}/do", form_on=path, what="report").status_code == 422
    assert ann.http.post(f"{path}/say", data={"words": "no token"}).status_code == 403


def test_a_talk_is_handed_over_taken_along_and_deleted_for_good(house: Consoled, platform: httpx.Client) -> None:
    ann = member(house, platform, "ann", "en")
    path = begin(ann, "Somebody wants me to share my screen")
    assert ann.post(f"{path}/do", form_on=path, what="person", shows_talk="true").status_code == 303
    assert "Our people have been asked" in ann.get(path).text
    with house.house.database.read() as connection:
        case, = list_cases(connection, "open", kind="assistance")
    house.house.company.handover.answer(case.id, "Hang up now", "staff:wu", clock.now())
    saved = ann.get(f"{path}/export")
    assert "attachment" in saved.headers["content-disposition"]
    assert "share my screen" in saved.text
    assert "Our people" in saved.text
    assert "Hang up now" in saved.text
    assert ann.post(f"{path}/delete", form_on=path).headers["location"].endswith("done=deleted")
    assert "deleted, for good" in ann.get("/me/assistant?done=deleted").text
    assert ann.get(path).status_code == 404


def test_a_platform_talks_on_behalf_of_its_members(house: Consoled, platform: httpx.Client) -> None:
    made = platform.post("/v1/consultations", json={"account": "cat", "language": "en"})
    assert made.status_code == 201, made.text
    path = f"/v1/consultations/{made.json()['id']}"
    said = platform.post(f"{path}/turns", json={"account": "cat", "language": "en", "words": SCAM}).json()
    assert said["sureness"] in ("likely", "possible")
    points = next(part for part in said["turns"][1]["parts"] if part["kind"] == "points")
    assert points["source"].endswith("@1")
    assert points["items"][0]["quote"]
    taken = platform.post(f"{path}/acts", json={"account": "cat", "what": "no_follow_up", "language": "en"})
    assert taken.json()["follow_up_at"] is None
    assert platform.get(path, params={"account": "dan"}).status_code == 404
    assert len(platform.get(path, params={"account": "cat"}).json()["turns"]) == 4
    with house.house.database.read() as connection:
        looks = [entry.subject for entry in latest_entries(connection, 20) if entry.act == "consultation.read"]
    assert looks == ["account:cat"], "theirs to see on their privacy page; not the one that was refused"
    assert platform.delete(path, params={"account": "cat"}).status_code == 204
    assert platform.delete(path, params={"account": "cat"}).status_code == 404
