"""Reports over HTTP: filed by a platform, judged at the desk, answered to the reporter and to nobody else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec
import pytest
from consoled import Consoled
from sqlalchemy import select

from anlan import clock
from anlan.desk.review import Answered, Reviewer
from anlan.domain.cases import CASE_KINDS
from anlan.domain.keys import event_key
from anlan.store.audit import latest_entries
from anlan.store.keys import ApiKeys
from anlan.store.reporter_records import Answered as Learned
from anlan.store.reporter_records import learn
from anlan.store.reports import reports_by
from anlan.store.tables import outbox

HOSTILE = "<script>alert(1)</script> ' OR 1=1 -- {{7*7}} \u202e"
RUI = Reviewer(actor="staff:rui", may=frozenset((kind, stage) for kind in CASE_KINDS for stage in (1, 2, 3)))
AN = Reviewer(actor="staff:an", may=RUI.may)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    consoled = Consoled(tmp_path_factory.mktemp("reports")).start()
    yield consoled
    consoled.stop()


@pytest.fixture(scope="module")
def secrets(house: Consoled) -> dict[str, str]:
    """Keys by name, all made before the first request, because unknown keys are looked for once a second."""
    scopes = {"im": ["events:write", "reports:write", "members:write"], "other": ["events:write"]}
    keys = ApiKeys(house.house.database)
    return {name: keys.create(name, some, 1_000.0)[1] for name, some in scopes.items()}


@pytest.fixture(scope="module")
def platform(house: Consoled, secrets: dict[str, str]) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {secrets['im']}"}
    with httpx.Client(base_url=house.url, headers=headers, timeout=30) as client:
        yield client


def send(platform: httpx.Client, number: int, sender: str, text: str, **data: Any) -> None:
    event = {
        "specversion": "1.0", "id": f"m{number}", "source": "im", "type": "message.sent",
        "data": {"sender": sender, "text": text, "message_id": f"m{number}", **data},
    }
    assert platform.post("/v1/events", json=event).status_code == 200


def report(platform: httpx.Client, reporter: str, **more: Any) -> dict[str, Any]:
    filing = {"reporter": reporter, "reason": "fraud", **more}
    answer = platform.post("/v1/reports", json=filing)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def judge(house: Consoled, case_id: str, said: str) -> None:
    """As many people as the desk asks for say the same."""
    review = house.house.review
    for person in (RUI, AN):
        claim = review.claim(person, case_id, clock.now())
        with house.house.database.read() as connection:
            from_case = connection.exec_driver_sql("SELECT stage FROM cases WHERE id = ?", (claim.case_id,))
            stage = from_case.scalar_one()
        answered = Answered(
            case_id=case_id, stage=stage, answer=said, reason="read it", category="fraud", severity="high"
        )
        if review.judge(person, answered, clock.now()).step == "close":
            return


def case_id_of(house: Consoled, report_id: str) -> str:
    with house.house.database.read() as connection:
        row = connection.exec_driver_sql("SELECT case_id FROM reports WHERE id = ?", (report_id,))
        return str(row.scalar_one())


def test_a_report_goes_from_the_platform_to_its_outcome(house: Consoled, platform: httpx.Client) -> None:
    send(platform, 1, "mo", "hello, it is me, your cousin", recipient="bo")
    send(platform, 2, "mo", "quick, lend me 5000, I was robbed", recipient="bo")
    made = report(platform, "bo", event={"source": "im", "id": "m2"}, words="not my cousin")
    assert made["is_new"]
    assert "by a" not in made["text"]["zh"]
    assert report(platform, "bo", event={"source": "im", "id": "m2"})["id"] == made["id"]
    told = platform.get(f"/v1/reports/{made['id']}").json()
    assert (told["progress"], told["outcome"]) == ("waiting", None)
    judge(house, case_id_of(house, made["id"]), "violation")
    told = platform.get(f"/v1/reports/{made['id']}").json()
    assert (told["progress"], told["outcome"]) == ("violation", "violation")
    with house.house.database.read() as connection:
        sent = connection.execute(
            select(outbox.c.body).where(outbox.c.id == f"msg_{made['id']}.closed")
        ).scalar_one()
    assert msgspec.json.decode(sent)["data"]["outcome"] == "violation"
    thanks = platform.get("/v1/reporters/bo").json()
    assert (thanks["filed"], thanks["violation"], thanks["standing"]) == (1, 1, "helpful")
    assert [topic["topic"] for topic in thanks["topics"]] == ["fraud"]


def test_a_batch_answers_line_by_line_and_a_bad_line_stops_nothing(platform: httpx.Client) -> None:
    lines = [
        b'{"reporter": "b1", "reason": "spam", "target": "account:flood"}', b"{nonsense",
        b'{"reporter": "b2", "reason": "spam", "target": "account:flood"}',
        b'{"reporter": "b3", "reason": "spam", "event": {"source": "im", "id": "none"}}',
    ]
    answer = platform.post("/v1/reports:batch", content=b"\n".join(lines))
    told = [msgspec.json.decode(line) for line in answer.content.splitlines()]
    assert [one.get("code", "ok") for one in told] == ["ok", "invalid_request", "ok", "not_found"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"reason": "fraud", "target": "account:a"}, 400),
        ({"reporter": "a", "reason": "x", "target": "account:b"}, 422),
        ({"reporter": "a", "reason": "fraud", "target": "staff"}, 400), ({"reporter": "a", "reason": "fraud"}, 422),
        ({"reporter": "a", "reason": "fraud", "event": {"source": "im", "id": "none"}}, 404),
        ({"reporter": "a", "reason": "fraud", "target": "account:b", "words": "x" * 2_001}, 400),
    ],
)
def test_a_filing_that_cannot_be_taken_is_a_problem(platform: httpx.Client, body: dict[str, Any], status: int) -> None:
    answer = platform.post("/v1/reports", json=body)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_reasons_and_limits_are_told(platform: httpx.Client) -> None:
    reasons = platform.get("/v1/report-reasons").json()["items"]
    assert reasons[0]["code"] == "self_harm"
    assert platform.get("/v1/reports/rep_" + "0" * 24).status_code == 404
    assert platform.post("/v1/reports:batch", content=b" \n").status_code == 400
    assert platform.post("/v1/reports:batch", content=b"{}\n" * 1_001).status_code == 413


def test_a_key_without_the_scope_files_nothing(house: Consoled, secrets: dict[str, str]) -> None:
    headers = {"authorization": f"Bearer {secrets['other']}"}
    for method, path in (("POST", "/v1/reports"), ("POST", "/v1/reports:batch"), ("GET", "/v1/reporters/bo")):
        assert httpx.request(method, house.url + path, headers=headers, content=b"{}", timeout=30).status_code == 403


@contextmanager
def enter(
    platform: httpx.Client, house: Consoled, account: str, path: str, language: str = "en"
) -> Iterator[httpx.Client]:
    """A member's browser on the page that their link opens."""
    wanted = {"account": account, "path": path, "language": language}
    token = platform.post("/v1/members:link", json=wanted).json()["url"].partition("token=")[2]
    with httpx.Client(base_url=house.url, follow_redirects=True, timeout=30) as browser:
        assert browser.post("/me/open", data={"token": token}).status_code == 200
        yield browser


def press(browser: httpx.Client, page: str, **fields: str) -> httpx.Response:
    guard = re.search(r'name="csrf" value="([0-9a-f]+)"', browser.get(page).text)
    assert guard
    return browser.post("/me/report", data={"csrf": guard[1], **fields})


def test_a_member_reports_in_one_press_and_sees_the_outcome(house: Consoled, platform: httpx.Client) -> None:
    send(platform, 40, "wolf", "click here for your prize", recipient="amy")
    key = event_key("im", "m40")
    with enter(platform, house, "amy", f"/me/report/event:{key}", "zh") as amy:
        form = amy.get(f"/me/report/event:{key}").text
        assert "诈骗" in form
        assert "click here" not in form
        page = press(amy, f"/me/report/event:{key}", subject=f"event:{key}", reason="fraud", words=HOSTILE).text
        assert "等待查看" in page
        assert "不会知道是谁举报" in page
        with house.house.database.read() as connection:
            (made,) = reports_by(connection, "account:amy")
        judge(house, made.case_id, "no_violation")
        assert "没有发现违规" in amy.get("/me/reports").text
        again = press(amy, f"/me/report/event:{key}", subject=f"event:{key}", reason="fraud").text
    assert "没有发现违规" in again


def test_a_form_that_names_nobody_keeps_its_words(house: Consoled, platform: httpx.Client) -> None:
    with enter(platform, house, "cat", "/me/report") as cat:
        answer = press(cat, "/me/report", reason="abuse", words="<b>rude</b>")
        assert answer.status_code == 400
        assert "&lt;b&gt;rude&lt;/b&gt;" in answer.text
        assert press(cat, "/me/report", reason="nothing", name="x").status_code == 422
        assert press(cat, "/me/report", reason="abuse", name="cat").status_code == 422
        assert press(cat, "/me/report", reason="abuse", kind="group", name="g9").status_code == 200
        assert "The group g9" in cat.get("/me/reports").text


def test_the_reported_never_learn_who_reported_or_that_anybody_did(house: Consoled, platform: httpx.Client) -> None:
    send(platform, 50, "loud", "you fool", recipient="shy-reporter")
    report(platform, "shy-reporter", event={"source": "im", "id": "m50"}, reason="abuse", words="shy words")
    with enter(platform, house, "loud", "/me/reports") as loud:
        for page in ("/me", "/me/reports", "/me/report", f"/me/report/event:{event_key('im', 'm50')}"):
            assert "shy" not in loud.get(page).text
    with house.house.database.read() as connection:
        kinds = {
            row.kind for row in connection.execute(select(outbox.c.kind, outbox.c.body))
            if b"shy-reporter" in row.body and not row.kind.startswith("action.")
        }
    assert kinds == {"report.received"}
    assert platform.get("/v1/reporters/loud").json()["filed"] == 0


def test_nobody_sees_reports_of_somebody_else(house: Consoled, platform: httpx.Client) -> None:
    made = report(platform, "own", target="account:thief", reason="account_theft")
    with enter(platform, house, "other", "/me/reports") as other:
        assert "thief" not in other.get("/me/reports").text
        assert "thief" not in other.get("/me/reports", params={"made": made["id"]}).text
    assert httpx.get(f"{house.url}/me/reports", timeout=30).status_code == 401


def test_staff_see_what_was_said_and_who_said_it_only_when_they_ask(house: Consoled, platform: httpx.Client) -> None:
    send(platform, 60, "seller", "cheap weapons here", group="g7")
    for name in ("ann-reporter", "ben-reporter"):
        report(platform, name, event={"source": "im", "id": "m60"}, reason="illicit_ad", words=f"seen {HOSTILE}")
    made = report(platform, "eve-reporter", event={"source": "im", "id": "m60"}, reason="illicit_ad")
    case_id = case_id_of(house, made["id"])
    house.house.review.claim(Reviewer(actor="staff:kim", may=RUI.may), case_id, clock.now())
    house.add_person("kim", "reviewer")
    kim = house.signed_in("kim")
    page = kim.get(f"/cases/{case_id}").text
    assert "cheap weapons here" in page
    assert "3 reports" in page
    assert "<script>alert" not in page
    assert "ann-reporter" not in page
    assert "ann-reporter" in kim.get(f"/cases/{case_id}?reporters=1").text
    house.add_person("ola", "auditor")
    assert "ann-reporter" not in house.signed_in("ola").get(f"/cases/{case_id}?reporters=1").text
    with house.house.database.read() as connection:
        looks = [entry for entry in latest_entries(connection) if entry.act == "report.reporters"]
    assert [(one.actor, one.subject) for one in looks] == [("staff:kim", case_id)]


def test_the_room_shows_volumes_and_hides_names_until_asked(house: Consoled) -> None:
    with house.house.database.write() as connection:
        learn(connection, [Learned("account:star-reporter", "fraud", True, 9.0)], clock.now())
    house.add_person("lea", "analyst")
    lea = house.signed_in("lea")
    page = lea.get("/reports").text
    assert "Scam or fraud" in page
    assert "star-reporter" not in page
    assert "star-reporter" in lea.get("/reports?reporters=1&days=7").text
    house.add_person("noa", "engineer")
    assert house.signed_in("noa").get("/reports").status_code == 403
