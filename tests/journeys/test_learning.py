"""From what reviewers judged to a model in force and back: judge, adapt, shadow, compare, promote, roll back."""

import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from consoled import Consoled, Visitor
from sqlalchemy import update

from anlan.cli import main
from anlan.clock import now, to_rfc3339
from anlan.domain.judgements import is_kept_back
from anlan.domain.keys import event_key
from anlan.store.audit import latest_entries
from anlan.store.journal import StoredDecision
from anlan.store.tables import model_references

TEXTS = (
    "云顶副本来个奶妈，十金一局", "缺奶妈，副本二十金一局", "副本开荒缺一，三十金一局", "今晚副本来不来，十五金一局",
)
PATH = "/model/candidates"
LOOK_S = 100.0


def taught_id(number: int) -> str:
    """Ids of events that are not among those kept back, so that each of them teaches."""
    return [f"t-{n}" for n in range(100) if not is_kept_back(event_key("im", f"t-{n}"))][number]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    made = Consoled(tmp_path_factory.mktemp("learning")).start()
    roles = {"lin": "analyst", "zhou": "analyst", "rui": "reviewer", "au": "auditor", "eng": "engineer"}
    for name, role in roles.items():
        made.add_person(name, role)
    yield made
    made.stop()


def say(console: Consoled, *messages: tuple[str, str]) -> list[StoredDecision]:
    """Send (id, text) of each; their decisions."""
    console.do(console.house.intake.accept_many([
        msgspec.json.encode({
            "specversion": "1.0", "id": name, "source": "im", "type": "message.sent",
            "data": {"sender": "u1", "recipient": "u2", "text": text},
        })
        for name, text in messages
    ]))
    found = [console.house.journal.find(event_key("im", name)) for name, _ in messages]
    return [one for one in found if one]


def anlan(console: Consoled, *words: str) -> str:
    """Run the command beside the running house; what it prints on standard output."""
    result = CliRunner().invoke(main, words, env={"ANLAN_DATA_DIR": str(console.house.settings.data_dir)})
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def page_when(visitor: Visitor, words: str, path: str = PATH) -> str:
    """The page once it says `words`."""
    end = time.monotonic() + LOOK_S
    while time.monotonic() < end:
        page = unescape(visitor.get(path).text)
        if words in page:
            return page
        time.sleep(0.2)
    raise AssertionError(f"the page never says {words!r}")


def test_from_a_judgement_to_a_model_in_force_and_back(console: Consoled) -> None:
    lin, zhou, rui = (console.signed_in(name) for name in ("lin", "zhou", "rui"))
    shipped = console.house.models.in_force
    say(console, *((taught_id(number), text) for number, text in enumerate(TEXTS[:3])))
    for number in range(3):
        page = f"/decisions/{event_key('im', taught_id(number))}"
        assert "What is this text really?" in unescape(rui.get(page).text)
        assert rui.post(f"{page}/judgements", form_on=page, category="gambling", note="<b>金</b>").status_code == 303
    shown = rui.get(page).text
    assert "&lt;b&gt;金" in shown
    assert "rui ·" in shown

    version = anlan(console, "train", "text", "--from-judgements")
    assert "the same judgements" in CliRunner().invoke(
        main, ["train", "text", "--from-judgements"], env={"ANLAN_DATA_DIR": str(console.house.settings.data_dir)}
    ).stderr
    assert console.house.models.in_force == shipped

    first = unescape(lin.get(PATH).text)
    assert version in first
    assert "Put into shadow" in first
    assert lin.post(f"{PATH}/{version}/shadow", form_on=PATH, share="100").status_code == 303
    assert "somebody else must let it into force" in unescape(lin.get(PATH).text)
    assert zhou.post(f"{PATH}/{version}/promote", form_on=PATH).status_code == 409

    fresh = [(f"s-{n}", f"{TEXTS[n % 4]} {n}") for n in range(24)]
    before = say(console, *fresh)
    assert {one.decision.models["text_model"] for one in before} == {shipped}
    page = page_when(zhou, "24 texts that both models scored")
    assert "Newly found" in page
    assert TEXTS[0] not in page
    revealed = unescape(zhou.post(f"{PATH}/texts", form_on=PATH).text)
    assert "This look is in the audit log" in revealed
    assert lin.post(f"{PATH}/{version}/promote", form_on=PATH).status_code == 409
    assert "Let into force" in page
    assert zhou.post(f"{PATH}/{version}/promote", form_on=PATH).status_code == 303

    (after,) = say(console, ("after", TEXTS[3]))
    (old,) = (one.decision for one in before if one.key == event_key("im", "s-3"))
    assert after.decision.models["text_model"] == version
    assert after.decision.signals["text_gambling_score"] > old.signals["text_gambling_score"]
    assert version in unescape(zhou.get("/model").text)
    assert zhou.post(f"{PATH}/{version}/rollback", form_on=PATH, why="too broad").status_code == 303
    (back,) = say(console, ("back", TEXTS[3]))
    assert back.decision.models["text_model"] == shipped
    with console.house.database.read() as connection:
        acts = [entry.act for entry in latest_entries(connection) if entry.act.startswith(("model", "judgement"))]
    assert acts[::-1] == [
        *["judgement.give"] * 3, "model.make", "model.shadow", "model.personal", "model.promote", "model.rollback",
    ]


def test_shadow_scores_stand_in_no_decision(console: Consoled) -> None:
    found = console.house.journal.find(event_key("im", "s-1"))
    assert found
    assert {name for name in found.decision.models if "model" in name} == {"text_model"}
    assert not [name for name in found.decision.signals if "shadow" in name]


def test_who_may_not_is_refused(console: Consoled) -> None:
    version = console.house.models.book.all()[0].version
    page = f"/decisions/{event_key('im', taught_id(0))}"
    for name, path, fields in (
        ("au", f"{page}/judgements", {"category": "normal"}), ("eng", f"{page}/judgements", {"category": "normal"}),
        ("rui", f"{PATH}/{version}/shadow", {}), ("au", f"{PATH}/{version}/promote", {}),
        ("eng", f"{PATH}/{version}/promote", {}), ("rui", f"{PATH}/{version}/rollback", {}),
        ("au", f"{PATH}/texts", {}),
    ):
        assert console.signed_in(name).post(path, **fields).status_code == 403, (name, path)
    assert "What is this text really?" not in unescape(console.signed_in("au").get(page).text)
    rui = console.signed_in("rui")
    assert rui.post(f"{page}/judgements", category="heresy").status_code == 400
    assert rui.post(f"/decisions/{'0' * 32}/judgements", category="normal").status_code == 404


def test_judgements_come_in_as_a_table(console: Consoled, tmp_path: Path) -> None:
    table = tmp_path / "ticket.csv"
    key = event_key("im", taught_id(1))
    table.write_text(f"\ufeffevent,text,category,note\n{key},,normal,\n,刷单日结加我,fraud,seen twice\n", "utf-8")
    assert anlan(console, "judgements", "import", str(table), "--by", "quality") == "2 of 2 judgements are new"
    assert anlan(console, "judgements", "import", str(table), "--by", "quality") == "0 of 2 judgements are new"
    assert "fraud" in anlan(console, "judgements", "list")
    for body, words in (
        ("event,category\n,normal\n", "line 2 needs"), ("event,category\nx,normal\n", "no event key"),
        ("text\nx\n", "needs a header"), ("text,category\nx,heresy\n", "a text is one of"),
        (f"event,category\n{'0' * 32},normal\n", "no event has"),
    ):
        table.write_text(body, "utf-8")
        result = CliRunner().invoke(
            main, ["judgements", "import", str(table), "--by", "q"],
            env={"ANLAN_DATA_DIR": str(console.house.settings.data_dir)},
        )
        assert result.exit_code == 2
        assert words in " ".join(result.stderr.split())


def test_a_model_in_force_survives_a_restart_and_one_that_is_gone_is_told(tmp_path: Path) -> None:
    first = Consoled(tmp_path / "house").start()
    try:
        say(first, (taught_id(0), TEXTS[0]))
        first.add_person("rui", "reviewer")
        page = f"/decisions/{event_key('im', taught_id(0))}"
        first.signed_in("rui").post(f"{page}/judgements", form_on=page, category="gambling")
        version = anlan(first, "train", "text", "--from-judgements")
        book, shipped = first.house.models.book, first.house.models.in_force
        book.shadow(version, "staff:lin", 1.0)
        book.promote(version, "staff:zhou")
        end = time.monotonic() + LOOK_S
        while first.house.models.in_force != version:
            assert time.monotonic() < end, "the running house does not follow"
            time.sleep(0.1)
    finally:
        first.stop()
    second = Consoled(tmp_path / "house").start()
    try:
        assert say(second, ("later", TEXTS[1]))[0].decision.models["text_model"] == version
    finally:
        second.stop()
    (second.house.settings.candidates_dir / version / "text_model.npz").unlink()
    third = Consoled(tmp_path / "house").start()
    try:
        assert say(third, ("last", TEXTS[2]))[0].decision.models["text_model"] == shipped
        third.add_person("an", "analyst")
        assert "cannot be loaded" in third.signed_in("an").get("/health").text
    finally:
        third.stop()


def test_a_wave_of_new_talk_is_told_to_staff(console: Consoled) -> None:
    house, today = console.house, now()
    house.check_drift()
    with house.database.write() as connection:
        connection.execute(update(model_references).values(since=today - 9 * 86_400))
    ordinary = ("明天几点开会", "晚上一起吃火锅吗", "你的快递放在门口了", "作业写完了没")
    wave = ("刷单兼职日结三百加微信", "本群提供代开发票，联系我", "贷款秒下不看征信加我")
    at = today - 8 * 86_400
    send(console, [(f"d-{n}", f"{ordinary[n % 4]}{n % 10}", at + n) for n in range(600)])
    send(console, [(f"n-{n}", f"{ordinary[n % 4]}{n % 9}", today - 3_600 + n) for n in range(600)])
    assert house.check_drift() == 0
    send(console, [(f"w-{n}", f"{wave[n % 3]}{n % 10}", today - 3_000 + n) for n in range(300)])
    assert house.check_drift() == 1
    assert house.check_drift() == 0
    console.add_person("an", "analyst")
    an = console.signed_in("an")
    assert "The scores of the text model have drifted" in unescape(an.get("/health").text)
    assert 'class="chip bad"' in an.get(PATH).text


def send(console: Consoled, messages: list[tuple[str, str, float]]) -> None:
    """Messages of one source at event times."""
    console.do(console.house.intake.accept_many([
        msgspec.json.encode({
            "specversion": "1.0", "id": name, "source": "drifting", "type": "message.sent", "time": to_rfc3339(at),
            "data": {"sender": f"u{number % 50}", "recipient": "u2", "text": text},
        })
        for number, (name, text, at) in enumerate(messages)
    ]))
