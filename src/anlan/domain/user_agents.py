"""What a user agent says of a device, in words that its owner recognises; never more than a hint.

User agents say what they like: the names serve people who look at their own devices, and no verdict.
"""

import msgspec

_BROWSERS = (
    ("MicroMessenger", "WeChat"), ("QQBrowser", "QQ Browser"), ("QQ/", "QQ"), ("UCBrowser", "UC Browser"),
    ("Quark", "Quark"), ("HuaweiBrowser", "Huawei Browser"), ("MiuiBrowser", "Mi Browser"),
    ("HeyTapBrowser", "HeyTap Browser"), ("VivoBrowser", "Vivo Browser"), ("SamsungBrowser", "Samsung Internet"),
    ("EdgA/", "Edge"), ("EdgiOS", "Edge"), ("Edg/", "Edge"), ("OPR/", "Opera"), ("Opera", "Opera"),
    ("FxiOS", "Firefox"), ("Firefox/", "Firefox"), ("CriOS", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)
"""The more special first: most of them also say Chrome and Safari."""

_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("OpenHarmony", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"),
    ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "Mac"), ("Macintosh", "Mac"), ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)

_OF_CHINA = {
    "WeChat": "微信", "QQ Browser": "QQ 浏览器", "UC Browser": "UC 浏览器", "Quark": "夸克",
    "Huawei Browser": "华为浏览器", "Mi Browser": "小米浏览器", "HeyTap Browser": "欢太浏览器",
    "Vivo Browser": "vivo 浏览器", "Samsung Internet": "三星浏览器", "HarmonyOS": "鸿蒙",
}


class Client(msgspec.Struct, frozen=True):
    """The program and the system that a user agent names; empty for what it does not tell."""

    program: str = ""
    system: str = ""

    @property
    def stored(self) -> str:
        """Both in one word, at most 64 characters; see `stored_client`."""
        return f"{self.program}|{self.system}" if self.program or self.system else ""

    @property
    def is_phone(self) -> bool:
        """Whether it is held in the hand."""
        return self.system in ("Android", "HarmonyOS", "iPhone", "iPad")

    @property
    def title(self) -> dict[str, str]:
        """A plain name by language, such as `Chrome on Windows`."""
        program, system = (_OF_CHINA.get(word, word) for word in (self.program, self.system))
        if self.program and self.system:
            return {"zh": _joined(system, "上的", program), "en": f"{self.program} on {self.system}"}
        if self.program or self.system:
            return {"zh": program or _joined(system, "设备"), "en": self.program or f"{self.system} device"}
        return {"zh": "未知设备", "en": "Unknown device"}


def client_of(user_agent: str | None) -> Client:
    """What a user agent names."""
    said = user_agent or ""
    return Client(_first(_BROWSERS, said), _first(_SYSTEMS, said))


def stored_client(stored: str) -> Client:
    """The client behind `Client.stored`."""
    program, _, system = stored.partition("|")
    return Client(program, system)


def _first(names: tuple[tuple[str, str], ...], said: str) -> str:
    return next((name for mark, name in names if mark in said), "")


def _joined(*words: str) -> str:
    """Words in one, with a space wherever Han characters meet Latin letters, as Chinese typography has it."""
    text = words[0]
    for word in words[1:]:
        text += f" {word}" if text[-1].isascii() != word[0].isascii() else word
    return text
