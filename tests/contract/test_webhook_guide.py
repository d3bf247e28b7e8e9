"""The guide for platforms is true: its server runs and handles what Anlan commits and sends, its bodies are ours."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from anlan import clock
from anlan.delivery.posting import sign
from anlan.delivery.registration import new_secret, register_endpoint
from anlan.delivery.retries import DELAYS_S
from anlan.delivery.worker import LANE_WIDTH
from anlan.domain.actions import Action
from anlan.domain.decisions import Decision, Judged
from anlan.domain.events import Catalogue
from anlan.domain.facts import StaffNotice
from anlan.domain.messages import ActionOrdered, DecisionRevised, StaffNoticed
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.outbox import claim, route
from anlan.store.vault import Codec

GUIDE = (Path(__file__).parents[2] / "docs/how-to/receive-webhooks.md").read_text("utf-8")
STRUCTS = {"action": ActionOrdered, "decision": DecisionRevised, "staff": StaffNoticed}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("text", blocks("json"))
def test_the_bodies_in_the_guide_are_exactly_what_is_sent(text: str) -> None:
    body = json.loads(text)
    assert set(body) == {"type", "timestamp", "data"}
    data = msgspec.convert(body["data"], STRUCTS[body["type"].partition(".")[0]])
    assert json.loads(msgspec.json.encode(data)) == body["data"]


def test_the_guide_tells_the_true_schedule() -> None:
    hours = [f"{delay / 3600:.0f}" for delay in DELAYS_S[3:]]
    assert f"{', '.join(hours[:-1])} and {hours[-1]} hours" in GUIDE
    assert f"At most {LANE_WIDTH} messages" in GUIDE


def judged(number: int, pass_number: int, *actions: Action, earlier: Decision | None = None) -> Judged:
    body = b'{"specversion":"1.0","id":"e%d","source":"im","type":"message.sent","data":{"sender":"a1"}}' % number
    event = Catalogue().decode(body, clock.now())
    decision = Decision(
        id=f"{number:032x}.{pass_number}", pass_number=pass_number, verdict="hold" if actions else "allow", findings=(),
        shadow=(), actions=actions, pending=(), signals={}, failed={}, policy_set="", models={}, took_us=1.0,
    )
    notice = StaffNotice(id="fuse.p.quota.1", at=5.0, kind="fuse_quota", subject="p")
    return Judged(event, decision, event.time, earlier, notices=(notice,))


async def test_the_server_in_the_guide_does_what_committed_decisions_ask(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = new_secret()
    monkeypatch.setenv("ANLAN_WEBHOOK_SECRETS", f"{secret},{new_secret()}")
    monkeypatch.setenv("SEEN_DB", str(tmp_path / "seen.db"))
    server: dict[str, Any] = {"__name__": "guide"}
    exec(blocks("python")[0], server)

    endpoint = register_endpoint(database, "https://platform.example/hook", (), clock.now())
    journal = Journal(database, Codec(database.vault))
    first = judged(1, 1, Action(kind="mute", target="account:a1", policy="p", parameters={"hours": 2}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server["app"]), base_url="http://p") as client:

        async def deliver() -> list[str]:
            with database.write() as connection:
                route(connection, clock.now())
                found = claim(connection, endpoint.id, clock.now(), 100)
            for due in found:
                for _ in range(2):
                    headers = sign([secret], due.message_id, due.body, clock.now())
                    assert (await client.post("/hook", content=due.body, headers=headers)).status_code == 204
            return [due.kind for due in found]

        journal.commit([first, judged(2, 1)])
        assert sorted(await deliver()) == ["action.mute", "staff.fuse_quota"]
        assert server["muted_hours"] == {"account:a1": 2}
        journal.commit([judged(1, 2, earlier=first.decision)])
        assert sorted(await deliver()) == ["action.unmute", "decision.revised"]
        assert server["muted_hours"] == {}
        assert (await client.post("/hook", content=b"{}")).status_code == 401
    server["receiver"]._seen.connection.close()
