"""What the data of built-in events says; annotations carry limits, the kind of entity named, and the privacy class."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from anlan.domain.entities import Privacy

MAX_TEXT_CHARS = 20_000


def _names(kind: str, privacy: Privacy = "internal", max_length: int = 128) -> Meta:
    """The field names an entity of this kind."""
    return Meta(min_length=1, max_length=max_length, extra={"entity": kind, "privacy": privacy})


def _says(privacy: Privacy, max_length: int) -> Meta:
    """The field holds words."""
    return Meta(max_length=max_length, extra={"privacy": privacy})


Account = Annotated[str, _names("account")]
Group = Annotated[str, _names("group")]
Device = Annotated[str, _names("device")]
Session = Annotated[str, _names("session")]
Ip = Annotated[str, _names("ip", "personal", 45)]
Phone = Annotated[str, _names("phone", "sensitive", 32)]
Email = Annotated[str, _names("email", "sensitive", 254)]
Payee = Annotated[str, _names("payee")]
MessageId = Annotated[str, _names("message")]
ContentId = Annotated[str, _names("content")]
Game = Annotated[str, _names("game")]
Text = Annotated[str, _says("personal", MAX_TEXT_CHARS)]
Word = Annotated[str, _says("internal", 64)]
UserAgent = Annotated[str, _says("personal", 512)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
AmountMinor = Annotated[int, Meta(ge=0, le=2**53, description="minor units of the currency (fen, cents)")]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", extra={"privacy": "internal"})]
Url = Annotated[str, _says("personal", 2_048)]
PaymentId = Annotated[str, _names("payment")]
AgeBand = Annotated[
    Literal["under_12", "12_to_15", "16_to_17", "adult"], Meta(extra={"privacy": "sensitive"})
]
"""How old the platform knows a member to be; nobody is guessed to be a minor."""


class Data(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The `data` of an event; unknown fields are ignored, so platforms can send more than we read."""


class MessageSent(Data, frozen=True):
    """A member sent a message to another member or to a group."""

    sender: Account
    text: Text = ""
    message_id: MessageId | None = None
    recipient: Account | None = None
    group: Group | None = None
    device: Device | None = None
    ip: Ip | None = None
    session: Session | None = None
    reply_to: MessageId | None = None
    media_count: Count = 0


class AccountLogin(Data, frozen=True):
    """Somebody gave a password, or another proof, for an account.

    The platform sends it after looking at the proof and before letting anybody in, and says the same to the visitor
    whether the proof was right or wrong when the verdict is not `allow`: whoever guesses learns nothing then.

    Attributes:
        device: a secret of the device that the platform gave it at an earlier sign-in, not a fingerprint: whoever
            knows it counts as that device.
        session: the session that begins if they are let in.
        password_is_breached, password_is_weak: what the platform knows of the password that was given.
        is_automated: whether the platform's own checks took the visitor for a machine.
    """

    account: Account
    result: Literal["success", "failure"]
    ip: Ip | None = None
    device: Device | None = None
    method: Word | None = None
    failure_reason: Word | None = None
    session: Session | None = None
    user_agent: UserAgent | None = None
    password_is_breached: bool | None = None
    password_is_weak: bool | None = None
    is_automated: bool | None = None


class DeviceDisowned(Data, frozen=True):
    """A device turned out not to be the account's own; Anlan says so itself when it contains a theft."""

    account: Account
    device: Device
    containment: Word | None = None


class DeviceOwned(Data, frozen=True):
    """A device that was disowned is the account's own after all: the alarm was false."""

    account: Account
    device: Device
    containment: Word | None = None


class PasswordChanged(Data, frozen=True):
    """An account got another password; `reset` is by a code or link, `recovery` by staff or a recovery claim."""

    account: Account
    way: Literal["change", "reset", "recovery"]
    session: Session | None = None
    device: Device | None = None
    ip: Ip | None = None
    password_is_breached: bool | None = None
    password_is_weak: bool | None = None


class BindingChanged(Data, frozen=True):
    """What an account hangs on changed: its phone, mail address, second factor, payee, identity or another account.

    Attributes:
        phone, email: the new one, where one was added or replaced.
        former_phone, former_email: what was there before.
    """

    account: Account
    binding: Literal["phone", "email", "factor", "payee", "identity", "account"]
    change: Literal["added", "removed", "replaced"]
    phone: Phone | None = None
    email: Email | None = None
    former_phone: Phone | None = None
    former_email: Email | None = None
    session: Session | None = None
    device: Device | None = None
    ip: Ip | None = None


class VerificationCompleted(Data, frozen=True):
    """Somebody was asked to prove that an account is theirs, and did or did not.

    Attributes:
        method: `totp`, `passkey`, `recovery_code`, `email_code`, `sms_code`, `proof_of_work`, `captcha`, ...
        purpose: what it was for: `sign_in`, or the act that asked for it.
        challenge: Anlan's name for it, where Anlan led it.
    """

    account: Account
    result: Literal["passed", "failed"]
    method: Word
    purpose: Word = "sign_in"
    challenge: Word | None = None
    session: Session | None = None
    device: Device | None = None
    ip: Ip | None = None


class SessionChanged(Data, frozen=True):
    """A session was used again after a pause, or ended; `others_ended` is when its holder threw out all others."""

    account: Account
    change: Literal["refreshed", "ended", "others_ended"]
    session: Session
    device: Device | None = None
    ip: Ip | None = None
    user_agent: UserAgent | None = None


class AccountRegistered(Data, frozen=True):
    """A new account was made."""

    account: Account
    ip: Ip | None = None
    user_agent: UserAgent | None = None
    device: Device | None = None
    phone: Phone | None = None
    email: Email | None = None
    nickname: Text | None = None
    invited_by: Account | None = None
    age_band: AgeBand | None = None


class ProfileUpdated(Data, frozen=True):
    """An account's public face or standing changed; only the fields that changed are sent."""

    account: Account
    nickname: Text | None = None
    bio: Text | None = None
    verified: bool | None = None
    age_band: AgeBand | None = None
    device: Device | None = None
    ip: Ip | None = None
    session: Session | None = None


class FriendshipChanged(Data, frozen=True):
    """A tie between two accounts was asked for, made or ended."""

    account: Account
    other: Account
    change: Literal["requested", "added", "removed", "declined"]
    text: Text = ""
    device: Device | None = None
    ip: Ip | None = None
    session: Session | None = None


class GroupChanged(Data, frozen=True):
    """A group was made, closed or given to a new owner, or somebody joined, left or changed role in it."""

    group: Group
    account: Account
    change: Literal["created", "joined", "left", "removed", "promoted", "demoted", "transferred", "closed"]
    new_owner: Account | None = None
    group_name: Text | None = None
    invited_by: Account | None = None
    member_count: Count | None = None
    device: Device | None = None
    ip: Ip | None = None
    session: Session | None = None


class PaymentInitiated(Data, frozen=True):
    """A member is about to send money; the platform waits for the verdict.

    Attributes:
        payment_id: by which the platform and Anlan speak of it afterwards: a pause, a release, what became of it.
    """

    payer: Account
    payee: Payee
    amount_minor: AmountMinor
    currency: Currency = "CNY"
    note: Text = ""
    payee_account: Account | None = None
    payment_id: PaymentId | None = None
    device: Device | None = None
    ip: Ip | None = None
    session: Session | None = None


class PaymentSettled(Data, frozen=True):
    """What became of a payment that was about to be made; `cancelled` by its payer, `refused` by the platform."""

    payer: Account
    payment_id: PaymentId
    outcome: Literal["paid", "cancelled", "refused"]
    payee: Payee | None = None
    amount_minor: AmountMinor | None = None
    currency: Currency = "CNY"


class PaymentThoughtOver(Data, frozen=True):
    """The payer of a payment that was paused has decided; Anlan says so itself.

    Attributes:
        answer: `released`, and the payment may be tried again; `stopped`, and it should not be made.
    """

    payer: Account
    payee: Payee
    amount_minor: AmountMinor
    answer: Literal["released", "stopped"]
    currency: Currency = "CNY"
    payment_id: PaymentId | None = None


class LinkOpened(Data, frozen=True):
    """A member opens a link that somebody sent them; the platform may wait for the verdict.

    Attributes:
        url: as it was written.
        sender, message_id: who sent it and where.
        way: how they came to it.
    """

    account: Account
    url: Url
    way: Literal["message", "group", "qr_code", "page"] = "message"
    sender: Account | None = None
    group: Group | None = None
    message_id: MessageId | None = None
    device: Device | None = None
    ip: Ip | None = None
    session: Session | None = None


class ScreenShared(Data, frozen=True):
    """A member is about to share their screen, or to let somebody steer their device.

    Attributes:
        viewer: who sees it, where that is a member.
        app: what it is shared with, where that is another program.
    """

    account: Account
    viewer: Account | None = None
    app: Word | None = None
    device: Device | None = None
    ip: Ip | None = None
    session: Session | None = None


class CodeRequested(Data, frozen=True):
    """A code is on its way to a member, or a code of theirs is about to be scanned.

    Attributes:
        purpose: what the code is good for; `qr_sign_in` lets another device in, `binding` ties one to the account.
        during_call_with: whom they speak with at that moment.
    """

    account: Account
    purpose: Literal["sign_in", "qr_sign_in", "binding", "payment", "password_reset", "other"]
    during_call_with: Account | None = None
    device: Device | None = None
    ip: Ip | None = None
    session: Session | None = None


class PlaySession(Data, frozen=True):
    """A member started or ended playing a game."""

    account: Account
    game: Game
    phase: Literal["started", "heartbeat", "ended"]
    minutes: Annotated[float, Meta(ge=0, le=10_080, description="minutes played so far in this session")] = 0.0
    spent_minor: AmountMinor = 0
    device: Device | None = None
    ip: Ip | None = None


class ReportFiled(Data, frozen=True):
    """A member reported another member, a message or a group."""

    reporter: Account
    category: Word
    reported: Account | None = None
    group: Group | None = None
    message_id: MessageId | None = None
    text: Text = ""
    ip: Ip | None = None
    device: Device | None = None


class ReportUpheld(Data, frozen=True):
    """People found that reports of an account were right; Anlan says so itself, and nothing of who reported.

    Attributes:
        category: of the harm, as those who judged call it.
        case: in which they found that.
    """

    account: Account
    category: Word
    case: Word | None = None


class ReportOverturned(Data, frozen=True):
    """What people found to be right turned out wrong on appeal; Anlan says so itself.

    Attributes:
        case: in which it had been found right.
    """

    account: Account
    case: Word


class ContentPublished(Data, frozen=True):
    """A member published something for many: a post, a video, a comment."""

    author: Account
    content_id: ContentId
    title: Text = ""
    text: Text = ""
    group: Group | None = None
    media_count: Count = 0
    device: Device | None = None
    ip: Ip | None = None
