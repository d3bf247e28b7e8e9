"""The attack monitor: what stands against the door now, what did before, and what became of the accounts it opened."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from anlan import clock
from anlan.domain.sign_in_messages import country_name
from anlan.engine.readings import bucket_s
from anlan.errors import NotFound
from anlan.store import audit
from anlan.store.attacks import Attack, find_attack, list_attacks, minutes_of, opened_accounts, origins_of
from anlan.store.containments import standing_containment
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()

SHAPE_TITLES = {
    "brute_force": mark("Brute force"), "stuffing": mark("Credential stuffing"), "spraying": mark("Password spraying"),
}
SHAPE_NOTES = {
    "brute_force": mark("Many tries on few accounts."),
    "stuffing": mark("About one try for each account, as with a leaked list."),
    "spraying": mark("A few tries on each of many accounts, as with popular passwords."),
}
STATE_TITLES = {"standing": mark("going on"), "over": mark("has passed")}
BARS = 120


@router.get("/attacks")
def show_attacks(visit: Annotated[Visit, allowed("see_accounts")]) -> Response:
    with visit.rooms.database.read() as connection:
        found = list_attacks(connection)
    standing = next((one for one in found if one.state == "standing"), None)
    return visit.page("console/attacks.html", found=found, standing=standing, **_words())


@router.get("/attacks/{attack_id}")
def show_attack(visit: Annotated[Visit, allowed("see_accounts")], attack_id: str) -> Response:
    with visit.rooms.database.read() as connection:
        attack = _find(connection, attack_id)
        minutes = minutes_of(connection, attack_id)
        origins = origins_of(connection, attack_id)
        opened = opened_accounts(connection, attack_id)
        standing = {one.account: standing_containment(connection, one.account) for one in opened}
    return visit.page(
        "console/attack.html", attack=attack, points=_points(attack, minutes), origins=origins, opened=opened,
        contained=standing, free=sum(one is None for one in standing.values()), country=country_name, **_words(),
    )


@router.post("/attacks/{attack_id}/contain")
def contain_opened(visit: Annotated[Visit, allowed("contain_accounts")], attack_id: str) -> Response:
    """Contain every account that the attack opened and that is not contained yet."""
    now = clock.now()
    with visit.rooms.database.write() as connection:
        _find(connection, attack_id)
        opened = opened_accounts(connection, attack_id)
        free = [one for one in opened if standing_containment(connection, one.account) is None]
        for one in free:
            since = one.opened_at if one.opened_at is not None else one.last_at
            visit.rooms.containments.open(connection, one.account, "staff", now, by=visit.actor, since=since)
        audit.note(connection, visit.actor, "attack.contain", attack_id, {"accounts": len(free)})
    return visit.go(f"/attacks/{attack_id}")


def _find(connection: Any, attack_id: str) -> Attack:
    attack = find_attack(connection, attack_id)
    if attack is None:
        raise NotFound(f"there is no attack {attack_id[:40]}", zh="没有这次攻击")
    return attack


def _words() -> dict[str, Any]:
    return {"shape_titles": SHAPE_TITLES, "shape_notes": SHAPE_NOTES, "state_titles": STATE_TITLES}


def _points(attack: Attack, minutes: Sequence[tuple[float, int, int]]) -> list[tuple[float, int, int]]:
    """(start, attempts, stopped) of every bucket from the first attempt to the last, `BARS` at most."""
    if not minutes:
        return []
    step = bucket_s(minutes[0][0], max(attack.last_at, minutes[-1][0]), BARS)
    attempts: Counter[int] = Counter()
    stopped: Counter[int] = Counter()
    for time, tried, refused in minutes:
        attempts[int(time // step)] += tried
        stopped[int(time // step)] += refused
    return [(bucket * step, attempts[bucket], stopped[bucket]) for bucket in range(min(attempts), max(attempts) + 1)]
