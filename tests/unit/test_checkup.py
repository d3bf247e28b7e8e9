"""What makes an account safe by points, what user agents are called, and of which sign-ins an owner is told."""

from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from anlan.domain.checkup import CheckUp, Held, check_up
from anlan.domain.sign_in_messages import country_name, title_of
from anlan.domain.sign_ins import DAY_S, Seen, cause_of
from anlan.domain.user_agents import client_of, stored_client

NOW = 1_795_262_400.0
BEST = Held(
    has_second_step=True, recovery_codes=10, password_changed_at=NOW - DAY_S, password_is_breached=False,
    password_is_weak=False, has_phone=True, has_email=True, devices=2,
)


def points(held: Held) -> dict[str, int | None]:
    return {item.code: item.got for item in check_up(held, NOW).items}


def test_all_points_leave_nothing_to_do() -> None:
    found = check_up(BEST, NOW)
    assert (found.score, found.level, found.steps) == (100, "calm", ())


@pytest.mark.parametrize(
    ("lacking", "code"),
    [
        ({"has_second_step": False}, "second_step"), ({"recovery_codes": 0}, "recovery_codes"),
        ({"recovery_codes": 2}, "recovery_codes"), ({"password_is_breached": True}, "password"),
        ({"password_is_weak": True}, "password"), ({"password_changed_at": NOW - 1_200 * DAY_S}, "password"),
        ({"has_phone": False}, "contacts"), ({"has_email": False, "has_phone": False}, "contacts"),
        ({"stale_devices": 1}, "devices"), ({"stale_devices": 3}, "devices"), ({"unanswered": 1}, "reminders"),
    ],
)
def test_each_lack_costs_points_and_has_a_step(lacking: dict[str, Any], code: str) -> None:
    found = check_up(replace(BEST, **lacking), NOW)
    assert found.score < 100
    assert [step.code for step in found.steps] == [code]
    assert all({"zh", "en"} == set(words) for step in found.steps for words in (step.says, step.step or {}))


def test_unknown_is_not_no() -> None:
    silent = Held(has_second_step=True, recovery_codes=10)
    assert points(silent) == {
        "password": None, "second_step": 30, "recovery_codes": 10, "contacts": None, "devices": None, "reminders": 10,
    }
    assert check_up(silent, NOW).score == 100


def test_what_is_worth_most_stands_first() -> None:
    poor: CheckUp = check_up(Held(has_second_step=False, recovery_codes=0, password_is_weak=True, unanswered=1), NOW)
    assert [step.code for step in poor.steps] == ["second_step", "password", "reminders"]
    assert poor.level == "low"


@dataclass(frozen=True)
class Agent:
    """A user agent, and what its owner calls the device."""

    said: str | None
    zh: str
    en: str
    is_phone: bool = False


AGENTS = (
    Agent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
          "Windows 上的 Chrome", "Chrome on Windows"),
    Agent("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
          "Windows 上的 Edge", "Edge on Windows"),
    Agent("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 MicroMessenger/8.0",
          "iPhone 上的微信", "WeChat on iPhone", is_phone=True),
    Agent("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1 Version/18.0 Safari/605.1",
          "Mac 上的 Safari", "Safari on Mac"),
    Agent("Mozilla/5.0 (Linux; Android 15; HarmonyOS) HuaweiBrowser/15", "鸿蒙上的华为浏览器",
          "Huawei Browser on HarmonyOS", is_phone=True),
    Agent("curl/8.1", "未知设备", "Unknown device"), Agent(None, "未知设备", "Unknown device"),
    Agent("Dalvik/2.1.0 (Linux; U; Android 14)", "Android 设备", "Android device", is_phone=True),
)


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.en)
def test_devices_are_called_as_people_call_them(agent: Agent) -> None:
    client = stored_client(client_of(agent.said).stored)
    assert (client.title, client.is_phone) == ({"zh": agent.zh, "en": agent.en}, agent.is_phone)
    assert len(client.stored) <= 64


def seen(**what: Any) -> Seen:
    return Seen(**{"is_stopped": False, "is_first": False, "is_new_device": False, "is_new_country": False, "risk": 0.1,
                   **what})


@pytest.mark.parametrize(
    ("what", "cause"),
    [
        ({}, None), ({"is_new_device": True}, "new_device"),
        ({"is_new_device": True, "is_new_country": True}, "new_country"),
        ({"is_first": True, "is_new_device": True, "risk": 0.9}, None),
        ({"is_first": True, "is_stopped": True}, "stopped"),
        ({"risk": 0.5}, "risk"), ({"risk": None}, None), ({"risk": 0.499}, None),
    ],
)
def test_owners_are_told_of_what_is_unlike_them(what: dict[str, Any], cause: str | None) -> None:
    assert cause_of(seen(**what), 0.5) == cause


def test_places_and_changes_have_names_in_both_languages() -> None:
    assert country_name("FR") == {"zh": "法国", "en": "France"}
    assert country_name("ZZZ")["en"] == "ZZZ"
    assert country_name(None)["zh"] == "未知地点"
    assert title_of("binding", "phone")["zh"] == "您的账号绑定的手机号已更改"
    assert title_of("binding", "something")["en"] == "What your account is bound to was changed"
