"""What is drawn of an account: from which countries and on which devices it was used, and what a claimant brings."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from anlan import clock
from anlan.domain.places import Place
from anlan.domain.sign_in_messages import country_name
from anlan.domain.sign_ins import device_name
from anlan.domain.user_agents import Client, stored_client
from anlan.errors import AnlanError
from anlan.store.account_view import Neighbour, neighbours
from anlan.store.sign_ins import Device, SignIn
from anlan.web.console.device_graph import Use, UseKind, draw_graph
from anlan.web.console.shell import Visit
from anlan.web.console.world_map import COLUMNS, ROWS, draw_world

NEIGHBOURS_DAYS = 30
NEIGHBOURS_WITHIN_S = 5.0
_DAY_S = 86_400.0


class Brought(NamedTuple):
    """Where a claimant came from and on what; `device` is the secret by which events name it."""

    place: Place
    device: str | None
    client: Client


class Sharers(NamedTuple):
    """Other accounts on the account's devices; `is_slow`: the journal did not answer in time."""

    found: list[Neighbour]
    is_slow: bool


def find_sharers(visit: Visit, name: str, device: str | None = None) -> Sharers:
    """Who else used the devices of an account (its id), and `device`, in the last 30 days."""
    try:
        with visit.rooms.analysis.view(NEIGHBOURS_WITHIN_S) as view:
            return Sharers(neighbours(view, name, clock.now() - NEIGHBOURS_DAYS * _DAY_S, device or ""), is_slow=False)
    except AnlanError:
        return Sharers([], is_slow=True)


def draw(
    visit: Visit, name: str, devices: Sequence[Device], sign_ins: Sequence[SignIn], sharers: Sharers,
    brought: Brought | None = None,
) -> dict[str, Any]:
    """What `console/account_parts.html` draws: the map with its list, the graph with its table."""
    countries = Counter(one.country for one in sign_ins if one.country)
    pick, claimed = visit.language.pick, brought.place.country if brought else None
    uses = _uses(visit, f"account:{name}", devices, sign_ins, sharers.found, brought)
    return {
        "dots": draw_world(countries, claimed), "columns": COLUMNS, "rows": ROWS, "claimed_country": claimed,
        "countries": [(code, pick(country_name(code)), count) for code, count in countries.most_common()],
        "uses": uses, "graph": draw_graph(name, uses), "is_slow": sharers.is_slow,
    }


def _uses(
    visit: Visit, account: str, devices: Sequence[Device], sign_ins: Sequence[SignIn], others: Sequence[Neighbour],
    brought: Brought | None,
) -> list[Use]:
    """The claimant's device first, then the account's; devices' own names are secrets."""
    networks: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in sign_ins:
        if one.device_id and one.asn:
            networks[one.device_id][f"AS{one.asn}"] += 1
    shared: defaultdict[str, list[str]] = defaultdict(list)
    for other in others:
        shared[device_name(account, other.device)].append(other.account)
    clients = {device.id: device.client for device in devices}
    kinds: dict[str, UseKind] = dict.fromkeys(clients, "device")
    if brought and (brought.device or brought.place.asn):
        mine = device_name(account, brought.device or "")
        own: UseKind = "both" if mine in clients else "claimed"
        kinds = {mine: own} | {name: kind for name, kind in kinds.items() if name != mine}
        clients.setdefault(mine, brought.client.stored)
        if brought.place.asn:
            networks[mine][f"AS{brought.place.asn}"] += 1
    titles = _numbered([visit.language.pick(stored_client(clients[name]).title) for name in kinds])
    return [
        Use(name, title, tuple(networks[name]), tuple(shared[name]), kind)
        for (name, kind), title in zip(kinds.items(), titles, strict=True)
    ]


def _numbered(titles: Sequence[str]) -> list[str]:
    """The second device that is called the same gets a number."""
    seen = Counter[str]()
    made = []
    for title in titles:
        seen[title] += 1
        made.append(f"{title} {seen[title]}" if seen[title] > 1 else title)
    return made
