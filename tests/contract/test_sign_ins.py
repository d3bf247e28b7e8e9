"""What owners see of their account, on both databases: each event once, so much at most, sealed, gone in time."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from judged import CATALOGUE, NOON, Judged, decide, event
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from anlan.center.containment import Containments
from anlan.center.reminders import MAX_SENT_A_DAY, Reminders
from anlan.center.security_view import fold_days, look_at
from anlan.center.sessions import Sessions
from anlan.center.sign_ins import SignInBook
from anlan.domain.places import Place
from anlan.domain.sign_ins import DAY_S, MORE_NETWORKS, session_name
from anlan.errors import NotFound
from anlan.store import retention
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.members import OpenedLink, find_link, find_session, make_link, start_session
from anlan.store.reminders import LINK_S, reminders_of
from anlan.store.retention import RetentionDays
from anlan.store.sign_in_rows import MAX_DEVICES, MAX_NETWORKS, MAX_SIGN_INS, mark_others_ended
from anlan.store.sign_ins import devices_of, failures_of, sessions_of, sign_ins_of, standing_of
from anlan.store.tables import account_devices, account_sessions, outbox, sign_in_failures, sign_in_reminders, sign_ins
from anlan.store.trusted_devices import is_trusted, trust
from anlan.store.vault import Codec

NOW = NOON + 600
HOME, ABROAD = "192.0.2.7", "198.51.100.7"
AGENT = "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36"


class Atlas:
    """Two addresses with a country each."""

    made_on = "2026-11-21"

    def place(self, ip: str) -> Place | None:
        return {HOME: Place("CN", 4134), ABROAD: Place("FR", 3215)}.get(ip)


class Owner:
    """The book over one store."""

    def __init__(self, database: Database) -> None:
        self.database, self.vault = database, database.vault
        self.journal = Journal(database, Codec(database.vault))
        containments = Containments(database, Codec(database.vault))
        self.reminders = Reminders(database, containments, "https://anlan.example", "Asia/Shanghai")
        self.book = SignInBook(database, Atlas(), self.reminders, risk_threshold=0.5)
        self._number = 0

    def happens(self, kind: str, verdict: str = "allow", risk: float | None = None, **data: Any) -> Judged:
        """An event of ann's, one second after the last."""
        self._number += 1
        happened = event(self._number, kind, account="ann", **data)
        decision = decide(happened, verdict)
        if risk is not None:
            decision = msgspec.structs.replace(decision, signals={"login_risk": risk})
        return Judged(happened, decision, NOON + self._number)

    def login(self, device: str | None = "phone", ip: str = HOME, verdict: str = "allow", **more: Any) -> Judged:
        named = {"device": device} if device else {}
        said = {"result": "success", "ip": ip, "user_agent": AGENT, "session": f"s{self._number}", **named, **more}
        return self.happens("account.login", verdict, **said)

    def take_in(self, *what: Judged, now: float = NOW) -> int:
        self.journal.commit(what)
        return self.book.take_in(now)

    def causes(self) -> list[str]:
        with self.database.read() as connection:
            return [one.cause for one in reversed(reminders_of(connection, self.vault, "account:ann"))]

    def link(self) -> str:
        """The token of the last reminder that was sent."""
        with self.database.read() as connection:
            query = select(outbox.c.body).where(outbox.c.kind == "login.reminder").order_by(outbox.c.created_at.desc())
            body = connection.execute(query.limit(1)).scalar_one()
        return str(msgspec.json.decode(body)["data"]["link"]).rsplit("/", 1)[-1]

    def count(self, table: Any) -> int:
        with self.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def owner(database: Database) -> Owner:
    return Owner(database)


def test_each_event_is_taken_once_however_many_take_at_once(owner: Owner) -> None:
    owner.journal.commit([owner.login(ip=HOME) for _ in range(60)])
    owner.journal.commit([owner.happens("account.login", result="failure", ip=HOME) for _ in range(60)])
    with ThreadPoolExecutor(2) as pool:
        taken = [work.result() for work in [pool.submit(owner.book.take_in, NOW) for _ in range(2)]]
    assert sum(taken) == 120
    assert owner.count(sign_ins) == 60
    with owner.database.read() as connection:
        assert sum(one.count for one in failures_of(connection, "account:ann")) == 60
    assert owner.book.take_in(NOW) == 0


def test_only_what_is_unlike_the_owner_is_told(owner: Owner) -> None:
    owner.take_in(owner.login(), owner.login())
    assert owner.causes() == []
    owner.take_in(owner.login("pc"), owner.login("pc"), owner.login("pc", ABROAD), owner.login("pc", ABROAD))
    owner.take_in(owner.login("pc", risk=0.7), owner.login("pc", risk=0.3))
    owner.take_in(owner.login("thief", verdict="block"))
    assert owner.causes() == ["new_device", "new_country", "risk", "stopped"]


def test_a_stopped_or_unproven_sign_in_makes_nothing_known(owner: Owner) -> None:
    owner.take_in(owner.login(), owner.login("thief", ABROAD, "block"), owner.login("thief", ABROAD, "challenge"))
    with owner.database.read() as connection:
        assert [one.device for one in devices_of(connection, owner.vault, "account:ann")] == ["phone"]
        assert [one.state for one in sign_ins_of(connection, owner.vault, "account:ann")] == [
            "challenged", "stopped", "entered"
        ]
    failed = owner.happens("verification.completed", result="failed", method="totp", session="s2", device="thief")
    other = owner.happens("verification.completed", result="passed", method="totp", session="s0", device="thief")
    owner.take_in(failed, other)
    assert owner.count(account_devices) == 1, "neither a failure nor the proof of another session lets in"
    owner.take_in(owner.happens("verification.completed", result="passed", method="totp", session="s2"))
    assert owner.count(account_devices) == 2


def test_who_had_the_password_and_nothing_more_is_told_of_later(owner: Owner) -> None:
    owner.take_in(owner.login(), owner.login("thief", ABROAD, "challenge"))
    owner.book.take_in(NOON + 60)
    assert owner.causes() == []
    for _ in range(2):
        owner.book.take_in(NOW + 600)
    assert owner.causes() == ["stopped"]
    late = owner.happens("verification.completed", result="passed", method="totp", session="s1")
    owner.take_in(late, now=NOW + 700)
    assert owner.causes() == ["stopped", "new_country"], "a late proof lets in, and the owner hears of it again"
    assert owner.count(account_devices) == 2


def test_sessions_come_and_go_as_the_platform_says(owner: Owner) -> None:
    owner.take_in(owner.login(session="a"), owner.login(session="b"), owner.login(session="c"))
    owner.take_in(owner.happens("session.changed", change="ended", session="a"))
    owner.take_in(owner.happens("session.changed", change="refreshed", session="d", ip=ABROAD))
    with owner.database.read() as connection:
        there = {one.session: one.country for one in sessions_of(connection, owner.vault, "account:ann")}
    assert there == {"b": "CN", "c": "CN", "d": "FR"}
    owner.take_in(owner.happens("session.changed", change="others_ended", session="c"))
    with owner.database.read() as connection:
        assert [one.session for one in sessions_of(connection, owner.vault, "account:ann")] == ["c"]


def test_members_pages_end_with_the_session_that_they_came_from(owner: Owner) -> None:
    def open_from(account: str, session: str) -> tuple[str, str]:
        """A session, and the token of a link that waits."""
        link = OpenedLink(account=account, language="", path="/me", platform_session=session_name(account, session))
        with owner.database.write() as connection:
            return start_session(connection, link, NOW), make_link(connection, link, "key:k", NOW)

    ann, bob = {one: open_from("account:ann", one) for one in "abc"}, open_from("account:bob", "a")

    def good() -> str:
        with owner.database.read() as connection:
            both = {one: (find_session(connection, opened, NOW), find_link(connection, waiting, NOW))
                    for one, (opened, waiting) in {**ann, "B": bob}.items()}
        assert all(all(pair) == any(pair) for pair in both.values())
        return "".join(one for one, pair in both.items() if all(pair))

    Sessions(owner.database).confirm_ended("account:ann", ["a", "never"], "key:k", NOW)
    assert good() == "bcB"
    with owner.database.write() as connection:
        mark_others_ended(connection, "account:ann", session_name("account:ann", "b"), NOW - 1)
    assert good() == "bcB", "they began later"
    with owner.database.write() as connection:
        mark_others_ended(connection, "account:ann", session_name("account:ann", "b"), NOW)
    assert good() == "bB"


def test_an_ended_session_is_not_ordered_again_and_orders_name_whom_they_keep(owner: Owner) -> None:
    sessions = Sessions(owner.database)
    owner.take_in(owner.login(session="a"), owner.login(session="b"))
    with owner.database.read() as connection:
        one = sessions_of(connection, owner.vault, "account:ann")[0]
    for _ in range(2):
        sessions.end("account:ann", one.id, NOW)
    sessions.end_others("account:ann", "b", NOW)
    assert owner.count(outbox) == 2
    assert sessions.confirm_ended("account:ann", ["a", "b", "never"], "key:k", NOW) == 2
    with pytest.raises(NotFound):
        sessions.end("account:ann", one.id, NOW)
    with pytest.raises(NotFound):
        sessions.end("account:bob", one.id, NOW)


def test_a_device_that_is_taken_away_is_trusted_no_more(owner: Owner) -> None:
    owner.take_in(owner.login("phone"), owner.login("pc"), owner.login("tab"))
    with owner.database.write() as connection:
        for device in ("phone", "pc", "tab"):
            trust(connection, owner.vault, "account:ann", device, AGENT, NOW)
        pc = next(one for one in devices_of(connection, owner.vault, "account:ann") if one.device == "pc")
        assert pc.id in look_at(connection, owner.vault, "account:ann", NOW).trusted
    Sessions(owner.database).remove_device("account:ann", pc.id, NOW)
    owner.take_in(owner.happens("device.disowned", device="tab"))
    with owner.database.read() as connection:
        left = [device for device in ("phone", "pc", "tab") if is_trusted(connection, "account:ann", device, NOW)]
        assert [one.device for one in look_at(connection, owner.vault, "account:ann", NOW).devices] == left == ["phone"]


def test_an_attacked_account_does_not_grow_without_end(owner: Owner) -> None:
    owner.take_in(*(owner.login(f"d{number}") for number in range(MAX_DEVICES + 5)))
    owner.take_in(*(owner.login("d1") for _ in range(MAX_SIGN_INS - MAX_DEVICES)))
    addresses = [f"203.0.{third}.1" for third in range(MAX_NETWORKS + 9)]
    owner.take_in(*(owner.happens("account.login", result="failure", ip=ip) for ip in addresses))
    assert owner.count(account_devices) == MAX_DEVICES
    assert owner.count(sign_ins) == MAX_SIGN_INS
    with owner.database.read() as connection:
        failures = failures_of(connection, "account:ann")
    kept = {one.network: one.count for one in failures}
    assert (len(kept), kept[MORE_NETWORKS]) == (MAX_NETWORKS + 1, 9)
    [day] = fold_days([], failures, lambda _: NOON)
    assert (day.failures, day.networks, day.has_more) == (MAX_NETWORKS + 9, MAX_NETWORKS, True)


def test_reminders_are_capped_and_old_news_is_kept_unsent(owner: Owner) -> None:
    owner.take_in(owner.login())
    owner.take_in(*(owner.login(f"new{number}") for number in range(9)))
    assert owner.count(sign_in_reminders) == 9
    assert owner.count(outbox) == MAX_SENT_A_DAY["sign_in"]
    owner.take_in(owner.happens("account.password_changed", way="change"))
    assert owner.count(outbox) == MAX_SENT_A_DAY["sign_in"] + 1, "sign-ins cannot use up what tells of changes"
    owner.take_in(owner.login("late"), now=NOW + 2 * DAY_S)
    assert owner.count(outbox) == MAX_SENT_A_DAY["sign_in"] + 1
    assert owner.causes()[-1] == "new_device"


def test_a_stopped_change_is_no_change(owner: Owner) -> None:
    owner.take_in(
        owner.happens("account.registered", phone="+8613800138000"),
        owner.happens("account.binding_changed", "block", binding="email", change="added"),
        owner.happens("account.password_changed", "hold", way="change", password_is_weak=True),
    )
    with owner.database.read() as connection:
        standing = standing_of(connection, "account:ann")
    assert (standing.has_phone, standing.has_email, standing.password_is_weak) == (True, False, None)
    assert owner.causes() == []


def test_links_end_and_answers_count_once(owner: Owner) -> None:
    owner.take_in(owner.login(), owner.login("pc"))
    token = owner.link()
    assert owner.reminders.look(token, NOW).answer is None
    first = owner.reminders.answer(token, "not_own", NOW + 1)
    again = owner.reminders.answer(token, "not_own", NOW + 2)
    assert first.containment_id is not None
    assert first.containment_id == again.containment_id
    assert again.answered_at == NOW + 1
    assert owner.reminders.answer(token, "own", NOW + 3).answer == "not_own"
    for act in (owner.reminders.look, lambda token, now: owner.reminders.answer(token, "own", now)):
        with pytest.raises(NotFound):
            act(token, NOW + LINK_S + 1)
        with pytest.raises(NotFound):
            act("forged", NOW)


def test_nothing_personal_lies_open_and_all_of_it_goes(owner: Owner) -> None:
    owner.take_in(owner.login("secret-token", session="secret-session"), owner.login("pc", ABROAD))
    owner.take_in(owner.happens("account.login", result="failure", ip=HOME))
    with owner.database.read() as connection:
        for table in (sign_ins, account_devices, account_sessions, sign_in_reminders, sign_in_failures):
            rows = repr(connection.execute(select(table)).all())
            for word in ("secret-token", "secret-session", HOME, ABROAD, "Mozilla", owner.link()):
                assert word not in rows, (table.name, word)
    policy = RetentionDays(personal_days=180)
    assert retention.apply(owner.database, policy, NOON + 179 * DAY_S, CATALOGUE.types).sign_ins == 0
    assert retention.apply(owner.database, policy, NOON + 181 * DAY_S, CATALOGUE.types).sign_ins == 8
    assert owner.count(sign_ins) + owner.count(sign_in_reminders) + owner.count(account_devices) == 0


def test_the_database_refuses_what_cannot_be(owner: Owner) -> None:
    owner.take_in(owner.login(), owner.login("pc"))
    for wrong in (
        "UPDATE sign_ins SET state = 'in'", "UPDATE account_devices SET state = 'mine'",
        "UPDATE account_sessions SET state = 'ended'", "UPDATE sign_in_reminders SET answer = 'own'",
        "UPDATE sign_in_reminders SET answer = 'perhaps', answered_at = 1", "UPDATE sign_in_reminders SET cause = 'x'",
    ):
        with pytest.raises(IntegrityError), owner.database.write() as connection:
            connection.execute(text(wrong))
