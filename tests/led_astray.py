"""A member who is led astray by a coupon that runs out, and the friend who looks out for her; two tests tell it."""

from typing import Any

from consoled import Visitor
from deskwork import Platform, until

from anlan import clock

DAY_S = 86_400.0
ANN, BEN, STRANGER = "ann", "ben", "kefu-88"
LINK = "http://quan.example.net/lq"
SAID = (
    f"亲，恭喜您抽中周年庆限时优惠券，面额888元，半小时内点 {LINK} 领取，过时作废",
    "填好姓名和银行卡了吗？名额马上就没有了，抓紧",
    "领券之前要先交 299 元激活费，转到 card-77，激活后和优惠券一起退给您，别告诉别人",
)


class Harbor(Platform):
    """A messenger whose members are led astray."""

    def happen(self, name: str, type_name: str, ago_s: float = 0.0, **data: Any) -> dict[str, Any]:
        """Something happened some seconds ago; the whole answer."""
        moment = clock.to_rfc3339(clock.now() - ago_s)
        event = {"specversion": "1.0", "id": name, "source": "harbor", "type": type_name, "time": moment, "data": data}
        answer: dict[str, Any] = self.call("POST", "/v1/events", **event)
        return answer

    def live(self) -> None:
        """Two old friends, and an account that was made this morning."""
        for number, (account, days) in enumerate(((ANN, 500), (BEN, 700), (STRANGER, 0.2))):
            self.happen(f"r{number}", "account.registered", days * DAY_S, account=account, device=f"{account}-phone")
        self.happen("tie", "friendship.changed", 300 * DAY_S, account=ANN, other=BEN, change="added")
        self.happen("lure", "friendship.changed", 3_000.0, account=ANN, other=STRANGER, change="added")

    def lure(self) -> None:
        """The stranger goes through the script; ann opens the link."""
        for number, text in enumerate(SAID):
            self.happen(
                f"m{number}", "message.sent", 600.0 - 100 * number, sender=STRANGER, recipient=ANN, text=text,
                message_id=f"m{number}", device="odd-box",
            )
            if number == 0:
                self.happen("open", "link.opened", 550.0, account=ANN, url=LINK, sender=STRANGER, message_id="m0")

    def pay(self) -> dict[str, Any]:
        """She is about to pay what was asked."""
        return self.happen(
            "pay", "payment.initiated", payer=ANN, payee="card-77", amount_minor=299_00, payment_id="p1",
            device="ann-phone",
        )

    def visit(self, account: str) -> Visitor:
        """A member at their own pages, in Chinese."""
        visitor = self.console.visitor()
        assert visitor.open_link(self.link(account, "zh")).status_code == 303
        return visitor

    def alert(self, strength: str) -> dict[str, Any]:
        """What ann was last told this strongly."""
        return dict(until(lambda: [a for a in self.received("alert.raised") if a["strength"] == strength])[-1])


def form_circle(harbor: Harbor, ann: Visitor, ben: Visitor) -> None:
    """Ann asks ben to look out for her, and he agrees."""
    harms = ["impersonation", "money", "goods", "account", "device"]
    asked = ann.post(
        "/me/circles/invite", form_on="/me/circles/invite", account=BEN, role="guardian", harms=harms, may_pause="true"
    )
    assert asked.status_code == 303, asked.text
    invited = until(lambda: harbor.received("circle.invited"))[0]
    page = "/me" + invited["link"].split("/me", 1)[1]
    assert ben.post(f"{page}/accept", form_on=page, harms=harms).status_code == 303
    assert BEN in ann.get("/me/circles").text
