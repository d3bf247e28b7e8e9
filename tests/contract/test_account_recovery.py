"""Claims on both databases: evidence in, a decision out; what must not happen is refused by the database itself."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import msgspec
import pytest
from servers import PostgresServer
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from stores import BACKENDS, KEY, migrated_sqlite

from anlan.center.claim_moves import ClaimMoves
from anlan.center.followers import AccountRecovered
from anlan.center.recovery import MOST_AT_ONCE, Claimed, Recoveries
from anlan.center.recovery_desk import Judged, RecoveryDesk
from anlan.domain import recovery_answers
from anlan.domain.claim_judgements import ClaimAnswer
from anlan.domain.claims import MAX_CLAIMS_PER_CLAIMANT_30D, MAX_CLAIMS_PER_NETWORK_1D, ClaimWay, ValueClass
from anlan.domain.digests import salted_digest
from anlan.domain.queues import WorkingTime
from anlan.domain.recovery import EvidenceKind
from anlan.domain.recovery_answers import PasswordDigest, Registered
from anlan.errors import Conflict, Forbidden, InvalidRequest, NotFound, RateLimited
from anlan.store import recovery, recovery_facts, retention
from anlan.store.audit_report import verify
from anlan.store.claim_judgements import add_judgement, arbiters_of, judgements_of, stuck_claims
from anlan.store.database import Database
from anlan.store.notices import latest_notices
from anlan.store.recovery import Claim
from anlan.store.review import Tie, add_tie, history_of
from anlan.store.staff import add_member
from anlan.store.tables import facts, outbox, recovery_claims
from anlan.store.vault import Codec, Vault

NOW = 1_750_000_000.0
DAY_S = 86_400.0
_numbers = count(1)


class People:
    """An account that has a past, of its own in a store that others use too."""

    def __init__(self, database: Database) -> None:
        self.number = next(_numbers)
        self.account = f"account:ann{self.number}"
        self.friends = [f"{name}{self.number}" for name in ("bob", "cat", "dan")]
        self.own = frozenset[str]()
        self.database, self.codec = database, Codec(Vault(KEY))
        self.given_back: list[AccountRecovered] = []
        moves = ClaimMoves("https://anlan.example", WorkingTime(), (lambda _, told: self.given_back.append(told),))
        self.claims = Recoveries(database, self.codec, moves)
        self.strict = Recoveries(database, self.codec, moves, checks_documents=True)
        self.desk = RecoveryDesk(database, self.codec, moves)

    def fact(self, entity: str, field: str, value: object, days_ago: float) -> None:
        row = {
            "entity": entity, "field": field, "since": NOW - days_ago * DAY_S, "value": msgspec.json.encode(value),
            "privacy": "internal", "event_seq": 1,
        }
        with self.database.write() as connection:
            connection.execute(insert(facts), row)

    def has_past(self, value_class: ValueClass = "ordinary") -> None:
        registered = Registered(
            registered_at=1_600_000_000.0, city="杭州", nickname="小船", inviter=self.friends[0],
            passwords=(PasswordDigest(digest=salted_digest("saltsalt", "old pass 1")),),
            phones=(salted_digest("saltsalt", "13800001111"),),
        )
        with self.database.write() as connection:
            vault = self.database.vault
            recovery_facts.register(connection, vault, self.account, value_class, registered, "key:k", NOW)
        seen = {"ip": "203.0.113.9", "device": "phone-1", "agent": "App", "method": None}
        self.fact(self.account, "sign_in", seen, 40)
        self.fact(self.account, "last_login_at", NOW - 40 * DAY_S, 40)
        self.fact(f"tie:{self.account}|device:phone-1", "is_known", value=True, days_ago=300)
        for number, friend in enumerate(self.friends):
            self.fact(f"tie:{self.account}|account:{friend}", "friends_since", NOW - 400 * DAY_S, 400)
            self.fact(f"account:{friend}", "registered_at", NOW - (500 + 10 * number) * DAY_S, 500)
            self.fact(f"account:{friend}", "sign_in", {"ip": f"198.51.{number}.7", "device": f"d{number}"}, 3)

    def open(
        self, *, account: str = "", device: str | None = None, ip: str = "", way: ClaimWay = "owner"
    ) -> tuple[Claim, str]:
        claimed = Claimed(
            account=account or self.account, contact="ann@example.org", ip=ip or f"192.{self.number}.2.1",
            device=device, agent="App", way=way,
        )
        made = self.claims.open(claimed, "public", NOW)
        self.own |= {made[0].id}
        return made

    def says_all(self, token: str, but: EvidenceKind | None = None) -> None:
        said: dict[EvidenceKind, str] = {
            "password": "old pass 1", "registered": "2020-09", "city": "杭州", "nickname": "小船",
            "inviter": self.friends[0], "contacts": "\n".join(self.friends),
        }
        for kind, words in said.items():
            if kind != but:
                self.claims.answer(token, kind, words, NOW)

    def likely(self) -> tuple[Claim, str]:
        """A claim that people need not look at."""
        claim, token = self.open(device="phone-1", ip=f"203.{self.number}.113.77")
        self.says_all(token)
        self.claims.answer(token, "friends", ", ".join(self.friends), NOW)
        for friend in self.friends[:2]:
            self.desk.vouch(claim.id, f"account:{friend}", "spoken", NOW)
        return self.claims.submit(token, NOW), token

    def judge(self, claim: Claim, by: str, answer: ClaimAnswer, **more: Any) -> Claim:
        words = "please show more" if answer == "refuse" else ""
        return self.desk.judge(claim.id, f"staff:{by}", Judged(answer=answer, words=words, **more), NOW)

    def sent(self, kind: str) -> list[dict[str, object]]:
        with self.database.read() as connection:
            rows = connection.execute(select(outbox.c.body).where(outbox.c.kind == kind)).scalars()
            said = [msgspec.json.decode(body)["data"] for body in rows]
        return [one for one in said if one["claim"] in self.own]


@pytest.fixture(scope="module", params=BACKENDS)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One store of each kind for all tests of this file."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("recovery") / "anlan.db"
        path.write_bytes(migrated_sqlite())
        url = f"sqlite:///{path}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        server.create("anlan_recovery", "anlan_template")
        url = server.url("anlan_recovery")
    opened = Database(url, KEY)
    yield opened
    opened.close()


@pytest.fixture
def people(store: Database) -> People:
    made = People(store)
    made.has_past()
    return made


def test_an_owner_gets_the_account_back_after_the_time_to_stop_it(people: People) -> None:
    claim, _ = people.likely()
    assert claim.state == "cooling"
    assert claim.cool_off_until is not None
    assert claim.cool_off_until >= NOW + DAY_S
    assert len(people.sent("recovery.notice")) == 1
    people.desk.round(claim.cool_off_until - 1)
    assert people.account not in {told.account for told in people.given_back}
    for _ in range(2):
        people.desk.round(claim.cool_off_until)
    assert [told.account for told in people.given_back if told.account == people.account] == [people.account]
    assert len(people.sent("recovery.grant")) == 1
    assert verify(people.database, "system").doubts == ()
    with people.database.read() as connection:
        assert recovery_facts.watched_until(connection, people.account) == claim.cool_off_until + 7 * DAY_S


def test_public_facts_and_guesses_give_nothing_back(people: People) -> None:
    _, token = people.open()
    people.claims.answer(token, "city", "杭州", NOW)
    people.claims.answer(token, "nickname", "船", NOW)
    people.claims.answer(token, "password", "123456\nqwerty", NOW)
    with pytest.raises(Conflict):
        people.claims.answer(token, "password", "old pass 1", NOW)
    assert people.claims.submit(token, NOW).state == "refused"
    with pytest.raises(Conflict):
        people.claims.submit(token, NOW)


def test_an_account_that_never_was_looks_like_any_other(people: People) -> None:
    _, token = people.open(account="account:nobody")
    people.says_all(token)
    people.claims.answer(token, "phone", "13800001111", NOW)
    people.claims.answer(token, "friends", ", ".join(people.friends), NOW)
    assert not people.sent("recovery.code")
    assert not people.sent("recovery.vouch")
    assert not people.claims.give_code(token, "phone", "000000", NOW)
    assert people.claims.submit(token, NOW).state == "refused"


def test_every_claimants_words_meet_digests_as_the_platform_makes_them(people: People) -> None:
    with people.database.write() as connection:  # told of later, and without a password
        later = Registered(city="杭州"), "key:k", NOW + 1
        recovery_facts.register(connection, people.database.vault, "account:plain", "ordinary", *later)
    with people.database.read() as connection:
        codec, vault = Codec(people.database.vault), people.database.vault
        ours, none = (
            recovery_facts.known_of(connection, codec, vault, one, NOW) for one in (people.account, "account:never")
        )
    assert (len(ours.passwords), none.passwords) == (1, ())
    assert none.decoy == ours.decoy
    assert str(none.decoy).startswith("sha256$")


def test_passwords_are_looked_at_once_and_few_at_a_time(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[str] = []
    at_work, may_go_on = threading.Semaphore(0), threading.Event()

    def is_made_of(digest: str, word: str) -> bool:
        met.append(word)
        at_work.release()
        return may_go_on.wait(30) and digest == word

    monkeypatch.setattr(recovery_answers, "is_made_of", is_made_of)
    tokens = [people.open(device=f"d{number}")[1] for number in range(MOST_AT_ONCE + 1)]
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        asked = [pool.submit(people.claims.answer, token, "password", "x", NOW) for token in tokens[1:]]
        for _ in range(MOST_AT_ONCE):
            assert at_work.acquire(timeout=30)
        with pytest.raises(RateLimited):
            people.claims.answer(tokens[0], "password", "x", NOW)
        people.claims.answer(tokens[0], "city", "杭州", NOW)
        may_go_on.set()
        for one in asked:
            one.result()
    people.claims.answer(tokens[0], "password", "x", NOW)
    met.clear()
    with pytest.raises(Conflict):
        people.claims.answer(tokens[0], "password", "y", NOW)
    people.claims.withdraw(tokens[1], NOW)
    with pytest.raises(Conflict):
        people.claims.answer(tokens[1], "password", "y", NOW)
    assert met == [], "who was answered makes us work no more"


def test_a_code_to_the_old_phone_counts_and_tries_run_out(people: People) -> None:
    _, token = people.open()
    people.claims.answer(token, "phone", "+86 138 0000 1111", NOW)
    (sent,) = people.sent("recovery.code")
    wrong = "000000" if sent["code"] != "000000" else "111111"
    assert not people.claims.give_code(token, "phone", wrong, NOW)
    assert people.claims.give_code(token, "phone", str(sent["code"]), NOW)
    with pytest.raises(Conflict):
        people.claims.give_code(token, "phone", str(sent["code"]), NOW)
    with people.database.read() as connection:
        claim = people.claims.find(token)
        assert {one.kind: one.outcome for one in recovery.evidence_of(connection, claim.id)}["phone"] == "right"


def test_the_link_alone_hands_it_to_people_and_a_device_of_old_ends_it(people: People) -> None:
    claim, _ = people.likely()
    url = str(people.sent("recovery.notice")[0]["stop_url"])
    paused = people.desk.stop_by_link(url.rpartition("/")[2], NOW + 60)
    assert (paused.state, paused.is_flagged, paused.cool_off_until) == ("review", True, None)
    people.desk.round(NOW + 30 * DAY_S)
    assert people.account not in {told.account for told in people.given_back}
    assert people.desk.stop_by_owner(claim.id, people.account, "unknown-device", "key:k", NOW + 70).state == "review"
    assert people.desk.stop_by_owner(claim.id, people.account, "phone-1", "key:k", NOW + 80).state == "stopped"
    with pytest.raises(NotFound):
        people.desk.stop_by_owner(claim.id, f"account:{people.friends[0]}", "phone-1", "key:k", NOW)


def test_two_people_who_claim_the_same_account_meet_staff(people: People) -> None:
    first, _ = people.likely()
    second, token = people.open(device="a strange one", ip="198.51.100.200")
    people.says_all(token, but="nickname")
    assert people.claims.submit(token, NOW + 5).state == "review"
    with people.database.read() as connection:
        assert {one.state for one in recovery.claims_for(connection, people.account)} == {"review"}
    assert people.judge(second, "mei", "refuse").state == "review", "a forgery is too likely for one person"
    assert people.judge(second, "jun", "refuse").state == "refused"
    assert people.judge(first, "mei", "grant").state == "cooling"


def test_where_documents_are_checked_to_show_none_is_an_answer(people: People) -> None:
    claim, token = people.open(device="a strange one", ip="198.51.100.200")
    people.says_all(token)
    people.strict.submit(token, NOW)
    with people.database.read() as connection:
        weighed = recovery.read_assessment(connection, claim.id)
    assert weighed is not None
    assert b'"document"' in weighed


def test_junk_does_not_keep_the_owner_from_their_own(people: People) -> None:
    for number in range(8):
        _, token = people.open(ip=f"198.{people.number}.{number}.1")
        people.claims.submit(token, NOW)
    assert people.likely()[0].state == "cooling"


def test_claims_are_limited_by_network_and_by_claimant(people: People) -> None:
    people.open()
    with pytest.raises(Conflict):
        people.open()
    for number in range(MAX_CLAIMS_PER_NETWORK_1D - 1):
        people.open(account=f"account:other{number}")
    with pytest.raises(RateLimited):
        people.open(account="account:another")
    people.open(account="account:another", ip=f"198.{people.number}.0.1")
    for _ in range(MAX_CLAIMS_PER_CLAIMANT_30D):
        _, token = people.open(ip=f"198.{people.number}.7.7")
        people.claims.withdraw(token, NOW)
    with pytest.raises(RateLimited):
        people.open(ip=f"198.{people.number}.7.7")


def test_a_friend_who_says_it_is_not_them_stops_what_was_about_to_be_granted(people: People) -> None:
    claim, _ = people.likely()
    people.desk.vouch(claim.id, f"account:{people.friends[2]}", "not_them", NOW + 9)
    assert people.desk.look(claim.id, "staff:mei")
    with people.database.read() as connection:
        found = recovery.find_claim(connection, claim.id)
    assert found is not None
    assert (found.state, found.is_flagged) == ("review", True)
    with pytest.raises(NotFound):
        people.desk.vouch(claim.id, "account:eve", "spoken", NOW)


def test_value_needs_two_people(store: Database) -> None:
    people = People(store)
    people.has_past("high")
    claim, _ = people.likely()
    assert claim.state == "review"
    assert people.judge(claim, "mei", "grant").state == "review"
    with pytest.raises(Forbidden):
        people.judge(claim, "mei", "grant")
    granted = people.judge(claim, "jun", "grant")
    assert (granted.state, granted.first_approver, granted.second_approver) == ("cooling", "staff:mei", "staff:jun")
    assert verify(people.database, "system").doubts == ()


def test_where_two_differ_a_senior_decides_and_the_first_is_not_seen(store: Database) -> None:
    people = People(store)
    people.has_past("high")
    claim, _ = people.likely()
    people.judge(claim, "mei", "refuse")
    with store.read() as connection:
        told = "".join(str(line.details) for line in history_of(connection, claim.case_id or ""))
    assert "refuse" not in told
    people.judge(claim, "jun", "grant")
    with pytest.raises(Forbidden):
        people.judge(claim, "lan", "grant")
    with pytest.raises(Forbidden):
        people.judge(claim, "jun", "grant", is_senior=True)
    granted = people.judge(claim, "lan", "grant", is_senior=True)
    assert (granted.state, granted.first_approver, granted.second_approver) == ("cooling", "staff:jun", "staff:lan")


def test_where_the_only_senior_is_one_of_the_two_staff_are_told_and_another_decides(store: Database) -> None:
    people = People(store)
    people.has_past("high")
    claim, _ = people.likely()

    def join(name: str, *roles: str) -> None:
        with store.write() as connection:
            add_member(connection, f"{name}{people.account}", "x", roles, "zh", NOW)

    def told() -> list[str]:
        people.desk.round(NOW)
        people.desk.round(NOW + 1)
        with store.read() as connection:
            return [one.subject for one in latest_notices(connection) if one.subject == claim.id]

    join("mei", "senior")
    join("ann", "senior")
    join("jun", "service")
    with store.write() as connection:
        near = {"relation": "near", "noted_by": "staff:x", "noted_at": NOW}
        add_tie(connection, Tie(by=f"staff:ann{people.account}", entity=people.account, **near))
    people.judge(claim, f"mei{people.account}", "refuse", is_senior=True)
    assert told() == [], "one answer differs from nobody"
    people.judge(claim, f"jun{people.account}", "grant")
    assert told() == [claim.id]
    with store.read() as connection:
        assert claim.id in {one.id for one in stuck_claims(connection)}
    with pytest.raises(Forbidden):
        people.judge(claim, f"ann{people.account}", "grant", is_senior=True)
    join("lan", "senior")
    with store.read() as connection:
        assert arbiters_of(connection, claim) == [f"lan{people.account}"]
        assert claim.id not in {one.id for one in stuck_claims(connection)}
    assert people.judge(claim, f"lan{people.account}", "grant", is_senior=True).state == "cooling"


def test_two_who_turn_it_down_end_it_in_words(store: Database) -> None:
    people = People(store)
    people.has_past("high")
    claim, token = people.likely()
    with pytest.raises(InvalidRequest):
        people.desk.judge(claim.id, "staff:mei", Judged(answer="refuse"), NOW)
    assert people.judge(claim, "mei", "refuse").state == "review"
    assert people.judge(claim, "jun", "refuse").state == "refused"
    assert people.claims.find(token).words == "please show more"


def test_one_may_ask_for_a_second_and_risk_does(people: People) -> None:
    claim, _ = people.likely()
    paused = people.desk.stop_by_link(str(people.sent("recovery.notice")[0]["stop_url"]).rpartition("/")[2], NOW)
    assert paused.needs_two
    unsure, token = people.open(device="phone-1", ip="198.51.100.201")
    people.says_all(token)
    asked = people.claims.submit(token, NOW)
    assert (asked.state, asked.needs_two) == ("review", False)
    assert people.judge(unsure, "mei", "grant", asks_second=True).state == "review"
    assert people.judge(unsure, "jun", "grant").state == "cooling"
    assert people.judge(claim, "mei", "refuse").state == "review"


def test_relatives_meet_two_people_who_agree_and_a_time_to_stop_it(people: People) -> None:
    claim, token = people.open(way="relative")
    assert people.claims.submit(token, NOW).state == "review"
    with pytest.raises(InvalidRequest):
        people.judge(claim, "mei", "grant")
    people.judge(claim, "mei", "memorial")
    assert people.judge(claim, "jun", "close").state == "review"
    with pytest.raises(InvalidRequest):
        people.judge(claim, "lan", "hand_over", is_senior=True)
    settled = people.judge(claim, "lan", "memorial", is_senior=True)
    assert (settled.state, settled.settlement) == ("cooling", "memorial")
    people.desk.round(NOW + 4 * DAY_S)
    assert people.sent("recovery.grant")[0]["settlement"] == "memorial"


def test_a_claim_that_comes_back_to_people_is_answered_anew(store: Database) -> None:
    people = People(store)
    people.has_past("high")
    claim, _ = people.likely()
    people.judge(claim, "mei", "grant")
    people.judge(claim, "jun", "grant")
    link = str(people.sent("recovery.notice")[-1]["stop_url"])
    assert people.desk.stop_by_link(link.rpartition("/")[2], NOW).first_approver is None
    assert people.judge(claim, "jun", "grant").state == "review"
    assert people.judge(claim, "mei", "grant").state == "cooling"


TWO = {"first_approver": "staff:yes", "second_approver": "staff:also", "approved_answer": "memorial"}
COOLS = {"state": "cooling", "cool_off_until": NOW, "stop_hash": "aa"}
UNLAWFUL: dict[str, tuple[str, dict[str, object]]] = {
    "granted before it cooled off": (
        "cooled_off", {**COOLS, "state": "granted", "ended_at": NOW, "cool_off_until": NOW + 9, "needs_two": False},
    ),
    "cooling without a stop button": ("can_be_stopped", {**COOLS, "stop_hash": None, "needs_two": False}),
    "value by one person": ("risk_needs_two", {**COOLS, "is_high_value": True, "needs_two": False}),
    "doubted, and by nobody": ("risk_needs_two", {**COOLS, "is_flagged": True, "needs_two": False}),
    "risky, and by nobody": ("risk_needs_two", {**COOLS, "needs_two": True}),
    "the same person twice": ("two_approvers", {**TWO, "second_approver": "staff:yes"}),
    "approved by somebody who turned it down": ("FOREIGN KEY|first_approval", {**TWO, "first_approver": "staff:no"}),
    "seconded by somebody who did not answer": ("FOREIGN KEY|second_approval", {**TWO, "second_approver": "staff:x"}),
    "approved without an answer": ("approved_answer", {**TWO, "approved_answer": None}),
    "approved by a refusal": ("approved_answer", {"first_approver": "staff:no", "approved_answer": "refuse"}),
    "settled otherwise than approved": ("settled_as_approved", {**TWO, "settlement": "close"}),
    "over without an end": ("ended", {"state": "refused"}),
    "a relative who is granted nothing": ("relative_settled", {**COOLS, **TWO, "way": "relative"}),
}


def test_the_database_refuses_what_must_not_be(people: People) -> None:
    claim, token = people.open(way="relative")
    claim = people.claims.submit(token, NOW)
    people.judge(claim, "no", "refuse")
    people.judge(claim, "yes", "memorial")
    with people.database.write() as connection:
        (_, given) = judgements_of(connection, claim)
        add_judgement(connection, msgspec.structs.replace(given, id="third", stage=3, by="staff:also"))
        connection.execute(update(recovery_claims).where(recovery_claims.c.id == claim.id).values(way="owner"))
    for guard, change in UNLAWFUL.values():
        changed = update(recovery_claims).where(recovery_claims.c.id == claim.id).values(**change)
        with pytest.raises(IntegrityError, match=guard), people.database.write() as connection:
            connection.execute(changed)


def test_the_database_takes_one_answer_of_a_person_and_of_a_stage(people: People) -> None:
    _, token = people.open(way="relative")
    people.judge(people.claims.submit(token, NOW), "mei", "close")
    with people.database.read() as connection:
        (given,) = judgements_of(connection, people.claims.find(token))
    changes: list[dict[str, Any]] = [{"stage": 2}, {"by": "staff:jun"}, {"stage": 4, "by": "staff:jun"}]
    for change in changes:
        again = msgspec.structs.replace(given, id="other", **change)
        with pytest.raises(IntegrityError), people.database.write() as connection:
            add_judgement(connection, again)


def test_what_was_written_goes_when_its_time_is_over(people: People) -> None:
    claim, token = people.open()
    people.claims.answer(token, "city", "杭州", NOW)
    people.claims.withdraw(token, NOW)
    for days, kept in ((179, "杭州"), (181, None)):
        retention.apply(people.database, retention.RetentionDays(personal_days=180), NOW + days * DAY_S, ())
        with people.database.read() as connection:
            answers = recovery.answers_of(connection, people.database.vault, claim.id)
            particulars = recovery.read_particulars(connection, people.database.vault, claim.id)
        assert [one.said for one in answers if one.kind == "city"] == [kept]
        assert (particulars is None) == (kept is None)


def test_an_account_that_was_handed_over_by_hand_is_found(people: People) -> None:
    claim, _ = people.open()
    forged = {"state": "granted", "cool_off_until": NOW, "stop_hash": "ab", "ended_at": NOW, "ended_by": "system"}
    with people.database.write() as connection:
        connection.execute(update(recovery_claims).where(recovery_claims.c.id == claim.id).values(**forged))
    assert ("recovered account", claim.id, "untold") in verify(people.database, "system").doubts
