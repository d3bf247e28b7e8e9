"""A door of its own: the protection of accounts with its policies and counters, on a table of invented places."""

from typing import Any

from spine import NOON, Spine

from anlan.domain.decisions import Decision
from anlan.domain.places import Place
from anlan.engine.profiles import wanted
from anlan.protections import entities
from anlan.protections.accounts import registrations
from anlan.protections.accounts import signals as accounts
from anlan.protections.accounts.door import Door
from anlan.protections.accounts.registrations import Registrations
from anlan.protections.registry import COUNTERS_FILE, HERE

DAY = 86_400.0
HOME, WORK, ABROAD, HOSTED = "198.51.100.7", "198.51.100.9", "203.0.113.5", "192.0.2.66"
PHONE = "ChatApp/9.61 (Linux; Android 13; M2102J20SG)"
LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0"
POLICIES = (HERE / "accounts" / "policies.yaml").read_text("utf-8")
COUNTERS = COUNTERS_FILE.read_text("utf-8")


_PLACES = {"198.51.100.": Place("CN", 64500), "203.0.113.": Place("AU", 64501), "192.0.2.": Place("NL", 64502)}


class InventedPlaces:
    """Documentation addresses, as if they stood somewhere."""

    made_on = "2026-01-01"

    def place(self, ip: str) -> Place | None:
        return next((place for start, place in _PLACES.items() if ip.startswith(start)), None)


class Entrance:
    """An engine with the door, and attempts at it."""

    def __init__(self) -> None:
        self.door = Door(10_000)
        self.door.look_up_in(InventedPlaces())
        people = [made for made in entities.SIGNALS if "url_domain" not in made.name]
        of_accounts = (*accounts.SIGNALS, *registrations.SIGNALS, *self.door.signals, *Registrations(10_000).signals)
        signals = (*people, *of_accounts)
        self.spine = Spine(signals, POLICIES, COUNTERS)
        self._number = 0

    def forget(self) -> None:
        """As new."""
        self.door.clear()
        self.spine.engine.profiles.clear()
        self.spine.engine.fuses.clear()
        for counter in self.spine.counters.by_name.values():
            counter.clear()

    def happen(self, type_name: str, at: float, **data: Any) -> Decision:
        """Judge an event `at` seconds after noon."""
        self._number += 1
        event = self.spine.event(type_name, self._number, NOON + at, **data)
        self.spine.engine.profiles.load(self.spine.engine.profiles.missing(wanted(event)), ())
        return self.spine.judge(event).decision

    def attempt(self, at: float, account: str = "ann", **data: Any) -> Decision:
        """An attempt to sign in, right unless told otherwise."""
        return self.happen("account.login", at, **{"account": account, "result": "success", **data})

    def live(self, account: str = "ann", days: int = 20, until: float = 0.0, **habit: Any) -> None:
        """An owner signs in every day until `until` seconds after noon, and proves what is asked."""
        seen = {"ip": HOME, "device": f"secret-{account}", "user_agent": PHONE, "session": f"s-{account}", **habit}
        for day in range(-days, 0):
            at = until + day * DAY
            decision = self.attempt(at, account, **seen)
            if decision.verdict == "challenge":
                proof = {name: seen[name] for name in ("ip", "device", "session")}
                self.happen(
                    "verification.completed", at, account=account, result="passed", method="totp", **proof
                )
