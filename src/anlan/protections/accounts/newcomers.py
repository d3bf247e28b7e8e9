"""How much more likely a registration is one of many by one hand than somebody's own: what comes oftener than usual.

Yuan et al., "Detecting Fake Accounts in Online Social Networks at the Time of Registrations" (CCS 2019), found at
WeChat that farms give themselves away by being alike: networks, devices, versions, serials of numbers, patterns of
names. So every trait of a registration is compared with how often it came honestly before. What is alike in one trait
only (a class behind one address, a shop with one batch of cards) is no farm: each trait counts up to a cap, and it
takes several. Who is alike and sits together (the class again, in its computer room) is alike because of that: such
traits count by how many of those who are alike came from elsewhere.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from math import exp, log
from typing import NamedTuple

from anlan.domain.event_data import AccountRegistered
from anlan.protections.accounts.crowd import Crowd
from anlan.protections.accounts.visitors import AGENT_LEVELS, NETWORK_LEVELS, Visitors

PRIOR = 0.05
"""Share of registrations that farms make in quiet times; Yuan et al. found 0.4 where accounts are worth money."""
_NUMBERS = re.compile(r"\d+")
_DOTS_DO_NOT_COUNT = frozenset({"gmail.com", "googlemail.com"})
_SERIAL_DIGITS, _OPERATOR_DIGITS = 7, 3
VIRTUAL_OPERATORS = ("162", "165", "167", "170", "171")
"""Prefixes of Chinese operators without a network of their own, whose numbers are rented by the message."""
_COUNTRY_CODE = re.compile(r"^(?:\+|00)?86(?=1\d{10}$)")

USUAL_SHARES = {
    "network": 1e-4, "block": 2e-3, "system": 0.03, "country": 0.3, "agent": 1e-3, "shape": 5e-3, "platform": 0.3,
    "device": 1e-5, "kind of name": 0.03, "form of name": 0.01, "name": 1e-4, "domain": 0.01, "kind of mailbox": 5e-3,
    "form of mailbox": 2e-3, "mailbox": 1e-5, "line": 0.03, "operator": 0.02, "serial": 2e-4, "inviter": 1e-4,
    "pattern": 1e-3,
}
"""By level; a name never seen is taken to be so common among honest newcomers."""


class Trait(NamedTuple):
    """One thing in which registrations can be alike.

    Attributes:
        names: (level, name), the most general first.
        shrinkage: how many registrations alike are nothing yet.
    """

    names: Sequence[tuple[str, str]]
    shrinkage: float


class Burst(NamedTuple):
    """What registrations of the last hours make of one; natural logarithms, above 0 for a farm.

    Attributes:
        risk: probability in [0, 1] that it is a farm's.
        strongest: the trait that says most, empty if none says anything.
    """

    risk: float
    strongest: str
    place: float = 0.0
    client: float = 0.0
    device: float = 0.0
    mailbox: float = 0.0
    pattern: float = 0.0
    name: float = 0.0
    mail: float = 0.0
    phone: float = 0.0
    inviter: float = 0.0


ALIKE_HALF_LIFE_S = 86_400.0
IMAGINED = 20.0
"""A young installation soon knows its own newcomers."""
SHRINKAGE = {"place": 5.0, "client": 3.0, "device": 2.0, "name": 5.0, "mail": 5.0, "phone": 2.0, "inviter": 3.0,
             "mailbox": 0.25, "pattern": 3.0}
CAPS = {"place": 2.5, "client": 2.0, "device": 2.0, "name": 2.5, "mail": 2.5, "phone": 2.5, "inviter": 2.5,
        "mailbox": 5.0, "pattern": 2.5}
_LEAST = -0.5
_GATHERINGS = {"client": "pattern", "name": "pattern", "pattern": "pattern", "mail": "mail"}
"""By trait, in what those must be alike who are taken to sit together."""
_DISPOSABLE, _GENERATED = 2.5, 0.7


def traits_of(data: AccountRegistered, visitors: Visitors) -> dict[str, Trait]:
    """What can be alike, by the names of `Burst`; what was not told is left out."""
    network, agent = visitors.network(data.ip).names, visitors.agent(data.user_agent).names
    told = {
        "place": [(level, network[level]) for level in reversed(NETWORK_LEVELS) if level in network],
        "client": [(level, agent[level]) for level in reversed(AGENT_LEVELS) if level in agent],
        "device": [("device", data.device)] if data.device else [],
        "name": _name_levels(data.nickname), "mail": _mail_levels(data.email), "phone": _phone_levels(data.phone),
        "inviter": [("inviter", data.invited_by)] if data.invited_by else [],
        "mailbox": [("mailbox", mailbox)] if (mailbox := mailbox_of(data.email)) else [],
    }
    if told["client"]:
        shared = (told[trait][:number] for trait, number in (("client", 2), ("mail", 1), ("name", 1), ("phone", 1)))
        pattern = "|".join(levels[-1][1] if levels else "" for levels in shared)
        told["pattern"] = [("pattern", pattern)]
    if "network" in network:
        for trait in _GATHERINGS.values():
            told[f"{trait} here"] = [("here", f"{network['network']}|{told[trait][0]}")] if told.get(trait) else []
    return {
        trait: Trait([(level, _digest(level, name)) for level, name in names], SHRINKAGE.get(trait, 0.0))
        for trait, names in told.items() if names
    }


def weigh(traits: dict[str, Trait], crowd: Crowd, time: float, *, is_disposable: bool, is_generated: bool) -> Burst:
    """Add up what each trait says."""
    said = {
        name: max(_LEAST, min(log(crowd.suspect_ratio(trait.names, time, trait.shrinkage)), CAPS[name]))
        for name, trait in traits.items() if name in CAPS
    }
    for name in _GATHERINGS.keys() & said.keys():
        said[name] *= _elsewhere(traits, _GATHERINGS[name], crowd, time) if said[name] > 0 else 1.0
    if is_disposable:
        said["mail"] = said.get("mail", 0.0) + _DISPOSABLE
    if is_generated:
        said["name"] = said.get("name", 0.0) + _GENERATED
    odds = log(PRIOR / (1.0 - PRIOR)) + sum(said.values())
    strongest = max(said, key=said.__getitem__, default="")
    return Burst(1.0 / (1.0 + exp(-odds)), strongest if said.get(strongest, 0.0) > 0 else "", **said)


def _elsewhere(traits: Mapping[str, Trait], trait: str, crowd: Crowd, time: float) -> float:
    """Of those who are alike in this trait, at its most general level, the share that came from other networks."""
    if f"{trait} here" not in traits or trait not in traits:
        return 1.0
    here, alike = (crowd.suspects(traits[name].names[0][1], time) for name in (f"{trait} here", trait))
    return 1.0 - here / (alike + 1.0)


def _digest(level: str, name: str) -> str:
    return blake2b(f"{level}:{name}".encode("utf-8", "replace"), digest_size=8).hexdigest()


def _form(text: str) -> list[tuple[str, int]]:
    """Runs of characters of one kind, with their lengths."""
    return [(kind, len(list(run))) for kind, run in groupby(text, _kind)]


def _kind(sign: str) -> str:
    if sign.isdigit():
        return "9"
    if sign.isascii():
        return ("A" if sign.isupper() else "a") if sign.isalpha() else sign
    return "h" if sign.isalpha() else "*"


def _name_levels(nickname: str | None) -> list[tuple[str, str]]:
    name = (nickname or "").strip()
    if not name:
        return []
    form = _form(name)
    levels = [
        ("kind of name", "".join(kind for kind, _ in form)),
        ("form of name", "".join(f"{kind}{length}" for kind, length in form)),
    ]
    if _NUMBERS.search(name):
        levels.append(("name", _NUMBERS.sub("#", name.lower())))
    return levels


def _mail_levels(email: str | None) -> list[tuple[str, str]]:
    local, _, domain = (email or "").strip().lower().rpartition("@")
    if not local:
        return []
    form = _form(local)
    return [
        ("domain", domain),
        ("kind of mailbox", f"{''.join(kind for kind, _ in form)}@{domain}"),
        ("form of mailbox", f"{''.join(f'{kind}{length}' for kind, length in form)}@{domain}"),
    ]


def mailbox_of(email: str | None) -> str | None:
    """Where the mail really goes, as far as an address tells."""
    local, _, domain = (email or "").strip().lower().rpartition("@")
    if not local:
        return None
    local = local.partition("+")[0]
    return f"{local.replace('.', '') if domain in _DOTS_DO_NOT_COUNT else local}@{domain}"


def _phone_levels(phone: str | None) -> list[tuple[str, str]]:
    """Operator and serial of a number; a platform that sends digests instead of numbers tells neither."""
    number = _COUNTRY_CODE.sub("", (phone or "").strip().replace(" ", "").replace("-", ""))
    if not number.lstrip("+").isdigit():
        return []
    levels = [("operator", number[:_OPERATOR_DIGITS]), ("serial", number[:_SERIAL_DIGITS])]
    return [("line", "virtual"), *levels] if number.startswith(VIRTUAL_OPERATORS) else levels
