"""Circles on both databases: nobody is added unasked, everybody can leave, each alert warns each person once."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from stores import BACKENDS, KEY

from anlan.center import circles as circles_module
from anlan.center.circle_warnings import CircleWarnings
from anlan.center.circles import Circles
from anlan.center.containment import Containments
from anlan.center.followers import AlertRaised
from anlan.domain import circles as rules
from anlan.domain.circles import DAY_S, Consent, Role
from anlan.domain.facts import Fact
from anlan.domain.scenarios import HARMS, Harm, Scenario, Strength
from anlan.errors import AnlanError, Conflict, Forbidden, InvalidCircle, NotFound, RateLimited
from anlan.store import circle_invitations
from anlan.store.audit import first_break, latest_entries
from anlan.store.circle_warnings import Warned, forget_circles, warnings_for, warnings_of_alert
from anlan.store.circles import Bond, bonds_of, ended_lately, safe_mode_of
from anlan.store.database import Database
from anlan.store.recovery_facts import tied_since
from anlan.store.tables import circle_bonds, circle_members, facts, outbox
from anlan.store.tables import circle_invitations as invitation_rows
from anlan.store.tables import circle_warnings as warning_rows
from anlan.store.vault import Codec

GRAN, MEI, BO = "account:gran", "account:mei", "account:bo"
NOON = 1_790_000_000.0
ALL = Consent(harms=HARMS, may_pause=True)
MONEY = Consent(harms=("money",))


def scenario(name: str, harm: Harm) -> Scenario:
    words = {"zh": name, "en": name}
    return Scenario(
        id=name, version=1, owner="tests", harm=harm, title=words, summary=words, signs=(), stages=(),
        say={}, question=words, do=(), evidence=(), hotlines=(), honest=(),
    )


SCENARIOS = {"coupon": scenario("coupon", "money"), "sweetheart": scenario("sweetheart", "romance")}


class Family:
    """Gran, Mei and Bo, friends for years, and a clock that stands still until it is moved."""

    def __init__(self, database: Database) -> None:
        self.database, self.codec = database, Codec(database.vault)
        self.circles = Circles(database, self.codec, "https://im.example")
        self.warnings = CircleWarnings(database, SCENARIOS, "https://im.example")
        self.now = NOON
        self.alerts = 0
        for one, other in ((GRAN, MEI), (GRAN, BO), (MEI, BO)):
            self.befriend(one, other, NOON - 400 * DAY_S)

    def befriend(self, one: str, other: str, since: float) -> None:
        for a, b in ((one, other), (other, one)):
            self.know(Fact(f"tie:{a}|{b}", "friends_since", since, since))

    def know(self, fact: Fact) -> None:
        row = {
            "entity": fact.entity, "field": fact.field, "since": fact.since, "value": self.codec.seal_value(fact),
            "privacy": fact.privacy, "event_seq": 0,
        }
        with self.database.write() as connection:
            connection.execute(facts.insert(), row)

    def invite(self, inviter: str = GRAN, invitee: str = MEI, role: Role = "guardian", offer: Consent = ALL) -> str:
        return self.circles.invite(inviter, invitee, role, offer, inviter, self.now)

    def accept(self, invitation: str, account: str = MEI, consent: Consent = ALL) -> None:
        self.circles.accept(invitation, account, consent, account, self.now)

    def bind(self, ward: str = GRAN, guardian: str = MEI, offer: Consent = ALL, consent: Consent = ALL) -> Bond:
        self.accept(self.invite(ward, guardian, "guardian", offer), guardian, consent)
        return next(bond for bond in self.bonds(ward) if bond.guardian == guardian)

    def bonds(self, account: str) -> list[Bond]:
        with self.database.read() as connection:
            return bonds_of(connection, self.database.vault, account)

    def ended(self, account: str) -> list[Bond]:
        with self.database.read() as connection:
            return ended_lately(connection, self.database.vault, account, self.now)

    def leave(self, bond: Bond, account: str) -> None:
        self.circles.leave(bond.id, account, account, self.now)

    def alert(
        self, name: str = "", *, ward: str = GRAN, kind: str = "coupon", strength: Strength = "banner",
        was_sent: bool = True, people: tuple[str, ...] = (),
    ) -> AlertRaised:
        self.alerts += 1
        return AlertRaised(
            alert_id=name or f"alert_{self.alerts}", account=ward, scenario=kind, strength=strength, was_sent=was_sent,
            people=frozenset(people), at=self.now,
        )

    def raise_alerts(self, *alerts: AlertRaised) -> None:
        with self.database.write() as connection:
            self.warnings.on_alerts_raised(connection, alerts, self.now)

    def warned(self, guardian: str = MEI) -> list[Warned]:
        with self.database.read() as connection:
            return warnings_for(connection, self.database.vault, guardian, self.now)

    def sent(self, kind: str = "") -> list[dict[str, Any]]:
        with self.database.read() as connection:
            bodies = connection.execute(select(outbox.c.body).order_by(outbox.c.created_at)).scalars().all()
        found = [msgspec.json.decode(body) for body in bodies]
        return [one for one in found if not kind or one["type"] == kind]

    def acts(self) -> list[str]:
        with self.database.read() as connection:
            assert first_break(connection) is None
            return [entry.act for entry in latest_entries(connection)]


@pytest.fixture
def family(request: pytest.FixtureRequest, new_url: Callable[[str], str]) -> Iterator[Family]:
    """On SQLite; a test whose guard the database keeps runs `on_both`."""
    database = Database(new_url(getattr(request, "param", "sqlite")), KEY)
    yield Family(database)
    database.close()


on_both = pytest.mark.parametrize("family", BACKENDS, indirect=True)


@on_both
def test_a_bond_begins_when_both_have_said_so_and_covers_what_both_agreed_to(family: Family) -> None:
    name = family.invite(offer=Consent(harms=("money", "romance"), may_pause=True))
    assert family.bonds(GRAN) == []
    invited = family.sent("circle.invited")[0]["data"]
    assert (invited["account"], invited["inviter"], invited["role"]) == (MEI, GRAN, "guardian")
    family.accept(name, consent=Consent(harms=("money", "goods"), may_pause=True))
    bond, = family.bonds(MEI)
    assert (bond.ward, bond.guardian, bond.harms, bond.may_pause) == (GRAN, MEI, ("money",), True)
    assert family.sent("circle.changed")[0]["data"]["account"] == GRAN
    assert family.acts()[:2] == ["circle.accept", "circle.invite"]
    with family.database.read() as connection:
        assert family.circles.may_pause(connection, GRAN, MEI)
        assert not family.circles.may_pause(connection, MEI, GRAN)
        assert family.circles.guardians_of(connection, GRAN, "money") == [MEI]
        assert family.circles.guardians_of(connection, GRAN, "romance") == []


def test_a_guardian_cannot_give_themselves_the_right_to_pause(family: Family) -> None:
    family.accept(family.invite(MEI, GRAN, "ward", ALL), GRAN, MONEY)
    assert [bond.may_pause for bond in family.bonds(GRAN)] == [False]
    family.circles.change(family.bonds(MEI)[0].id, MEI, ALL, MEI)
    assert [bond.may_pause for bond in family.bonds(GRAN)] == [False]


def test_both_look_out_for_each_other(family: Family) -> None:
    family.accept(family.invite(role="both"))
    assert {(bond.ward, bond.guardian) for bond in family.bonds(GRAN)} == {(GRAN, MEI), (MEI, GRAN)}


def test_nobody_else_answers_an_invitation(family: Family) -> None:
    name = family.invite()
    for account in (BO, GRAN):
        with pytest.raises(NotFound):
            family.accept(name, account)
    with pytest.raises(Conflict):
        family.circles.withdraw(name, BO, BO, family.now)
    with pytest.raises(InvalidCircle):
        family.circles.invite(GRAN, GRAN, "guardian", ALL, GRAN, family.now)
    with pytest.raises(InvalidCircle):
        family.accept(family.invite(GRAN, BO, offer=MONEY), BO, Consent(harms=("goods",)))


def test_only_old_friends_are_invited_unless_the_platform_answers_for_the_tie(family: Family) -> None:
    new = "account:newcomer"
    with pytest.raises(Forbidden):
        family.invite(new, GRAN)
    family.befriend(new, GRAN, family.now - (rules.MIN_TIE_DAYS - 1) * DAY_S)
    with pytest.raises(Forbidden):
        family.invite(new, GRAN)
    assert family.circles.invite(new, GRAN, "ward", ALL, "key:k", family.now, is_vouched=True)
    with family.database.read() as connection:
        assert tied_since(connection, family.codec, new, GRAN, family.now) is not None


def test_an_invitation_is_sent_once_and_not_too_many_a_day(family: Family) -> None:
    assert family.invite() == family.invite()
    assert len(family.sent("circle.invited")) == 1
    for number in range(rules.MAX_INVITATIONS_A_DAY - 1):
        family.circles.invite(GRAN, f"account:a{number}", "guardian", ALL, "key:k", family.now, is_vouched=True)
    with pytest.raises(RateLimited):
        family.invite(GRAN, BO)
    family.now += DAY_S + 1
    assert family.invite(GRAN, BO)


def test_a_refusal_looks_like_silence(family: Family) -> None:
    """What the inviter sees, and may do, is the same whether the other declined, blocked them, or has not looked."""
    name = family.invite()
    family.circles.decline(name, MEI, MEI, family.now)
    family.circles.block(BO, GRAN, BO, family.now)
    other = family.invite(GRAN, BO)
    with family.database.read() as connection:
        mine = circle_invitations.invitations_of(connection, family.database.vault, GRAN, family.now)
        assert {one.id for one in mine} == {name, other}
        for account in (MEI, BO):
            assert circle_invitations.invitations_of(connection, family.database.vault, account, family.now) == []
    assert family.invite() == name
    assert len(family.sent("circle.invited")) == 1
    with pytest.raises(NotFound):
        family.accept(other, BO)
    family.now += (rules.INVITATION_DAYS + 1) * DAY_S
    family.invite()
    assert len(family.sent("circle.invited")) == 1, "whoever was turned down asks in vain for a while"
    family.now += (rules.REST_DAYS + 1) * DAY_S
    family.invite()
    assert len(family.sent("circle.invited")) == 2


def test_circles_of_minors_are_not_open_and_nobody_learns_who_is_one(family: Family) -> None:
    family.know(Fact(MEI, "age_band", NOON - DAY_S, "12_to_15", privacy="sensitive"))
    with pytest.raises(Forbidden):
        family.invite(MEI, GRAN)
    name = family.invite(GRAN, MEI)
    assert family.sent("circle.invited") == []
    with pytest.raises(NotFound):
        family.accept(name)


def test_a_circle_has_room_for_so_many(family: Family) -> None:
    for number in range(rules.MAX_GUARDIANS):
        guardian = f"account:g{number}"
        name = family.circles.invite(GRAN, guardian, "guardian", ALL, "key:k", family.now, is_vouched=True)
        family.accept(name, guardian)
        family.now += DAY_S
    with pytest.raises(Conflict):
        family.accept(family.invite())
    assert len(family.bonds(GRAN)) == rules.MAX_GUARDIANS


def test_a_warning_says_who_and_which_kind_of_risk_and_nothing_else(family: Family) -> None:
    family.bind()
    family.raise_alerts(family.alert("alert_1", people=("account:stranger", GRAN)))
    message, = family.sent("circle.warning")
    assert set(message["data"]) == {
        "account", "ward", "harm", "strength", "title", "text", "can_do", "at", "link",
    }
    assert (message["data"]["account"], message["data"]["ward"], message["data"]["harm"]) == (MEI, GRAN, "money")
    assert not {"stranger", "coupon", "alert_1"} & set(str(message).replace('"', " ").split())
    assert "coupon" not in str(message)
    with family.database.read() as connection:
        row = connection.execute(select(warning_rows)).one()
    assert b"money" not in bytes(row.sealed)


@on_both
def test_a_warning_is_told_once_whatever_comes_again(family: Family) -> None:
    family.bind()
    one = family.alert("alert_1")
    family.raise_alerts(one, one)
    family.raise_alerts(one)
    assert len(family.sent("circle.warning")) == len(family.warned()) == 1


def test_nobody_is_warned_of_what_they_did_not_agree_to(family: Family) -> None:
    family.bind(offer=MONEY)
    changes: tuple[dict[str, Any], ...] = (
        {"strength": "hint"}, {"was_sent": False}, {"kind": "sweetheart"}, {"ward": BO}, {"kind": "unheard_of"},
    )
    for change in changes:
        family.raise_alerts(family.alert(**change))
        assert family.warned() == [], change
    family.raise_alerts(family.alert())
    assert len(family.warned()) == 1


def test_who_may_be_the_thief_is_not_warned(family: Family) -> None:
    family.bind(GRAN, MEI)
    family.bind(GRAN, BO)
    family.raise_alerts(family.alert(strength="stop", people=(GRAN, MEI)))
    assert (family.warned(MEI), len(family.warned(BO))) == ([], 1)


def test_whoever_ends_the_friendship_ends_what_is_told(family: Family) -> None:
    family.bind()
    tie = f"tie:{GRAN}|{MEI}"
    family.know(Fact(tie, "friends_since", NOON - DAY_S, None))
    family.raise_alerts(family.alert())
    with family.database.read() as connection:
        assert not family.circles.may_pause(connection, GRAN, MEI)
        assert family.circles.guardians_of(connection, GRAN) == []
    assert (family.warned(), len(family.bonds(MEI))) == ([], 1)
    family.know(Fact(tie, "friends_since", NOON - 1, NOON - 1))
    family.raise_alerts(family.alert())
    assert len(family.warned()) == 1


def test_a_stolen_account_is_told_of_nobody(family: Family) -> None:
    family.bind()
    contained = Containments(family.database, family.codec, ())
    with family.database.write() as connection:
        name = contained.open(connection, MEI, "owner", family.now, by=MEI, since=family.now)
        assert not family.circles.may_pause(connection, GRAN, MEI)
    family.raise_alerts(family.alert())
    assert family.warned() == []
    with family.database.write() as connection:
        contained.lift(connection, name, MEI, "the owner is back", family.now)
    family.raise_alerts(family.alert())
    assert len(family.warned()) == 1


@on_both
def test_too_many_warnings_are_held_but_money_in_motion_goes_through(family: Family) -> None:
    family.bind()
    family.raise_alerts(family.alert())
    family.now += 60
    family.raise_alerts(family.alert(), family.alert(strength="stop"))
    assert sorted(one.state for one in family.warned()) == ["held", "sent", "sent"]
    for _ in range(rules.MAX_WARNINGS_A_DAY):
        family.now += 60
        family.raise_alerts(family.alert(strength="stop"))
    assert len(family.sent("circle.warning")) == rules.MAX_WARNINGS_A_DAY
    family.now += DAY_S
    family.raise_alerts(family.alert())
    assert len(family.sent("circle.warning")) == rules.MAX_WARNINGS_A_DAY + 1


def test_a_guardian_answers_and_the_ward_is_told_once(family: Family) -> None:
    family.bind()
    family.raise_alerts(family.alert())
    name = family.warned()[0].id
    for _ in range(2):
        after = family.warnings.answer(name, MEI, "called", MEI, family.now)
    assert after.called_at == family.now
    assert after.vouched_at is None
    assert [one["data"]["change"] for one in family.sent("circle.changed")].count("answered") == 1
    with family.database.read() as connection:
        told = warnings_of_alert(connection, family.database.vault, after.alert_id, GRAN)
        assert [(one.guardian, one.called_at) for one in told] == [(MEI, family.now)]
        assert warnings_of_alert(connection, family.database.vault, after.alert_id, BO) == []
    with pytest.raises(NotFound):
        family.warnings.answer(name, BO, "vouched", BO, family.now)
    family.now += (rules.SHOWN_DAYS + 1) * DAY_S
    with pytest.raises(NotFound):
        family.warnings.read(name, MEI, family.now)


@on_both
def test_a_ward_leaves_and_the_guardian_learns_of_it_later_and_not_why(family: Family) -> None:
    bond = family.bind()
    before = len(family.sent())
    family.leave(bond, GRAN)
    family.raise_alerts(family.alert())
    assert family.bonds(GRAN) == []
    assert [one.id for one in family.bonds(MEI)] == [bond.id]
    assert (family.warned(), len(family.sent())) == ([], before)
    with family.database.read() as connection:
        assert not family.circles.may_pause(connection, GRAN, MEI)
    family.now += rules.QUIET_DAYS_MOST * DAY_S + 1
    family.circles.round(family.now)
    family.circles.round(family.now + 1_000)
    told = [one["data"] for one in family.sent("circle.changed") if one["data"]["change"] == "ended"]
    assert [(one["account"], one["other"]) for one in told] == [(MEI, GRAN)]
    assert (family.bonds(MEI), [one.id for one in family.ended(MEI)], family.ended(GRAN)) == ([], [bond.id], [])


def test_what_a_guardian_does_with_a_bond_that_is_quietly_over_works_as_ever(family: Family) -> None:
    bond = family.bind()
    family.leave(bond, GRAN)
    before = len(family.sent())
    family.circles.change(bond.id, MEI, MONEY, MEI)
    family.circles.name(bond.id, MEI, "Nana", MEI)
    assert family.bonds(MEI)[0].ward_called == "Nana"
    family.leave(bond, MEI)
    assert (family.bonds(MEI), len(family.sent())) == ([], before)
    with pytest.raises(NotFound):
        family.leave(bond, MEI)


def test_a_guardian_does_not_see_what_a_ward_takes_back(family: Family) -> None:
    bond, before = family.bind(), len(family.sent())
    family.circles.change(bond.id, GRAN, MONEY, GRAN)
    assert family.bonds(GRAN)[0].shown_harms(GRAN) == ("money",)
    assert family.bonds(MEI)[0].shown_harms(MEI) == HARMS
    assert len(family.sent()) == before
    with pytest.raises(InvalidCircle):
        family.circles.change(bond.id, GRAN, Consent(harms=()), GRAN)


def test_a_ward_is_told_at_once_who_no_longer_looks_out_for_them(family: Family) -> None:
    bond = family.bind()
    family.leave(bond, MEI)
    assert family.sent("circle.changed")[-1]["data"]["change"] == "guardian_left"
    assert ([one.id for one in family.ended(GRAN)], family.bonds(GRAN)) == ([bond.id], [])


def test_safe_mode_leaves_no_trace(family: Family) -> None:
    family.accept(family.invite(role="both"))
    before, seen = len(family.sent()), [family.bonds(MEI), family.bonds(GRAN)]
    family.circles.enter_safe_mode(GRAN, GRAN, family.now)
    family.circles.enter_safe_mode(GRAN, GRAN, family.now)
    assert family.acts().count("circle.safe_mode") == 1
    family.raise_alerts(family.alert(), family.alert(ward=MEI))
    family.now += 100 * DAY_S
    family.circles.round(family.now)
    assert (family.warned(MEI), family.warned(GRAN)) == ([], [])
    told = [one["data"]["change"] for one in family.sent()[before:]]
    assert set(told) <= {"reminder"}
    looks = [[(bond.id, bond.ward, bond.harms) for bond in bonds] for bonds in (family.bonds(MEI), family.bonds(GRAN))]
    assert looks == [[(bond.id, bond.ward, bond.harms) for bond in bonds] for bonds in seen]


def test_staff_set_safe_mode_with_their_reason_in_one_transaction(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = family.circles.assist(GRAN, "on", "called us", "staff:hua", family.now)
    assert (on is not None, family.acts()[:2]) == (True, ["circle.assist", "circle.safe_mode"])
    family.circles.assist(GRAN, "look", "asks", "staff:hua", family.now)
    assert family.acts()[:2] == ["circle.assist", "circle.assist"]
    before = family.acts()
    monkeypatch.setattr(circles_module.circles, "safe_mode_of", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        family.circles.assist(MEI, "on", "called us", "staff:hua", family.now)
    monkeypatch.undo()
    assert family.acts() == before
    with family.database.read() as connection:
        assert safe_mode_of(connection, MEI, family.now) is None, "nothing is done of which the log does not say why"


def test_a_bond_that_is_pressed_upon_somebody_in_safe_mode_warns_nobody(family: Family) -> None:
    family.circles.enter_safe_mode(GRAN, GRAN, family.now)
    family.bind()
    family.raise_alerts(family.alert())
    assert (len(family.bonds(MEI)), family.warned()) == (1, [])


@on_both
def test_after_safe_mode_only_a_fresh_consent_after_some_days_warns_again(family: Family) -> None:
    family.bind()
    family.circles.enter_safe_mode(GRAN, GRAN, family.now)
    family.circles.leave_safe_mode(GRAN, GRAN, family.now)
    family.now += DAY_S
    family.bind()
    family.raise_alerts(family.alert())
    assert family.warned() == []
    family.now += rules.SAFE_COOL_OFF_DAYS * DAY_S
    family.raise_alerts(family.alert())
    assert family.warned() == [], "what was there does not come back by itself"
    family.bind()
    family.raise_alerts(family.alert())
    assert len(family.warned()) == 1
    assert len(family.bonds(MEI)) == 1, "the fresh one takes the place of the quiet one"
    with family.database.write() as connection:
        forget_circles(connection, family.now - 180 * DAY_S, 500, family.now)
        since = select(circle_members.c.safe_since).where(circle_members.c.account == GRAN)
        assert connection.execute(since).scalar_one() is None
        assert forget_circles(connection, family.now - 180 * DAY_S, 500, family.now) == 0


def test_a_block_ends_everything_between_two_and_says_so_to_nobody(family: Family) -> None:
    bond, other = family.bind(), family.bind(MEI, GRAN)
    before = len(family.sent())
    open_one = family.invite(MEI, GRAN, "guardian")
    family.circles.block(GRAN, MEI, GRAN, family.now)
    family.raise_alerts(family.alert())
    family.raise_alerts(family.alert(ward=MEI))
    assert (family.bonds(GRAN), family.warned(), family.warned(GRAN)) == ([], [], [])
    assert {one.id for one in family.bonds(MEI)} == {bond.id, other.id}
    assert len(family.sent()) == before + 1, "only the invitation from before the block"
    with pytest.raises(NotFound):
        family.accept(open_one, GRAN)
    family.circles.round(family.now + rules.QUIET_DAYS_MOST * DAY_S)
    told = {(one["data"]["change"], one["data"]["account"]) for one in family.sent("circle.changed")[-2:]}
    assert told == {("ended", MEI), ("guardian_left", MEI)}
    family.circles.unblock(GRAN, MEI, GRAN)
    family.now += (rules.INVITATION_DAYS + 1) * DAY_S
    family.accept(family.invite(MEI, GRAN, "guardian"), GRAN)


@on_both
def test_a_ward_is_reminded_of_who_watches(family: Family) -> None:
    family.bind()
    family.circles.round(family.now)
    for _ in range(2):
        family.now += (rules.REMINDER_DAYS + 1) * DAY_S
        family.circles.round(family.now)
        family.circles.round(family.now + 100)
    told = [one["data"]["account"] for one in family.sent("circle.changed") if one["data"]["change"] == "reminder"]
    assert told == [GRAN, GRAN]


@on_both
def test_what_nobody_is_shown_any_more_is_deleted(family: Family) -> None:
    family.leave(family.bind(), MEI)
    family.bind(GRAN, BO)
    family.raise_alerts(family.alert())
    family.circles.enter_safe_mode(GRAN, GRAN, family.now)
    family.now += 60 * DAY_S
    with family.database.write() as connection:
        forget_circles(connection, family.now - 180 * DAY_S, 500, family.now)
        assert connection.execute(select(warning_rows)).all() == []
        assert connection.execute(select(invitation_rows)).all() == []
        assert [row.guardian for row in connection.execute(select(circle_bonds))] == [BO]
        forget_circles(connection, family.now, 500, family.now)
        assert connection.execute(select(circle_bonds)).all() == []


def race(*acts: Callable[[], object]) -> list[str]:
    """Everything at once; what became of each."""
    gate, came = threading.Barrier(len(acts)), [""] * len(acts)

    def go(index: int) -> None:
        gate.wait()
        try:
            acts[index]()
            came[index] = "done"
        except AnlanError as error:
            came[index] = error.code

    threads = [threading.Thread(target=go, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came


@on_both
def test_an_invitation_is_accepted_or_withdrawn_never_both(family: Family) -> None:
    for number in range(4):
        invitee = f"account:r{number}"
        name = family.circles.invite(GRAN, invitee, "guardian", ALL, "key:k", family.now, is_vouched=True)
        came = race(
            lambda name=name, invitee=invitee: family.accept(name, invitee),
            lambda name=name: family.circles.withdraw(name, GRAN, GRAN, family.now),
        )
        is_bound = any(bond.guardian == invitee for bond in family.bonds(GRAN))
        assert sorted(came) == ["conflict", "done"]
        assert is_bound == (came[0] == "done")
        family.now += DAY_S


@on_both
def test_two_acceptances_make_one_bond(family: Family) -> None:
    name = family.invite()
    assert sorted(race(*[lambda: family.accept(name)] * 4)) == ["conflict"] * 3 + ["done"]
    assert len(family.bonds(GRAN)) == 1


@on_both
def test_many_invitations_at_once_leave_one(family: Family) -> None:
    assert race(*[family.invite] * 4) == ["done"] * 4
    assert len(family.sent("circle.invited")) == 1


@on_both
def test_after_a_ward_has_left_no_warning_is_made(family: Family) -> None:
    """Whoever comes first: a warning from before the ward left stands, and none comes after."""
    for number in range(4):
        bond = family.bind()
        alert = family.alert(f"alert_race_{number}", strength="stop")
        race(lambda bond=bond: family.leave(bond, GRAN), lambda alert=alert: family.raise_alerts(alert))
        family.raise_alerts(family.alert(strength="stop"))
        assert {one.alert_id for one in family.warned()} <= {f"alert_race_{n}" for n in range(number + 1)}
        family.now += 20 * DAY_S


@on_both
def test_one_alert_that_is_taken_in_twice_at_once_warns_once(family: Family) -> None:
    family.bind()
    alert = family.alert("alert_1")
    assert race(*[lambda: family.raise_alerts(alert)] * 4) == ["done"] * 4
    assert len(family.sent("circle.warning")) == 1


@on_both
def test_alerts_at_once_do_not_pass_the_days_limit(family: Family) -> None:
    family.bind()
    alerts = [family.alert(strength="stop") for _ in range(rules.MAX_WARNINGS_A_DAY + 3)]
    race(*[lambda one=one: family.raise_alerts(one) for one in alerts])
    assert len(family.sent("circle.warning")) == rules.MAX_WARNINGS_A_DAY


@on_both
def test_the_database_refuses_bonds_that_cannot_be(family: Family) -> None:
    family.bind()
    for values in ({"state": "gone"}, {"ward": MEI}, {"state": "ended"}, {"quieted_at": NOON}):
        with pytest.raises(IntegrityError, match="ck_circle_bonds"), family.database.write() as connection:
            connection.execute(update(circle_bonds).values(values))
