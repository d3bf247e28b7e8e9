"""Campaigns, figures and the audit log as staff use them, and what the public then reads."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from consoled import Consoled, Visitor
from sqlalchemy import select, text

from anlan import clock
from anlan.domain.audit_chain import read_anchor
from anlan.store.audit import latest_entries
from anlan.store.cases import NewCase, open_case
from anlan.store.tables import events

HOSTILE = "<script>alert('x')</script> {{ 7*7 }} \"quoted\""


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    made = Consoled(tmp_path_factory.mktemp("console")).start()
    made.live_through(hours=0.5, people=20)
    made.add_person("ann", "analyst")
    made.add_person("bea", "senior", "auditor")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def ann(console: Consoled) -> Visitor:
    return console.signed_in("ann")


@pytest.fixture(scope="module")
def bea(console: Consoled) -> Visitor:
    return console.signed_in("bea")


def local(hours: float) -> str:
    """A moment from now as the form sends it, in the console's zone."""
    return (clock.to_datetime(clock.now()) + timedelta(hours=8 + hours)).strftime("%Y-%m-%dT%H:%M")


def form(**more: object) -> dict[str, object]:
    fields = {
        "title_zh": "清源行动", "title_en": f"Clear source {HOSTILE}", "why": HOSTILE, "on": "message.sent",
        "scope": "text_length >= 1", "starts": local(-1), "ends": local(24), "cases": 5, "queue": "clean",
    }
    return {**fields, **more}


@pytest.fixture(scope="module")
def campaign(console: Consoled, ann: Visitor, bea: Visitor) -> str:
    """The path of a running campaign with one case."""
    proposed = ann.post("/campaigns/new", **form())
    assert proposed.status_code == 303, proposed.text
    path = proposed.headers["location"].partition("?")[0]
    assert ann.post(f"{path}/approve").status_code == 409, "its author cannot"
    assert bea.post(f"{path}/approve").status_code == 303
    with console.house.database.write() as connection:
        seq = connection.execute(select(events.c.seq).where(events.c.type == "message.sent").limit(1)).scalar_one()
        new = NewCase(kind="report", queue="x", target="account:u1", event_seq=seq)
        open_case(connection, new, "system", clock.now())
    console.house.campaigns.round(clock.now())
    return path


def test_what_is_wrong_with_a_proposal_is_said_beside_what_was_written(ann: Visitor) -> None:
    answer = ann.post("/campaigns/new", **form(scope="text_lenght > 3"))
    assert answer.status_code == 422
    assert "text_lenght" in answer.text
    assert "<script>alert" not in answer.text
    assert "清源行动" in answer.text
    looked = ann.post("/campaigns/new", **form(act="look"))
    assert re.search(r"Last week [\d,]+ of [\d,]+ events", looked.text)


def test_a_campaign_shows_its_progress_beside_everyday_work(ann: Visitor, campaign: str) -> None:
    page = ann.get(campaign).text
    assert "Running" in page
    assert re.search(r'Cases found</div><div class="figure">[1-9]', page)
    assert "<script>alert" not in page
    assert "Clear source" in ann.get("/campaigns").text


def test_a_bulletin_is_read_by_everybody_once_a_second_person_has_published_it(
    console: Consoled, ann: Visitor, bea: Visitor, campaign: str
) -> None:
    campaign_id = campaign.rpartition("/")[2]
    public = f"/public/bulletins/{campaign_id}"
    stranger = console.visitor()
    assert stranger.get(public).status_code == 404
    editor = f"{campaign}/bulletin"
    words = {"title_zh": "公告", "title_en": "Bulletin", **{n: ann.field(editor, n) for n in ("body_zh", "body_en")}}
    assert "专项行动" in words["body_zh"]
    saved = ann.post(editor, **{**words, "body_en": f"{words['body_en']}\r\n\r\n{HOSTILE}"})
    assert saved.status_code == 303
    read = {name: bea.field(editor, name) for name in ("version", "written_at")}
    assert ann.post(f"{editor}/publish", **read).status_code == 422, "not by its author"
    assert bea.post(f"{editor}/publish", **read).status_code == 303
    stranger.http.headers["accept-language"] = "en"
    page = stranger.get(public)
    assert page.status_code == 200
    assert "&lt;script&gt;" in page.text
    assert "<script>" not in page.text
    assert f"/public/bulletins/{campaign_id}" in stranger.get("/public").text
    corrected = {**words, "correction_zh": "补充数字", "correction_en": "Figures added"}
    ann.post(editor, **corrected)
    bea.post(f"{editor}/publish", **{name: bea.field(editor, name) for name in ("version", "written_at")})
    assert "Figures added" in stranger.get(public).text
    assert "has been corrected" in stranger.get(f"{public}?version=1").text


def test_an_answer_to_a_rumour_is_public_after_a_second_person_said_so(
    console: Consoled, ann: Visitor, bea: Visitor, campaign: str
) -> None:
    public = f"/public/questions/{campaign.rpartition('/')[2]}"
    texts = {"question_zh": "会封所有群吗？", "question_en": HOSTILE, "answer_zh": "不会", "answer_en": "No"}
    assert ann.post(f"{campaign}/questions", **texts).status_code == 303
    (path,) = set(re.findall(rf'action="({campaign}/questions/[^"]+)"', bea.get(campaign).text))
    assert ann.post(path, is_shown="true").status_code == 409
    stranger = console.visitor()
    assert stranger.get(public).status_code == 404
    bea.post(path, is_shown="true")
    page = stranger.get(public).text
    assert "会封所有群吗" in page or "&lt;script&gt;" in page
    assert "<script>" not in page


def test_figures_are_drawn_with_tables_and_taken_out(ann: Visitor, campaign: str) -> None:
    page = ann.get("/figures?days=7").text
    assert page.count('class="card w6 figure-card"') == 11
    assert "<details><summary>Table</summary>" in page
    taken = ann.get("/figures/campaign_progress.csv?days=7")
    assert taken.headers["content-disposition"].startswith("attachment")
    lines = taken.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "campaign,target,aimed,reached,reached_share"
    assert lines[1].startswith(f"{campaign.rpartition('/')[2]},cases,5,")
    assert ann.get("/figures/nothing.csv").status_code == 404


def test_the_log_is_filtered_taken_out_and_compared_with_the_desk(
    console: Consoled, bea: Visitor, campaign: str
) -> None:
    page = bea.get("/audit?act=campaign&actor=staff:ann").text
    assert "Proposed a campaign" in page
    assert "Approved a campaign</span>" not in page
    taken = bea.post("/audit/export", form="ndjson", act="campaign")
    assert all(b'"act":"campaign.' in line for line in taken.content.splitlines())
    with console.house.database.read() as connection:
        last = next(entry for entry in latest_entries(connection, 20) if entry.act == "audit.export")
    assert last.actor == "staff:bea"
    assert read_anchor(taken.headers["anlan-audit-head"]).seq == last.seq
    assert "all have their row in the log" in bea.post("/audit").text
    with console.house.database.write() as connection:
        connection.execute(text(
            "INSERT INTO closures (id, \"group\", case_id, made_at, made_by, member_count) "
            "SELECT 'forged', 'group:g', id, 0, 'staff:bea', 1 FROM cases LIMIT 1"
        ))
    found = bea.post("/audit").text
    with console.house.database.write() as connection:
        connection.execute(text("DELETE FROM closures WHERE id = 'forged'"))
    assert "One row of the desk is not borne out by the log" in found
    assert "forged" in found
