"""What can be told of logins and registrations from the account's own history."""

from functools import lru_cache
from ipaddress import ip_address

from anlan.domain.events import Event
from anlan.domain.signals import Signal
from anlan.engine.profiles import Profiles, tie
from anlan.engine.signals import signal

HOUR_S = 3_600.0
ADDRESSES_REMEMBERED = 50_000


@signal(
    title={"zh": "设备从未成功登录过该账号", "en": "this account never signed in from this device"},
    applies_to=("account.login",),
)
def device_is_new(account: str, device: str, profiles: Profiles, event: Event) -> bool:
    # The login being judged is learnt only afterwards, so a first success still counts as new.
    return profiles.fact(tie(f"account:{account}", f"device:{device}"), "is_known", event.time) is not True


@signal(title={"zh": "距上次成功登录的小时数", "en": "hours since the last successful sign-in"}, unit="hours", low=0)
def account_idle_hours(account: str, profiles: Profiles, event: Event) -> float | None:
    last = profiles.fact(f"account:{account}", "last_login_at", event.time)
    return None if last is None else (event.time - last) / HOUR_S


@signal(
    title={"zh": "IP 是专用地址", "en": "the address is private or reserved"},
    examples=[({"ip": "10.1.2.3"}, True), ({"ip": "8.8.8.8"}, False), ({"ip": "not an address"}, None)],
)
def ip_is_private(ip: str) -> bool | None:
    return _is_private(ip)


@lru_cache(ADDRESSES_REMEMBERED)
def _is_private(ip: str) -> bool | None:
    try:
        return ip_address(ip).is_private
    except ValueError:
        return None


SIGNALS: tuple[Signal, ...] = (device_is_new, account_idle_hours, ip_is_private)
