"""A served house on its bad days: killed again and again, its receiver away, clocks that jump, restarts."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from platforms import Receiver, Senders
from served import Served
from spine import envelope, policy
from sqlalchemy import select, update

from anlan import clock
from anlan.delivery.registration import register_endpoint
from anlan.domain.decisions import Decision
from anlan.store.tables import decisions, deliveries, endpoints, events, outbox, refused

OWN = policy(
    "own.long", "length(text) > 20", "text: twenty characters and more", "text: short",
    "[{block: {}}, {mute: {hours: 1}}]", quota="1000000/h",
)

TYPES = """
- type: gift.sent
  actor: sender
  fields: {sender: account, coins: count}
"""
COUNTERS = """
- {name: gift_coins_1d, kind: sum, on: [gift.sent], by: [sender], value: coins, over: 1d, title: {zh: 币, en: coins}}
"""
GENEROUS = policy(
    "own.generous", "gift_coins_1d >= 30", "gift_coins_1d: 50", "gift_coins_1d: 5", "[{challenge: {}}]",
    on="gift.sent", because="'{gift_coins_1d:.0f} coins'",
)


def make_house(folder: Path, **settings: str) -> Served:
    """Not started yet; one policy of its own that blocks and mutes."""
    (folder / "policies").mkdir()
    (folder / "policies" / "own.yaml").write_text(OWN)
    return Served(folder, POLICIES_DIR=str(folder / "policies"), ALLOW_HTTP_ENDPOINTS="true", **settings)


@pytest.fixture(scope="module")
def generous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A house whose operator declared gifts, what is counted of them, and a policy that reads the count."""
    folder = tmp_path_factory.mktemp("generous")
    for name, content in (("types", TYPES), ("counters", COUNTERS)):
        (folder / f"{name}.yaml").write_text(content)
    house = make_house(
        folder, EVENT_TYPES_FILE=str(folder / "types.yaml"), COUNTERS_FILE=str(folder / "counters.yaml")
    )
    (folder / "policies" / "gifts.yaml").write_text(GENEROUS)
    with house:
        yield house


def send_messages_to(receiver: Receiver, house: Served) -> None:
    with house.database() as database:
        register_endpoint(database, receiver.url, (), clock.now(), allows_private=True)


def hello(number: int, **attributes: str) -> bytes:
    return envelope("message.sent", f"e{number}", {"sender": "ann", "text": "hello"}, **attributes)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kills", [1, pytest.param(300, marks=pytest.mark.soak)])
def test_kill_9_loses_nothing_and_does_nothing_twice(
    backend: str, new_url: Callable[[str], str], tmp_path: Path, kills: int
) -> None:
    house, chance = make_house(tmp_path, DATABASE_URL=new_url(backend)), random.Random(11)
    with Receiver() as receiver, house:
        send_messages_to(receiver, house)
        senders = Senders(house.url, house.new_key())
        for _ in range(kills):
            time.sleep(chance.uniform(0.05, 1.2))
            house.stop(signal.SIGKILL)
            house.start()
        senders.wait_for(40)
        senders.stop()
        house.stop(signal.SIGKILL)
        let_claims_lapse(house)
        expected = check_store(house, senders)
        house.start()
        receiver.wait_for(expected)
        assert house.stop() in (0, -signal.SIGTERM)  # uvicorn stops in order, then hands the signal on
    assert len(senders.answers) > kills
    assert {status for status, _ in senders.refused} <= {503, 504}


def let_claims_lapse(house: Served) -> None:
    """As if the time had passed after which a message that was under way is sent again."""
    with house.database() as database, database.write() as connection:
        connection.execute(update(deliveries).where(deliveries.c.state == "pending").values(next_at=0.0))
        connection.execute(update(endpoints).values(probe_at=0.0))


def check_store(house: Served, senders: Senders) -> set[str]:
    """Every acknowledged event once, decided once, as it was answered; the ids of all messages that must arrive."""
    with house.database() as database, database.read() as connection:
        ids = list(connection.execute(select(events.c.id).order_by(events.c.seq)).scalars())
        seqs = list(connection.execute(select(events.c.seq).order_by(events.c.seq)).scalars())
        first = select(events.c.id, decisions.c.body).join(decisions).where(decisions.c.pass_number == 1)
        bodies = connection.execute(first).all()
        messages = list(connection.execute(select(outbox.c.id)).scalars())
    stored = {row.id: msgspec.json.decode(row.body, type=Decision) for row in bodies}
    assert len(ids) == len(set(ids)) == len(bodies)
    assert seqs == list(range(1, len(seqs) + 1))
    assert not set(senders.answers) - set(ids), "an acknowledged event is lost"
    for event_id, answers in senders.answers.items():
        assert {(a["decision"], a["verdict"]) for a in answers} == {(stored[event_id].id, stored[event_id].verdict)}
    acting = [decision for decision in stored.values() if decision.actions]
    assert len(messages) == len(set(messages)) == len(acting)
    assert len(acting) > len(ids) / 4
    return set(messages)


def test_clocks_that_jump_are_refused_with_a_stored_reason_and_disturb_no_order(generous: Served) -> None:
    now = clock.now()
    times = [now, now - 40 * 86_400, now + 300, now + 3_600, now - 60, now + 86_400 * 365, -5.0]
    with generous.client(generous.new_key()) as client:
        replies = [
            client.post("/v1/events", content=hello(number, time=clock.to_rfc3339(at)))
            for number, at in enumerate(times)
        ]
        assert [reply.status_code for reply in replies] == [200, 200, 200, 422, 200, 422, 422]
        assert replies[3].json()["reason"] == "time_out_of_range"
        assert client.post("/v1/events", content=hello(3, time=clock.to_rfc3339(now))).status_code == 200
    with generous.database() as database, database.read() as connection:
        stored = connection.execute(select(events.c.id, events.c.time).order_by(events.c.seq)).all()
        reasons = list(connection.execute(select(refused.c.reason)).scalars())
    assert [row.id for row in stored] == ["e0", "e1", "e2", "e4", "e3"]
    assert stored[1].time == pytest.approx(now - 40 * 86_400)
    assert reasons == ["time_out_of_range"] * 3


def test_a_stop_keeps_answers_messages_and_what_an_operator_has_counted(generous: Served) -> None:
    with Receiver() as receiver:
        receiver.is_down = True
        send_messages_to(receiver, generous)
        secret = generous.new_key()
        with generous.client(secret) as client:
            text = {"sender": "ann", "text": "a message that is long enough"}
            body = b"\n".join(envelope("message.sent", f"long{number}", text) for number in range(30))
            assert client.post("/v1/events:batch", content=body).status_code == 200
            answers = [client.post("/v1/events", content=gift(number)) for number in range(3)]
        time.sleep(1.0)
        assert generous.stop() in (0, -signal.SIGTERM)
        assert receiver.ids == []
        receiver.is_down = False
        let_claims_lapse(generous)
        with generous.database() as database, database.read() as connection:
            messages = set(connection.execute(select(outbox.c.id)).scalars())
        assert len(messages) == 30
        generous.start()
        with generous.client(secret) as client:
            assert client.post("/v1/events", content=gift(2)).content == answers[2].content, "a repeat"
            answers += [client.post("/v1/events", content=gift(number)) for number in range(3, 6)]
        assert [answer.json()["verdict"] for answer in answers] == ["allow"] * 3 + ["challenge"] * 3
        receiver.wait_for(messages)


def gift(number: int) -> bytes:
    return envelope("gift.sent", f"g{number}", {"sender": "ann", "coins": 8})
