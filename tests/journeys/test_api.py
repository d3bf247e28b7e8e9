"""What platforms and engineers meet over HTTP: every answer, every refusal, every scope."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import msgspec
import pytest
from served import ALL_SCOPES, Served

from anlan.domain.decisions import VerdictAnswer
from anlan.store.keys import ApiKeys
from anlan.web.api.access import SCOPES

WORDS = "加微信 lucky888，澳门赌场真人荷官，注册送彩金，日入过万，点击 www.bet-888.example"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    """Somebody with every scope but `personal:read`; `villain` stands on a block list already."""
    with served.client(served.new_key(*(scope for scope in ALL_SCOPES if scope != "personal:read"))) as made:
        put_on_list(made, "villain")
        yield made


def put_on_list(client: httpx.Client, account: str) -> None:
    """Returns when the list decides."""
    path = f"/v1/lists/fraudsters/account:{account}"
    assert client.put(path, json={"purpose": "block", "note": "谁 / who"}).status_code == 200
    deadline = time.monotonic() + 60
    sender = {"sender": account}
    while client.post("/v1/events", json=message(time.time_ns(), data=sender)).json()["verdict"] == "allow":
        assert time.monotonic() < deadline, "the list was never reloaded"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def document(served: Served) -> dict[str, Any]:
    return served.document()


def message(number: object, **changes: Any) -> dict[str, Any]:
    data = {"sender": "a1", "recipient": "a2", "text": "明天一起吃饭吗", "ip": "203.0.113.9"} | changes.pop("data", {})
    return {"specversion": "1.0", "id": str(number), "source": "im", "type": "message.sent", "data": data} | changes


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body of a refusal, once its shape is what every refusal has."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"urn:anlan:error:{code}"
    assert (body["code"], body["status"]) == (code, status)
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in response.text
    return body


def test_an_event_gets_a_verdict_and_a_repeat_gets_the_same(client: httpx.Client) -> None:
    event = message("same", data={"sender": "villain"})
    first, second = (client.post("/v1/events", json=event) for _ in range(2))
    assert first.status_code == 200
    verdict = msgspec.json.decode(first.content, type=VerdictAnswer)
    assert verdict.verdict != "allow"
    assert second.content == first.content
    changed = client.post("/v1/events", json=message("same", data={"text": "something else"}))
    assert changed.content == first.content


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "malformed"),
        (b"\xff\xfe{}", "malformed"),
        (b'{"specversion":"1.0","id":"1","source":"s","type":"message.sent","data":{"sender":"\xff"}}', "schema"),
        (b"[" * 100_000, "malformed"),
        (b'{"specversion":"1.0","id":"1","source":"s","type":"message.sent","data":' + b'{"a":' * 40_000, "malformed"),
        (json.dumps(message(1, type="no.such.type")).encode(), "unknown_type"),
        (json.dumps(message(1, dataschema="urn:anlan:event:message.sent:99")).encode(), "unknown_version"),
        (json.dumps(message(1, time="2999-01-01T00:00:00Z")).encode(), "time_out_of_range"),
        (json.dumps(message(1, time="2026-01-01T00:00:00")).encode(), "malformed"),
        (json.dumps(message(1, data={"media_count": 10**30})).encode(), "schema"),
        (b'{"specversion":"1.0","id":"\\ud800","source":"s","type":"message.sent","data":{"sender":"a"}}', "malformed"),
    ],
)
def test_a_bad_event_is_refused_with_a_reason_that_is_kept(client: httpx.Client, body: bytes, reason: str) -> None:
    refusal = problem(client.post("/v1/events", content=body), 422, "invalid_event")
    assert refusal["reason"] == reason
    newest = client.get("/v1/refused", params={"limit": 1}).json()["items"][0]
    assert (newest["reason"], newest["detail"], newest["body"]) == (reason, refusal["detail"], None)


def test_ten_megabytes_are_refused_before_they_are_read(client: httpx.Client) -> None:
    problem(client.post("/v1/events", content=b"x" * 10_000_000), 413, "too_large")
    assert client.get("/v1/refused", params={"limit": 1}).json()["items"][0]["reason"] == "too_large"
    assert client.post("/v1/events", json=message("after")).status_code == 200


def test_a_batch_answers_line_by_line_and_a_bad_line_stops_nothing(client: httpx.Client) -> None:
    lines = [json.dumps(message("b1")), "{broken", "", json.dumps(message("b2", data={"sender": "villain"}))]
    lines.append(lines[0])
    response = client.post("/v1/events:batch", content="\n".join(lines))
    assert response.headers["content-type"] == "application/x-ndjson"
    first, bad, second, again = map(json.loads, response.text.splitlines())
    assert (first["verdict"], bad["code"], bad["reason"]) == ("allow", "invalid_event", "malformed")
    assert second["verdict"] != "allow"
    assert again == first
    problem(client.post("/v1/events:batch", content=b" \n\n "), 400, "invalid_request")
    problem(client.post("/v1/events:batch", content=b"{}\n" * 10_001), 413, "too_large")


@pytest.mark.parametrize("value", ["0", "-1", "60001", "soon", "nan", "", "%00", "%ff"])
def test_a_deadline_that_is_none_is_refused(client: httpx.Client, value: str) -> None:
    problem(client.post(f"/v1/events?deadline_ms={value}", json=message("d")), 400, "invalid_request")


def test_a_deadline_is_met_or_answered_with_504_and_the_event_is_kept(client: httpx.Client) -> None:
    assert client.post("/v1/events?deadline_ms=60000", json=message("unhurried")).status_code == 200
    for number in range(20):
        response = client.post("/v1/events?deadline_ms=1", json=message(f"hurried{number}"))
        if response.status_code == 504:
            problem(response, 504, "deadline_passed")
            assert client.post("/v1/events", json=message(f"hurried{number}")).json()["verdict"] == "allow"
            break
    else:
        pytest.skip("every commit took less than a millisecond")


def test_a_decision_is_explained_without_what_members_wrote(served: Served, client: httpx.Client) -> None:
    event = message("explained", data={"sender": "villain", "text": WORDS}, subject="m1")
    decision = client.post("/v1/events", json=event).json()["decision"]
    explained = client.get(f"/v1/decisions/{decision}").json()
    assert explained == client.get("/v1/decisions/by-event", params={"source": "im", "id": "explained"}).json()
    assert explained["event"]["data"] == {"sender": "villain", "recipient": "a2"}
    assert sorted(explained["event"]["hidden"]) == ["ip", "text"]
    assert "lucky888" not in json.dumps(explained)
    finding = explained["passes"][0]["findings"][0]
    assert finding["condition"]["truth"] is True
    assert finding["because"]
    assert {"zh", "en"} <= finding["reason"].keys()

    looks = served.audited("decision.personal")
    with served.client(served.new_key("decisions:read", "personal:read")) as reader:
        shown = reader.get(f"/v1/decisions/{decision}").json()
    assert shown["event"]["data"]["text"] == WORDS
    assert shown["event"]["hidden"] == []
    assert served.audited("decision.personal") == looks + 1


def test_sensitive_fields_are_never_shown(served: Served, client: httpx.Client) -> None:
    data = {"account": "n1", "phone": "+8613800000000", "email": "n1@example.org"}
    client.post("/v1/events", json=message("new", type="account.registered") | {"data": data})
    with served.client(served.new_key("decisions:read", "personal:read")) as reader:
        shown = reader.get("/v1/decisions/by-event", params={"source": "im", "id": "new"})
    assert sorted(shown.json()["event"]["hidden"]) == ["email", "phone"]
    assert "13800000000" not in shown.text


def test_decisions_are_listed_page_by_page_without_gaps(client: httpx.Client) -> None:
    body = "\n".join(json.dumps(message(f"p{number}", data={"sender": f"pager{number % 2}"})) for number in range(25))
    client.post("/v1/events:batch", content=body)
    query: dict[str, Any] = {"limit": 10, "actor": "account:pager1"}
    seqs: list[int] = []
    while True:
        page = client.get("/v1/decisions", params=query).json()
        seqs += [item["seq"] for item in page["items"]]
        if page["next_before_seq"] is None:
            break
        query["before_seq"] = page["next_before_seq"]
    assert len(seqs) == 12
    assert seqs == sorted(set(seqs), reverse=True)
    notable = client.get("/v1/decisions", params={"notable": True}).json()["items"]
    assert notable
    assert all(item["verdict"] != "allow" for item in notable)


def test_a_list_entry_decides_the_next_event_and_is_taken_off(served: Served, client: httpx.Client) -> None:
    path = "/v1/lists/fraudsters/account:rogue"
    problem(client.get(path), 404, "not_found")
    put_on_list(client, "rogue")
    entry = client.get(path).json()
    assert (entry["purpose"], entry["note"], entry["owner"][:4]) == ("block", "谁 / who", "key:")
    assert {"list": "fraudsters", "purpose": "block", "entries": 2} in client.get("/v1/lists").json()["items"]
    listed = client.get("/v1/lists/fraudsters").json()["items"]
    assert [one["entity"] for one in listed] == ["account:rogue", "account:villain"]
    assert client.delete(path).status_code == 204
    problem(client.delete(path), 404, "not_found")
    assert (served.audited("list.put") >= 2, served.audited("list.remove")) == (True, 1)


def test_entries_of_a_list_are_paged_in_order(client: httpx.Client) -> None:
    for name in "cab":
        client.put(f"/v1/lists/letters/group:{name}/x", json={"purpose": "watch"})
    first = client.get("/v1/lists/letters", params={"limit": 2}).json()
    assert [entry["entity"] for entry in first["items"]] == ["group:a/x", "group:b/x"]
    rest = client.get("/v1/lists/letters", params={"limit": 2, "after": first["next_after"]}).json()
    assert [entry["entity"] for entry in rest["items"]] == ["group:c/x"]
    assert rest["next_after"] is None


def test_an_endpoint_lives_from_registration_to_deletion(served: Served, client: httpx.Client) -> None:
    problem(client.post("/v1/endpoints", json={"url": "https://127.0.0.1/hook"}), 422, "invalid_endpoint")
    made = client.post("/v1/endpoints", json={"url": "https://platform.example/hook", "kinds": ["action.mute"]})
    assert made.status_code == 201
    path = f"/v1/endpoints/{made.json()['id']}"
    assert made.json()["secret"] not in client.get(path).text
    assert client.patch(path, json={"is_enabled": False}).json()["is_enabled"] is False
    assert client.patch(path, json={"kinds": []}).json()["kinds"] == []
    rotated = client.post(f"{path}/rotation").json()["secret"]
    assert rotated != made.json()["secret"]
    assert client.get(path).json()["is_rotating"] is True
    assert client.delete(f"{path}/rotation").status_code == 204
    assert client.get(path).json()["is_rotating"] is False
    assert client.delete(path).status_code == 204
    problem(client.get(path), 404, "not_found")
    acts = ("endpoint.add", "endpoint.rotate", "endpoint.rotated", "endpoint.delete")
    assert [served.audited(act) for act in acts] == [1, 1, 1, 1]
    assert client.get("/v1/deliveries/dead").json() == {"items": [], "next_offset": None}
    assert client.post("/v1/deliveries:replay", json={}).json() == {"messages": 0}


DRAFT = """
- id: test.shouting
  on: message.sent
  when: text_length >= 3 AND NOT sender_is_blocked
  because: "{text_length:.0f} characters"
  reason: {zh: 请不要刷屏。, en: Please do not shout.}
  category: noise
  then: [{warn: {}}]
"""


def test_a_policy_is_checked_drafted_and_backtested(served: Served, client: httpx.Client) -> None:
    wrong = DRAFT.replace("text_length >= 3", "text_lenght >= 3")
    check = client.post("/v1/policies:check", json={"yaml": wrong + DRAFT.replace("shouting", "whispering")}).json()
    assert (check["is_valid"], check["policies"]) == (False, ["test.whispering"])
    (fault,) = check["faults"]
    assert (fault["line"], fault["column"]) == (1, 1)
    assert "text_length" in fault["detail"]
    assert fault["detail_zh"]
    problem(client.post("/v1/policies", json={"yaml": wrong}), 422, "invalid_policy")

    drafted = client.post("/v1/policies", json={"yaml": DRAFT})
    assert (drafted.status_code, drafted.json()) == (201, {"id": "test.shouting", "version": 1, "state": "draft"})
    version = client.get("/v1/policies/test.shouting/versions/1").json()
    assert version["yaml"] == DRAFT
    assert version["author"].startswith("key:")
    assert [one["version"] for one in client.get("/v1/policies/test.shouting/versions").json()["items"]] == [1]
    problem(client.get("/v1/policies/test.shouting/versions/2"), 404, "not_found")
    problem(client.get("/v1/policies/nobody.wrote_this/versions"), 404, "not_found")
    assert served.audited("policy.draft") == 1

    client.post("/v1/events", json=message("to-backtest"))
    report = client.post("/v1/backtests", json={"yaml": DRAFT}).json()
    (result,) = report["policies"]
    assert result["hits"] > 0
    assert report["limits"]


def test_an_investigation_finds_events_and_hides_what_is_personal(served: Served, client: httpx.Client) -> None:
    client.post("/v1/events", json=message("to-find", data={"text": WORDS, "sender": "hunted"}))
    question = {"when": "sender = 'hunted' AND text_length > 1", "on": ["message.sent"]}
    found = client.post("/v1/investigations", json=question)
    assert found.json()["total"] == 1
    assert "lucky888" not in found.text
    assert "203.0.113.9" not in found.text
    with served.client(served.new_key("decisions:read", "personal:read")) as reader:
        assert "lucky888" in reader.post("/v1/investigations", json=question).text
    assert served.audited("investigation.personal") == 1
    refusal = problem(client.post("/v1/investigations", json={"when": "txt_length > 1"}), 422, "invalid_policy")
    assert refusal["column"] == 1


def test_the_catalogue_is_there_to_read(client: httpx.Client) -> None:
    names = {item["name"] for item in client.get("/v1/signals").json()["items"]}
    on_login = {item["name"] for item in client.get("/v1/signals", params={"on": "account.login"}).json()["items"]}
    assert on_login < names
    assert "text_length" in names - on_login
    problem(client.get("/v1/signals", params={"on": "nothing"}), 404, "not_found")
    types = {item["name"]: item for item in client.get("/v1/event-types").json()["items"]}
    privacy = {field["name"]: field["privacy"] for field in types["account.registered"]["fields"]}
    assert (privacy["phone"], privacy["ip"], privacy["account"]) == ("sensitive", "personal", "internal")


def test_who_may_do_what(served: Served, document: dict[str, Any]) -> None:
    """Every route lets in whoever has the scope that the document names, and not who has all others."""
    others = [tuple(other for other in SCOPES if other != scope) for scope in SCOPES]
    secrets = served.new_keys([*((scope,) for scope in SCOPES), *others])
    with_it = dict(zip(SCOPES, secrets[: len(SCOPES)], strict=True))
    without_it = dict(zip(SCOPES, secrets[len(SCOPES) :], strict=True))
    filled = {
        "key": "0" * 32, "policy_id": "a.b", "version": 1, "list_name": "l", "entity": "account:none",
        "endpoint_id": "ep_" + "0" * 16, "stream_id": "stream_" + "0" * 16, "prefix": "00000", "number": 1,
        "account": "none", "group": "none", "report_id": "rep_" + "0" * 24, "payout_id": "payout_" + "0" * 24,
        "sanction": "sanc_" + "0" * 24, "claim_id": "recovery_" + "0" * 22, "challenge_id": "chal_" + "0" * 24,
        "containment": "cont_" + "0" * 24, "talk_id": "talk_" + "0" * 24, "alert": "alert_" + "0" * 24,
        "invitation": "invite_" + "0" * 22, "bond": "bond_" + "0" * 22, "warning": "warned_" + "0" * 32,
        "transfer": "pay_" + "0" * 24, "theme": "bullying", "errand": "errand_" + "0" * 22,
    }
    with httpx.Client(base_url=served.url, timeout=30) as anybody:
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                url = path.format(**filled)
                wanted = operation.get("security", [{"bearer": []}])[0]["bearer"]
                anonymous = anybody.request(method, url)
                if not wanted:
                    assert anonymous.status_code == 200, path
                    continue
                problem(anonymous, 401, "unauthorized")
                assert anonymous.headers["www-authenticate"] == "Bearer"
                (scope,) = wanted
                for secret, is_in in ((with_it[scope], True), (without_it[scope], False)):
                    answer = anybody.request(method, url, headers={"authorization": f"Bearer {secret}"})
                    assert (answer.status_code != 403) == is_in, (method, path, scope, answer.text)


def test_errors_of_every_kind_have_one_shape(client: httpx.Client) -> None:
    problem(client.get("/v1/nothing/here"), 404, "not_found")
    problem(client.get("/healthz/nothing"), 404, "not_found")
    wrong = client.delete("/v1/policies")
    assert problem(wrong, 405, "method_not_allowed")["detail"].endswith("GET, POST")
    assert wrong.headers["allow"] == "GET, POST"
    assert problem(client.get("/v1/events"), 405, "method_not_allowed")["detail"]
    refusal = problem(client.get("/v1/decisions", params={"limit": 0, "before_seq": "x"}), 400, "invalid_request")
    assert [fault["where"] for fault in refusal["errors"]] == ["query.limit", "query.before_seq"]
    for body in (b"", b"nonsense", b'{"yaml": 1}', b'{"yaml": "", "more": 1}', b'{"yaml": "\\ud800"}', b"[" * 100_000):
        problem(client.post("/v1/policies:check", content=body), 400, "invalid_request")
    problem(client.post("/v1/policies:check", content=b"x" * 300_000), 413, "too_large")
    problem(client.get("/v1/decisions", params={"actor": "a\0b"}), 400, "invalid_request")


def test_a_slow_key_is_told_when_to_come_back(served: Served) -> None:
    with served.client(served.new_key("events:write", rate=0.05)) as slow:
        answers = [slow.post("/v1/events", json=message(f"slow{number}")) for number in range(4)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert late
    problem(late[0], 429, "rate_limited")
    assert int(late[0].headers["retry-after"]) >= 1


def test_a_revoked_key_opens_nothing_within_ten_seconds(served: Served) -> None:
    secret = served.new_key("decisions:read")
    with served.client(secret) as client:
        assert client.get("/v1/decisions").status_code == 200
        with served.database() as database:
            keys = ApiKeys(database)
            found = keys.find(secret)
            assert found
            assert keys.revoke(found.id)
        deadline = time.monotonic() + 60
        while client.get("/v1/decisions").status_code == 200:
            assert time.monotonic() < deadline
            time.sleep(0.5)
        problem(client.get("/v1/decisions"), 401, "unauthorized")


def test_the_document_and_the_verdict_route_say_the_same(client: httpx.Client, document: dict[str, Any]) -> None:
    """Every example is accepted, every answer fits its schema, and what the schema forbids is refused."""
    operation = document["paths"]["/v1/events"]["post"]
    schema = {"$ref": "#/components/schemas/Event", "components": document["components"]}
    valid = jsonschema_rs.validator_for(schema)
    answers = jsonschema_rs.validator_for({**schema, "$ref": "#/components/schemas/VerdictAnswer"})
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    assert set(examples) == {item["name"] for item in client.get("/v1/event-types").json()["items"]}
    for number, example in enumerate(examples.values()):
        event = {**example["value"], "id": f"example{number}"}
        assert valid.is_valid(event)
        answer = client.post("/v1/events", json=event)
        assert answer.status_code == 200, answer.text
        answers.validate(answer.json())
        for name in ("specversion", "id", "source", "type", "data"):
            lacking = {key: value for key, value in event.items() if key != name}
            assert not valid.is_valid(lacking)
            problem(client.post("/v1/events", json=lacking), 422, "invalid_event")
    strict = msgspec.defstruct("Strict", [], bases=(VerdictAnswer,), forbid_unknown_fields=True)
    msgspec.json.decode(answer.content, type=strict)


def test_every_reference_in_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    references = {part.split('"')[0] for part in json.dumps(document).split("#/components/schemas/")[1:]}
    assert references <= document["components"]["schemas"].keys()
    assert document["openapi"].startswith("3.1")


def test_monitoring_sees_what_was_refused(client: httpx.Client) -> None:
    client.post("/v1/events", content=b"{}")
    lines = client.get("/metrics").text.splitlines()
    refused = [line for line in lines if line.startswith('anlan_refused_events_total{reason="malformed"}')]
    assert float(refused[0].split()[-1]) >= 1
    assert any(line.startswith("anlan_delivery_backlog") for line in lines)


def test_refused_inputs_are_paged_and_their_bodies_take_a_scope(served: Served, client: httpx.Client) -> None:
    for number in range(3):
        client.post("/v1/events", content=b"refused %d" % number)
    with served.client(served.new_key("decisions:read", "personal:read")) as reader:
        first = reader.get("/v1/refused", params={"limit": 2}).json()
        rest = reader.get("/v1/refused", params={"limit": 1, "before_id": first["next_before_id"]}).json()
    bodies = [base64.b64decode(item["body"]) for item in (*first["items"], *rest["items"])]
    assert bodies == [b"refused 2", b"refused 1", b"refused 0"]


def test_a_text_is_explained_where_it_was_written(client: httpx.Client, served: Served) -> None:
    text = "兼职刷 单，加\u200b微信 abc12345，" + WORDS
    explained = client.post("/v1/texts:explain", json={"text": text}).json()
    harm = explained["scores"][-1]
    assert harm["category"] == "harm"
    assert harm["score"] > 0.5
    assert harm["log_odds"] == pytest.approx(harm["base"] + harm["spelling"] + harm["meaning"])
    assert harm["highlights"]
    assert sum(explained["probabilities"].values()) == pytest.approx(1)
    places = [*harm["highlights"], *explained["terms"], *explained["folds"], *explained["extracted"]]
    assert all(0 <= one["start"] <= one["end"] <= len(text) for one in places)
    assert any(text[one["start"] : one["end"]] == "abc12345" for one in explained["extracted"])
    assert explained["nearest"][0]["similarity"] >= explained["nearest"][-1]["similarity"]
    with served.client(served.new_key("policies:read")) as other:
        problem(other.post("/v1/texts:explain", json={"text": text}), 403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"text": ""}', b'{"text": 1}', b'{"text": "a", "more": 1}', b'{"text": "\\ud800"}',
     b'{"text": "\xff"}'],
)
def test_what_cannot_be_explained_is_refused(client: httpx.Client, body: bytes) -> None:
    problem(client.post("/v1/texts:explain", content=body), 400, "invalid_request")


@pytest.mark.parametrize("text", ["x" * 32_768, "\x00\u202e<script>", "👩‍👩‍👧‍👦" * 2000, "a@b.co," * 4000])
def test_any_text_is_explained(client: httpx.Client, text: str) -> None:
    assert client.post("/v1/texts:explain", json={"text": text}).json()["text"] == text
    problem(client.post("/v1/texts:explain", json={"text": text + "x" * 270_000}), 413, "too_large")


def test_terms_are_read_and_changes_proposed(client: httpx.Client) -> None:
    terms = client.get("/v1/lexicon/terms", params={"find": "刷單", "limit": 1}).json()
    (shown,) = terms["items"]
    assert ("刷单" in shown["key"], shown["state"], shown["is_own"]) == (True, "active", False)
    after = client.get("/v1/lexicon/terms", params={"find": "刷單", "limit": 1, "after": shown["key"]}).json()
    assert after["items"][0]["key"] > shown["key"]
    new = {"text": "新黑話", "category": "fraud", "severity": 2, "near": ["佣金"]}
    made = client.post("/v1/lexicon/changes", json={"why": "forum", "terms": [new], "retire": [shown["key"]]})
    assert (made.status_code, made.json()["state"], made.json()["term_count"]) == (201, "proposed", 2)
    number = made.json()["id"]
    (newest,) = client.get("/v1/lexicon/changes", params={"state": "proposed", "limit": 1}).json()["items"]
    assert newest["id"] == number
    edits = {one["key"]: one for one in client.get(f"/v1/lexicon/changes/{number}").json()["items"]}
    assert edits["新黑话"]["after"]["text"] == "新黑話"
    assert edits["新黑话"]["after"]["owner"].startswith("key:")
    assert edits[shown["key"]]["after"] is None
    assert client.get("/v1/lexicon/terms", params={"find": "新黑话"}).json()["items"] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"why": "", "terms": []}, 400), ({"why": " ", "terms": []}, 422), ({"why": "x", "terms": []}, 422),
        ({"why": "x", "retire": ["没有这个词"]}, 404),
        ({"why": "x", "terms": [{"text": "甲", "category": "nonsense", "severity": 1}]}, 400),
        ({"why": "x", "terms": [{"text": "甲", "category": "fraud", "severity": 4}]}, 400),
        ({"why": "x", "terms": [{"text": "\u200b", "category": "fraud", "severity": 1}]}, 422),
    ],
)
def test_changes_that_cannot_be_proposed(client: httpx.Client, change: dict[str, Any], status: int) -> None:
    assert client.post("/v1/lexicon/changes", json=change).status_code == status
    problem(client.get("/v1/lexicon/changes/999999"), 404, "not_found")
