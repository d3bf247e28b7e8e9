"""Looks at each sign-in before anybody is let in, and remembers of it what the next ones are compared with.

What is remembered is the same whether the event is live or comes from the journal, and the look of an attempt is taken
before the attempt itself is counted.
"""

from collections.abc import Mapping, Sequence
from math import exp, log
from typing import Any, NamedTuple

import msgspec

from anlan.domain.event_data import AccountLogin
from anlan.domain.events import Event
from anlan.domain.places import Places
from anlan.domain.signals import Signal
from anlan.engine.generations import Generations
from anlan.engine.profiles import Profiles, tie
from anlan.engine.signals import part_of
from anlan.protections.accounts.crowd import Crowd
from anlan.protections.accounts.pulse import Pulse
from anlan.protections.accounts.risk import Attempt, Look, look_at
from anlan.protections.accounts.visitors import Visitors

HONEST_BELOW = 0.3
"""A success of a lower risk counts as an honest sign-in, as one on a known device does."""
TRIED_HALF_LIFE_S = 6 * 3_600.0
TRIED_KEPT_S = 3 * 86_400.0
_FADING = log(2) / TRIED_HALF_LIFE_S
WORST_KEPT_S = 86_400.0
_FORMAT = 3


class Tried(NamedTuple):
    """What strangers tried on an account.

    Attributes:
        failures: faded to `at`.
        worst: the highest risk of the last day, whatever the proof; at `worst_at`.
    """

    at: float
    failures: float = 0.0
    worst: float = 0.0
    worst_at: float = float("-inf")


class Door:
    """The crowd, the pulse, and what strangers tried on each account.

    Args:
        max_keys: how many networks, agents and accounts are remembered at most.
    """

    name = "accounts_door"

    def __init__(self, max_keys: int) -> None:
        self._visitors = Visitors()
        self._crowd, self._pulse = Crowd(max_keys), Pulse()
        self._tried = Generations(TRIED_KEPT_S, max_keys)
        self.signals: tuple[Signal, ...] = (
            Signal(
                name="login_look", compute=self.count, type="object", counts=True, applies_to=("account.login",),
                reads=("event", "profiles"),
            ),
            *_PARTS,
        )

    def look_up_in(self, places: Places) -> None:
        """Look addresses up in this table from now on, not in the one that ships."""
        self._visitors.look_up_in(places)

    def count(self, event: Event, profiles: Profiles) -> Look:
        """Look at an attempt, then remember it."""
        data: AccountLogin = event.data  # type: ignore[assignment]
        look = self.look(event, profiles)
        gap = look.client_gap_days, bool(look.client_was_lost)
        self._remember(event.time, data, *gap, is_known=look.is_device_known, risk=look.risk)
        return look

    def look(self, event: Event, profiles: Profiles) -> Look:
        """What an attempt shows, as of its time."""
        data: AccountLogin = event.data  # type: ignore[assignment]
        account = f"account:{data.account}"
        device = data.device
        is_known = device is not None and (
            profiles.fact(tie(account, f"device:{device}"), "is_known", event.time) is True
        )
        attempt = Attempt(
            event.time, self._visitors.network(data.ip), self._visitors.agent(data.user_agent), device, data.method,
            is_known, data.is_automated, data.password_is_breached, data.password_is_weak,
        )
        own = self._own(profiles, account, event.time)
        tried = self._tried_on(data.account, event.time)
        return look_at(
            attempt, own, self._crowd, strange_failures=tried.failures, recent_risk=tried.worst,
            attack_level=self._pulse.level(event.time),
        )

    def _own(self, profiles: Profiles, account: str, time: float) -> Sequence[Attempt]:
        """The account's last sign-ins, without those of devices that turned out not to be its own."""
        disowned = profiles.disowned_devices(account, time)
        network, agent = self._visitors.network, self._visitors.agent
        return [
            Attempt(since, network(seen["ip"]), agent(seen["agent"]), seen["device"], seen["method"])
            for since, seen in profiles.dated_history(account, "sign_in", time)
            if seen["device"] not in disowned
        ]

    def observe(self, event: Event, signals: Mapping[str, Any]) -> None:
        """Remember an attempt of the journal; see `Accumulator`."""
        if isinstance(event.data, AccountLogin) and "login_risk" in signals:
            is_known, risk = bool(signals.get("login_device_is_known")), signals["login_risk"]
            gap = signals.get("login_client_gap_days"), bool(signals.get("login_client_was_lost"))
            self._remember(event.time, event.data, *gap, is_known=is_known, risk=risk)

    def _remember(
        self, time: float, data: AccountLogin, gap_days: float | None, was_lost: bool, *, is_known: bool, risk: float
    ) -> None:
        is_failure = data.result == "failure" and not is_known
        is_honest = data.result == "success" and (is_known or risk < HONEST_BELOW)
        self._pulse.beat(time, is_failure=is_failure, is_honest=is_honest)
        if not is_known:
            tried = self._tried_on(data.account, time)
            worst, worst_at = (risk, time) if risk >= tried.worst else (tried.worst, tried.worst_at)
            self._tried.put(data.account, Tried(time, tried.failures + is_failure, worst, worst_at), time)
        if not (is_failure or is_honest):
            return
        agent = self._visitors.agent(data.user_agent).names
        names = [*self._visitors.network(data.ip).names.values(), *agent.values()]
        self._crowd.add(names, time, honest=float(is_honest), suspect=float(is_failure))
        # What became of the last sign-ins is settled; whether this one is the owner's is not.
        if is_honest and gap_days is not None:
            self._crowd.add_days((agent["shape"], agent["platform"]), time, gap_days, is_lost=was_lost)

    def _tried_on(self, account: str, time: float) -> Tried:
        kept = self._tried.get(account)
        if kept is None:
            return Tried(time)
        at, failures, worst, worst_at = kept
        age = max(0.0, time - at)
        is_recent = time - worst_at <= WORST_KEPT_S
        return Tried(max(at, time), failures * exp(-age * _FADING), worst if is_recent else 0.0, worst_at)

    def snapshot(self) -> bytes:
        """Everything that `restore` needs, as msgpack."""
        return msgspec.msgpack.encode((_FORMAT, self._crowd.dump(), self._pulse.dump(), self._tried.dump()))

    def restore(self, blob: bytes) -> bool:
        """Continue from a snapshot; False (and nothing changes) if it is of another format."""
        try:
            form, crowd, pulse, tried = msgspec.msgpack.decode(blob)
        except (msgspec.DecodeError, ValueError, TypeError):
            return False
        if form != _FORMAT:
            return False
        self._crowd.load(crowd)
        self._pulse.load(pulse)
        self._tried.load(tried)
        return True

    def clear(self) -> None:
        """Forget everything."""
        self._crowd.clear()
        self._pulse.clear()
        self._tried.clear()


_THIEF = Look(
    0.93, "stranger", 4.1, 2.2, 3.0, 0.4, 2.2, is_device_known=False, travel_kmh=1800.0, is_network_new=True,
    is_country_new=True, network_failures=12.0, network_failure_ratio=30.0, strange_failures=3.0, attack_level=2,
)
_OWNER = Look(1e-6, "acquaintance", -8.0, -5.0, -6.1, None, 0.0, is_device_known=True, client_gap_days=2.5,
              client_was_lost=False)
_BOTH = ({"login_look": _THIEF}, {"login_look": _OWNER})


def _part(attribute: str, name: str, type_: Any, zh: str, en: str, **more: Any) -> Signal:
    examples = tuple((given, getattr(given["login_look"], attribute)) for given in _BOTH)
    return part_of("login_look", attribute, name, type_, {"zh": zh, "en": en}, examples=examples, **more)


_EVIDENCE: dict[str, Any] = {"unit": "log-odds"}
_PARTS: tuple[Signal, ...] = (
    _part("risk", "login_risk", "number", "登录被盗风险", "Risk that a sign-in is a thief's", unit="probability",
          low=0.0, high=1.0),
    _part("thief", "login_thief", "text", "若非本人，更像哪种盗号者", "The kind of thief it would be, if one",
          choices=("stranger", "acquaintance")),
    _part("is_device_known", "login_device_is_known", "bool", "设备是该账号自己的",
          "The device is one of the account's own"),
    _part("is_network_new", "login_network_is_new", "bool", "该账号从未从该运营商网络登录过",
          "The account never signed in from this carrier or company"),
    _part("is_country_new", "login_country_is_new", "bool", "该账号从未从该国家或地区登录过",
          "The account never signed in from this country"),
    _part("client_gap_days", "login_client_gap_days", "number", "该账号前两次用这种客户端登录的间隔天数",
          "Days between the account's last two sign-ins with this client", unit="days", low=0.0),
    _part("client_was_lost", "login_client_was_lost", "bool", "其中后一次来自当时的新设备",
          "The later of them came on a device that was new then"),
    _part("travel_kmh", "login_travel_kmh", "number", "距上次登录地的最低行进速度",
          "Least speed of travel since the last sign-in", unit="km/h", low=0.0),
    _part("network", "login_network_evidence", "number", "网络与习惯的差异", "What the network says", **_EVIDENCE),
    _part("agent", "login_agent_evidence", "number", "客户端与习惯的差异", "What the client says", **_EVIDENCE),
    _part("device", "login_device_evidence", "number", "设备与习惯的差异", "What the device says", **_EVIDENCE),
    _part("hour", "login_hour_evidence", "number", "时段与习惯的差异", "What the time of day says", **_EVIDENCE),
    _part("other", "login_other_evidence", "number", "口令、方式、行程等其他迹象",
          "What password, method, travel and earlier attempts say", **_EVIDENCE),
    _part("network_failures", "login_network_failures", "number", "该网段近半天陌生登录失败次数",
          "Strangers' failures from this network in the last half day, faded", low=0.0),
    _part("network_failure_ratio", "login_network_failure_ratio", "number", "该网段失败为平常的倍数",
          "How many times more strangers fail from this network than is usual", low=0.0),
    _part("strange_failures", "account_strange_failures", "number", "近六小时陌生设备对该账号的失败尝试",
          "Strangers' failed attempts on this account in the last six hours, faded", low=0.0),
    _part("recent_risk", "account_recent_risk_1d", "number", "1 天内陌生设备尝试该账号的最高风险",
          "Highest risk of strangers' attempts on this account in a day", unit="probability", low=0.0, high=1.0),
    _part("attack_level", "login_attack_level", "number", "登录遭攻击等级：0平静 1升高 2受攻击",
          "Attack on sign-in: 0 calm, 1 raised, 2 under attack", low=0.0, high=2.0),
)
