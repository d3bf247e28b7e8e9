"""What the audit log calls acts of members, and of staff for them: circles, talks, money, reports."""

from anlan.web.languages import mark

MEMBER_TITLES: dict[str, str] = {
    "circle.invite": mark("Invited somebody into a circle"),
    "circle.accept": mark("Took up an invitation into a circle"),
    "circle.decline": mark("Declined an invitation into a circle"),
    "circle.withdraw": mark("Took back an invitation into a circle"),
    "circle.consent": mark("Changed what somebody in a circle hears"),
    "circle.name": mark("Named somebody in a circle"),
    "circle.leave": mark("Left a circle"),
    "circle.block": mark("Took no more invitations of somebody"),
    "circle.unblock": mark("Took invitations of somebody again"),
    "circle.safe_mode": mark("Turned safe mode on or off"),
    "circle.assist": mark("Helped a member with safe mode"),
    "circle.warn": mark("A circle was warned"),
    "circle.called": mark("Called a warned member"),
    "circle.vouched": mark("Knew the one a member was warned of"),
    "assistance.read": mark("Read a request for a person"),
    "assistance.answer": mark("Answered a member who asked for a person"),
    "assistance.close": mark("Closed a request for a person"),
    "consultation.person": mark("Asked for a person"),
    "consultation.delete": mark("Deleted talks with the assistant"),
    "funds.look": mark("Looked at a member's money"),
    "funds.register": mark("Told what money an account holds"),
    "funds.order": mark("Ordered a payout"),
    "funds.payout": mark("Took an application for a payout on"),
    "report.import": mark("Brought in reports"),
    "report.reporters": mark("Saw who reported"),
    "security_event.take": mark("Took in what a partner said"),
}
