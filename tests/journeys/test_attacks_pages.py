"""A spray against a running house: noticed, shown to staff in both languages, and its opened accounts contained."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from consoled import Consoled

from anlan import clock
from anlan.clock import to_rfc3339
from anlan.store.attacks import standing_attack
from anlan.store.containments import standing_containment

TOOL = "python-requests/2.31"


def login(number: int, at: float, **data: Any) -> bytes:
    body = {
        "specversion": "1.0", "id": f"spray-{number}", "source": "im", "type": "account.login", "time": to_rfc3339(at),
        "data": {"result": "failure", "user_agent": TOOL, "device": f"d{number}", **data},
    }
    return msgspec.json.encode(body)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    console = Consoled(tmp_path_factory.mktemp("attacks")).start()
    console.add_person("ana", "analyst")
    console.add_person("mei", "analyst", language="zh")
    console.add_person("eng", "engineer")
    now = clock.now()
    tries = [
        login(number, now - 600 + number, account=f"m{number % 120}", ip=f"47.{88 + number % 4}.{number % 250}.9")
        for number in range(240)
    ]
    fits = login(900, now - 300, account="m7", ip="1.2.3.4", user_agent="odd", result="success", method="password")
    console.do(console.house.intake.accept_many([*tries, fits]))
    yield console
    console.stop()


def opened(console: Consoled) -> str:
    """The attack's page, once a round has taken it in and one account stands open."""
    for make_round in console.house.desk_rounds:
        make_round(clock.now())
    with console.house.database.write() as connection:
        attack = standing_attack(connection)
        assert attack is not None
        connection.exec_driver_sql("UPDATE attack_accounts SET opened_at = last_at WHERE account = 'account:m7'")
    return f"/attacks/{attack.id}"


def test_staff_see_an_attack_and_contain_what_it_opened(console: Consoled) -> None:
    path = opened(console)
    ana = console.signed_in("ana")
    listed = ana.get("/attacks").text
    assert "Going on now" in listed
    assert path in listed
    page = ana.get(path).text
    assert "Accounts that opened" in page
    assert re.search(r"AS\d+", page)
    assert "not contained" in page
    assert ana.post(f"{path}/contain", form_on=path).status_code == 303
    with console.house.database.read() as connection:
        assert standing_containment(connection, "account:m7") is not None
    assert "not contained" not in ana.get(path).text


def test_the_pages_speak_chinese_too(console: Consoled) -> None:
    path = opened(console)
    mei = console.signed_in("mei")
    assert "被登录成功的账号" in mei.get(path).text
    assert "针对大量账号的登录攻击" in mei.get("/attacks").text


def test_who_may_not_see_accounts_sees_no_attack(console: Consoled) -> None:
    assert console.signed_in("eng").get("/attacks").status_code == 403
    assert console.signed_in("ana").get("/attacks/none").status_code == 404
