"""The real hydra against a platform's sign-in that Anlan guards: it gets nowhere, and the owner comes in throughout."""

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from ports import hold_port
from served import Served

from anlan.demo.door import Guard, build_door

OWNER, PASSWORD, CODE = "mei", "tidal-lantern-77-orchid", "314159"
POPULAR = "123456789"
WEAK = ("bo", "hua", "ting")
NAMES = ("an", "bo", "chen", "dong", "fang", "gang", "hua", "jun", "kai", "ting")
USERS = {name: POPULAR if name in WEAK else f"quite-{name}-unguessable" for name in NAMES} | {OWNER: PASSWORD}
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"
HOME, ATTACKER = "114.240.7.31", "95.216.4.9"

pytestmark = pytest.mark.skipif(shutil.which("hydra") is None, reason="hydra is not installed")


class Platform:
    """The demo's door on a loopback port; it believes what the proxy on this machine says of addresses."""

    def __init__(self, guard: Guard | None) -> None:
        self.port = hold_port()
        app = build_door(USERS, {OWNER: CODE}, guard, trusted_proxies=("127.0.0.1",))
        config = uvicorn.Config(app, port=self.port, log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> "Platform":
        self._thread.start()
        while not self._server.started:
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=20)

    @contextmanager
    def browser(self, ip: str) -> Iterator[httpx.Client]:
        """A browser that keeps its cookies, seen at `ip`."""
        headers = {"x-forwarded-for": ip, "user-agent": AGENT}
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=60) as client:
            yield client

    def hydra(self, folder: Path, names: tuple[str, ...], passwords: list[str], ip: str) -> set[tuple[str, str]]:
        """What hydra finds, trying every password on every name from `ip` with four hands."""
        (folder / "names").write_text("\n".join(names))
        (folder / "passwords").write_text("\n".join(passwords))
        form = rf"/login:name=^USER^&password=^PASS^:H=X-Forwarded-For\: {ip}:H=User-Agent\: {AGENT}:S=Welcome"
        lists = ["-L", str(folder / "names"), "-P", str(folder / "passwords")]
        command = ["hydra", "-I", "-t", "4", *lists, "-s", str(self.port), "127.0.0.1", "http-post-form", form]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        assert "1 of 1 target" in done.stdout, done.stdout + done.stderr
        return set(re.findall(r"login: (\S+)\s+password: (\S+)", done.stdout))


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Served(tmp_path_factory.mktemp("door")) as anlan, Platform(_guard_of(anlan)) as platform:
        yield platform


def _guard_of(anlan: Served) -> Guard:
    return Guard(anlan.url, anlan.new_key("events:write"), patience_s=30.0)


def sign_in(client: httpx.Client, name: str, password: str) -> httpx.Response:
    return client.post("/login", json={"name": name, "password": password})


def settle(client: httpx.Client, name: str) -> None:
    """The owner has signed in here before, whatever had to be proved the first time."""
    answer = sign_in(client, name, USERS[name])
    if answer.status_code == 403:
        answer = client.post("/login/code", json={"challenge": answer.json()["challenge"], "code": CODE})
    assert answer.status_code == 200, answer.text
    assert sign_in(client, name, USERS[name]).status_code == 200


def guesses(count: int) -> list[str]:
    """Passwords of which the owner's is one, neither first nor last."""
    words = [f"guess-{number}" for number in range(count)]
    return [*words[: count // 2], PASSWORD, *words[count // 2 :]]


def test_hydra_finds_the_password_where_nobody_guards(tmp_path: Path) -> None:
    with Platform(None) as unguarded:
        assert unguarded.hydra(tmp_path, (OWNER,), guesses(20), ATTACKER) == {(OWNER, PASSWORD)}


def test_hydra_gets_nowhere_while_the_owner_comes_in_throughout(platform: Platform, tmp_path: Path) -> None:
    is_over = threading.Event()
    answers: list[int] = []

    def come_in_again_and_again(owner: httpx.Client) -> None:
        # More often within minutes would look like guessing on a stolen device.
        while len(answers) < 7 and (not is_over.wait(0.3) or len(answers) < 4):
            answers.append(sign_in(owner, OWNER, PASSWORD).status_code)

    with platform.browser(HOME) as owner:
        settle(owner, OWNER)
        coming = threading.Thread(target=come_in_again_and_again, args=(owner,))
        coming.start()
        try:
            found = platform.hydra(tmp_path, (OWNER,), guesses(60), ATTACKER)
        finally:
            is_over.set()
            coming.join()
    assert found == set()
    assert len(answers) > 3
    assert set(answers) == {200}, "a stranger's attempts never keep the owner's known device out"


def test_right_and_wrong_passwords_hear_the_same_after_an_attack(platform: Platform) -> None:
    with platform.browser(ATTACKER) as thief:
        right, wrong = sign_in(thief, OWNER, PASSWORD), sign_in(thief, OWNER, "guess-0")
    assert right.status_code == wrong.status_code != 200
    assert right.json()["says"] == wrong.json()["says"]
    assert "device" not in right.cookies


def test_a_challenge_opens_only_for_password_and_code_together(platform: Platform) -> None:
    with platform.browser(ATTACKER) as traveller:
        challenge = sign_in(traveller, OWNER, "guess-0").json()["challenge"]
        refused = traveller.post("/login/code", json={"challenge": challenge, "code": CODE})
        again = traveller.post("/login/code", json={"challenge": challenge, "code": CODE})
        assert (refused.status_code, again.status_code) == (403, 403)
        challenge = sign_in(traveller, OWNER, PASSWORD).json()["challenge"]
        welcome = traveller.post("/login/code", json={"challenge": challenge, "code": CODE})
        assert welcome.status_code == 200
        assert traveller.cookies["device"]


def test_spraying_from_many_addresses_opens_nothing(platform: Platform, tmp_path: Path) -> None:
    for number, name in enumerate(NAMES):
        with platform.browser(f"114.240.8.{number}") as owner:
            sign_in(owner, name, USERS[name])
    found = set()
    for number in range(3):
        found |= platform.hydra(tmp_path, NAMES, ["password1", POPULAR], f"73.{number}.14.{number + 9}")
    assert found == set()


def test_a_door_whose_guard_is_away_asks_for_a_code() -> None:
    with Platform(Guard("http://127.0.0.1:9", "nobody", patience_s=0.5)) as alone, alone.browser(HOME) as owner:
        answer = sign_in(owner, OWNER, PASSWORD)
        assert answer.status_code == 403
        code = {"challenge": answer.json()["challenge"], "code": CODE}
        assert owner.post("/login/code", json=code).status_code == 200
