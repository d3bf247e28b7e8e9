"""One stolen account from end to end: entered by a trick, noticed, contained, undone, and back with its owner."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from consoled import Consoled, Visitor
from deskwork import Platform, until
from platforms import Receiver

from anlan import clock
from anlan.domain.digests import salted_digest
from anlan.domain.sanctions import STANDING_STATES
from anlan.engine.profiles import tie
from anlan.store.audit import latest_entries
from anlan.store.audit_report import verify
from anlan.store.sanctions import sanctions_of
from anlan.web.console.words import TITLES

ANN = "ann"
DAY_S = 86_400.0
OWN = {"device": "ann-phone", "ip": "219.142.78.9", "user_agent": "Harbor/8.2 (iPhone; iOS 18.1)"}
THIEF = {"device": "odd-box", "ip": "185.220.101.7", "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/139.0"}
FRIENDS = tuple(f"friend{number}" for number in range(12))
REMEMBERED = {"password": "an old one of hers", "registered": "", "city": "杭州", "nickname": "小船"}
PLEAS = (
    "在吗？我这边急用钱，先借我两千，明天就还你",
    "帮我转 2000 到这个账户 6222021234567894 可以吗，手机没法付款",
    "我被限额了，你先帮我垫一下，转到 6222021234567894",
)


class Harbor(Platform):
    """A messenger whose members have accounts worth stealing."""

    def happen(self, name: str, type_name: str, ago_s: float = 0.0, **data: Any) -> dict[str, Any]:
        """Something happened some seconds ago; the whole answer."""
        moment = clock.to_rfc3339(clock.now() - ago_s)
        event = {"specversion": "1.0", "id": name, "source": "harbor", "type": type_name, "time": moment, "data": data}
        answer: dict[str, Any] = self.call("POST", "/v1/events", **event)
        return answer

    def sign_in(self, name: str, who: dict[str, str], ago_s: float = 0.0, result: str = "success") -> dict[str, Any]:
        """Somebody gives a password for ann's account."""
        return self.happen(
            name, "account.login", ago_s, account=ANN, result=result, method="password", session=f"s-{name}", **who
        )

    def register(self) -> None:
        """What the platform knows of ann for bad days, and where it hears of good and bad ones."""
        self.call(
            "PUT", f"/v1/accounts/{ANN}/recovery", registered_at=int(clock.now() - 400 * DAY_S), city="杭州",
            nickname="小船", passwords=[{"digest": salted_digest("saltsalt", REMEMBERED["password"])}],
        )
        poll = {"method": "urn:ietf:rfc:8936"}
        made = self.call("POST", "/v1/security-events/streams", aud="https://games.example", delivery=poll)
        self.stream = made["stream_id"]

    def tokens(self) -> set[str]:
        """Last parts of the types of what the games next door were told, each token checked."""
        answer = self.call("POST", f"/v1/security-events/streams/{self.stream}:poll", returnImmediately=True)
        keys = jwt.PyJWKSet.from_dict(self.call("GET", "/.well-known/jwks.json"))
        told = set()
        for token in answer["sets"].values():
            key = keys[jwt.get_unverified_header(token)["kid"]]
            # The wait of a recovery was skipped, so some tokens were issued days ahead of this clock.
            said = jwt.decode(
                token, key, algorithms=["ES256"], audience="https://games.example", options={"verify_iat": False}
            )
            told |= {name.rpartition("/")[2] for name in said["events"]}
        return told

    def visit(self, account: str, path: str) -> Visitor:
        """A member at one of their own pages, for which the platform made the link."""
        url = self.call("POST", "/v1/members:link", account=account, path=path, language="en")["url"]
        visitor = self.console.visitor()
        assert visitor.open_link(url).status_code == 303
        return visitor

    def live(self) -> None:
        """A month of ann's life: contacts, sign-ins from her phone, and other people's sign-ins."""
        self.happen("reg", "account.registered", 400 * DAY_S, account=ANN, device=OWN["device"], ip=OWN["ip"])
        for number, friend in enumerate(FRIENDS):
            place = {"device": f"{friend}-phone", "ip": f"219.{142 + number}.80.7"}
            self.happen(f"r{number}", "account.registered", (500 + 9 * number) * DAY_S, account=friend, **place)
            self.happen(f"f{number}", "friendship.changed", 200 * DAY_S, account=ANN, other=friend, change="added")
        for day in range(30, 0, -2):
            self.sign_in(f"own{day}", OWN, day * DAY_S)
        for number, friend in enumerate(FRIENDS):
            self.happen(
                f"l{number}", "account.login", 3 * DAY_S - number, account=friend, result="success",
                device=f"{friend}-phone", ip=f"219.{142 + number}.80.7", user_agent=OWN["user_agent"],
            )

    def stuff(self) -> list[dict[str, Any]]:
        """A leaked list is tried at one account after another, from a machine far away."""
        return [
            self.happen(
                f"x{number}", "account.login", 1_800.0 - number, account=f"leaked{number}", result="failure",
                failure_reason="wrong_password", **THIEF,
            )
            for number in range(40)
        ]

    def rob(self) -> list[dict[str, Any]]:
        """The thief throws ann out, takes the phone number over and asks her friends for money."""
        session = {"session": "s-t1", **_place(THIEF)}
        acts = [
            self.happen("out", "session.changed", 800.0, account=ANN, change="others_ended", **session),
            self.happen(
                "bind", "account.binding_changed", 790.0, account=ANN, binding="phone", change="replaced",
                phone="+8613900000002", former_phone="+8613800000001", **session,
            ),
        ]
        for number, friend in enumerate(FRIENDS):
            text = PLEAS[number % len(PLEAS)]
            acts.append(self.happen(
                f"plea{number}", "message.sent", 780.0 - number, sender=ANN, recipient=friend, text=text,
                message_id=f"m{number}", **session,
            ))
        return acts

    def obey_all(self) -> None:
        """Do every step of every order, and say so."""
        for order in self.received("containment.order"):
            steps = [step["id"] for step in order["steps"]]
            path = f"/v1/containments/{order['containment']}:confirm"
            self.call("POST", path, revision=order["revision"], steps=steps)

    def reminder(self) -> dict[str, Any] | None:
        """The first of those that tell of somebody who came in."""
        return next((one for one in self.received("login.reminder") if one["cause"] != "stopped"), None)

    def standing_sanctions(self) -> list[str]:
        """What stands against ann."""
        with self.console.house.database.read() as connection:
            return [one.id for one in sanctions_of(connection, f"account:{ANN}") if one.state in STANDING_STATES]

    def containments(self) -> set[str]:
        """Those that were ever ordered."""
        return {order["containment"] for order in self.received("containment.order")}


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoled]:
    made = Consoled(tmp_path_factory.mktemp("accounts"), allow_http_endpoints=True).start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def harbor(console: Consoled) -> Iterator[Harbor]:
    with Receiver() as receiver:
        made = Harbor(console, receiver)
        made.register()
        made.live()
        yield made
        made.http.close()


def test_from_stuffing_to_the_owners_return(console: Consoled, harbor: Harbor) -> None:
    # A leaked list goes round. Right or wrong, whoever comes from there is asked for more, and learns nothing.
    tried = harbor.stuff()
    assert tried[0]["verdict"] == "allow"
    assert {answer["verdict"] for answer in tried[-10:]} == {"challenge"}
    wrong, right = harbor.sign_in("t0", THIEF, 900.0, "failure"), harbor.sign_in("t1", THIEF, 890.0)
    assert wrong["verdict"] == right["verdict"] == "challenge"
    assert harbor.sign_in("own-amid", OWN, 880.0)["verdict"] == "allow", "the owner's phone is never in anybody's way"

    # On the phone the thief talks ann out of the code.
    harbor.happen(
        "code", "verification.completed", 870.0, account=ANN, result="passed", method="sms_code", session="s-t1",
        device=THIEF["device"], ip=THIEF["ip"],
    )
    reminder = until(harbor.reminder)
    assert OWN["ip"] not in str(reminder)

    # Inside, the thief turns to ann's friends; within ten acts it is over.
    acts = harbor.rob()
    contained = next((place for place, answer in enumerate(acts) if _orders(answer, "contain")), len(acts))
    assert contained < 10, [answer["verdict"] for answer in acts]
    order = until(lambda: next(iter(harbor.received("containment.order")), None))
    kinds = {step["kind"] for step in order["steps"]}
    assert {"end_session", "distrust_device", "limit", "take_back_message", "restore_binding"} <= kinds
    harbor.obey_all()
    until(lambda: len({one["contact"] for one in harbor.received("contact.warning")}) >= 3)
    tied, known = tie(f"account:{ANN}", f"device:{THIEF['device']}"), console.house.engine.profiles
    until(lambda: known.fact(tied, "is_known", clock.now()) is False)
    assert harbor.sign_in("t2", THIEF)["verdict"] == "challenge"
    assert harbor.sign_in("own-after", OWN)["verdict"] == "allow"

    # Every act of what is left of the thief's session is refused; ann's own phone may go on.
    asked = {"account": ANN, "act": "payment", "amount_minor": 200_000}
    assert harbor.call("POST", "/v1/access:check", **asked, session="s-t1", **_place(THIEF))["verdict"] == "deny"

    # Policies limited ann for what the thief wrote; that was not ann, and it does not count.
    until(lambda: not harbor.standing_sanctions())

    # Ann taps "not me" on the reminder: one and the same protection, now with her word.
    link = urlsplit(reminder["link"]).path
    visitor = console.visitor()
    assert "不是我" in visitor.get(link).text
    assert visitor.http.post(link, data={"answer": "not_own"}).status_code == 303
    assert "This is not a punishment" in harbor.member(ANN).get("/me/safety").text
    assert harbor.containments() == {order["containment"]}

    _see_as_staff(console, order["containment"])
    _come_back(console, harbor)
    assert harbor.call("GET", f"/v1/containments/{order['containment']}")["state"] == "lifted"
    assert {"session-revoked", "account-credential-change-required", "recovery-activated"} <= harbor.tokens()
    assert verify(console.house.database, "system").is_sound, "every act has its trace"
    with console.house.database.read() as connection:
        acts = {entry.act for entry in latest_entries(connection, 1_000)}
    assert acts <= TITLES.keys(), "every trace has words"


def _come_back(console: Consoled, harbor: Harbor) -> None:
    """Ann lost her phone over it. What she remembers, a friend who spoke to her, and a wait bring the account back."""
    opened = harbor.call(
        "POST", "/v1/recoveries", account=ANN, contact="ann@example.org", language="en", ip=OWN["ip"],
        device="ann-new-phone",
    )
    path = f"/v1/recoveries/{opened['claim']}"
    said = {**REMEMBERED, "contacts": "\n".join(FRIENDS[:3]), "friends": "\n".join(FRIENDS[3:6])}
    for kind, words in said.items():
        harbor.call("POST", f"{path}:answer", token=opened["token"], kind=kind, said=words)
    asked = until(lambda: found if len(found := harbor.received("recovery.vouch")) == 3 else None)
    for one in asked[:2]:
        friend = harbor.visit(one["account"].removeprefix("account:"), one["path"])
        assert friend.post(one["path"], form_on=one["path"], answer="spoken").status_code == 303
    assert harbor.call("POST", f"{path}:submit", token=opened["token"])["state"] == "cooling"
    assert until(lambda: harbor.received("recovery.notice"))[0]["stop_url"], "whoever really owns it can stop it"
    console.house.recovery_desk.round(harbor.call("GET", path)["cool_off_until"])
    [granted] = until(lambda: harbor.received("recovery.grant"))
    assert granted["account"] == f"account:{ANN}"


def _see_as_staff(console: Consoled, containment: str) -> None:
    """What those who guard accounts see of it."""
    console.add_person("sun", "senior")
    staff = console.signed_in("sun")
    account = staff.get(f"/accounts/{ANN}").text
    assert containment in account
    assert THIEF["ip"] not in account, "whoever looks at addresses says so first"
    assert containment in staff.get("/containments").text
    assert staff.get("/attacks").status_code == 200


def _orders(answer: dict[str, Any], kind: str) -> bool:
    return any(action["kind"] == kind for action in answer["actions"])


def _place(who: dict[str, str]) -> dict[str, str]:
    return {"device": who["device"], "ip": who["ip"]}
