"""The review page as reviewers meet it: what it hides until they have judged, what it keeps, and who may see it."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from consoled import Consoled, Visitor
from sqlalchemy import select, update

from anlan import clock
from anlan.store.audit import latest_entries
from anlan.store.cases import NewCase, open_case
from anlan.store.queues import Queue, put_queue
from anlan.store.tables import case_claims, cases, decisions, events

WORDS = "你好，先转账再发货，加我微信"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    """A house with a blind queue and three people at its desk."""
    made = Consoled(Path(tmp_path_factory.mktemp("desk"))).start()
    roles = {"rui": "reviewer", "bai": "reviewer", "sen": "senior", "aud": "auditor", "eng": "engineer"}
    for name, role in roles.items():
        made.add_person(name, role)
    with made.house.database.write() as connection:
        queue = Queue(name="desk", title_zh="内容", title_en="Content", second_share=0.0, golden_share=0.0)
        put_queue(connection, queue)
    made.key = made.block_a_message(WORDS)  # type: ignore[attr-defined]
    yield made
    made.stop()


def new_case(console: Consoled, target: str = "account:u-blocked", category: str = "blocked") -> str:
    with console.house.database.write() as connection:
        seq = connection.execute(select(events.c.seq).where(events.c.key == console.key)).scalar_one()  # type: ignore[attr-defined]
        new = NewCase(
            kind="review", queue="desk", target=target, category=category, event_seq=seq,
            policy="content.listed_sender", due_at=clock.now() + 3_600,
        )
        return open_case(connection, new, "system", clock.now())


def go_to_next(visitor: Visitor) -> str:
    answer = visitor.get("/cases/next?queue=desk")
    assert answer.status_code == 303
    return answer.headers["location"]


def test_the_machine_is_heard_after_the_judgement_and_the_next_case_follows(console: Consoled) -> None:
    case_id, other = new_case(console), new_case(console, "account:second")
    rui = console.signed_in("rui")
    path = go_to_next(rui)
    page = unescape(rui.get(path).text)
    assert path.startswith(f"/cases/{case_id}")
    assert WORDS in page
    machine = (*MACHINE, policy_that_held(console))
    assert not [said for said in machine if said in page]
    judged = rui.post(
        f"/cases/{case_id}/judge", form_on=path, stage=1, answer="violation", severity="low", usual="seen", queue="desk"
    )
    assert judged.headers["location"] == f"/cases/next?queue=desk&after={case_id}"
    assert rui.get(judged.headers["location"]).headers["location"].startswith(f"/cases/{other}")
    after = unescape(rui.get(f"/cases/{case_id}").text)
    assert all(said in after for said in machine)
    assert "Plain from what is shown" in after
    with console.house.database.read() as connection:
        acts = [(entry.act, entry.subject) for entry in latest_entries(connection, actor="staff:rui")]
    assert ("case.look", case_id) in acts
    assert ("case.judge", case_id) in acts
    rui.post(f"/cases/{other}/release", form_on=f"/cases/{other}")


MACHINE = ("What the machine found", "verdict block")


def policy_that_held(console: Consoled) -> str:
    with console.house.database.read() as connection:
        query = select(decisions.c.policy).join(events).where(events.c.key == console.key)  # type: ignore[attr-defined]
        return str(connection.execute(query.limit(1)).scalar_one())


def test_text_is_kept_when_the_claim_has_run_out(console: Consoled) -> None:
    case_id = new_case(console, "account:slow")
    rui, bai = console.signed_in("rui"), console.signed_in("bai")
    rui.post(f"/cases/{case_id}/claim", form_on=f"/cases/{case_id}")
    with console.house.database.write() as connection:
        connection.execute(
            update(case_claims).where(case_claims.c.case_id == case_id).values(expires_at=clock.now() - 1)
        )
    fields = {"stage": 1, "answer": "violation", "severity": "high", "reason": "my own long words"}
    late = rui.post(f"/cases/{case_id}/judge", form_on=f"/cases/{case_id}", **fields)
    assert late.status_code == 409
    assert "ran out" in late.text
    assert "my own long words" in late.text
    again = rui.post(f"/cases/{case_id}/claim", form_on=f"/cases/{case_id}", **fields)
    assert "my own long words" in again.text
    assert re.search(r'value="violation" data-key="v" checked', again.text)
    taken = bai.post(f"/cases/{case_id}/claim", form_on=f"/cases/{case_id}")
    assert taken.status_code == 409
    assert "somebody else is working" in taken.text
    assert rui.post(f"/cases/{case_id}/judge", form_on=f"/cases/{case_id}", **fields).status_code == 303
    second = unescape(bai.get(f"/cases/{case_id}").text)
    assert "second judgement" in second
    assert "my own long words" not in second


def test_only_who_may_see_what_members_wrote(console: Consoled) -> None:
    case_id = new_case(console, "account:shy")
    auditor, bai, engineer = (console.signed_in(name) for name in ("aud", "bai", "eng"))
    assert engineer.get("/cases").status_code == 403
    assert engineer.get(f"/cases/{case_id}").status_code == 403
    seen = auditor.get(f"/cases/{case_id}")
    assert WORDS not in unescape(seen.text)
    assert auditor.post(f"/cases/{case_id}/look").status_code == 403
    assert auditor.post(f"/cases/{case_id}/claim").status_code == 403
    assert WORDS not in unescape(bai.get(f"/cases/{case_id}").text)
    assert WORDS in unescape(bai.post(f"/cases/{case_id}/look").text)
    with console.house.database.read() as connection:
        acts = [(one.act, one.subject) for one in latest_entries(connection, actor="staff:bai")]
    assert ("case.look", case_id) in acts
    assert bai.get("/cases/golden").status_code == 403
    assert bai.get("/cases/case_none").status_code == 404


def test_a_senior_sets_queues_up_and_a_wrong_condition_tells_its_column(console: Consoled) -> None:
    senior = console.signed_in("sen")
    fields = {
        "name": "urgent", "title_zh": "紧急", "title_en": "Urgent", "second_percent": 10, "golden_percent": 3,
        "service_hours": 4, "claim_minutes": 15, "is_blind": "true",
    }
    wrong = senior.post("/cases/queues", condition="colour = 'red'", **fields)
    assert wrong.status_code == 422
    assert "column 1" in wrong.text
    assert senior.post("/cases/queues", condition="target_kind = 'group'", priority="1", **fields).status_code == 303
    assert "Urgent" in senior.get("/cases/queues").text
    for path in ("/cases/tickets", "/cases/golden", "/cases/agreement", "/cases/mine", "/cases?state=closed"):
        assert senior.get(path).status_code == 200, path


def test_ties_and_wishes_are_kept_and_obeyed(console: Consoled) -> None:
    bai = console.signed_in("bai")
    mine = new_case(console, "account:bai-himself")
    tie = {"kind": "account", "id": "bai-himself", "relation": "own"}
    assert bai.post("/cases/mine/ties", form_on="/cases/mine", **tie).status_code == 303
    refused = bai.post(f"/cases/{mine}/claim", form_on=f"/cases/{mine}")
    assert (refused.status_code, "close to you" in refused.text) == (403, True)
    kept = bai.post(
        "/cases/mine/wellbeing", form_on="/cases/mine", media="grey", daily_limit=300, break_minutes=45,
        opted_out=["blocked"],
    )
    assert kept.status_code == 303
    assert bai.get("/cases/next?queue=desk").headers["location"].startswith("/cases?done=empty")
    page = bai.get("/cases/mine").text
    assert 'value="45"' in page
    bai.post("/cases/mine/ties/remove", form_on="/cases/mine", entity="account:bai-himself")
    assert "bai-himself" not in bai.get("/cases/mine").text


def test_cases_are_merged_watched_and_split_from_their_page(console: Consoled) -> None:
    one, other = new_case(console, "account:twice"), new_case(console, "account:twice")
    rui = console.signed_in("rui")
    page = f"/cases/{one}"
    assert rui.post(f"{page}/watch", form_on=page).status_code == 303
    assert one in rui.get("/cases/mine").text
    assert rui.post(f"{page}/merge", form_on=page, other="case_none", reason="same").status_code == 404
    assert rui.post(f"{page}/merge", form_on=page, other=other, reason="same").status_code == 303
    assert other in rui.get(page).text
    assert "Took another in" in rui.get(f"/cases/{other}/acts").text
    made = rui.post(f"/cases/{other}/split", form_on=page, target="account:third", reason="also in it")
    assert "account:third" in rui.get(made.headers["location"]).text
    assert rui.post(f"/cases/{other}/escalate", form_on=page, reason="now").status_code == 303
    assert rui.post(f"{page}/unmerge", form_on=page, reason="not the same").status_code == 303
    with console.house.database.read() as connection:
        states = connection.execute(select(cases.c.state).where(cases.c.id.in_([one, other]))).scalars().all()
    assert states == ["open", "open"]
