"""Security event tokens: what goes out is pushed until it arrives, what comes in is believed only when it is proved."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from receiving import Receiving, always
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anlan import clock
from anlan.center.followers import ContainmentMoved, FactorChanged
from anlan.center.security_events import SecurityEvents
from anlan.delivery.retries import FAILURES_BEFORE_PAUSE
from anlan.delivery.security_events.receiving import FRESH_S, STALE_S, Receiver
from anlan.delivery.security_events.registration import StreamWanted, TransmitterWanted, new_stream, new_transmitter
from anlan.delivery.security_events.signing import SigningKeys, make_key, sign
from anlan.delivery.security_events.verifying import LEEWAY_S, OLDEST_S, Refused
from anlan.delivery.security_events.worker import POLL_EVERY_S, SecurityEventWorker
from anlan.desk.followers import SanctionMoved
from anlan.domain import security_events as words
from anlan.domain.security_events import ReceivedEvent
from anlan.errors import Conflict, InvalidEndpoint, InvalidRequest, NotFound
from anlan.store import security_events as stored
from anlan.store.database import Database
from anlan.store.signing_keys import SHOWN_S, SigningKey, forget_keys
from anlan.store.tables import received_tokens, signing_keys, stream_tokens
from anlan.store.transmitters import (
    Transmitter,
    add_transmitter,
    all_transmitters,
    find_by_issuer,
    forget_received,
    latest_received,
)

ISSUER = "https://anlan.example"
PARTNER = "https://partner.example"
US = "https://anlan.example/events"


class Mail:
    """A stream to one receiver, and a clock that the test moves."""

    def __init__(self, database: Database, **wanted: Any) -> None:
        self.database = database
        self.time = clock.now()
        self.keys = SigningKeys(database)
        self.events = SecurityEvents(database, ISSUER)
        self.taken: list[ReceivedEvent] = []
        self.receiver = Receiver(
            database, lambda _connection, event, _now: self.taken.append(event), allows_private=True,
            now=lambda: self.time,
        )
        self.worker = SecurityEventWorker(
            database, self.keys, self.receiver, allows_private=True, now=lambda: self.time, draw=lambda: 0.5
        )
        self.stream = self.add(**wanted) if wanted else None

    def add(self, **wanted: Any) -> stored.Stream:
        made = new_stream(StreamWanted(**({"audience": "rp"} | wanted)), self.time, allows_private=True)
        with self.database.write() as connection:
            stored.add_stream(connection, self.database.vault, made)
        return made

    def contain(self, move: Any = "opened", sessions: tuple[str, ...] = ("s1",)) -> None:
        moved = ContainmentMoved(
            containment_id="cont_1", account="account:ann", move=move, ground="owner", by="account:ann", at=self.time,
            since=self.time, sessions=sessions,
        )
        with self.database.write() as connection:
            self.events.on_containment_moved(connection, moved)

    def rows(self, state: str = "pending") -> list[Any]:
        query = select(stream_tokens).where(stream_tokens.c.state == state).order_by(stream_tokens.c.type)
        with self.database.read() as connection:
            return list(connection.execute(query))

    def waiting(self) -> list[dict[str, Any]]:
        with self.database.read() as connection:
            streams = stored.all_streams(connection, self.database.vault)
            return [
                json.loads(claims) for one in streams
                for _, claims in stored.waiting_tokens(connection, self.database.vault, one.id, 100)
            ]

    def opened(self, token: bytes, audience: str = "rp") -> dict[str, Any]:
        """Verified as a receiver does: with the key set that we show."""
        header = jwt.get_unverified_header(token)
        assert header["typ"] == "secevent+jwt"
        assert header["alg"] == "ES256"
        known = jwt.PyJWKSet.from_dict(self.keys.key_set(self.time))
        claims: dict[str, Any] = jwt.decode(
            token, known[header["kid"]], algorithms=["ES256"], audience=audience, issuer=ISSUER
        )
        return claims


def types_of(claims: list[dict[str, Any]]) -> set[str]:
    return {next(iter(one["events"])).rpartition("/")[2] for one in claims}


async def test_a_containment_is_pushed_signed_to_who_asked(database: Database) -> None:
    receiving = Receiving()
    receiving.answer = always(202)
    mail = Mail(database, delivery="push", url=receiving.url, authorization="Bearer abc")
    mail.add(audience="other", delivery="poll", types=("credential-change",))
    mail.contain()
    async with receiving.listening():
        await mail.worker.drain()
    assert len(receiving.got) == 3
    for headers, body in receiving.got:
        assert headers["content-type"] == "application/secevent+jwt"
        assert headers["accept"] == "application/json"
        assert headers["authorization"] == "Bearer abc"
        claims = mail.opened(body)
        assert claims["txn"] == "cont_1"
        assert claims["toe"] == int(mail.time)
        assert "sub" not in claims
        assert "exp" not in claims
        (payload,) = claims["events"].values()
        assert payload["event_timestamp"] == int(mail.time)
    told = [mail.opened(body) for _, body in receiving.got]
    revoked = next(claims for claims in told if words.SESSION_REVOKED in claims["events"])
    user = {"format": "iss_sub", "iss": ISSUER, "sub": "ann"}
    assert revoked["sub_id"] == {"format": "complex", "user": user, "session": {"format": "opaque", "id": "s1"}}
    assert len({claims["jti"] for claims in told}) == 3
    assert len(mail.rows("delivered")) == 3
    assert b"ann" not in b"".join(row.claims for row in mail.rows("delivered"))


@pytest.mark.parametrize(
    ("form", "subject"),
    [
        ("opaque", {"format": "opaque", "id": "ann"}),
        ("account", {"format": "account", "uri": "acct:ann@anlan.example"}),
    ],
)
def test_accounts_are_named_as_the_receiver_wants(database: Database, form: str, subject: dict[str, str]) -> None:
    mail = Mail(database, delivery="poll", subject_format=form)
    mail.contain("lifted")
    (claims,) = mail.waiting()
    assert claims["sub_id"] == subject
    assert types_of([claims]) == {"account-enabled"}


def test_factors_and_sanctions_are_told(database: Database) -> None:
    mail = Mail(database, delivery="poll")
    moved = SanctionMoved(
        sanction_id="san_1", target="account:ann", kind="ban", is_permanent=True, move="in_force", by="staff:li",
        at=mail.time,
    )
    added = FactorChanged(account="account:ann", factor="passkey", change="added", by="account:ann", at=mail.time)
    with database.write() as connection:
        mail.events.on_sanction_moved(connection, moved)
        mail.events.on_factor_changed(connection, added)
    found = {next(iter(one["events"])): next(iter(one["events"].values())) for one in mail.waiting()}
    assert found[words.ACCOUNT_DISABLED] == {"event_timestamp": int(mail.time)}
    assert found[words.CREDENTIAL_CHANGE] == {
        "event_timestamp": int(mail.time), "credential_type": "fido2-platform", "change_type": "create",
        "initiating_entity": "user",
    }


def test_a_paused_stream_keeps_and_a_disabled_one_does_not(database: Database) -> None:
    mail = Mail(database, delivery="poll")
    assert mail.stream is not None
    for status, count in (("paused", 1), ("disabled", 1)):
        with database.write() as connection:
            stored.change_stream(connection, mail.stream.id, {"status": status})
        mail.contain("lifted")
        assert len(mail.waiting()) == count


async def test_a_push_is_repeated_until_it_arrives_and_under_one_name(database: Database) -> None:
    receiving = Receiving()
    receiving.answer = always(503)
    mail = Mail(database, delivery="push", url=receiving.url, types=("account-enabled",))
    mail.contain("lifted")
    async with receiving.listening():
        await mail.worker.drain()
        assert len(receiving.got) == 1
        receiving.answer = always(202)
        mail.time += 60
        await mail.worker.drain()
    assert len({mail.opened(body)["jti"] for _, body in receiving.got}) == 1
    assert len(mail.rows("delivered")) == 1


async def test_a_receiver_that_is_away_is_only_probed(database: Database) -> None:
    mail = Mail(database, delivery="push", url=Receiving().url)
    for _ in range(FAILURES_BEFORE_PAUSE):
        mail.contain("lifted")
        await mail.worker.drain()
    with database.read() as connection:
        (stream,) = stored.all_streams(connection, database.vault)
    assert stream.failures == FAILURES_BEFORE_PAUSE
    assert stream.probe_at is not None
    assert stream.probe_at > mail.time


@pytest.mark.parametrize(("err", "state"), [("invalid_audience", "dead"), ("authentication_failed", "pending")])
async def test_a_refusal_is_final_or_not_as_its_word_says(database: Database, err: str, state: str) -> None:
    receiving = Receiving()

    async def refuse(_: str) -> Response:
        return JSONResponse({"err": err, "description": "no"}, 400)

    receiving.answer = refuse
    mail = Mail(database, delivery="push", url=receiving.url, types=("account-enabled",))
    mail.contain("lifted")
    async with receiving.listening():
        await mail.worker.drain()
    (row,) = mail.rows(state)
    assert row.last_error == f"{err}: no"
    if state == "dead":
        with database.write() as connection:
            assert stored.revive(connection, row.stream_id, mail.time) == 1


def test_acknowledged_tokens_leave_and_others_do_not(database: Database) -> None:
    mail, other = Mail(database, delivery="poll"), Mail(database, delivery="poll")
    assert mail.stream is not None
    assert other.stream is not None
    mail.contain()
    names = [row.jti for row in mail.rows() if row.stream_id == mail.stream.id]
    with database.write() as connection:
        assert stored.acknowledge(connection, other.stream.id, names, mail.time) == 0
        assert stored.acknowledge(connection, mail.stream.id, [names[0], "unknown"], mail.time) == 1
        assert stored.give_up(connection, mail.stream.id, {names[1]: "invalid_key: ?"}, mail.time) == 1
    with database.read() as connection:
        waiting = stored.waiting_tokens(connection, database.vault, mail.stream.id, 10)
        assert stored.backlogs(connection)[mail.stream.id].dead == 1
    assert [jti for jti, _ in waiting] == [names[2]]


def test_tokens_go_when_their_time_is_over(database: Database) -> None:
    mail = Mail(database, delivery="poll", types=("account-enabled",))
    mail.contain("lifted")
    late = mail.time + stored.KEPT_S + 1
    with database.write() as connection:
        assert stored.forget_tokens(connection, mail.time - 1, 10, mail.time) == 0
        assert stored.forget_tokens(connection, mail.time, 10, late) == 1
    assert mail.rows("dead")[0].last_error == "waited too long"
    with database.write() as connection:
        assert stored.forget_tokens(connection, late + 1, 10, late) == 1
    assert not mail.rows("dead")


def test_a_former_key_is_shown_while_its_tokens_travel(database: Database) -> None:
    mail = Mail(database)
    first = mail.keys.current(mail.time)
    with database.write() as connection:
        second = mail.keys.rotate(connection, mail.time)
    assert mail.keys.current(mail.time).id == second != first.id
    shown = mail.keys.key_set(mail.time)["keys"]
    assert {one["kid"] for one in shown} == {first.id, second}
    assert not any("d" in one for one in shown)
    assert [one["kid"] for one in mail.keys.key_set(mail.time + SHOWN_S + 1)["keys"]] == [second]
    with database.write() as connection:
        assert forget_keys(connection, mail.time + SHOWN_S + 1) == 1


def test_the_database_lets_only_one_key_sign(database: Database) -> None:
    SigningKeys(database).current(1.0)
    row = {"id": "k2", "public_key": b"{}", "private_key": b"", "made_at": 1.0, "is_current": True}
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(signing_keys), row)


def test_what_cannot_be_a_stream_is_refused(database: Database) -> None:
    mail = Mail(database)
    for wanted, error in (
        ({"delivery": "push", "url": "http://169.254.169.254/x"}, InvalidEndpoint),
        ({"delivery": "poll", "url": "https://x.example"}, InvalidEndpoint),
        ({"delivery": "poll", "types": ("no-such",)}, InvalidRequest),
        ({"delivery": "poll", "authorization": "a\r\nb: c"}, InvalidRequest),
        ({"delivery": "poll", "audience": ""}, InvalidRequest),
    ):
        with pytest.raises(error):
            mail.add(**wanted)
    with pytest.raises(NotFound), database.write() as connection:
        mail.events.verify_stream(connection, "stream_0", "", mail.time)


class Partner:
    """Somebody who sends tokens to us; `key` signs them, `forgotten` is what it also can be asked for."""

    def __init__(self, mail: Mail, **wanted: Any) -> None:
        self.mail = mail
        self.key = make_key()
        handed = {} if "keys_url" in wanted else {"keys": self.key_set()}
        made, self.token = new_transmitter(
            TransmitterWanted(issuer=PARTNER, audience=US, **(handed | wanted)), mail.time, allows_private=True,
            pushes=True,
        )
        with mail.database.write() as connection:
            add_transmitter(connection, mail.database.vault, made)

    def key_set(self) -> bytes:
        return b'{"keys":[' + self.key.public + b"]}"

    def claims(self, **changed: Any) -> dict[str, Any]:
        usual = {
            "iss": PARTNER, "aud": US, "iat": int(self.mail.time), "jti": "t1", "txn": "x",
            "sub_id": {"format": "opaque", "id": "ann"}, "events": {words.CREDENTIAL_COMPROMISE: {}},
        }
        return {name: value for name, value in (usual | changed).items() if value is not None}

    def says(self, **changed: Any) -> str:
        return sign(self.key, json.dumps(self.claims(**changed)).encode())

    @property
    def stored(self) -> Transmitter:
        with self.mail.database.read() as connection:
            return all_transmitters(connection, self.mail.database.vault)[0]


async def refusal(mail: Mail, token: str, sender: Transmitter | None = None) -> str:
    with pytest.raises(Refused) as caught:
        await mail.receiver.receive(token, sender)
    return caught.value.err


async def test_a_token_is_taken_once_however_often_it_comes(database: Database) -> None:
    mail = Mail(database)
    partner = Partner(mail)
    token = partner.says()
    assert [await mail.receiver.receive(token) for _ in range(3)] == [True, False, False]
    both = await asyncio.gather(*(mail.receiver.receive(partner.says(jti="t2")) for _ in range(4)))
    assert sorted(both) == [False, False, False, True]
    assert [event.jti for event in mail.taken] == ["t1", "t2"]
    with database.read() as connection:
        assert {one.jti for one in latest_received(connection)} == {"t1", "t2"}


async def test_what_is_not_proved_is_not_believed(database: Database) -> None:
    mail = Mail(database)
    partner = Partner(mail)
    good = partner.says()
    head, body, signature = good.split(".")
    forged = jwt.utils.base64url_encode(json.dumps(partner.claims(jti="forged")).encode()).decode()
    stranger = make_key()
    renamed = SigningKey(id=partner.key.id, public=stranger.public, private=stranger.private)
    as_secret = jwt.encode(
        partner.claims(), partner.key.public.hex(), "HS256", {"typ": "secevent+jwt", "kid": partner.key.id}
    )
    unsigned = jwt.encode(partner.claims(), None, "none", {"typ": "secevent+jwt"})
    wrong = {
        f"{head}.{forged}.{signature}": "invalid_key",
        f"{head}.{body}.": "invalid_key",
        sign(renamed, json.dumps(partner.claims()).encode()): "invalid_key",
        sign(stranger, json.dumps(partner.claims()).encode()): "invalid_key",
        as_secret: "invalid_key",
        unsigned: "invalid_key",
        partner.says(iss="https://else.example"): "invalid_issuer",
        partner.says(iss=None): "invalid_issuer",
        partner.says(aud="https://else.example"): "invalid_audience",
        partner.says(aud=None): "invalid_audience",
        partner.says(iat=int(mail.time + LEEWAY_S + 60)): "invalid_request",
        partner.says(iat=int(mail.time - OLDEST_S - 60)): "invalid_request",
        partner.says(iat="soon"): "invalid_request",
        partner.says(exp=int(mail.time - LEEWAY_S - 60)): "invalid_request",
        partner.says(nbf=int(mail.time + LEEWAY_S + 60)): "invalid_request",
        partner.says(jti=None): "invalid_request",
        partner.says(jti="x" * 300): "invalid_request",
        partner.says(events={}): "invalid_request",
        partner.says(events=None): "invalid_request",
        partner.says(events={"a": "b"}): "invalid_request",
        partner.says(sub_id="ann"): "invalid_request",
        jwt.encode(partner.claims(), "x" * 32, "HS256"): "invalid_request",
        "not a token": "invalid_request",
        "x" * 70_000: "invalid_request",
    }
    for token, word in wrong.items():
        assert await refusal(mail, token) == word, token
    assert not mail.taken


async def test_a_list_of_audiences_and_the_older_subject_are_understood(database: Database) -> None:
    mail = Mail(database)
    partner = Partner(mail)
    older = {"subject": {"subject_type": "iss-sub", "iss": PARTNER, "sub": "ann"}}
    await mail.receiver.receive(partner.says(aud=["x", US], sub_id=None, events={words.ACCOUNT_DISABLED: older}))
    (event,) = mail.taken
    assert words.account_in(event.subject, (PARTNER,)) == "account:ann"
    assert words.account_in(event.subject, (ISSUER,)) is None


async def test_a_partner_cannot_speak_for_another(database: Database) -> None:
    mail = Mail(database)
    partner = Partner(mail)
    made, _ = new_transmitter(
        TransmitterWanted(issuer="https://second.example", audience=US, keys=partner.key_set()), mail.time,
        allows_private=True, pushes=True,
    )
    with database.write() as connection:
        add_transmitter(connection, database.vault, made)
    assert await refusal(mail, partner.says(), made) == "invalid_issuer"
    found = mail.receiver.find_pusher(partner.token)
    assert found is not None
    assert found.issuer == PARTNER
    assert mail.receiver.find_pusher("anlan_set_guess") is None
    with pytest.raises(Conflict), database.write() as connection:
        add_transmitter(connection, database.vault, made)


def test_a_key_set_must_be_able_to_verify(database: Database) -> None:
    secret = b'{"keys":[{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}]}'
    for keys in (secret, b"[]", b"{}", b"\xff", b'{"keys":[{"kty":"EC"}]}'):
        with pytest.raises(InvalidRequest):
            new_transmitter(
                TransmitterWanted(issuer=PARTNER, audience=US, keys=keys), 1.0, allows_private=True, pushes=False
            )
    with pytest.raises(InvalidEndpoint):
        new_transmitter(
            TransmitterWanted(issuer=PARTNER, audience=US, keys_url="http://10.0.0.1/jwks"), 1.0, allows_private=False,
            pushes=False,
        )


class PartnerSite(Receiving):
    """A partner's server: its key set, and tokens that wait to be polled."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = b""
        self.asked: list[dict[str, Any]] = []
        self.sets: dict[str, str] = {}
        self.key_fetches = 0

    async def _keys(self, _: Request) -> Response:
        self.key_fetches += 1
        return Response(self.keys, media_type="application/json")

    async def _poll(self, request: Request) -> Response:
        asked = await request.json()
        self.asked.append(asked)
        for name in [*asked.get("ack", ()), *asked.get("setErrs", ())]:
            self.sets.pop(name, None)
        given = dict(list(self.sets.items())[: asked["maxEvents"]])
        return JSONResponse({"sets": given, "moreAvailable": len(self.sets) > len(given)})

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        routes = [Route("/keys", self._keys), Route("/poll", self._poll, methods=["POST"])]
        async with self.serving(Starlette(routes=routes)):
            yield

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


async def test_keys_are_fetched_again_when_they_change_and_not_at_a_stranger_s_wish(database: Database) -> None:
    mail, site = Mail(database), PartnerSite()
    partner = Partner(mail, keys_url=site.at("/keys"))
    site.keys = partner.key_set()
    assert await refusal(mail, partner.says()) == "invalid_key"  # the site is not up
    async with site.listening():
        assert await mail.receiver.receive(partner.says(jti="a"))
        for _ in range(3):
            assert await refusal(mail, sign(make_key(), json.dumps(partner.claims()).encode())) == "invalid_key"
        assert site.key_fetches == 1
        partner.key = make_key()
        site.keys = partner.key_set()
        mail.time += FRESH_S + 1
        assert await mail.receiver.receive(partner.says(jti="b"))
        mail.time += STALE_S + 1
        site.keys = b'{"keys":[' + make_key().public + b"]}"
        assert await refusal(mail, partner.says(jti="c")) == "invalid_key"
    assert site.key_fetches == 3


async def test_a_partner_is_polled_and_told_what_was_kept_and_what_was_not(database: Database) -> None:
    mail, site = Mail(database), PartnerSite()
    partner = Partner(mail, poll_url=site.at("/poll"))
    site.sets = {f"t{n}": partner.says(jti=f"t{n}") for n in range(60)} | {"bad": partner.says(jti="bad", aud="else")}
    async with site.listening():
        await mail.worker.drain()
        assert not site.sets
        assert len(mail.taken) == 60
        assert site.asked[-1]["maxEvents"] == 0
        assert {name: error["err"] for one in site.asked for name, error in one.get("setErrs", {}).items()} == {
            "bad": "invalid_audience"
        }
        asked = len(site.asked)
        await mail.worker.drain()
        assert len(site.asked) == asked  # not again before its time
    mail.time += POLL_EVERY_S
    await mail.worker.drain()
    assert partner.stored.poll_error


async def test_what_partners_said_is_forgotten_but_not_that_they_said_it(database: Database) -> None:
    mail = Mail(database)
    partner = Partner(mail)
    await mail.receiver.receive(partner.says())
    later = mail.time + 40 * 86_400
    with database.write() as connection:
        assert forget_received(connection, later, 10, later) == 1
        assert connection.execute(select(received_tokens.c.body)).scalar_one() is None
        assert forget_received(connection, later, 10, later) == 0
        assert forget_received(connection, later + 30 * 86_400, 10, later + 30 * 86_400) == 1
        assert find_by_issuer(connection, database.vault, "x\0") is None
