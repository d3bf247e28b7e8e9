"""A whole Anlan in a thread of this process, so that tests see both its pages and the house behind them."""

import asyncio
import re
import threading
import time
from collections.abc import Coroutine
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
import uvicorn
from ports import hold_port
from stores import migrated_sqlite

from anlan import clock
from anlan.app import House
from anlan.demo.labels import LabelledEvent
from anlan.demo.simulation import history
from anlan.domain.keys import event_key
from anlan.domain.lists import ListEntry
from anlan.serving import build_server
from anlan.settings import Settings
from anlan.store.staff import add_member
from anlan.web.console.people import hash_password

PASSWORD = "calm waters run deep"
START_S = 60.0
AN_EVENING = 1_788_264_000.0
"""Eight o'clock of an evening where the demo community lives."""
Answer = TypeVar("Answer")


@cache
def _hashed() -> str:
    """Slow on purpose, so once is enough."""
    return hash_password(PASSWORD)


def waking_zone() -> str:
    """A time zone in which it is about noon: whenever tests run, no quiet hours hold a warning back there."""
    hours_ahead = 12 - clock.to_datetime(clock.now()).hour
    return f"Etc/GMT{-hours_ahead:+d}"


def moved(event: LabelledEvent, later: float) -> bytes:
    """`event` as the platform would have sent it `later` seconds later."""
    sent = msgspec.json.decode(event.cloudevent)
    return msgspec.json.encode({**sent, "time": clock.to_rfc3339(event.time + later)})


class Consoled:
    """Starts on `start`, answers at `url` until `stop`.

    Args:
        folder: where its data lie.
        settings: other than the defaults, by name.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.port = hold_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = {"data_dir": folder, "port": self.port, "require_second_factor": False, **settings}
        self._thread = threading.Thread(target=self._run, name="console-under-test", daemon=True)
        self._problem: BaseException | None = None
        self._visitors: list[Visitor] = []

    def serve_as(self, host: str) -> "Consoled":
        """Be reached by this name of the machine itself, before it starts."""
        self.url = f"http://{host}:{self.port}"
        self._settings["public_url"] = self.url
        return self

    def start(self) -> "Consoled":
        """Start and wait until it answers."""
        self._thread.start()
        deadline = time.monotonic() + START_S
        while not (hasattr(self, "_server") and self._server.started):
            assert self._thread.is_alive(), self._problem
            assert time.monotonic() < deadline, "the console did not start"
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        """Stop it and wait for its end."""
        for visitor in self._visitors:
            visitor.http.close()
        self._server.should_exit = True
        self._thread.join(timeout=30)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._problem = error
            raise

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._settings["data_dir"].mkdir(parents=True, exist_ok=True)
        store = self._settings["data_dir"] / "anlan.db"
        if not store.exists():
            store.write_bytes(migrated_sqlite())
        self.house = House(Settings(_env_file=None, **self._settings))
        config = uvicorn.Config(
            build_server(self.house), host="127.0.0.1", port=self.port, log_config=None, lifespan="on",
            timeout_graceful_shutdown=5,
        )
        self._server = uvicorn.Server(config)
        await self._server.serve()

    def do(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Run `work` on the house's own event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=120)

    def live_through(self, hours: float = 2.0, people: int = 60, seed: int = 11) -> None:
        """Send hours of the demo community that end now.

        What happens is drawn for one evening, whenever tests run: by night, half an hour of few people is empty.
        """
        later = clock.now() - AN_EVENING
        evening = history(seed, AN_EVENING, hours, people)
        self.do(self.house.intake.accept_many([moved(event, later) for event in evening]))

    def block_a_message(self, text: str) -> str:
        """Send a message that a policy of the starter pack blocks, whatever the models say; returns the event's key."""
        entry = ListEntry(
            list="raids", entity="account:u-blocked", purpose="block", owner="test", source="test", created_at=0.0
        )
        self.house.lists.add([entry])
        self.house.reload_lists()
        name = f"blocked-{len(text)}"
        event = {
            "specversion": "1.0", "id": name, "source": "im", "type": "message.sent",
            "data": {"sender": "u-blocked", "recipient": "u-other", "text": text},
        }
        self.do(self.house.intake.accept(msgspec.json.encode(event)))
        return event_key("im", name)

    def add_person(self, name: str, *roles: str, must_change_password: bool = False, language: str = "en") -> str:
        """A member of staff with `PASSWORD`; returns the name."""
        with self.house.database.write() as connection:
            add_member(
                connection, name, _hashed(), roles, language, clock.now(),
                must_change_password=must_change_password,
            )
        return name

    def visitor(self) -> "Visitor":
        """A browser without a script that nobody has signed in with."""
        made = Visitor(self.url)
        self._visitors.append(made)
        return made

    def signed_in(self, name: str) -> "Visitor":
        """A browser in which `name` has signed in by password."""
        visitor = self.visitor()
        answer = visitor.sign_in(name)
        assert answer.status_code == 303, answer.text
        return visitor


class Visitor:
    """Reads pages and sends the forms in them, as a browser without a script does."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=30)

    def get(self, path: str) -> httpx.Response:
        """A page, as it is answered."""
        return self.http.get(path)

    def post(self, path: str, *, form_on: str = "/account", **fields: Any) -> httpx.Response:
        """Send a form that was drawn on the page `form_on`."""
        return self.http.post(path, data={"csrf": self.token(form_on), **fields})

    def open_link(self, link: str, **asked: str) -> httpx.Response:
        """Press the button that a member's link leads to; an answer without one is given back as it is."""
        page = self.http.get(link, params=asked) if asked else self.http.get(link)
        held = re.search(r'action="([^"]+)"><input type="hidden" name="token" value="([^"]+)"', page.text)
        return self.http.post(unescape(held[1]), data={"token": held[2]}) if held else page

    def token(self, path: str) -> str:
        """The form token of a page."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get(path).text)
        assert found, f"no form on {path}"
        return found[1]

    def field(self, path: str, name: str) -> str:
        """The value of a hidden field or text area on a page."""
        text = self.get(path).text
        found = re.search(rf'name="{name}" value="([^"]*)"', text) or re.search(
            rf'<textarea[^>]* name="{name}"[^>]*>(.*?)</textarea>', text, re.DOTALL
        )
        assert found, f"no {name} on {path}"
        return unescape(found[1])

    def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """Send the first form."""
        return self.post("/sign-in", form_on="/sign-in", name=name, password=password)
