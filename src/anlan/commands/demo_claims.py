"""Lost accounts of the demo: what their owners' lives left, and claims that wait for people who answer blind."""

from collections.abc import Iterator, Mapping

import msgspec

from anlan.app import House
from anlan.center.recovery import Claimed
from anlan.clock import to_rfc3339
from anlan.domain.claims import ClaimWay, ValueClass
from anlan.domain.digests import salted_digest
from anlan.domain.recovery import EvidenceKind
from anlan.domain.recovery_answers import PasswordDigest, Registered
from anlan.store import recovery_facts

PLATFORM = "key:demo"
DAY_S = 86_400.0
HOME, WORK, ABROAD = "36.110.1.2", "222.73.1.9", "5.188.1.9"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126 Mobile Safari/537.36"
TABLET = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"
STRANGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126 Safari/537.36"
FRIENDS = ("a-ning", "lao-qi", "xiao-bei")
FORMERLY = "sailing-in-1998"
"""A password of theirs."""
TANG, GRANDPA = "tang.yu", "he.jianguo"
"""One with money in the account, who changed the phone number; one who died."""
_KNOWS: Mapping[EvidenceKind, str] = {
    "password": FORMERLY, "registered": "2020-09", "city": "杭州", "nickname": "小船", "contacts": "\n".join(FRIENDS),
}
_GUESSES: Mapping[EvidenceKind, str] = {
    "password": FORMERLY, "city": "杭州", "nickname": "小船", "contacts": FRIENDS[0],
}
"""A leaked password, and what anybody can read."""


def lived_before(now: float) -> list[bytes]:
    """What happened to these accounts in the weeks before the demo begins, oldest first."""
    found = sorted((*_friendships(), *_sign_ins()), key=lambda one: -one[0])
    return [
        msgspec.json.encode({
            "specversion": "1.0", "id": f"lost-{number}", "source": "demo", "type": name,
            "time": to_rfc3339(now - days * DAY_S), "data": data,
        })
        for number, (days, name, data) in enumerate(found)
    ]


def claim_lost_accounts(house: House, now: float) -> None:
    """An owner claims, a stranger claims the same account, and a granddaughter claims that of somebody who died."""
    _register(house, TANG, "high", now)
    _register(house, GRANDPA, "ordinary", now)
    _claim(house, TANG, _KNOWS, now, ip=HOME, device=f"phone-{TANG}", agent=PHONE)
    _claim(house, TANG, _GUESSES, now, ip=ABROAD, device="much-used", agent=STRANGE)
    _claim(house, GRANDPA, _KNOWS, now, ip=WORK, device=f"tablet-{GRANDPA}", agent=TABLET, way="relative")


def _sign_ins() -> Iterator[tuple[float, str, dict[str, str]]]:
    for account in (TANG, GRANDPA):
        for days in (58.0, 51.0, 44.0, 37.0, 30.0, 23.0, 16.0, 9.0):
            yield days, "account.login", _sign_in(account, f"phone-{account}", WORK if days % 2 else HOME, PHONE)
        for days in (40.5, 12.5):
            yield days, "account.login", _sign_in(account, f"tablet-{account}", HOME, TABLET)
    for number in range(3):
        yield 4.0 + number, "account.login", _sign_in(f"shop-{number}", "much-used", ABROAD, STRANGE)


def _sign_in(account: str, device: str, ip: str, agent: str) -> dict[str, str]:
    return {
        "account": account, "result": "success", "device": device, "ip": ip, "user_agent": agent,
        "session": f"{device}-{ip}",
    }


def _friendships() -> Iterator[tuple[float, str, dict[str, str]]]:
    for account in (TANG, GRANDPA):
        for number, friend in enumerate(FRIENDS):
            yield 110.0 + number, "friendship.changed", {"account": account, "other": friend, "change": "added"}


def _register(house: House, account: str, value_class: ValueClass, now: float) -> None:
    told = Registered(
        registered_at=1_600_000_000.0, city="杭州", nickname="小船", inviter="",
        passwords=(PasswordDigest(digest=salted_digest("demo-salt", FORMERLY)),),
    )
    with house.database.write() as connection:
        recovery_facts.register(
            connection, house.database.vault, f"account:{account}", value_class, told, PLATFORM, now
        )


def _claim(
    house: House, account: str, said: Mapping[EvidenceKind, str], now: float, *, ip: str, device: str, agent: str,
    way: ClaimWay = "owner",
) -> None:
    claimed = Claimed(
        account=f"account:{account}", contact=f"{device}@mail.example", way=way, language="zh", ip=ip, device=device,
        agent=agent,
    )
    _, token = house.recoveries.open(claimed, PLATFORM, now)
    for kind, words in said.items():
        house.recoveries.answer(token, kind, words, now)
    house.recoveries.submit(token, now)
