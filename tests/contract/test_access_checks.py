"""Asked for every sensitive act: what is allowed writes nothing, a proof is good once, a contained account is held."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pyotp
import pytest

from anlan import clock
from anlan.center.challenges import Challenges
from anlan.center.containment import Containments
from anlan.center.factors import Factors
from anlan.center.passkeys import Passkeys
from anlan.center.trust import Access, AccessChecks, Asked, load_rules
from anlan.domain.events import Catalogue
from anlan.domain.factors import STEP_S
from anlan.errors import Forbidden
from anlan.protections.accounts.after_login import AfterLogin
from anlan.protections.accounts.sessions import Sessions
from anlan.store import recovery_facts
from anlan.store.audit import latest_entries
from anlan.store.database import Database
from anlan.store.vault import Codec

ANN = "account:ann"
NOON = 1_790_000_000.0
CATALOGUE = Catalogue()


class Desk:
    """Ann's session on a phone that her account knew before, and whoever asks about it."""

    def __init__(self, database: Database) -> None:
        self.database, self.now = database, NOON
        self.sessions, self.after = Sessions(100), AfterLogin(100)
        factors = Factors(database, Passkeys("https://im.example"), ())
        self.challenges, self.factors = Challenges(database, factors, "https://im.example"), factors
        self.checks = AccessChecks(database, self.sessions, self.after, self.challenges, load_rules())
        self.happen("account.login", result="success", method="password")

    def happen(self, type_: str, **data: Any) -> None:
        body = {"specversion": "1.0", "id": f"{type_}{self.now}", "source": "im", "type": type_,
                "data": {"account": "ann", "session": "s1", "device": "phone", **data}}
        event = CATALOGUE.decode(msgspec.json.encode(body), self.now)
        self.sessions.observe(event, {"device_is_new": False})

    def add_totp(self) -> pyotp.TOTP:
        name = self.factors.begin_totp(ANN, "own", "My phone")
        app = pyotp.TOTP(self.factors.read_totp(ANN, name).secret)
        self.factors.finish_totp(ANN, "own", name, app.at(self.now))
        self.now += STEP_S
        return app

    def ask(self, act: str, session: str = "s1", device: str = "phone", **more: Any) -> Access:
        asked = Asked(account="ann", session=session, device=device, act=act, **more)
        return self.checks.check(asked, "key:platform", self.now)

    def acts(self) -> list[str]:
        with self.database.read() as connection:
            return [entry.act for entry in latest_entries(connection) if entry.act.startswith("access.")]


@pytest.fixture
def desk(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(clock, "now", lambda: made.now)
    made = Desk.__new__(Desk)
    made.now = NOON
    made.__init__(database)  # type: ignore[misc]  # the clock asks it while it is made
    return made


def test_what_is_allowed_leaves_no_trace(desk: Desk) -> None:
    found = desk.ask("payment", amount_minor=5_000)
    assert (found.verdict, found.level, found.needed, found.reasons) == ("allow", "device", "device", ())
    assert desk.acts() == []


def test_a_proof_is_good_for_its_own_act_and_session_once(desk: Desk) -> None:
    app = desk.add_totp()
    asked = desk.ask("payment", amount_minor=500_000)
    assert (asked.verdict, asked.needed, asked.reasons) == ("step_up", "fresh_factor", ("no_proof", "amount"))
    assert asked.started
    proof = asked.started.id
    with pytest.raises(Forbidden, match="not good for this act"):
        desk.ask("payment", amount_minor=500_000, challenge=proof)
    assert desk.challenges.answer(desk.challenges.read(proof), "totp", app.at(desk.now)).is_passed
    with pytest.raises(Forbidden, match="not good for this act"):
        desk.ask("change_binding", challenge=proof)
    assert desk.ask("payment", session="s2", amount_minor=500_000, challenge=proof).verdict == "step_up"
    assert desk.ask("payment", amount_minor=500_000, challenge=proof).verdict == "allow"
    with pytest.raises(Forbidden, match="not good for this act"):
        desk.ask("payment", amount_minor=500_000, challenge=proof)
    assert desk.acts() == ["access.allow", "access.step_up", "access.step_up"]


def test_a_proof_in_the_journal_raises_the_session_and_time_lowers_it(desk: Desk) -> None:
    desk.happen("verification.completed", result="passed", method="totp")
    assert desk.ask("change_binding").verdict == "allow"
    desk.now += 3_600
    assert (desk.ask("change_binding").level, desk.ask("transfer_group").verdict) == ("factor", "allow")


def test_work_is_no_proof_of_who_it_is(desk: Desk) -> None:
    desk.happen("verification.completed", result="passed", method="proof_of_work")
    found = desk.ask("change_binding")
    assert (found.verdict, found.level) == ("step_up", "device")
    assert found.started is None, "the account has nothing to prove itself by"


def test_another_device_in_the_session_is_worth_nothing(desk: Desk) -> None:
    found = desk.ask("payment", device="laptop", amount_minor=100)
    assert (found.verdict, found.level, found.reasons) == ("step_up", "none", ("other_device", "no_proof"))


def test_a_session_that_was_thrown_out_is_denied(desk: Desk) -> None:
    desk.now += 60
    desk.happen("account.login", result="success", session="s2")
    desk.now += 60
    desk.happen("session.changed", change="others_ended", session="s2")
    assert desk.ask("payment").verdict == "deny"
    assert desk.ask("payment", session="s2").verdict == "allow"


def test_nobody_pays_from_a_contained_account(desk: Desk) -> None:
    containments = Containments(desk.database, Codec(desk.database.vault))
    with desk.database.write() as connection:
        name = containments.open(connection, ANN, "staff", desk.now, by="staff:sam", since=desk.now)
    found = desk.ask("payment", amount_minor=1)
    assert (found.verdict, found.reasons) == ("deny", ("contained",))
    assert desk.ask("read_messages").verdict == "allow"
    with desk.database.write() as connection:
        containments.lift(connection, name, "staff:sam", "it was her", desk.now, is_false_alarm=True)
    assert desk.ask("payment", amount_minor=1).verdict == "allow"


def test_the_thief_gets_nothing_where_the_owners_own_phone_goes_on(desk: Desk) -> None:
    desk.now += 60
    desk.happen("account.login", result="success", session="odd", device="laptop")
    containments = Containments(desk.database, Codec(desk.database.vault))
    with desk.database.write() as connection:
        containments.open(
            connection, ANN, "owner", desk.now, by=ANN, since=desk.now, device="laptop", session="odd"
        )
    assert desk.ask("read_messages", session="odd", device="laptop").verdict == "deny"
    assert desk.ask("payment", session="odd", device="laptop").verdict == "deny"
    assert desk.ask("read_messages").verdict == "allow"


def test_trust_outlives_a_restart(desk: Desk) -> None:
    desk.happen("verification.completed", result="passed", method="passkey")
    fresh = Sessions(100)
    assert fresh.restore(desk.sessions.snapshot())
    assert fresh.trust_of("ann", "s1", "phone", None) == desk.sessions.trust_of("ann", "s1", "phone", None)
    assert fresh.trust_of("ann", "s1", "phone", None) is not None


def test_what_a_thief_would_do_first_waits_while_an_account_that_came_back_is_watched(desk: Desk) -> None:
    with desk.database.write() as connection:
        recovery_facts.register(
            connection, desk.database.vault, ANN, "ordinary", recovery_facts.Registered(), "key:k", desk.now
        )
        recovery_facts.watch(connection, ANN, desk.now + 60)
    found = desk.ask("payment", amount_minor=1)
    assert (found.verdict, found.reasons) == ("deny", ("recovered",))
    assert desk.ask("read_messages").verdict == "allow"
    desk.now += 61
    assert desk.ask("payment", amount_minor=1).verdict == "allow"
