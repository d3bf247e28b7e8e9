"""Factors and challenges on both databases: what counts once counts once, and no stranger uses up the owner's tries."""

import threading
from collections.abc import Callable, Iterator

import msgspec
import pyotp
import pytest
from sqlalchemy import select
from stores import BACKENDS, KEY

from anlan import clock
from anlan.center.challenges import Challenges, Started, Visitor
from anlan.center.factors import CHANGE, Factors
from anlan.center.followers import AccountRecovered, ContainmentMove, ContainmentMoved, FactorChanged
from anlan.center.passkeys import Passkeys
from anlan.domain import challenges as rules
from anlan.domain.factors import GUESSABLE, STEP_S, Level, Method
from anlan.domain.proof_of_work import is_done
from anlan.errors import AnlanError, Conflict, Forbidden, InvalidAnswer, InvalidRequest, NotFound, RateLimited
from anlan.store import challenges, factors, trusted_devices
from anlan.store.challenges import Challenge
from anlan.store.database import Database
from anlan.store.tables import outbox, own_events

ANN = "account:ann"
SESSION = "a member's session"
NOON = 1_790_000_000.0


class Owner:
    """Ann, her factors, and a clock that stands still until it is moved."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.told: list[tuple[str, str]] = []
        self.factors = Factors(database, Passkeys("https://im.example"), (self._hear,))
        self.challenges = Challenges(database, self.factors, "https://im.example")
        self.now = NOON

    def _hear(self, _: object, changed: FactorChanged) -> None:
        self.told.append((changed.factor, changed.change))

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def start(self, purpose: str = "sign_in", *, level: Level = "human", **visitor: str) -> Challenge:
        asked = Visitor(**{"ip": "203.0.113.7", **visitor})
        with self.database.write() as connection:
            started = self.challenges.start(connection, ANN, purpose, self.now, level=level, visitor=asked)
        return self.challenges.read(started.id)

    def reach(self, *channels: str) -> None:
        with self.database.write() as connection:
            told = dict.fromkeys(channels, "a***@im.example")
            factors.tell_channels(connection, self.database.vault, ANN, told, self.now)  # type: ignore[arg-type]
        self.wait(1)

    def add_totp(self) -> pyotp.TOTP:
        name = self.factors.begin_totp(ANN, SESSION, "My phone")
        app = pyotp.TOTP(self.factors.read_totp(ANN, name).secret)
        self.factors.finish_totp(ANN, SESSION, name, app.at(self.now))
        self.wait(STEP_S)
        return app

    def answer(self, challenge: Challenge, method: Method, text: str, *, is_to_trust: bool = False) -> bool:
        return self.challenges.answer(challenge, method, text, is_to_trust=is_to_trust).is_passed

    def sent(self) -> list[dict[str, object]]:
        with self.database.read() as connection:
            bodies = connection.execute(select(outbox.c.body).order_by(outbox.c.created_at)).scalars()
            return [msgspec.json.decode(body) for body in bodies]

    def code(self, challenge: Challenge) -> str:
        """The latest code that was sent for it."""
        codes = [body["data"] for body in self.sent() if body["type"] == "factor.code"]
        return [str(data["code"]) for data in codes if data["challenge"] == challenge.id][-1]  # type: ignore[index]


@pytest.fixture
def owner(
    request: pytest.FixtureRequest, new_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Owner]:
    """On SQLite; a test whose guard the database keeps runs `on_both`."""
    database = Database(new_url(getattr(request, "param", "sqlite")), KEY)
    made = Owner(database)
    monkeypatch.setattr(clock, "now", lambda: made.now)
    yield made
    database.close()


on_both = pytest.mark.parametrize("owner", BACKENDS, indirect=True)


@on_both
def test_a_code_of_an_authenticator_works_once(owner: Owner) -> None:
    app = owner.add_totp()
    first, second = owner.start(), owner.start()
    code = app.at(owner.now)
    assert owner.answer(first, "totp", code)
    assert not owner.answer(second, "totp", code)
    assert not owner.answer(second, "totp", app.at(owner.now - STEP_S)), "an earlier step is over too"
    owner.wait(STEP_S)
    assert owner.answer(second, "totp", f" {app.at(owner.now)[:3]} {app.at(owner.now)[3:]} ")


def test_the_code_that_confirmed_an_authenticator_passes_nothing(owner: Owner) -> None:
    app = owner.add_totp()
    assert not owner.answer(owner.start(), "totp", app.at(owner.now - STEP_S))


@on_both
def test_a_recovery_code_works_once_and_the_last_one_is_told(owner: Owner) -> None:
    codes = owner.factors.make_recovery_codes(ANN, SESSION)
    owner.wait(1)
    assert len(set(codes)) == 10
    first = owner.start()
    assert owner.answer(first, "recovery_code", codes[0].upper().replace("-", " "))
    second = owner.start()
    assert not owner.answer(second, "recovery_code", codes[0])
    for code in codes[1:]:
        assert owner.answer(owner.start(), "recovery_code", code)
    assert owner.told == [("recovery_codes", "added"), ("recovery_codes", "used_up")]
    with pytest.raises(Conflict):
        owner.start(level="factor")


def test_a_new_set_of_recovery_codes_ends_the_old_one(owner: Owner) -> None:
    old = owner.factors.make_recovery_codes(ANN, SESSION)
    owner.wait(1)
    challenge = owner.start(CHANGE, session=SESSION)
    assert owner.answer(challenge, "recovery_code", old[0])
    owner.factors.make_recovery_codes(ANN, SESSION)
    owner.wait(1)
    assert not owner.answer(owner.start(), "recovery_code", old[1])


@on_both
def test_a_challenge_is_passed_once_and_used_once_for_its_own_act(owner: Owner) -> None:
    app = owner.add_totp()
    challenge = owner.start("change_binding", session="s1")
    assert owner.answer(challenge, "totp", app.at(owner.now))
    owner.wait(STEP_S)
    with pytest.raises(Conflict):
        owner.answer(owner.challenges.read(challenge.id), "totp", app.at(owner.now))
    for account, purpose in ((ANN, "sign_in"), ("account:bob", "change_binding")):
        with owner.database.write() as connection, pytest.raises(Forbidden):
            owner.challenges.use(connection, challenge.id, account, purpose, owner.now)
    with owner.database.write() as connection, pytest.raises(Forbidden):
        owner.challenges.use(connection, challenge.id, ANN, "change_binding", owner.now, "s2")
    with owner.database.write() as connection:
        owner.challenges.use(connection, challenge.id, ANN, "change_binding", owner.now, "s1")
    with owner.database.write() as connection, pytest.raises(Forbidden):
        owner.challenges.use(connection, challenge.id, ANN, "change_binding", owner.now)


def test_a_proof_does_not_keep(owner: Owner) -> None:
    app = owner.add_totp()
    challenge = owner.start()
    assert owner.answer(challenge, "totp", app.at(owner.now))
    with owner.database.write() as connection, pytest.raises(Forbidden):
        owner.challenges.use(connection, challenge.id, ANN, "sign_in", owner.now + rules.PROOF_S)


def test_a_challenge_that_is_too_old_takes_nothing(owner: Owner) -> None:
    app = owner.add_totp()
    challenge = owner.start()
    owner.wait(rules.LIFE_S)
    with pytest.raises(Conflict):
        owner.answer(challenge, "totp", app.at(owner.now))


@on_both
def test_five_wrong_answers_end_a_challenge_and_the_platform_hears_of_it(owner: Owner) -> None:
    app = owner.add_totp()
    challenge = owner.start(session="s1", device="d1")
    left = [owner.challenges.answer(challenge, "totp", "000000").tries_left for _ in range(rules.MAX_TRIES)]
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(Conflict):
        owner.answer(challenge, "totp", app.at(owner.now))
    assert owner.challenges.read(challenge.id).state == "failed"
    failed = owner.sent()[-1]
    assert failed["type"] == "challenge.failed"
    with owner.database.read() as connection:
        said = [msgspec.json.decode(body) for body in connection.execute(select(own_events.c.body)).scalars()]
    completed = [event["data"] for event in said if event["type"] == "verification.completed"]
    assert completed == [{
        "account": "ann", "result": "failed", "method": "totp", "purpose": "sign_in", "challenge": challenge.id,
        "session": "s1", "device": "d1", "ip": "203.0.113.7",
    }]


def test_methods_that_were_not_offered_are_refused(owner: Owner) -> None:
    owner.add_totp()
    challenge = owner.start()
    assert challenge.methods == ("totp",)
    for method in ("proof_of_work", "captcha", "email_code", "trusted_device"):
        with pytest.raises(InvalidAnswer):
            owner.answer(challenge, method, "1")


@on_both
def test_a_sent_code_works_once_within_its_time_for_its_challenge(owner: Owner) -> None:
    owner.reach("email", "sms")
    first, second = owner.start(), owner.start()
    assert first.methods == ("email_code", "sms_code")
    owner.challenges.send_code(first, "email", "en")
    code = owner.code(first)
    assert code in str(owner.sent()[-1])
    assert not owner.answer(second, "email_code", code), "it was sent for another challenge"
    assert not owner.answer(first, "sms_code", code), "it was sent by another channel"
    assert owner.answer(first, "email_code", code)
    owner.challenges.send_code(second, "email", "en")
    late = owner.code(second)
    owner.wait(600)
    assert not owner.answer(second, "email_code", late)


@on_both
def test_another_code_takes_a_while_and_there_are_only_a_few(owner: Owner) -> None:
    owner.reach("email")
    challenge = owner.start()
    owner.challenges.send_code(challenge, "email", "en")
    with pytest.raises(RateLimited):
        owner.challenges.send_code(challenge, "email", "en")
    old = owner.code(challenge)
    for _ in range(rules.SENDS - 1):
        owner.wait(rules.RESEND_S)
        owner.challenges.send_code(challenge, "email", "en")
    owner.wait(rules.RESEND_S)
    with pytest.raises(RateLimited):
        owner.challenges.send_code(challenge, "email", "en")
    assert not owner.answer(challenge, "email_code", old) or owner.code(challenge) == old


@on_both
def test_strangers_cannot_use_up_the_tries_of_a_trusted_device(owner: Owner) -> None:
    app = owner.add_totp()
    first = owner.start(device="owner's phone")
    assert owner.answer(first, "totp", app.at(owner.now), is_to_trust=True)
    refused = 0
    for network in range(40):
        try:
            challenge = owner.start(ip=f"198.51.{network}.1", device="owner's other phone")
            for _ in range(rules.MAX_TRIES):
                owner.answer(challenge, "totp", "000000")
        except RateLimited:
            refused += 1
    assert refused > 0
    owner.wait(STEP_S)
    assert owner.answer(owner.start(device="owner's phone", ip="198.51.3.1"), "totp", app.at(owner.now))


def test_what_cannot_be_guessed_is_taken_however_much_strangers_have_tried(owner: Owner) -> None:
    owner.add_totp()
    challenge = owner.start(CHANGE, session=SESSION)
    owner.wait(1)
    assert "totp" in GUESSABLE
    app = pyotp.TOTP(next(iter(_secrets(owner).values())))
    assert owner.answer(challenge, "totp", app.at(owner.now))
    codes = owner.factors.make_recovery_codes(ANN, SESSION)
    owner.wait(1)
    for network in range(rules.STRANGER_GUESSES_1H // rules.MAX_TRIES):
        guessed = owner.start(ip=f"198.51.{network}.1")
        for _ in range(rules.MAX_TRIES):
            try:
                owner.answer(guessed, "totp", "000000")
            except RateLimited:
                break
    honest = owner.start(ip="192.0.2.1")
    with pytest.raises(RateLimited):
        owner.answer(honest, "totp", "000000")
    assert owner.answer(honest, "recovery_code", codes[0])


def _secrets(owner: Owner) -> dict[str, str]:
    with owner.database.read() as connection:
        found = factors.secrets_of(connection, owner.database.vault, ANN)
    return {name: secret.totp for name, secret in found.items() if secret.totp}


@on_both
def test_many_answers_at_once_get_no_more_looks(owner: Owner) -> None:
    app = owner.add_totp()
    challenge = owner.start()
    code, passed = app.at(owner.now), []

    def try_it() -> None:
        try:
            passed.append(owner.answer(challenge, "totp", code))
        except (Conflict, RateLimited):
            passed.append(False)

    threads = [threading.Thread(target=try_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed.count(True) == 1
    assert owner.challenges.read(challenge.id).state == "passed"


def test_changing_factors_needs_a_proof_of_this_session(owner: Owner) -> None:
    app = owner.add_totp()
    acts: list[Callable[[], object]] = [
        lambda: owner.factors.begin_totp(ANN, SESSION, ""), lambda: owner.factors.make_recovery_codes(ANN, SESSION),
        lambda: owner.factors.begin_passkey(ANN, SESSION, ""),
        lambda: owner.factors.remove(ANN, SESSION, next(iter(_secrets(owner)))),
    ]
    for purpose, session in (("sign_in", SESSION), (CHANGE, "another session")):
        challenge = owner.start(purpose, session=session)
        assert owner.answer(challenge, "totp", app.at(owner.now))
        owner.wait(STEP_S)
        for act in acts:
            with pytest.raises(Forbidden):
                act()
    assert owner.answer(owner.start(CHANGE, session=SESSION), "totp", app.at(owner.now))
    acts[-1]()
    assert owner.told == [("totp", "added"), ("totp", "removed")]
    with pytest.raises(NotFound):
        owner.factors.remove(ANN, SESSION, "fac_none")


def test_an_enrolment_is_finished_once_by_its_owner(owner: Owner) -> None:
    name = owner.factors.begin_totp(ANN, SESSION, "")
    app = pyotp.TOTP(owner.factors.read_totp(ANN, name).secret)
    with pytest.raises(NotFound):
        owner.factors.finish_totp("account:eve", SESSION, name, app.at(owner.now))
    with pytest.raises(InvalidRequest):
        owner.factors.finish_totp(ANN, SESSION, name, "000000")
    owner.factors.finish_totp(ANN, SESSION, name, app.at(owner.now))
    with pytest.raises(NotFound):
        owner.factors.finish_totp(ANN, SESSION, name, app.at(owner.now))


@on_both
def test_a_thief_s_factor_does_not_prove_and_comes_back_after_a_false_alarm(owner: Owner) -> None:
    owner.reach("email")
    challenge = owner.start(device="the owner's, in the thief's hands")
    owner.challenges.send_code(challenge, "email", "en")
    assert owner.answer(challenge, "email_code", owner.code(challenge), is_to_trust=True)
    since = owner.now + 1
    owner.wait(5)
    prove = owner.start(CHANGE, session=SESSION)
    owner.challenges.send_code(prove, "email", "en")
    assert owner.answer(prove, "email_code", owner.code(prove))
    app = owner.add_totp()
    challenge = owner.start(device="phone")
    assert owner.answer(challenge, "totp", app.at(owner.now), is_to_trust=True)

    def move(word: ContainmentMove) -> None:
        moved = ContainmentMoved(
            containment_id="con_1", account=ANN, move=word, ground="owner", by=ANN, at=owner.now,
            since=since, devices=("the owner's, in the thief's hands",),
        )
        with owner.database.write() as connection:
            owner.factors.on_containment_moved(connection, moved)

    move("opened")
    with pytest.raises(Conflict):
        owner.start("lift_containment", level="factor")
    with owner.database.read() as connection:
        assert trusted_devices.trusted_of(connection, owner.database.vault, ANN, owner.now) == []
    move("false_alarm")
    owner.wait(STEP_S)
    assert owner.answer(owner.start("lift_containment", level="factor"), "totp", app.at(owner.now))
    move("opened")
    move("lifted")
    with owner.database.read() as connection:
        assert factors.factors_of(connection, ANN) == []


def test_whoever_recovers_an_account_begins_without_factors(owner: Owner) -> None:
    app = owner.add_totp()
    assert owner.answer(owner.start(device="phone"), "totp", app.at(owner.now), is_to_trust=True)
    recovered = AccountRecovered(account=ANN, claim_id="claim_1", by="system", at=owner.now)
    with owner.database.write() as connection:
        owner.factors.on_recovered(connection, recovered)
        assert factors.factors_of(connection, ANN) == []
        assert not trusted_devices.is_trusted(connection, ANN, "phone", owner.now)
    assert owner.told[-1] == ("totp", "removed")


def test_only_factors_from_before_answer_where_that_is_asked(owner: Owner) -> None:
    before = owner.now
    owner.wait(5)
    owner.add_totp()
    with owner.database.write() as connection, pytest.raises(Conflict):
        owner.challenges.start(connection, ANN, "lift_containment", owner.now, level="factor", factors_before=before)


def test_a_code_still_goes_to_the_address_from_before_a_theft(owner: Owner) -> None:
    owner.reach("sms")
    theft = owner.now
    owner.wait(60)
    with owner.database.write() as connection:
        factors.tell_channels(connection, owner.database.vault, ANN, {"sms": "+86 *** 9999"}, owner.now)
        owner.wait(60)
        started = owner.challenges.start(
            connection, ANN, "lift_containment", owner.now, level="channel", factors_before=theft
        )
    challenge = owner.challenges.read(started.id)
    assert challenge.methods == ("sms_code",)
    assert owner.challenges.hints(challenge) == {"sms": "a***@im.example"}
    owner.challenges.send_code(challenge, "sms", "zh")
    assert owner.sent()[-1]["data"]["bound_before"] == theft  # type: ignore[index]
    with owner.database.write() as connection:
        factors.tell_channels(connection, owner.database.vault, ANN, {}, owner.now)
        assert not owner.challenges.methods_for(connection, ANN, "channel")


def test_work_is_asked_of_who_has_nothing_else_and_takes_its_time(owner: Owner) -> None:
    challenge = owner.start()
    assert challenge.methods == ("proof_of_work",)
    with pytest.raises(Conflict):
        owner.start(level="channel")
    number = _work(challenge)
    assert not owner.answer(challenge, "proof_of_work", number), "too soon"
    owner.wait(rules.WAIT_S)
    assert not owner.answer(challenge, "proof_of_work", f"{number}x")
    assert owner.answer(challenge, "proof_of_work", number)
    other = owner.start()
    owner.wait(rules.WAIT_S)
    assert other.work_salt != challenge.work_salt
    assert not owner.answer(other, "proof_of_work", number) or is_done(other.work_salt, other.work_bits, number)


def _work(challenge: Challenge) -> str:
    return next(str(n) for n in range(10**9) if is_done(challenge.work_salt, challenge.work_bits, str(n)))


@on_both
def test_a_trusted_device_is_enough_only_where_the_platform_says_so(owner: Owner) -> None:
    app = owner.add_totp()
    assert owner.answer(owner.start(device="phone"), "totp", app.at(owner.now), is_to_trust=True)

    def start(device: str, *, accepts: bool, level: Level = "human") -> Started:
        with owner.database.write() as connection:
            return owner.challenges.start(
                connection, ANN, "sign_in", owner.now, level=level, visitor=Visitor(device=device),
                accepts_trusted_device=accepts,
            )

    assert start("phone", accepts=True).state == "passed"
    assert start("phone", accepts=False).state == "open"
    assert start("phone", accepts=True, level="factor").state == "open"
    assert start("another phone", accepts=True).state == "open"
    owner.wait(rules.TRUSTED_S)
    assert start("phone", accepts=True).state == "open"


@on_both
def test_old_challenges_are_forgotten(owner: Owner) -> None:
    owner.reach("email")
    challenge = owner.start()
    owner.challenges.send_code(challenge, "email", "en")
    owner.wait(rules.LIFE_S + challenges.KEPT_S)
    with owner.database.write() as connection:
        assert challenges.forget_challenges(connection, owner.now, 100) > 0
    with pytest.raises(AnlanError):
        owner.challenges.read(challenge.id)


def test_secrets_do_not_lie_open(owner: Owner) -> None:
    app = owner.add_totp()
    with owner.database.read() as connection:
        sealed = connection.exec_driver_sql("SELECT sealed FROM factors").scalar_one()
    assert app.secret.encode() not in bytes(sealed)
    assert b"My phone" not in bytes(sealed)
