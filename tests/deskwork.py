"""A group that goes bad on a platform which does what it is told: the story that the tests of the desk walk through."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
from consoled import Consoled, Visitor
from platforms import Receiver
from sqlalchemy import select

from anlan import clock
from anlan.delivery.registration import register_endpoint
from anlan.store.keys import ApiKeys
from anlan.store.queues import Queue, put_queue
from anlan.store.tables import cases
from anlan.web.api.access import SCOPES

GROUP, OWNER, ADMINS = "g-loan", "boss", ("adam", "ada")
MEMBERS = tuple(f"m{number}" for number in range(200))
HARM = "刷单兼职日结佣金 {0}{0}8 元，先垫付后返，加微信 abc{0}9876"


class Platform:
    """The platform's side: it sends events, receives orders by webhook, does them and says so."""

    def __init__(self, console: Consoled, receiver: Receiver) -> None:
        secret = ApiKeys(console.house.database).create("platform", tuple(SCOPES), 10_000)[1]
        self.http = httpx.Client(base_url=console.url, headers={"authorization": f"Bearer {secret}"}, timeout=30)
        self.console, self._receiver = console, receiver
        register_endpoint(console.house.database, receiver.url, (), clock.now(), allows_private=True)
        with console.house.database.write() as connection:  # nothing in the story hangs on a random sample
            put_queue(connection, Queue(name="appeals", second_share=0.0, golden_share=0.0))

    def call(self, method: str, path: str, /, **body: Any) -> Any:
        """The answer's JSON; a refusal fails the test."""
        answer = self.http.request(method, path, json=body or None)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def tell_of_the_group(self) -> None:
        """Who runs it, and what its owner has; then nine people write what they write."""
        people = [{"account": OWNER, "role": "owner"}, *({"account": name, "role": "admin"} for name in ADMINS)]
        count = len(people) + len(MEMBERS)
        self.call("PUT", f"/v1/groups/{GROUP}/roster", people=people, member_count=count)
        wallet = {"kind": "wallet", "unit": "CNY", "title": "Wallet", "amount": 123_456}
        self.call("PUT", f"/v1/accounts/{OWNER}/holdings", as_of=clock.now(), holdings=[wallet])
        for number, sender in enumerate((OWNER, *ADMINS, *MEMBERS[:6])):
            self.send(number, sender)

    def send(self, number: int, sender: str) -> None:
        """A harmful message to the group."""
        data = {"sender": sender, "group": GROUP, "text": HARM.format(number)}
        event = {"specversion": "1.0", "id": f"h{number}", "source": "im", "type": "message.sent", "data": data}
        self.call("POST", "/v1/events", **event)

    def received(self, kind: str) -> list[dict[str, Any]]:
        """`data` of the messages of one kind, each order once."""
        told = [json.loads(body) for body in self._receiver.bodies]
        return list({json.dumps(one["data"]): one["data"] for one in told if one["type"] == kind}.values())

    def obey(self, kind: str, wanted: int) -> list[dict[str, Any]]:
        """Wait for so many orders of one kind, do them and say so."""
        orders = until(lambda: found if len(found := self.received(kind)) >= wanted else None)
        for order in orders:
            self.call("POST", f"/v1/sanctions/{order['sanction']}:confirm", revision=order["revision"])
        return orders

    def member(self, account: str) -> Visitor:
        """A browser at the member's own pages."""
        visitor = self.console.visitor()
        assert visitor.open_link(self.link(account, "en")).status_code == 303
        return visitor

    def link(self, account: str, language: str) -> str:
        """A link that opens the member's own pages once."""
        return str(self.call("POST", "/v1/members:link", account=account, language=language)["url"])


def until(look: Callable[[], Any], seconds: float = 120.0) -> Any:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)
    return found


def open_case(console: Consoled, about: str, kind: str = "review") -> str:
    """The id of the open case of one kind about an entity, once it has a clock: before that it may still be merged."""

    def look() -> str | None:
        query = select(cases.c.id).where(cases.c.state == "open", cases.c.target == about, cases.c.kind == kind)
        query = query.where(cases.c.due_at.is_not(None)).order_by(cases.c.opened_at)
        with console.house.database.read() as connection:
            return connection.execute(query).scalars().first()

    return str(until(look))
