"""What people sign in with: a kind of device with an agent string that ages, and the secret the platform gave it."""

from dataclasses import dataclass
from itertools import count
from random import Random

from bench.login_life.anchors import DAY_S

_SERIALS = count()
_PHONES = ("M2102J20SG", "V2154A", "PGT-AN00", "SM-G9910", "2201123C", "RMX3560", "OXF-AN10", "PEMM20", "V2199A")
_DESKTOPS = ("Windows NT 10.0; Win64; x64", "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7")
VERSION_DAYS = 28.0


@dataclass(eq=False, slots=True)
class Gear:
    """A phone or computer with its browser or app.

    Attributes:
        form: `app`, `iphone` or `browser`.
        model: of the phone, or the platform of the browser.
        token: the platform's secret on it; None until it was let in, and after cookies were cleared.
        lag: versions behind the newest.
    """

    form: str
    model: str
    lag: int
    token: str | None = None

    def agent(self, time: float) -> str:
        """The agent string at `time`."""
        version = int(time / (VERSION_DAYS * DAY_S)) % 100 + 60 - self.lag
        if self.form == "app":
            return f"ChatApp/9.{version} (Linux; Android 13; {self.model})"
        if self.form == "iphone":
            return f"ChatApp/9.{version} (iPhone; iOS 17.{version % 6}; Scale/3.00)"
        return (
            f"Mozilla/5.0 ({self.model}) AppleWebKit/537.36 (KHTML, like Gecko) "
            f"Chrome/{version + 30}.0.0.0 Safari/537.36"
        )


def new_phone(rng: Random) -> Gear:
    """A phone with the app, not signed in yet."""
    lag = rng.choice((0, 0, 0, 1, 2, 4))
    return Gear("iphone", "iPhone", lag) if rng.random() < 0.25 else Gear("app", rng.choice(_PHONES), lag)


def new_computer(rng: Random) -> Gear:
    """A computer with a browser, not signed in yet."""
    return Gear("browser", rng.choice(_DESKTOPS), rng.choice((0, 0, 0, 1)))


def same_make(gear: Gear) -> Gear:
    """Another device of the same make and version: what one who knows the owner would choose."""
    return Gear(gear.form, gear.model, gear.lag)


def new_token() -> str:
    """A secret that no device has yet."""
    return f"device-{next(_SERIALS):08d}"
