"""Messages reach a real receiver over HTTP, at least once, signed, whatever the receiver does; on every backend."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from receiving import Receiving, always
from sqlalchemy import select
from standardwebhooks import Webhook
from starlette.responses import Response

from anlan import clock
from anlan.delivery import exchanges, worker
from anlan.delivery.posting import Receipt
from anlan.delivery.registration import register_endpoint, rotate_secret
from anlan.delivery.retries import GIVE_UP_AFTER_S
from anlan.delivery.worker import LANE_WIDTH, DeliveryWorker, measure_backlog
from anlan.domain.facts import StaffNotice
from anlan.domain.messages import OutgoingMessage, outgoing_notice
from anlan.store import outbox
from anlan.store.database import Database
from anlan.store.endpoints import Endpoint, end_rotation, get_endpoint, set_enabled
from anlan.store.notices import latest_notices
from anlan.store.outbox import CLAIM_S, Backlog, Due, backlogs, dead_letters, put, replay
from anlan.store.tables import deliveries
from anlan.telemetry import Metrics

HOUR = 3600.0


class House:
    """A store with one endpoint and one worker whose clock the test moves.

    The clock starts three hours back, so that what is signed after an outage is fresh for the verifying library.
    """

    def __init__(self, database: Database, receiving: Receiving) -> None:
        self.database = database
        self.receiving = receiving
        self.time = clock.now() - 3 * HOUR
        self.metrics = Metrics()
        self.endpoint = register_endpoint(database, receiving.url, ("action",), self.time, allows_private=True)
        self.worker = self.another_worker()

    def another_worker(self, *, allows_private: bool = True) -> DeliveryWorker:
        return DeliveryWorker(
            self.database, self.metrics, allows_private=allows_private, now=lambda: self.time, draw=lambda: 0.5
        )

    def fill(self, count: int = 1, prefix: str = "m") -> None:
        messages = [OutgoingMessage(f"{prefix}{n:05}", "action.mute", b'{"a":1}') for n in range(count)]
        with self.database.write() as connection:
            put(connection, messages, self.time)

    async def pass_time(self, seconds: float, step_s: float = 60.0) -> None:
        end = self.time + seconds
        while self.time < end:
            self.time = min(self.time + step_s, end)
            await self.worker.drain()

    @property
    def backlog(self) -> Backlog | None:
        with self.database.read() as connection:
            return backlogs(connection).get(self.endpoint.id)

    @property
    def seen_endpoint(self) -> Endpoint:
        with self.database.read() as connection:
            return get_endpoint(connection, self.database.vault, self.endpoint.id)

    @property
    def notices(self) -> list[str]:
        with self.database.read() as connection:
            return [notice.kind for notice in latest_notices(connection)]

    @property
    def last_error(self) -> str:
        with self.database.read() as connection:
            errors = select(deliveries.c.last_error).where(deliveries.c.last_error.is_not(None))
            return str(connection.execute(errors).scalar())

    def count(self, state: str) -> float:
        return self.metrics.registry.get_sample_value("anlan_deliveries_total", {"state": state}) or 0.0


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    house = House(database, Receiving())
    yield house
    await house.worker.close()


async def test_a_message_arrives_signed_and_is_done(house: House) -> None:
    house.time = clock.now()
    message = outgoing_notice(StaffNotice(id="n1", at=5.0, kind="x", subject="策略"))
    house.fill(2)
    register_endpoint(house.database, house.receiving.url, ("staff",), house.time, allows_private=True)
    with house.database.write() as connection:
        put(connection, [message], house.time)
    async with house.receiving.listening():
        await house.worker.drain()
        await house.worker.drain()
    assert sorted(house.receiving.ids) == ["m00000", "m00001", message.id]
    headers, body = next(got for got in house.receiving.got if got[0]["webhook-id"] == "m00000")
    assert Webhook(house.endpoint.secrets[0]).verify(body, headers) == {"a": 1}
    assert headers["content-type"] == "application/json"
    assert headers["host"] == f"127.0.0.1:{house.receiving.port}"
    assert house.backlog is None
    assert house.count("delivered") == 3


async def test_a_receiver_that_is_down_for_an_hour_costs_a_trickle_and_then_gets_everything(house: House) -> None:
    house.time = clock.now() - HOUR - 900
    house.fill(300)
    await house.worker.drain()
    await house.pass_time(HOUR)
    tries_while_down = house.count("pending")
    assert 5 <= tries_while_down <= 60
    assert house.seen_endpoint.failures >= 5
    async with house.receiving.listening():
        await house.pass_time(600)
        arrived_soon = len(set(house.receiving.ids))
        await house.pass_time(6 * HOUR, step_s=600)
    assert arrived_soon >= 200
    assert len(house.receiving.ids) == len(set(house.receiving.ids)) == 300
    assert house.receiving.most_under_way <= LANE_WIDTH
    assert house.backlog is None
    assert house.seen_endpoint.failing_since is None
    assert house.notices == []


async def test_one_slow_receiver_does_not_hold_up_another(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "WHOLE_S", 1.0)
    quick = Receiving()
    register_endpoint(house.database, quick.url, ("action",), house.time, allows_private=True)

    async def sleep(_message_id: str) -> Response:
        await asyncio.sleep(30)
        return Response(status_code=204)

    house.receiving.answer = sleep
    house.fill(20)
    async with house.receiving.listening(), quick.listening():
        draining = asyncio.create_task(house.worker.drain())
        async with asyncio.timeout(60):
            while len(quick.got) < 20:
                await asyncio.sleep(0.01)
        assert len(house.receiving.got) < 5
        await draining
    assert house.backlog == Backlog(20, 0, house.time)
    assert "no complete answer" in house.last_error


async def test_an_answer_that_never_ends_is_cut_and_little_of_it_is_kept(house: House) -> None:
    house.receiving.answer = always(500)
    house.fill()
    async with house.receiving.listening():
        await house.worker.drain()
    assert house.last_error.startswith("HTTP 500: no no")
    assert len(house.last_error) <= exchanges.MAX_ERROR_CHARS


async def test_a_redirect_is_not_followed(house: House) -> None:
    other = Receiving()
    house.receiving.answer = always(307, location=other.url)
    house.fill()
    async with house.receiving.listening(), other.listening():
        await house.worker.drain()
    assert (len(house.receiving.got), other.got) == (1, [])
    assert "redirects are not followed" in house.last_error


async def test_a_failing_message_is_tried_ten_times_over_three_days_then_dead_then_replayed(house: House) -> None:
    house.receiving.answer = always(500)
    house.fill()
    async with house.receiving.listening():
        await house.pass_time(100 * HOUR, step_s=1800)
        assert len(house.receiving.got) == 10
        assert house.backlog == Backlog(0, 1, None)
        assert house.notices == ["dead_letter"]
        with house.database.write() as connection:
            (letter,) = dead_letters(connection, house.endpoint.id)
            assert (letter.attempts, letter.last_status) == (10, 500)
            assert replay(connection, house.time, letter.endpoint_id, letter.message_id) == 1
        house.receiving.answer = always(200)
        await house.pass_time(2 * HOUR)
    assert house.backlog is None
    assert set(house.receiving.ids) == {"m00000"}


async def test_a_receiver_down_for_days_ends_in_one_notice_and_everything_can_be_replayed(house: House) -> None:
    house.time -= GIVE_UP_AFTER_S
    house.fill(1500)
    await house.pass_time(GIVE_UP_AFTER_S + 3 * HOUR, step_s=2 * HOUR)
    assert house.backlog == Backlog(0, 1500, None)
    assert 1 <= house.notices.count("dead_letter") <= 2
    with house.database.write() as connection:
        assert replay(connection, house.time, house.endpoint.id) == 1500


async def test_gone_means_disabled_and_staff_are_told(house: House) -> None:
    house.receiving.answer = always(410)
    house.fill(3)
    async with house.receiving.listening():
        await house.pass_time(2 * HOUR)
        assert len(house.receiving.got) == 1
        assert not house.seen_endpoint.is_enabled
        assert house.notices == ["endpoint_gone"]
        house.receiving.answer = always(204)
        with house.database.write() as connection:
            set_enabled(connection, house.endpoint.id, is_enabled=True)
        await house.pass_time(2 * HOUR)
    assert len(set(house.receiving.ids)) == 3
    assert house.backlog is None


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_honoured_for_the_whole_endpoint(house: House, status: int) -> None:
    house.receiving.answer = always(status, retry_after="600")
    house.fill(10)
    async with house.receiving.listening():
        await house.worker.drain()
        await house.pass_time(590, step_s=10)
        assert len(house.receiving.got) == 1
        house.receiving.answer = always(200)
        await house.pass_time(20, step_s=10)
        assert len(set(house.receiving.ids)) == 10
        await house.pass_time(HOUR)
    assert house.backlog is None


async def test_both_secrets_sign_while_they_are_changed(house: House) -> None:
    house.time = clock.now()
    old, new = house.endpoint.secrets[0], rotate_secret(house.database, house.endpoint.id)
    async with house.receiving.listening():
        house.fill(prefix="during")
        await house.worker.drain()
        with house.database.write() as connection:
            end_rotation(connection, house.endpoint.id)
        house.fill(prefix="after")
        await house.worker.drain()
    (during, during_body), (after, after_body) = house.receiving.got
    for secret in (old, new):
        assert Webhook(secret).verify(during_body, during)
    assert Webhook(new).verify(after_body, after)
    assert len(after["webhook-signature"].split()) == 1


async def test_an_endpoint_whose_address_turns_private_is_not_posted_to(house: House) -> None:
    house.fill()
    careful = house.another_worker(allows_private=False)
    async with house.receiving.listening():
        await careful.drain()
    await careful.close()
    assert house.receiving.got == []
    assert "InvalidEndpoint" in house.last_error


async def test_what_was_sent_but_not_written_down_is_sent_again_under_the_same_id(house: House) -> None:
    """The worker is another process, and the receiver kills it while the message is in its hands."""
    house.time = clock.now()
    house.fill()
    victim: list[subprocess.Popen[bytes]] = []

    async def kill(_message_id: str) -> Response:
        victim[0].send_signal(signal.SIGKILL)
        return Response(status_code=204)

    house.receiving.answer = kill
    async with house.receiving.listening():
        url = house.database.url.render_as_string(hide_password=False)
        victim.append(subprocess.Popen([sys.executable, str(Path(__file__).with_name("lone_worker.py")), url]))
        status = await asyncio.to_thread(victim[0].wait, 60)
        assert status == -signal.SIGKILL
        house.receiving.answer = always(204)
        await house.worker.drain()
        assert house.receiving.ids == ["m00000"]
        house.time = clock.now() + CLAIM_S
        await house.worker.drain()
    assert house.receiving.ids == ["m00000", "m00000"]
    assert house.backlog is None


async def test_two_workers_share_the_work(house: House) -> None:
    house.fill(60)
    other = house.another_worker()
    async with house.receiving.listening():
        await asyncio.gather(house.worker.drain(), other.drain())
    await other.close()
    assert sorted(house.receiving.ids) == [f"m{n:05}" for n in range(60)]


async def test_a_store_that_goes_away_is_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    running = asyncio.create_task(house.worker.run())
    begun = threading.Event()

    def fail() -> None:
        begun.set()
        raise OSError("no store")

    monkeypatch.setattr(house.worker, "_due", fail)
    house.worker.wake()
    await asyncio.to_thread(begun.wait, 60)
    monkeypatch.undo()
    house.fill()
    async with house.receiving.listening(), asyncio.timeout(60):
        house.worker.wake()
        while house.backlog is not None or not house.receiving.got:
            await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_the_gauges_tell_what_waits(house: House) -> None:
    house.fill(3)
    measure_backlog(house.database, house.metrics, house.time)
    value = house.metrics.registry.get_sample_value
    assert value("anlan_delivery_backlog", {"state": "unrouted"}) == 3
    await house.worker.drain()
    measure_backlog(house.database, house.metrics, house.time + 50)
    assert value("anlan_delivery_backlog", {"state": "unrouted"}) == 0
    assert value("anlan_delivery_backlog", {"state": "pending"}) == 3
    assert value("anlan_delivery_oldest_seconds") == pytest.approx(50)


async def test_ten_thousand_messages_drain_with_a_few_in_memory(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network: what is bounded is how many claimed messages the worker holds."""
    held, most_held = 0, 0
    real_claim, real_record = outbox.claim, outbox.record

    def claim_counting(*args: Any) -> list[Due]:
        nonlocal held, most_held
        found = real_claim(*args)
        held += len(found)
        most_held = max(most_held, held)
        return found

    def record_counting(*args: Any) -> None:
        nonlocal held
        real_record(*args)
        held -= len(args[2])

    async def arrive(*_args: object, **_named: object) -> Receipt:
        return Receipt(204)

    monkeypatch.setattr(worker, "claim", claim_counting)
    monkeypatch.setattr(worker, "record", record_counting)
    monkeypatch.setattr(worker, "post", arrive)
    house.fill(10_000)
    await house.worker.drain()
    assert house.backlog is None
    assert house.count("delivered") == 10_000
    assert most_held <= LANE_WIDTH
