"""What the platform is sent about payments that wait for a second thought: words to show, and what was decided."""

import msgspec

from anlan.domain.scenarios import Words


class ReasonOffered(msgspec.Struct, frozen=True, kw_only=True):
    """One reason that a payer can give for going on."""

    code: str
    title: Words


class TransferPaused(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `transfer.paused`: a payment waits; show its payer why and let them decide.

    The page at `path` does all of it (a link by `POST /v1/members:link`); `POST /v1/transfers/{transfer}:release` and
    `:stop` do it in a dialogue of yours.

    Attributes:
        account: `account:<id>` of the payer.
        event, payment_id: the event that was held, and your name for the payment.
        amount_minor: in minor units of `currency`.
        until: when the cool-down ends, seconds since the epoch; the payer can go on before with a longer reason.
        scenario: id in the scenario base.
        title, words, question: what it may be, what to say, and what to ask; "no" speaks against the payment.
    """

    transfer: str
    account: str
    event: str
    payment_id: str | None
    amount_minor: int
    currency: str
    until: float
    strength: str
    scenario: str
    title: Words
    words: Words
    question: Words
    reasons: tuple[ReasonOffered, ...]
    path: str


class TransferReleased(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `transfer.released`: the payer goes on. Send `payment.initiated` again, as a new event.

    With the same `payment_id`, payee and an amount that is no larger it is not paused again by what paused it.

    Attributes:
        by: the payer, `key:<id>` on their behalf, or `policy:<id>` whose closer look saw no risk.
        good_until: a payment that is tried later is looked at anew; seconds since the epoch.
    """

    transfer: str
    account: str
    event: str
    payment_id: str | None
    by: str
    good_until: float


class TransferStopped(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `transfer.stopped` and of `transfer.lapsed`: do not make the payment, and tell its payer so.

    It was stopped by its payer, or nobody decided on it in time. No money has moved; nothing is held.
    """

    transfer: str
    account: str
    event: str
    payment_id: str | None


class TransferCooledDown(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `transfer.cooled_down`: the cool-down is over; ask the payer again what they want.

    Attributes:
        lapses_at: when the payment is over if nobody decides, seconds since the epoch.
    """

    transfer: str
    account: str
    event: str
    payment_id: str | None
    lapses_at: float
    path: str


class TransferHelpAsked(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `transfer.help_asked`: somebody asks a member of their circle about a payment; tell that member.

    Attributes:
        account: `account:<id>` of the one who is asked.
        asks: `account:<id>` of the payer.
        title: what it may be, by language.
        path: the page where they answer, for a link by `POST /v1/members:link`.
    """

    transfer: str
    account: str
    asks: str
    title: Words
    path: str


class TransferHelpAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `transfer.help_answered`: one of the circle has said something; tell the payer.

    Attributes:
        account: `account:<id>` of the payer.
        guardian: `account:<id>` of who answered.
        answer: `vouched`, `advised_against` or `paused`.
        held_until: of `paused`: until when at most; seconds since the epoch.
    """

    transfer: str
    account: str
    guardian: str
    answer: str
    path: str
    held_until: float | None = None
