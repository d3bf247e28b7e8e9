"""What the platform is sent about a contained account: steps to take or take back, and words to pass on."""

from typing import Any

import msgspec


class StepOrdered(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an order.

    Attributes:
        act: `do` or `undo`.
        kind: one of `domain.containment.STEP_KINDS`.
        details: what it is about (`session`, `device`, `kept_devices`, `feature`, `event`, `message`, `group`, ...).
            Phones and mail addresses are left out: `GET /v1/containments/{containment}` has them.
        title: by language (`zh`, `en`).
    """

    id: str
    act: str
    kind: str
    details: dict[str, Any]
    title: dict[str, str]


class ContainmentOrdered(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `containment.order`: what to do about an account that a thief is or was in.

    Messages may arrive twice and out of order. Of all orders about one step, that with the highest `revision` holds;
    answer with `POST /v1/containments/{containment}:confirm` or `:refuse`, the revision and the ids of the steps. Steps
    without an answer come again under a higher revision.

    Attributes:
        account: `account:<id>`.
        state: `standing`, `lifted` (the owner is back) or `false_alarm`.
        ground: who said that there is a thief: `owner`, `staff`, `policy`, `platform` or `partner`.
        part, parts: a long order comes in several messages.
    """

    containment: str
    revision: int
    account: str
    state: str
    ground: str
    part: int
    parts: int
    steps: tuple[StepOrdered, ...]


class ContactWarned(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `contact.warning`: tell a contact that messages of an account may not be its owner's, or are after all.

    Attributes:
        account, contact: `account:<id>`; show `words` in their conversation, to the contact only.
        is_withdrawn: it takes the earlier warning back.
        words: by language (`zh`, `en`).
    """

    containment: str
    account: str
    contact: str
    is_withdrawn: bool
    words: dict[str, str]


class OwnerTold(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `owner.notice`: reach the owner by every channel that you know, those included that just changed.

    Attributes:
        account: `account:<id>`.
        about: `opened`, `lifted` or `false_alarm`.
        former_channels_of: ids of the events by which the thief changed a phone or mail address; tell the former ones.
        path: the member's page that says more, for a link by `POST /v1/members:link`.
        words: by language (`zh`, `en`).
    """

    containment: str
    account: str
    about: str
    former_channels_of: tuple[str, ...]
    path: str
    words: dict[str, str]
