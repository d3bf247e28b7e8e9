"""Those who make accounts by the dozen: by script, through proxies, by racks of telephones, for rewards, in drips."""

from collections.abc import Callable, Iterator
from random import Random

from bench.login_life import anchors
from bench.login_life.addresses import hosted, proxied
from bench.login_life.anchors import DAY_S
from bench.login_life.devices import Gear, new_computer, new_phone, new_token, same_make
from bench.login_life.registrants import DISPOSABLE, GIVEN, SURNAMES, VIRTUAL_OPERATORS, Pen, Registrant

FARMS = ("script", "proxies", "phone rack", "one mailbox", "rewards", "drip")
_BULK_MAIL = ("hotmail.com", "outlook.com", "mail.ru", "yahoo.com", "gmail.com")


def farm_accounts(pen: Pen, kind: str, hand: str, at: float, until: float) -> Iterator[Registrant]:
    """All accounts that one hand makes, beginning at `at`; who drips goes on `until` then."""
    if kind == "drip":
        return _drip(pen, hand, at, until)
    return _CAMPAIGNS[kind](pen, kind, hand, at)


def _gibberish(rng: Random) -> str:
    letters = rng.choice(("bcdfghjklmnpqrstvwxz", "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz0123456789"))
    return "".join(rng.choice(letters) for _ in range(rng.randrange(7, 12)))


def _script(pen: Pen, kind: str, hand: str, at: float) -> Iterator[Registrant]:
    """Rented machines and throw-away mail; as fast as the platform allows."""
    rng, tool = pen.rng, new_computer(pen.rng)
    hosts, domain = [hosted(rng) for _ in range(rng.randrange(3, 15))], rng.choice(DISPOSABLE)
    for _ in range(rng.randrange(80, 220)):
        name = _gibberish(rng)
        yield pen.fill(
            at + rng.uniform(0, 8) * 3600, kind, hand, rng.choice(hosts), tool, nickname=name,
            email=f"{name}@{domain if pen.chance(0.7) else rng.choice(DISPOSABLE)}", device=None,
        )


def _through_proxies(pen: Pen, kind: str, hand: str, at: float) -> Iterator[Registrant]:
    """Thomas 2013: names by a pattern of the merchant's, most mailboxes with one provider, addresses all over."""
    rng, tools = pen.rng, [new_computer(pen.rng) for _ in range(3)]
    pattern, usual = rng.randrange(3), rng.choice(_BULK_MAIL)
    for _ in range(rng.randrange(100, 250)):
        given, family = rng.choice(GIVEN), rng.choice(SURNAMES)
        name = (
            f"{given}{family}{rng.randrange(100, 9999)}", f"{family.title()}_{given}{rng.randrange(10, 99)}",
            f"{given}{rng.choice(GIVEN)}{family}",
        )[pattern]
        domain = usual if pen.chance(anchors.FARMS_MAIL_WITH_ONE) else rng.choice(_BULK_MAIL)
        yield pen.fill(
            at + rng.uniform(0, 1.5) * DAY_S, kind, hand, proxied(rng), same_make(rng.choice(tools)), nickname=name,
            email=f"{name.lower()}{rng.randrange(100)}@{domain}",
        )


def _phone_rack(pen: Pen, kind: str, hand: str, at: float) -> Iterator[Registrant]:
    """Real telephones of few makes behind one carrier's gateway, cards of few batches, names taken from real people."""
    rng, city, carrier = pen.rng, pen.city(), pen.rng.randrange(6)
    makes = [new_phone(rng) for _ in range(3)]
    serials = [pen.serial(city) for _ in range(rng.randrange(3, 9))]
    token = new_token()
    for number in range(rng.randrange(120, 260)):
        # A phone is wiped after every third account, which makes it another device.
        token = new_token() if number % 3 == 0 else token
        yield pen.fill(
            at + number * 2.0 * DAY_S / 260 + rng.uniform(0, 900), kind, hand, city.mobile(rng, carrier),
            same_make(rng.choice(makes)), device=token, email=None, phone=pen.phone(city, rng.choice(serials)),
        )


def _one_mailbox(pen: Pen, kind: str, hand: str, at: float) -> Iterator[Registrant]:
    """One mailbox behind many spellings, proxies in front."""
    rng, gears, own = pen.rng, [pen.gear() for _ in range(8)], f"{pen.latin_name()}{pen.rng.randrange(99)}"
    dotted = pen.chance(0.5)
    for number in range(rng.randrange(30, 80)):
        cut = 1 + number % (len(own) - 1)
        mail = f"{own[:cut]}.{own[cut:]}@gmail.com" if dotted else f"{own}+{_gibberish(rng)}@outlook.com"
        yield pen.fill(
            at + rng.uniform(0, 2) * DAY_S, kind, hand, proxied(rng), same_make(rng.choice(gears)), email=mail
        )


def _for_rewards(pen: Pen, kind: str, hand: str, at: float) -> Iterator[Registrant]:
    """One account calls its own copies for a bonus: emulators, proxies, and numbers rented for one message."""
    rng, host = pen.rng, f"host-{hand}"
    models = [new_phone(rng) for _ in range(4)]
    for _ in range(rng.randrange(60, 160)):
        operator = rng.choice(VIRTUAL_OPERATORS) if pen.chance(0.7) else ""
        yield pen.fill(
            at + rng.uniform(0, 3) * DAY_S, kind, hand, proxied(rng), same_make(rng.choice(models)), email=None,
            phone=pen.phone(pen.city(), pen.serial(pen.city(), operator)), invited_by=host,
        )


def _drip(pen: Pen, hand: str, at: float, until: float) -> Iterator[Registrant]:
    """A reseller who ages accounts: a few a day for weeks, each as a person alone would, from a few masked browsers."""
    rng, is_at_home = pen.rng, pen.chance(0.5)
    masks = [Gear("browser", new_computer(rng).model, rng.randrange(4)) for _ in range(5)]
    while (at := at + rng.expovariate(anchors.DRIPS_A_DAY) * DAY_S) < until:
        mail = f"{pen.latin_name()}@{rng.choice(_BULK_MAIL)}"
        ip = pen.city().line(rng, rng.randrange(4), rng.randrange(3)) if is_at_home else proxied(rng)
        yield pen.fill(at, "drip", hand, ip, same_make(rng.choice(masks)), email=mail)


_CAMPAIGNS: dict[str, Callable[[Pen, str, str, float], Iterator[Registrant]]] = {
    "script": _script, "proxies": _through_proxies, "phone rack": _phone_rack, "one mailbox": _one_mailbox,
    "rewards": _for_rewards,
}
