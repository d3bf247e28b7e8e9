"""Attacks on sign-in: noticed once, counted whole, ended by themselves, on both databases."""

import msgspec
import pytest
from judged import CATALOGUE, NOON, decide
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from anlan.desk.attacks import QUIET_S, AttackWatch
from anlan.domain.decisions import Judged
from anlan.domain.places import Place
from anlan.store.attacks import (
    ROUND_EVENTS,
    Attack,
    forget_parts,
    list_attacks,
    minutes_of,
    open_attack,
    opened_accounts,
    origins_of,
    standing_attack,
)
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.notices import latest_notices
from anlan.store.tables import attacks
from anlan.store.vault import Codec


class FewPlaces:
    """A table of one range."""

    made_on = "2026-01-01"

    def place(self, ip: str) -> Place | None:
        return Place("NL", 64500) if ip.startswith("198.51.100.") else None


class Front:
    """A door whose attempts stand in the journal as they were judged."""

    def __init__(self, database: Database) -> None:
        codec = Codec(database.vault)
        self.database = database
        self.watch = AttackWatch(database, codec, FewPlaces())
        self._journal = Journal(database, codec)
        self._waiting: list[Judged] = []
        self._number = 0

    def attempt(
        self, account: str, second: float, level: int, *, ip: str = "198.51.100.7", result: str = "failure",
        verdict: str = "challenge", is_known: bool = False, risk: float = 0.9,
    ) -> None:
        self._number += 1
        envelope = {
            "specversion": "1.0", "id": f"e{self._number}", "source": "im", "type": "account.login",
            "data": {"account": account, "result": result, "ip": ip},
        }
        event = CATALOGUE.decode(msgspec.json.encode(envelope), NOON + second)
        signals = {"login_attack_level": level, "login_device_is_known": is_known, "login_risk": risk}
        decision = msgspec.structs.replace(decide(event, verdict), signals=signals)
        self._waiting.append(Judged(event, decision, NOON + second))

    def round(self, second: float) -> int:
        self._journal.commit(self._waiting)
        self._waiting = []
        return self.watch.round(NOON + second)

    def standing(self) -> Attack | None:
        with self.database.read() as connection:
            return standing_attack(connection)

    def all(self) -> list[Attack]:
        with self.database.read() as connection:
            return list_attacks(connection)


@pytest.fixture
def front(database: Database) -> Front:
    return Front(database)


def spray(front: Front, accounts: int, start: float = 0.0, level: int = 2) -> None:
    for number in range(accounts):
        for again in range(2):
            front.attempt(f"m{number}", start + number + again / 2, level, ip=f"203.0.113.{number % 200}")


def test_an_attack_is_noticed_once_with_what_came_before_it(front: Front) -> None:
    front.attempt("m0", 0, 0)
    front.attempt("m1", 10, 1)
    assert front.round(20) == 2
    assert front.standing() is None
    front.attempt("m2", 30, 2, ip="not an address")
    front.attempt("owner", 31, 2, result="success", verdict="allow", is_known=True, risk=0.0)
    front.attempt("new-phone", 32, 2, result="success", verdict="allow", risk=0.01)
    front.round(40)
    attack = front.standing()
    assert attack is not None
    assert (attack.began_at, attack.size.attempts, attack.size.accounts, attack.size.networks) == (NOON, 3, 3, 1)
    front.round(41)
    with front.database.read() as connection:
        (notice,) = latest_notices(connection)
        (origin,) = origins_of(connection, attack.id)
    assert (notice.kind, notice.subject) == ("login_attack", attack.id)
    assert (origin.country, origin.asn, origin.attempts) == ("NL", 64500, 2)


def test_its_size_shape_and_opened_accounts_are_kept(front: Front) -> None:
    spray(front, 40)
    front.attempt("m7", 50, 2, result="success", verdict="allow", risk=0.2)
    front.attempt("m8", 51, 2, result="success", verdict="challenge", risk=0.9)
    front.round(60)
    attack = front.standing()
    assert attack is not None
    assert (attack.shape, attack.size.attempts, attack.size.failures) == ("spraying", 82, 80)
    assert (attack.size.stopped, attack.size.accounts, attack.size.opened) == (81, 40, 1)
    with front.database.read() as connection:
        assert [one.account for one in opened_accounts(connection, attack.id)] == ["account:m7"]
        assert sum(attempts for _, attempts, _ in minutes_of(connection, attack.id)) == 82


def test_rounds_add_up_and_calm_ends_it(front: Front) -> None:
    spray(front, 10)
    front.round(60)
    spray(front, 10, start=100)
    front.round(160)
    front.attempt("owner", 4_000, 0, result="success", verdict="allow", is_known=True, risk=0.0)
    front.round(4_010)
    (attack,) = front.all()
    assert (attack.state, attack.size.attempts, attack.size.accounts) == ("over", 40, 10)
    assert attack.last_at == NOON + 109.5
    spray(front, 6, start=9_000)
    front.round(9_100)
    assert [one.state for one in front.all()] == ["standing", "over"]


def test_silence_ends_it_too(front: Front) -> None:
    spray(front, 10)
    front.round(60)
    front.round(60 + QUIET_S - 1)
    assert front.standing() is not None
    front.round(62 + QUIET_S)
    assert front.standing() is None


def test_many_events_take_several_rounds(front: Front) -> None:
    spray(front, ROUND_EVENTS // 2 + 5)
    assert [front.round(1), front.round(2), front.round(3)] == [ROUND_EVENTS, 10, 0]
    attack = front.standing()
    assert attack is not None
    assert attack.size.attempts == ROUND_EVENTS + 10


def test_two_attacks_never_stand_at_once(database: Database) -> None:
    with database.write() as connection:
        assert open_attack(connection, NOON, NOON) is not None
        assert open_attack(connection, NOON, NOON) is None
        assert len(list_attacks(connection)) == 1


@pytest.mark.parametrize("values", [{"state": "gone"}, {"shape": "odd"}, {"state": "over"}])
def test_the_database_refuses_what_cannot_be(database: Database, values: dict[str, str]) -> None:
    with database.write() as connection:
        open_attack(connection, NOON, NOON)
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(update(attacks).values(**values))


def test_accounts_and_networks_are_forgotten_in_time(front: Front) -> None:
    spray(front, 10)
    front.round(60)
    front.round(62 + QUIET_S)
    with front.database.write() as connection:
        assert forget_parts(connection, NOON, 500) == 0
        assert forget_parts(connection, NOON + 10 * QUIET_S, 500) == 11
        (attack,) = list_attacks(connection)
        assert not opened_accounts(connection, attack.id)
        assert not origins_of(connection, attack.id)
        assert minutes_of(connection, attack.id)
