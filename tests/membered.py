"""A member with something on every page of a running house, and a walk along every link from their first page."""

import re
from collections.abc import Sequence
from html import unescape
from urllib.parse import urlsplit

import msgspec
from appealed import PNG, WORDS, AppealDesk
from consoled import Consoled, Visitor
from fastapi.routing import APIRoute
from judged import decide, event
from transferred import Purse

from anlan import clock
from anlan.center.funds import Count
from anlan.domain.actions import Action
from anlan.domain.circles import Consent
from anlan.domain.decisions import Judged
from anlan.domain.facts import Fact
from anlan.store.attachments import NewFile
from anlan.store.members import OpenedLink, make_link
from anlan.web.pages.app import ROOMS

ANN, BEN, CLEO = "account:ann", "account:ben", "account:cleo"
GUARDED = Consent(harms=("money", "goods"), may_pause=True)
_LINK = re.compile(r"<a\b[^>]*\bhref=\"([^\"]+)\"")
_ACTS = {"/me/looks", "/me/open", "/me/enter", "/me/enter/back", "/me/circles/exit"}
"""What answers by leading elsewhere."""


def fill(house: Consoled) -> None:
    """Everything that can happen to ann happens."""
    home, now = house.house, clock.now()
    desk = AppealDesk(home.database)
    desk.sanction()
    muted = desk.sanction(2, now=now, kind="mute", length_s=86_400.0, strikes=2)
    home.appeals.file(ANN, muted.id, WORDS, (NewFile("a.png", "image/png", PNG),), now)
    home.funds.register(ANN, (Count(kind="wallet", unit="CNY", title="Wallet", amount=12_345),), now, "key:k")
    _bind(house, now)
    _warn(house, now)


def _bind(house: Consoled, now: float) -> None:
    """Ben looks out for ann, and she is asked to look out for cleo."""
    circles = house.house.company.circles
    asked = circles.invite(ANN, BEN, "both", GUARDED, ANN, now, is_vouched=True)
    circles.accept(asked, BEN, GUARDED, BEN, now)
    circles.invite(CLEO, ANN, "guardian", GUARDED, CLEO, now, is_vouched=True)


def _warn(house: Consoled, now: float) -> None:
    """A payment of ann's is held, both were warned, and ann, who is a child here, was shown a card."""
    purse = Purse(house.house.database)
    grown = event(899, sender="ann", recipient="ben", text="晚上好")
    age = Fact(ANN, "age_band", now, "12_to_15", privacy="sensitive")
    purse.commit(Judged(grown, decide(grown), now, facts=(age,)), purse.judge(payment_id="pay-1", at=now))
    card = Action(kind="care_card", target=ANN, policy="care.met_bullying", parameters={"theme": "bullying"})
    alert = Action(kind="alert", target=BEN, policy="p.spam", parameters={"scenario": "coupon", "strength": "banner"})
    own = Action(kind="alert", target=ANN, policy="p.spam", parameters={"scenario": "romance", "strength": "banner"})
    said_to = (("ann", "没人喜欢你", card), ("ben", "领券先交激活费", alert), ("ann", "想见你，先转我路费", own))
    for number, (to, text, action) in enumerate(said_to):
        said = msgspec.structs.replace(event(900 + number, sender="sly", recipient=to, text=text), time=now)
        purse.commit(Judged(said, decide(said, "warn", (action,)), now))
    for take_in in house.house.company.called_rounds.values():
        take_in(now + 1)


def come_in(house: Consoled, language: str, account: str = ANN) -> Visitor:
    """A browser without a script in which the member is in."""
    with house.house.database.write() as connection:
        token = make_link(connection, OpenedLink(account=account, language=language, path="/me"), "test", clock.now())
    visitor = house.visitor()
    assert visitor.open_link(f"/me/open?token={token}").status_code == 303
    return visitor


def begin(visitor: Visitor) -> None:
    """What ann does herself: she asks the assistant, and reports."""
    visitor.post("/me/assistant", form_on="/me/assistant", words="他说中奖了，要先交手续费")
    visitor.post("/me/report", form_on="/me/report", reason="fraud", kind="account", name="sly", words="a liar")


def links_on(visitor: Visitor, path: str) -> list[str]:
    """Where the page leads, in order: our own pages, without what follows the path."""
    found = [urlsplit(unescape(href)) for href in _LINK.findall(visitor.get(path).text)]
    return [parts.path for parts in found if not parts.netloc and parts.path.startswith(("/me", "/public"))]


def routes() -> list[APIRoute]:
    """Every page that there is: what answers GET and draws."""
    every = [one for room in ROOMS for one in room.router.routes if isinstance(one, APIRoute)]
    return [one for one in every if "GET" in one.methods and one.path not in _ACTS]


def route_of(path: str, known: Sequence[APIRoute]) -> str:
    """The page that a path belongs to; empty for none."""
    return next((one.path for one in known if one.path_regex.fullmatch(path)), "")


def walk(visitor: Visitor) -> dict[str, str]:
    """One path for every page that links lead to from home, or that anybody finds, by its route."""
    known = routes()
    waiting = ["/me", "/public/recover", "/public/password"]
    found = {path: path for path in waiting}
    while waiting:
        for path in links_on(visitor, waiting.pop(0)):
            name = route_of(path, known)
            if name and name not in found:
                found[name] = path
                waiting.append(path)
    return found
