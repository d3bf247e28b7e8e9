"""The console's rooms over HTTP: who may enter, what they show, and what each act does."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from consoled import Consoled, Visitor

from anlan import clock
from anlan.domain.facts import StaffNotice
from anlan.store.audit import latest_entries
from anlan.store.notices import latest_notices, tell_staff
from anlan.web.console.access import ACTS, MAY, ROLES

ROOMS = {
    "/": "see_decisions", "/decisions": "see_decisions", "/policies": "see_policies",
    "/policies/new": "write_policies", "/investigate": "investigate", "/signals": "see_signals",
    "/lists": "see_signals", "/deliveries": "see_deliveries", "/health": "see_health", "/audit": "see_audit",
    "/staff": "manage_staff", "/keys": "write_keys", "/lexicon": "see_signals", "/lexicon/changes": "see_signals",
    "/lexicon/edit": "write_lexicon", "/lexicon/import": "write_lexicon", "/texts": "see_signals",
    "/figures": "see_figures", "/campaigns": "see_figures", "/campaigns/new": "write_campaigns",
    "/model": "see_signals", "/model/candidates": "see_signals",
    "/sanctions": "see_sanctions", "/funds": "see_funds", "/reports": "see_cases", "/appeals": "see_cases",
    "/accounts": "see_accounts", "/attacks": "see_accounts", "/containments": "see_accounts",
    "/circles": "see_alerts", "/alerts/cards": "see_alerts", "/alerts/cards/sheet": "see_alerts",
    "/recoveries": "judge_recoveries", "/assistance": "assist_members", "/security-events": "see_deliveries",
    "/cases": "see_cases", "/cases/mine": "see_cases", "/cases/agreement": "see_figures",
    "/cases/queues": "write_queues", "/cases/golden": "write_queues", "/cases/tickets": "write_queues",
}
DEEDS: dict[str, tuple[str, dict[str, object]]] = {
    "/texts": ("see_signals", {"text": "hello"}),
    "/audit/export": ("see_audit", {"form": "csv", "actor": "staff:nobody"}),
    "/campaigns/new": ("write_campaigns", {"on": "message.sent", "starts": "", "ends": ""}),
    "/campaigns/none/approve": ("approve_campaigns", {}),
    "/campaigns/none/stop": ("write_campaigns", {}),
    "/campaigns/none/bulletin": ("write_campaigns", {"title_zh": "x"}),
    "/campaigns/none/bulletin/publish": ("approve_campaigns", {"version": 1, "written_at": 1.0}),
    "/campaigns/none/questions": ("write_campaigns", {"question_zh": "x"}),
    "/campaigns/none/questions/none": ("approve_campaigns", {"is_shown": "true"}),
    "/decisions/" + "0" * 32: ("see_personal", {"level": "personal"}),
    "/decisions/" + "0" * 32 + "/judgements": ("judge_texts", {"category": "normal"}),
    "/model/candidates/texts": ("see_personal", {}),
    "/model/candidates/none/shadow": ("write_models", {"share": "20"}),
    "/model/candidates/none/stop": ("write_models", {}),
    "/model/candidates/none/promote": ("approve_models", {}),
    "/model/candidates/none/rollback": ("write_models", {"why": "x"}),
    "/policies": ("write_policies", {"text": "- id: nothing"}),
    "/policies/no.such/shadow": ("write_policies", {"version": 1}),
    "/policies/no.such/live": ("approve_policies", {"version": 1}),
    "/policies/no.such/retire": ("retire_policies", {"version": 1}),
    "/policies/no.such/backtest": ("write_policies", {"version": 1}),
    "/lists": ("write_lists", {"purpose": "watch", "kind": "account", "id": " ", "list": "x", "note": "x", "days": 1}),
    "/lists/remove": ("write_lists", {"list": "none", "entity": "account:none"}),
    "/lexicon/edit": ("write_lexicon", {"term": " ", "category": "fraud", "severity": "2"}),
    "/lexicon/retire": ("write_lexicon", {"key": "none"}),
    "/lexicon/import": ("write_lexicon", {"text": ""}),
    "/lexicon/term/hits": ("see_signals", {"key": "none"}),
    "/lexicon/changes/999/preview": ("write_lexicon", {}),
    "/lexicon/changes/999/messages": ("see_personal", {}),
    "/lexicon/changes/999/approve": ("approve_lexicon", {}),
    "/lexicon/changes/999/reject": ("write_lexicon", {}),
    "/cases/none/claim": ("see_cases", {}),
    "/cases/none/judge": ("see_cases", {"stage": 1}),
    "/cases/none/release": ("see_cases", {}),
    "/cases/none/skip": ("see_cases", {"reason": "x"}),
    "/cases/none/watch": ("see_cases", {}),
    "/cases/none/unwatch": ("see_cases", {}),
    "/cases/none/merge": ("judge_cases", {"other": "none", "reason": "x"}),
    "/cases/none/unmerge": ("judge_cases", {"reason": "x"}),
    "/cases/none/split": ("judge_cases", {"target": "account:x", "reason": "x"}),
    "/cases/none/link": ("judge_cases", {"other": "none"}),
    "/cases/none/escalate": ("judge_cases", {"reason": "x"}),
    "/cases/none/reopen": ("judge_as_senior", {"reason": "x"}),
    "/cases/none/sanction": ("order_sanctions", {}),
    "/cases/none/close-group": ("order_sanctions", {"touched": "1"}),
    "/sanctions/none/lift": ("lift_sanctions", {"reason": "x"}),
    "/sanctions/none/correct": ("lift_sanctions", {"reason": "x"}),
    "/funds/none/look": ("see_sensitive", {}),
    "/funds/none/check": ("check_funds", {}),
    "/funds/none/approve": ("approve_funds", {}),
    "/funds/none/refuse": ("check_funds", {"ground": "x", "words": "x"}),
    "/accounts/none": ("see_personal", {}),
    "/attacks/none/contain": ("contain_accounts", {}),
    "/containments/open": ("contain_accounts", {"account": "none", "reason": " "}),
    "/containments/none/end": ("contain_accounts", {"ending": "lifted", "reason": "x"}),
    "/circles/safe-mode": ("assist_members", {"account": "none", "reason": " ", "act": "on"}),
    "/recoveries/none/look": ("see_sensitive", {}),
    "/recoveries/none/judge": ("judge_recoveries", {"answer": "grant"}),
    "/security-events/streams": ("write_endpoints", {"audience": "x", "url": "ftp://nowhere"}),
    "/cases/break": ("see_cases", {}),
    "/cases/mine/ties": ("see_cases", {"kind": "account", "id": " ", "relation": "own"}),
    "/cases/mine/ties/remove": ("see_cases", {"entity": "account:none"}),
    "/cases/mine/wellbeing": ("see_cases", {"media": "grey", "daily_limit": 300, "break_minutes": 60}),
    "/cases/queues": ("write_queues", {
        "name": "none", "title_zh": " ", "title_en": " ", "second_percent": 1, "golden_percent": 1, "service_hours": 1,
        "claim_minutes": 1,
    }),
    "/cases/golden": ("write_queues", {"case": "none", "answer": "violation"}),
    "/cases/golden/none/retire": ("write_queues", {}),
    "/cases/tickets/none": ("write_queues", {"note": "x"}),
    "/deliveries/endpoints": ("write_endpoints", {"url": "ftp://nowhere"}),
    "/deliveries/endpoints/ep_none": ("write_endpoints", {"enabled": "1"}),
    "/deliveries/replay": ("replay_deliveries", {"message": "none"}),
    "/health/notices": ("acknowledge_notices", {"id": "none"}),
    "/health/fuses": ("reset_fuses", {"policy": "none"}),
    "/audit": ("see_audit", {}),
    "/staff": ("manage_staff", {"name": "?"}),
    "/staff/none": ("manage_staff", {"act": "roles"}),
    "/keys": ("write_keys", {"name": " ", "rate": 1}),
    "/keys/none/revoke": ("write_keys", {}),
}
HOSTILE = "<script>alert(1)</script>'; DROP TABLE events; --{{7*7}}"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    made = Consoled(tmp_path_factory.mktemp("console")).start()
    made.live_through()
    for role in ROLES:
        made.add_person(f"one-{role}", role)
    made.add_person("lin", "analyst", "engineer", "admin", "auditor")
    made.add_person("zhou", "analyst")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def lin(console: Consoled) -> Visitor:
    return console.signed_in("lin")


def acts_noted(console: Consoled) -> list[str]:
    with console.house.database.read() as connection:
        return [entry.act for entry in latest_entries(connection, 500)]


@pytest.mark.parametrize("role", ROLES)
def test_each_role_enters_its_rooms_and_no_other(console: Consoled, role: str) -> None:
    visitor = console.signed_in(f"one-{role}")
    may = MAY[role]
    for path, act in ROOMS.items():
        answer = visitor.get(path)
        if path == "/" and act not in may:
            assert answer.status_code == 303, "the overview gives way to the first room that is open"
            assert visitor.get(answer.headers["location"]).status_code == 200
        else:
            assert answer.status_code == (200 if act in may else 403), path
    token = visitor.token("/account")
    for path, (act, fields) in DEEDS.items():
        answer = visitor.http.post(path, data={"csrf": token, **fields})
        assert (answer.status_code == 403) is (act not in may), (path, answer.status_code)


def test_every_act_has_a_room_or_a_deed() -> None:
    asked = {*ROOMS.values(), *(act for act, _ in DEEDS.values()), "see_sensitive"}
    assert asked == set(ACTS)


def test_the_rail_names_only_rooms_that_are_open(console: Consoled) -> None:
    reviewer = console.signed_in("one-reviewer").get("/").text
    assert 'href="/decisions"' in reviewer
    assert 'href="/staff"' not in reviewer
    assert 'href="/investigate"' not in reviewer


def test_a_decision_is_explained_and_personal_data_is_shown_only_on_demand(console: Consoled) -> None:
    said = "what only the two of them should know"
    key = console.block_a_message(said)
    path = f"/decisions/{key}"
    found = console.house.journal.explain(key)
    assert found
    reviewer = console.signed_in("one-reviewer")
    page = reviewer.get(path).text
    finding = found.decisions[-1].decision.findings[0]
    assert finding.policy in page
    assert "All of these" in page
    assert finding.reason["zh"] in page
    assert finding.reason["en"] in page
    assert said not in page
    shown = reviewer.post(path, form_on=path, level="personal")
    assert said in shown.text
    assert said not in reviewer.get(path).text, "a look is not remembered"
    assert reviewer.post(path, form_on=path, level="sensitive").status_code == 403
    engineer = console.signed_in("one-engineer")
    assert said not in engineer.get(path).text
    assert "Show personal data" not in engineer.get(path).text
    with console.house.database.read() as connection:
        looks = [entry for entry in latest_entries(connection, 50) if entry.act == "decision.personal"]
    assert [(look.actor, look.subject) for look in looks] == [("staff:one-reviewer", f"event:{key}")]


def test_the_stream_filters_pages_and_answers_nothing_when_nothing_is_new(console: Consoled, lin: Visitor) -> None:
    page = lin.get("/decisions").text
    assert page.count('class="verdict') == 50
    older = re.search(r'href="(/decisions\?before=\d+)"', page)
    assert older
    assert lin.get(older[1]).status_code == 200
    notable = lin.get("/decisions?verdict=notable").text
    assert "verdict allow" not in re.sub(r"(?s).*<tbody>", "", notable)
    assert "Nothing fits these filters" in lin.get("/decisions?who=account:nobody").text
    newest = console.house.journal.last_seq()
    fragment = {"hx-request": "true"}
    assert lin.http.get(f"/decisions?after={newest}", headers=fragment).status_code == 204
    rows = lin.http.get(f"/decisions?after={newest - 3}", headers=fragment).text
    assert rows.count('class="arrives') == 3
    assert "<html" not in rows


def test_an_investigation_becomes_a_policy_that_a_second_person_lets_live(console: Consoled, lin: Visitor) -> None:
    when = "sender_messages_1h >= 1 AND text_length > 3"
    page = lin.get(f"/investigate?when={when.replace(' ', '+')}&on=message.sent&hours=24").text
    assert re.search(r"\d+ events? fit", page)
    draft = lin.field(f"/policies/new?when={when.replace(' ', '+')}&on=message.sent", "text")
    assert draft.count("hits:") == 2
    text = draft.replace("custom.give_it_a_name", "custom.talks")
    saved = lin.post("/policies", text=text)
    assert saved.headers["location"] == "/policies/custom.talks?version=1&done=draft"
    path = "/policies/custom.talks"
    assert lin.post(f"{path}/live", version=1).status_code == 409, "a draft goes through shadow"
    assert lin.post(f"{path}/shadow", version=1).status_code == 303
    assert not console.house.engine.policies.get("custom.talks").is_live  # type: ignore[union-attr]
    zhou = console.signed_in("zhou")
    assert "It needs a backtest first" in zhou.post(f"{path}/live", version=1).text
    assert lin.post(f"{path}/backtest", version=1, days=1).status_code == 303
    run = ended_backtest(console, lin, path)
    assert "Would hit" in run
    assert "You wrote this version" in lin.get(path).text
    assert lin.post(f"{path}/live", version=1).status_code == 409, "nobody approves their own version"
    assert zhou.post(f"{path}/live", version=1).status_code == 303
    assert console.house.engine.policies.get("custom.talks").is_live  # type: ignore[union-attr]
    stored = console.house.policies.get("custom.talks", 1)
    assert stored.approved_by == "staff:zhou"
    assert b'"asked"' in (stored.backtest or b"")
    assert zhou.post(f"{path}/retire", version=1).status_code == 303
    assert console.house.engine.policies.get("custom.talks") is None
    noted = {"investigation", "policy.draft", "policy.shadow", "policy.live", "policy.retired"}
    assert noted <= set(acts_noted(console))


def ended_backtest(console: Consoled, visitor: Visitor, path: str) -> str:
    """The backtest's part of the page once it has ended."""
    deadline = clock.now() + 60
    while "Reading the journal" in (part := visitor.get(f"{path}/backtest?version=1").text):
        assert clock.now() < deadline
    return part


def test_a_broken_policy_or_condition_says_what_is_wrong(lin: Visitor) -> None:
    page = lin.post("/policies", text="- id: custom.x\n  on: message.sent\n  when: text_fraud_scor > 0.5")
    assert page.status_code == 422
    assert "missing" in page.text
    asked = lin.get("/investigate?when=text_fraud_scor+%3E+0.5&on=message.sent")
    assert asked.status_code == 422
    assert "text_fraud_score" in asked.text


def test_what_people_type_stays_text(console: Consoled, lin: Visitor) -> None:
    for path in (f"/decisions?who={HOSTILE}", f"/investigate?when={HOSTILE}", f"/policies?find={HOSTILE}"):
        text = lin.get(path).text
        assert "<script>alert" not in text
        assert "49" not in re.findall(r"\{\{.*?\}\}", text)
    lin.post("/lists", purpose="watch", kind="account", id=HOSTILE, list="odd", note=HOSTILE, days=1)
    page = lin.get("/lists").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert lin.post("/lists/remove", list="odd", entity=f"account:{HOSTILE}").status_code == 303


def test_a_list_entry_is_seen_by_the_engine_at_once(console: Consoled, lin: Visitor) -> None:
    lin.post("/lists", purpose="block", kind="account", id="u-bad", list="raids", note="raid of Friday", days=7)
    assert console.house.engine.lists.about("account", "u-bad", clock.now() + 1).is_blocked
    assert "raid of Friday" in lin.get("/lists").text
    lin.post("/lists/remove", list="raids", entity="account:u-bad")
    assert not console.house.engine.lists.about("account", "u-bad", clock.now() + 1).is_blocked


def test_an_endpoint_and_a_key_show_their_secret_once(console: Consoled, lin: Visitor) -> None:
    made = lin.post("/deliveries/endpoints", url="https://im.example.org/actions", kinds="action")
    secret = re.search(r"whsec_[\w+/=]+", made.text)
    assert secret
    assert secret[0] not in lin.get("/deliveries").text
    assert lin.post("/deliveries/endpoints", url="http://127.0.0.1/").status_code == 422
    key = lin.post("/keys", name="im server", rate=100, scopes=["events:write"])
    made_key = re.search(r"anlan_[\w\-]{40,}", key.text)
    assert made_key
    assert console.house.keys.find(made_key[0])
    listed = lin.get("/keys").text
    assert made_key[0] not in listed
    revoke = re.search(r"/keys/([0-9a-f]+)/revoke", listed)
    assert revoke
    lin.post(f"/keys/{revoke[1]}/revoke")
    assert console.house.keys.find(made_key[0]) is None


def test_a_notice_is_acknowledged_once(console: Consoled, lin: Visitor) -> None:
    notice = StaffNotice(id="n-1", at=clock.now(), kind="signal_failing", subject="text_length")
    with console.house.database.write() as connection:
        tell_staff(connection, [notice], clock.now())
    assert "A signal keeps failing" in lin.get("/health").text
    lin.post("/health/notices", id="n-1")
    with console.house.database.read() as connection:
        assert "n-1" not in {one.id for one in latest_notices(connection, unseen_only=True)}


def test_the_audit_chain_is_verified_and_a_change_is_found(console: Consoled, lin: Visitor) -> None:
    assert "Every row is as it was written" in lin.post("/audit").text
    with console.house.database.write() as connection:
        connection.exec_driver_sql("UPDATE audit SET actor = 'staff:nobody' WHERE seq = 3")
    broken = lin.post("/audit").text
    with console.house.database.write() as connection:
        connection.exec_driver_sql("UPDATE audit SET actor = (SELECT actor FROM audit WHERE seq = 4) WHERE seq = 3")
    assert "The chain is broken at row 3" in broken


def test_an_administrator_adds_changes_and_closes_accounts(console: Consoled, lin: Visitor) -> None:
    made = lin.post("/staff", name="new.person", roles=["reviewer", "emperor"]).text
    password = re.search(r"<pre>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</pre>", made)
    assert password
    assert lin.post("/staff", name="new.person").status_code == 422, "the name is taken"
    visitor = console.visitor()
    visitor.sign_in("new.person", password[1])
    assert visitor.get("/").headers["location"] == "/sign-in/password"
    page = lin.get("/staff").text
    member = re.search(r'action="/staff/([0-9a-f]+)">(?:(?!</form>).)*Roles of new\.person', page, re.DOTALL)
    assert member
    lin.post(f"/staff/{member[1]}", act="leave")
    assert visitor.get("/").headers["location"].startswith("/sign-in?")
    assert visitor.sign_in("new.person", password[1]).status_code == 401
    own = re.search(r'action="/staff/([0-9a-f]+)">(?:(?!</form>).)*Roles of lin<', page, re.DOTALL)
    assert own
    assert lin.post(f"/staff/{own[1]}", act="roles", roles=["analyst"]).status_code == 422
    lin.post(f"/staff/{own[1]}", act="leave")
    assert lin.get("/staff").status_code == 200, "nobody closes their own account"


def test_the_language_follows_the_account_then_the_switch_then_the_browser(console: Consoled) -> None:
    visitor = console.visitor()
    assert "登录" in visitor.http.get("/sign-in", headers={"accept-language": "zh-CN"}).text
    assert "Sign in" in visitor.http.get("/sign-in", headers={"accept-language": "en"}).text
    visitor.post("/looks", form_on="/sign-in", language="zh")
    assert "登录" in visitor.http.get("/sign-in", headers={"accept-language": "en"}).text
    visitor.sign_in("one-service")
    assert "Decisions" in visitor.get("/decisions").text, "the account is English"
    visitor.post("/account/language", language="zh")
    assert "每个事件的判定" in visitor.get("/decisions").text


def test_errors_are_pages_that_say_what_to_do(console: Consoled, lin: Visitor) -> None:
    for path in ("/no/such/page", "/decisions/xyz", "/policies/no.such", "/static/none.css"):
        assert lin.get(path).status_code == 404, path
    assert lin.post("/health/notices").status_code == 422
    assert "There is no event by this key" in lin.get("/decisions/" + "0" * 32).text


def test_nothing_reaches_outside_its_folder(console: Consoled, tmp_path: Path) -> None:
    for path in ("/static/../templates/console/base.html", "/static/%2e%2e/languages.py", "/static//etc/passwd"):
        assert console.visitor().get(path).status_code in (303, 404), path
