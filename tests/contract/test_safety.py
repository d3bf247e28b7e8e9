"""The owner's own way out of a containment: only by what the account could be proved by before the thief came."""

from collections.abc import Callable, Iterator

import msgspec
import pytest
from contained import ANN, NOW, Theft
from judged import NOON
from sqlalchemy import select
from stores import BACKENDS, KEY

from anlan import clock
from anlan.center.challenges import NOBODY, Challenges, Visitor
from anlan.center.factors import Factors
from anlan.center.passkeys import Passkeys
from anlan.center.safety import PURPOSE, Safety
from anlan.domain.factors import Channel
from anlan.errors import Forbidden, NotFound
from anlan.store import factors
from anlan.store.database import Database
from anlan.store.tables import outbox

LATER = NOW + 120.0


class Owner:
    """Ann, contained, at her safety page."""

    def __init__(self, database: Database) -> None:
        self.theft, self.database = Theft(database), database
        self.theft.steal()
        self.challenges = Challenges(database, Factors(database, Passkeys("https://im.example")), "https://im.example")
        self.safety = Safety(database, self.theft.containments, self.challenges)

    def bind(self, channel: Channel, at: float) -> None:
        """The platform can reach ann there since then."""
        with self.database.write() as connection:
            factors.tell_channels(connection, self.database.vault, ANN, {channel: "1**"}, at)

    def pass_challenge(self, challenge_id: str, channel: Channel) -> bool:
        """Ask for a code, and type it in."""
        challenge = self.challenges.read(challenge_id)
        self.challenges.send_code(challenge, channel, "en")
        with self.database.read() as connection:
            bodies = connection.execute(select(outbox.c.body).where(outbox.c.kind == "factor.code")).scalars().all()
        code = str(msgspec.json.decode(bodies[-1])["data"]["code"])
        return self.challenges.answer(challenge, challenge.methods[0], code).is_passed


@pytest.fixture
def owner(
    request: pytest.FixtureRequest, new_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Owner]:
    """On SQLite, unless a test asks for both."""
    database = Database(new_url(getattr(request, "param", "sqlite")), KEY)
    monkeypatch.setattr(clock, "now", lambda: LATER)
    yield Owner(database)
    database.close()


@pytest.mark.parametrize("owner", BACKENDS, indirect=True)

def test_a_phone_from_before_opens_everything_once(owner: Owner) -> None:
    owner.bind("sms", NOON - 30 * 86_400.0)
    name = owner.theft.open()
    assert owner.safety.look(ANN, None, LATER).can_prove
    with pytest.raises(Forbidden):
        owner.safety.end(ANN, None, "lifted", "it is me", LATER)
    started = owner.safety.prove(ANN, NOBODY, LATER)
    assert owner.pass_challenge(started.id, "sms")
    assert owner.safety.look(ANN, None, LATER).is_proven
    owner.safety.end(ANN, None, "lifted", "it is me", LATER)
    assert owner.theft.state(name) == "lifted"
    with pytest.raises(Forbidden):
        owner.safety.end(ANN, None, "false_alarm", "it was me", LATER)


def test_what_the_thief_has_bound_proves_nothing(owner: Owner) -> None:
    owner.bind("sms", NOON - 300.0)
    name = owner.theft.open()
    assert not owner.safety.look(ANN, None, LATER).can_prove
    with pytest.raises(Forbidden):
        owner.safety.prove(ANN, NOBODY, LATER)
    with owner.database.write() as connection:  # the platform asks for the same proof, by what is bound now
        started = owner.challenges.start(connection, ANN, PURPOSE, LATER, level="channel")
    assert owner.pass_challenge(started.id, "sms")
    assert not owner.safety.look(ANN, None, LATER).is_proven
    with pytest.raises(Forbidden):
        owner.safety.end(ANN, None, "lifted", "it is me", LATER)
    assert owner.theft.state(name) == "standing"


@pytest.mark.parametrize("owner", BACKENDS, indirect=True)
def test_a_proof_counts_in_the_session_that_gave_it(owner: Owner) -> None:
    """Whoever watches in another session of the account cannot end it with what the owner has just proved."""
    owner.bind("email", NOON - 30 * 86_400.0)
    owner.theft.open()
    started = owner.safety.prove(ANN, Visitor(session="owner"), LATER)
    assert owner.pass_challenge(started.id, "email")
    for session in ("thief", None):
        assert not owner.safety.look(ANN, session, LATER).is_proven
        with pytest.raises(Forbidden):
            owner.safety.end(ANN, session, "lifted", "it is me", LATER)
    assert owner.safety.look(ANN, "owner", LATER).is_proven
    owner.safety.end(ANN, "owner", "lifted", "it is me", LATER)


def test_a_proof_for_something_else_proves_nothing_here(owner: Owner) -> None:
    owner.bind("sms", NOON - 30 * 86_400.0)
    owner.theft.open()
    with owner.database.write() as connection:
        started = owner.challenges.start(
            connection, ANN, "payment", LATER, level="channel", factors_before=NOON - 86_400.0
        )
    assert owner.pass_challenge(started.id, "sms")
    with pytest.raises(Forbidden):
        owner.safety.end(ANN, None, "lifted", "it is me", LATER)


def test_an_owner_who_knows_not_which_sign_in_it_was_is_believed_for_a_day(owner: Owner) -> None:
    name = owner.safety.give_alarm(ANN, None, NOW)
    assert [step.details["device"] for step in owner.theft.steps(name, "distrust_device")] == ["odd-phone"]
    assert owner.safety.look(ANN, None, NOW).containment is not None
    with pytest.raises(NotFound):
        owner.safety.give_alarm(ANN, 999_999, NOW)


def test_nothing_to_end_where_nothing_stands(owner: Owner) -> None:
    with pytest.raises(NotFound):
        owner.safety.prove(ANN, NOBODY, NOW)
    with pytest.raises(NotFound):
        owner.safety.end(ANN, None, "lifted", "it is me", NOW)
